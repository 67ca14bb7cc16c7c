#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every C++ file as .clang-format wants it. With --fix it writes instead of complaining.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=(--dry-run -Werror)
[ "${1:-}" = --fix ] && mode=(-i)
git ls-files -z '*.cpp' '*.hpp' | xargs -0 clang-format-19 "${mode[@]}"
