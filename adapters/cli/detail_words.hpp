// SPDX-License-Identifier: Apache-2.0
// Detail words: the Vietnamese of each detail that people meet, as one table. Modules say theirs in
// English; `tests/tidy/details.py` finds those that the table lacks.
#pragma once

#include <span>
#include <string_view>

namespace lienthong::cli {

struct DetailWords {
    std::string_view en;
    std::string_view vi;
};
std::span<const DetailWords> detail_words();

}  // namespace lienthong::cli
