// SPDX-License-Identifier: Apache-2.0
// Bytes: owned and borrowed octets, digests, hexadecimal text, and fixed big-endian encodings.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/error.hpp"

namespace lienthong {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

inline constexpr std::size_t kHashBytes = 32;

// A SHA-256 value, or 32 random bytes that stand in the place of one.
struct Hash {
    std::array<std::uint8_t, kHashBytes> bytes{};

    auto operator<=>(const Hash&) const = default;
    BytesView view() const { return bytes; }
    bool is_zero() const { return *this == Hash{}; }
};

// Copies exactly 32 bytes; anything else is malformed_frame.
Result<Hash> to_hash(BytesView bytes);

inline BytesView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(BytesView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(BytesView view) { return {view.begin(), view.end()}; }

bool equal(BytesView left, BytesView right);
// Takes time that depends on the lengths alone; for anything secret.
bool equal_in_constant_time(BytesView left, BytesView right);

std::string to_hex(BytesView bytes);
Result<Bytes> from_hex(std::string_view text);
Result<Hash> hash_from_hex(std::string_view text);

// Appends fixed-width big-endian integers and length-prefixed bytes: the encoding of everything
// that is hashed or signed. Keys written so sort as their numbers do.
class ByteWriter {
  public:
    ByteWriter& u8(std::uint8_t value);
    ByteWriter& u16(std::uint16_t value);
    ByteWriter& u32(std::uint32_t value);
    ByteWriter& u64(std::uint64_t value);
    ByteWriter& i64(std::int64_t value);
    ByteWriter& raw(BytesView bytes);
    ByteWriter& hash(const Hash& hash);
    ByteWriter& prefixed(BytesView bytes);  // u32 length, then the bytes
    ByteWriter& prefixed(std::string_view text) { return prefixed(as_bytes(text)); }

    const Bytes& bytes() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }

  private:
    Bytes bytes_;
};

// Reads what ByteWriter wrote. After any short read `ok()` is false and every value is zero.
class ByteReader {
  public:
    explicit ByteReader(BytesView bytes) : rest_(bytes) {}

    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    std::uint64_t u64();
    std::int64_t i64();
    Hash hash();
    BytesView raw(std::size_t size);
    BytesView prefixed();
    std::string text() { return std::string(as_text(prefixed())); }

    bool ok() const { return ok_; }
    bool done() const { return ok_ && rest_.empty(); }
    BytesView rest() const { return rest_; }

  private:
    BytesView rest_;
    bool ok_ = true;
};

}  // namespace lienthong
