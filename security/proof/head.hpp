// SPDX-License-Identifier: Apache-2.0
// Tree heads: C2SP tlog-checkpoint texts with C2SP signed-note signatures (Ed25519), co-signed by
// nodes as C2SP tlog-cosignature v1. Leaves of the log, receipts and signed delivery statements.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "bus/base/ids.hpp"
#include "security/keys/keys.hpp"
#include "security/proof/merkle.hpp"

namespace lienthong::proof {

// Kinds of entries in the log; the number stands in the leaf.
enum class EntryKind : std::uint8_t {
    message = 1,
    refusals = 2,   // final refusals of a batch: numbers and reasons
    document = 3,   // of record: registry, policy, procedure, administrators
    delivered = 4,  // case data was sent to a consumer
    queried = 5,
    denied = 6,
    tick = 7,
    stream_closed = 8,
    erase = 9,
    epoch = 10,
    opened = 11,
    backup_mark = 12,
};

// Everything a leaf says; its bytes are fixed: label, bus id, position, time, entry kind, epoch,
// content digest, proof digest.
struct Leaf {
    BusId bus;
    Position position = 0;
    Millis time = 0;
    EntryKind kind = EntryKind::message;
    Epoch epoch = 0;
    Hash content;  // SHA-256 of the header, or of the bytes of an entry that is no message
    Hash proof;    // SHA-256 of the batch proof, or zeros
};
Bytes encode_leaf(const Leaf& leaf);
Hash hash(const Leaf& leaf);  // leaf_hash(encode_leaf(leaf))

// Extension lines of the checkpoint, after origin, size and root.
struct Head {
    BusId bus;  // origin
    std::uint64_t size = 0;
    Hash root;
    Millis time = 0;
    Epoch epoch = 0;
    Hash administrators;
    Hash registry;
    Hash policy;
    Hash procedure;
    bool operator==(const Head&) const = default;
};

// The text that is signed (ends with a newline).
std::string checkpoint_body(const Head& head);
// body ‖ "\n" ‖ signature lines.
Result<std::string> sign_head(const Head& head, keys::Signer& log_key);
// Strict: any other form is malformed_proof; bad_signature; wrong_bus.
Result<Head> verify_head(std::string_view note, const BusId& bus, const keys::PublicKey& log_key);
Result<Head> parse_head(std::string_view note);  // without a verdict on signatures

// One signature line "— <witness name> <base64>" with its time; `witness` is a node's text name.
Result<std::string> cosign_head(std::string_view note,
                                std::string_view witness,
                                Millis time,
                                keys::Signer& key);
// Gives the time of the co-signature.
Result<Millis> verify_cosignature(std::string_view note,
                                  std::string_view line,
                                  std::string_view witness,
                                  const keys::PublicKey& key);

// What the broker signs with each delivery: "from a to b these are all your entries".
struct DeliveryStatement {
    BusId bus;
    AgencyId agency;
    std::string consumer;
    Position from = 0;
    Position to = 0;
    Epoch epoch = 0;
    Hash entries;  // SHA-256 over the leaf hashes, in order, and of the skipped numbers of each
    Hash head;     // SHA-256 of the head's text
};
Bytes encode_statement(const DeliveryStatement& statement);

}  // namespace lienthong::proof
