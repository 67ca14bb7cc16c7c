// SPDX-License-Identifier: Apache-2.0
// Checkpoints, notes and co-signatures as text. A head has one text; a note that verifies says what
// its lines signed; a head is witnessed only by who signed it.
//
// Half of the altered inputs are signed and co-signed anew, so that what stands behind the
// signature is reached.
#include "security/proof/note.hpp"
#include "security/proof/head.hpp"
#include "security/proof/witness.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

using proof::Head;

const std::vector<proof::Witness>& witnesses() {
    static const std::vector<proof::Witness> all{
        {kAgency, std::string(kWitness), witness_key().public_key()}};
    return all;
}

void check_lines(std::string_view text) {
    const auto note = proof::parse_note(text);
    if (!note) return;
    CHECK(text.size() <= proof::kNoteBytesMax);
    CHECK(note->signatures.size() <= proof::kNoteSignaturesMax);
    // The whole is written again from its parts.
    std::string again = std::string(note->text) + "\n";
    for (const auto& line : note->signatures) again += proof::note_signature_line(line);
    CHECK(again == text);
}

void check_verified(std::string_view text, const Head& head) {
    // Another text under the same lines does not verify.
    Head other = head;
    ++other.epoch;
    const auto note = proof::parse_note(text).value();
    std::string forged = proof::checkpoint_body(other) + "\n";
    for (const auto& line : note.signatures) forged += proof::note_signature_line(line);
    CHECK(!proof::verify_head(forged, kBus, log_key().public_key()));
    if (const auto counted = proof::count_witnesses(forged, witnesses())) {
        CHECK(counted->agencies.empty());
    }
}

void run(BytesView input) {
    const std::string_view text = as_text(input);
    judge(input, [](BytesView b) { return error_of(proof::parse_note(as_text(b))); });
    judge(input,
          [](BytesView b) { return error_of(proof::parse_note_signature_line(as_text(b))); });
    judge(input, [](BytesView b) { return error_of(proof::parse_head(as_text(b))); });
    judge(input, [](BytesView b) {
        return error_of(proof::verify_head(as_text(b), kBus, log_key().public_key()));
    });
    judge(input,
          [](BytesView b) { return error_of(proof::count_witnesses(as_text(b), witnesses())); });
    check_lines(text);
    const auto head = proof::parse_head(text);
    if (!head) return;
    CHECK(proof::checkpoint_body(*head) == proof::parse_note(text)->text);
    if (proof::verify_head(text, kBus, log_key().public_key())) check_verified(text, *head);
    if (const auto counted = proof::count_witnesses(text, witnesses())) {
        CHECK(counted->of == 1 && counted->agencies.size() <= 1);
        CHECK(counted->is_witnessed() == (counted->agencies.size() == 1 && counted->time > 0));
    }
}

Bytes alter(BytesView input, std::size_t bytes_max, Alteration& by) {
    const auto note = proof::parse_note(as_text(input));
    if (!note || by.one_in(2)) return by.alter(input, bytes_max);
    Bytes body = by.alter(as_bytes(note->text), note->text.size() + 64);
    if (body.empty() || body.back() != '\n') body.push_back('\n');
    const auto signature = log_key().signer()->sign(body).value();
    std::string text =
        std::string(as_text(body)) + "\n" +
        proof::note_signature_line(
            {kBus.text(),
             proof::note_key_hash(
                 kBus.text(), proof::NoteSignatureType::ed25519, log_key().public_key().raw()),
             signature});
    const auto cosigned = proof::cosign_head(
        text, kWitness, static_cast<Millis>(by.below(1'700'000'000'000)), *witness_key().signer());
    if (cosigned && by.one_in(2)) text += *cosigned;
    return to_bytes(as_bytes(text));
}

const Registered registered({"note", run, 4 * 1024, alter});

}  // namespace
}  // namespace lienthong::fuzz
