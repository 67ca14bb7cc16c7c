// SPDX-License-Identifier: Apache-2.0
#include "bus/base/base64.hpp"

namespace lienthong {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(BytesView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t left = bytes.size() - i;
        const std::uint32_t group = std::uint32_t{bytes[i]} << 16 |
                                    (left > 1 ? std::uint32_t{bytes[i + 1]} << 8 : 0u) |
                                    (left > 2 ? std::uint32_t{bytes[i + 2]} : 0u);
        text.push_back(kAlphabet[group >> 18]);
        text.push_back(kAlphabet[group >> 12 & 63]);
        text.push_back(left > 1 ? kAlphabet[group >> 6 & 63] : '=');
        text.push_back(left > 2 ? kAlphabet[group & 63] : '=');
    }
    return text;
}

Result<Bytes> from_base64(std::string_view text) {
    const auto bad = [] { return fail(Code::malformed_input, "not canonical base64"); };
    if (text.size() % 4 != 0) return bad();
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') {
        ++padding;
    }
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < text.size() - padding; ++i) {
        const auto digit = kAlphabet.find(text[i]);
        if (digit == std::string_view::npos) return bad();
        group = group << 6 | static_cast<std::uint32_t>(digit);
        if (i % 4 == 3) {
            bytes.push_back(static_cast<std::uint8_t>(group >> 16));
            bytes.push_back(static_cast<std::uint8_t>(group >> 8));
            bytes.push_back(static_cast<std::uint8_t>(group));
            group = 0;
        }
    }
    // The bits that padding leaves over must be zero: else two texts would mean one value.
    if (padding == 1) {
        if ((group & 3) != 0) return bad();
        bytes.push_back(static_cast<std::uint8_t>(group >> 10));
        bytes.push_back(static_cast<std::uint8_t>(group >> 2));
    } else if (padding == 2) {
        if ((group & 15) != 0) return bad();
        bytes.push_back(static_cast<std::uint8_t>(group >> 4));
    }
    return bytes;
}

}  // namespace lienthong
