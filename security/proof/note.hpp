// SPDX-License-Identifier: Apache-2.0
// Notes as C2SP signed-note has them: a text, an empty line, lines of signatures. Read strictly:
// names are visible ASCII without "+", base64 is canonical, at most 16 KiB and 64 signatures.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/bytes.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::proof {

inline constexpr std::size_t kNoteBytesMax = 16 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 64;

// Numbers as the C2SP specification assigns them.
enum class NoteSignatureType : std::uint8_t { ed25519 = 0x01, cosignature_v1 = 0x04 };

using NoteKeyHash = std::array<std::uint8_t, 4>;

// First bytes of SHA-256(name ‖ 0x0A ‖ type ‖ raw Ed25519 key): tells keys apart, proves nothing.
NoteKeyHash note_key_hash(std::string_view name, NoteSignatureType type, BytesView raw32);

struct NoteSignature {
    std::string_view name;
    NoteKeyHash key_hash{};
    Bytes bytes;
};

// Borrows the note that it was parsed from.
struct Note {
    std::string_view text;  // with its last newline
    std::vector<NoteSignature> signatures;
};

// "— <name> <base64(key hash ‖ signature)>", newline.
std::string note_signature_line(const NoteSignature& signature);
Result<NoteSignature> parse_note_signature_line(std::string_view line);  // malformed_proof
Result<Note> parse_note(std::string_view note);                          // malformed_proof

// The text of `note` is signed (type Ed25519) by this key under this name. Lines of other names or
// keys are ignored; bad_signature if there is none of this one, or any of them does not hold.
Result<void> verify_note(const Note& note, std::string_view name, const keys::PublicKey& key);

}  // namespace lienthong::proof
