// SPDX-License-Identifier: Apache-2.0
// Who the parties of a case are is believed of what made them parties, not of the broker.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/bus/node/forged_entry.hpp"

namespace lienthong::node {
namespace {

using message::Kind;
using State = Outcome::State;
using test::case_draft;
using test::SmallBus;
using test::world;

// Labour joins late: the commune, that border guard handed the person over to, notifies it. What is
// before that it was never sent.
class PartiesOfACase : public testing::Test {
  protected:
    using Evidence = std::vector<message::PartyEvidence>;

    static message::CaseFacts joined_by(const std::vector<std::string_view>& slugs) {
        message::CaseFacts facts;
        facts.parties = world().ids(slugs);
        return facts;
    }
    Outcome step(const char* slug, Kind kind, message::CaseFacts facts = {}) {
        Outcome outcome = bus.submit_one(slug, case_draft(kind, case_id, std::move(facts)));
        EXPECT_EQ(outcome.state, State::accepted) << slug << " " << message::info(kind).name;
        return outcome;
    }
    void open(const std::vector<std::string_view>& parties) {
        const Outcome opened = bus.submit_one("border-guard", test::opening(parties));
        ASSERT_EQ(opened.state, State::accepted);
        case_id = opened.case_id;
        opening = opened.position;
        step("border-guard", Kind::handover_record, joined_by({"peoples-committee"}));
        step("peoples-committee", Kind::commune_notice, joined_by({"labour"}));
        ASSERT_TRUE(bus.catch_up("labour"));
    }
    // Police reads it if it is a party.
    Outcome check() { return bus.submit_one("labour", case_draft(Kind::initial_check, case_id)); }
    bool went_to(Position position, std::string_view slug) {
        bool there = false;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            const auto entry = state.entry(position).value();
            if (entry.kind != proof::EntryKind::message) return;
            const auto agencies = state.maybe_class(entry.class_id).value()->agencies;
            there = std::ranges::find(agencies, world().id(slug)) != agencies.end();
        });
        return there;
    }
    // The broker says that police is a party too, and shows as evidence what `change` makes of it.
    void lie(std::function<void(Evidence&)> change = {}) {
        bus.set_tamper([change = std::move(change)](wire::Command& answer, Bytes&) {
            auto* body = std::get_if<message::QueryAnswer>(&answer.body);
            if (body == nullptr || body->parties.empty()) return;
            body->parties = world().ids({"border-guard", "labour", "peoples-committee", "police"});
            if (change && !body->evidence.empty()) change(body->evidence);
        });
    }
    void expect_refused(std::string_view alarm) {
        published = 0;
        const Outcome outcome = check();
        EXPECT_EQ(outcome.state, State::refused);
        ASSERT_TRUE(outcome.refusal.has_value());
        EXPECT_EQ(outcome.refusal->code, Code::wrong_audience);
        EXPECT_EQ(outcome.refusal->where, "parties");
        EXPECT_EQ(published, 0U) << "nothing sealed to it may leave";
        EXPECT_TRUE(bus.has_alarm("labour", alarm)) << alarm;
        EXPECT_EQ(bus.status("labour").alarms.size(), 1U);
    }
    void expect_bad_evidence(Code code, std::function<void(Evidence&)> change) {
        lie(std::move(change));
        expect_refused("bad_evidence position=");
        const auto alarms = bus.status("labour").alarms;
        EXPECT_TRUE(alarms.front().ends_with(info(code).name)) << alarms.front();
    }

    CaseId case_id;
    Position opening = 0;
    std::size_t published = 0;
    std::size_t evidence_asked = 0;
    std::uint64_t size_asked = 0;
    SmallBus bus{{.nodes = {"labour", "police", "border-guard", "peoples-committee"},
                  .tampered_node = "labour",
                  .sent = [this](const wire::Command& request) {
                      if (std::holds_alternative<wire::Publish>(request.body)) ++published;
                      const auto* query = std::get_if<message::Query>(&request.body);
                      if (query == nullptr || query->head_size == 0) return;
                      ++evidence_asked;
                      size_asked = query->head_size;
                  }}};
};

TEST_F(PartiesOfACase, AreProvenOnceAndKeptThroughTheWholeStory) {
    ASSERT_TRUE(bus.start_node("social-protection-centre"));
    open({"police"});
    EXPECT_EQ(bus.inbox("labour").size(), 1U) << "only the notice came to it";
    const Outcome checked = step("labour", Kind::initial_check);
    EXPECT_TRUE(went_to(checked.position, "police"));
    EXPECT_EQ(evidence_asked, 1U);
    EXPECT_TRUE(went_to(step("labour", Kind::verification_request).position, "police"));
    ASSERT_TRUE(bus.start_node("labour"));
    const Outcome acknowledged = step("police", Kind::verification_acknowledgement);
    EXPECT_TRUE(went_to(acknowledged.position, "labour"));
    EXPECT_TRUE(went_to(acknowledged.position, "border-guard"));
    step("police", Kind::information_request);
    EXPECT_TRUE(went_to(step("border-guard", Kind::information_reply).position, "police"));
    message::CaseFacts facts;
    facts.outcome = message::Outcome::confirmed;
    step("police", Kind::verification_result, facts);
    step("police", Kind::victim_certificate, joined_by({"social-protection-centre"}));
    facts = {};
    facts.consent = message::ConsentState::given;
    facts.consent_for = world().ids({"womens-union"});
    step("police", Kind::consent, facts);
    Draft referral = case_draft(Kind::support_referral, case_id);
    referral.sections.emplace_back("limited-view",
                                   test::sample_section("lienthong.fb.LimitedView"));
    const Outcome referred = bus.submit_one("labour", std::move(referral));
    ASSERT_EQ(referred.state, State::accepted);
    EXPECT_TRUE(went_to(referred.position, "social-protection-centre"));
    EXPECT_TRUE(went_to(referred.position, "womens-union"));
    facts = {};
    facts.answer = message::Answer::accepted;
    facts.persons = 1;
    const Outcome taken = step("social-protection-centre", Kind::shelter_intake, facts);
    EXPECT_TRUE(went_to(taken.position, "labour"));
    facts = {};
    EXPECT_TRUE(
        went_to(step("border-guard", Kind::handover_record).position, "social-protection-centre"));
    EXPECT_EQ(evidence_asked, 1U) << "what was proven is kept, also over a restart";
    for (const char* slug :
         {"labour", "police", "border-guard", "peoples-committee", "social-protection-centre"}) {
        EXPECT_TRUE(bus.status(slug).alarms.empty()) << slug;
    }
}

TEST_F(PartiesOfACase, NeedNoProofWhereNothingDependsOnIt) {
    open({});
    EXPECT_EQ(check().state, State::accepted);
    EXPECT_EQ(evidence_asked, 0U);
}

TEST_F(PartiesOfACase, AreProvenPageByPage) {
    open({"police"});
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        auto* body = std::get_if<message::QueryAnswer>(&answer.body);
        if (body == nullptr || body->evidence.size() < 2) return;
        body->evidence.resize(1);
        body->more = true;
    });
    const Outcome checked = step("labour", Kind::initial_check);
    EXPECT_TRUE(went_to(checked.position, "police"));
    EXPECT_EQ(evidence_asked, 3U);
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

TEST_F(PartiesOfACase, ThatTheBrokerNamesWithoutProofAreNotBelieved) {
    open({});
    lie();
    expect_refused("unproven_party position=");
}

TEST_F(PartiesOfACase, ThatTheBrokerNamesAndShowsNothingForAreNotBelieved) {
    open({"police"});
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        auto* body = std::get_if<message::QueryAnswer>(&answer.body);
        if (body != nullptr) body->evidence.clear();
    });
    expect_refused("unproven_party position=");
}

// What the case is said to stand at is not in the log that the broker then shows.
TEST_F(PartiesOfACase, AreNotAwaitedFromBeyondTheLog) {
    open({});
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        auto* body = std::get_if<message::QueryAnswer>(&answer.body);
        if (body == nullptr || body->cases.empty()) return;
        body->parties = world().ids({"border-guard", "labour", "peoples-committee", "police"});
        body->cases.front().position = 1'000'000;
    });
    expect_refused("case_beyond_log position=1000000");
}

// Another position each time, and a second draft that waits too.
TEST_F(PartiesOfACase, AreNotAwaitedForEver) {
    open({});
    const CaseId first = case_id;
    open({});
    Position claimed = 1'000'000;
    bus.set_tamper([claimed](wire::Command& answer, Bytes&) mutable {
        auto* body = std::get_if<message::QueryAnswer>(&answer.body);
        if (body == nullptr || body->cases.empty()) return;
        body->parties = world().ids({"border-guard", "labour", "peoples-committee", "police"});
        body->cases.front().position = ++claimed;
    });
    const auto outcomes = bus.submit(
        "labour",
        {case_draft(Kind::initial_check, first), case_draft(Kind::initial_check, case_id)});
    ASSERT_EQ(outcomes.size(), 2U);
    for (const Outcome& outcome : outcomes) EXPECT_EQ(outcome.state, State::refused);
    EXPECT_TRUE(bus.has_alarm("labour", "case_beyond_log"));
}

// A refusal of the question is signed by nobody; a party knows that it is one.
TEST_F(PartiesOfACase, AreNoReasonToGiveUpBecauseTheBrokerSaysSo) {
    open({"labour"});
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        if (std::holds_alternative<message::QueryAnswer>(answer.body)) {
            answer.body = wire::Failure{Code::forbidden, {}, {}, {}};
        }
    });
    const auto waiting = bus.try_submit(
        "labour", {case_draft(Kind::initial_check, case_id)}, std::chrono::seconds{2});
    ASSERT_TRUE(waiting.has_value());
    EXPECT_EQ(waiting->front().state, State::waiting);
    EXPECT_EQ(waiting->front().waits_for, Code::forbidden);
    EXPECT_TRUE(bus.has_alarm("labour", "unsigned_refusal code=forbidden"));
    bus.set_tamper({});
    ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").outbox == 0; }));
}

TEST_F(PartiesOfACase, AreNotProvenByAnotherCase) {
    open({"police"});
    const Position others = opening;
    open({});
    expect_bad_evidence(Code::bad_argument, [&](Evidence& evidence) {
        evidence.insert(evidence.begin(), test::evidence_of(bus, others, size_asked));
    });
}

TEST_F(PartiesOfACase, AreNotProvenByForgedFacts) {
    open({});
    expect_bad_evidence(Code::bad_digest, [&](Evidence& evidence) {
        auto& section = evidence.front().entry.sections.at(0);
        auto facts = message::parse_facts(section.body).value();
        facts.parties = world().ids({"police"});
        section.body = message::encode_facts(facts);
    });
}

TEST_F(PartiesOfACase, AreNotProvenByAnEntryWithoutItsFacts) {
    open({});
    expect_bad_evidence(Code::malformed_section,
                        [&](Evidence& evidence) { evidence.front().entry.sections.clear(); });
}

TEST_F(PartiesOfACase, AreNotProvenByWhatAPartySignedAndTheLogDoesNotHold) {
    open({});
    message::PartyEvidence forged;
    forged.entry =
        test::signed_entry(bus,
                           "border-guard",
                           case_draft(Kind::handover_record, case_id, joined_by({"police"})),
                           world().ids({"border-guard", "peoples-committee"}),
                           opening);
    test::keep_facts_alone(forged.entry);
    expect_bad_evidence(Code::bad_root, [&](Evidence& evidence) {
        forged.path = evidence.front().path;
        evidence = {forged};
    });
}

TEST_F(PartiesOfACase, AreNotProvenByAPathThatLeadsElsewhere) {
    open({});
    expect_bad_evidence(Code::bad_root,
                        [](Evidence& evidence) { evidence.front().path.front().bytes[0] ^= 1; });
}

TEST_F(PartiesOfACase, AreNotProvenBeyondTheHeadThatTheNodeFollows) {
    open({});
    // A sound path, to a root that this node has not followed.
    expect_bad_evidence(Code::bad_root, [&](Evidence& evidence) {
        std::uint64_t size = 0;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            size = state.log_size();
        });
        ASSERT_GT(size, size_asked) << "the disclosure was recorded meanwhile";
        evidence = {test::evidence_of(bus, opening, size)};
    });
}

TEST_F(PartiesOfACase, AreNotProvenTwiceByOneEntry) {
    open({});
    expect_bad_evidence(Code::malformed_frame,
                        [](Evidence& evidence) { evidence.push_back(evidence.front()); });
}

TEST_F(PartiesOfACase, AreNotProvenByAKeyThatWasRevokedBefore) {
    open({});
    auto registry = world().registry;
    auto& key = test::key_of(registry, world().id("border-guard"), keys::Use::sign);
    key.revoked = true;
    key.revoked_from = opening;
    ASSERT_TRUE(bus.adopt("police", world().registry_document(registry, 2)).has_value());
    ASSERT_TRUE(bus.catch_up("labour"));
    expect_bad_evidence(Code::revoked_key, [](Evidence&) {});
}

// An honest broker, and a policy that does not let the commune read what opened the case.
TEST_F(PartiesOfACase, AreUnprovenToWhomPolicyHidesWhatMadeThemParties) {
    auto policy = world().policy;
    std::erase_if(policy.grants,
                  [](const policy::Grant& grant) { return grant.id == "parties-read"; });
    ASSERT_TRUE(bus.adopt("police", world().policy_document(policy, 2)).has_value());
    ASSERT_TRUE(bus.catch_up("border-guard"));
    const Outcome opened =
        bus.submit_one("border-guard", test::opening({"police", "peoples-committee"}));
    ASSERT_EQ(opened.state, State::accepted);
    const Outcome notice =
        bus.submit_one("peoples-committee", case_draft(Kind::commune_notice, opened.case_id));
    ASSERT_TRUE(notice.refusal.has_value());
    EXPECT_EQ(notice.refusal->code, Code::wrong_audience);
    EXPECT_TRUE(bus.has_alarm("peoples-committee", "unproven_party"));
}

// The broker lets an agency into the log that is no party, and that agency helps it.
TEST_F(PartiesOfACase, AreNotMadeByWhoIsNone) {
    open({});
    bus.set_tamper([this](wire::Command& answer, Bytes&) {
        auto* delivery = std::get_if<message::Delivery>(&answer.body);
        if (delivery == nullptr || delivery->entries.empty()) return;
        auto& last = delivery->entries.back();
        if (last.kind != static_cast<std::uint8_t>(proof::EntryKind::message)) return;
        last = test::signed_entry(bus,
                                  "police",
                                  case_draft(Kind::initial_check, case_id, joined_by({"police"})),
                                  world().ids({"labour", "police"}),
                                  last.position);
        test::sign_delivery(*delivery);
    });
    ASSERT_EQ(bus.submit_one("police", test::draft(Kind::outreach_report)).state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(bus.inbox("labour").size(), 2U) << "it came, and it is signed";
    lie();
    expect_refused("unproven_party position=");
}

TEST_F(PartiesOfACase, AreNotBelievedOfTheReceiptOfAStoppedBatch) {
    open({});
    bool told = false;
    bus.set_tamper([&told](wire::Command& answer, Bytes&) {
        auto* receipt = std::get_if<message::Receipt>(&answer.body);
        if (receipt == nullptr || told) return;
        told = true;
        receipt->verdicts.at(0).refused = Code::stale_audience;
        receipt->accepted_count = 0;
        receipt->case_parties = world().ids({"labour", "police"});
    });
    check();
    ASSERT_TRUE(told);
    for (Position position = 0;; ++position) {
        std::uint64_t size = 0;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            size = state.log_size();
        });
        if (position == size) break;
        EXPECT_FALSE(went_to(position, "police"));
    }
}

}  // namespace
}  // namespace lienthong::node
