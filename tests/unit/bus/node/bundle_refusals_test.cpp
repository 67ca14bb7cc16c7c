// SPDX-License-Identifier: Apache-2.0
// Bundles that are old, strange, altered, or of a broker that lies: each has its own refusal, and
// nothing is half done.
#include "tests/support/raw_client.hpp"
#include "tests/unit/bus/node/bundle_fixture.hpp"

namespace lienthong::node {
namespace {

TEST_F(Bundles, ThatAreNotForThisNodeEachHaveTheirOwnRefusal) {
    cut("labour");
    take("labour", {keyed("a")});
    const ExportedBundle one = exported();
    const Bytes first = carried_out(one).file;
    const Bytes reply = carried_out(exported()).file;
    const auto with = [&](const std::function<void(Bundle&)>& change) {
        return refusal_of(changed_reply(reply, change));
    };
    EXPECT_EQ(with([](Bundle& b) { b.bus = BusId::of("another"); }), Code::wrong_bus);
    EXPECT_EQ(with([](Bundle& b) { b.agency = world().id("police"); }), Code::wrong_audience);
    EXPECT_EQ(with([](Bundle& b) { b.node = NodeId::of("another"); }), Code::wrong_audience);
    EXPECT_EQ(with([](Bundle& b) { b.answers = Hash{}; }), Code::not_found);
    EXPECT_EQ(with([](Bundle& b) { b.number = 9; }), Code::not_found);
    EXPECT_EQ(refusal_of(one.file), Code::malformed_frame) << "a request";
    const auto stranger = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    EXPECT_EQ(refusal_of(changed(reply, *stranger.signer(), [](Bundle&) {})), Code::unknown_key);
    EXPECT_EQ(refusal_of(changed(reply, *world().member("labour").sign.signer(), [](Bundle&) {})),
              Code::unknown_key)
        << "no key of the broker";
    Bytes altered = reply;
    altered[altered.size() / 2] ^= 1;
    EXPECT_TRUE(refusal_of(altered) == Code::bad_signature ||
                refusal_of(altered) == Code::malformed_frame);
    EXPECT_EQ(refusal_of(BytesView(reply).first(reply.size() / 2)), Code::malformed_frame);
    EXPECT_EQ(refusal_of(Bytes(proof::kBundleBytesMax + 1)), Code::oversized);
    EXPECT_EQ(bus.status("labour").outbox, 1U) << "nothing was taken";
    EXPECT_TRUE(bus.inbox("labour").empty());
    EXPECT_TRUE(alarms().empty());

    taken_in(reply);
    EXPECT_EQ(refusal_of(first), Code::rollback) << "older than the one that was taken";
}

TEST_F(Bundles, SignedWithARevokedOrExpiredLogKeyAreRefused) {
    const auto revoked = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    const auto expired = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    auto data = world().registry;
    registry::KeyEntry entry;
    for (const registry::KeyEntry& key : data.bus_keys) {
        if (key.use == keys::Use::log) entry = key;
    }
    entry.validity.from -= 2;
    entry.raw = revoked.public_key().raw();
    entry.id = revoked.public_key().id();
    entry.revoked = true;
    data.bus_keys.push_back(entry);
    entry.raw = expired.public_key().raw();
    entry.id = expired.public_key().id();
    entry.revoked = false;
    entry.validity.until = entry.validity.from + 1;
    data.bus_keys.push_back(entry);
    const auto adopted = bus.adopt("police", world().registry_document(data, 2));
    ASSERT_TRUE(adopted.has_value()) << adopted.error().detail << adopted.error().where;
    ASSERT_TRUE(bus.catch_up("labour"));
    cut("labour");
    const Bytes reply = carried_out(exported()).file;
    EXPECT_EQ(refusal_of(changed(reply, *revoked.signer(), [](Bundle&) {})), Code::revoked_key);
    EXPECT_EQ(refusal_of(changed(reply, *expired.signer(), [](Bundle&) {})), Code::expired_key);
    taken_in(reply);
}

TEST_F(Bundles, FromABrokerThatLiesChangeNothingAndRaiseTheAlarm) {
    ASSERT_EQ(bus.submit_one("police", keyed("p")).state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    cut("labour");
    take("labour", {keyed("a")});
    ASSERT_EQ(bus.submit_one("police", keyed("q")).state, State::accepted);
    const std::uint64_t inbox = bus.status("labour").inbox;
    const Bytes reply = carried_out(exported()).file;
    EXPECT_EQ(refusal_of(with_other<wire::Receipt>(reply, [](auto& r) { ++r.first_position; })),
              Code::bad_digest);
    EXPECT_EQ(bus.status("labour").outbox, 1U);
    EXPECT_TRUE(has_alarm("bad_receipt"));
    EXPECT_EQ(refusal_of(with_other<wire::Receipt>(reply, [](auto& r) { ++r.stream; })),
              Code::malformed_frame);
    EXPECT_TRUE(has_alarm("receipt_for_another_batch"));
    EXPECT_EQ(refusal_of(changed_reply(reply, [](Bundle& b) { b.frames.push_back(b.frames[1]); })),
              Code::malformed_frame)
        << "two answers to one batch";
    EXPECT_EQ(refusal_of(with_other<wire::Welcome>(
                  reply, [](auto& w) { w.agency = world().id("police"); })),
              Code::wrong_audience);
    EXPECT_EQ(refusal_of(with_other<wire::Receipt>(
                  reply, [](auto& r) { r.consistency.at(0).bytes[0] ^= 1; })),
              Code::head_conflict);
    EXPECT_TRUE(has_alarm("head_conflict"));
    const Bytes unproven = with_other<wire::Receipt>(reply, [](auto& r) { r.asked_size = 0; });
    EXPECT_EQ(refusal_of(with_other<wire::ConsistencyProof>(
                  unproven, [](auto& p) { p.hashes[0].bytes[0] ^= 1; })),
              Code::head_conflict);
    EXPECT_EQ(refusal_of(with_other<wire::ConsistencyProof>(unproven, [](auto& p) { ++p.to; })),
              Code::rollback)
        << "no proof leads from this node's head to the reply's";
    EXPECT_EQ(bus.status("labour").outbox, 1U);
    EXPECT_EQ(bus.status("labour").inbox, inbox);
    // What follows is judged entry by entry, as from a connection: receipts that verify are taken.
    EXPECT_EQ(refusal_of(with_other<wire::Delivery>(reply, [](auto& d) { d.signature[0] ^= 1; })),
              Code::bad_signature);
    EXPECT_TRUE(has_alarm("bad_delivery"));
    EXPECT_EQ(refusal_of(with_other<wire::Delivery>(reply,
                                                    [](auto& d) {
                                                        ++d.from;
                                                        d.entries.clear();
                                                        test::sign_delivery(d);
                                                    })),
              Code::sequence_gap);
    EXPECT_EQ(bus.status("labour").inbox, inbox);
    EXPECT_EQ(taken_in(reply).entries, 2U) << "the true one";
}

// Signed as a whole, but a refusal has to stand on its own when it is shown to others.
TEST_F(Bundles, WithARefusalThatIsNotSignedChangeNothingAndRaiseTheAlarm) {
    ASSERT_TRUE(bus.catch_up("labour"));
    cut("labour");
    take("labour", {keyed("a")});
    const Bytes reply = carried_out(exported()).file;
    const Bytes lie = changed_reply(reply, [](Bundle& bundle) {
        for (proof::BundleFrame& frame : bundle.frames) {
            auto command = wire::parse_command(frame.command, wire::kDataBytesMax).value();
            if (!std::holds_alternative<wire::Receipt>(command.body)) continue;
            command.body = wire::Failure{Code::id_conflict, {}, {}, {}};
            frame.command = wire::encode(command);
        }
    });
    EXPECT_EQ(refusal_of(lie), Code::bad_signature);
    EXPECT_TRUE(has_alarm("unsigned_refusal code=id_conflict"));
    EXPECT_EQ(bus.status("labour").outbox, 1U);
    EXPECT_EQ(taken_in(reply).receipts, 1U) << "the true one";
    EXPECT_EQ(messages_logged(), 1U);
}

// The second batch's receipt was lost on its way, and is older than what the node has seen since.
TEST_F(Bundles, LeadTheHeadOverReceiptsOfAnyAge) {
    ASSERT_TRUE(bus.catch_up("labour"));
    cut("labour");
    take("labour", {keyed("a")});
    carried_out(exported());  // lost
    ASSERT_EQ(bus.submit_one("police", keyed("p")).state, State::accepted);
    take("labour", {keyed("b", Kind::province_summary)});
    const ImportedBundle taken = round_trip();
    EXPECT_EQ(taken.receipts, 2U);
    EXPECT_EQ(bus.status("labour").outbox, 0U);
    EXPECT_TRUE(alarms().empty());
    EXPECT_EQ(messages_logged(), 3U);
    bus.crash_broker();
    for (const InboxEntry& entry : bus.inbox("labour")) {
        if (entry.header.sender != world().id("labour")) continue;
        std::optional<Result<Verification>> answer;
        bus.node("labour").verify(entry.header.id,
                                  bus.clock().monotonic() + seconds{5},
                                  [&](auto result) { answer = result; });
        ASSERT_TRUE(bus.step_until([&] { return answer.has_value(); }));
        EXPECT_TRUE((*answer)->receipt && (*answer)->consistency) << "kept from the bundle";
    }
}

TEST_F(Bundles, OfABrokerWhoseLogIsShorterRaiseTheAlarm) {
    ASSERT_TRUE(bus.catch_up("labour"));
    ASSERT_EQ(bus.submit_one("police", keyed("p")).state, State::accepted);
    ASSERT_TRUE(bus.catch_up("labour"));
    cut("labour");
    bus.put_broker_disk(journal::make_memory_disk());  // made anew from the genesis
    ASSERT_TRUE(bus.start_broker());
    const Bytes reply = carried_out(exported()).file;
    EXPECT_EQ(refusal_of(reply), Code::rollback);
    EXPECT_TRUE(has_alarm("log_shorter_than_cursor"));
}

TEST_F(Bundles, OfStrangersAreRefusedByTheBrokerBeforeAnythingIsDone) {
    cut("labour");
    take("labour", {keyed("a")});
    const ExportedBundle bundle = exported();
    const auto with = [&](const std::function<void(Bundle&)>& change) {
        return broker_refusal_of(changed_request(bundle.file, change));
    };
    EXPECT_EQ(with([](Bundle& b) { b.bus = BusId::of("another"); }), Code::wrong_bus);
    EXPECT_EQ(with([](Bundle& b) { b.agency = world().id("police"); }), Code::wrong_sender);
    EXPECT_EQ(with([](Bundle& b) { b.node = NodeId::of("another"); }), Code::wrong_sender);
    EXPECT_EQ(with([](Bundle& b) { b.direction = proof::Direction::reply; }),
              Code::malformed_frame);
    EXPECT_EQ(with([](Bundle& b) { b.frames.clear(); }), Code::malformed_frame);
    EXPECT_EQ(with([](Bundle& b) { b.frames.erase(b.frames.begin()); }), Code::malformed_frame);
    EXPECT_EQ(with([](Bundle& b) { b.frames.push_back(b.frames.back()); }), Code::malformed_frame);
    EXPECT_EQ(with([](Bundle& b) { b.frames.back().command = Bytes(40, 1); }),
              Code::malformed_frame);
    EXPECT_EQ(with([](Bundle& b) {
                  b.frames.back().command =
                      wire::encode(wire::Command{9, wire::DocumentRequest{2, 0}});
              }),
              Code::unknown_operation)
        << "what a stick has no business with";
    const auto stranger = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    EXPECT_EQ(broker_refusal_of(changed(bundle.file, *stranger.signer(), [](Bundle&) {})),
              Code::unknown_key);
    Bytes altered = bundle.file;
    altered[altered.size() / 2] ^= 1;
    EXPECT_TRUE(broker_refusal_of(altered) == Code::bad_signature ||
                broker_refusal_of(altered) == Code::malformed_frame);
    EXPECT_EQ(broker_refusal_of(BytesView(bundle.file).first(100)), Code::malformed_frame);
    EXPECT_EQ(broker_refusal_of(Bytes(proof::kBundleBytesMax + 1)), Code::oversized);
    const auto later = broker::BundleImport::begin(bundle.file,
                                                   world().bus,
                                                   bus.broker().published.get(),
                                                   test::kNow + 20'000 * test::kDay,
                                                   1);
    ASSERT_FALSE(later.has_value());
    EXPECT_EQ(later.error().code, Code::expired_key);
    EXPECT_EQ(messages_logged(), 0U);
}

TEST_F(Bundles, OfARevokedKeyAreRefusedByTheBroker) {
    cut("labour");
    take("labour", {keyed("a")});
    const ExportedBundle bundle = exported();
    auto data = world().registry;
    test::key_of(data, world().id("labour"), keys::Use::curve).revoked = true;
    ASSERT_TRUE(bus.adopt("police", world().registry_document(data, 2)).has_value());
    EXPECT_EQ(broker_refusal_of(bundle.file), Code::revoked_key) << "no way in for this node";
    data = world().registry;
    auto& sign = test::key_of(data, world().id("labour"), keys::Use::sign);
    sign.revoked = true;
    sign.revoked_from = 1;
    ASSERT_TRUE(bus.adopt("police", world().registry_document(data, 3)).has_value());
    EXPECT_EQ(broker_refusal_of(bundle.file), Code::revoked_key);
    EXPECT_EQ(messages_logged(), 0U);
}

TEST_F(Bundles, OfAnAgencyWithTooManyConnectionsAreOverloaded) {
    ASSERT_TRUE(bus.catch_up("labour"));
    const ExportedBundle bundle = exported();
    const Position end = bus.broker().journal->confirmed();
    std::vector<std::unique_ptr<test::RawClient>> peers;
    for (std::uint32_t i = 0; i < world().registry.limits.connections_per_agency_max; ++i) {
        peers.push_back(std::make_unique<test::RawClient>(bus, "labour"));
        peers.back()->send(wire::Fetch{"node", end, 1u << 20, 100});  // busy
        bus.step();
    }
    EXPECT_EQ(broker_refusal_of(bundle.file), Code::overloaded);
}

TEST_F(Bundles, ThatTheBrokerDoesNotAnswerEndInATimeout) {
    cut("labour");
    const ExportedBundle bundle = exported();
    auto import = broker::BundleImport::begin(
        bundle.file, world().bus, bus.broker().published.get(), bus.clock().wall(), 77);
    ASSERT_TRUE(import.has_value());
    import->do_work(*bus.broker().door, bus.clock().monotonic());
    bus.clock().advance(seconds{31});
    import->do_work(*bus.broker().door, bus.clock().monotonic());
    ASSERT_TRUE(import->failed().has_value());
    EXPECT_EQ(import->failed()->code, Code::timeout);
    // Its answer comes after all, and does not confuse the next visitor.
    bus.steps(3);
    take("labour", {keyed("a")});
    EXPECT_EQ(carried_out(exported()).counts.accepted, 1U);
}

}  // namespace
}  // namespace lienthong::node
