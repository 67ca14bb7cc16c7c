// SPDX-License-Identifier: Apache-2.0
// CommitAgent and the witnesses: co-signatures come in with the other requests of a group and are
// on disk before they are answered.
#include "bus/base/failpoint.hpp"
#include "bus/broker/commit_agent.hpp"

namespace lienthong::broker {

Result<void> CommitAgent::take_cosignature(core::Group& group,
                                           const Work& work,
                                           const wire::Cosign& cosign) {
    if (refuse_publishing_) {
        refuse(work, Error{Code::disk_full, "the disk is nearly full", {}, {}});
        return {};
    }
    FAILPOINT_OR_FAIL(broker_cosignature, before);
    auto taken = group.cosign(work.session, cosign.size, cosign.cosignature);
    if (!taken) return std::unexpected(taken.error());
    FAILPOINT_OR_FAIL(broker_cosignature, after);
    if (!*taken) {
        refuse(work, taken->error());
        return {};
    }
    counters_.cosignatures.fetch_add(1);
    answer(work, wire::Done{});
    return count_witnessed(group);
}

// The same head is given again: its newest co-signatures may be newer than those that were given.
Result<void> CommitAgent::answer_witnessed(const core::Group& group,
                                           const Work& work,
                                           const wire::WitnessRequest& request) {
    auto witnessed = group.newest_witnessed();
    if (!witnessed) return std::unexpected(witnessed.error());
    wire::Witnessed given;
    if (*witnessed && (*witnessed)->size >= request.size)
        given.note = std::move((*witnessed)->note);
    answer(work, std::move(given));
    return {};
}

Result<void> CommitAgent::count_witnessed(const core::Group& group) {
    auto witnessed = group.newest_witnessed();
    if (!witnessed) return std::unexpected(witnessed.error());
    if (!*witnessed) return {};
    counters_.witnessed_size = (*witnessed)->size;
    counters_.witnessed_time_ms = static_cast<std::uint64_t>((*witnessed)->time);
    return {};
}

}  // namespace lienthong::broker
