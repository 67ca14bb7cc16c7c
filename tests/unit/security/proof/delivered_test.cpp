// SPDX-License-Identifier: Apache-2.0
#include "security/proof/delivered.hpp"

#include <gtest/gtest.h>

#include "security/keys/digest.hpp"

namespace lienthong::proof {
namespace {

const BusId kBus = BusId::of("ninh-binh");

message::DeliveredEntry some_entry() {
    message::DeliveredEntry entry;
    entry.position = 7;
    entry.kind = 1;
    entry.epoch = 3;
    entry.time = 1000;
    entry.header = to_bytes(as_bytes("header"));
    entry.proof = to_bytes(as_bytes("proof"));
    entry.skipped = {{.first = 4, .count = 2, .code = Code::forbidden}};
    return entry;
}

message::Delivery some_delivery() {
    message::Delivery delivery;
    delivery.consumer = "inbox";
    delivery.agency = AgencyId::of("police");
    delivery.from = 5;
    delivery.to = 9;
    delivery.epoch = 3;
    delivery.head = "head";
    delivery.entries = {some_entry()};
    return delivery;
}

TEST(Delivered, GivesTheLeafOfAMessageWithItsProof) {
    const Leaf leaf = leaf_of(kBus, some_entry());
    const Leaf expected{.bus = kBus,
                        .position = 7,
                        .time = 1000,
                        .kind = EntryKind::message,
                        .epoch = 3,
                        .content = keys::sha256(as_bytes("header")),
                        .proof = keys::sha256(as_bytes("proof"))};
    EXPECT_EQ(encode_leaf(leaf), encode_leaf(expected));
}

TEST(Delivered, GivesTheLeafOfAnyOtherEntryWithoutAProof) {
    auto entry = some_entry();
    entry.kind = static_cast<std::uint8_t>(EntryKind::document);
    EXPECT_TRUE(leaf_of(kBus, entry).proof.is_zero());
}

TEST(Delivered, StatesEverythingThatADeliveryClaims) {
    const Bytes stated = encode_statement(statement_of(kBus, some_delivery()));
    const auto differs = [&](auto change) {
        auto delivery = some_delivery();
        change(delivery);
        return encode_statement(statement_of(kBus, delivery)) != stated;
    };
    EXPECT_FALSE(differs([](auto&) {}));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.consumer = "outbox"; }));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.agency = AgencyId::of("labour"); }));
    EXPECT_TRUE(differs([](auto& delivery) { ++delivery.from; }));
    EXPECT_TRUE(differs([](auto& delivery) { ++delivery.to; }));
    EXPECT_TRUE(differs([](auto& delivery) { ++delivery.epoch; }));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.head = "other"; }));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.entries.clear(); }));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.entries.push_back(some_entry()); }));
    EXPECT_TRUE(differs([](auto& delivery) { ++delivery.entries[0].position; }));
    EXPECT_TRUE(differs([](auto& delivery) { ++delivery.entries[0].time; }));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.entries[0].header.push_back(0); }));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.entries[0].proof.push_back(0); }));
    EXPECT_TRUE(differs([](auto& delivery) { delivery.entries[0].skipped.clear(); }));
    EXPECT_TRUE(differs([](auto& delivery) { ++delivery.entries[0].skipped[0].first; }));
    EXPECT_TRUE(differs([](auto& delivery) { ++delivery.entries[0].skipped[0].count; }));
    EXPECT_NE(encode_statement(statement_of(BusId::of("nam-dinh"), some_delivery())), stated);
}

}  // namespace
}  // namespace lienthong::proof
