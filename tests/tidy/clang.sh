#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy-19 with .clang-tidy over the product's sources and headers.
#   tests/tidy/clang.sh                 all of them (about an hour of one core); docs/contributing.md
#   tests/tidy/clang.sh FILE.cpp …      some of them
# Prints each finding; exit 1 if there is one. Needs the packages of `tests/install build lint`.
set -euo pipefail
cd "$(dirname "$0")/../.."
tests/install build lint
cmake --preset lint >/dev/null
# Headers that the build generates must be there before anything is read.
cmake --build build/lint -j "$(nproc)" --target lt_schemas_generated >/dev/null
files=("$@")
if [ ${#files[@]} -eq 0 ]; then
    mapfile -t files < <(git ls-files 'bus/*.cpp' 'security/*.cpp' 'adapters/*.cpp' 'examples/*.cpp')
fi
found=$(mktemp)
trap 'rm -f "$found"' EXIT
echo "clang-tidy over ${#files[@]} files" >&2
failed=0
printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy-19 -p build/lint --quiet >"$found" 2>/dev/null || failed=1
sed "s|$PWD/||" "$found" | grep -E ': (error|warning): ' | sort -u || true
[ "$failed" -eq 0 ] && echo "clang-tidy: ${#files[@]} files, no findings"
exit "$failed"
