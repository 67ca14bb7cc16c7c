// SPDX-License-Identifier: Apache-2.0
// Collation: the order of Vietnamese words, and whether a text that somebody typed means a name.
// For what people see and look for; what is signed, stored and compared by programs is never
// ordered by it, as the order comes with the installed ICU.
#pragma once

#include <string_view>

namespace lienthong {

// True if the first stands before the second in Vietnamese: a, ă, â, b, …, d, đ, e, ê; the same
// letters with their tones in order, in either normal form, and capitals make no difference but
// between texts that are otherwise the same. Texts that are not UTF-8 have some fixed place.
bool stands_before(std::string_view first, std::string_view second);

// How a typed text stands to a name: in any normal form and case.
enum class Match {
    none,
    bare,  // the text has no diacritic at all, and is the name without its own ("xa yen my")
    full,  // the same letters with the same marks
};
Match match_of(std::string_view typed, std::string_view name);

}  // namespace lienthong
