// SPDX-License-Identifier: Apache-2.0
#include "security/proof/delivered.hpp"

#include "security/keys/digest.hpp"

namespace lienthong::proof {

Leaf leaf_of(const BusId& bus, const message::DeliveredEntry& entry) {
    Leaf leaf;
    leaf.bus = bus;
    leaf.position = entry.position;
    leaf.time = entry.time;
    leaf.kind = static_cast<EntryKind>(entry.kind);
    leaf.epoch = entry.epoch;
    leaf.content = keys::sha256(entry.header);
    if (leaf.kind == EntryKind::message) leaf.proof = keys::sha256(entry.proof);
    return leaf;
}

DeliveryStatement statement_of(const BusId& bus, const message::Delivery& delivery) {
    std::vector<StatedEntry> entries;
    entries.reserve(delivery.entries.size());
    for (const message::DeliveredEntry& entry : delivery.entries) {
        StatedEntry stated;
        stated.leaf = hash(leaf_of(bus, entry));
        for (const message::Skipped& skipped : entry.skipped) {
            stated.skipped.push_back({skipped.first, skipped.count, skipped.code});
        }
        entries.push_back(std::move(stated));
    }
    DeliveryStatement statement;
    statement.bus = bus;
    statement.agency = delivery.agency;
    statement.consumer = delivery.consumer;
    statement.from = delivery.from;
    statement.to = delivery.to;
    statement.epoch = delivery.epoch;
    statement.entries = stated_entries_digest(entries);
    statement.head = keys::sha256(as_bytes(delivery.head));
    return statement;
}

}  // namespace lienthong::proof
