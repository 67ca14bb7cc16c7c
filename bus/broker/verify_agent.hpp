// SPDX-License-Identifier: Apache-2.0
// VerifyAgent: checks batches without the broker's state. There are several; each has its own
// thread.
#pragma once

#include "bus/broker/counters.hpp"
#include "bus/broker/exchange.hpp"

namespace lienthong::broker {

class VerifyAgent {
  public:
    VerifyAgent(WorkQueue& in, WorkQueue& out, Counters& counters)
        : in_(in), out_(out), counters_(counters) {}

    int do_work();

  private:
    WorkQueue& in_;
    WorkQueue& out_;
    Counters& counters_;
};

}  // namespace lienthong::broker
