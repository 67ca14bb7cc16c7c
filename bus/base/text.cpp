// SPDX-License-Identifier: Apache-2.0
#include "bus/base/text.hpp"

#include <utf8proc.h>

#include <charconv>
#include <cstdlib>
#include <memory>

namespace lienthong {

namespace {

Result<std::string> mapped(std::string_view utf8, int options) {
    utf8proc_uint8_t* bytes = nullptr;
    const utf8proc_ssize_t size =
        utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()),
                     static_cast<utf8proc_ssize_t>(utf8.size()),
                     &bytes,
                     static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(bytes, &std::free);
    if (size < 0) return fail(Code::malformed_input, utf8proc_errmsg(size));
    return std::string(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

}  // namespace

Result<std::string> to_nfc(std::string_view utf8) {
    return mapped(utf8, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

Result<std::string> to_folded(std::string_view utf8) {
    return mapped(utf8, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

Result<std::string> without_diacritics(std::string_view utf8) {
    auto bare =
        mapped(utf8, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);
    if (!bare) return bare;
    // A letter of its own in Unicode: its stroke is no mark that could be taken off.
    constexpr std::string_view kStroke = "đ";
    for (std::size_t at = bare->find(kStroke); at != std::string::npos;
         at = bare->find(kStroke, at)) {
        bare->replace(at, kStroke.size(), "d");
    }
    return bare;
}

Result<std::int64_t> parse_vietnamese_count(std::string_view text) {
    const auto bad = [] {
        return fail(Code::malformed_input, "not a whole number (as 17121 or 17.121)");
    };
    std::string digits;
    std::size_t since_separator = 0;
    bool grouped = false;
    for (const char c : text) {
        if (c >= '0' && c <= '9') {
            digits.push_back(c);
            ++since_separator;
            if (grouped && since_separator > 3) return bad();
        } else if ((c == '.' || c == ' ') && !digits.empty()) {
            if (grouped ? since_separator != 3 : since_separator > 3) return bad();
            grouped = true;
            since_separator = 0;
        } else {
            return bad();
        }
    }
    if (digits.empty() || (grouped && since_separator != 3)) return bad();
    std::int64_t value = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (parsed.ec != std::errc{}) return bad();
    return value;
}

}  // namespace lienthong
