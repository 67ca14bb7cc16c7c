// SPDX-License-Identifier: Apache-2.0
#include "bus/node/turns.hpp"

#include <algorithm>

namespace lienthong::node {

void Turns::put_aside(const MessageId& first,
                      std::set<CaseId> cases,
                      Time until,
                      std::optional<Code> why) {
    batches_.insert_or_assign(first, Batch{std::move(cases), until, why});
}

void Turns::put_aside(std::uint64_t ordinal, Time until) { drafts_[ordinal] = until; }

bool Turns::end_courtesy() {
    return std::erase_if(batches_, [](const auto& batch) { return !batch.second.why; }) != 0;
}

bool Turns::may_go(const MessageId& first, Time now) const {
    const auto found = batches_.find(first);
    return found == batches_.end() || (found->second.why && found->second.until <= now);
}

bool Turns::may_go(std::uint64_t ordinal, Time now) const {
    const auto found = drafts_.find(ordinal);
    return found == drafts_.end() || found->second <= now;
}

void Turns::forget(const MessageId& first) { batches_.erase(first); }
void Turns::forget(std::uint64_t ordinal) { drafts_.erase(ordinal); }

bool Turns::holds(const CaseId& case_id) const {
    return std::ranges::any_of(
        batches_, [&](const auto& batch) { return batch.second.cases.contains(case_id); });
}

bool Turns::holds(std::uint64_t stream) const {
    const auto found = batches_.lower_bound(MessageId{stream, 0});
    return found != batches_.end() && found->first.stream == stream;
}

std::optional<Code> Turns::maybe_why(const MessageId& message) const {
    auto found = batches_.upper_bound(message);
    if (found == batches_.begin()) return std::nullopt;
    --found;
    return found->first.stream == message.stream ? found->second.why : std::nullopt;
}

}  // namespace lienthong::node
