// SPDX-License-Identifier: Apache-2.0
// Queries: who may ask, what is put on the record, and what a stranger learns (nothing).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bus/wire/command.hpp"
#include "tests/support/small_log.hpp"
#include "tests/support/watched_journal.hpp"

namespace lienthong::core {
namespace {

using message::QueryKind;
using test::Accesses;
using test::SmallLog;
using test::world;

class Queries : public testing::Test {
  protected:
    static message::Query query(QueryKind kind,
                                const CaseId& case_id,
                                std::string_view officer = "o-cat-01",
                                std::string_view purpose = "verification") {
        message::Query made;
        made.kind = kind;
        made.case_id = case_id;
        made.officer = OfficerId::of(officer);
        made.purpose = Purpose::of(purpose);
        made.count_max = 100;
        return made;
    }
    // The answer as it would travel.
    static Bytes bytes(const test::Answer<message::QueryAnswer>& answer) {
        return answer ? wire::encode({1, *answer})
                      : wire::encode({1, wire::to_failure(answer.error())});
    }
    static CaseId nobodys() {
        CaseId id;
        id.bytes.fill(0x42);
        return id;
    }
    std::size_t queried() const { return log.entries_of(proof::EntryKind::queried).size(); }

    SmallLog log;
};

TEST_F(Queries, APartysOfficerSeesStatusListTimelineAndParties) {
    const CaseId id = log.open_case();
    log.move_case(id, CaseState::notified);
    const auto status = log.query("police", query(QueryKind::case_status, id));
    ASSERT_TRUE(status.has_value());
    ASSERT_EQ(status->cases.size(), 1U);
    EXPECT_EQ(status->cases[0].state, "notified");
    EXPECT_EQ(status->cases[0].position, log.record(id).position);
    const auto timeline = log.query("police", query(QueryKind::case_timeline, id));
    ASSERT_TRUE(timeline.has_value());
    EXPECT_EQ(timeline->steps.size(), 2U);
    const auto list = log.query("police", query(QueryKind::case_list, {}));
    ASSERT_TRUE(list.has_value());
    EXPECT_EQ(list->cases.size(), 1U);
    const auto parties = log.query("police", query(QueryKind::case_parties, id, "", ""));
    ASSERT_TRUE(parties.has_value());
    EXPECT_EQ(parties->parties, log.record(id).parties);
}

TEST_F(Queries, AListComesInPagesWithoutGaps) {
    std::set<CaseId> ids;
    for (int i = 0; i < 5; ++i) ids.insert(log.open_case());
    std::set<CaseId> listed;
    message::Query page = query(QueryKind::case_list, {});
    page.count_max = 2;
    for (bool more = true; more;) {
        const auto answer = log.query("police", page);
        ASSERT_TRUE(answer.has_value());
        ASSERT_LE(answer->cases.size(), 2U);
        for (const auto& row : answer->cases) listed.insert(row.case_id);
        more = answer->more;
        if (more) page.case_id = answer->cases.back().case_id;
    }
    EXPECT_EQ(listed, ids);
}

TEST_F(Queries, TheAnswerToAStrangerIsTheSameBytesForExistingAbsentAndOthersCases) {
    const CaseId theirs = log.open_case({"police", "labour"});
    for (const QueryKind kind :
         {QueryKind::case_status, QueryKind::case_timeline, QueryKind::case_parties}) {
        for (const auto& [slug, officer] : {std::pair("peoples-committee", "o-xa-01"),
                                            {"social-protection-centre", "o-bt-01"},
                                            {"fatherland-front", "o-mt-01"},
                                            {"information", "o-tt-01"}}) {
            const auto existing = log.query(slug, query(kind, theirs, officer));
            ASSERT_FALSE(existing.has_value());
            EXPECT_EQ(existing.error().code, Code::forbidden);
            EXPECT_EQ(bytes(existing), bytes(log.query(slug, query(kind, nobodys(), officer))));
        }
    }
    EXPECT_EQ(queried(), 0U) << "a refused query names no case in the log";
}

// Time cannot be tested; what takes time can: the accesses to the store and their order.
TEST(Strangers, CauseTheSameAccessesToTheStoreForExistingAndAbsentCases) {
    Accesses accesses;
    SmallLog log({}, test::watched_memory_journal(accesses));
    CaseId absent;
    absent.bytes.fill(0x42);
    const CaseId theirs = log.open_case({"police", "labour"});
    const auto accesses_of = [&](const auto& act) {
        accesses.clear();
        act();
        return std::exchange(accesses, {});
    };
    for (const QueryKind kind :
         {QueryKind::case_status, QueryKind::case_timeline, QueryKind::case_parties}) {
        message::Query asked;
        asked.kind = kind;
        asked.officer = OfficerId::of("o-xa-01");
        asked.purpose = Purpose::of("verification");
        asked.count_max = 100;
        const auto ask = [&](const CaseId& id) {
            asked.case_id = id;
            return accesses_of([&] { (void)log.query("peoples-committee", asked); });
        };
        (void)ask(absent);  // the minute's first denial makes a row
        const auto of_existing = ask(theirs);
        EXPECT_FALSE(of_existing.empty());
        EXPECT_EQ(of_existing, ask(absent));
    }
    const auto publish = [&](const CaseId& id) {
        node::Scene scene = log.scene("peoples-committee", node::Draft{});
        scene.knowledge = {{1, 1, Hash{}}, world().ids({"border-guard", "police"}), {}};
        const std::uint64_t stream = log.new_stream();
        auto notice =
            log.compose(test::case_draft(message::Kind::commune_notice, id), scene, {stream, 1});
        Accesses made = accesses_of([&] {
            const auto receipt = log.offer("peoples-committee", stream, 1, {std::move(notice)});
            ASSERT_TRUE(receipt.has_value());
            EXPECT_EQ(receipt->verdicts[0].refused, Code::forbidden);
        });
        // How many subtrees an entry completes is a matter of its position alone.
        std::erase_if(made, [](const std::string& access) { return access.ends_with(" 1"); });
        return made;
    };
    (void)publish(absent);
    const auto of_existing = publish(theirs);
    EXPECT_FALSE(of_existing.empty());
    EXPECT_EQ(of_existing, publish(absent));
}

TEST_F(Queries, AnOfficerWithoutTheFunctionIsForbiddenBeforeAnyCaseIsRead) {
    const CaseId id = log.open_case();
    const auto unknown = log.query("police", query(QueryKind::case_status, id, "o-nobody"));
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().code, Code::forbidden);
    EXPECT_EQ(unknown.error().grant_missing, "officer with the function query");
    const auto drafter = log.query("labour", query(QueryKind::case_status, id, "o-ldh-01"));
    EXPECT_EQ(bytes(drafter), bytes(unknown));
}

TEST_F(Queries, APurposeWithoutAGrantIsForbidden) {
    const CaseId id = log.open_case();
    const auto curious =
        log.query("police", query(QueryKind::case_status, id, "o-cat-01", "gossip"));
    ASSERT_FALSE(curious.has_value());
    EXPECT_EQ(curious.error().code, Code::forbidden);
    EXPECT_FALSE(curious.error().grant_missing.empty()) << "this grant does not depend on the case";
}

TEST_F(Queries, TheFirstInFifteenMinutesIsOnTheRecordAndRepeatsAreCounted) {
    const CaseId id = log.open_case();
    const message::Query status = query(QueryKind::case_status, id);
    ASSERT_TRUE(log.query("police", status).has_value());
    EXPECT_EQ(queried(), 1U);
    log.time += 15 * 60 * 1000 - 1;
    ASSERT_TRUE(log.query("police", status).has_value());
    ASSERT_TRUE(log.query("police", status).has_value());
    EXPECT_EQ(queried(), 1U);
    ASSERT_TRUE(log.query("police", query(QueryKind::case_status, id, "o-cat-02")).has_value());
    EXPECT_EQ(queried(), 2U) << "another officer";
    log.time += 1;
    ASSERT_TRUE(log.query("police", status).has_value());
    const auto entries = log.entries_of(proof::EntryKind::queried);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(parse_queried(entries[0].content)->repeats, 0U);
    const Queried last = parse_queried(entries[2].content).value();
    EXPECT_EQ(last.repeats, 2U);
    EXPECT_EQ(last.officer, OfficerId::of("o-cat-01"));
    EXPECT_EQ(last.case_id, id);
}

TEST_F(Queries, AListNamesTheCasesThatItShowsOnTheRecord) {
    const CaseId first = log.open_case();
    const CaseId second = log.open_case();
    std::vector<CaseId> both{first, second};
    std::ranges::sort(both);
    const message::Query list = query(QueryKind::case_list, {});
    ASSERT_EQ(log.query("police", list)->cases.size(), 2U);
    auto entries = log.entries_of(proof::EntryKind::queried);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(parse_queried(entries[0].content)->shown,
              (std::vector<Queried::Shown>{{both[0], 0}, {both[1], 0}}));
    EXPECT_TRUE(parse_queried(entries[0].content)->case_id.is_none());

    ASSERT_TRUE(log.query("police", list).has_value());
    ASSERT_TRUE(log.query("police", query(QueryKind::case_status, first)).has_value());
    EXPECT_EQ(queried(), 1U) << "within 15 minutes, of cases that were shown";
    const CaseId third = log.open_case();
    ASSERT_TRUE(log.query("police", list).has_value());
    entries = log.entries_of(proof::EntryKind::queried);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(parse_queried(entries[1].content)->shown, (std::vector<Queried::Shown>{{third, 0}}));
    EXPECT_EQ(parse_queried(entries[1].content)->repeats, 2U);

    log.time += 15 * 60 * 1000;
    message::Query page = list;
    page.count_max = 2;
    ASSERT_TRUE(log.query("police", page)->more);
    entries = log.entries_of(proof::EntryKind::queried);
    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(parse_queried(entries[2].content)->shown.size(), 2U) << "not what no page showed";
}

TEST_F(Queries, AListCarriesTheRepeatsThatWereCountedOfEachCase) {
    const CaseId id = log.open_case();
    const message::Query status = query(QueryKind::case_status, id);
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(log.query("police", status).has_value());
    log.time += 15 * 60 * 1000;
    ASSERT_TRUE(log.query("police", query(QueryKind::case_list, {})).has_value());
    const auto entries = log.entries_of(proof::EntryKind::queried);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(parse_queried(entries[1].content)->shown, (std::vector<Queried::Shown>{{id, 5}}));
}

TEST_F(Queries, TheQueryStandsInTheLogBeforeItsAnswerIsMade) {
    const CaseId id = log.open_case();
    log.in_group([&](Group& group) {
        const std::uint64_t before = group.state().log_size();
        ASSERT_TRUE(group.query(SmallLog::session("police"), query(QueryKind::case_status, id))
                        .value()
                        .has_value());
        EXPECT_EQ(group.state().log_size(), before + 1);
    });
}

TEST_F(Queries, ANodeThatPreparesAMessageIsNotAnOfficerAsking) {
    const CaseId id = log.open_case();
    ASSERT_TRUE(log.query("police", query(QueryKind::case_parties, id, "", "")).has_value());
    EXPECT_EQ(queried(), 0U);
}

TEST_F(Queries, ANodeThatPreparesAMessageLearnsWhomToAddressAndNotHowTheCaseStands) {
    const CaseId id = log.open_case();
    message::CaseFacts facts;
    facts.holder = log.id("labour");
    facts.due = test::kNow + test::kDay;
    log.accept("peoples-committee", test::case_draft(message::Kind::commune_notice, id, facts));
    const CaseRecord record = log.record(id);
    const auto answer = log.query("police", query(QueryKind::case_parties, id, "", ""));
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->cases.size(), 1U);
    const message::CaseRow& row = answer->cases.front();
    EXPECT_EQ(row.case_id, id);
    EXPECT_EQ(row.epoch, record.epoch);
    EXPECT_EQ(row.position, record.position);
    EXPECT_EQ(row.leaf, record.leaf);
    EXPECT_EQ(row.state, "");
    EXPECT_TRUE(row.holder.empty());
    EXPECT_EQ(row.due, 0);
    EXPECT_EQ(row.since, 0);
    EXPECT_EQ(answer->parties, record.parties);
    EXPECT_TRUE(answer->steps.empty());
}

TEST_F(Queries, DenialsAreCountedForAMinuteAndWrittenOnce) {
    const CaseId id = log.open_case({"police", "labour"});
    for (int i = 0; i < 4; ++i) {
        ASSERT_FALSE(log.query("information", query(QueryKind::case_status, id, "o-tt-01")));
    }
    EXPECT_TRUE(log.entries_of(proof::EntryKind::denied).empty());
    log.time += 60'000;
    ASSERT_FALSE(log.query("information", query(QueryKind::case_status, nobodys(), "o-tt-01")));
    const auto entries = log.entries_of(proof::EntryKind::denied);
    ASSERT_EQ(entries.size(), 1U);
    const Denied denied = parse_denied(entries[0].content).value();
    EXPECT_EQ(denied.agency, log.id("information"));
    EXPECT_EQ(denied.rule, "query");
    EXPECT_EQ(denied.count, 4U);
}

}  // namespace
}  // namespace lienthong::core
