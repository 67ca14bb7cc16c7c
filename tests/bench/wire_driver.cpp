// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/wire_driver.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "bus/node/check.hpp"
#include "bus/node/compose.hpp"
#include "bus/wire/command.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"
#include "security/proof/head.hpp"
#include "security/proof/merkle.hpp"
#include "security/proof/receipt.hpp"

namespace lienthong::bench {
namespace {

using test::world;

constexpr int kWaitMs = 50;
constexpr std::uint32_t kCreditBytes = 4 * 1024 * 1024;
constexpr std::uint32_t kCreditMessages = 1024;
constexpr std::size_t kBatchMost = 250;

const BenchClock kClock;

template <class T>
T must(Result<T> result, std::string_view what) {
    if (!result) give_up(fmt::format("{}: {}", what, info(result.error().code).name));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A connection with its keys, which it outlives not.
class Line {
  public:
    Line(const BrokerChild& broker, const Place& place)
        : keys_{place.curve.public_key().raw(), place.curve.raw()} {
        wire::ClientOptions options;
        options.control_endpoint = broker.control_endpoint;
        options.data_endpoint = broker.data_endpoint;
        options.server_key = world().broker_curve.public_key().raw();
        options.keys = &keys_;
        client_ = must(wire::ZmqClient::open(std::move(options)), "connection");
    }

    std::uint64_t send(wire::Channel channel, wire::Body body, Bytes data = {}) {
        const std::uint64_t request = next_++;
        const auto sent = client_->send(
            {channel, wire::encode(wire::Command{request, std::move(body)}), std::move(data)});
        must(sent, "send");
        return request;
    }
    // Waits a moment if nothing is there.
    std::optional<wire::Command> maybe_receive() {
        auto frames = client_->maybe_receive();
        if (!frames) {
            client_->wait(kWaitMs);
            frames = client_->maybe_receive();
        }
        if (!frames) return std::nullopt;
        auto command = must(wire::parse_command(frames->command, wire::kDataBytesMax), "answer");
        if (const auto* failure = std::get_if<wire::Failure>(&command.body)) {
            give_up(fmt::format("refused: {} {}", info(failure->code).name, failure->detail));
        }
        return command;
    }

  private:
    wire::CurveKeyPair keys_;
    std::unique_ptr<wire::ZmqClient> client_;
    std::uint64_t next_ = 1;
};

class WirePublisher final : public Publisher {
  public:
    WirePublisher(const BenchBus& bus,
                  const BrokerChild& broker,
                  const Place& place,
                  const LoadOptions& options)
        : bus_(bus),
          place_(place),
          line_(broker, place),
          batching_(batching_of(options.window())),
          signer_(place.sign.signer()),
          stream_(random_.u64()) {
        draft_.kind = message::Kind::outreach_report;
        draft_.sections.emplace_back("report", make_report(options.size, options.seed));
        recipients_ = must(node::choose_recipients(draft_, scene()), "recipients");
    }

    void publish_until(Now until, Acks& acks) override {
        for (bool open = true; open || !sent_.empty();) {
            open = open && now() < until;
            if (open && sent_.size() < batching_.batches) {
                publish_batch();
                continue;
            }
            const auto answer = line_.maybe_receive();
            if (!answer) continue;
            const auto* receipt = std::get_if<wire::Receipt>(&answer->body);
            const auto found = sent_.find(answer->request);
            if (receipt == nullptr || found == sent_.end()) give_up("an answer to nothing");
            check(*receipt, found->second);
            acks.add(found->second.at, found->second.headers.size());
            sent_.erase(found);
        }
    }

  private:
    struct Sent {
        Now at;
        std::vector<Hash> headers;
        Hash proof;
    };

    node::Scene scene() const {
        return {world().bus, place_.agency, *bus_.registry, *bus_.policy, kClock.wall(), {}, {}};
    }

    void publish_batch() {
        Sent sent;
        sent.at = now();
        const std::uint64_t first = sequence_ + 1;
        message::Batch batch;
        std::vector<Hash> leaves;
        const node::Scene at = scene();
        for (std::size_t i = 0; i < batching_.messages; ++i) {
            auto made = must(
                node::compose(draft_, at, recipients_, MessageId{stream_, ++sequence_}, random_),
                "compose");
            leaves.push_back(proof::leaf_hash(made.envelope.header));
            sent.headers.push_back(keys::sha256(made.envelope.header));
            batch.envelopes.push_back(std::move(made.envelope));
        }
        batch.proof = proof::encode_batch_proof(
            must(proof::sign_batch(*signer_, world().bus, place_.agency, leaves), "sign"));
        sent.proof = keys::sha256(batch.proof);
        const wire::Publish publish{stream_, first, static_cast<std::uint32_t>(batching_.messages)};
        const std::uint64_t request =
            line_.send(wire::Channel::data, publish, message::encode_batch(batch));
        sent_.emplace(request, std::move(sent));
    }

    // As a node does.
    void check(const wire::Receipt& receipt, const Sent& sent) const {
        for (const message::Verdict& verdict : receipt.verdicts) {
            if (verdict.refused) give_up(fmt::format("refused: {}", info(*verdict.refused).name));
        }
        const auto claimed = must(proof::parse_head(receipt.head), "head");
        proof::ReceiptClaim claim;
        claim.head = receipt.head;
        claim.accepted = sent.headers;
        claim.first_position = receipt.first_position;
        claim.time = receipt.time;
        claim.epoch = receipt.epoch;
        claim.proof = sent.proof;
        claim.range = proof::RangeProof{receipt.left, receipt.right};
        const auto key = must(node::log_key(*bus_.registry, claimed.time), "log key");
        must(proof::verify_receipt(claim, world().bus, key), "receipt");
    }

    const BenchBus& bus_;
    const Place& place_;
    Line line_;
    Batching batching_;
    std::unique_ptr<keys::Signer> signer_;
    SystemRandom random_;
    std::uint64_t stream_;
    std::uint64_t sequence_ = 0;
    node::Draft draft_;
    node::Recipients recipients_;
    std::map<std::uint64_t, Sent> sent_;
};

class WireConsumer final : public Consumer {
  public:
    WireConsumer(const BenchBus& bus, const BrokerChild& broker, const Place& place)
        : bus_(bus), place_(place), line_(broker, place) {
        fetch(0);
    }

    std::size_t consume() override {
        auto answer = line_.maybe_receive();
        if (!answer) return 0;
        auto* const proof = std::get_if<wire::ConsistencyProof>(&answer->body);
        if (proof != nullptr) {
            if (!proof::verify_consistency(
                    head_.size, next_.size, head_.root, next_.root, proof->hashes)) {
                give_up("a head does not continue the one before");
            }
            head_ = next_;
            return accept();
        }
        auto* const delivery = std::get_if<wire::Delivery>(&answer->body);
        if (delivery == nullptr) give_up("an answer to nothing");
        delivery_ = std::move(*delivery);
        next_ = must(node::check_delivery(delivery_, world().bus, place_.agency, *bus_.registry),
                     "delivery");
        if (head_.size == 0) head_ = next_;
        if (next_.size == head_.size) return accept();
        line_.send(wire::Channel::control, wire::ConsistencyRequest{head_.size, next_.size});
        return 0;
    }

  private:
    void fetch(Position from) {
        line_.send(wire::Channel::data, wire::Fetch{"bench", from, kCreditBytes, kCreditMessages});
    }

    // The next fetch travels while this delivery is verified.
    std::size_t accept() {
        fetch(delivery_.to);
        std::size_t messages = 0;
        node::ProvenBatch proven;
        for (const message::DeliveredEntry& entry : delivery_.entries) {
            if (static_cast<proof::EntryKind>(entry.kind) != proof::EntryKind::message) continue;
            must(node::check_entry(entry, world().bus, place_.agency, *bus_.registry, &proven),
                 "entry");
            ++messages;
        }
        return messages;
    }

    const BenchBus& bus_;
    const Place& place_;
    Line line_;
    message::Delivery delivery_;
    proof::Head head_;
    proof::Head next_;
};

}  // namespace

Batching batching_of(std::size_t window) {
    if (window < 8) return {1, window};
    Batching made{std::min(window / 4, kBatchMost), 4};
    made.batches = std::max<std::size_t>(4, window / made.messages);
    return made;
}

std::unique_ptr<Publisher> make_wire_publisher(const BenchBus& bus,
                                               const BrokerChild& broker,
                                               const Place& place,
                                               const LoadOptions& options) {
    return std::make_unique<WirePublisher>(bus, broker, place, options);
}

std::unique_ptr<Consumer> make_wire_consumer(const BenchBus& bus,
                                             const BrokerChild& broker,
                                             const Place& place) {
    return std::make_unique<WireConsumer>(bus, broker, place);
}

}  // namespace lienthong::bench
