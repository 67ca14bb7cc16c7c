// SPDX-License-Identifier: Apache-2.0
// Tree heads: C2SP tlog-checkpoint texts with C2SP signed-note signatures (Ed25519), co-signed by
// nodes as C2SP tlog-cosignature v1. Leaves of the log, receipts and signed delivery statements.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
    BusId bus{};
    Position position = 0;
    Millis time = 0;
    EntryKind kind = EntryKind::message;
    Epoch epoch = 0;
    Hash content{};  // SHA-256 of the header, or of the bytes of an entry that is no message
    Hash proof{};    // SHA-256 of the batch proof, or zeros
};
Bytes encode_leaf(const Leaf& leaf);
Hash hash(const Leaf& leaf);  // leaf_hash(encode_leaf(leaf))

// What a checkpoint says. After origin, size and root stand extension lines: `time` and `epoch` in
// decimal, then `administrators`, `registry`, `policy` and `procedure` as hexadecimal digests.
struct Head {
    BusId bus{};  // origin
    std::uint64_t size = 0;
    Hash root{};
    Millis time = 0;
    Epoch epoch = 0;
    Hash administrators{};
    Hash registry{};
    Hash policy{};
    Hash procedure{};
    bool operator==(const Head&) const = default;
};

// The text that is signed (ends with a newline).
std::string checkpoint_body(const Head& head);
// body ‖ "\n" ‖ signature line of the bus id's name. bad_argument for a head that no text can say
// (no bus, a time before 1970, too large a size); unknown_suite unless the key is Ed25519.
Result<std::string> sign_head(const Head& head, keys::Signer& log_key);
// Strict: any other form is malformed_proof; bad_signature; wrong_bus. Signature lines of other
// names and keys (co-signatures) may stand beside the log's, and are not judged.
Result<Head> verify_head(std::string_view note, const BusId& bus, const keys::PublicKey& log_key);
Result<Head> parse_head(std::string_view note);  // without a verdict on signatures

// One signature line "— <witness name> <base64>\n" with its time, rounded down to seconds; it may
// be appended to the note as it is. `witness` is a node's text name: 1 to 128 of a-z, 0-9, "-", "."
// and "/". malformed_proof (the note), bad_argument (name or time), unknown_suite (the key).
Result<std::string> cosign_head(std::string_view note,
                                std::string_view witness,
                                Millis time,
                                keys::Signer& key);
// Gives the time of the co-signature. malformed_proof, bad_signature.
Result<Millis> verify_cosignature(std::string_view note,
                                  std::string_view line,
                                  std::string_view witness,
                                  const keys::PublicKey& key);

// What the broker signs with each delivery: "from a to b these are all your entries".
struct DeliveryStatement {
    BusId bus{};
    AgencyId agency{};
    std::string consumer{};
    Position from = 0;
    Position to = 0;
    Epoch epoch = 0;
    Hash entries{};  // SHA-256 over the leaf hashes, in order, and of the skipped numbers of each
    Hash head{};     // SHA-256 of the head's text
};
Bytes encode_statement(const DeliveryStatement& statement);

// What `entries` is made from: for each entry its leaf hash, the number of ranges of skipped
// numbers before it, and of each of these its first number, its count and the code of the reason.
struct StatedSkip {
    std::uint64_t first = 0;
    std::uint32_t count = 1;
    Code code = Code::forbidden;
};
struct StatedEntry {
    Hash leaf{};
    std::vector<StatedSkip> skipped{};
};
Hash stated_entries_digest(std::span<const StatedEntry> entries);

}  // namespace lienthong::proof
