// SPDX-License-Identifier: Apache-2.0
// Random: the only source of randomness. Passed in, so that the simulator repeats a run exactly.
#pragma once

#include <cstdint>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"

namespace lienthong {

class Random {
  public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;

    Hash hash();
    CaseId case_id();
    std::uint64_t u64();  // never 0
};

// The kernel's generator (getrandom).
class SystemRandom final : public Random {
  public:
    void fill(std::span<std::uint8_t> out) override;
};

// splitmix64 from a seed: for tests and the simulator only, never for keys of a real bus.
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::uint8_t> out) override;
    std::uint64_t next();

  private:
    std::uint64_t state_;
};

}  // namespace lienthong
