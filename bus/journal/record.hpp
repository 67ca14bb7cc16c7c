// SPDX-License-Identifier: Apache-2.0
// A stored record: value ‖ CRC32C, big-endian, over {u32 space, u32 key length, key, value}. The
// space and the key are part of it, so a value that a fault moved under another key is found too.
#pragma once

#include <cstdint>
#include <span>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::journal {

inline constexpr std::size_t kChecksumBytes = 4;

// Tables have their own index as space.
inline constexpr std::uint32_t kLogSpace = 0xFFFFFFFF;
inline constexpr std::uint32_t kMetaSpace = 0xFFFFFFFE;

// Writes the record of `value` to `out`, which has value.size() + kChecksumBytes bytes.
void write_record(std::uint32_t space, BytesView key, BytesView value, std::span<std::uint8_t> out);

// The value, a view into `record`; bad_checksum, with `where` as given.
Result<BytesView> read_record(std::uint32_t space,
                              BytesView key,
                              BytesView record,
                              std::string_view where);

// Keys of the log: the position, big-endian, so that they ascend as the log does.
std::array<std::uint8_t, 8> log_key(Position position);

}  // namespace lienthong::journal
