// SPDX-License-Identifier: Apache-2.0
#include "security/registry/document.hpp"

#include <gtest/gtest.h>

#include "bus/base/random.hpp"
#include "security/keys/digest.hpp"
#include "tests/unit/security/registry/fixture.hpp"

namespace lienthong::registry {
namespace {

using namespace test;

// Three administrators, of whom two must sign.
class Documents : public testing::Test {
  protected:
    Documents() {
        for (const char* id : {"admin-a", "admin-b", "admin-c"}) {
            auto key = keys::PrivateKey::generate(keys::Algorithm::ed25519);
            list_.members.push_back({OfficerId::of(id), key->public_key().spki()});
            keys_.push_back(std::move(*key));
        }
        list_.version = 1;
        list_.threshold = 2;
        document_ = {kBus, DocumentKind::policy, 7, kUntil, Bytes{1, 2, 3}, {}};
    }

    void sign(std::size_t member) {
        auto signer = keys_[member].signer();
        ASSERT_TRUE(add_signature(document_, *signer).has_value());
    }

    Code verdict() const {
        auto verified = verify_document(document_, kBus, list_);
        return verified ? Code::already_exists : verified.error().code;
    }
    static constexpr Code kHolds = Code::already_exists;  // no verdict of verify_document

    Administrators list_;
    std::vector<keys::PrivateKey> keys_;
    SignedDocument document_;
};

TEST_F(Documents, HoldWithTwoOfThreeSignatures) {
    EXPECT_EQ(verdict(), Code::threshold_not_met);
    sign(2);
    EXPECT_EQ(verdict(), Code::threshold_not_met);
    sign(0);
    EXPECT_EQ(verdict(), kHolds);
    sign(1);
    EXPECT_EQ(verdict(), kHolds);
}

TEST_F(Documents, CountAMemberOnce) {
    sign(1);
    sign(1);
    EXPECT_EQ(document_.signatures.size(), 1u);
    document_.signatures.push_back(document_.signatures[0]);
    EXPECT_EQ(verdict(), Code::threshold_not_met);
    // Nor does a second name for the same key make a second signer.
    list_.members.push_back({OfficerId::of("admin-d"), list_.members[1].key});
    EXPECT_EQ(verdict(), Code::threshold_not_met);
}

TEST_F(Documents, DoNotCountAStranger) {
    auto stranger = keys::PrivateKey::generate(keys::Algorithm::ed25519);
    sign(0);
    ASSERT_TRUE(add_signature(document_, *stranger->signer()).has_value());
    EXPECT_EQ(document_.signatures.size(), 2u);
    EXPECT_EQ(verdict(), Code::threshold_not_met);
}

TEST_F(Documents, AreOfOneBus) {
    sign(0);
    sign(1);
    auto verified = verify_document(document_, BusId::of("another-bus"), list_);
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().code, Code::wrong_bus);
    document_.bus = BusId::of("another-bus");
    verified = verify_document(document_, BusId::of("another-bus"), list_);
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().code, Code::bad_signature);
}

TEST_F(Documents, AreSignedWithEverythingThatTheySay) {
    sign(0);
    sign(1);
    const SignedDocument original = document_;
    document_.body[1] ^= 1;
    EXPECT_EQ(verdict(), Code::bad_signature);
    document_ = original;
    document_.version = 8;
    EXPECT_EQ(verdict(), Code::bad_signature);
    document_ = original;
    document_.expires += 1;
    EXPECT_EQ(verdict(), Code::bad_signature);
    document_ = original;
    document_.kind = DocumentKind::registry;
    EXPECT_EQ(verdict(), Code::bad_signature);
    document_ = original;
    document_.signatures[0].signature[3] ^= 1;
    EXPECT_EQ(verdict(), Code::bad_signature);
    document_ = original;
    EXPECT_EQ(verdict(), kHolds);
}

// A file has bytes between its fields that no signature covers: nobody reads them. What an adopted
// document was to the last byte stands in the log and in every head, by its digest.
TEST_F(Documents, SayNothingInBytesThatNobodySigned) {
    document_.body = Bytes(61, 7);  // not a multiple of the alignment
    sign(0);
    sign(1);
    const Bytes file = encode_document(document_);
    std::size_t unsigned_bits = 0;
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
        Bytes flipped = file;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        const auto read = parse_document(flipped);
        if (!read || !verify_document(*read, kBus, list_)) continue;
        ++unsigned_bits;
        EXPECT_EQ(signed_bytes(*read), signed_bytes(document_)) << "byte " << bit / 8;
        EXPECT_EQ(read->body, document_.body) << "byte " << bit / 8;
        EXPECT_NE(keys::sha256(flipped), keys::sha256(file));
    }
    EXPECT_GT(unsigned_bits, 0u);
}

TEST_F(Documents, NeverHoldWithAThresholdOfZero) {
    list_.threshold = 0;
    EXPECT_EQ(verdict(), Code::threshold_not_met);
}

TEST_F(Documents, AreNotVerifiedByAMalformedList) {
    list_.members[0].key.pop_back();
    EXPECT_EQ(verdict(), Code::malformed_key);
}

TEST_F(Documents, CannotBeSignedWithATransportKey) {
    auto curve = keys::PrivateKey::generate(keys::Algorithm::x25519);
    auto added = add_signature(document_, *curve->signer());
    ASSERT_FALSE(added.has_value());
    EXPECT_EQ(added.error().code, Code::unknown_suite);
    EXPECT_TRUE(document_.signatures.empty());
}

TEST_F(Documents, TravelAsBytes) {
    sign(0);
    sign(1);
    const Bytes bytes = encode_document(document_);
    auto parsed = parse_document(bytes);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(encode_document(*parsed), bytes);
    EXPECT_EQ(parsed->kind, DocumentKind::policy);
    EXPECT_EQ(parsed->body, document_.body);
    document_ = *parsed;
    EXPECT_EQ(verdict(), kHolds);
}

TEST_F(Documents, AreRefusedIfTheyCannotBe) {
    const auto code = [](const SignedDocument& document) {
        auto parsed = parse_document(encode_document(document));
        return parsed ? kHolds : parsed.error().code;
    };
    SignedDocument changed = document_;
    changed.kind = DocumentKind::none;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed.kind = DocumentKind{9};
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = document_;
    changed.bus = BusId::of("Ninh Bình");
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = document_;
    changed.version = 0;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = document_;
    changed.expires = 0;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = document_;
    changed.body.clear();
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = document_;
    changed.signatures = {{Hash{}, Bytes(1024, 1)}};
    EXPECT_EQ(code(changed), kHolds);
    changed.signatures = {{Hash{}, Bytes(1025, 1)}};
    EXPECT_EQ(code(changed), Code::malformed_document);
}

TEST_F(Documents, HoldSixtyFourSignaturesAndNoMore) {
    for (std::uint8_t i = 0; i < kDocumentSignaturesMax; ++i) {
        Hash id;
        id.bytes[0] = i;
        document_.signatures.push_back({id, Bytes(64, i)});
    }
    EXPECT_TRUE(parse_document(encode_document(document_)).has_value());
    auto added = add_signature(document_, *keys_[0].signer());
    ASSERT_FALSE(added.has_value());
    EXPECT_EQ(added.error().code, Code::overloaded);
    document_.signatures.push_back(document_.signatures[0]);
    auto parsed = parse_document(encode_document(document_));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::malformed_document);
}

TEST_F(Documents, TakeFourMebibytesAndNotAByteMore) {
    Bytes bytes = encode_document(document_);
    bytes.resize(kDocumentBytesMax);
    EXPECT_TRUE(parse_document(bytes).has_value());
    bytes.push_back(0);
    auto parsed = parse_document(bytes);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::oversized);
}

TEST_F(Documents, StandTruncationAndFlippedBits) {
    sign(0);
    sign(1);
    const Bytes bytes = encode_document(document_);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        static_cast<void>(parse_document(BytesView(bytes).first(size)));
    }
    SeededRandom random(5);
    for (int round = 0; round < 5'000; ++round) {
        Bytes flipped = bytes;
        flipped[random.next() % flipped.size()] ^=
            static_cast<std::uint8_t>(1u << random.next() % 8);
        auto parsed = parse_document(flipped);
        EXPECT_TRUE(parsed || parsed.error().code == Code::malformed_document);
    }
}

TEST_F(Documents, NameAdministratorsInAListOfTheirOwn) {
    const Bytes body = encode_administrators(list_);
    auto parsed = parse_administrators(body);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->version, 1u);
    EXPECT_EQ(parsed->threshold, 2u);
    ASSERT_EQ(parsed->members.size(), 3u);
    EXPECT_EQ(parsed->members[1].id.text(), "admin-b");
    EXPECT_EQ(parsed->members[1].key, list_.members[1].key);
    EXPECT_EQ(encode_administrators(*parsed), body);
}

TEST_F(Documents, RefuseAdministratorsThatCannotBe) {
    const auto code = [](const Administrators& list) {
        auto parsed = parse_administrators(encode_administrators(list));
        return parsed ? kHolds : parsed.error().code;
    };
    Administrators changed = list_;
    changed.threshold = 3;
    EXPECT_EQ(code(changed), kHolds);
    changed.threshold = 4;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed.threshold = 0;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = list_;
    changed.version = 0;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = list_;
    changed.members.clear();
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = list_;
    changed.members[1].id = changed.members[0].id;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = list_;
    changed.members[1].key = changed.members[0].key;
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = list_;
    changed.members[1].id = OfficerId::of("Nguyễn");
    EXPECT_EQ(code(changed), Code::malformed_document);
    changed = list_;
    changed.members[1].key = keys::PrivateKey::generate(keys::Algorithm::p256)->public_key().spki();
    EXPECT_EQ(code(changed), Code::malformed_document);
    EXPECT_FALSE(parse_administrators({}).has_value());
    EXPECT_EQ(parse_administrators(Bytes(kDocumentBytesMax + 1)).error().code, Code::oversized);
}

TEST_F(Documents, NameSixtyFourAdministratorsAtMost) {
    while (list_.members.size() < kAdministratorsMax) {
        auto key = keys::PrivateKey::generate(keys::Algorithm::ed25519);
        list_.members.push_back(
            {OfficerId::of("m-" + std::to_string(list_.members.size())), key->public_key().spki()});
    }
    EXPECT_TRUE(parse_administrators(encode_administrators(list_)).has_value());
    auto key = keys::PrivateKey::generate(keys::Algorithm::ed25519);
    list_.members.push_back({OfficerId::of("one-more"), key->public_key().spki()});
    EXPECT_FALSE(parse_administrators(encode_administrators(list_)).has_value());
}

TEST(DocumentKind, HasStableNames) {
    EXPECT_EQ(name(DocumentKind::administrators), "administrators");
    EXPECT_EQ(name(DocumentKind::registry), "registry");
    EXPECT_EQ(name(DocumentKind::policy), "policy");
    EXPECT_EQ(name(DocumentKind::procedure), "procedure");
    EXPECT_EQ(name(DocumentKind::none), "none");
}

}  // namespace
}  // namespace lienthong::registry
