// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/verify_agent.hpp"

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::broker {

int VerifyAgent::do_work() {
    auto work = in_.maybe_pop();
    if (!work) return 0;
    const auto* raw = std::get_if<RawBatch>(&work->what);
    CHECK(raw != nullptr);
    FAILPOINT(broker_verify, before);
    auto verified = core::verify_batch(raw->frame,
                                       work->session,
                                       raw->command.stream,
                                       raw->command.first,
                                       raw->command.count,
                                       *raw->registry,
                                       raw->at,
                                       raw->position);
    FAILPOINT(broker_verify, after);
    const bool proven = verified && !verified->unproven;
    (proven ? counters_.batches_verified : counters_.batches_refused).fetch_add(1);
    if (!verified) counters_.refuse(verified.error().code);
    work->asked = {raw->command, keys::sha256(raw->frame)};
    work->what = std::move(verified);
    // The committer's queue is as large as the number of requests inside the broker can be.
    CHECK(out_.try_push(std::move(*work)));
    return 1;
}

}  // namespace lienthong::broker
