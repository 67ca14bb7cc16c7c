// SPDX-License-Identifier: Apache-2.0
#include "bus/base/bytes.hpp"

#include <algorithm>

namespace lienthong {
namespace {

template <class T>
void put_big_endian(Bytes& out, T value) {
    for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::uint8_t>(value >> shift));
    }
}

template <class T>
T get_big_endian(BytesView bytes) {
    T value = 0;
    for (const std::uint8_t byte : bytes)
        value = static_cast<T>((std::uint64_t{value} << 8) | byte);
    return value;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

Result<Hash> to_hash(BytesView bytes) {
    if (bytes.size() != kHashBytes) return fail(Code::malformed_frame, "a digest has 32 bytes");
    Hash hash;
    std::ranges::copy(bytes, hash.bytes.begin());
    return hash;
}

bool equal(BytesView left, BytesView right) { return std::ranges::equal(left, right); }

bool equal_in_constant_time(BytesView left, BytesView right) {
    if (left.size() != right.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        difference |= static_cast<unsigned>(left[i] ^ right[i]);
    }
    return difference == 0;
}

std::string to_hex(BytesView bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::uint8_t byte : bytes) {
        text.push_back(kDigits[byte >> 4]);
        text.push_back(kDigits[byte & 15]);
    }
    return text;
}

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0)
        return fail(Code::malformed_input, "odd number of hexadecimal digits");
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return fail(Code::malformed_input, "not hexadecimal");
        bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return bytes;
}

Result<Hash> hash_from_hex(std::string_view text) {
    auto bytes = from_hex(text);
    if (!bytes) return std::unexpected(bytes.error());
    return to_hash(*bytes);
}

ByteWriter& ByteWriter::u8(std::uint8_t value) {
    bytes_.push_back(value);
    return *this;
}
ByteWriter& ByteWriter::u16(std::uint16_t value) {
    put_big_endian(bytes_, value);
    return *this;
}
ByteWriter& ByteWriter::u32(std::uint32_t value) {
    put_big_endian(bytes_, value);
    return *this;
}
ByteWriter& ByteWriter::u64(std::uint64_t value) {
    put_big_endian(bytes_, value);
    return *this;
}
ByteWriter& ByteWriter::i64(std::int64_t value) { return u64(static_cast<std::uint64_t>(value)); }
ByteWriter& ByteWriter::raw(BytesView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
}
ByteWriter& ByteWriter::hash(const Hash& hash) { return raw(hash.view()); }
ByteWriter& ByteWriter::prefixed(BytesView bytes) {
    return u32(static_cast<std::uint32_t>(bytes.size())).raw(bytes);
}

BytesView ByteReader::raw(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
        ok_ = false;
        return {};
    }
    const BytesView taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
}

std::uint8_t ByteReader::u8() { return get_big_endian<std::uint8_t>(raw(1)); }
std::uint16_t ByteReader::u16() { return get_big_endian<std::uint16_t>(raw(2)); }
std::uint32_t ByteReader::u32() { return get_big_endian<std::uint32_t>(raw(4)); }
std::uint64_t ByteReader::u64() { return get_big_endian<std::uint64_t>(raw(8)); }
std::int64_t ByteReader::i64() { return static_cast<std::int64_t>(u64()); }

Hash ByteReader::hash() {
    Hash hash;
    const BytesView bytes = raw(kHashBytes);
    std::ranges::copy(bytes, hash.bytes.begin());
    return hash;
}

BytesView ByteReader::prefixed() { return raw(u32()); }

}  // namespace lienthong
