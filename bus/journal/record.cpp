// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/record.hpp"

#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/journal/crc32c.hpp"

namespace lienthong::journal {
namespace {

void write_u32(std::uint32_t value, std::uint8_t* out) {
    for (unsigned i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

std::array<std::uint8_t, 4> checksum(std::uint32_t space, BytesView key, BytesView value) {
    std::array<std::uint8_t, 8> prefix{};
    write_u32(space, prefix.data());
    write_u32(static_cast<std::uint32_t>(key.size()), prefix.data() + 4);
    std::array<std::uint8_t, 4> sum{};
    write_u32(crc32c(value, crc32c(key, crc32c(prefix))), sum.data());
    return sum;
}

}  // namespace

void write_record(std::uint32_t space,
                  BytesView key,
                  BytesView value,
                  std::span<std::uint8_t> out) {
    CHECK(out.size() == value.size() + kChecksumBytes);
    const auto sum = checksum(space, key, value);
    std::ranges::copy(value, out.begin());
    std::ranges::copy(sum, out.end() - kChecksumBytes);
}

Result<BytesView> read_record(std::uint32_t space,
                              BytesView key,
                              BytesView record,
                              std::string_view where) {
    if (record.size() < kChecksumBytes) {
        return fail(Code::bad_checksum, "a record without its checksum", std::string(where));
    }
    const BytesView value = record.first(record.size() - kChecksumBytes);
    if (!std::ranges::equal(checksum(space, key, value), record.last(kChecksumBytes))) {
        return fail(Code::bad_checksum, "a record differs from its checksum", std::string(where));
    }
    return value;
}

std::array<std::uint8_t, 8> log_key(Position position) {
    std::array<std::uint8_t, 8> key{};
    for (unsigned i = 0; i < 8; ++i) key[i] = static_cast<std::uint8_t>(position >> (56 - 8 * i));
    return key;
}

}  // namespace lienthong::journal
