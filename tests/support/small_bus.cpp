// SPDX-License-Identifier: Apache-2.0
#include "tests/support/small_bus.hpp"

#include <gtest/gtest.h>

#include "bus/base/check.hpp"
#include "bus/core/state.hpp"
#include "security/proof/delivered.hpp"

namespace lienthong::test {
namespace {

// Shows every answer to a test before the node gets it.
class TamperedLink final : public wire::ClientLink {
  public:
    TamperedLink(std::unique_ptr<wire::ClientLink> link, const SmallBusOptions& options)
        : link_(std::move(link)), options_(options) {}

    std::optional<wire::Frames> maybe_receive() override {
        auto frames = link_->maybe_receive();
        if (!frames || !options_.tamper) return frames;
        auto command = wire::parse_command(frames->command, wire::kDataBytesMax);
        CHECK(command.has_value());
        options_.tamper(*command, frames->data);
        frames->command = wire::encode(*command);
        return frames;
    }
    Result<void> send(const wire::Frames& frames) override {
        if (options_.sent) {
            const auto command = wire::parse_command(frames.command, wire::kDataBytesMax);
            CHECK(command.has_value());
            options_.sent(*command);
        }
        return link_->send(frames);
    }
    Result<void> reconnect() override { return link_->reconnect(); }

  private:
    std::unique_ptr<wire::ClientLink> link_;
    const SmallBusOptions& options_;
};

}  // namespace

std::string sign_head(const proof::Head& head) {
    const auto signer = world().log.signer();
    return proof::sign_head(head, *signer).value();
}

void sign_delivery(message::Delivery& delivery) {
    const auto signer = world().log.signer();
    const Bytes statement = proof::encode_statement(proof::statement_of(world().bus, delivery));
    delivery.signature = signer->sign(statement).value();
}

std::shared_ptr<journal::MemoryDisk> copy_of_tables(std::shared_ptr<journal::MemoryDisk> disk,
                                                    std::size_t tables) {
    const auto from = journal::open_memory(std::move(disk));
    const auto read = from->begin_read().value();
    auto copy = journal::make_memory_disk();
    const auto to = journal::open_memory(copy);
    CHECK(to->acquire().has_value());
    const auto write = to->begin_write().value();
    for (std::size_t table = 0; table < tables; ++table) {
        const auto id = static_cast<journal::Table>(table);
        const auto scanned = read->scan(id, {}, [&](BytesView key, BytesView value) {
            CHECK(write->put(id, key, value).has_value());
            return true;
        });
        CHECK(scanned.has_value());
    }
    CHECK(write->commit().has_value());
    return copy;
}

void add_streams(SmallBus& bus,
                 const std::string& slug,
                 std::uint64_t first,
                 std::size_t count,
                 Position newest) {
    const auto txn = bus.broker().journal->begin_write().value();
    core::State state(*txn, bus.broker().vault);
    const auto& member = world().member(slug);
    for (std::size_t i = 0; i < count; ++i) {
        const core::StreamRow row{world().id(slug), member.node, 0, 1, false, newest + i};
        CHECK(state.put_stream(first + i, row).has_value());
    }
    CHECK(txn->commit().has_value());
}

SmallBus::SmallBus(SmallBusOptions options) : options_(std::move(options)), random_(options_.seed) {
    wire::InprocOptions links;
    links.seed = options_.seed + 1;
    hub_ = std::make_unique<wire::InprocHub>(std::move(links));
    CHECK(start_broker());
    for (const std::string& slug : options_.nodes) CHECK(start_node(slug));
}

SmallBus::~SmallBus() = default;

bool SmallBus::start_broker() {
    crash_broker();
    auto made = std::make_unique<BrokerProcess>(random_);
    made->journal = open_disk("", broker_disk_);
    const auto epoch = made->journal->acquire();
    CHECK(epoch.has_value());
    const Clock& clock = clock_of("");
    made->committer = std::make_unique<broker::CommitAgent>(options_.commit,
                                                            made->machine,
                                                            *made->journal,
                                                            *made->log_key,
                                                            *epoch,
                                                            made->to_commit,
                                                            made->outgoing,
                                                            made->published,
                                                            clock,
                                                            made->counters);
    const auto started = made->committer->start(world().genesis);
    if (!started) return false;
    made->verifier =
        std::make_unique<broker::VerifyAgent>(made->to_verify, made->to_commit, made->counters);
    made->door = std::make_unique<broker::LocalDoor>(hub_->server());
    broker::SessionOptions session = options_.session;
    session.bus = world().bus;
    made->session = std::make_unique<broker::SessionAgent>(std::move(session),
                                                           *made->door,
                                                           made->published,
                                                           std::vector{&made->to_verify},
                                                           made->to_commit,
                                                           made->outgoing,
                                                           clock,
                                                           made->counters);
    broker_ = std::move(made);
    return true;
}

void SmallBus::crash_broker() {
    if (!broker_) return;
    broker_.reset();
    hub_->restart_server();
}

void SmallBus::put_broker_disk(std::shared_ptr<journal::MemoryDisk> disk) {
    crash_broker();
    broker_disk_ = std::move(disk);
}

BrokerProcess& SmallBus::broker() {
    CHECK(broker_ != nullptr);
    return *broker_;
}

bool SmallBus::start_node(const std::string& slug) {
    crash_node(slug);
    node::NodeOptions options = world().node_options(slug);
    if (options_.tweak_node) options_.tweak_node(options);
    NodeProcess made;
    made.journal = open_disk(slug, node_disk_shared(slug));
    CHECK(made.journal->acquire().has_value());
    made.link = hub_->connect(world().member(slug).curve.public_key().raw());
    if (slug == options_.tampered_node) {
        made.link = std::make_unique<TamperedLink>(std::move(made.link), options_);
    }
    if (options_.wrap_link) made.link = options_.wrap_link(slug, std::move(made.link));
    node::NodeKeys keys = world().node_keys(slug);
    if (options_.tweak_keys) options_.tweak_keys(slug, keys);
    made.agent = std::make_unique<node::NodeAgent>(
        std::move(options), std::move(keys), *made.journal, *made.link, clock_of(slug), random_);
    if (!made.agent->start()) return false;
    nodes_.insert_or_assign(slug, std::move(made));
    return true;
}

void SmallBus::crash_node(const std::string& slug) {
    const auto found = nodes_.find(slug);
    if (found == nodes_.end()) return;
    found->second.agent.reset();
    nodes_.erase(found);
}

node::NodeAgent* SmallBus::maybe_node(const std::string& slug) {
    const auto found = nodes_.find(slug);
    return found == nodes_.end() ? nullptr : found->second.agent.get();
}

node::NodeAgent& SmallBus::node(const std::string& slug) {
    node::NodeAgent* const found = maybe_node(slug);
    CHECK(found != nullptr);
    return *found;
}

std::shared_ptr<journal::MemoryDisk> SmallBus::node_disk_shared(const std::string& slug) {
    auto& disk = disks_[slug];
    if (!disk) disk = journal::make_memory_disk();
    return disk;
}

journal::MemoryDisk& SmallBus::node_disk(const std::string& slug) {
    return *node_disk_shared(slug);
}

void SmallBus::put_node_disk(const std::string& slug, std::shared_ptr<journal::MemoryDisk> disk) {
    crash_node(slug);
    disks_[slug] = std::move(disk);
}

const Clock& SmallBus::clock_of(const std::string& slug) const {
    return options_.clock_of ? options_.clock_of(slug) : clock_;
}

std::unique_ptr<journal::Journal> SmallBus::open_disk(
    const std::string& slug, std::shared_ptr<journal::MemoryDisk> disk) const {
    return options_.open_disk ? options_.open_disk(slug, std::move(disk))
                              : journal::open_memory(std::move(disk));
}

bool SmallBus::work_node(const std::string& slug) {
    node::NodeAgent& agent = node(slug);
    agent.do_work();
    return !agent.broken();
}

bool SmallBus::work_broker() {
    broker().session->do_work();
    while (broker_->verifier->do_work() != 0) {
    }
    broker_->committer->do_work();
    broker_->session->do_work();
    return !broker_->committer->broken();
}

void SmallBus::step() {
    std::vector<std::string> broken;
    for (auto& [slug, process] : nodes_) {
        if (!work_node(slug)) broken.push_back(slug);
    }
    for (const std::string& slug : broken) crash_node(slug);
    if (broker_ && !work_broker()) crash_broker();
    hub_->step();
    clock_.advance(options_.step);
}

void SmallBus::steps(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) step();
}

bool SmallBus::step_until(const std::function<bool()>& done, std::size_t steps_max) {
    for (std::size_t i = 0; i < steps_max; ++i) {
        if (done()) return true;
        step();
    }
    return done();
}

Result<std::vector<node::Outcome>> SmallBus::try_submit(const std::string& slug,
                                                        std::vector<node::Draft> drafts,
                                                        std::chrono::milliseconds timeout) {
    std::optional<Result<std::vector<node::Outcome>>> answer;
    node(slug).submit(std::move(drafts), clock_.monotonic() + timeout, [&](auto outcomes) {
        answer = std::move(outcomes);
    });
    const std::size_t steps_max = static_cast<std::size_t>(timeout / options_.step) + 2;
    step_until([&] { return answer.has_value() || maybe_node(slug) == nullptr; }, steps_max);
    CHECK(answer.has_value());
    return std::move(*answer);
}

std::vector<node::Outcome> SmallBus::submit(const std::string& slug,
                                            std::vector<node::Draft> drafts) {
    auto outcomes = try_submit(slug, std::move(drafts));
    EXPECT_TRUE(outcomes.has_value())
        << info(outcomes.error().code).name << " " << outcomes.error().where;
    return outcomes ? std::move(*outcomes) : std::vector<node::Outcome>{};
}

node::Outcome SmallBus::submit_one(const std::string& slug, node::Draft draft) {
    std::vector<node::Draft> drafts;
    drafts.push_back(std::move(draft));
    auto outcomes = submit(slug, std::move(drafts));
    return outcomes.empty() ? node::Outcome{} : std::move(outcomes.front());
}

node::Status SmallBus::status(const std::string& slug) {
    std::optional<Result<node::Status>> answer;
    node(slug).status(clock_.monotonic(), [&](auto status) { answer = std::move(status); });
    CHECK(step_until([&] { return answer.has_value(); }));
    CHECK(answer->has_value());
    return std::move(**answer);
}

bool SmallBus::has_alarm(const std::string& slug, std::string_view beginning) {
    for (const std::string& alarm : status(slug).alarms) {
        if (alarm.starts_with(beginning)) return true;
    }
    return false;
}

bool SmallBus::catch_up(const std::string& slug) {
    std::uint64_t size = 0;
    look([&](const core::ReadState& state, const journal::ReadTxn&) { size = state.log_size(); });
    bool there = false;
    bool answered = false;
    node(slug).catch_up(
        size - 1, clock_.monotonic() + std::chrono::minutes{2}, [&](Result<void> result) {
            answered = true;
            there = result.has_value();
        });
    step_until([&] { return answered; }, 10'000);
    return there;
}

std::vector<node::InboxEntry> SmallBus::inbox(const std::string& slug) {
    auto entries = node(slug).consume(0, 100'000);
    CHECK(entries.has_value());
    return std::move(*entries);
}

Result<Position> SmallBus::adopt(const std::string& slug, const Bytes& document) {
    std::optional<Result<Position>> answer;
    node(slug).adopt(document, clock_.monotonic() + std::chrono::minutes{1}, [&](auto position) {
        answer = std::move(position);
    });
    CHECK(step_until([&] { return answer.has_value(); }, 10'000));
    return std::move(*answer);
}

Result<broker::BundleReply> SmallBus::import_bundle(BytesView file) {
    auto import = broker::BundleImport::begin(
        file, world().bus, broker().published.get(), clock_.wall(), ++visits_, reply_bytes_max);
    if (!import) return std::unexpected(import.error());
    step_until([&] {
        import->do_work(*broker().door, clock_.monotonic());
        return import->done() || import->failed().has_value();
    });
    if (import->failed()) return std::unexpected(*import->failed());
    CHECK(import->done());
    return import->reply(*world().log.signer(), clock_.wall());
}

void SmallBus::look(
    const std::function<void(const core::ReadState&, const journal::ReadTxn&)>& at) {
    const auto journal = journal::open_memory(broker_disk_);
    const auto txn = journal->begin_read();
    CHECK(txn.has_value());
    core::Vault vault(TestWorld::master(""), random_);
    at(core::ReadState(**txn, vault), **txn);
}

}  // namespace lienthong::test
