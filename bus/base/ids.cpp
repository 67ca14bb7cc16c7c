// SPDX-License-Identifier: Apache-2.0
#include "bus/base/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace lienthong {

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Result<CaseId> CaseId::parse(std::string_view text) {
    auto bytes = from_hex(text);
    if (!bytes || bytes->size() != 16) {
        return fail(Code::bad_argument, "a case id has 32 hexadecimal digits", "case");
    }
    CaseId id;
    std::ranges::copy(*bytes, id.bytes.begin());
    return id;
}

std::string MessageId::text() const { return fmt::format("{:016x}-{}", stream, sequence); }

Result<MessageId> MessageId::parse(std::string_view text) {
    const auto bad = [] {
        return fail(Code::bad_argument,
                    "a message id is 16 hexadecimal digits, a hyphen and a number",
                    "message");
    };
    if (text.size() < 18 || text[16] != '-') return bad();
    MessageId id;
    const char* end = text.data() + text.size();
    const auto stream = std::from_chars(text.data(), text.data() + 16, id.stream, 16);
    const auto sequence = std::from_chars(text.data() + 17, end, id.sequence, 10);
    if (stream.ec != std::errc{} || stream.ptr != text.data() + 16) return bad();
    if (sequence.ec != std::errc{} || sequence.ptr != end || id.sequence == 0) return bad();
    return id;
}

}  // namespace lienthong
