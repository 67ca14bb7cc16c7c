// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/broker.hpp"

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/broker/log_page.hpp"
#include "bus/broker/metrics.hpp"
#include "bus/journal/lmdb_journal.hpp"

namespace lienthong::broker {
namespace {

constexpr int kSocketWaitMs = 100;
constexpr std::chrono::milliseconds kQueueWait{50};
constexpr std::size_t kProgressFrames = 64;  // of a bundle, between two reports

std::vector<WorkQueue*> pointers(const std::vector<std::unique_ptr<WorkQueue>>& queues) {
    std::vector<WorkQueue*> all;
    all.reserve(queues.size());
    for (const auto& queue : queues) all.push_back(queue.get());
    return all;
}

}  // namespace

Broker::Broker(BrokerOptions options, BrokerKeys keys, const Clock& clock, Random& random)
    : options_(std::move(options)),
      keys_(std::move(keys)),
      clock_(clock),
      vault_(std::move(keys_.master), random),
      machine_(core::MachineOptions{.bus = options_.bus,
                                    .pinned_administrators = options_.pinned_administrators},
               vault_),
      to_commit_(kInFlightMax),
      outgoing_(kInFlightMax) {}

Broker::~Broker() { stop(); }

Result<std::unique_ptr<Broker>> Broker::start(BrokerOptions options,
                                              BrokerKeys keys,
                                              const Clock& clock,
                                              Random& random) {
    std::unique_ptr<Broker> broker(new Broker(std::move(options), std::move(keys), clock, random));
    auto opened = broker->open();
    if (!opened) return std::unexpected(opened.error());
    broker->run_threads();
    return broker;
}

Result<void> Broker::open() {
    journal::LmdbOptions lmdb;
    lmdb.directory = options_.data_directory;
    lmdb.tables = core::kTableNames;
    lmdb.used_bytes_max = options_.used_bytes_max;
    auto journal = journal::open_lmdb(lmdb);
    if (!journal) return std::unexpected(journal.error());
    journal_ = std::move(*journal);
    auto epoch = journal_->acquire();
    if (!epoch) return std::unexpected(epoch.error());
    committer_ = std::make_unique<CommitAgent>(options_.commit,
                                               machine_,
                                               *journal_,
                                               *keys_.log,
                                               *epoch,
                                               to_commit_,
                                               outgoing_,
                                               published_,
                                               clock_,
                                               counters_);
    auto started = committer_->start(options_.genesis);
    if (!started) return started;

    wire::ServerOptions server;
    server.control_endpoint = options_.control_endpoint;
    server.data_endpoint = options_.data_endpoint;
    server.keys = &keys_.curve;
    server.admit = [this](BytesView key) {
        const auto published = published_.get();
        const auto owner = published.registry->maybe_curve(key);
        return owner.agency != nullptr && !owner.key->revoked;
    };
    FAILPOINT_OR_FAIL(broker_socket, before);
    auto opened = wire::ZmqServer::open(std::move(server));
    if (!opened) return std::unexpected(opened.error());
    FAILPOINT_OR_FAIL(broker_socket, after);
    server_ = std::move(*opened);
    door_ = std::make_unique<LocalDoor>(*server_);
    door_->on_put([server = server_.get()] { server->wake(); });
    if (keys_.replies) CHECK(desk_.try_push(Desk{std::move(keys_.replies)}));

    for (std::size_t i = 0; i < options_.verify_workers; ++i) {
        to_verify_.push_back(std::make_unique<WorkQueue>(kInFlightMax));
        verifiers_.push_back(
            std::make_unique<VerifyAgent>(*to_verify_.back(), to_commit_, counters_));
    }
    SessionOptions session;
    session.bus = options_.bus;
    session.in_flight_bytes_max = options_.in_flight_bytes_max;
    session.in_flight_bytes_per_peer_max = options_.in_flight_bytes_per_peer_max;
    session_ = std::make_unique<SessionAgent>(std::move(session),
                                              *door_,
                                              published_,
                                              pointers(to_verify_),
                                              to_commit_,
                                              outgoing_,
                                              clock_,
                                              counters_);
    outgoing_.on_push([server = server_.get()] { server->wake(); });
    if (options_.metrics_port) {
        auto metrics = Metrics::start(*options_.metrics_port, counters_);
        if (!metrics) return std::unexpected(metrics.error());
        metrics_ = std::move(*metrics);
    }
    return {};
}

void Broker::run_threads() {
    threads_.emplace_back([this](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (session_->do_work() == 0) server_->wait(kSocketWaitMs);
        }
    });
    for (std::size_t i = 0; i < verifiers_.size(); ++i) {
        threads_.emplace_back([this, i](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                if (verifiers_[i]->do_work() == 0) to_verify_[i]->wait_for(kQueueWait);
            }
        });
    }
    threads_.emplace_back([this](const std::stop_token& stop) {
        while (!stop.stop_requested() && !committer_->broken()) {
            if (committer_->do_work() == 0) to_commit_.wait_for(kQueueWait);
        }
        failed_.set(committer_->broken());
    });
    log::info("broker_ready bus={} control={} data={} log_size={}",
              options_.bus.text(),
              server_->control_endpoint(),
              server_->data_endpoint(),
              counters_.log_size.load());
}

void Broker::stop() {
    stopping_ = true;
    for (std::jthread& thread : threads_) thread.request_stop();
    if (server_) server_->wake();
    for (const auto& queue : to_verify_) queue->interrupt();
    to_commit_.interrupt();
    threads_.clear();  // joins
}

BrokerStatus Broker::status() const {
    const Published published = published_.get();
    return {published.log_size,
            published.root,
            published.registry->version(),
            published.policy_version};
}

Result<std::vector<core::Entry>> Broker::read_entries(Position from, std::size_t count_max) const {
    auto txn = journal_->begin_read();
    if (!txn) return std::unexpected(txn.error());
    return read_page(**txn, from, count_max);
}

Result<BundleReply> Broker::import_bundle(BytesView file, const ImportProgress& progress) {
    auto desk = desk_.maybe_pop();
    if (!desk) return fail(Code::overloaded, "another bundle is being carried out");
    auto reply = carry_out(*desk, file, progress);
    CHECK(desk_.try_push(std::move(*desk)));
    return reply;
}

Result<BundleReply> Broker::carry_out(Desk& desk, BytesView file, const ImportProgress& progress) {
    auto import =
        BundleImport::begin(file, options_.bus, published_.get(), clock_.wall(), ++desk.visits);
    if (!import) {
        counters_.refuse(import.error().code);
        return std::unexpected(import.error());
    }
    FAILPOINT_OR_FAIL(broker_bundle, before);
    std::size_t reported = 0;
    while (!import->done()) {
        if (import->failed()) return std::unexpected(*import->failed());
        if (failed() || stopping_) return fail(Code::unreachable, "the broker is ending");
        if (import->do_work(*door_, clock_.monotonic()) == 0) door_->wait_for(kQueueWait);
        const auto [done, all] = import->progress();
        if (done / kProgressFrames != reported / kProgressFrames) progress(done, all);
        reported = done;
    }
    FAILPOINT_OR_FAIL(broker_bundle, after);
    auto reply = import->reply(*desk.log_key, clock_.wall());
    if (!reply) return reply;
    log::info("bundle_imported agency={} node={} number={} receipts={} entries={}",
              reply->agency.text(),
              reply->node.text(),
              reply->number,
              reply->counts.receipts,
              reply->counts.entries);
    return reply;
}

std::uint16_t Broker::metrics_port() const { return metrics_ ? metrics_->port() : 0; }

}  // namespace lienthong::broker
