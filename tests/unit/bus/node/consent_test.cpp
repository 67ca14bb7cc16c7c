// SPDX-License-Identifier: Apache-2.0
// Whom a person consented to is believed of the consents that came to the node, not of the broker.
#include <gtest/gtest.h>

#include <algorithm>

#include "bus/base/check.hpp"
#include "tests/unit/bus/node/forged_entry.hpp"

namespace lienthong::node {
namespace {

using message::Kind;
using State = Outcome::State;
using test::case_draft;
using test::SmallBus;
using test::world;

// A certified case; labour may refer it, and a partner reads the limited view if the person agreed.
class ConsentOfACase : public testing::Test {
  protected:
    ConsentOfACase() {
        const Outcome opened = bus.submit_one(
            "border-guard", test::opening({"police", "labour", "peoples-committee"}));
        CHECK(opened.state == State::accepted);
        case_id = opened.case_id;
        const std::pair<const char*, Kind> steps[] = {
            {"peoples-committee", Kind::commune_notice},
            {"labour", Kind::initial_check},
            {"labour", Kind::verification_request},
            {"police", Kind::verification_acknowledgement},
            {"police", Kind::verification_result},
            {"police", Kind::victim_certificate},
        };
        for (const auto& [slug, kind] : steps) {
            message::CaseFacts facts;
            if (kind == Kind::verification_result) facts.outcome = message::Outcome::confirmed;
            const Outcome outcome = bus.submit_one(slug, case_draft(kind, case_id, facts));
            CHECK(outcome.state == State::accepted);
        }
        CHECK(bus.catch_up("labour"));
    }

    // By police, so that labour knows of it only by what it is sent.
    void say(message::ConsentState consent) {
        message::CaseFacts facts;
        facts.consent = consent;
        facts.consent_for = {partner};
        ASSERT_EQ(bus.submit_one("police", case_draft(Kind::consent, case_id, facts)).state,
                  State::accepted);
    }
    Draft referral() const {
        message::CaseFacts facts;
        facts.parties = world().ids({"social-protection-centre"});
        Draft made = case_draft(Kind::support_referral, case_id, facts);
        made.sections.emplace_back("limited-view",
                                   test::sample_section("lienthong.fb.LimitedView"));
        return made;
    }
    Outcome refer() { return bus.submit_one("labour", referral()); }
    // What labour is told of it has an altered byte; mend() lets it come again as it is.
    void say_spoiled(message::ConsentState consent) {
        bus.set_tamper([](wire::Command& answer, Bytes&) {
            auto* delivery = std::get_if<message::Delivery>(&answer.body);
            if (delivery == nullptr || delivery->entries.empty()) return;
            for (auto& entry : delivery->entries) entry.sections.at(0).body.back() ^= 1;
            test::sign_delivery(*delivery);
        });
        say(consent);
        ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").doubtful == 1; }));
        bus.set_tamper({});
    }
    void mend() {
        ASSERT_TRUE(bus.catch_up("labour"));
        ASSERT_TRUE(bus.start_node("labour"));
        ASSERT_TRUE(bus.step_until([&] { return bus.status("labour").doubtful == 0; }));
        ASSERT_TRUE(bus.has_alarm("labour", "entry_mended"));
    }
    // Police is a party, the women's union is none.
    void deliver_a_consent_of_an_outsider() {
        message::CaseFacts facts;
        facts.consent = message::ConsentState::given;
        facts.consent_for = {partner};
        bus.set_tamper([this, facts](wire::Command& answer, Bytes&) {
            auto* delivery = std::get_if<message::Delivery>(&answer.body);
            if (delivery == nullptr || delivery->entries.empty()) return;
            auto& last = delivery->entries.back();
            if (last.kind != static_cast<std::uint8_t>(proof::EntryKind::message)) return;
            last = test::signed_entry(bus,
                                      "womens-union",
                                      case_draft(Kind::consent, case_id, facts),
                                      world().ids({"labour", "womens-union"}),
                                      last.position);
            test::sign_delivery(*delivery);
        });
        const std::size_t before = bus.inbox("labour").size();
        ASSERT_EQ(bus.submit_one("police", test::draft(Kind::outreach_report)).state,
                  State::accepted);
        ASSERT_TRUE(bus.catch_up("labour"));
        EXPECT_EQ(bus.inbox("labour").size(), before + 1) << "it came, and it is signed";
    }
    // The referral on a stick: how many messages the bundle has.
    std::size_t referred_by_bundle() {
        bus.hub().cut(world().member("labour").curve.public_key().raw());
        EXPECT_TRUE(
            bus.try_submit("labour", {referral()}, std::chrono::milliseconds{50}).has_value());
        const auto bundle = bus.node("labour").export_bundle([](std::size_t, std::size_t) {});
        EXPECT_TRUE(bundle.has_value());
        return bundle ? bundle->messages : 0;
    }
    bool went_to_the_partner(const Outcome& outcome) {
        bool there = false;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            const auto entry = state.entry(outcome.position).value();
            const auto agencies = state.maybe_class(entry.class_id).value()->agencies;
            there = std::ranges::find(agencies, partner) != agencies.end();
        });
        return there;
    }
    // The broker says that the person agreed. Nothing sealed to the partner may leave.
    void expect_not_believed() {
        bus.set_tamper([this](wire::Command& answer, Bytes&) {
            auto* body = std::get_if<message::QueryAnswer>(&answer.body);
            if (body != nullptr && !body->parties.empty()) body->consented = {partner};
        });
        published = 0;
        const Outcome outcome = refer();
        EXPECT_EQ(outcome.state, State::refused);
        ASSERT_TRUE(outcome.refusal.has_value());
        EXPECT_EQ(outcome.refusal->code, Code::wrong_audience);
        EXPECT_EQ(outcome.refusal->where, "consent");
        EXPECT_EQ(published, 0U);
        EXPECT_TRUE(bus.has_alarm("labour", "unproven_consent"));
    }

    const AgencyId partner = world().id("womens-union");
    CaseId case_id;
    std::size_t published = 0;
    SmallBus bus{{.nodes = {"labour", "police", "border-guard", "peoples-committee"},
                  .tampered_node = "labour",
                  .sent = [this](const wire::Command& request) {
                      if (std::holds_alternative<wire::Publish>(request.body)) ++published;
                  }}};
};

TEST_F(ConsentOfACase, ThatCameToTheNodeOpensTheLimitedViewToThePartner) {
    say(message::ConsentState::given);
    const Outcome outcome = refer();
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_TRUE(went_to_the_partner(outcome));
    EXPECT_TRUE(bus.status("labour").alarms.empty());
}

TEST_F(ConsentOfACase, ThatNobodyGaveIsNotBelievedOfTheBroker) { expect_not_believed(); }

TEST_F(ConsentOfACase, ThatWasWithdrawnIsNotBelievedOfTheBroker) {
    say(message::ConsentState::given);
    say(message::ConsentState::withdrawn);
    ASSERT_TRUE(bus.catch_up("labour"));
    expect_not_believed();
}

TEST_F(ConsentOfACase, ThatComesFromWhoIsNoPartyIsNotBelieved) {
    deliver_a_consent_of_an_outsider();
    expect_not_believed();
}

TEST_F(ConsentOfACase, ThatIsMendedBehindItsWithdrawalOpensNothing) {
    say_spoiled(message::ConsentState::given);
    say(message::ConsentState::withdrawn);
    mend();
    expect_not_believed();
}

TEST_F(ConsentOfACase, ThatWasGivenAgainOutlivesAWithdrawalThatIsMendedLate) {
    say(message::ConsentState::given);
    say_spoiled(message::ConsentState::withdrawn);
    say(message::ConsentState::given);
    mend();
    const Outcome outcome = refer();
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_TRUE(went_to_the_partner(outcome));
}

TEST_F(ConsentOfACase, ThatAPartyGaveGoesOutOnAStick) {
    say(message::ConsentState::given);
    ASSERT_TRUE(bus.catch_up("labour"));
    EXPECT_EQ(referred_by_bundle(), 1U);
}

TEST_F(ConsentOfACase, ThatNoPartyGaveDoesNotGoOutOnAStick) {
    deliver_a_consent_of_an_outsider();
    EXPECT_EQ(referred_by_bundle(), 0U);
}

TEST_F(ConsentOfACase, ThatTheBrokerKeepsToItselfOpensNothing) {
    say(message::ConsentState::given);
    bus.set_tamper([](wire::Command& answer, Bytes&) {
        if (auto* body = std::get_if<message::QueryAnswer>(&answer.body)) body->consented.clear();
    });
    const Outcome outcome = refer();
    EXPECT_EQ(outcome.state, State::refused) << "the broker itself expects the partner";
    EXPECT_FALSE(bus.has_alarm("labour", "unproven_consent"));
}

}  // namespace
}  // namespace lienthong::node
