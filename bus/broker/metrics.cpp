// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/client_metric.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

#include <exception>
#include <vector>

namespace lienthong::broker {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric value_of(MetricType type, std::uint64_t value) {
    ClientMetric metric;
    if (type == MetricType::Counter) {
        metric.counter.value = static_cast<double>(value);
    } else {
        metric.gauge.value = static_cast<double>(value);
    }
    return metric;
}

MetricFamily family(const char* name, const char* help, MetricType type, std::uint64_t value) {
    return MetricFamily{name, help, type, {value_of(type, value)}};
}

class Collector final : public prometheus::Collectable {
  public:
    explicit Collector(const Counters& counters) : counters_(counters) {}

    std::vector<MetricFamily> Collect() const override {
        using enum MetricType;
        const Counters& c = counters_;
        std::vector<MetricFamily> all{
            family("lienthong_frames_in_total", "Frames read", Counter, c.frames_in),
            family("lienthong_frames_refused_total", "Frames refused", Counter, c.frames_refused),
            family(
                "lienthong_answers_dropped_total", "Answers not taken", Counter, c.answers_dropped),
            family("lienthong_peers_dropped_total", "Offenders dropped", Counter, c.peers_dropped),
            family("lienthong_in_flight_bytes",
                   "Bytes of requests under way",
                   Gauge,
                   c.in_flight_bytes),
            family(
                "lienthong_batches_verified_total", "Batches proven", Counter, c.batches_verified),
            family("lienthong_batches_refused_total",
                   "Batches not proven",
                   Counter,
                   c.batches_refused),
            family("lienthong_messages_accepted_total",
                   "Messages on disk",
                   Counter,
                   c.messages_accepted),
            family("lienthong_messages_refused_total",
                   "Messages refused",
                   Counter,
                   c.messages_refused),
            family(
                "lienthong_entries_delivered_total", "Entries sent", Counter, c.entries_delivered),
            family("lienthong_chunks_taken_total", "Chunks on disk", Counter, c.chunks_taken),
            family("lienthong_chunks_delivered_total", "Chunks sent", Counter, c.chunks_delivered),
            family("lienthong_chunks_collected_total",
                   "Chunks that no message claimed",
                   Counter,
                   c.chunks_collected),
            family("lienthong_queries_total", "Queries", Counter, c.queries),
            family("lienthong_commits_total", "Group commits", Counter, c.commits),
            family("lienthong_groups_dropped_total",
                   "Groups refused at the store's limit",
                   Counter,
                   c.groups_dropped),
            family("lienthong_commit_longest_microseconds",
                   "Longest group",
                   Gauge,
                   c.commit_longest_us),
            family("lienthong_log_size", "Entries of the log", Gauge, c.log_size),
            family("lienthong_store_used_bytes", "Bytes in use", Gauge, c.bytes_used),
            family("lienthong_store_max_bytes", "Limit of the store", Gauge, c.bytes_max),
            family("lienthong_cosignatures_total", "Co-signatures kept", Counter, c.cosignatures),
            family("lienthong_witnessed_size",
                   "Size of the newest witnessed head",
                   Gauge,
                   c.witnessed_size),
            family("lienthong_witnessed_time_seconds",
                   "When more than half had vouched for it, since 1970",
                   Gauge,
                   c.witnessed_time_ms / 1000),
            family("lienthong_clock_held", "1: the wall clock stepped", Gauge, c.clock_held),
        };
        MetricFamily refusals{"lienthong_refusals_total", "Refusals by code", Counter, {}};
        for (const CodeInfo& code : all_codes()) {
            const auto count = c.refusals_by_code[static_cast<std::size_t>(code.code)].load();
            if (count == 0) continue;
            ClientMetric metric = value_of(Counter, count);
            metric.label.push_back({"code", std::string(code.name)});
            refusals.metric.push_back(std::move(metric));
        }
        all.push_back(std::move(refusals));
        return all;
    }

  private:
    const Counters& counters_;
};

class Health final : public prometheus::Collectable {
  public:
    explicit Health(const Counters& counters) : counters_(counters) {}

    std::vector<MetricFamily> Collect() const override {
        return {family("lienthong_healthy",
                       "1: the broker serves",
                       MetricType::Gauge,
                       counters_.clock_held == 0 ? 1 : 0)};
    }

  private:
    const Counters& counters_;
};

}  // namespace

struct Metrics::Impl {
    std::shared_ptr<Collector> collector;
    std::shared_ptr<Health> health;
    std::unique_ptr<prometheus::Exposer> exposer;
};

Metrics::Metrics(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Metrics::~Metrics() = default;

std::uint16_t Metrics::port() const {
    const auto ports = impl_->exposer->GetListeningPorts();
    return ports.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(ports.front());
}

Result<std::unique_ptr<Metrics>> Metrics::start(std::uint16_t port, const Counters& counters) {
    auto impl = std::make_unique<Impl>();
    try {
        impl->exposer = std::make_unique<prometheus::Exposer>(fmt::format("127.0.0.1:{}", port), 1);
        impl->collector = std::make_shared<Collector>(counters);
        impl->health = std::make_shared<Health>(counters);
        impl->exposer->RegisterCollectable(impl->collector, "/metrics");
        impl->exposer->RegisterCollectable(impl->health, "/health");
    } catch (const std::exception& error) {
        return fail(Code::io, error.what(), "metrics port");
    }
    return std::unique_ptr<Metrics>(new Metrics(std::move(impl)));
}

}  // namespace lienthong::broker
