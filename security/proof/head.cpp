// SPDX-License-Identifier: Apache-2.0
#include "security/proof/head.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "bus/base/base64.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/note.hpp"

namespace lienthong::proof {
namespace {

constexpr std::string_view kLeafLabel = "lienthong/leaf/v1";
constexpr std::string_view kStatementLabel = "lienthong/delivery/v1";
constexpr std::int64_t kMillisInSecond = 1000;
constexpr std::size_t kCosignatureBytes = 8 + 64;

// The lines of a text, one after another; false once a line was not what was asked for.
class LineReader {
  public:
    explicit LineReader(std::string_view text) : rest_(text) {}

    // The line without its newline, after `prefix`.
    std::string_view line(std::string_view prefix = {}) {
        const std::size_t newline = rest_.find('\n');
        if (!ok_ || newline == std::string_view::npos || !rest_.starts_with(prefix)) {
            ok_ = false;
            return {};
        }
        const std::string_view value = rest_.substr(0, newline).substr(prefix.size());
        rest_.remove_prefix(newline + 1);
        return value;
    }
    template <class Integer>
    Integer number(std::string_view prefix = {}) {
        const std::string_view text = line(prefix);
        Integer value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || end != text.data() + text.size()) ok_ = false;
        return value;
    }
    Hash hexadecimal(std::string_view prefix) {
        const auto hash = hash_from_hex(line(prefix));
        if (!hash) ok_ = false;
        return hash.value_or(Hash{});
    }
    Hash base64() {
        const auto bytes = from_base64(line());
        const auto hash = bytes ? to_hash(*bytes) : std::unexpected(bytes.error());
        if (!hash) ok_ = false;
        return hash.value_or(Hash{});
    }
    bool done() const { return ok_ && rest_.empty(); }

  private:
    std::string_view rest_;
    bool ok_ = true;
};

bool can_be_said(const Head& head) {
    return is_name(head.bus.text()) && head.size <= kTreeSizeMax && head.time >= 0;
}

Result<Head> parse_body(std::string_view body) {
    LineReader lines(body);
    Head head;
    const auto bus = BusId::parse(lines.line(), "origin");
    head.size = lines.number<std::uint64_t>();
    head.root = lines.base64();
    head.time = lines.number<Millis>("time ");
    head.epoch = lines.number<Epoch>("epoch ");
    head.administrators = lines.hexadecimal("administrators ");
    head.registry = lines.hexadecimal("registry ");
    head.policy = lines.hexadecimal("policy ");
    head.procedure = lines.hexadecimal("procedure ");
    if (!lines.done() || !bus) return fail(Code::malformed_proof, "not a checkpoint", "head");
    head.bus = *bus;
    // There is one text for a head: this refuses leading zeros, capitals, signs.
    if (!can_be_said(head) || checkpoint_body(head) != body) {
        return fail(Code::malformed_proof, "a checkpoint in another form", "head");
    }
    return head;
}

std::string cosigned_text(std::uint64_t seconds, std::string_view body) {
    return fmt::format("cosignature/v1\ntime {}\n{}", seconds, body);
}

bool is_witness_name(std::string_view name) {
    return name.size() <= 128 && !name.empty() &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-./") ==
               std::string_view::npos;
}

}  // namespace

Bytes encode_leaf(const Leaf& leaf) {
    ByteWriter writer;
    writer.prefixed(kLeafLabel)
        .prefixed(leaf.bus.text())
        .u64(leaf.position)
        .i64(leaf.time)
        .u8(static_cast<std::uint8_t>(leaf.kind))
        .u64(leaf.epoch)
        .hash(leaf.content)
        .hash(leaf.proof);
    return writer.take();
}

Hash hash(const Leaf& leaf) { return leaf_hash(encode_leaf(leaf)); }

std::string checkpoint_body(const Head& head) {
    return fmt::format(
        "{}\n{}\n{}\ntime {}\nepoch {}\nadministrators {}\nregistry {}\npolicy {}\nprocedure {}\n",
        head.bus.text(),
        head.size,
        to_base64(head.root.view()),
        head.time,
        head.epoch,
        to_hex(head.administrators.view()),
        to_hex(head.registry.view()),
        to_hex(head.policy.view()),
        to_hex(head.procedure.view()));
}

Result<std::string> sign_head(const Head& head, keys::Signer& log_key) {
    if (!can_be_said(head)) return fail(Code::bad_argument, "no such head", "head");
    const keys::PublicKey& key = log_key.public_key();
    if (key.algorithm() != keys::Algorithm::ed25519) {
        return fail(Code::unknown_suite, "heads are signed with Ed25519 keys");
    }
    std::string note = checkpoint_body(head);
    auto signature = log_key.sign(as_bytes(note));
    if (!signature) return std::unexpected(signature.error());
    const std::string& name = head.bus.text();
    const auto key_hash = note_key_hash(name, NoteSignatureType::ed25519, key.raw());
    note += "\n" + note_signature_line({name, key_hash, std::move(*signature)});
    return note;
}

Result<Head> parse_head(std::string_view note) {
    const auto parsed = parse_note(note);
    if (!parsed) return std::unexpected(parsed.error());
    return parse_body(parsed->text);
}

Result<Head> verify_head(std::string_view note, const BusId& bus, const keys::PublicKey& log_key) {
    const auto parsed = parse_note(note);
    if (!parsed) return std::unexpected(parsed.error());
    auto head = parse_body(parsed->text);
    if (!head) return head;
    if (head->bus != bus) return fail(Code::wrong_bus, "a head of another bus", "head");
    if (auto verified = verify_note(*parsed, bus.text(), log_key); !verified) {
        return std::unexpected(verified.error());
    }
    return head;
}

Result<std::string> cosign_head(std::string_view note,
                                std::string_view witness,
                                Millis time,
                                keys::Signer& key) {
    const auto parsed = parse_note(note);
    if (!parsed) return std::unexpected(parsed.error());
    if (auto head = parse_body(parsed->text); !head) return std::unexpected(head.error());
    if (time < 0) return fail(Code::bad_argument, "before 1970", "time");
    if (!is_witness_name(witness)) return fail(Code::bad_argument, "not a name", "witness");
    if (key.public_key().algorithm() != keys::Algorithm::ed25519) {
        return fail(Code::unknown_suite, "heads are co-signed with Ed25519 keys");
    }
    const auto seconds = static_cast<std::uint64_t>(time / kMillisInSecond);
    const auto signature = key.sign(as_bytes(cosigned_text(seconds, parsed->text)));
    if (!signature) return std::unexpected(signature.error());
    ByteWriter body;
    body.u64(seconds).raw(*signature);
    const auto key_hash =
        note_key_hash(witness, NoteSignatureType::cosignature_v1, key.public_key().raw());
    return note_signature_line({witness, key_hash, body.take()});
}

Result<Millis> verify_cosignature(std::string_view note,
                                  std::string_view line,
                                  std::string_view witness,
                                  const keys::PublicKey& key) {
    const auto parsed = parse_note(note);
    if (!parsed) return std::unexpected(parsed.error());
    if (auto head = parse_body(parsed->text); !head) return std::unexpected(head.error());
    const auto cosignature = parse_note_signature_line(line);
    if (!cosignature) return std::unexpected(cosignature.error());
    if (key.algorithm() != keys::Algorithm::ed25519 || cosignature->name != witness ||
        cosignature->key_hash !=
            note_key_hash(witness, NoteSignatureType::cosignature_v1, key.raw())) {
        return fail(Code::bad_signature, "by another witness or key", "cosignature");
    }
    if (cosignature->bytes.size() != kCosignatureBytes) {
        return fail(Code::malformed_proof, "wrong length", "cosignature");
    }
    ByteReader reader(cosignature->bytes);
    const std::uint64_t seconds = reader.u64();
    if (seconds > std::numeric_limits<Millis>::max() / kMillisInSecond) {
        return fail(Code::malformed_proof, "no such time", "cosignature");
    }
    const auto verified = key.verify(as_bytes(cosigned_text(seconds, parsed->text)), reader.rest());
    if (!verified) return std::unexpected(verified.error());
    return static_cast<Millis>(seconds) * kMillisInSecond;
}

Bytes encode_statement(const DeliveryStatement& statement) {
    ByteWriter writer;
    writer.prefixed(kStatementLabel)
        .prefixed(statement.bus.text())
        .prefixed(statement.agency.text())
        .prefixed(statement.consumer)
        .u64(statement.from)
        .u64(statement.to)
        .u64(statement.epoch)
        .hash(statement.entries)
        .hash(statement.head);
    return writer.take();
}

Hash stated_entries_digest(std::span<const StatedEntry> entries) {
    ByteWriter writer;
    for (const StatedEntry& entry : entries) {
        writer.hash(entry.leaf).u32(static_cast<std::uint32_t>(entry.skipped.size()));
        for (const StatedSkip& skip : entry.skipped) {
            writer.u64(skip.first).u32(skip.count).u16(static_cast<std::uint16_t>(skip.code));
        }
    }
    return keys::sha256(writer.bytes());
}

}  // namespace lienthong::proof
