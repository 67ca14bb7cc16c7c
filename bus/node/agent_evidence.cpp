// SPDX-License-Identifier: Apache-2.0
// NodeAgent before it seals a message of a case. The broker says who the parties are and who the
// consent is for; it signs neither. Both are believed only of messages of the case that the parties
// themselves signed: as they came to this node, or as the broker shows them when asked (decisions
// 0026 and 0027).
#include <algorithm>

#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"
#include "security/proof/delivered.hpp"
#include "security/seal/opening.hpp"

namespace lienthong::node {
namespace {

constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::milliseconds kFetchPause{50};

bool contains(const std::vector<AgencyId>& agencies, const AgencyId& agency) {
    return std::ranges::binary_search(agencies, agency);
}

void insert(std::vector<AgencyId>& agencies, const AgencyId& agency) {
    const auto place = std::ranges::lower_bound(agencies, agency);
    if (place == agencies.end() || *place != agency) agencies.insert(place, agency);
}

// Those of the broker's list for whom a proven party says that the person consented.
std::vector<AgencyId> proven_consents(const ProvenCase& proven,
                                      const std::vector<AgencyId>& claimed) {
    std::vector<AgencyId> consented;
    for (const ProvenCase::Consent& consent : proven.consents) {
        const bool is_claimed = std::ranges::find(claimed, consent.agency) != claimed.end();
        if (is_claimed && contains(proven.parties, consent.by)) insert(consented, consent.agency);
    }
    return consented;
}

}  // namespace

// One more link of the chain. Only who opened a case can have opened it, its id says so; anybody
// else makes others a party once it is one itself.
void NodeAgent::prove_parties(ProvenCase& proven,
                              const message::Header& header,
                              const message::CaseFacts& facts) const {
    const bool opened =
        facts.opens &&
        header.case_id == seal::case_id_of(options_.bus, header.sender, facts.opening_nonce);
    if (opened) insert(proven.parties, header.sender);
    if (!contains(proven.parties, header.sender)) return;
    for (const AgencyId& agency : facts.parties) insert(proven.parties, agency);
}

// A withdrawal counts whoever sends it: it opens nothing.
void NodeAgent::prove_consents(ProvenCase& proven,
                               const message::Header& header,
                               const message::CaseFacts& facts) {
    for (const AgencyId& agency : facts.consent_for) {
        if (facts.consent != message::ConsentState::given) {
            std::erase_if(proven.consents,
                          [&](const auto& consent) { return consent.agency == agency; });
            continue;
        }
        const ProvenCase::Consent consent{agency, header.sender};
        if (std::ranges::find(proven.consents, consent) == proven.consents.end()) {
            proven.consents.push_back(consent);
        }
    }
}

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
        auto refused = refuse_draft(ask.ordinal, Error{Code::forbidden, {}, "case", {}});
        if (!refused) fail_with(refused.error());
        return;
    }
    const auto* answer = std::get_if<wire::QueryAnswer>(&reply->body);
    if (answer == nullptr || answer->cases.size() != 1) {
        publish_not_before_ = after(kRetryPause);
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

// Signed as a delivered entry is, in the log that this node follows, and of this very case.
Result<CheckedEntry> NodeAgent::check_evidence(const message::PartyEvidence& evidence,
                                               const CaseAsk& ask) const {
    const message::DeliveredEntry& entry = evidence.entry;
    if (static_cast<proof::EntryKind>(entry.kind) != proof::EntryKind::message) {
        return fail(Code::malformed_frame, "no message");
    }
    auto checked = check_signed(entry, options_.bus, *documents_.registry);
    if (!checked) return checked;
    if (checked->header.case_id != ask.draft.case_id) {
        return fail(Code::bad_argument, "of another case");
    }
    if (!checked->facts) return fail(Code::malformed_section, "no facts");
    if (!proof::verify_inclusion(proof::hash(proof::leaf_of(options_.bus, entry)),
                                 entry.position,
                                 ask.head->size,
                                 evidence.path,
                                 ask.head->root)) {
        return fail(Code::bad_root, "not in the log");
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
        auto checked = position >= ask.from ? check_evidence(evidence, ask)
                                            : fail(Code::malformed_frame, "not in order");
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
    Draft draft = ask.draft;
    Scene bare = scene();
    auto resolved = resolve_reference(draft, bare);
    if (!resolved) return std::unexpected(resolved.error());
    auto own = read([&](const ReadStore& store) { return store.maybe_case(draft.case_id); });
    if (!own) return std::unexpected(own.error());
    ProvenCase proven = own->value_or(CaseKnowledge{}).proven;
    insert(proven.parties, options_.agency);
    std::vector<AgencyId> named = proven.parties;  // parties never leave a case
    for (const AgencyId& agency : answer.parties) insert(named, agency);

    const message::CaseVersion version{row.epoch, row.position, row.leaf};
    Scene believing = bare;
    Scene with_parties = bare;
    Scene doubting = bare;
    believing.knowledge = {version, named, answer.consented};
    with_parties.knowledge = {version, proven.parties, answer.consented};
    doubting.knowledge = {version, proven.parties, proven_consents(proven, answer.consented)};
    const auto differ = [&](const Scene& one, const Scene& other) {
        const auto left = choose_recipients(draft, one);
        const auto right = choose_recipients(draft, other);
        return left.has_value() != right.has_value() ||
               (left && left->audiences != right->audiences);
    };
    if (!differ(believing, doubting)) {
        return compose_batch({ask.ordinal}, ask.draft, doubting.knowledge);
    }
    if (cursor_ <= row.position) {  // it may be on its way
        fetch_again_ = true;
        publish_not_before_ = after(kFetchPause);
        return {};
    }
    const bool parties = differ(believing, with_parties);
    if (parties && !ask.head && head_) {
        ask_of_case(CaseAsk{ask.ordinal, ask.draft, head_, 0});
        return {};
    }
    alarm(fmt::format(
        "{} position={}", parties ? "unproven_party" : "unproven_consent", row.position));
    return refuse_draft(ask.ordinal,
                        Error{Code::wrong_audience,
                              parties ? "nothing proves that one of the audience is a party"
                                      : "no consent for an agency of the audience has come here",
                              parties ? "parties" : "consent",
                              {}});
}

}  // namespace lienthong::node
