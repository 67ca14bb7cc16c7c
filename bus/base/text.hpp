// SPDX-License-Identifier: Apache-2.0
// Text of people: Unicode normal form C, and numbers as Vietnamese reports write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bus/base/error.hpp"

namespace lienthong {

// NFC; malformed_input if the bytes are not UTF-8.
Result<std::string> to_nfc(std::string_view utf8);

// NFC without difference of case, to compare what people write: "Băng Zôn" and "BĂNG ZÔN" are the
// same. malformed_input if the bytes are not UTF-8.
Result<std::string> to_folded(std::string_view utf8);

// As to_folded, and without the marks of letters: "Đồn Biên phòng" is "don bien phong". To look for
// what is there, never to compare two names: "Mỹ" and "My" are two. malformed_input as above.
Result<std::string> without_diacritics(std::string_view utf8);

// "17.121" and "17 121" and "17121" are 17,121; "02" is 2. A point or blank separates groups of
// exactly three digits; anything else (a decimal comma, a sign, a unit) is malformed_input.
Result<std::int64_t> parse_vietnamese_count(std::string_view text);

}  // namespace lienthong
