// SPDX-License-Identifier: Apache-2.0
// NodeAgent as a witness: it co-signs the newest head that it has proven consistent with all it saw
// before and has on disk, no other; it keeps the newest head that more than half of the agencies
// have co-signed, and raises an alarm when there has been none for a working day.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"

namespace lienthong::node {
namespace {

constexpr std::chrono::seconds kCosignPause{10};
constexpr std::chrono::hours kCosignAgain{1};  // a head that stays: others see that we still do
constexpr std::chrono::seconds kAskPause{30};
constexpr std::chrono::minutes kWatchPause{1};
constexpr std::chrono::minutes kWatchFirst{10};  // who was switched off must catch up first
constexpr Millis kMinute = 60'000;

// Keys that count at this moment. A registry refuses keys that are none.
std::vector<proof::Witness> witnesses_of(const registry::Registry& registry, Millis at) {
    std::vector<proof::Witness> witnesses;
    for (const auto& owner : registry.witnesses(at)) {
        auto key = keys::PublicKey::from_raw_ed25519(owner.key->raw);
        if (key) witnesses.push_back({owner.agency->id, owner.key->node.text(), std::move(*key)});
    }
    return witnesses;
}

std::size_t agencies_with_a_witness(const registry::Registry& registry, Millis at) {
    std::set<AgencyId> agencies;
    for (const auto& owner : registry.witnesses(at)) agencies.insert(owner.agency->id);
    return agencies.size();
}

}  // namespace

Result<void> NodeAgent::start_witness(const ReadStore& store) {
    watch_witnesses_at_ = after(kWatchFirst);
    auto since = store.witnesses_since();
    if (!since) return std::unexpected(since.error());
    witnesses_since_ = *since;
    auto conflicting = store.conflicting();
    if (!conflicting) return std::unexpected(conflicting.error());
    conflicting_note_ = conflicting->value_or("");
    auto note = store.witnessed();
    if (!note) return std::unexpected(note.error());
    if (!*note) return {};
    auto counted = check_witnessed(**note);
    if (!counted) return {};  // keys went since: the next one takes its place
    witnessed_ = std::move(*counted);
    witnessed_note_ = std::move(**note);
    return {};
}

// The text may be that of an older head than the newest known: then it is not what we vouch for.
void NodeAgent::head_stored(std::string note) {
    auto head = proof::parse_head(note);
    if (!head || !head_ || head->size < head_->size) return;
    stored_head_ = StoredHead{std::move(note), std::move(*head)};
}

bool NodeAgent::is_witness() const {
    const Bytes raw = keys_.witness->public_key().raw();
    const auto witnesses = documents_.registry->witnesses(clock_.wall());
    return std::ranges::any_of(witnesses, [&](const registry::Registry::Owner& owner) {
        return owner.agency->id == options_.agency && owner.key->node == options_.node &&
               owner.key->raw == raw;
    });
}

void NodeAgent::step_witness() {
    if (witnessing_ || !stored_head_) return;
    const auto now = clock_.monotonic();
    const bool news = stored_head_->head.size != cosigned_size_ || now >= cosign_again_at_;
    if (news && now >= cosign_not_before_ && is_witness()) {
        cosign();
        return;
    }
    const bool behind = !witnessed_ || witnessed_->head.size < stored_head_->head.size;
    if (behind && now >= ask_witnessed_at_) ask_for_witnessed();
}

void NodeAgent::cosign() {
    cosign_not_before_ = after(kCosignPause);
    FAILPOINT(node_cosign, before);
    auto line =
        proof::cosign_head(stored_head_->note, options_.node.text(), clock_.wall(), *keys_.witness);
    FAILPOINT(node_cosign, after);
    if (!line) {
        alarm(fmt::format("cosignature_failed code={}", info(line.error().code).name));
        return;
    }
    const std::uint64_t size = stored_head_->head.size;
    witnessing_ = true;
    send(
        wire::Channel::control,
        wire::Cosign{std::move(*line), size},
        {},
        after(options_.answer_timeout),
        [this, size](Result<Reply> reply) {
            witnessing_ = false;
            if (!reply && reply.error().retriable()) return;
            const auto is = [&](Code code) { return reply.error().code == code; };
            // This node's clock is minutes ahead of the broker's: which of the two is wrong cannot
            // be told from here. Tried again; if it lasts, no head is witnessed, which is an alarm.
            if (!reply && is(Code::bad_argument)) {
                log::warning("cosignature_ahead_of_the_broker size={}", size);
                return;
            }
            // Others have co-signed newer heads meanwhile: so will this node, with its next one.
            // A key that has ended: the registry that says so is on its way.
            if (!reply && !is(Code::rollback) && !is(Code::revoked_key) && !is(Code::expired_key)) {
                alarm(fmt::format("cosignature_refused code={}", info(reply.error().code).name));
            }
            cosigned_size_ = size;
            cosign_again_at_ = after(kCosignAgain);
            ask_for_witnessed();
        });
}

void NodeAgent::ask_for_witnessed() {
    ask_witnessed_at_ = after(kAskPause);
    wire::WitnessRequest request{witnessed_ ? witnessed_->head.size : 0};
    send(wire::Channel::control,
         request,
         {},
         after(options_.answer_timeout),
         [this](Result<Reply> reply) { received_witnessed(std::move(reply)); });
}

// Nothing of it is believed: signed by the log, co-signed by more than half as the registry has
// them now, and consistent with this node's own head.
void NodeAgent::received_witnessed(Result<Reply> reply) {
    auto* answer = reply ? std::get_if<wire::Witnessed>(&reply->body) : nullptr;
    if (answer == nullptr || answer->note.empty() || !head_) return;
    auto counted = check_witnessed(answer->note);
    if (!counted) {
        alarm(fmt::format("bad_witnessed code={}", info(counted.error().code).name));
        return;
    }
    const proof::Head theirs = counted->head;
    if (witnessed_ &&
        (theirs.size < witnessed_->head.size ||
         (theirs.size == witnessed_->head.size && theirs.root == witnessed_->head.root &&
          counted->time <= witnessed_->time))) {
        return;
    }
    const proof::Head mine = *head_;
    if (theirs.size == mine.size) {
        if (theirs.root == mine.root) {
            keep_witnessed(answer->note, *counted);
        } else {
            witnessed_conflict(answer->note, *counted);
        }
        return;
    }
    const proof::Head& older = theirs.size < mine.size ? theirs : mine;
    const proof::Head& newer = theirs.size < mine.size ? mine : theirs;
    send(
        wire::Channel::control,
        wire::ConsistencyRequest{older.size, newer.size},
        {},
        after(options_.answer_timeout),
        [this, older, newer, note = std::move(answer->note), all = *counted](Result<Reply> proven) {
            const auto* proof =
                proven ? std::get_if<wire::ConsistencyProof>(&proven->body) : nullptr;
            if (proof == nullptr) return;  // asked again
            if (proof::verify_consistency(
                    older.size, newer.size, older.root, newer.root, proof->hashes)) {
                keep_witnessed(note, all);
            } else {
                witnessed_conflict(note, all);
            }
        });
}

Result<proof::WitnessedHead> NodeAgent::check_witnessed(std::string_view note) const {
    auto head = check_head(note, options_.bus, *documents_.registry);
    if (!head) return std::unexpected(head.error());
    auto counted = proof::count_witnesses(note, witnesses_of(*documents_.registry, clock_.wall()));
    if (!counted) return counted;
    if (!counted->is_witnessed()) return fail(Code::threshold_not_met, "too few witnesses");
    return counted;
}

void NodeAgent::keep_witnessed(const std::string& note, const proof::WitnessedHead& counted) {
    FAILPOINT(node_witnessed, before);
    auto stored = write([&](WriteStore& store) { return store.set_witnessed(note); });
    FAILPOINT(node_witnessed, after);
    if (!stored) {
        fail_with(stored.error());
        return;
    }
    witnessed_ = counted;
    witnessed_note_ = note;
}

// Evidence against the broker, and, if the head that it told this node is witnessed too, against
// who co-signed both.
void NodeAgent::witnessed_conflict(const std::string& note, const proof::WitnessedHead& counted) {
    alarm(
        fmt::format("head_conflict size={} other={}", counted.head.size, head_ ? head_->size : 0));
    if (witnessed_ && proof::is_fork(witnessed_->head, counted.head)) {
        std::string agencies;
        for (const AgencyId& agency : proof::signed_both(*witnessed_, counted)) {
            agencies += (agencies.empty() ? "" : ",") + agency.text();
        }
        alarm(fmt::format("fork_witnessed size={} agencies={}", counted.head.size, agencies));
    }
    if (!conflicting_note_.empty()) return;  // the first one is kept
    auto stored = write([&](WriteStore& store) { return store.set_conflicting(note); });
    if (!stored) fail_with(stored.error());
    conflicting_note_ = note;
}

void NodeAgent::watch_witnesses() {
    if (clock_.monotonic() < watch_witnesses_at_) return;
    watch_witnesses_at_ = after(kWatchPause);
    const registry::RegistryData& registry = documents_.registry->data();
    const Millis now = clock_.wall();
    if (agencies_with_a_witness(*documents_.registry, now) == 0) return;
    const Millis since = witnessed_ ? witnessed_->time : witnesses_since_;
    const Millis age = registry::working_time(registry.office_hours, since, now);
    if (age <= Millis{registry.limits.witness_age_minutes} * kMinute) return;
    alarm(fmt::format("head_not_witnessed size={}", witnessed_ ? witnessed_->head.size : 0));
}

WitnessStatus NodeAgent::witness_status() const {
    WitnessStatus status;
    status.of = agencies_with_a_witness(*documents_.registry, clock_.wall());
    status.conflicting = conflicting_note_;
    if (!witnessed_) return status;
    status.size = witnessed_->head.size;
    status.time = witnessed_->time;
    status.agencies = witnessed_->agencies.size();
    status.note = witnessed_note_;
    return status;
}

}  // namespace lienthong::node
