// SPDX-License-Identifier: Apache-2.0
#include "bus/wire/command.hpp"

#include <algorithm>

#include "bus/base/text.hpp"
#include "bus/wire/command_text.hpp"

namespace lienthong::wire {
namespace {

// C0 and DEL. (C1 controls are two bytes, C2 80 to C2 9F; is_one_line() looks for those too.)
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool has_c1_control(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const auto second = static_cast<unsigned char>(text[i + 1]);
        if (text[i] == '\xc2' && second >= 0x80 && second <= 0x9f) return true;
    }
    return false;
}

bool is_utf8(std::string_view text) { return to_nfc(text).has_value(); }

}  // namespace

bool is_one_line(std::string_view text) {
    return std::ranges::none_of(text, is_control) && !has_c1_control(text) && is_utf8(text);
}

std::string fit_text(std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
        // A byte 10xxxxxx continues a character of UTF-8: step back to the first byte of one.
        std::size_t size = bytes_max;
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
        text = text.substr(0, size);
    }
    std::string fitted(text);
    std::ranges::replace_if(fitted, is_control, ' ');
    return is_one_line(fitted) ? fitted : std::string();
}

Failure to_failure(const Error& error) {
    return {error.code,
            fit_text(error.detail, kDetailBytesMax),
            fit_text(error.where, kDetailBytesMax),
            fit_text(error.grant_missing, kGrantBytesMax),
            0,
            {},
            {}};
}

Error to_error(const Failure& failure) {
    return {failure.code, failure.detail, failure.where, failure.grant_missing};
}

}  // namespace lienthong::wire
