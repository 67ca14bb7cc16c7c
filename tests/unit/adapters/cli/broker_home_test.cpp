// SPDX-License-Identifier: Apache-2.0
// Commands of a broker's home: asked of the process that runs there, or of its data at rest.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "adapters/cli/broker_api.hpp"
#include "adapters/cli/open_home.hpp"
#include "adapters/cli/run.hpp"
#include "adapters/cli/socket.hpp"
#include "bus/base/file.hpp"
#include "bus/broker/log_page.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

class FakeBroker final : public BrokerApi {
  public:
    bool running() const override { return true; }
    Result<broker::BrokerStatus> status() override {
        return broker::BrokerStatus{entries.size(), Hash{{7}}, 3, 4};
    }
    Result<std::vector<core::Entry>> read_entries(Position from, std::size_t count_max) override {
        ++pages;
        std::vector<core::Entry> page;
        const std::size_t count = std::min(count_max, broker::kPageEntriesMax);
        for (auto at = from; at < entries.size() && page.size() < count; ++at) {
            page.push_back(entries[at]);
        }
        return page;
    }
    Result<broker::BundleReply> import_bundle(
        BytesView file, const broker::Broker::ImportProgress& progress) override {
        if (as_text(file) != "request") return fail(Code::malformed_frame, "no bundle");
        progress(64, 100);
        return broker::BundleReply{
            bytes_of("reply"), AgencyId::of("ag-1"), NodeId::of("node-1"), 5, {1, 2, 3, 4, true}};
    }

    std::vector<core::Entry> entries;
    std::size_t pages = 0;
};

// A broker's home in which a process serves it.
struct ServedBroker {
    ServedBroker() {
        EXPECT_TRUE(write_file(folder.path() / kBrokerFile, as_bytes("")).has_value());
        auto opened = SocketServer::open(
            folder.path() / kBrokerSocketFile,
            [this](const Invocation& asked, const std::function<void(std::string_view)>& progress) {
                BrokerSession session{broker, progress};
                return carry_out(session, asked);
            });
        EXPECT_TRUE(opened.has_value());
        server = std::move(*opened);
    }
    int run(std::vector<std::string> words) {
        around.out.str("");
        words.insert(words.end(), {"--home", folder.path().string(), "--json"});
        return cli::run(words, around.environment);
    }
    Json json() const { return maybe_json(around.out.str()).value(); }

    TemporaryFolder folder;
    FakeBroker broker;
    Surroundings around;
    std::unique_ptr<SocketServer> server;
};

TEST(BrokerHome, IsAskedInTheProcessThatRunsThere) {
    ServedBroker served;
    served.broker.entries.resize(9);
    EXPECT_EQ(served.run({"status"}), 0);
    const Json json = served.json();
    EXPECT_EQ(json.at("role"), "broker");
    EXPECT_EQ(json.at("log_size"), 9);
    EXPECT_EQ(json.at("root"), to_hex(Hash{{7}}.view()));
    EXPECT_EQ(json.at("registry_version"), 3);
    EXPECT_EQ(json.at("policy_version"), 4);
    EXPECT_EQ(json.at("broker_reachable"), true);
    struct stat status{};
    ASSERT_EQ(stat((served.folder.path() / kBrokerSocketFile).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST(BrokerHome, GivesTheLogPageByPageUpToTheNumberAskedFor) {
    ServedBroker served;
    served.broker.entries.resize(600);
    EXPECT_EQ(served.run({"log", "show", "--from", "10", "--max", "300"}), 0);
    const Json entries = served.json().at("entries");
    ASSERT_EQ(entries.size(), 300U);
    EXPECT_EQ(entries.front().at("position"), 10);
    EXPECT_EQ(entries.back().at("position"), 309);
    EXPECT_EQ(served.broker.pages, 2U);
    EXPECT_EQ(served.run({"log", "show", "--from", "590", "--max", "300"}), 0);
    EXPECT_EQ(served.json().at("entries").size(), 10U);
    EXPECT_EQ(served.run({"log", "show", "--max", "0"}), 0);
    EXPECT_TRUE(served.json().at("entries").empty());
    EXPECT_EQ(served.run({"log", "show", "--max", "100000"}), 0);
    EXPECT_EQ(served.run({"log", "show", "--max", "100001"}), 2);
}

TEST(BrokerHome, CarriesOutABundleAndWritesTheReply) {
    ServedBroker served;
    const auto file = served.folder.path() / "request";
    const auto out = served.folder.path() / "reply";
    ASSERT_TRUE(write_file(file, as_bytes("request")).has_value());
    EXPECT_EQ(served.run({"bundle", "import", file.string(), "--out", out.string()}), 0);
    const Json json = served.json();
    EXPECT_EQ(json.at("number"), 5);
    EXPECT_EQ(json.at("receipts"), 1);
    EXPECT_EQ(json.at("accepted"), 2);
    EXPECT_EQ(json.at("refused"), 3);
    EXPECT_EQ(json.at("entries"), 4);
    EXPECT_EQ(json.at("more"), true);
    EXPECT_EQ(as_text(*read_file(out, 100)), "reply");
    EXPECT_EQ(served.around.err.str(), "64/100\n");
    EXPECT_EQ(served.run({"bundle", "import", file.string(), "--out", out.string()}), 5)
        << "never over another file";
    EXPECT_EQ(served.run({"bundle", "import", file.string()}), 2) << "the reply needs a file";
    EXPECT_EQ(served.json().at("error").at("where"), "--out");
}

TEST(BrokerHome, RefusesACommandThatIsNotOfABroker) {
    ServedBroker served;
    EXPECT_EQ(served.run({"inbox"}), 2);
    Invocation invocation;
    invocation.command = "inbox";
    BrokerSession session{served.broker, [](std::string_view) {}};
    EXPECT_EQ(carry_out(session, invocation).exit, 2);
}

TEST(BrokerHome, ThatNeverRanHasAnEmptyLog) {
    TemporaryFolder home;
    SeededRandom random(1);
    auto data = open_broker_data(home.path(), random);
    ASSERT_TRUE(data.has_value());
    EXPECT_FALSE((*data)->running());
    EXPECT_EQ((*data)->status().value().log_size, 0U);
    EXPECT_TRUE((*data)->read_entries(0, 10).value().empty());
}

TEST(BrokerHome, IsReadFromItsDataWhenNobodyRuns) {
    TemporaryFolder folder;
    const auto home = folder.path() / "broker";
    copy_home(made_bus().path() / "broker", home);
    const SystemClock clock;
    SystemRandom random;
    auto loaded = load_broker_home(home, {});
    ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
    loaded->options.control_endpoint = loaded->options.data_endpoint = "tcp://127.0.0.1:0";
    loaded->options.metrics_port.reset();
    auto broker =
        broker::Broker::start(std::move(loaded->options), std::move(loaded->keys), clock, random);
    ASSERT_TRUE(broker.has_value()) << broker.error().detail;
    const auto running = api_of(**broker);
    const broker::BrokerStatus before = running->status().value();
    EXPECT_GT(before.log_size, 0U);
    EXPECT_FALSE(before.root.is_zero());
    EXPECT_EQ(before.registry_version, 1U);
    EXPECT_EQ(before.policy_version, 1U);
    EXPECT_EQ(running->read_entries(0, 100).value().size(), before.log_size);
    EXPECT_EQ(running->read_entries(1, 1).value().size(), 1U);
    EXPECT_TRUE(running->read_entries(before.log_size, 1).value().empty());
    EXPECT_EQ(running->import_bundle(Bytes(10), [](auto, auto) {}).error().code,
              Code::malformed_frame);
    auto held = open_broker_data(home, random);
    ASSERT_FALSE(held.has_value());
    EXPECT_EQ(held.error().code, Code::already_running) << "never beside its owner";

    (*broker)->stop();
    broker->reset();
    auto rest = open_broker_data(home, random);
    ASSERT_TRUE(rest.has_value()) << rest.error().detail;
    const broker::BrokerStatus after = (*rest)->status().value();
    EXPECT_EQ(after.log_size, before.log_size);
    EXPECT_EQ(after.root, before.root);
    EXPECT_EQ(after.registry_version, 1U);
    EXPECT_EQ(after.policy_version, 1U);
    EXPECT_EQ((*rest)->read_entries(0, 100).value().size(), before.log_size);
    const auto refused = (*rest)->import_bundle(Bytes(10), [](auto, auto) {});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Code::unreachable) << "a bundle needs a broker that runs";
}

}  // namespace
}  // namespace lienthong::cli
