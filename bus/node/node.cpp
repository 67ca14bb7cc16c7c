// SPDX-License-Identifier: Apache-2.0
#include "bus/node/node.hpp"

#include <future>
#include <thread>

#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/base/queue.hpp"
#include "bus/journal/lmdb_journal.hpp"
#include "bus/node/agent.hpp"

namespace lienthong::node {
namespace {

constexpr std::size_t kCallsMax = 256;
constexpr int kWaitMs = 20;
constexpr std::chrono::seconds kGrace{5};  // beyond a call's own timeout

// The proxy: hands each call to the agent's thread and waits for its answer.
class ThreadedNode final : public Node {
  public:
    ThreadedNode(NodeOptions options, NodeKeys keys, const Clock& clock, Random& random)
        : options_(std::move(options)),
          keys_(std::move(keys)),
          clock_(clock),
          random_(random),
          calls_(kCallsMax) {}

    ~ThreadedNode() override { stop_thread(); }

    Result<void> open() {
        journal::LmdbOptions lmdb;
        lmdb.directory = options_.data_directory;
        lmdb.tables = kTableNames;
        lmdb.used_bytes_max = options_.used_bytes_max;
        auto journal = journal::open_lmdb(lmdb);
        if (!journal) return std::unexpected(journal.error());
        journal_ = std::move(*journal);
        auto epoch = journal_->acquire();
        if (!epoch) return std::unexpected(epoch.error());
        curve_ = std::make_unique<wire::CurveKeyPair>(std::move(keys_.curve));
        wire::ClientOptions client;
        client.control_endpoint = options_.control_endpoint;
        client.data_endpoint = options_.data_endpoint;
        client.server_key = options_.server_key;
        client.keys = curve_.get();
        auto link = wire::ZmqClient::open(std::move(client));
        if (!link) return std::unexpected(link.error());
        link_ = std::move(*link);
        agent_ = std::make_unique<NodeAgent>(
            options_, std::move(keys_), *journal_, *link_, clock_, random_);
        FAILPOINT_OR_FAIL(node_open, before);
        auto started = agent_->start();
        if (!started) return started;
        FAILPOINT_OR_FAIL(node_open, after);
        calls_.on_push([link = link_.get()] { link->wake(); });
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
        return {};
    }

    void stop() override { stop_thread(); }
    std::optional<Error> failed() const override { return failed_.get(); }

    Result<std::vector<Outcome>> submit(std::vector<Draft> drafts, Timeout timeout) override {
        return call<std::vector<Outcome>>(timeout, [&](auto until, auto done) {
            agent_->submit(std::move(drafts), until, std::move(done));
        });
    }
    Result<std::vector<InboxEntry>> consume(Position from, std::size_t count_max) override {
        return ask<std::vector<InboxEntry>>([&] { return agent_->consume(from, count_max); });
    }
    Result<InboxEntry> message(const MessageId& id) override {
        return ask<InboxEntry>([&] { return agent_->message(id); });
    }
    Result<Secret> section(const MessageId& id, std::string_view name) override {
        return ask<Secret>([&] { return agent_->section(id, name); });
    }
    Result<Bytes> section_as_sent(const MessageId& id, std::string_view name) override {
        return ask<Bytes>([&] { return agent_->section_as_sent(id, name); });
    }
    Result<Verification> verify(const MessageId& id, Timeout timeout) override {
        return call<Verification>(
            timeout, [&](auto until, auto done) { agent_->verify(id, until, std::move(done)); });
    }
    Result<message::QueryAnswer> query(const message::Query& query, Timeout timeout) override {
        return call<message::QueryAnswer>(
            timeout, [&](auto until, auto done) { agent_->query(query, until, std::move(done)); });
    }
    Result<Status> status(Timeout timeout) override {
        return call<Status>(timeout,
                            [&](auto until, auto done) { agent_->status(until, std::move(done)); });
    }
    Result<Documents> documents() override {
        return ask<Documents>([&]() -> Result<Documents> { return agent_->documents(); });
    }
    Result<void> catch_up(Position position, Timeout timeout) override {
        return call<void>(timeout, [&](auto until, auto done) {
            agent_->catch_up(position, until, std::move(done));
        });
    }
    Result<void> catch_up_to_now(Timeout timeout) override {
        return call<void>(timeout, [&](auto until, auto done) {
            agent_->catch_up_to_now(until, std::move(done));
        });
    }
    Result<Position> adopt(BytesView document, Timeout timeout) override {
        return call<Position>(timeout, [&](auto until, auto done) {
            agent_->adopt(document, until, std::move(done));
        });
    }
    Result<ExportedBundle> export_bundle(const BundleProgress& progress) override {
        return ask<ExportedBundle>([&] { return agent_->export_bundle(progress); });
    }
    Result<ImportedBundle> import_bundle(BytesView reply, const BundleProgress& progress) override {
        return ask<ImportedBundle>([&] { return agent_->import_bundle(reply, progress); });
    }

  private:
    using Call = std::move_only_function<void()>;

    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            int done = 0;
            while (auto one = calls_.maybe_pop()) {
                (*one)();
                ++done;
            }
            done += agent_->do_work();
            if (agent_->broken()) {
                failed_.set(agent_->broken());
                break;
            }
            if (done == 0) link_->wait(kWaitMs);
        }
        calls_.close();  // what came too late is answered by its destruction: broken_promise
    }

    void stop_thread() {
        if (!thread_.joinable()) return;
        thread_.request_stop();
        link_->wake();
        thread_.join();
    }

    // `begin(until, done)` runs on the agent's thread; it may borrow from the caller, who waits
    // here.
    template <class T, class Begin>
    Result<T> call(Timeout timeout, Begin begin) {
        auto promise = std::make_shared<std::promise<Result<T>>>();
        auto answer = promise->get_future();
        auto begun = std::make_shared<std::promise<void>>();
        auto started = begun->get_future();
        const auto until = clock_.monotonic() + timeout;
        const auto done = [promise](Result<T> result) { promise->set_value(std::move(result)); };
        promise.reset();
        if (!calls_.try_push([&begin, until, done, begun] {
                begin(until, done);
                begun->set_value();
            })) {
            return calls_.closed() ? fail(Code::unreachable, "the node has stopped")
                                   : fail(Code::overloaded, "the node has too many calls waiting");
        }
        begun.reset();
        try {
            started.get();
            if (answer.wait_for(timeout + kGrace) != std::future_status::ready) {
                return fail(Code::timeout);
            }
            return answer.get();
        } catch (const std::future_error&) {
            return fail(Code::unreachable, "the node has stopped");
        }
    }

    template <class T, class Look>
    Result<T> ask(Look look) {
        return call<T>(kGrace, [&](auto, const auto& done) { done(look()); });
    }

    const NodeOptions options_;
    NodeKeys keys_;
    const Clock& clock_;
    Random& random_;
    Queue<Call> calls_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<wire::CurveKeyPair> curve_;
    std::unique_ptr<wire::ZmqClient> link_;
    std::unique_ptr<NodeAgent> agent_;
    Latest<std::optional<Error>> failed_;
    std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Node>> Node::start(NodeOptions options,
                                          NodeKeys keys,
                                          const Clock& clock,
                                          Random& random) {
    auto node = std::make_unique<ThreadedNode>(std::move(options), std::move(keys), clock, random);
    auto opened = node->open();
    if (!opened) return std::unexpected(opened.error());
    return std::unique_ptr<Node>(std::move(node));
}

}  // namespace lienthong::node
