// SPDX-License-Identifier: Apache-2.0
// What a node can hold the broker to: receipts lead from the asker's head to their own, and final
// refusals of a batch are signed.
#include <gtest/gtest.h>

#include "security/keys/digest.hpp"
#include "security/proof/refusal.hpp"
#include "tests/support/raw_client.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::broker {
namespace {

using message::Kind;
using test::RawClient;
using test::SmallBus;
using test::world;

class Answers : public testing::Test {
  protected:
    struct Made {
        wire::Publish command;
        Bytes frame;
    };
    Made report() {
        const std::uint64_t stream = composer.new_stream();
        auto envelope =
            composer.compose("labour", test::draft(Kind::outreach_report), MessageId{stream, 1});
        return {{stream, 1, 1}, composer.sign("labour", {std::move(envelope)})};
    }
    wire::Receipt receipt(const Made& made, std::uint64_t head_size) {
        wire::Publish command = made.command;
        command.head_size = head_size;
        const auto answer = peer.ask(command, made.frame);
        EXPECT_TRUE(answer && std::holds_alternative<wire::Receipt>(*answer));
        return std::get<wire::Receipt>(*answer);
    }
    wire::Failure failure(const wire::Publish& command, const Bytes& frame) {
        const auto answer = peer.ask(command, frame);
        EXPECT_TRUE(answer && std::holds_alternative<wire::Failure>(*answer));
        return std::get<wire::Failure>(*answer);
    }
    proof::Head head_of(std::uint64_t size) {
        std::string note;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            note = state.maybe_head(size).value().value();
        });
        return proof::parse_head(note).value();
    }
    static bool leads(const proof::Head& older,
                      const proof::Head& newer,
                      const wire::Receipt& receipt) {
        return proof::verify_consistency(
            older.size, newer.size, older.root, newer.root, receipt.consistency);
    }
    bool is_signed(const wire::Failure& failure, const wire::Publish& command, BytesView frame) {
        const Bytes said = proof::encode_refusal({.bus = world().bus,
                                                  .agency = world().id("labour"),
                                                  .stream = command.stream,
                                                  .first = command.first,
                                                  .count = command.count,
                                                  .batch = keys::sha256(frame),
                                                  .code = failure.code,
                                                  .time = failure.time});
        return world().log.public_key().verify(said, failure.signature).has_value();
    }

    SmallBus bus{{.nodes = {}}};
    test::SmallLog composer;  // the same documents
    RawClient peer{bus, "labour"};
};

TEST_F(Answers, AReceiptLeadsFromTheAskersHeadToItsOwnWhicheverIsLarger) {
    const std::uint64_t before = bus.broker().published.get().log_size;
    const Made first = report();
    const wire::Receipt grown = receipt(first, before);
    const proof::Head head = proof::parse_head(grown.head).value();
    EXPECT_EQ(grown.asked_size, before);
    EXPECT_TRUE(leads(head_of(before), head, grown));
    receipt(report(), 0);
    receipt(report(), 0);
    const std::uint64_t after = bus.broker().published.get().log_size;
    const wire::Receipt again = receipt(first, after);
    EXPECT_EQ(again.head, grown.head) << "the receipt of the first time";
    EXPECT_EQ(again.asked_size, after);
    EXPECT_TRUE(leads(head, head_of(after), again));
    EXPECT_TRUE(receipt(first, head.size).consistency.empty()) << "the very same head";
}

TEST_F(Answers, AReceiptSaysThatASizeThatTheLogHasNotCannotBeProven) {
    const std::uint64_t size = bus.broker().published.get().log_size;
    const wire::Receipt made = receipt(report(), size + 100);
    EXPECT_EQ(made.asked_size, 0U);
    EXPECT_TRUE(made.consistency.empty());
    EXPECT_EQ(receipt(report(), 0).asked_size, 0U);
}

TEST_F(Answers, AFinalRefusalOfABatchIsSignedByTheLogKey) {
    const Made accepted = report();
    receipt(accepted, 0);
    const Made other = report();
    wire::Publish same_numbers = other.command;
    same_numbers.stream = accepted.command.stream;
    const wire::Failure conflict = failure(same_numbers, other.frame);
    EXPECT_EQ(conflict.code, Code::id_conflict);
    EXPECT_EQ(conflict.batch, keys::sha256(other.frame));
    EXPECT_TRUE(is_signed(conflict, same_numbers, other.frame));
    EXPECT_FALSE(is_signed(conflict, other.command, other.frame)) << "of other numbers";

    for (const Bytes& frame : {Bytes(100, 7), Bytes{}}) {
        const wire::Failure unread = failure(other.command, frame);
        EXPECT_TRUE(is_signed(unread, other.command, frame)) << info(unread.code).name;
        EXPECT_FALSE(is_signed(unread, other.command, accepted.frame));
    }
}

TEST_F(Answers, ARefusalThatIsNotFinalIsNotSigned) {
    SmallBus full({.nodes = {}, .commit = {.reserve_bytes = 64 * 1024}});
    RawClient one(full, "labour");
    const auto used = full.broker().journal->bytes_used_and_max()->first;
    journal::limit_bytes(full.broker_disk(), used + 1000);
    const Made made = report();
    const auto answer = one.ask(made.command, made.frame);
    ASSERT_TRUE(answer && std::holds_alternative<wire::Failure>(*answer));
    EXPECT_EQ(std::get<wire::Failure>(*answer).code, Code::disk_full);
    EXPECT_TRUE(std::get<wire::Failure>(*answer).signature.empty());
}

}  // namespace
}  // namespace lienthong::broker
