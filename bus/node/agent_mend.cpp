// SPDX-License-Identifier: Apache-2.0
// NodeAgent: a message that failed a check when it came is not lost for good. Its position is kept
// and asked for again, at the start and at growing pauses; what comes then is taken if it passes
// the checks and stands in the log at that very position.
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/proof/delivered.hpp"

namespace lienthong::node {
namespace {

constexpr std::size_t kDoubtfulMax = 1024;
constexpr std::size_t kRoundMax = 64;  // asked for in one round
// Each attempt at a message of a case stands in the log, so they become rare.
constexpr std::chrono::milliseconds kMendPauseMax{std::chrono::hours{1}};
constexpr std::uint32_t kCreditBytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds kFetchTimeout{30'000};

}  // namespace

Result<void> NodeAgent::doubt(WriteStore& store, Position position, Code code) {
    alarm(fmt::format("bad_entry position={} code={}", position, info(code).name));
    auto known = store.is_doubtful(position);
    if (!known) return std::unexpected(known.error());
    if (*known) return {};
    if (doubtful_ >= kDoubtfulMax) {
        alarm("too_many_doubtful");
        return {};
    }
    // A new one does not put off those that wait already.
    if (doubtful_ == 0) {
        mend_pause_ = kMendPause;
        mend_not_before_ = after(mend_pause_);
        mend_pause_ *= 2;
    }
    ++doubtful_;
    // It may be an own message that a restored outbox still holds as a draft.
    if (restore_from_ <= position && position < restore_until_) {
        restored_pending_.insert(position);
    }
    return store.put_doubtful(position, code);
}

void NodeAgent::step_mend() {
    if (doubtful_ == 0 || mending_ || clock_.monotonic() < mend_not_before_) return;
    auto next = read([&](const ReadStore& store) { return store.maybe_doubtful_from(mend_from_); });
    if (!next) {
        fail_with(next.error());
        return;
    }
    if (!*next || mended_round_ >= kRoundMax) {  // the next round goes on behind, or begins anew
        if (!*next) mend_from_ = 0;
        mended_round_ = 0;
        mend_not_before_ = after(mend_pause_);
        if (mend_pause_ == kMendPauseMax) {
            auto released = release_restored();
            if (!released) fail_with(released.error());
        }
        mend_pause_ = std::min(2 * mend_pause_, kMendPauseMax);
        return;
    }
    const Position position = **next;
    mend_from_ = position + 1;
    ++mended_round_;
    mending_ = true;
    // A consumer of its own: the broker lets a node's fetches of one consumer replace each other.
    send(wire::Channel::data,
         wire::Fetch{"mend", position, kCreditBytes, 1},
         {},
         after(kFetchTimeout),
         [this, position](Result<Reply> reply) { received_again(position, std::move(reply)); });
}

// As strict as any other delivery. Whatever is wrong with it, the message stays doubtful.
void NodeAgent::received_again(Position position, Result<Reply> reply) {
    mending_ = false;
    auto* delivery = reply ? std::get_if<wire::Delivery>(&reply->body) : nullptr;
    if (delivery == nullptr || delivery->from != position) return;
    auto head = check_delivery(*delivery, options_.bus, options_.agency, *documents_.registry);
    if (!head) {
        alarm(fmt::format("bad_delivery code={}", info(head.error().code).name));
        return;
    }
    if (delivery->to <= position) return;  // there is no room for it now
    mending_ = true;
    auto kept = std::make_shared<message::Delivery>(std::move(*delivery));
    follow_head(*head, nullptr, [this, position, kept, head = *head](Followed followed) {
        mending_ = false;
        if (followed != Followed::yes) return;
        auto stored = keep_head(kept->head, head);
        if (!stored) {
            fail_with(stored.error());
            return;
        }
        if (kept->entries.empty() || kept->entries.front().position != position) {
            give_up(position);
            return;
        }
        const message::DeliveredEntry& entry = kept->entries.front();
        auto checked = check_entry(entry, options_.bus, options_.agency, *documents_.registry);
        if (checked) prove_again(entry, *checked);
    });
}

// The broker signs that nothing is here for this agency any more: what it has no grant for, unless
// its own receipt says that it is this agency's.
void NodeAgent::give_up(Position position) {
    auto erased = write([&](WriteStore& store) -> Result<void> {
        auto waits = store.is_doubtful(position);
        if (!waits) return std::unexpected(waits.error());
        if (!*waits) return {};
        auto due = store.own_due_before(position + 1);
        if (!due) return std::unexpected(due.error());
        if (!due->empty() && due->back().first == position) {
            own_entry_missing(position);
            auto gone = store.erase_own_due(position);
            if (!gone) return gone;
        } else {
            alarm(fmt::format("entry_not_granted position={}", position));
        }
        --doubtful_;
        restored_pending_.erase(position);
        return store.erase_doubtful(position);
    });
    if (!erased) fail_with(erased.error());
}

// Nothing speaks for the place of an entry that comes out of its turn but a proof: without it, one
// that was held back elsewhere could be slipped in here.
void NodeAgent::prove_again(const message::DeliveredEntry& entry, const CheckedEntry& checked) {
    const proof::Head head = *head_;
    if (entry.position >= head.size) return;
    mending_ = true;
    send(wire::Channel::control,
         wire::InclusionRequest{entry.position, head.size},
         {},
         after(options_.answer_timeout),
         [this, head, entry, checked](Result<Reply> reply) {
             mending_ = false;
             const auto* proof = reply ? std::get_if<wire::InclusionProof>(&reply->body) : nullptr;
             if (proof == nullptr) return;
             const Hash leaf = proof::hash(proof::leaf_of(options_.bus, entry));
             if (!proof::verify_inclusion(
                     leaf, entry.position, head.size, proof->hashes, head.root)) {
                 return;
             }
             auto taken =
                 write([&](WriteStore& store) { return take_mended(store, entry, checked); });
             if (!taken) fail_with(taken.error());
         });
}

Result<void> NodeAgent::take_mended(WriteStore& store,
                                    const message::DeliveredEntry& entry,
                                    const CheckedEntry& checked) {
    auto waits = store.is_doubtful(entry.position);
    if (!waits) return std::unexpected(waits.error());
    if (!*waits) return {};
    restored_pending_.erase(entry.position);  // compared below
    const MessageId& id = checked.header.id;
    auto known = store.maybe_position(id);
    if (!known) return std::unexpected(known.error());
    if (*known && **known == entry.position) {  // it had come before it came again spoiled
    } else if (*known) {
        alarm(fmt::format("repeated_entry stream={:016x} sequence={} position={}",
                          id.stream,
                          id.sequence,
                          entry.position));
    } else {
        auto kept = keep_entry(store, entry, checked);
        if (!kept) return kept;
        auto last = store.last_of_stream(id.stream);
        if (!last) return std::unexpected(last.error());
        auto set = store.set_last_of_stream(id.stream, std::max(*last, id.sequence));
        if (!set) return set;
        alarm(fmt::format("entry_mended position={}", entry.position));
    }
    --doubtful_;
    mend_pause_ = kMendPause;
    return store.erase_doubtful(entry.position);
}

}  // namespace lienthong::node
