// SPDX-License-Identifier: Apache-2.0
#include "security/proof/batch.hpp"

#include <gtest/gtest.h>

#include "bus/message/envelope.hpp"

namespace lienthong::proof {
namespace {

class BatchTest : public testing::TestWithParam<keys::Algorithm> {
  protected:
    BatchTest() : key_(keys::PrivateKey::generate(GetParam()).value()), signer_(key_.signer()) {}

    static std::vector<Hash> headers(std::size_t count) {
        std::vector<Hash> all;
        for (std::size_t i = 0; i < count; ++i) {
            all.push_back(leaf_hash(as_bytes("header " + std::to_string(i))));
        }
        return all;
    }
    Result<void> verify(const BatchProof& proof, std::span<const Hash> all) const {
        return verify_batch(proof, key_.public_key(), bus_, agency_, all);
    }

    const BusId bus_ = BusId::of("ninh-binh");
    const AgencyId agency_ = AgencyId::of("police");
    keys::PrivateKey key_;
    std::unique_ptr<keys::Signer> signer_;
};

TEST_P(BatchTest, VerifiesWhatTheAgencySigned) {
    for (const std::size_t count : {1U, 2U, 3U, 256U, 1024U}) {
        const auto all = headers(count);
        const auto proof = sign_batch(*signer_, bus_, agency_, all).value();
        EXPECT_TRUE(verify(proof, all)) << count;
        EXPECT_EQ(parse_batch_proof(encode_batch_proof(proof)).value(), proof);
        for (const std::size_t index : {std::size_t{0}, count / 2, count - 1}) {
            const auto path = inclusion_path(index, count, over(all)).value();
            EXPECT_TRUE(verify_in_batch(proof,
                                        key_.public_key(),
                                        bus_,
                                        agency_,
                                        all[index],
                                        static_cast<std::uint32_t>(index),
                                        path));
        }
    }
}

TEST_P(BatchTest, RefusesOtherHeadersThanTheSignedOnes) {
    const auto all = headers(5);
    const auto proof = sign_batch(*signer_, bus_, agency_, all).value();
    auto other = all;
    std::swap(other[1], other[2]);
    EXPECT_EQ(verify(proof, other).error().code, Code::bad_digest);
    EXPECT_EQ(verify(proof, std::span(all).first(4)).error().code, Code::bad_digest);
    EXPECT_EQ(verify(proof, headers(6)).error().code, Code::bad_digest);
    EXPECT_EQ(verify(proof, {}).error().code, Code::bad_digest);
}

TEST_P(BatchTest, RefusesAPathThatLeadsElsewhere) {
    const auto all = headers(5);
    const auto proof = sign_batch(*signer_, bus_, agency_, all).value();
    const auto path = inclusion_path(2, 5, over(all)).value();
    const auto verify_at = [&](const Hash& header, std::uint32_t index) {
        return verify_in_batch(proof, key_.public_key(), bus_, agency_, header, index, path);
    };
    EXPECT_TRUE(verify_at(all[2], 2));
    EXPECT_EQ(verify_at(all[3], 2).error().code, Code::bad_digest);
    EXPECT_EQ(verify_at(all[2], 3).error().code, Code::bad_digest);
    EXPECT_EQ(verify_at(all[2], 5).error().code, Code::bad_digest);
}

TEST_P(BatchTest, BindsBusAgencyKeySizeAndRoot) {
    const auto all = headers(4);
    const auto proof = sign_batch(*signer_, bus_, agency_, all).value();
    const auto& key = key_.public_key();
    const auto code = [&](const BatchProof& given, const BusId& bus, const AgencyId& agency) {
        return verify_batch(given, key, bus, agency, all).error().code;
    };
    EXPECT_EQ(code(proof, BusId::of("nam-dinh"), agency_), Code::bad_signature);
    EXPECT_EQ(code(proof, bus_, AgencyId::of("labour")), Code::bad_signature);

    const auto other = keys::PrivateKey::generate(GetParam()).value();
    EXPECT_EQ(verify_batch(proof, other.public_key(), bus_, agency_, all).error().code,
              Code::bad_signature);
    auto renamed = proof;
    renamed.key_id = other.public_key().id();
    EXPECT_EQ(verify_batch(renamed, other.public_key(), bus_, agency_, all).error().code,
              Code::bad_signature);

    auto cut = proof;
    cut.signature.pop_back();
    EXPECT_EQ(code(cut, bus_, agency_), Code::bad_signature);

    // A root of two nodes is not a batch of two: the size is signed.
    const std::vector<Hash> nodes{node_hash(all[0], all[1]), node_hash(all[2], all[3])};
    auto shorter = proof;
    shorter.size = 2;
    EXPECT_EQ(verify(shorter, nodes).error().code, Code::bad_signature);

    auto other_suite = proof;
    other_suite.suite = 2;
    EXPECT_EQ(code(other_suite, bus_, agency_), Code::unknown_suite);
}

INSTANTIATE_TEST_SUITE_P(Keys,
                         BatchTest,
                         testing::Values(keys::Algorithm::p256, keys::Algorithm::ed25519),
                         [](const auto& test) {
                             return test.param == keys::Algorithm::p256 ? "P256" : "Ed25519";
                         });

BatchProof some_proof() {
    return {.suite = message::kSuite,
            .key_id = leaf_hash(as_bytes("key")),
            .size = 1,
            .root = leaf_hash(as_bytes("root")),
            .signature = Bytes(64, 7)};
}

TEST(BatchProof, HasTheDocumentedBytes) {
    const auto proof = some_proof();
    ByteWriter expected;
    expected.u16(1).hash(proof.key_id).u32(1).hash(proof.root).u16(64).raw(proof.signature);
    EXPECT_EQ(encode_batch_proof(proof), expected.bytes());
    EXPECT_EQ(parse_batch_proof(expected.bytes()).value(), proof);
}

TEST(BatchProof, IsMalformedWhenShorterOrLonger) {
    auto bytes = encode_batch_proof(some_proof());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto parsed = parse_batch_proof(BytesView(bytes).first(size));
        ASSERT_FALSE(parsed);
        EXPECT_EQ(parsed.error().code, Code::malformed_proof) << size;
    }
    bytes.push_back(0);
    EXPECT_EQ(parse_batch_proof(bytes).error().code, Code::malformed_proof);
}

TEST(BatchProof, HasAnUnknownSuiteAboveOrBelowOurs) {
    for (const unsigned suite : {0U, 2U, 65535U}) {
        auto proof = some_proof();
        proof.suite = static_cast<std::uint16_t>(suite);
        const auto parsed = parse_batch_proof(encode_batch_proof(proof));
        EXPECT_EQ(parsed.error().code, Code::unknown_suite);
    }
}

TEST(BatchProof, KeepsItsLimits) {
    const auto parsed_with = [](std::size_t size, std::size_t signature_bytes) {
        auto proof = some_proof();
        proof.size = static_cast<std::uint32_t>(size);
        proof.signature = Bytes(signature_bytes, 7);
        return parse_batch_proof(encode_batch_proof(proof));
    };
    EXPECT_TRUE(parsed_with(message::kBatchMessagesMax, kSignatureBytesMax));
    EXPECT_EQ(parsed_with(message::kBatchMessagesMax + 1, 64).error().code, Code::malformed_proof);
    EXPECT_EQ(parsed_with(0, 64).error().code, Code::malformed_proof);
    EXPECT_EQ(parsed_with(1, 0).error().code, Code::malformed_proof);
    ByteWriter long_signature;
    long_signature.u16(1).hash({}).u32(1).hash({}).u16(kSignatureBytesMax + 1);
    long_signature.raw(Bytes(kSignatureBytesMax + 1, 7));
    EXPECT_EQ(parse_batch_proof(long_signature.bytes()).error().code, Code::malformed_proof);
}

TEST(BatchProof, IsSignedForOneToTheMaximumOfMessages) {
    const auto key = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    const auto signer = key.signer();
    const auto signed_for = [&](std::size_t count) {
        const std::vector<Hash> all(count);
        return sign_batch(*signer, BusId::of("bus"), AgencyId::of("agency"), all);
    };
    EXPECT_EQ(signed_for(0).error().code, Code::bad_argument);
    EXPECT_TRUE(signed_for(message::kBatchMessagesMax));
    EXPECT_EQ(signed_for(message::kBatchMessagesMax + 1).error().code, Code::oversized);
}

// A token that does not answer.
class BrokenSigner final : public keys::Signer {
  public:
    explicit BrokenSigner(const keys::PublicKey& key) : key_(key) {}
    Result<Bytes> sign(BytesView) override { return fail(Code::io); }
    const keys::PublicKey& public_key() const override { return key_; }

  private:
    keys::PublicKey key_;
};

TEST(BatchProof, IsNotMadeWhenTheSignerFails) {
    const auto key = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    BrokenSigner signer(key.public_key());
    const std::vector<Hash> one(1);
    const auto proof = sign_batch(signer, BusId::of("bus"), AgencyId::of("agency"), one);
    EXPECT_EQ(proof.error().code, Code::io);
}

}  // namespace
}  // namespace lienthong::proof
