// SPDX-License-Identifier: Apache-2.0
// The tables of a node's data directory. docs/storage.md gives keys and values.
#pragma once

#include <array>
#include <string_view>

#include "bus/journal/journal.hpp"

namespace lienthong::node {

enum class Tables : journal::Table {
    meta,        // name → singletons: cursor, newest head, next ordinal
    documents,   // kind, version → position of adoption, signed document
    drafts,      // ordinal → what became of it
    bodies,      // ordinal → the draft, encrypted
    waiting,     // ordinal → nothing: drafts that are in no batch
    keys,        // digest of the idempotency key → ordinal, digest of the content
    streams,     // digest of the delivery class → stream, next number
    outbox,      // stream, first number → a batch without its receipt, encrypted
    inbox,       // position → an entry as it was delivered, encrypted
    inbox_ids,   // message → position
    in_streams,  // stream → last number that arrived
    cases,       // case → newest version known, encrypted under the case's key
    case_keys,   // case → its key, wrapped by the master key
    alarms,      // ordinal → text
    bundles,     // number → digest of an exported bundle
    out_chunks,  // message, section, index → a chunk of a message in the outbox, encrypted
    out_unsent,  // message, section, index → nothing: chunks that the broker has not taken yet
    in_chunks,   // position, section, index → a chunk of a delivered section, encrypted
    in_wanted,   // position, section → root and count of chunks that have not all arrived yet
    receipts,    // stream, first number → a receipt that closed a batch, and what it is proven with
    refusals,    // stream, first number → a signed refusal of a batch
    own_due,     // position → message: own accepted ones that have not come back yet
    doubtful,    // position → code: messages that failed a check and are asked for again
    ended,       // stream → next number: own streams that are used no more
};

inline constexpr std::array<std::string_view, 24> kTableNames = {
    "singletons", "documents", "drafts",   "bodies",     "waiting",    "keys",
    "streams",    "outbox",    "inbox",    "inbox_ids",  "in_streams", "cases",
    "case_keys",  "alarms",    "bundles",  "out_chunks", "out_unsent", "in_chunks",
    "in_wanted",  "receipts",  "refusals", "own_due",    "doubtful",   "ended",
};

constexpr journal::Table id(Tables table) { return static_cast<journal::Table>(table); }

}  // namespace lienthong::node
