// SPDX-License-Identifier: Apache-2.0
// NodeAgent before it seals a message of a case. The broker says who the parties are and who the
// consent is for; it signs neither. Both are believed only of messages of the case that the parties
// themselves signed: as they came to this node, or as the broker shows them when asked (decisions
// 0026 and 0027).
#include <algorithm>

#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/proof/delivered.hpp"

namespace lienthong::node {
namespace {

constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::milliseconds kFetchPause{50};
constexpr std::chrono::milliseconds kDistrustPause{5'000};

void insert(std::vector<AgencyId>& agencies, const AgencyId& agency) {
    const auto place = std::ranges::lower_bound(agencies, agency);
    if (place == agencies.end() || *place != agency) agencies.insert(place, agency);
}

}  // namespace

void NodeAgent::ask_of_case(CaseAsk ask) {
    publishing_ = true;
    wire::Query query;
    query.kind = wire::QueryKind::case_parties;
    query.case_id = ask.draft.case_id;
    query.from = ask.from;
    query.head_size = ask.head ? ask.head->size : 0;
    send(wire::Channel::control,
         query,
         {},
         after(options_.answer_timeout),
         [this, ask = std::move(ask)](Result<Reply> reply) {
             publishing_ = false;
             received_of_case(ask, std::move(reply));
         });
}

void NodeAgent::received_of_case(const CaseAsk& ask, Result<Reply> reply) {
    if (!reply) {
        if (reply.error().retriable()) {
            publish_waits_for_ = reply.error().code;
            publish_not_before_ = after(kRetryPause);
            return;
        }
        auto refused = refused_case(ask, reply.error());
        if (!refused) fail_with(refused.error());
        return;
    }
    const auto* answer = std::get_if<wire::QueryAnswer>(&reply->body);
    if (answer == nullptr || answer->cases.size() != 1 ||
        answer->cases.front().case_id != ask.draft.case_id) {
        alarm("unreadable_answer code=malformed_frame");
        turns_.put_aside(ask.ordinal, after(kDistrustPause));
        return;
    }
    auto waits = read([&](const ReadStore& store) { return store.is_waiting(ask.ordinal); });
    if (!waits || !*waits) {
        if (!waits) fail_with(waits.error());
        return;  // it has gone into a bundle meanwhile
    }
    auto done = ask.head ? take_evidence(ask, *answer) : compose_for_case(ask, *answer);
    if (!done) fail_with(done.error());
}

// Nobody signed that. A party knows better, and what it has to say stays; to anybody else the
// broker says so of every case.
Result<void> NodeAgent::refused_case(const CaseAsk& ask, const Error& error) {
    auto own = read([&](const ReadStore& store) { return store.maybe_case(ask.draft.case_id); });
    if (!own) return std::unexpected(own.error());
    if (!*own || !std::ranges::binary_search((*own)->proven.parties, options_.agency)) {
        return refuse_draft(ask.ordinal, Error{Code::forbidden, {}, "case", {}});
    }
    alarm(fmt::format("unsigned_refusal code={}", info(error.code).name));
    publish_waits_for_ = error.code;
    turns_.put_aside(ask.ordinal, after(kDistrustPause));
    return {};
}

// Signed as a delivered entry is, in the log that this node follows, and of this very case.
Result<CheckedEntry> NodeAgent::check_evidence(const message::PartyEvidence& evidence,
                                               const CaseAsk& ask) const {
    const message::DeliveredEntry& entry = evidence.entry;
    if (static_cast<proof::EntryKind>(entry.kind) != proof::EntryKind::message) {
        return fail(Code::malformed_frame);
    }
    auto checked = check_signed(entry, options_.bus, *documents_.registry);
    if (!checked) return checked;
    if (checked->header.case_id != ask.draft.case_id) {
        return fail(Code::bad_argument);
    }
    if (!checked->facts) return fail(Code::malformed_section);
    if (!proof::verify_inclusion(proof::hash(proof::leaf_of(options_.bus, entry)),
                                 entry.position,
                                 ask.head->size,
                                 evidence.path,
                                 ask.head->root)) {
        return fail(Code::bad_root);
    }
    return checked;
}

// What holds is kept: a party once proven need not be proven again. The whole of a page is taken,
// or nothing of it.
Result<void> NodeAgent::take_evidence(CaseAsk ask, const message::QueryAnswer& answer) {
    auto own = read([&](const ReadStore& store) { return store.maybe_case(ask.draft.case_id); });
    if (!own) return std::unexpected(own.error());
    CaseKnowledge knowledge = own->value_or(CaseKnowledge{});
    for (const message::PartyEvidence& evidence : answer.evidence) {
        const Position position = evidence.entry.position;
        auto checked =
            position >= ask.from ? check_evidence(evidence, ask) : fail(Code::malformed_frame);
        if (!checked) {
            alarm(fmt::format(
                "bad_evidence position={} code={}", position, info(checked.error().code).name));
            return refuse_draft(
                ask.ordinal,
                Error{Code::wrong_audience, "what should prove a party does not", "parties", {}});
        }
        ask.from = position + 1;
        prove_parties(knowledge.proven, checked->header, *checked->facts);
    }
    if (!answer.evidence.empty()) {
        auto stored =
            write([&](WriteStore& store) { return store.put_case(ask.draft.case_id, knowledge); });
        if (!stored) return stored;
    }
    if (answer.more && !answer.evidence.empty()) {
        ask_of_case(std::move(ask));
        return {};
    }
    return compose_for_case(ask, answer);
}

// Composed if what is proven gives the audience that the broker's word would give. If not, what
// proves the rest may be on its way, or at the broker; after that it is no word to seal by.
Result<void> NodeAgent::compose_for_case(const CaseAsk& ask, const message::QueryAnswer& answer) {
    const message::CaseRow& row = answer.cases.front();
    auto own = read([&](const ReadStore& store) { return store.maybe_case(ask.draft.case_id); });
    if (!own) return std::unexpected(own.error());
    ProvenCase proven = own->value_or(CaseKnowledge{}).proven;
    insert(proven.parties, options_.agency);
    CaseKnowledge claimed{{row.epoch, row.position, row.leaf}, proven.parties, answer.consented};
    for (const AgencyId& agency : answer.parties) insert(claimed.parties, agency);
    CaseKnowledge with_parties = claimed;
    with_parties.parties = proven.parties;  // parties never leave a case: all of them are claimed
    CaseKnowledge known = with_parties;
    known.consented.clear();
    for (const AgencyId& agency : consents(proven, Word::of_parties)) {
        if (std::ranges::find(answer.consented, agency) != answer.consented.end()) {
            known.consented.push_back(agency);
        }
    }

    auto same = same_audience(ask.draft, claimed, known);
    if (!same) return std::unexpected(same.error());
    if (!*same && cursor_ <= row.position) {
        await_case(ask.ordinal, row.position);
        return {};
    }
    awaiting_.erase(ask.ordinal);
    if (*same) return compose_batch({ask.ordinal}, ask.draft, known);
    auto consent = same_audience(ask.draft, claimed, with_parties);
    if (!consent) return std::unexpected(consent.error());
    if (!*consent && !ask.head && head_) {
        ask_of_case(CaseAsk{ask.ordinal, ask.draft, head_, 0});
        return {};
    }
    alarm(fmt::format(
        "{} position={}", *consent ? "unproven_consent" : "unproven_party", row.position));
    return refuse_draft(ask.ordinal,
                        Error{Code::wrong_audience,
                              *consent ? "no consent for an agency of the audience has come here"
                                       : "nothing proves that one of the audience is a party",
                              *consent ? "consent" : "parties",
                              {}});
}

// What says so may be on its way. If it does not come, the broker must have a log that holds it.
void NodeAgent::await_case(Ordinal ordinal, Position position) {
    const bool again = !awaiting_.insert(ordinal).second;
    fetch_again_ = true;
    turns_.put_aside(ordinal, after(again ? kRetryPause : kFetchPause));
    if (!again) return;
    publishing_ = true;
    send(wire::Channel::control,
         hello(),
         {},
         after(options_.answer_timeout),
         [this, ordinal, position](Result<Reply> reply) {
             publishing_ = false;
             const auto* welcome = reply ? std::get_if<wire::Welcome>(&reply->body) : nullptr;
             if (welcome == nullptr) return;
             auto head = check_head(welcome->head, options_.bus, *documents_.registry);
             if (!head) {
                 alarm(fmt::format("bad_head code={}", info(head.error().code).name));
                 return;
             }
             follow_head(*head, nullptr, [this, ordinal, position, head = *head](Followed led) {
                 if (led != Followed::yes || head.size > position || cursor_ > position) return;
                 auto refused = refuse_beyond_log(ordinal, position);
                 if (!refused) fail_with(refused.error());
             });
         });
}

// Its own signature says that the log ends before.
Result<void> NodeAgent::refuse_beyond_log(Ordinal ordinal, Position position) {
    auto waits = read([&](const ReadStore& store) { return store.is_waiting(ordinal); });
    if (!waits) return std::unexpected(waits.error());
    if (!*waits) return {};  // it has gone into a bundle meanwhile
    awaiting_.erase(ordinal);
    alarm(fmt::format("case_beyond_log position={}", position));
    return refuse_draft(ordinal,
                        Error{Code::wrong_audience,
                              "the log does not reach what the case is said to be at",
                              "parties",
                              {}});
}

// Whether the draft would go to the same agencies by the one and by the other.
Result<bool> NodeAgent::same_audience(const Draft& draft,
                                      const CaseKnowledge& one,
                                      const CaseKnowledge& other) {
    if (one.parties == other.parties && one.consented.size() == other.consented.size()) return true;
    Draft resolved = draft;
    Scene at = scene();
    auto there = resolve_reference(resolved, at);
    if (!there) return std::unexpected(there.error());
    at.knowledge = one;
    const auto left = choose_recipients(resolved, at);
    at.knowledge = other;
    const auto right = choose_recipients(resolved, at);
    if (!left || !right) return left.has_value() == right.has_value();
    return left->audiences == right->audiences;
}

}  // namespace lienthong::node
