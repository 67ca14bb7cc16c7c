// SPDX-License-Identifier: Apache-2.0
#include "security/proof/note.hpp"

#include <algorithm>

#include "bus/base/base64.hpp"
#include "bus/base/check.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::proof {
namespace {

constexpr std::string_view kDash = "\u2014 ";  // em dash, blank

bool is_note_name(std::string_view name) {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f && c != '+'; });
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n') || byte == 0x7f;
    });
}

}  // namespace

NoteKeyHash note_key_hash(std::string_view name, NoteSignatureType type, BytesView raw32) {
    const std::array<std::uint8_t, 2> middle{0x0a, static_cast<std::uint8_t>(type)};
    const Hash digest = keys::sha256({as_bytes(name), BytesView(middle), raw32});
    NoteKeyHash hash;
    std::copy_n(digest.bytes.begin(), hash.size(), hash.begin());
    return hash;
}

std::string note_signature_line(const NoteSignature& signature) {
    CHECK(is_note_name(signature.name));
    Bytes bytes(signature.key_hash.begin(), signature.key_hash.end());
    bytes.insert(bytes.end(), signature.bytes.begin(), signature.bytes.end());
    std::string line(kDash);
    line.append(signature.name).append(" ").append(to_base64(bytes)).append("\n");
    return line;
}

Result<NoteSignature> parse_note_signature_line(std::string_view line) {
    if (line.size() > kNoteBytesMax || !line.starts_with(kDash) || !line.ends_with('\n')) {
        return fail(Code::malformed_proof, "not a signature line", "signature");
    }
    line.remove_prefix(kDash.size());
    line.remove_suffix(1);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos || !is_note_name(line.substr(0, blank))) {
        return fail(Code::malformed_proof, "not a name", "signature");
    }
    NoteSignature signature;
    signature.name = line.substr(0, blank);
    auto bytes = from_base64(line.substr(blank + 1));
    if (!bytes || bytes->size() <= signature.key_hash.size()) {
        return fail(Code::malformed_proof, "not base64 of a signature", "signature");
    }
    const auto body = bytes->begin() + static_cast<std::ptrdiff_t>(signature.key_hash.size());
    std::copy(bytes->begin(), body, signature.key_hash.begin());
    signature.bytes.assign(body, bytes->end());
    return signature;
}

Result<Note> parse_note(std::string_view note) {
    if (note.size() > kNoteBytesMax) return fail(Code::malformed_proof, "too long", "note");
    if (has_control_character(note)) {
        return fail(Code::malformed_proof, "control character", "note");
    }
    const std::size_t end_of_text = note.rfind("\n\n");
    if (end_of_text == std::string_view::npos) {
        return fail(Code::malformed_proof, "no empty line before signatures", "note");
    }
    Note parsed;
    parsed.text = note.substr(0, end_of_text + 1);
    for (std::string_view rest = note.substr(end_of_text + 2); !rest.empty();) {
        const std::size_t newline = rest.find('\n');
        const std::size_t size = newline == std::string_view::npos ? rest.size() : newline + 1;
        auto signature = parse_note_signature_line(rest.substr(0, size));
        if (!signature) return std::unexpected(signature.error());
        if (parsed.signatures.size() == kNoteSignaturesMax) {
            return fail(Code::malformed_proof, "too many signatures", "note");
        }
        parsed.signatures.push_back(std::move(*signature));
        rest.remove_prefix(size);
    }
    if (parsed.signatures.empty()) return fail(Code::malformed_proof, "no signature", "note");
    return parsed;
}

Result<void> verify_note(const Note& note, std::string_view name, const keys::PublicKey& key) {
    if (key.algorithm() != keys::Algorithm::ed25519) {
        return fail(Code::bad_signature, "notes are signed with Ed25519 keys");
    }
    const auto key_hash = note_key_hash(name, NoteSignatureType::ed25519, key.raw());
    bool verified = false;
    for (const NoteSignature& signature : note.signatures) {
        if (signature.name != name || signature.key_hash != key_hash) continue;
        if (auto result = key.verify(as_bytes(note.text), signature.bytes); !result) return result;
        verified = true;
    }
    if (!verified) return fail(Code::bad_signature, "no signature by this key", "note");
    return {};
}

}  // namespace lienthong::proof
