// SPDX-License-Identifier: Apache-2.0
// What must hold after a run, whatever happened in it.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bus/core/apply.hpp"
#include "bus/core/tables.hpp"
#include "tests/sim/province.hpp"

namespace lienthong::test {
namespace {

using proof::EntryKind;
using Rows = std::vector<std::pair<Bytes, Bytes>>;

Rows rows_of(const journal::ReadTxn& txn, core::Tables table) {
    Rows rows;
    const auto scanned = txn.scan(core::id(table), {}, [&](BytesView key, BytesView value) {
        rows.emplace_back(to_bytes(key), to_bytes(value));
        return true;
    });
    EXPECT_TRUE(scanned.has_value());
    return rows;
}

message::Header header_of(const core::Entry& entry) {
    return message::parse_header(entry.content).value();
}

}  // namespace

// Every accepted outcome is in the log exactly once, at the position said; every draft exactly
// once.
void Province::check_outcomes(const core::ReadState& state) {
    std::map<MessageId, Position> logged;
    for (Position position = 0; position < state.log_size(); ++position) {
        const core::Entry entry = state.entry(position).value();
        if (entry.kind != EntryKind::message) continue;
        EXPECT_TRUE(logged.emplace(header_of(entry).id, position).second) << "twice: " << position;
    }
    std::set<MessageId> said;
    for (const Submitted& one : submitted_) {
        const node::Outcome& outcome = *one.outcome;
        ASSERT_EQ(outcome.state, node::Outcome::State::accepted)
            << one.draft.key << " "
            << (outcome.refusal ? info(outcome.refusal->code).name : std::string_view());
        ++accepted_;
        EXPECT_TRUE(said.insert(outcome.id).second) << one.draft.key;
        const auto found = logged.find(outcome.id);
        ASSERT_NE(found, logged.end()) << one.draft.key << " " << outcome.id.text();
        EXPECT_EQ(found->second, outcome.position) << one.draft.key;
        EXPECT_EQ(state.entry(outcome.position)->sender, world().id(one.slug));
    }
    EXPECT_EQ(said.size(), logged.size()) << "a message that nobody submitted, or one twice";
}

// Everybody has exactly what its classes say, in order; and the classes are the policy's.
void Province::check_inboxes(const core::ReadState& state) {
    std::map<AgencyId, std::vector<Position>> expected;
    Position policy_changed = UINT64_MAX;
    for (Position position = 0; position < state.log_size(); ++position) {
        const core::Entry entry = state.entry(position).value();
        if (entry.kind == EntryKind::document && equal(entry.content, new_policy_)) {
            policy_changed = position;
        }
        if (entry.kind != EntryKind::message) continue;
        const auto row = state.maybe_class(entry.class_id).value();
        ASSERT_TRUE(row.has_value());
        for (const AgencyId& agency : row->agencies) expected[agency].push_back(position);
        if (row->kind == message::Kind::outreach_report) {
            std::set<AgencyId> entitled{entry.sender, world().id("labour")};
            if (position > policy_changed) entitled.insert(world().id("womens-union"));
            EXPECT_EQ(row->agencies, std::vector(entitled.begin(), entitled.end())) << position;
        }
        if (row->kind == message::Kind::province_summary) {
            EXPECT_EQ(row->agencies.size(), 11U);
        }
    }
    for (const auto& [slug, member] : world().members) {
        if (bus_.maybe_node(slug) == nullptr) continue;
        std::vector<Position> got;
        for (const node::InboxEntry& entry : bus_.inbox(slug)) got.push_back(entry.position);
        EXPECT_EQ(got, expected[member.id]) << slug;
    }
}

// Every head ever signed is the root of the log up to its size.
void Province::check_heads(const core::ReadState& state) {
    std::vector<Hash> leaves;
    std::size_t heads = 0;
    Millis last = 0;
    for (Position position = 0; position < state.log_size(); ++position) {
        const core::Entry entry = state.entry(position).value();
        EXPECT_GE(entry.time, last) << "time went back at " << position;
        last = entry.time;
        leaves.push_back(core::leaf_of(world().bus, position, entry));
        const auto note = state.maybe_head(position + 1).value();
        if (!note) continue;
        ++heads;
        const auto head = proof::verify_head(*note, world().bus, world().log.public_key());
        ASSERT_TRUE(head.has_value()) << position;
        EXPECT_EQ(head->root, proof::root(leaves)) << position;
    }
    EXPECT_GT(heads, 10U);
    EXPECT_TRUE(state.maybe_head(state.log_size()).value().has_value()) << "the end is covered";
    for (const auto& [slug, member] : world().members) {
        if (bus_.maybe_node(slug) == nullptr) continue;
        const node::Status status = bus_.status(slug);
        ASSERT_LE(status.log_size, leaves.size());
        EXPECT_EQ(status.root, proof::root(std::span(leaves).first(status.log_size))) << slug;
    }
}

// The log applied to nothing gives the same projections as the live broker has.
void Province::check_replay(const core::ReadState& state, const journal::ReadTxn& txn) {
    const auto journal = journal::open_memory(journal::make_memory_disk());
    ASSERT_TRUE(journal->acquire().has_value());
    const auto fresh = journal->begin_write().value();
    core::Vault vault(TestWorld::master("replay"), random_);
    core::State replayed(*fresh, vault);
    for (Position position = 0; position < state.log_size(); ++position) {
        const core::Entry entry = state.entry(position).value();
        const core::Opened opened = core::open_facts(state, entry).value();
        ASSERT_EQ(replayed.append(world().bus, entry), position);
        ASSERT_TRUE(core::apply(replayed, world().bus, position, entry, opened).has_value());
    }
    using enum core::Tables;
    for (const core::Tables table : {meta,
                                     tree,
                                     documents,
                                     streams,
                                     node_streams,
                                     class_makers,
                                     refused,
                                     classes,
                                     class_ids,
                                     agency_class,
                                     class_index,
                                     case_parties,
                                     shelters}) {
        EXPECT_EQ(rows_of(*fresh, table), rows_of(txn, table))
            << core::kTableNames[core::id(table)];
    }
    // Rows of a case stand under keys of their own: compared as they are opened.
    EXPECT_EQ(rows_of(*fresh, cases).size(), rows_of(txn, cases).size());
    EXPECT_EQ(replayed.maybe_case(case_id_).value(), state.maybe_case(case_id_).value());
    EXPECT_EQ(replayed.case_steps(case_id_, 0, 1000).value(),
              state.case_steps(case_id_, 0, 1000).value());
}

void Province::check_nodes() {
    for (const auto& [slug, member] : world().members) {
        if (bus_.maybe_node(slug) == nullptr) continue;
        const node::Status status = bus_.status(slug);
        EXPECT_EQ(status.alarms, std::vector<std::string>{}) << slug;
        EXPECT_EQ(status.outbox, 0U) << slug;
    }
}

}  // namespace lienthong::test
