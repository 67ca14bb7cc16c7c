// SPDX-License-Identifier: Apache-2.0
// Deliveries: exactly what is granted, in order, with every omission stated, and case data only
// after its disclosure stands in the log.
#include <gtest/gtest.h>

#include <algorithm>

#include "bus/wire/command.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using message::Kind;
using test::case_draft;
using test::SmallLog;
using test::world;

class Deliveries : public testing::Test {
  protected:
    static std::vector<Position> positions(const message::Delivery& delivery) {
        std::vector<Position> found;
        for (const auto& entry : delivery.entries) {
            if (entry.kind == static_cast<std::uint8_t>(proof::EntryKind::message)) {
                found.push_back(entry.position);
            }
        }
        return found;
    }
    message::Delivery fetch(std::string_view slug, Position from = 0) {
        return log.fetch(slug, from).value();
    }
    // Names of the sections of the one entry at this position.
    static std::vector<std::string> granted(const message::Delivery& delivery, Position position) {
        std::vector<std::string> names;
        for (const auto& entry : delivery.entries) {
            if (entry.position != position) continue;
            for (const auto& section : entry.sections) {
                names.push_back(message::parse_descriptor(section.descriptor)->name);
            }
        }
        return names;
    }
    // Policy without these read grants, as the next version.
    void adopt_policy_without(const std::vector<std::string>& grants, std::uint32_t version) {
        auto policy = world().policy;
        std::erase_if(policy.grants, [&](const policy::Grant& grant) {
            return std::ranges::find(grants, grant.id) != grants.end();
        });
        ASSERT_TRUE(log.adopt(world().policy_document(policy, version)).has_value());
    }
    // So many numbers of one stream of police are refused, for one reason and the other in turn.
    void refuse(std::uint64_t from, std::uint64_t count) {
        for (std::uint64_t first = from; first < from + count; first += 512) {
            std::vector<message::Envelope> batch;
            for (std::uint64_t n = first; n < std::min(first + 512, from + count); ++n) {
                batch.push_back(log.compose("police", test::draft(Kind::outreach_report), {9, n}));
                if (n % 2 == 0) {
                    batch.back().sections.clear();
                } else {
                    batch.back().sections.at(0).body.back() ^= 1;
                }
            }
            ASSERT_TRUE(log.offer("police", 9, first, std::move(batch)).has_value());
        }
    }
    Position accept_as(std::uint64_t number) {
        auto envelope = log.compose("police", test::draft(Kind::outreach_report), {9, number});
        return log.offer("police", 9, number, {std::move(envelope)}).value().first_position;
    }
    // What is stated before the entry at this position; the ranges must follow each other.
    std::vector<message::Skipped> skipped_before(Position position) {
        auto entry = fetch("labour", position).entries.at(0);
        for (std::size_t i = 1; i < entry.skipped.size(); ++i) {
            EXPECT_EQ(entry.skipped[i].first,
                      entry.skipped[i - 1].first + entry.skipped[i - 1].count);
        }
        return entry.skipped;
    }

    SmallLog log;
};

TEST_F(Deliveries, EveryAgencyGetsTheDocumentsOfRecord) {
    const auto delivery = fetch("broadcaster");
    ASSERT_EQ(delivery.entries.size(), 3U);
    EXPECT_EQ(delivery.entries[0].header, world().genesis[0]);
    EXPECT_EQ(delivery.to, log.size());
}

TEST_F(Deliveries, OnlyRecipientsGetAMessageAndTheSenderGetsItsOwnBack) {
    const auto [id, position] = log.accept("police", test::draft(Kind::outreach_report));
    EXPECT_EQ(positions(fetch("labour")), std::vector{position});
    EXPECT_EQ(positions(fetch("police")), std::vector{position});
    EXPECT_TRUE(positions(fetch("information")).empty());
}

TEST_F(Deliveries, ClassesAreMergedInTheOrderOfTheLog) {
    std::vector<Position> expected;
    for (const std::string_view slug :
         {"police", "information", "police", "labour", "information"}) {
        expected.push_back(log.accept(slug, test::draft(Kind::outreach_report)).second);
    }
    EXPECT_EQ(positions(fetch("labour")), expected);
    EXPECT_EQ(positions(fetch("labour", expected[2])),
              (std::vector<Position>(expected.begin() + 2, expected.end())));
}

TEST_F(Deliveries, ASectionWithoutAGrantIsNotThereAtAll) {
    node::Draft draft = log.with_case_id("border-guard", test::opening({"police", "labour"}));
    draft.sections.emplace_back("medical", test::sample_section("lienthong.fb.Medical"));
    const auto position = log.accept("border-guard", draft).second;
    using Names = std::vector<std::string>;
    EXPECT_EQ(granted(fetch("police"), position),
              (Names{"document", "facts", "identity", "circumstances"}));
    EXPECT_EQ(granted(fetch("labour"), position),
              (Names{"document", "facts", "identity", "circumstances", "medical"}));
}

TEST_F(Deliveries, AGrantThatIsGoneByNowHoldsBackWhatWasMeantForTheAgency) {
    const CaseId id = log.open_case({"police", "labour"});
    const Position position = log.record(id).position;
    EXPECT_EQ(positions(fetch("police")), std::vector{position});
    adopt_policy_without({"intake-read-verifier", "parties-read"}, 2);
    EXPECT_TRUE(positions(fetch("police")).empty());
    EXPECT_EQ(positions(fetch("labour")), std::vector{position});
}

TEST_F(Deliveries, TheNextEntryOfAStreamStatesWhatWasRefusedBeforeIt) {
    std::vector<message::Envelope> batch;
    for (std::uint64_t n = 1; n <= 4; ++n) {
        batch.push_back(log.compose("police", test::draft(Kind::outreach_report), {9, n}));
    }
    batch[0].sections.clear();
    batch[2].sections.at(0).body.back() ^= 1;
    ASSERT_TRUE(log.offer("police", 9, 1, std::move(batch)).has_value());
    const auto delivery = fetch("labour");
    ASSERT_EQ(positions(delivery).size(), 2U);
    const auto& second = delivery.entries.at(3);
    const auto& fourth = delivery.entries.at(4);
    EXPECT_EQ(second.skipped, (std::vector<message::Skipped>{{1, 1, Code::malformed_section}}));
    EXPECT_EQ(fourth.skipped, (std::vector<message::Skipped>{{3, 1, Code::bad_digest}}));
}

TEST_F(Deliveries, TheNextEntryOfAStreamStatesWhatNoGrantLetThrough) {
    // In one stream: a report that nobody but labour reads now, then one that it reads again.
    const auto publish = [&](std::uint64_t sequence) {
        const auto envelope =
            log.compose("police", test::draft(Kind::outreach_report), {9, sequence});
        ASSERT_TRUE(log.offer("police", 9, sequence, {envelope}).has_value());
    };
    publish(1);
    const Position cursor = fetch("labour").to;
    publish(2);
    adopt_policy_without({"outreach-read", "outreach-read-partner"}, 2);
    const auto held_back = fetch("labour", cursor);
    EXPECT_TRUE(positions(held_back).empty());
    ASSERT_TRUE(log.adopt(world().policy_document(world().policy, 3)).has_value());
    publish(3);
    const auto after = fetch("labour", held_back.to);
    ASSERT_EQ(positions(after).size(), 1U);
    EXPECT_EQ(after.entries.back().skipped,
              (std::vector<message::Skipped>{{2, 1, Code::forbidden}}));
}

// Whoever was in an audience without being named does not become named by a new policy; who was
// named stays so.
TEST_F(Deliveries, AnAudienceOfEarlierRulesSaysWhomAMessageNames) {
    const auto publish = [&](std::uint64_t sequence, std::vector<AgencyId> partners) {
        node::Draft draft = test::draft(Kind::outreach_report);
        draft.named = std::move(partners);
        auto envelope = log.compose("police", draft, {9, sequence});
        return log.offer("police", 9, sequence, {std::move(envelope)}).value().first_position;
    };
    publish(1, {});
    auto policy = world().policy;
    for (policy::Grant& grant : policy.grants) {
        if (grant.id == "outreach-read") grant.conditions.named = true;
    }
    ASSERT_TRUE(log.adopt(world().policy_document(policy, 2)).has_value());
    EXPECT_TRUE(positions(fetch("labour")).empty());
    const Position named = publish(2, world().ids({"labour"}));
    ASSERT_TRUE(log.adopt(world().policy_document(policy, 3)).has_value());
    EXPECT_EQ(positions(fetch("labour")), std::vector{named});
    ASSERT_TRUE(log.adopt(world().policy_document(world().policy, 4)).has_value());
    EXPECT_EQ(positions(fetch("labour")), std::vector{named}) << "what was passed over stays so";
}

TEST_F(Deliveries, ALongRunOfSkippedNumbersIsStatedWholeInABoundedNumberOfRanges) {
    constexpr std::uint64_t max = message::kEntrySkippedMax;
    accept_as(1);
    refuse(2, max);
    const Position at_max = accept_as(max + 2);
    refuse(max + 3, max + 1);
    const Position above = accept_as(2 * max + 4);
    const auto exact = skipped_before(at_max);
    ASSERT_EQ(exact.size(), max) << "each number with its own reason";
    EXPECT_EQ(exact.front(), (message::Skipped{2, 1, Code::malformed_section}));
    EXPECT_EQ(exact.back(), (message::Skipped{max + 1, 1, Code::bad_digest}));
    for (int again = 0; again < 2; ++again) {
        const auto more = skipped_before(above);
        ASSERT_EQ(more.size(), max);
        EXPECT_EQ(more.front(), (message::Skipped{max + 3, 2, Code::malformed_section}))
            << "the oldest ones in one range, with the reason of the newest of them";
        EXPECT_EQ(more.back().first, 2 * max + 3);
    }
    const auto all = fetch("labour", at_max);
    EXPECT_EQ(all.entries.size(), 2U);
    wire::Delivery sent = all;
    sent.head = "head";
    sent.signature = {1};
    EXPECT_TRUE(
        wire::parse_command(wire::encode({1, std::move(sent)}), wire::kDataBytesMax).has_value());
}

TEST_F(Deliveries, ARunOfOneReasonIsOneRange) {
    for (std::uint64_t n = 1; n <= 3000; n += 1000) {
        std::vector<message::Envelope> batch;
        for (std::uint64_t i = n; i < n + 1000; ++i) {
            batch.push_back(log.compose("police", test::draft(Kind::outreach_report), {9, i}));
            batch.back().sections.clear();
        }
        ASSERT_TRUE(log.offer("police", 9, n, std::move(batch)).has_value());
    }
    EXPECT_EQ(skipped_before(accept_as(3001)),
              (std::vector<message::Skipped>{{1, 3000, Code::malformed_section}}));
}

TEST_F(Deliveries, EndBeforeTheirFrameHasTooManyTables) {
    // Three documents, and reports of one section each.
    const auto entries = [](std::size_t tables_max, Position from) {
        SmallLog small([&](MachineOptions& options) { options.delivery_tables_max = tables_max; });
        for (int i = 0; i < 3; ++i) {
            EXPECT_FALSE(small.verdict("police", test::draft(Kind::outreach_report)).has_value());
        }
        const auto delivery = small.fetch("labour", from).value();
        EXPECT_EQ(delivery.to == small.size(), from + delivery.entries.size() + 1 >= small.size());
        return delivery.entries.size();
    };
    EXPECT_EQ(entries(2 + 3 + 2 * 2, 0), 5U);
    EXPECT_EQ(entries(2 + 3 + 2 * 3 - 1, 0), 5U);
    EXPECT_EQ(entries(2 + 3 + 2 * 3, 0), 6U);
    EXPECT_EQ(entries(0, 4), 1U) << "one entry always fits";
    EXPECT_LT(MachineOptions{}.delivery_tables_max, wire::kTablesMax);
}

TEST_F(Deliveries, LookAtABoundedNumberOfEntriesAndTheNextOneGoesOn) {
    SmallLog small([](MachineOptions& options) { options.delivery_looks_max = 2; });
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(small.verdict("police", test::draft(Kind::outreach_report)).has_value());
    }
    std::vector<Position> got;
    Position from = 0;
    std::size_t fetches = 0;
    while (from < small.size()) {
        const auto delivery = small.fetch("labour", from).value();
        EXPECT_LE(delivery.entries.size(), 2U);
        for (const auto& entry : delivery.entries) got.push_back(entry.position);
        ASSERT_GT(delivery.to, from) << "each one gets further";
        from = delivery.to;
        ++fetches;
    }
    EXPECT_EQ(got, (std::vector<Position>{1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(fetches, 3U);
}

TEST_F(Deliveries, WhatWasHeldBackIsNotDeliveredLaterUnderAWiderGrant) {
    const auto first = log.accept("police", test::draft(Kind::outreach_report)).second;
    const auto had = fetch("labour");
    EXPECT_EQ(positions(had), std::vector{first});
    const auto held_back = log.accept("police", test::draft(Kind::outreach_report)).second;
    adopt_policy_without({"outreach-read", "outreach-read-partner"}, 2);
    EXPECT_TRUE(positions(fetch("labour", had.to)).empty());
    ASSERT_TRUE(log.adopt(world().policy_document(world().policy, 3)).has_value());
    EXPECT_EQ(positions(fetch("labour")), std::vector{first})
        << "what it had it may have again; what was held back stays so";
    EXPECT_EQ(positions(fetch("police")), (std::vector{first, held_back}));
}

TEST_F(Deliveries, CaseDataLeavesOnlyAfterItsDisclosureIsInTheLog) {
    const CaseId id = log.open_case({"police", "labour"});
    const std::uint64_t before = log.size();
    const auto delivery = fetch("police");
    EXPECT_EQ(log.size(), before + 1);
    const auto entries = log.entries_of(proof::EntryKind::delivered);
    ASSERT_EQ(entries.size(), 1U);
    const Delivered record = parse_delivered(entries[0].content).value();
    EXPECT_EQ(record.agency, log.id("police"));
    EXPECT_EQ(record.node, world().member("police").node);
    EXPECT_EQ(record.consumer, "node");
    EXPECT_EQ(record.from, 0U);
    EXPECT_EQ(record.to, delivery.to);
    EXPECT_EQ(record.classes.size(), 1U);
    EXPECT_EQ(record.policy_version, 1U);
    EXPECT_EQ(log.record(id).state, CaseState::received);
}

TEST_F(Deliveries, StatisticsLeaveWithoutAnEntry) {
    log.accept("police", test::draft(Kind::outreach_report));
    const std::uint64_t before = log.size();
    EXPECT_EQ(positions(fetch("labour")).size(), 1U);
    EXPECT_EQ(log.size(), before);
}

TEST_F(Deliveries, CreditLimitsMessagesAndTheRestComesNext) {
    std::vector<Position> expected;
    for (int i = 0; i < 5; ++i) {
        expected.push_back(log.accept("police", test::draft(Kind::outreach_report)).second);
    }
    std::vector<Position> got;
    Position from = 4;  // behind the genesis
    for (int rounds = 0; rounds < 5 && got.size() < 5; ++rounds) {
        const auto delivery = log.fetch("labour", from, 2).value();
        EXPECT_LE(delivery.entries.size(), 2U);
        for (const Position position : positions(delivery)) got.push_back(position);
        from = delivery.to;
    }
    EXPECT_EQ(got, expected);
    EXPECT_TRUE(log.fetch("labour", 0, 0).value().entries.empty());
    EXPECT_EQ(log.fetch("labour", 0, 0).value().to, 1U) << "the first entry still waits";
}

TEST_F(Deliveries, CreditLimitsBytesButOneEntryAlwaysFits) {
    log.accept("police", test::draft(Kind::outreach_report));
    log.accept("police", test::draft(Kind::outreach_report));
    const auto one = log.fetch("labour", 4, 1024, 1).value();
    EXPECT_EQ(one.entries.size(), 1U);
    const auto two = log.fetch("labour", 4).value();
    EXPECT_EQ(two.entries.size(), 2U);
}

TEST_F(Deliveries, ACursorBeyondTheLogIsRollback) {
    EXPECT_TRUE(log.fetch("labour", log.size()).has_value());
    const auto answer = log.fetch("labour", log.size() + 1);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Code::rollback);
}

}  // namespace
}  // namespace lienthong::core
