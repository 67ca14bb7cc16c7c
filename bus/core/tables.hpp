// SPDX-License-Identifier: Apache-2.0
// The tables of the broker's state: derived from the log (but for counts not yet written, what
// fetches passed over or entitled to, and chunks), all written in the transaction that appends the
// entry. docs/storage.md
// gives keys and values.
#pragma once

#include <array>
#include <string_view>

#include "bus/journal/journal.hpp"

namespace lienthong::core {

enum class Tables : journal::Table {
    meta,          // name → singletons: time of the last entry, epoch, versions of documents
    tree,          // level, index → hash of a complete subtree of the log
    heads,         // size → signed checkpoint
    documents,     // kind, version → signed document
    streams,       // stream → owner, class, last number, closed
    refused,       // stream, number → code of the final refusal
    batches,       // stream, first number → proof, leaves, verdicts, positions
    classes,       // class → kind, agencies, last position
    class_ids,     // digest of (kind, agencies) → class
    agency_class,  // agency, class → nothing
    class_index,   // class, position → nothing
    cases,         // case → row, encrypted under the case's key
    case_steps,    // case, position → row, encrypted likewise
    case_parties,  // agency, case → position at which it became a party
    case_keys,     // case → its key, wrapped by the master key
    shelters,      // agency → capacity; agency, case → places taken
    queries,       // digest of (agency, officer, purpose, case) → time of the last entry, repeats
    denials,       // agency, rule → minute, count not yet written
    withheld,      // agency, message → nothing: a fetch passed it over for lack of a grant
    bridges,       // agency, message → last number that it got before a long run of skipped ones
    cosignatures,  // size, agency → its newest co-signature of the head of that size
    uploads,       // agency, message, section → count, bytes, time, wrapped key of its chunks
    chunk_leaves,  // agency, message, section, index → leaf, size
    chunks,        // agency, message, section, index → the chunk, encrypted under the upload's key
    upload_times,  // time, agency, message, section → nothing: uploads that no header has claimed
    upload_bytes,  // agency → what its unclaimed uploads count against its quota
    chunk_grants,  // agency, node, position → sections whose chunks a delivery entitles it to
    node_streams,  // node, position of the stream's newest entry, stream → nothing
    class_makers,  // agency → number of classes that its messages were the first of
};

inline constexpr std::array<std::string_view, 29> kTableNames = {
    "singletons",   "tree",         "heads",        "documents",    "streams",      "refused",
    "batches",      "classes",      "class_ids",    "agency_class", "class_index",  "cases",
    "case_steps",   "case_parties", "case_keys",    "shelters",     "queries",      "denials",
    "withheld",     "bridges",      "cosignatures", "uploads",      "chunk_leaves", "chunks",
    "upload_times", "upload_bytes", "chunk_grants", "node_streams", "class_makers",
};

constexpr journal::Table id(Tables table) { return static_cast<journal::Table>(table); }

}  // namespace lienthong::core
