// SPDX-License-Identifier: Apache-2.0
// How costs grow with the log: growth --directory=D --sizes=10000,100000 [--seconds=3]. Fills a log
// through the real core, in batches of 16, and measures at each size: start-up of the broker,
// publish rate, catch-up of a consumer that verifies, case status, audit. One line of JSON for each
// size.
#include <sys/stat.h>

#include <algorithm>

#include <fmt/format.h>

#include "bus/audit/audit.hpp"
#include "bus/base/check.hpp"
#include "bus/broker/broker.hpp"
#include "bus/journal/lmdb_journal.hpp"
#include "bus/node/compose.hpp"
#include "security/proof/batch.hpp"
#include "security/seal/opening.hpp"
#include "tests/bench/wire_driver.hpp"

namespace lienthong::bench {
namespace {

using test::world;

constexpr std::size_t kBatch = 16;  // the batch that the aims are stated for
constexpr std::size_t kBatchesOfACommit = 64;
constexpr std::size_t kCasesMax = 100'000;
constexpr std::size_t kMessagesOfACase = 10;  // one entry in ten opens a case
constexpr std::size_t kQueries = 2000;
constexpr std::size_t kReportBytes = 256;

template <class T>
T must(Result<T> result, std::string_view what) {
    if (!result) {
        give_up(
            fmt::format("{}: {} {}", what, info(result.error().code).name, result.error().detail));
    }
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double since(Now begin) { return std::chrono::duration<double>(now() - begin).count(); }

struct GrowthOptions {
    std::filesystem::path directory;
    std::vector<std::uint64_t> sizes;
    double seconds = 3;
};

// A log that is filled, and let go so that a broker may take it.
class FilledLog {
  public:
    FilledLog(const BenchBus& bus, std::filesystem::path directory)
        : bus_(bus), directory_(std::move(directory)) {
        report_.kind = message::Kind::outreach_report;
        report_.sections.emplace_back("report", make_report(kReportBytes, 1));
        opening_ = test::opening({"police", "labour", "peoples-committee"});
    }

    void fill_to(std::uint64_t size) {
        open();
        while (journal_->confirmed() < size) commit(size - journal_->confirmed());
        close();
    }

    // The read path of a status query: microseconds that each took.
    std::vector<float> time_queries() {
        open();
        std::vector<float> took = time_queries_in_a_group();
        close();
        return took;
    }
    const std::vector<CaseId>& cases() const { return cases_; }

  private:
    // Nothing of it is committed.
    std::vector<float> time_queries_in_a_group() {
        const auto txn = must(journal_->begin_write(), "transaction");
        core::Group group(*machine_, *txn, clock_.wall(), epoch_);
        const core::Session police{world().id("police"), world().member("police").node};
        message::Query query;
        query.kind = message::QueryKind::case_status;
        query.officer = OfficerId::of("o-cat-01");
        query.purpose = Purpose::of("verification");
        std::vector<float> took;
        for (std::size_t i = 0; i < kQueries && !cases_.empty(); ++i) {
            query.case_id = cases_[random_.next() % cases_.size()];
            const Now begin = now();
            const auto answer = must(group.query(police, query), "query");
            took.push_back(std::chrono::duration<float, std::micro>(now() - begin).count());
            if (!answer) give_up(fmt::format("query: {}", info(answer.error().code).name));
        }
        return took;
    }

    void open() {
        journal::LmdbOptions options;
        options.directory = directory_;
        options.tables = core::kTableNames;
        journal_ = must(journal::open_lmdb(options), "journal");
        epoch_ = must(journal_->acquire(), "epoch");
        vault_ = std::make_unique<core::Vault>(test::TestWorld::master(""), random_);
        machine_ = std::make_unique<core::Machine>(
            core::MachineOptions{.bus = world().bus, .pinned_administrators = world().pinned},
            *vault_);
        const bool empty = journal_->confirmed() == 0;
        if (!empty) {
            const auto txn = must(journal_->begin_read(), "transaction");
            must(machine_->load(core::ReadState(*txn, *vault_)), "documents");
        }
        in_group([&](core::Group& group) {
            must(group.start_epoch(), "epoch");
            for (const Bytes& document : bus_.genesis) {
                if (empty) CHECK(must(group.adopt(document), "genesis").has_value());
            }
        });
    }
    void close() {
        machine_.reset();
        vault_.reset();
        journal_.reset();
    }

    void in_group(const std::function<void(core::Group&)>& act) {
        const auto txn = must(journal_->begin_write(), "transaction");
        core::Group group(*machine_, *txn, clock_.wall(), epoch_);
        act(group);
        const auto head = must(group.head_to_sign(), "head");
        if (head) {
            const auto signer = world().log.signer();
            must(group.set_head(*head, must(proof::sign_head(*head, *signer), "sign")), "head");
        }
        must(txn->commit(), "commit");
    }

    void commit(std::uint64_t left) {
        const std::size_t batches =
            std::min<std::uint64_t>(kBatchesOfACommit, (left + kBatch - 1) / kBatch);
        std::vector<core::VerifiedBatch> verified;
        for (std::size_t i = 0; i < batches; ++i) {
            const bool opens = number_ % kMessagesOfACase == 0 && cases_.size() < kCasesMax;
            verified.push_back(opens ? batch_of("border-guard", true) : batch_of("", false));
            ++number_;
        }
        in_group([&](core::Group& group) {
            for (const core::VerifiedBatch& batch : verified) {
                const auto receipt = must(group.publish(batch), "publish");
                if (!receipt) give_up(fmt::format("batch: {}", info(receipt.error().code).name));
                for (const message::Verdict& verdict : receipt->verdicts) {
                    if (verdict.refused)
                        give_up(fmt::format("verdict: {}", info(*verdict.refused).name));
                }
            }
        });
    }

    // Signed as a node does, verified as a worker of the broker does. Without a slug: the next of
    // the bus's reporters.
    core::VerifiedBatch batch_of(const std::string& slug, bool opens) {
        const Place& reporter = bus_.publishers[number_ % bus_.publishers.size()];
        const AgencyId agency = slug.empty() ? reporter.agency : world().id(slug);
        const NodeId node = slug.empty() ? reporter.node : world().member(slug).node;
        const auto signer =
            slug.empty() ? reporter.sign.signer() : world().member(slug).sign.signer();
        node::Scene scene{world().bus, agency, *bus_.registry, *bus_.policy, clock_.wall(), {}, {}};
        StreamAt& stream = streams_[agency];
        if (stream.id == 0) stream.id = random_.u64();
        const std::uint64_t first = stream.last + 1;
        message::Batch batch;
        std::vector<Hash> leaves;
        for (std::size_t i = 0; i < kBatch; ++i) {
            node::Draft draft = opens ? opening_ : report_;
            if (opens) {
                random_.fill(draft.facts->opening_nonce);
                draft.case_id = seal::case_id_of(world().bus, agency, draft.facts->opening_nonce);
                cases_.push_back(draft.case_id);
            }
            const auto recipients = must(node::choose_recipients(draft, scene), "recipients");
            auto made =
                must(node::compose(draft, scene, recipients, {stream.id, ++stream.last}, random_),
                     "compose");
            leaves.push_back(proof::leaf_hash(made.envelope.header));
            batch.envelopes.push_back(std::move(made.envelope));
        }
        batch.proof = proof::encode_batch_proof(
            must(proof::sign_batch(*signer, world().bus, agency, leaves), "sign"));
        const Bytes frame = message::encode_batch(batch);
        return must(core::verify_batch(frame,
                                       {agency, node},
                                       stream.id,
                                       first,
                                       kBatch,
                                       *bus_.registry,
                                       clock_.wall(),
                                       journal_->confirmed()),
                    "verify");
    }

    struct StreamAt {
        std::uint64_t id = 0;
        std::uint64_t last = 0;
    };

    const BenchBus& bus_;
    std::filesystem::path directory_;
    BenchClock clock_;
    SeededRandom random_{7};
    node::Draft report_;
    node::Draft opening_;
    std::uint64_t number_ = 0;  // of batches
    std::map<AgencyId, StreamAt> streams_;
    std::vector<CaseId> cases_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<core::Vault> vault_;
    std::unique_ptr<core::Machine> machine_;
    Epoch epoch_ = 0;
};

void measure_broker(const BenchBus& bus, const GrowthOptions& options, JsonLine& line) {
    const Now begin = now();
    const BrokerChild broker = BrokerChild::start(bus, options.directory / "broker");
    line.number("start_seconds", since(begin));
    LoadOptions load;
    load.in_flight = 1000;
    load.size = kReportBytes;
    {
        const auto publisher = make_wire_publisher(bus, broker, bus.publishers[0], load);
        Acks acks;
        const Now from = now();
        publisher->publish_until(
            from + std::chrono::microseconds(static_cast<long>(options.seconds * 1e6)), acks);
        line.number("acknowledged_per_second", static_cast<double>(acks.count()) / since(from));
    }
    {
        const auto consumer = make_wire_consumer(bus, broker, bus.readers[0]);
        const Now from = now();
        std::uint64_t taken = 0;
        std::size_t idle = 0;
        while (since(from) < options.seconds && idle < 4) {
            const std::size_t now_taken = consumer->consume();
            idle = now_taken == 0 ? idle + 1 : 0;
            taken += now_taken;
        }
        line.number("catch_up_per_second", static_cast<double>(taken) / since(from));
    }
    line.count("server_rss_anon_kib", costs_of_tree(broker.pid).rss_anon_kib);
    broker.stop();
}

void measure_audit(const GrowthOptions& options, JsonLine& line) {
    const Now begin = now();
    const auto verdict =
        must(audit::verify(
                 options.directory / "broker", std::nullopt, [](std::uint64_t, std::uint64_t) {}),
             "audit");
    if (!verdict.ok) {
        give_up(fmt::format("audit: {} at {}",
                            info(verdict.first_fault->code).name,
                            verdict.first_fault->position));
    }
    line.number("audit_seconds", since(begin)).count("audited_entries", verdict.entries);
}

GrowthOptions parse(std::span<char* const> arguments) {
    GrowthOptions options;
    for (char* const argument : arguments.subspan(1)) {
        const std::string text = argument;
        const std::string value = text.substr(std::min(text.size(), text.find('=') + 1));
        if (text.starts_with("--directory=")) {
            options.directory = value;
        } else if (text.starts_with("--seconds=")) {
            options.seconds = std::stod(value);
        } else if (text.starts_with("--sizes=")) {
            for (std::size_t at = 0; at < value.size();) {
                std::size_t used = 0;
                options.sizes.push_back(std::stoull(value.substr(at), &used));
                at += used + 1;
            }
        } else {
            give_up("unknown option " + text);
        }
    }
    return options;
}

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong::bench;
    const GrowthOptions options = parse({argv, static_cast<std::size_t>(argc)});
    const BenchBus bus = make_bench_bus(10, 1, 0);
    FilledLog log(bus, options.directory / "broker");
    for (const std::uint64_t size : options.sizes) {
        JsonLine line;
        line.text("system", "growth").count("entries", size);
        const Now begin = now();
        log.fill_to(size);
        line.number("fill_seconds", since(begin)).count("cases", log.cases().size());
        std::vector<float> queries = log.time_queries();
        line.number("case_status_p50_us", percentile(queries, 0.5));
        line.number("case_status_p99_us", percentile(queries, 0.99));
        measure_audit(options, line);
        measure_broker(bus, options, line);
        line.print();
    }
    return 0;
}
