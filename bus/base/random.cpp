// SPDX-License-Identifier: Apache-2.0
#include "bus/base/random.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "bus/base/check.hpp"

namespace lienthong {

Hash Random::hash() {
    Hash hash;
    fill(hash.bytes);
    return hash;
}

CaseId Random::case_id() {
    CaseId id;
    fill(id.bytes);
    return id;
}

std::uint64_t Random::u64() {
    std::array<std::uint8_t, 8> bytes{};
    std::uint64_t value = 0;
    while (value == 0) {
        fill(bytes);
        std::memcpy(&value, bytes.data(), sizeof value);
    }
    return value;
}

void SystemRandom::fill(std::span<std::uint8_t> out) {
    while (!out.empty()) {
        const ssize_t got = getrandom(out.data(), out.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        CHECK(got > 0);
        out = out.subspan(static_cast<std::size_t>(got));
    }
}

std::uint64_t SeededRandom::next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
    for (std::size_t i = 0; i < out.size(); i += 8) {
        const std::uint64_t value = next();
        std::memcpy(out.data() + i, &value, std::min<std::size_t>(8, out.size() - i));
    }
}

}  // namespace lienthong
