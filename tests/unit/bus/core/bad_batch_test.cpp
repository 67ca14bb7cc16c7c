// SPDX-License-Identifier: Apache-2.0
// Batches that are refused as a whole, and messages that are refused before any rule of the bus is
// asked: each fault with exactly its code.
#include <gtest/gtest.h>

#include "security/proof/batch.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using message::Kind;
using test::kDay;
using test::kNow;
using test::SmallLog;
using test::world;

class BadBatch : public testing::Test {
  protected:
    static constexpr std::uint64_t kStream = 77;

    message::Envelope report(std::string_view slug = "labour") {
        return log.compose(slug, test::draft(Kind::outreach_report), MessageId{kStream, 1});
    }
    // A batch of one that is refused as a whole; nothing of it is on the record.
    Code refusal_of(const Bytes& frame, std::string_view slug = "labour") {
        const std::uint64_t before = log.size();
        const auto answer = log.offer(slug, kStream, 1, 1, frame);
        EXPECT_FALSE(answer.has_value());
        EXPECT_EQ(log.size(), before);
        return answer ? Code::corrupt : answer.error().code;
    }
    Code refusal_of(const proof::BatchProof& proof, message::Envelope envelope) {
        std::vector<message::Envelope> envelopes;
        envelopes.push_back(std::move(envelope));
        return refusal_of(SmallLog::frame(proof, std::move(envelopes)));
    }
    proof::BatchProof sign(keys::Signer& signer,
                           const message::Envelope& envelope,
                           const BusId& bus = world().bus) {
        const std::vector<Hash> leaves{proof::leaf_hash(envelope.header)};
        return proof::sign_batch(signer, bus, log.id("labour"), leaves).value();
    }
    // Of a batch of one whose message alone is at fault: its number is consumed, on the record.
    Code verdict_of(message::Envelope envelope, std::string_view slug = "labour") {
        std::vector<message::Envelope> envelopes;
        envelopes.push_back(std::move(envelope));
        const auto answer = log.offer(slug, kStream, 1, std::move(envelopes));
        EXPECT_TRUE(answer.has_value());
        if (!answer || !answer->verdicts.at(0).refused) return Code::corrupt;
        const auto refused = *answer->verdicts.at(0).refused;
        EXPECT_EQ(answer->accepted_count, 0U);
        if (!info(refused).retriable) {
            const auto entries = log.entries_of(proof::EntryKind::refusals);
            EXPECT_EQ(entries.size(), 1U);
            const auto refusals = parse_refusals(entries.back().content).value();
            EXPECT_EQ(refusals.refused, (std::vector<Refusals::One>{{1, refused}}));
        }
        return refused;
    }

    SmallLog log;
    std::unique_ptr<keys::Signer> labour = world().member("labour").sign.signer();
};

TEST_F(BadBatch, AHonestOneIsAccepted) {
    std::vector<message::Envelope> envelopes;
    envelopes.push_back(report());
    const auto answer = log.offer("labour", kStream, 1, std::move(envelopes));
    ASSERT_TRUE(answer.has_value());
    EXPECT_FALSE(answer->verdicts.at(0).refused.has_value());
    EXPECT_EQ(answer->accepted_count, 1U);
}

TEST_F(BadBatch, ASpoiledSignatureIsBadSignature) {
    const auto envelope = report();
    auto proof = sign(*labour, envelope);
    proof.signature.back() ^= 1;
    EXPECT_EQ(refusal_of(proof, envelope), Code::bad_signature);
}

TEST_F(BadBatch, AHeaderThatWasNotSignedIsBadDigest) {
    auto envelope = report();
    const auto proof = sign(*labour, envelope);
    test::change_header(envelope, [](message::Header& header) { header.created += 1; });
    EXPECT_EQ(refusal_of(proof, envelope), Code::bad_digest);
}

TEST_F(BadBatch, AKeyThatNobodyRegisteredIsUnknownKey) {
    const auto stranger = keys::PrivateKey::generate(keys::Algorithm::p256).value().signer();
    const auto envelope = report();
    EXPECT_EQ(refusal_of(sign(*stranger, envelope), envelope), Code::unknown_key);
}

TEST_F(BadBatch, AKeyOfAnotherAgencyIsWrongSender) {
    const auto police = world().member("police").sign.signer();
    const auto envelope = report();
    EXPECT_EQ(refusal_of(sign(*police, envelope), envelope), Code::wrong_sender);
}

TEST_F(BadBatch, AKeyPastItsValidityIsExpiredKey) {
    log.time = kNow + 731 * kDay;
    const auto envelope = report("labour");
    EXPECT_EQ(refusal_of(sign(*labour, envelope), envelope), Code::expired_key);
}

TEST_F(BadBatch, AKeyRevokedAtThisPositionIsRevokedKey) {
    const auto envelope = report();
    auto registry = world().registry;
    auto& key = test::key_of(registry, log.id("labour"), keys::Use::sign);
    key.revoked = true;
    key.revoked_from = log.size();
    ASSERT_TRUE(log.adopt(world().registry_document(registry, 2)).has_value());
    EXPECT_EQ(refusal_of(sign(*labour, envelope), envelope), Code::revoked_key);
}

TEST_F(BadBatch, AKeyRevokedBetweenVerifierAndCommitterIsRevokedKey) {
    const Bytes frame = log.sign("labour", {report()});
    const auto verified = verify_batch(frame,
                                       SmallLog::session("labour"),
                                       kStream,
                                       1,
                                       1,
                                       *log.documents().registry,
                                       log.time,
                                       log.size());
    ASSERT_TRUE(verified.has_value());
    auto registry = world().registry;
    auto& key = test::key_of(registry, log.id("labour"), keys::Use::sign);
    key.revoked = true;
    key.revoked_from = log.size();
    ASSERT_TRUE(log.adopt(world().registry_document(registry, 2)).has_value());
    log.in_group([&](Group& group) {
        const auto answer = group.publish(*verified).value();
        ASSERT_FALSE(answer.has_value());
        EXPECT_EQ(answer.error().code, Code::revoked_key);
    });
}

TEST_F(BadBatch, ARepeatOfAnAcceptedOneGetsItsOldReceiptThoughTheKeyHasEnded) {
    const Bytes frame = log.sign("labour", {report()});
    const auto receipt = log.offer("labour", kStream, 1, 1, frame);
    ASSERT_TRUE(receipt.has_value());
    const auto repeat = [&](const char* why) {
        const std::uint64_t before = log.size();
        const auto again = log.offer("labour", kStream, 1, 1, frame);
        ASSERT_TRUE(again.has_value()) << why << " " << info(again.error().code).name;
        EXPECT_EQ(again->verdicts, receipt->verdicts) << why;
        EXPECT_EQ(again->first_position, receipt->first_position) << why;
        EXPECT_EQ(again->proof_hash, receipt->proof_hash) << why;
        EXPECT_EQ(log.size(), before) << why;
    };
    auto registry = world().registry;
    auto& key = test::key_of(registry, log.id("labour"), keys::Use::sign);
    key.revoked = true;
    key.revoked_from = log.size();
    ASSERT_TRUE(log.adopt(world().registry_document(registry, 2)).has_value());
    repeat("revoked");
    key.revoked = false;
    key.revoked_from = 0;
    registry.suite_floor = 2;
    ASSERT_TRUE(log.adopt(world().registry_document(registry, 3)).has_value());
    repeat("suite");
    registry.suite_floor = 1;
    ASSERT_TRUE(log.adopt(world().registry_document(registry, 4)).has_value());
    log.time = kNow + 731 * kDay;
    repeat("expired");
}

TEST_F(BadBatch, ARepeatWithOtherHeadersOrFromAnotherNodeIsJudgedByItsKey) {
    const auto first = report();
    ASSERT_TRUE(log.offer("labour", kStream, 1, {first}).has_value());
    log.time = kNow + 731 * kDay;
    const auto other = report();
    EXPECT_EQ(refusal_of(sign(*labour, other), other), Code::expired_key);
    EXPECT_EQ(refusal_of(log.sign("police", {first}), "police"), Code::expired_key);
    const auto next = log.compose("labour", test::draft(Kind::outreach_report), {kStream, 2});
    const auto answer = log.offer("labour", kStream, 2, {next});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Code::expired_key);
}

TEST_F(BadBatch, ASuiteBelowTheFloorIsWeakSuite) {
    const auto envelope = report();
    auto registry = world().registry;
    registry.suite_floor = 2;
    ASSERT_TRUE(log.adopt(world().registry_document(registry, 2)).has_value());
    EXPECT_EQ(refusal_of(sign(*labour, envelope), envelope), Code::weak_suite);
}

TEST_F(BadBatch, ABatchSignedForAnotherBusWithTheSameKeysIsBadSignature) {
    auto envelope = report();
    const BusId other = BusId::of("another-bus");
    test::change_header(envelope, [&](message::Header& header) { header.bus = other; });
    EXPECT_EQ(refusal_of(sign(*labour, envelope, other), envelope), Code::bad_signature);
}

TEST_F(BadBatch, BytesThatAreNoBatchAreMalformedFrame) {
    EXPECT_EQ(refusal_of(Bytes(64, 0x5a)), Code::malformed_frame);
    EXPECT_EQ(refusal_of(Bytes{}), Code::malformed_frame);
    Bytes cut = log.sign("labour", {report()});
    cut.resize(cut.size() / 2);
    EXPECT_EQ(refusal_of(cut), Code::malformed_frame);
}

TEST_F(BadBatch, AFrameOverItsLimitIsOversized) {
    EXPECT_EQ(refusal_of(Bytes(message::kBatchBytesMax + 1)), Code::oversized);
}

TEST_F(BadBatch, ABatchThatIsNotWhatItsCommandSaysIsMalformedFrame) {
    const Bytes frame = log.sign("labour", {report()});
    for (const auto& [stream, first, count] :
         {std::tuple(kStream, 1ULL, 2U), {0ULL, 1ULL, 1U}, {kStream, 0ULL, 1U}}) {
        const auto answer = log.offer("labour", stream, first, count, frame);
        ASSERT_FALSE(answer.has_value());
        EXPECT_EQ(answer.error().code, Code::malformed_frame);
    }
}

TEST_F(BadBatch, AProofOfAnotherFormIsMalformedProof) {
    const auto envelope = report();
    Bytes proof = proof::encode_batch_proof(sign(*labour, envelope));
    proof.pop_back();
    EXPECT_EQ(refusal_of(message::encode_batch({proof, {envelope}})), Code::malformed_proof);
}

TEST_F(BadBatch, ASuiteOfTheFutureIsUnknownSuite) {
    const auto envelope = report();
    Bytes proof = proof::encode_batch_proof(sign(*labour, envelope));
    proof[0] ^= 1;
    EXPECT_EQ(refusal_of(message::encode_batch({proof, {envelope}})), Code::unknown_suite);
}

TEST_F(BadBatch, AHeaderOfAnotherBusIsWrongBus) {
    auto envelope = report();
    test::change_header(envelope,
                        [](message::Header& header) { header.bus = BusId::of("another-bus"); });
    EXPECT_EQ(verdict_of(envelope), Code::wrong_bus);
}

TEST_F(BadBatch, AHeaderOfAnotherAgencyThanTheSessionsIsWrongSender) {
    auto envelope = report();
    test::change_header(envelope,
                        [&](message::Header& header) { header.sender = log.id("police"); });
    EXPECT_EQ(verdict_of(envelope), Code::wrong_sender);
}

TEST_F(BadBatch, AHeaderInAnotherPlaceThanItsIdSaysIsMalformedHeader) {
    auto envelope = report();
    test::change_header(envelope, [](message::Header& header) { header.id.sequence = 2; });
    EXPECT_EQ(verdict_of(envelope), Code::malformed_header);
}

TEST_F(BadBatch, BytesThatAreNoHeaderAreMalformedHeader) {
    auto envelope = report();
    envelope.header = Bytes(100, 3);
    EXPECT_EQ(verdict_of(envelope), Code::malformed_header);
}

TEST_F(BadBatch, AKindOfTheFutureIsUnknownKind) {
    auto envelope = report();
    test::change_header(envelope, [](message::Header& header) { header.kind = Kind{999}; });
    EXPECT_EQ(verdict_of(envelope), Code::unknown_kind);
}

TEST_F(BadBatch, AVersionOfTheFutureIsUnknownVersion) {
    auto envelope = report();
    test::change_header(envelope, [](message::Header& header) { header.kind_version = 99; });
    EXPECT_EQ(verdict_of(envelope), Code::unknown_version);
}

TEST_F(BadBatch, ADescriptorThatTheHeaderDoesNotCommitToIsBadCommitment) {
    auto envelope = report();
    envelope.sections.at(0).descriptor_salt.bytes[0] ^= 1;
    EXPECT_EQ(verdict_of(envelope), Code::bad_commitment);
}

TEST_F(BadBatch, APlaintextThatTheDescriptorDoesNotCommitToIsBadCommitment) {
    auto envelope = report();
    envelope.sections.at(0).plaintext_salt->bytes[0] ^= 1;
    EXPECT_EQ(verdict_of(envelope), Code::bad_commitment);
}

TEST_F(BadBatch, AnOpenSectionWithoutItsSaltIsBadCommitment) {
    auto envelope = report();
    envelope.sections.at(0).plaintext_salt.reset();
    EXPECT_EQ(verdict_of(envelope), Code::bad_commitment);
}

TEST_F(BadBatch, ABodyThatIsNotTheDescriptorsIsBadDigest) {
    auto envelope = report();
    envelope.sections.at(0).body.back() ^= 1;
    EXPECT_EQ(verdict_of(envelope), Code::bad_digest);
}

TEST_F(BadBatch, AForgottenRequiredSectionIsMalformedSection) {
    auto envelope = report();
    envelope.sections.clear();
    EXPECT_EQ(verdict_of(envelope), Code::malformed_section);
}

TEST_F(BadBatch, AnAudienceWithoutTheSenderIsWrongAudience) {
    auto envelope = report("police");
    test::change_descriptor(envelope, 0, [&](message::Descriptor& descriptor) {
        descriptor.audience = {log.id("labour")};
    });
    EXPECT_EQ(verdict_of(envelope, "police"), Code::wrong_audience);
}

TEST_F(BadBatch, AFormThatTheKindDoesNotHaveIsMalformedDescriptor) {
    auto envelope = report();
    test::change_descriptor(envelope, 0, [](message::Descriptor& descriptor) {
        descriptor.form = message::Form::facts;
    });
    EXPECT_EQ(verdict_of(envelope), Code::malformed_descriptor);
}

TEST_F(BadBatch, ASectionUnderAnothersNameIsMalformedDescriptor) {
    auto envelope = report();
    test::change_descriptor(
        envelope, 0, [](message::Descriptor& descriptor) { descriptor.name = "facts"; });
    // The commitment is to the section in its place, whatever it is called.
    EXPECT_EQ(verdict_of(envelope), Code::malformed_descriptor);
}

}  // namespace
}  // namespace lienthong::core
