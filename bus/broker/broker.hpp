// SPDX-License-Identifier: Apache-2.0
// Broker: the process's agents on their threads. It holds its own log key, CURVE key and master
// key; never a private key of an agency.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bus/base/clock.hpp"
#include "bus/base/random.hpp"
#include "bus/broker/bundle_import.hpp"
#include "bus/broker/commit_agent.hpp"
#include "bus/broker/local_door.hpp"
#include "bus/broker/session_agent.hpp"
#include "bus/broker/verify_agent.hpp"
#include "bus/wire/socket.hpp"

namespace lienthong::broker {

struct BrokerOptions {
    BusId bus;
    std::filesystem::path data_directory;
    Hash pinned_administrators;
    std::vector<Bytes> genesis;  // adopted if the log is empty: administrators, registry, policy
    std::string control_endpoint = "tcp://127.0.0.1:0";
    std::string data_endpoint = "tcp://127.0.0.1:0";
    std::size_t verify_workers = 1;
    std::uint64_t used_bytes_max = std::uint64_t{64} << 30;
    std::size_t in_flight_bytes_max = SessionOptions{}.in_flight_bytes_max;
    std::size_t in_flight_bytes_per_peer_max = SessionOptions{}.in_flight_bytes_per_peer_max;
    std::optional<std::uint16_t> metrics_port;  // loopback; 0 chooses one
    CommitOptions commit;
};

struct BrokerKeys {
    std::unique_ptr<keys::Signer> log;
    wire::CurveKeyPair curve;
    seal::StorageKey master;
    // The log key once more, for replies to bundles, which another thread signs. Without it the
    // broker takes no bundles.
    std::unique_ptr<keys::Signer> replies = nullptr;
};

// How a running broker stands: all of one commit.
struct BrokerStatus {
    std::uint64_t log_size = 0;
    Hash root;
    std::uint32_t registry_version = 0;
    std::uint32_t policy_version = 0;
};

class Metrics;

class Broker {
  public:
    // Returns when the broker serves, or has failed.
    static Result<std::unique_ptr<Broker>> start(BrokerOptions options,
                                                 BrokerKeys keys,
                                                 const Clock& clock,
                                                 Random& random);
    ~Broker();  // stop()

    void stop();  // returns when all threads have ended
    // Set when the broker can no longer commit: the process must end with exit code 7 or 6.
    std::optional<Error> failed() const { return failed_.get(); }
    std::string control_endpoint() const { return server_->control_endpoint(); }
    std::string data_endpoint() const { return server_->data_endpoint(); }
    std::uint16_t metrics_port() const;  // 0: none
    const Counters& counters() const { return counters_; }

    // From any thread. A page of the log: log_page.hpp.
    BrokerStatus status() const;
    Result<std::vector<core::Entry>> read_entries(Position from, std::size_t count_max) const;
    // Carries out a request bundle and gives the signed reply; waits for it. overloaded: another
    // one is being carried out; unreachable: the broker is ending; and as BundleImport.
    using ImportProgress = std::function<void(std::size_t done, std::size_t all)>;
    Result<BundleReply> import_bundle(BytesView file, const ImportProgress& progress);

  private:
    // Whoever carries out a bundle holds it: one at a time.
    struct Desk {
        std::unique_ptr<keys::Signer> log_key;
        std::uint64_t visits = 0;
    };
    Result<BundleReply> carry_out(Desk& desk, BytesView file, const ImportProgress& progress);
    Broker(BrokerOptions options, BrokerKeys keys, const Clock& clock, Random& random);
    Result<void> open();
    void run_threads();

    BrokerOptions options_;
    BrokerKeys keys_;
    const Clock& clock_;
    core::Vault vault_;
    core::Machine machine_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<wire::ZmqServer> server_;
    std::unique_ptr<LocalDoor> door_;  // in front of it
    Queue<Desk> desk_{1};
    Counters counters_;
    LatestPublished published_;
    std::vector<std::unique_ptr<WorkQueue>> to_verify_;
    WorkQueue to_commit_;
    OutgoingQueue outgoing_;
    std::unique_ptr<SessionAgent> session_;
    std::vector<std::unique_ptr<VerifyAgent>> verifiers_;
    std::unique_ptr<CommitAgent> committer_;
    std::unique_ptr<Metrics> metrics_;
    Latest<std::optional<Error>> failed_;
    std::atomic<bool> stopping_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace lienthong::broker
