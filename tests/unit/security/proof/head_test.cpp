// SPDX-License-Identifier: Apache-2.0
#include "security/proof/head.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "security/keys/digest.hpp"
#include "security/proof/note.hpp"

namespace lienthong::proof {
namespace {

Hash digest(std::string_view text) { return keys::sha256(as_bytes(text)); }

Head some_head() {
    return {.bus = BusId::of("ninh-binh"),
            .size = 20852163,
            .root = digest("root"),
            .time = 1'639'467'000'123,
            .epoch = 3,
            .administrators = digest("administrators"),
            .registry = digest("registry"),
            .policy = digest("policy"),
            .procedure = digest("procedure")};
}

keys::PrivateKey ed25519(std::uint8_t seed) {
    return keys::PrivateKey::from_raw(keys::Algorithm::ed25519, Bytes(32, seed)).value();
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), with);
}

class HeadTest : public testing::Test {
  protected:
    Result<Head> verify(std::string_view note) const {
        return verify_head(note, head_.bus, key_.public_key());
    }
    Result<Millis> verify_line(std::string_view line) const {
        return verify_cosignature(note_, line, kWitness, witness_.public_key());
    }

    static constexpr std::string_view kWitness = "police-1";
    const Head head_ = some_head();
    const keys::PrivateKey key_ = ed25519(1);
    const keys::PrivateKey witness_ = ed25519(2);
    const std::string note_ = sign_head(head_, *key_.signer()).value();
    const std::string line_ =
        cosign_head(note_, kWitness, 1'639'467'001'999, *witness_.signer()).value();
};

TEST_F(HeadTest, IsTheDocumentedText) {
    EXPECT_EQ(checkpoint_body(head_),
              "ninh-binh\n20852163\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n"
              "time 1639467000123\nepoch 3\nadministrators " +
                  to_hex(digest("administrators").view()) + "\nregistry " +
                  to_hex(digest("registry").view()) + "\npolicy " +
                  to_hex(digest("policy").view()) + "\nprocedure " +
                  to_hex(digest("procedure").view()) + "\n");
    EXPECT_TRUE(note_.starts_with(checkpoint_body(head_) + "\n\u2014 ninh-binh "));
}

TEST_F(HeadTest, ReadsWhatTheBrokerSigned) {
    EXPECT_EQ(verify(note_).value(), head_);
    EXPECT_EQ(parse_head(note_).value(), head_);
    Head smallest{.bus = BusId::of("b")};
    Head largest = head_;
    largest.size = kTreeSizeMax;
    largest.time = std::numeric_limits<Millis>::max();
    largest.epoch = std::numeric_limits<Epoch>::max();
    for (const Head& head : {smallest, largest}) {
        const auto note = sign_head(head, *key_.signer()).value();
        EXPECT_EQ(verify_head(note, head.bus, key_.public_key()).value(), head);
    }
}

TEST_F(HeadTest, IgnoresCosignaturesBesideTheLogsOwn) {
    EXPECT_EQ(verify(note_ + line_).value(), head_);
    const std::string body = checkpoint_body(head_) + "\n";
    EXPECT_EQ(verify(body + line_ + note_.substr(body.size())).value(), head_);
    EXPECT_EQ(verify(body + line_).error().code, Code::bad_signature);
}

TEST_F(HeadTest, RefusesAnotherBusKeyOrText) {
    EXPECT_EQ(verify_head(note_, BusId::of("nam-dinh"), key_.public_key()).error().code,
              Code::wrong_bus);
    EXPECT_EQ(verify_head(note_, head_.bus, witness_.public_key()).error().code,
              Code::bad_signature);
    EXPECT_EQ(verify(replaced(note_, "\n20852163\n", "\n20852164\n")).error().code,
              Code::bad_signature);
    EXPECT_EQ(verify(replaced(note_, "time 1", "time 2")).error().code, Code::bad_signature);
    EXPECT_EQ(verify(replaced(note_, "epoch 3", "epoch 4")).error().code, Code::bad_signature);
}

TEST_F(HeadTest, RefusesEveryFlippedBit) {
    for (std::size_t i = 0; i < note_.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string altered = note_;
            altered[i] = static_cast<char>(static_cast<unsigned char>(altered[i]) ^ (1U << bit));
            ASSERT_FALSE(verify(altered)) << i << " " << bit;
        }
    }
}

TEST_F(HeadTest, IsMalformedInAnyOtherForm) {
    const std::vector<std::pair<std::string_view, std::string_view>> changes{
        {"ninh-binh\n2", "Ninh-Binh\n2"},
        {"ninh-binh\n2", "\n2"},
        {"\n20852163\n", "\n020852163\n"},
        {"\n20852163\n", "\n+20852163\n"},
        {"\n20852163\n", "\n-1\n"},
        {"\n20852163\n", "\n 20852163\n"},
        {"\n20852163\n", "\n\n"},
        {"\n20852163\n", "\n9223372036854775809\n"},
        {"\n20852163\n", "\n18446744073709551616\n"},
        {"HXN2d7I=\n", "HXN2d7J=\n"},
        {"HXN2d7I=\n", "HXN2d7I==\n"},
        {"\nSBNJ", "\n"},
        {"\nSBNJ", "\nSBNJSBNJ"},
        {"time 1", "time 01"},
        {"time 1", "time -1"},
        {"time 1", "time  1"},
        {"time 1", "Time 1"},
        {"time 1639467000123", "time 9223372036854775808"},
        {"time 1639467000123", "time "},
        {"epoch 3", "epoch 03"},
        {"epoch 3", "epoch 3 "},
        {"epoch 3\n", ""},
        {"epoch 3\n", "epoch 3\nepoch 3\n"},
        {"\nregistry ", "\nregistry 0"},
        {"\nregistry ", "\nregistry 00"},
        {"\npolicy ", "\npolicies "},
        {"\n\n\u2014", "\nmore\n\n\u2014"},
        {"\n\n\u2014", "\n\n\n\u2014"},
        {"\n\n\u2014", "\n\u2014"},
    };
    for (const auto& [what, with] : changes) {
        const auto altered = replaced(note_, what, with);
        const auto head = parse_head(altered);
        ASSERT_FALSE(head) << with;
        EXPECT_EQ(head.error().code, Code::malformed_proof) << with;
        EXPECT_EQ(verify(altered).error().code, Code::malformed_proof) << with;
    }
    std::string capitals = note_;
    const auto at = capitals.find("registry ") + 9;
    for (std::size_t i = at; i < at + 64; ++i) {
        if (capitals[i] >= 'a') capitals[i] = static_cast<char>(capitals[i] - 'a' + 'A');
    }
    EXPECT_EQ(parse_head(capitals).error().code, Code::malformed_proof);
}

TEST_F(HeadTest, IsSignedOnlyIfATextCanSayIt) {
    const auto code = [&](auto change) {
        Head head = head_;
        change(head);
        return sign_head(head, *key_.signer()).error().code;
    };
    EXPECT_EQ(code([](Head& head) { head.bus = BusId(); }), Code::bad_argument);
    EXPECT_EQ(code([](Head& head) { head.time = -1; }), Code::bad_argument);
    EXPECT_EQ(code([](Head& head) { head.size = kTreeSizeMax + 1; }), Code::bad_argument);
    const auto p256 = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    EXPECT_EQ(sign_head(head_, *p256.signer()).error().code, Code::unknown_suite);
}

TEST_F(HeadTest, CarriesTheTimeOfACosignatureInSeconds) {
    EXPECT_EQ(verify_line(line_).value(), 1'639'467'001'000);
    const auto at_zero = cosign_head(note_, kWitness, 0, *witness_.signer()).value();
    EXPECT_EQ(verify_line(at_zero).value(), 0);
    // Over a note that carries other co-signatures already: the same text is signed.
    EXPECT_EQ(cosign_head(note_ + line_, kWitness, 1'639'467'001'999, *witness_.signer()).value(),
              line_);
}

TEST_F(HeadTest, RefusesACosignatureOfAnotherWitnessKeyHeadOrTime) {
    EXPECT_EQ(verify_cosignature(note_, line_, "police-2", witness_.public_key()).error().code,
              Code::bad_signature);
    EXPECT_EQ(verify_cosignature(note_, line_, kWitness, key_.public_key()).error().code,
              Code::bad_signature);
    const auto p256 = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    EXPECT_EQ(verify_cosignature(note_, line_, kWitness, p256.public_key()).error().code,
              Code::bad_signature);
    Head other = head_;
    ++other.size;
    const auto other_note = sign_head(other, *key_.signer()).value();
    EXPECT_EQ(verify_cosignature(other_note, line_, kWitness, witness_.public_key()).error().code,
              Code::bad_signature);

    auto signature = parse_note_signature_line(line_).value();
    signature.bytes[7] ^= 1;  // the time
    EXPECT_EQ(verify_line(note_signature_line(signature)).error().code, Code::bad_signature);
}

TEST_F(HeadTest, TakesNoLogSignatureForACosignature) {
    const auto signature = witness_.signer()->sign(as_bytes(checkpoint_body(head_))).value();
    const auto raw = witness_.public_key().raw();
    const auto as_log = note_key_hash(kWitness, NoteSignatureType::ed25519, raw);
    EXPECT_EQ(verify_line(note_signature_line({kWitness, as_log, signature})).error().code,
              Code::bad_signature);
    ByteWriter timed;
    timed.u64(1).raw(signature);
    const auto as_witness = note_key_hash(kWitness, NoteSignatureType::cosignature_v1, raw);
    EXPECT_EQ(verify_line(note_signature_line({kWitness, as_witness, timed.take()})).error().code,
              Code::bad_signature);
}

TEST_F(HeadTest, RefusesAMalformedCosignature) {
    EXPECT_EQ(verify_line("").error().code, Code::malformed_proof);
    EXPECT_EQ(verify_line(line_ + line_).error().code, Code::malformed_proof);
    EXPECT_EQ(verify_line(line_.substr(0, line_.size() - 1)).error().code, Code::malformed_proof);
    EXPECT_EQ(verify_cosignature("no note", line_, kWitness, witness_.public_key()).error().code,
              Code::malformed_proof);
    EXPECT_EQ(verify_cosignature("no head\n\n" + line_, line_, kWitness, witness_.public_key())
                  .error()
                  .code,
              Code::malformed_proof);
    for (const std::size_t size : {1U, 71U, 73U}) {
        auto signature = parse_note_signature_line(line_).value();
        signature.bytes.resize(size);
        EXPECT_EQ(verify_line(note_signature_line(signature)).error().code, Code::malformed_proof);
    }
    auto late = parse_note_signature_line(line_).value();
    late.bytes[0] = 0xff;
    EXPECT_EQ(verify_line(note_signature_line(late)).error().code, Code::malformed_proof);
}

TEST_F(HeadTest, IsCosignedOnlyUnderANameATimeAndAKeyThatFit) {
    const auto code = [&](std::string_view note, std::string_view name, Millis time) {
        return cosign_head(note, name, time, *witness_.signer()).error().code;
    };
    EXPECT_EQ(code("no note", kWitness, 1), Code::malformed_proof);
    EXPECT_EQ(code("no head\n\n" + line_, kWitness, 1), Code::malformed_proof);
    EXPECT_EQ(code(note_, "", 1), Code::bad_argument);
    EXPECT_EQ(code(note_, "a b", 1), Code::bad_argument);
    EXPECT_EQ(code(note_, "a+b", 1), Code::bad_argument);
    EXPECT_EQ(code(note_, std::string(129, 'a'), 1), Code::bad_argument);
    EXPECT_TRUE(cosign_head(note_, std::string(128, 'a'), 1, *witness_.signer()));
    EXPECT_EQ(code(note_, kWitness, -1), Code::bad_argument);
    const auto p256 = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    EXPECT_EQ(cosign_head(note_, kWitness, 1, *p256.signer()).error().code, Code::unknown_suite);
}

TEST(Leaf, HasTheDocumentedBytes) {
    const Leaf leaf{.bus = BusId::of("ninh-binh"),
                    .position = 7,
                    .time = 1'639'467'000'123,
                    .kind = EntryKind::tick,
                    .epoch = 3,
                    .content = digest("content"),
                    .proof = digest("proof")};
    ByteWriter expected;
    expected.prefixed(std::string_view("lienthong/leaf/v1"))
        .prefixed(std::string_view("ninh-binh"))
        .u64(7)
        .i64(1'639'467'000'123)
        .u8(7)
        .u64(3)
        .hash(digest("content"))
        .hash(digest("proof"));
    EXPECT_EQ(encode_leaf(leaf), expected.bytes());
    EXPECT_EQ(hash(leaf), leaf_hash(expected.bytes()));
}

TEST(Leaf, DiffersWithEachOfItsParts) {
    const Leaf leaf{.bus = BusId::of("bus")};
    const auto differs = [&](auto change) {
        Leaf other = leaf;
        change(other);
        return hash(other) != hash(leaf);
    };
    EXPECT_TRUE(differs([](Leaf& other) { other.bus = BusId::of("sub"); }));
    EXPECT_TRUE(differs([](Leaf& other) { other.position = 1; }));
    EXPECT_TRUE(differs([](Leaf& other) { other.time = 1; }));
    EXPECT_TRUE(differs([](Leaf& other) { other.kind = EntryKind::erase; }));
    EXPECT_TRUE(differs([](Leaf& other) { other.epoch = 1; }));
    EXPECT_TRUE(differs([](Leaf& other) { other.content = digest("x"); }));
    EXPECT_TRUE(differs([](Leaf& other) { other.proof = digest("x"); }));
}

TEST(DeliveryStatement, HasTheDocumentedBytes) {
    const DeliveryStatement statement{.bus = BusId::of("ninh-binh"),
                                      .agency = AgencyId::of("police"),
                                      .consumer = "inbox",
                                      .from = 5,
                                      .to = 9,
                                      .epoch = 2,
                                      .entries = digest("entries"),
                                      .head = digest("head")};
    ByteWriter expected;
    expected.prefixed(std::string_view("lienthong/delivery/v1"))
        .prefixed(std::string_view("ninh-binh"))
        .prefixed(std::string_view("police"))
        .prefixed(std::string_view("inbox"))
        .u64(5)
        .u64(9)
        .u64(2)
        .hash(digest("entries"))
        .hash(digest("head"));
    EXPECT_EQ(encode_statement(statement), expected.bytes());
}

TEST(DeliveryStatement, BindsOrderAndSkippedNumbersOfItsEntries) {
    const StatedEntry first{digest("first"), {}};
    const StatedEntry second{digest("second"),
                             {{4, 1, Code::forbidden}, {5, 9, Code::expired_message}}};
    ByteWriter expected;
    expected.hash(digest("first")).u32(0).hash(digest("second")).u32(2);
    expected.u64(4).u32(1).u16(80).u64(5).u32(9).u16(127);
    const auto of = [](std::vector<StatedEntry> entries) { return stated_entries_digest(entries); };
    EXPECT_EQ(of({first, second}), keys::sha256(expected.bytes()));
    EXPECT_NE(of({first, second}), of({second, first}));
    EXPECT_NE(of({first, second}), of({first, {second.leaf, {{4, 1, Code::forbidden}}}}));
    EXPECT_EQ(of({}), keys::sha256(BytesView{}));
}

}  // namespace
}  // namespace lienthong::proof
