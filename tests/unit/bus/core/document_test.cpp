// SPDX-License-Identifier: Apache-2.0
// Documents of record on the running bus: adopted one by one, signed by enough administrators.
#include <gtest/gtest.h>

#include "security/keys/digest.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using registry::DocumentKind;
using test::kNow;
using test::SmallLog;
using test::world;

class Adoption : public testing::Test {
  protected:
    Code refusal_of(const Bytes& document) {
        const std::uint64_t before = log.size();
        const auto answer = log.adopt(document);
        EXPECT_FALSE(answer.has_value());
        EXPECT_EQ(log.size(), before);
        return answer ? Code::corrupt : answer.error().code;
    }
    static Bytes policy(std::uint32_t version, Millis expires = kNow + test::kDay) {
        auto data = world().policy;
        data.version = version;
        return world().document(
            DocumentKind::policy, version, policy::encode_policy(data), expires);
    }

    SmallLog log;
};

TEST_F(Adoption, TheNextVersionTakesEffectAtItsPosition) {
    const Position position = log.size();
    EXPECT_EQ(log.adopt(policy(2)), position);
    EXPECT_EQ(log.documents().policy->version(), 2U);
    EXPECT_EQ(log.entry(position).kind, proof::EntryKind::document);
}

TEST_F(Adoption, AnOlderOrTheSameVersionIsRollback) {
    EXPECT_EQ(refusal_of(policy(1)), Code::rollback);
    ASSERT_TRUE(log.adopt(policy(2)).has_value());
    EXPECT_EQ(refusal_of(policy(2)), Code::rollback);
}

TEST_F(Adoption, AVersionLeftOutIsSequenceGap) {
    EXPECT_EQ(refusal_of(policy(3)), Code::sequence_gap);
}

TEST_F(Adoption, AnExpiredDocumentIsRollback) {
    EXPECT_EQ(refusal_of(policy(2, kNow)), Code::rollback);
    EXPECT_TRUE(log.adopt(policy(2, kNow + 1)).has_value());
}

TEST_F(Adoption, WithoutEnoughSignaturesItIsThresholdNotMet) {
    auto document = registry::parse_document(policy(2)).value();
    document.signatures.clear();
    EXPECT_EQ(refusal_of(registry::encode_document(document)), Code::threshold_not_met);
}

TEST_F(Adoption, AStrangersSignatureDoesNotCount) {
    auto document = registry::parse_document(policy(2)).value();
    document.signatures.clear();
    const auto stranger = keys::PrivateKey::generate(keys::Algorithm::ed25519).value().signer();
    ASSERT_TRUE(registry::add_signature(document, *stranger).has_value());
    EXPECT_EQ(refusal_of(registry::encode_document(document)), Code::threshold_not_met);
}

TEST_F(Adoption, ABodyThatWasNotSignedIsBadSignature) {
    auto document = registry::parse_document(policy(2)).value();
    document.expires += 1;
    EXPECT_EQ(refusal_of(registry::encode_document(document)), Code::bad_signature);
}

TEST_F(Adoption, ADocumentOfAnotherBusIsWrongBus) {
    auto document = registry::parse_document(policy(2)).value();
    document.bus = BusId::of("another-bus");
    document.signatures.clear();
    const auto administrator = world().administrator.signer();
    ASSERT_TRUE(registry::add_signature(document, *administrator).has_value());
    EXPECT_EQ(refusal_of(registry::encode_document(document)), Code::wrong_bus);
}

TEST_F(Adoption, BytesThatAreNoDocumentAreMalformedDocument) {
    EXPECT_EQ(refusal_of(Bytes(40, 1)), Code::malformed_document);
    EXPECT_EQ(refusal_of(world().document(DocumentKind::policy, 2, Bytes(40, 1))),
              Code::malformed_document);
}

TEST_F(Adoption, NewAdministratorsNeedTheSignaturesOfOldAndNew) {
    const auto key = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    registry::Administrators list;
    list.version = 2;
    list.members = {{OfficerId::of("admin-2"), key.public_key().spki()}};
    const Bytes by_old =
        world().document(DocumentKind::administrators, 2, registry::encode_administrators(list));
    EXPECT_EQ(refusal_of(by_old), Code::threshold_not_met);
    auto by_both = registry::parse_document(by_old).value();
    const auto signer = key.signer();
    ASSERT_TRUE(registry::add_signature(by_both, *signer).has_value());
    EXPECT_TRUE(log.adopt(registry::encode_document(by_both)).has_value());
    EXPECT_EQ(refusal_of(policy(2)), Code::threshold_not_met) << "the old ones sign no more";
}

TEST_F(Adoption, AListOfAdministratorsIsOfTheVersionThatItsCoverSays) {
    const auto key = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    registry::Administrators list;
    list.members = {{OfficerId::of("admin-2"), key.public_key().spki()}};
    for (const std::uint32_t version : {1U, 3U}) {
        list.version = version;
        auto document =
            registry::parse_document(world().document(DocumentKind::administrators,
                                                      2,
                                                      registry::encode_administrators(list)))
                .value();
        ASSERT_TRUE(registry::add_signature(document, *key.signer()).has_value());
        EXPECT_EQ(refusal_of(registry::encode_document(document)), Code::malformed_document);
    }
}

TEST_F(Adoption, TheHeadNamesTheDocumentsInForce) {
    const Bytes second = policy(2);
    log.in_group([&](Group& group) {
        ASSERT_TRUE(group.adopt(second).value().has_value());
        const auto head = group.head_to_sign().value();
        ASSERT_TRUE(head.has_value());
        EXPECT_EQ(head->policy, keys::sha256(second));
        EXPECT_EQ(head->registry, keys::sha256(world().genesis[1]));
        EXPECT_EQ(head->administrators, world().pinned);
    });
}

}  // namespace
}  // namespace lienthong::core
