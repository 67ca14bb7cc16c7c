// SPDX-License-Identifier: Apache-2.0
// SmallBus: broker and nodes of a few agencies in one thread, stepped by hand: in-process links,
// memory journals, one manual clock, one seeded generator. Broker and nodes can crash between any
// two steps, and in their commits; they restart on the disks that they left.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/broker/bundle_import.hpp"
#include "bus/broker/commit_agent.hpp"
#include "bus/broker/local_door.hpp"
#include "bus/broker/session_agent.hpp"
#include "bus/broker/verify_agent.hpp"
#include "bus/journal/memory_journal.hpp"
#include "bus/node/agent.hpp"
#include "bus/wire/inproc_link.hpp"
#include "tests/support/test_world.hpp"

namespace lienthong::test {

struct SmallBusOptions {
    std::uint64_t seed = 1;
    std::vector<std::string> nodes = {"labour", "police", "border-guard"};  // started at once
    std::chrono::milliseconds step{50};
    broker::CommitOptions commit{.reserve_bytes = 0};
    broker::SessionOptions session = {};  // all but the bus
    // Applied to each node's options when it starts.
    std::function<void(node::NodeOptions&)> tweak_node = {};
    // Applied to each node's keys when it starts: after a rotation.
    std::function<void(const std::string& slug, node::NodeKeys&)> tweak_keys = {};
    // What comes to this node is shown to `tamper` first: the broker that nobody should trust.
    std::string tampered_node = {};
    std::function<void(wire::Command& answer, Bytes& data)> tamper = {};
    // What that node sends is shown to `sent`.
    std::function<void(const wire::Command& request)> sent = {};
    // For the simulator, by the node's slug, "" for the broker: a clock of its own instead of the
    // bus's; a journal that fails on purpose; what stands between a node and its connection.
    std::function<const Clock&(const std::string& slug)> clock_of = {};
    std::function<std::unique_ptr<journal::Journal>(const std::string& slug,
                                                    std::shared_ptr<journal::MemoryDisk> disk)>
        open_disk = {};
    std::function<std::unique_ptr<wire::ClientLink>(const std::string& slug,
                                                    std::unique_ptr<wire::ClientLink> link)>
        wrap_link = {};
};

// As the broker would sign them: for tests of a broker that lies.
std::string sign_head(const proof::Head& head);
void sign_delivery(message::Delivery& delivery);
// A copy of a disk's tables, as a backup of the node would be.
std::shared_ptr<journal::MemoryDisk> copy_of_tables(std::shared_ptr<journal::MemoryDisk> disk,
                                                    std::size_t tables);

class SmallBus;
// So many streams of one message each at the broker, as if the agency's node had sent it: ids from
// `first`, positions of their entries from `newest` on.
void add_streams(SmallBus& bus,
                 const std::string& slug,
                 std::uint64_t first,
                 std::size_t count,
                 Position newest);

// The broker's process: what a crash takes away.
struct BrokerProcess {
    explicit BrokerProcess(Random& random)
        : vault(TestWorld::master(""), random),
          machine({.bus = world().bus, .pinned_administrators = world().pinned}, vault),
          log_key(world().log.signer()) {}

    core::Vault vault;
    core::Machine machine;
    std::unique_ptr<keys::Signer> log_key;
    std::unique_ptr<journal::Journal> journal;
    broker::Counters counters;
    broker::LatestPublished published;
    broker::WorkQueue to_verify{broker::kInFlightMax};
    broker::WorkQueue to_commit{broker::kInFlightMax};
    broker::OutgoingQueue outgoing{broker::kInFlightMax};
    std::unique_ptr<broker::LocalDoor> door;
    std::unique_ptr<broker::SessionAgent> session;
    std::unique_ptr<broker::VerifyAgent> verifier;
    std::unique_ptr<broker::CommitAgent> committer;
};

class SmallBus {
  public:
    explicit SmallBus(SmallBusOptions options = {});
    ~SmallBus();

    ManualClock& clock() { return clock_; }
    SeededRandom& random() { return random_; }
    wire::InprocHub& hub() { return *hub_; }

    // False if a fault of the disk ended the start; then it is down.
    bool start_broker();
    void crash_broker();
    void put_broker_disk(std::shared_ptr<journal::MemoryDisk> disk);
    void set_tamper(std::function<void(wire::Command& answer, Bytes& data)> tamper) {
        options_.tamper = std::move(tamper);
    }
    void set_keys(std::function<void(const std::string& slug, node::NodeKeys&)> tweak) {
        options_.tweak_keys = std::move(tweak);
    }
    BrokerProcess* maybe_broker() { return broker_.get(); }
    BrokerProcess& broker();
    journal::MemoryDisk& broker_disk() { return *broker_disk_; }
    std::shared_ptr<journal::MemoryDisk> broker_disk_shared() { return broker_disk_; }

    bool start_node(const std::string& slug);
    void crash_node(const std::string& slug);
    node::NodeAgent* maybe_node(const std::string& slug);
    node::NodeAgent& node(const std::string& slug);
    journal::MemoryDisk& node_disk(const std::string& slug);
    // The node's disk is replaced: a restored backup, or an empty one.
    void put_node_disk(const std::string& slug, std::shared_ptr<journal::MemoryDisk> disk);
    std::shared_ptr<journal::MemoryDisk> node_disk_shared(const std::string& slug);

    // Every agent works once, then links and clock go on. Who broke (a failed commit) is down
    // after.
    void step();
    // One turn of a process that is up; false: it broke and has to crash.
    bool work_node(const std::string& slug);
    bool work_broker();
    bool step_until(const std::function<bool()>& done, std::size_t steps_max = 2000);
    void steps(std::size_t count);

    // Submits and steps until all have their outcome. For runs without faults.
    std::vector<node::Outcome> submit(const std::string& slug, std::vector<node::Draft> drafts);
    node::Outcome submit_one(const std::string& slug, node::Draft draft);
    Result<std::vector<node::Outcome>> try_submit(
        const std::string& slug,
        std::vector<node::Draft> drafts,
        std::chrono::milliseconds timeout = std::chrono::minutes{2});
    node::Status status(const std::string& slug);
    bool has_alarm(const std::string& slug, std::string_view beginning);
    // Waits until the node's inbox holds all of the log as it is now.
    bool catch_up(const std::string& slug);
    std::vector<node::InboxEntry> inbox(const std::string& slug);
    Result<Position> adopt(const std::string& slug, const Bytes& document);
    // As `bundle import` at the broker: steps the bus until the reply is there.
    Result<broker::BundleReply> import_bundle(BytesView file);
    std::size_t reply_bytes_max = proof::kBundleBytesMax;

    void look(const std::function<void(const core::ReadState&, const journal::ReadTxn&)>& at);

  private:
    struct NodeProcess {
        std::unique_ptr<journal::Journal> journal;
        std::unique_ptr<wire::ClientLink> link;
        std::unique_ptr<node::NodeAgent> agent;
    };

    const Clock& clock_of(const std::string& slug) const;
    std::unique_ptr<journal::Journal> open_disk(const std::string& slug,
                                                std::shared_ptr<journal::MemoryDisk> disk) const;

    SmallBusOptions options_;
    ManualClock clock_{kNow};
    SeededRandom random_;
    std::unique_ptr<wire::InprocHub> hub_;
    std::shared_ptr<journal::MemoryDisk> broker_disk_ = journal::make_memory_disk();
    std::unique_ptr<BrokerProcess> broker_;
    std::uint64_t visits_ = 0;
    std::map<std::string, std::shared_ptr<journal::MemoryDisk>> disks_;
    std::map<std::string, NodeProcess> nodes_;
};

}  // namespace lienthong::test
