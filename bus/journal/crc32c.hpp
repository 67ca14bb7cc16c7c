// SPDX-License-Identifier: Apache-2.0
// CRC32C (Castagnoli, RFC 3720 appendix B.4): finds bytes that a disk changed. No protection
// against an attacker: that is what the trees and signatures above the journal are for.
#pragma once

#include <cstdint>

#include "bus/base/bytes.hpp"

namespace lienthong::journal {

// The checksum of `bytes`, or of what came before followed by `bytes` if `before` is its checksum.
std::uint32_t crc32c(BytesView bytes, std::uint32_t before = 0);

// The same without the processor's instruction; the reference in tests.
std::uint32_t crc32c_portable(BytesView bytes, std::uint32_t before = 0);

}  // namespace lienthong::journal
