// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "adapters/cli/commands.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

const std::vector<std::string> kBench = {
    "bench", "--yes-this-is-a-test-bus", "--count", "25", "--in-flight", "10", "--size", "512"};

// A node of a bus of this name; nothing else of it differs from the example's.
void rename_bus(FakeSession& session, std::string_view name) {
    auto data = session.api.documents_in_force.registry->data();
    data.bus = BusId::of(name);
    auto registry = registry::Registry::build(std::move(data));
    ASSERT_TRUE(registry.has_value());
    session.api.documents_in_force.registry =
        std::make_shared<const registry::Registry>(std::move(*registry));
}

TEST(Bench, OnATestBusPublishesAllOfItAndTellsRatesAndPercentiles) {
    FakeSession session;
    rename_bus(session, "ninh-binh-test");
    const Answer answer = session.run(kBench);
    EXPECT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(session.api.drafts.size(), 25U);
    EXPECT_EQ(session.api.submits, 3U);  // windows of 10, 10 and 5
    EXPECT_EQ(answer.body["count"], 25);
    EXPECT_EQ(answer.body["size"], 512);
    EXPECT_TRUE(answer.body["ack_p999_us"].is_number_integer());
    EXPECT_TRUE(answer.body["messages_per_second"].is_null());  // the clock stood still
}

TEST(Bench, IsOfAKindThatNoReportAddsUpAndAsLargeAsWasAsked) {
    FakeSession session;
    rename_bus(session, "test");
    session.run(kBench);
    const node::Draft& draft = session.api.drafts.at(0);
    EXPECT_EQ(draft.kind, message::Kind::plan_published);
    ASSERT_EQ(draft.sections.size(), 1U);
    EXPECT_LE(draft.sections[0].second.size(), 512U + 32U);
    EXPECT_GE(draft.sections[0].second.size(), 512U - 32U);
}

TEST(Bench, RefusesABusThatDoesNotCallItselfATestBus) {
    for (const char* name : {"ninh-binh-2021", "latest", "test2", "contest-a"}) {
        FakeSession session;
        rename_bus(session, name);
        const Answer answer = session.run(kBench);
        EXPECT_EQ(answer.body["error"]["code"], "forbidden") << name;
        EXPECT_TRUE(session.api.drafts.empty()) << name;
    }
    EXPECT_TRUE(is_test_bus(BusId::of("a-test-b")));
}

TEST(Bench, WantsToBeToldThatItIsATestBus) {
    FakeSession session;
    rename_bus(session, "ninh-binh-test");
    const Answer answer = session.run({"bench", "--count", "5"});
    EXPECT_EQ(answer.body["error"]["code"], "bad_argument");
    EXPECT_TRUE(session.api.drafts.empty());
}

TEST(Bench, TakesEachNumberUpToItsLimit) {
    for (const auto& [option, most] : {std::pair("--count", 100'000),
                                       std::pair("--size", 16'384),
                                       std::pair("--in-flight", 1024)}) {
        FakeSession session;
        rename_bus(session, "ninh-binh-test");
        const std::vector<std::string> words = {"bench", "--yes-this-is-a-test-bus", option};
        auto above = words;
        above.push_back(std::to_string(most + 1));
        EXPECT_EQ(session.run(above).body["error"]["code"], "bad_argument") << option;
        EXPECT_TRUE(session.api.drafts.empty());
        if (std::string_view(option) == "--count") continue;  // takes long
        auto at = words;
        at.push_back(std::to_string(most));
        EXPECT_EQ(session.run(at).exit, 0) << option;
    }
}

TEST(Bench, EndsWithTheReasonWhenAMessageIsRefusedOrWaits) {
    FakeSession session;
    rename_bus(session, "ninh-binh-test");
    session.api.state = node::Outcome::State::refused;
    session.api.refusal = Error{Code::forbidden, {}, {}, "publish plan-published"};
    EXPECT_EQ(session.run(kBench).body["error"]["code"], "forbidden");
    session.api.state = node::Outcome::State::waiting;
    session.api.refusal = std::nullopt;
    session.api.waits_for = Code::disk_full;
    EXPECT_EQ(session.run(kBench).body["error"]["code"], "disk_full");
}

TEST(Bench, SaysItInBothLanguages) {
    FakeSession session;
    rename_bus(session, "ninh-binh-test");
    const Answer answer = session.run(kBench);
    EXPECT_NE(render_bench(answer.body, Lang::vi).find("Được xác nhận"), std::string::npos);
    EXPECT_NE(render_bench(answer.body, Lang::en).find("Acknowledged"), std::string::npos);
}

}  // namespace
}  // namespace lienthong::cli
