// SPDX-License-Identifier: Apache-2.0
// The notes of others below are published with their public keys (golang.org/x/mod/sumdb/note and
// the Go checksum database): independent vectors for the format and its signatures.
#include "security/proof/note.hpp"

#include <gtest/gtest.h>

#include "bus/base/base64.hpp"

namespace lienthong::proof {
namespace {

constexpr std::string_view kPeterText =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr std::string_view kPeterLine =
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n";

std::string peter_note() { return std::string(kPeterText) + "\n" + std::string(kPeterLine); }

// A key in the form "<type byte><32 bytes>", base64.
keys::PublicKey key_of(std::string_view base64) {
    const auto bytes = from_base64(base64).value();
    return keys::PublicKey::from_raw_ed25519(BytesView(bytes).subspan(1)).value();
}

keys::PublicKey peter_key() { return key_of("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"); }

TEST(Note, VerifiesANoteOfTheReferenceImplementation) {
    const std::string text = peter_note();
    const auto note = parse_note(text).value();
    EXPECT_EQ(note.text, kPeterText);
    const auto key_hash =
        note_key_hash("PeterNeumann", NoteSignatureType::ed25519, peter_key().raw());
    EXPECT_EQ(to_hex(key_hash), "c74f20a3");
    EXPECT_TRUE(verify_note(note, "PeterNeumann", peter_key()));
}

TEST(Note, SignsAsTheReferenceImplementationDoes) {
    const auto seed = from_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz").value();
    const auto key =
        keys::PrivateKey::from_raw(keys::Algorithm::ed25519, BytesView(seed).subspan(1)).value();
    const auto signature = key.signer()->sign(as_bytes(kPeterText)).value();
    const auto key_hash =
        note_key_hash("PeterNeumann", NoteSignatureType::ed25519, key.public_key().raw());
    EXPECT_EQ(note_signature_line({"PeterNeumann", key_hash, signature}), kPeterLine);
}

TEST(Note, VerifiesACheckpointOfThePublicGoChecksumDatabase) {
    const std::string text =
        "go.sum database tree\n15368405\n/g9am3I6YWNKaZX/jkne1fqd9zEyjss+JXyPXG0WfkY=\n\n"
        "\u2014 sum.golang.org Az3grqJGUaSGukG9p8nI2vKgiFn7qGHxn0W+mrwyI6Gz3F0t1J3LzmWk/p96Ybf295Ej"
        "wdSwlzgijq5WA9d1Ded7owM=\n";
    const auto key = key_of("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
    EXPECT_TRUE(verify_note(parse_note(text).value(), "sum.golang.org", key));
}

TEST(Note, RefusesAnotherTextNameOrKey) {
    const std::string good = peter_note();
    std::string altered = good;
    altered[0] = 'i';
    const auto code = [](std::string_view text, std::string_view name, const auto& key) {
        return verify_note(parse_note(text).value(), name, key).error().code;
    };
    EXPECT_EQ(code(altered, "PeterNeumann", peter_key()), Code::bad_signature);
    EXPECT_EQ(code(good, "EnochRoot", peter_key()), Code::bad_signature);
    const auto other = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    EXPECT_EQ(code(good, "PeterNeumann", other.public_key()), Code::bad_signature);
    const auto p256 = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    EXPECT_EQ(code(good, "PeterNeumann", p256.public_key()), Code::bad_signature);
}

TEST(Note, IgnoresUnknownSignaturesButNoWrongOneOfTheKnownKey) {
    const std::string other = note_signature_line({"someone", {1, 2, 3, 4}, Bytes(64, 9)});
    EXPECT_TRUE(verify_note(parse_note(peter_note() + other).value(), "PeterNeumann", peter_key()));
    const auto key_hash =
        note_key_hash("PeterNeumann", NoteSignatureType::ed25519, peter_key().raw());
    const std::string wrong = note_signature_line({"PeterNeumann", key_hash, Bytes(64, 9)});
    EXPECT_EQ(verify_note(parse_note(peter_note() + wrong).value(), "PeterNeumann", peter_key())
                  .error()
                  .code,
              Code::bad_signature);
}

TEST(Note, MayHaveEmptyLinesInItsText) {
    const std::string text = "one\n\ntwo\n\n" + std::string(kPeterLine);
    EXPECT_EQ(parse_note(text)->text, "one\n\ntwo\n");
}

TEST(Note, IsMalformedInAnyOtherForm) {
    const std::string line(kPeterLine);
    const std::string base64 = line.substr(line.rfind(' ') + 1);
    const std::string dash = "\u2014 ";
    const std::vector<std::string> malformed{
        "",
        "text\n",
        "text\n\n",                                    // no signature
        "text\n" + line,                               // no empty line
        "text\n\n" + line.substr(0, line.size() - 1),  // no last newline
        "text\n\n" + line + "\n",
        "text\n\n" + line + "more\n",
        "te\rxt\n\n" + line,
        "te\txt\n\n" + line,
        std::string("te\0xt\n\n", 7) + line,
        "text\n\n- PeterNeumann " + base64,   // not an em dash
        "text\n\n" + dash + " " + base64,     // no name
        "text\n\n" + dash + "a+b " + base64,  // plus in the name
        "text\n\n" + dash + "PeterNeumann\n",
        "text\n\n" + dash + "PeterNeumann  " + base64,
        "text\n\n" + dash + "PeterNeumann x08gow==\n",  // nothing but a key hash
        "text\n\n" + dash + "PeterNeumann \n",
        "text\n\n" + dash + "PeterNeumann x08g!/ZJkuBS\n",
        "text\n\n" + dash + "PeterNeumann x08go/ZJkuB=\n",  // bits under the padding
        "text\n\n" + dash + "PeterNeumann x08go/ZJkuA\n",   // no padding
        "text\n\n" + dash + "PeterNeumann x08go/ZJ====\n",
        "text\n\n" + dash + "PeterNeumann x08go/ZJ kuA\n",
    };
    for (const auto& note : malformed) {
        const auto parsed = parse_note(note);
        ASSERT_FALSE(parsed) << note;
        EXPECT_EQ(parsed.error().code, Code::malformed_proof);
    }
}

TEST(Note, KeepsItsLimits) {
    std::string full = "text\n\n";
    for (std::size_t i = 0; i < kNoteSignaturesMax; ++i) full += kPeterLine;
    EXPECT_TRUE(parse_note(full));
    EXPECT_EQ(parse_note(full + std::string(kPeterLine)).error().code, Code::malformed_proof);

    const std::string tail = "\n\n" + std::string(kPeterLine);
    const std::string longest = std::string(kNoteBytesMax - tail.size(), 'x') + tail;
    EXPECT_TRUE(parse_note(longest));
    EXPECT_EQ(parse_note("x" + longest).error().code, Code::malformed_proof);
}

// The line that stands as an example in C2SP tlog-cosignature; its key is not published.
TEST(Note, ReadsTheCosignatureOfTheSpecification) {
    const auto line = parse_note_signature_line(
        "\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9"
        "dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->name, "witness.example.com/w1");
    EXPECT_EQ(to_hex(line->key_hash), "8d66cf3f");
    ByteReader reader(line->bytes);
    EXPECT_EQ(reader.u64(), 1679315147U);
    EXPECT_EQ(reader.rest().size(), 64U);
}

}  // namespace
}  // namespace lienthong::proof
