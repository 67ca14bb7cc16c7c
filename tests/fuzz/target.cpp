// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "bus/base/text.hpp"

namespace lienthong::fuzz {
namespace {

constexpr std::size_t kWordBytesMin = 4;
constexpr std::size_t kNameBytesMax = 40;
constexpr std::size_t kErrorTextBytesMax = 1024;

bool is_name_like(std::string_view word) {
    return word.size() <= kNameBytesMax && std::ranges::all_of(word, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
           });
}

// The same length and kind of characters, another word.
std::string otherwise(std::string_view word) {
    std::string other(word);
    for (char& c : other) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + (c - 'a' + 13) % 26);
        if (c >= 'A' && c <= 'Z') c = static_cast<char>('A' + (c - 'A' + 13) % 26);
        if (c >= '0' && c <= '9') c = static_cast<char>('0' + (c - '0' + 5) % 10);
    }
    return other;
}

Bytes replaced(BytesView input, std::string_view word, std::string_view other) {
    Bytes bytes = to_bytes(input);
    auto at = bytes.begin();
    for (;;) {
        at = std::search(at, bytes.end(), word.begin(), word.end());
        if (at == bytes.end()) return bytes;
        at = std::copy(other.begin(), other.end(), at);
    }
}

std::string all_of(const Error& error) {
    return error.detail + ' ' + error.where + ' ' + error.grant_missing;
}

void check_form(const Error& error) {
    CHECK(maybe_code(static_cast<std::uint16_t>(error.code)).has_value());
    for (const std::string* text : {&error.detail, &error.where, &error.grant_missing}) {
        CHECK(text->size() <= kErrorTextBytesMax);
        CHECK(to_nfc(*text).has_value());
        CHECK(std::ranges::none_of(*text, [](char c) { return c >= 0 && c < ' '; }));
    }
}

// Ends the process if an error says this word because the input does.
void check_word(BytesView input,
                const std::string& said,
                std::string_view word,
                const Judge& parse,
                Said may_say) {
    if (word.size() < kWordBytesMin || as_text(input).find(word) == std::string_view::npos) return;
    const std::string other = otherwise(word);
    if (other == word || said.find(other) != std::string::npos) return;
    const auto error = parse(replaced(input, word, other));
    const bool repeated = error && all_of(*error).find(other) != std::string::npos;
    if (!repeated) return;
    CHECK(may_say == Said::names && is_name_like(word));
}

}  // namespace

std::vector<Target>& targets() {
    static std::vector<Target> all;
    return all;
}

std::optional<Error> judge(BytesView input, const Judge& parse, Said may_say) {
    const auto error = parse(input);
    if (!error) return error;
    check_form(*error);
    const std::string said = all_of(*error);
    constexpr std::string_view kBetween = " .,:;()[]/'\"=<>";
    for (std::size_t at = 0; at < said.size();) {
        const std::size_t end = std::min(said.find_first_of(kBetween, at), said.size());
        check_word(input, said, std::string_view(said).substr(at, end - at), parse, may_say);
        at = end + 1;
    }
    return error;
}

Bytes alter_flat(BytesView input, std::size_t bytes_max, Alteration& by) {
    if (input.size() < 8 || by.one_in(4)) return by.alter(input, bytes_max);
    Bytes bytes = to_bytes(input);
    const auto word = [&] { return bytes.data() + 4 * by.below(bytes.size() / 4); };
    const auto add = [](std::uint8_t* at, std::uint32_t by_much) {
        std::uint32_t value = 0;
        std::memcpy(&value, at, sizeof value);
        value += by_much;
        std::memcpy(at, &value, sizeof value);
    };
    for (std::uint64_t count = 1 + by.below(4); count > 0; --count) {
        switch (by.below(6)) {
            case 0:
                bytes[by.below(bytes.size())] ^= static_cast<std::uint8_t>(1U << by.below(8));
                break;
            case 1:
                bytes[by.below(bytes.size())] = static_cast<std::uint8_t>(by.below(256));
                break;
            case 2:
                std::memmove(word(), word(), 4);
                break;
            case 3:
                add(word(), static_cast<std::uint32_t>(by.below(9)) - 4);
                break;
            case 4: {
                constexpr std::array<std::uint32_t, 6> kEdges{
                    0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
                const std::uint32_t edge = kEdges[by.below(kEdges.size())];
                std::memcpy(word(), &edge, sizeof edge);
                break;
            }
            default: {
                // One part of another place: strings, hashes and ids that stand elsewhere.
                const std::size_t size = 1 + by.below(std::min<std::size_t>(32, bytes.size()));
                std::memmove(bytes.data() + by.below(bytes.size() - size + 1),
                             bytes.data() + by.below(bytes.size() - size + 1),
                             size);
            }
        }
    }
    return bytes;
}

std::uint8_t Choices::byte() {
    if (rest_.empty()) return 0;
    const std::uint8_t value = rest_.front();
    rest_ = rest_.subspan(1);
    return value;
}

std::uint64_t Choices::below(std::uint64_t bound) {
    std::uint64_t value = 0;
    for (std::uint64_t room = bound; room > 1; room = (room + 255) / 256) {
        value = (value << 8) | byte();
        if (room <= 256) break;
    }
    return bound == 0 ? 0 : value % bound;
}

Bytes Choices::bytes(std::size_t size_max) {
    const std::uint64_t wanted = below(size_max + 1);  // takes of what is left
    const std::size_t size = std::min<std::size_t>(wanted, rest_.size());
    Bytes taken = to_bytes(rest_.first(size));
    rest_ = rest_.subspan(size);
    return taken;
}

}  // namespace lienthong::fuzz
