// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/crc32c.hpp"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

#include <boost/crc.hpp>
#include <cstring>

namespace lienthong::journal {
namespace {

constexpr std::uint32_t kPolynomial = 0x1EDC6F41;

#if defined(__x86_64__)
// 1 KiB takes 0.1 microseconds with the instruction and 2.5 without: it is on the commit path.
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(BytesView bytes,
                                                             std::uint32_t before) {
    std::uint64_t state = ~before;
    const std::uint8_t* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        state = _mm_crc32_u64(state, word);
    }
    auto tail = static_cast<std::uint32_t>(state);
    for (; left > 0; --left, ++at) tail = _mm_crc32_u8(tail, *at);
    return ~tail;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(BytesView bytes, std::uint32_t before) {
    // Boost takes the start value unreflected, so the reflected state goes in by its bits reversed.
    std::uint32_t start = 0;
    for (unsigned bit = 0; bit < 32; ++bit) {
        if (((~before >> bit) & 1U) != 0) start |= 1U << (31 - bit);
    }
    boost::crc_optimal<32, kPolynomial, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc(start);
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

std::uint32_t crc32c(BytesView bytes, std::uint32_t before) {
    if (bytes.empty()) return before;
#if defined(__x86_64__)
    static const bool has_instruction = static_cast<int>(__builtin_cpu_supports("sse4.2")) != 0;
    if (has_instruction) return crc32c_sse42(bytes, before);
#endif
    return crc32c_portable(bytes, before);
}

}  // namespace lienthong::journal
