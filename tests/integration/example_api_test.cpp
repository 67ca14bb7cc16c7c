// SPDX-License-Identifier: Apache-2.0
// The example of the C++ interface, on a real broker and real nodes: threads, CURVE over loopback,
// LMDB in a temporary folder.
#include <gtest/gtest.h>

#include <thread>

#include "bus/broker/broker.hpp"
#include "examples/api/publish_and_consume.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_world.hpp"

namespace lienthong {
namespace {

using examples::publish_and_consume;
using test::world;

// Runs as the system's clock does, but in the year of the world's documents.
class ShiftedClock final : public Clock {
  public:
    Millis wall() const override {
        using std::chrono::duration_cast;
        const auto passed = system_.monotonic() - start_;
        return test::kNow + duration_cast<std::chrono::milliseconds>(passed).count();
    }
    Monotonic monotonic() const override { return system_.monotonic(); }

  private:
    SystemClock system_;
    Monotonic start_ = system_.monotonic();
};

class ExampleApi : public testing::Test {
  protected:
    void SetUp() override {
        broker::BrokerOptions options;
        options.bus = world().bus;
        options.data_directory = folder.path() / "broker";
        options.pinned_administrators = world().pinned;
        options.genesis = world().genesis;
        broker::BrokerKeys keys{
            world().log.signer(),
            {world().broker_curve.public_key().raw(), world().broker_curve.raw()},
            test::TestWorld::master(""),
            world().log.signer()};
        auto started = broker::Broker::start(std::move(options), std::move(keys), clock, random);
        ASSERT_TRUE(started.has_value()) << started.error().detail;
        broker = std::move(*started);
        police = start("police");
        labour = start("labour");
    }
    std::unique_ptr<node::Node> start(const std::string& slug) {
        node::NodeOptions options = world().node_options(slug);
        options.data_directory = folder.path() / slug;
        options.control_endpoint = broker->control_endpoint();
        options.data_endpoint = broker->data_endpoint();
        auto started =
            node::Node::start(std::move(options), world().node_keys(slug), clock, random);
        EXPECT_TRUE(started.has_value()) << started.error().detail;
        return std::move(*started);
    }

    test::TemporaryFolder folder;
    ShiftedClock clock;
    SystemRandom random;
    std::unique_ptr<broker::Broker> broker;
    std::unique_ptr<node::Node> police;
    std::unique_ptr<node::Node> labour;
    const std::string report =
        R"({"figures": [{"activity": "leaflet", "low": 22000, "high": 22000, "qualifier": "exact",)"
        R"("stock_or_flow": "flow", "as_of": "2021-12-14"}]})";
};

TEST_F(ExampleApi, PublishesOnceAndReadsItBack) {
    const auto first = publish_and_consume(*police, "figure-1", report, 0);
    ASSERT_TRUE(first.has_value()) << info(first.error().code).name;
    EXPECT_EQ(first->kinds, std::vector<std::string>{"outreach-report"});
    EXPECT_EQ(first->next, first->position + 1);
    const auto again = publish_and_consume(*police, "figure-1", report, first->next);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->published, first->published);
    EXPECT_TRUE(again->kinds.empty());

    ASSERT_TRUE(labour->catch_up(first->position, std::chrono::seconds{30}).has_value());
    const auto arrived = labour->consume(0, 10);
    ASSERT_TRUE(arrived.has_value());
    ASSERT_EQ(arrived->size(), 1U);
    const auto section = labour->section(first->published, "report");
    ASSERT_TRUE(section.has_value());
    const auto verified = labour->verify(first->published, std::chrono::seconds{30});
    ASSERT_TRUE(verified.has_value());
    EXPECT_TRUE(verified->signature && verified->receipt && verified->consistency &&
                verified->commitments);
}

TEST_F(ExampleApi, SaysWhichFieldIsWrong) {
    const auto wrong = publish_and_consume(*police, "figure-1", R"({"figures": 7})", 0);
    ASSERT_FALSE(wrong.has_value());
    EXPECT_EQ(wrong.error().errc(), Errc::malformed);
}

TEST_F(ExampleApi, AnotherTextUnderTheKeyIsKeyConflict) {
    ASSERT_TRUE(publish_and_consume(*police, "figure-1", report, 0).has_value());
    std::string other = report;
    other.replace(other.find("2021-12-14"), 10, "2021-12-15");
    const auto conflict = publish_and_consume(*police, "figure-1", other, 0);
    ASSERT_FALSE(conflict.has_value());
    EXPECT_EQ(conflict.error().code, Code::key_conflict);
}

TEST_F(ExampleApi, AStoppedNodeAnswersThatItHasStopped) {
    police->stop();
    const auto stopped = publish_and_consume(*police, "figure-1", report, 0);
    ASSERT_FALSE(stopped.has_value());
}

TEST_F(ExampleApi, BundlesGoThroughTheBrokersThreadsBesideItsConnections) {
    const auto quiet = [](std::size_t, std::size_t) {};
    ASSERT_TRUE(publish_and_consume(*police, "figure-1", report, 0).has_value());
    std::jthread beside([&] {
        for (int i = 0; i < 5; ++i) {
            const auto sent =
                publish_and_consume(*labour, "beside-" + std::to_string(i), report, 0);
            EXPECT_TRUE(sent.has_value());
        }
    });
    for (std::uint64_t number = 1; number <= 5; ++number) {
        const auto bundle = police->export_bundle(quiet);
        ASSERT_TRUE(bundle.has_value());
        const auto reply = broker->import_bundle(bundle->file, quiet);
        ASSERT_TRUE(reply.has_value()) << info(reply.error().code).name;
        EXPECT_EQ(reply->number, number);
        const auto taken = police->import_bundle(reply->file, quiet);
        // The connection may have brought more meanwhile: then the reply is old, and says so.
        EXPECT_TRUE(taken.has_value() || taken.error().code == Code::rollback)
            << info(taken.error().code).name;
        EXPECT_GE(broker->status().log_size, 5U);
    }
    beside.join();
    const auto status = police->status(std::chrono::seconds{10});
    ASSERT_TRUE(status.has_value());
    EXPECT_TRUE(status->alarms.empty());
}

}  // namespace
}  // namespace lienthong
