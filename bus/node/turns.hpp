// SPDX-License-Identifier: Apache-2.0
// Turns: what in the outbox has to wait by itself lets the rest pass, but never a later message of
// the same case. Nothing of it is stored: after a restart everything is tried again. Bounded by the
// rows of the outbox.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "bus/base/clock.hpp"
#include "bus/base/error.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::node {

class Turns {
  public:
    using Time = Clock::Monotonic;

    // A batch waits until then, for this reason; none: it only lets one other go first.
    void put_aside(const MessageId& first,
                   std::set<CaseId> cases,
                   Time until,
                   std::optional<Code> why);
    void put_aside(std::uint64_t ordinal, Time until);  // a draft
    // Whatever only let another one go first need not any more; true: something did.
    bool end_courtesy();

    bool may_go(const MessageId& first, Time now) const;
    bool may_go(std::uint64_t ordinal, Time now) const;
    void forget(const MessageId& first);
    void forget(std::uint64_t ordinal);

    bool empty() const { return batches_.empty() && drafts_.empty(); }
    // A batch that waits has a message of the case.
    bool holds(const CaseId& case_id) const;
    // A batch that waits has numbers of the stream: later ones would leave a gap.
    bool holds(std::uint64_t stream) const;
    // Why the batch of this message waits.
    std::optional<Code> maybe_why(const MessageId& message) const;

  private:
    struct Batch {
        std::set<CaseId> cases;
        Time until;
        std::optional<Code> why;
    };
    std::map<MessageId, Batch> batches_;
    std::map<std::uint64_t, Time> drafts_;
};

}  // namespace lienthong::node
