// SPDX-License-Identifier: Apache-2.0
// Metrics: the agents' counters in the Prometheus text format, on loopback: /metrics, and /health
// with what a supervisor asks. Names and labels hold codes and counts only.
#pragma once

#include <memory>

#include "bus/base/error.hpp"
#include "bus/broker/counters.hpp"

namespace lienthong::broker {

class Metrics {
  public:
    // Port 0 lets the system choose.
    static Result<std::unique_ptr<Metrics>> start(std::uint16_t port, const Counters& counters);
    ~Metrics();
    std::uint16_t port() const;

  private:
    struct Impl;
    explicit Metrics(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lienthong::broker
