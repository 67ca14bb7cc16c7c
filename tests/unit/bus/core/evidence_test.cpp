// SPDX-License-Identifier: Apache-2.0
// What made the parties of a case parties, for the node that asks: as much as policy lets it read,
// on the record before it leaves, and for a stranger nothing.
#include <gtest/gtest.h>

#include <algorithm>

#include "bus/wire/command.hpp"
#include "security/proof/delivered.hpp"
#include "security/proof/merkle.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using message::Kind;
using test::SmallLog;
using test::world;

class EvidenceOfParties : public testing::Test {
  protected:
    explicit EvidenceOfParties(std::function<void(MachineOptions&)> tweak = {})
        : log(std::move(tweak)) {
        id = log.open_case({"police"});
        opening = log.record(id).position;
        message::CaseFacts facts;
        facts.parties = world().ids({"peoples-committee"});
        handover =
            log.accept("border-guard", test::case_draft(Kind::handover_record, id, facts)).second;
        facts.parties = world().ids({"labour"});
        notice = log.accept("peoples-committee", test::case_draft(Kind::commune_notice, id, facts))
                     .second;
    }

    message::Query query() const {
        message::Query made;
        made.kind = message::QueryKind::case_parties;
        made.case_id = id;
        made.head_size = log.size();
        return made;
    }
    message::QueryAnswer ask(std::string_view slug) { return log.query(slug, query()).value(); }
    static std::vector<Position> positions(const message::QueryAnswer& answer) {
        std::vector<Position> found;
        for (const auto& evidence : answer.evidence) found.push_back(evidence.entry.position);
        return found;
    }
    void adopt_without(const std::vector<std::string>& grants) {
        auto policy = world().policy;
        std::erase_if(policy.grants, [&](const policy::Grant& grant) {
            return std::ranges::find(grants, grant.id) != grants.end();
        });
        ASSERT_TRUE(log.adopt(world().policy_document(policy, 2)).has_value());
    }
    std::vector<Entry> recorded() const { return log.entries_of(proof::EntryKind::queried); }

    SmallLog log;
    CaseId id;
    Position opening = 0;
    Position handover = 0;
    Position notice = 0;
};

TEST_F(EvidenceOfParties, IsTheFactsOfWhatMadeThemSoAndStandsInTheLog) {
    const message::Query asked = query();
    Hash root;
    log.look([&](const ReadState& state) { root = proof::root(log.size(), state.tree()).value(); });
    const auto answer = log.query("labour", asked).value();
    EXPECT_EQ(positions(answer), (std::vector{opening, handover, notice}));
    EXPECT_FALSE(answer.more);
    for (const auto& evidence : answer.evidence) {
        ASSERT_EQ(evidence.entry.sections.size(), 1U) << "nothing else of it";
        EXPECT_TRUE(message::parse_facts(evidence.entry.sections.front().body).has_value());
        EXPECT_TRUE(evidence.entry.skipped.empty());
        EXPECT_TRUE(
            proof::verify_inclusion(proof::hash(proof::leaf_of(world().bus, evidence.entry)),
                                    evidence.entry.position,
                                    asked.head_size,
                                    evidence.path,
                                    root));
    }
}

TEST_F(EvidenceOfParties, IsOnlyGivenWhenItIsAskedFor) {
    message::Query asked = query();
    asked.head_size = 0;
    const auto answer = log.query("labour", asked).value();
    EXPECT_EQ(answer.parties, log.record(id).parties);
    EXPECT_TRUE(answer.evidence.empty());
    EXPECT_TRUE(recorded().empty());
}

TEST_F(EvidenceOfParties, LeavesOutWhatPolicyDoesNotLetTheAgencyRead) {
    adopt_without({"parties-read"});
    EXPECT_EQ(positions(ask("labour")), (std::vector{opening, notice}));
    EXPECT_EQ(positions(ask("police")), (std::vector{opening, handover, notice}));
    EXPECT_EQ(positions(ask("peoples-committee")), (std::vector{handover, notice}))
        << "what is its own it may always see";
    EXPECT_EQ(positions(ask("border-guard")), (std::vector{opening, handover}));
}

TEST_F(EvidenceOfParties, IsNotRecordedWhereNoneIsGiven) {
    adopt_without({"parties-read", "intake-read-support", "commune-notice-read"});
    EXPECT_TRUE(ask("labour").evidence.empty());
    EXPECT_TRUE(recorded().empty());
}

TEST_F(EvidenceOfParties, IsLeftOutWhereTheHeadDoesNotCoverIt) {
    message::Query asked = query();
    asked.head_size = notice;
    EXPECT_EQ(positions(log.query("labour", asked).value()), (std::vector{opening, handover}));
    asked.head_size = log.size() + 1;
    EXPECT_TRUE(log.query("labour", asked)->evidence.empty()) << "no head of this log";
}

TEST_F(EvidenceOfParties, GoesOnFromThePositionThatIsNamed) {
    message::Query asked = query();
    asked.from = opening + 1;
    EXPECT_EQ(positions(log.query("labour", asked).value()), (std::vector{handover, notice}));
}

TEST_F(EvidenceOfParties, OfNoCaseAndOfOthersIsRefusedToAStrangerInTheSameBytes) {
    message::Query absent = query();
    absent.case_id.bytes.fill(0x42);
    for (const char* slug : {"social-protection-centre", "fatherland-front", "womens-union"}) {
        const auto existing = log.query(slug, query());
        const auto other = log.query(slug, absent);
        ASSERT_FALSE(existing.has_value());
        ASSERT_FALSE(other.has_value());
        EXPECT_EQ(existing.error().code, Code::forbidden);
        EXPECT_EQ(wire::encode({1, wire::to_failure(existing.error())}),
                  wire::encode({1, wire::to_failure(other.error())}));
    }
    EXPECT_TRUE(recorded().empty());
}

TEST_F(EvidenceOfParties, IsOnTheRecordBeforeItLeavesAndRepeatsAreCounted) {
    const message::Query asked = query();
    log.in_group([&](Group& group) {
        const std::uint64_t before = group.state().log_size();
        ASSERT_TRUE(group.query(SmallLog::session("labour"), asked).value().has_value());
        EXPECT_EQ(group.state().log_size(), before + 1);
    });
    ask("labour");
    ASSERT_EQ(recorded().size(), 1U) << "within fifteen minutes";
    const Queried queried = parse_queried(recorded().front().content).value();
    EXPECT_EQ(queried.agency, log.id("labour"));
    EXPECT_TRUE(queried.officer.empty()) << "the node asked";
    EXPECT_EQ(queried.purpose, Purpose::of("addressing"));
    EXPECT_EQ(queried.case_id, id);
    log.time += 15 * 60 * 1000;
    ask("labour");
    ASSERT_EQ(recorded().size(), 2U);
    EXPECT_EQ(parse_queried(recorded().back().content)->repeats, 1U);
}

class EvidenceInPages : public EvidenceOfParties {
  protected:
    EvidenceInPages()
        : EvidenceOfParties([](MachineOptions& options) { options.evidence_bytes_max = 1; }) {}
};

TEST_F(EvidenceInPages, FitsItsFrameAndTheRestIsAskedForAgain) {
    message::Query asked = query();
    std::vector<Position> found;
    for (bool more = true; more;) {
        const auto answer = log.query("labour", asked).value();
        ASSERT_EQ(answer.evidence.size(), 1U) << "at least one, or nobody would ever get on";
        found.push_back(answer.evidence.front().entry.position);
        asked.from = found.back() + 1;
        more = answer.more;
    }
    EXPECT_EQ(found, (std::vector{opening, handover, notice}));
}

}  // namespace
}  // namespace lienthong::core
