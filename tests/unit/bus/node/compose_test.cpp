// SPDX-License-Identifier: Apache-2.0
// Envelopes and large sections, without a bus: what travels whole and what in chunks, and what is
// found in chunks that are opened.
#include "bus/node/compose.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bus/base/check.hpp"
#include "bus/node/check.hpp"
#include "security/proof/merkle.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::node {
namespace {

using message::Form;
using message::kChunkBytes;
using test::SmallLog;
using test::world;

constexpr std::size_t kLarge = 3 * kChunkBytes + 1;  // four chunks

class Envelopes : public testing::Test {
  protected:
    Composed composed(const Draft& draft, std::size_t bytes_max = kEnvelopeBytesMax) {
        const Draft with_id = log.with_case_id("border-guard", draft);
        const Scene scene = log.scene("border-guard", with_id);
        const auto recipients = choose_recipients(with_id, scene);
        CHECK(recipients.has_value());
        auto made = compose(with_id, scene, *recipients, MessageId{5, 1}, log.random, bytes_max);
        CHECK(made.has_value());
        return std::move(*made);
    }
    static std::vector<std::string> chunked(const Composed& made) {
        std::vector<std::string> names;
        for (const auto& section : made.envelope.sections) {
            const auto descriptor = message::parse_descriptor(section.descriptor).value();
            if (descriptor.form == Form::chunked) names.push_back(descriptor.name);
        }
        return names;
    }
    static Draft with_sizes(std::size_t identity, std::size_t medical, std::size_t circumstances) {
        Draft draft = test::large_opening({"police"}, identity);
        draft.sections.emplace_back("medical", test::sample_section("lienthong.fb.Medical"));
        for (auto& [name, bytes] : draft.sections) {
            if (name == "medical") bytes.resize(medical);
            if (name == "circumstances") bytes.resize(circumstances);
            if (name == "document") bytes.resize(kChunkBytes);
        }
        return draft;
    }

    SmallLog log;
};

TEST_F(Envelopes, DoNotShowInTheirHeaderWhichSectionsTheyHave) {
    std::vector drafts(2, test::opening({"police"}));
    drafts[1].sections.emplace_back("medical", test::sample_section("lienthong.fb.Medical"));
    std::set<Hash> seen;
    std::set<std::size_t> sizes;
    for (int i = 0; i < 8; ++i) {
        for (const Draft& draft : drafts) {
            const Composed made = composed(draft);
            sizes.insert(made.envelope.header.size());
            const auto header = message::parse_header(made.envelope.header).value();
            ASSERT_EQ(header.commitments.size(), message::info(draft.kind).sections.size());
            for (const Hash& commitment : header.commitments) {
                EXPECT_NE(commitment, Hash{});
                EXPECT_TRUE(seen.insert(commitment).second) << "the same number twice";
            }
        }
    }
    EXPECT_EQ(sizes.size(), 1U);
}

TEST_F(Envelopes, OfWhichNoneOfTheSectionsIsLargeChunkTheLargestUntilTheyFit) {
    constexpr std::size_t k16 = 16 * 1024;
    // Three of 256 KiB fit with a little; the fourth must not make it more than a batch.
    const Composed fits = composed(with_sizes(kChunkBytes, kChunkBytes, 8 * k16));
    EXPECT_TRUE(chunked(fits).empty());
    EXPECT_LE(envelope_bytes(fits.envelope), kEnvelopeBytesMax);
    const Composed one = composed(with_sizes(kChunkBytes, kChunkBytes, kChunkBytes - k16));
    EXPECT_EQ(chunked(one).size(), 1U);
    EXPECT_LE(envelope_bytes(one.envelope), kEnvelopeBytesMax);
    EXPECT_NE(chunked(one).front(), "circumstances") << "the largest one";
    EXPECT_EQ(one.chunks.size(), 1U);
    const Bytes batch = log.sign("border-guard", {one.envelope});
    EXPECT_LE(batch.size(), message::kBatchBytesMax);
}

TEST_F(Envelopes, StayWholeAtExactlyTheLimitAndAreChunkedOneByteAboveIt) {
    const Draft draft = with_sizes(kChunkBytes, kChunkBytes, 64 * 1024);
    const std::size_t bytes = envelope_bytes(composed(draft).envelope);
    const Composed whole = composed(draft, bytes);
    EXPECT_EQ(envelope_bytes(whole.envelope), bytes);
    EXPECT_TRUE(chunked(whole).empty());
    const Composed above = composed(draft, bytes - 1);
    EXPECT_EQ(chunked(above).size(), 1U);
    EXPECT_LT(envelope_bytes(above.envelope), bytes);
}

TEST_F(Envelopes, AtTheirLimitMakeABatchThatTheBrokerTakes) {
    // As many bytes as fit in a section that is never chunked.
    Draft draft = test::draft(message::Kind::outreach_report);
    draft.sections.front().second.resize(kEnvelopeBytesMax - 4096);
    const Composed made = composed(draft);
    EXPECT_LE(envelope_bytes(made.envelope), kEnvelopeBytesMax);
    EXPECT_LE(log.sign("border-guard", {made.envelope}).size(), message::kBatchBytesMax);
    draft.sections.front().second.resize(kEnvelopeBytesMax);
    EXPECT_TRUE(check_draft(draft).has_value());
    const Scene scene = log.scene("border-guard", draft);
    const auto refused =
        compose(draft, scene, *choose_recipients(draft, scene), MessageId{5, 1}, log.random);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Code::oversized);
    draft.sections.front().second.resize(kEnvelopeBytesMax + 1);
    EXPECT_EQ(check_draft(draft).error().code, Code::oversized);
}

TEST_F(Envelopes, HaveALimitForAllSectionsOfADraft) {
    Draft draft = with_sizes(8192, message::kSectionBytesMax, 8192);
    Bytes* rest = nullptr;
    std::size_t others = message::encode_facts(*draft.facts).size();
    for (auto& [name, bytes] : draft.sections) {
        if (name == "document") bytes.resize(message::kSectionBytesMax);
        if (name == "circumstances") {
            rest = &bytes;
        } else {
            others += bytes.size();
        }
    }
    rest->resize(kDraftBytesMax - others);
    EXPECT_TRUE(check_draft(draft).has_value());
    rest->push_back(0);
    EXPECT_EQ(check_draft(draft).error().code, Code::oversized);
}

class OpenedChunks : public Envelopes {
  protected:
    void SetUp() override {
        draft = log.with_case_id("border-guard", test::large_opening({"police"}, kLarge));
        made = compose_as({5, 1});
        header = message::parse_header(made.envelope.header).value();
        descriptor = message::parse_descriptor(made.envelope.sections.at(2).descriptor).value();
        for (const OutChunk& chunk : made.chunks) chunks.push_back(chunk.sent);
        keys.push_back({world().member("police").seal, world().member("police").seal_certificate});
    }
    Composed compose_as(const MessageId& id) {
        const Scene scene = log.scene("border-guard", draft);
        return compose(draft, scene, *choose_recipients(draft, scene), id, log.random).value();
    }
    // With a root over whatever the chunks are: a sender that lies.
    Code opened() {
        std::vector<Hash> leaves;
        for (const Bytes& chunk : chunks) leaves.push_back(proof::leaf_hash(chunk));
        descriptor.chunk_root = proof::root(leaves);
        const auto plaintext = open_chunks(header, descriptor, chunks, keys);
        return plaintext ? Code{} : plaintext.error().code;
    }

    Draft draft;
    Composed made;
    message::Header header;
    message::Descriptor descriptor;
    std::vector<Bytes> chunks;
    std::vector<SealingKey> keys;
};

TEST_F(OpenedChunks, GiveThePlaintext) {
    const auto plaintext = open_chunks(header, descriptor, chunks, keys);
    ASSERT_TRUE(plaintext.has_value());
    EXPECT_TRUE(equal(plaintext->view(), test::large_identity(kLarge)));
}

TEST_F(OpenedChunks, InAnotherOrderAreBadCommitment) {
    std::swap(chunks[0], chunks[1]);
    EXPECT_EQ(opened(), Code::bad_commitment);
}

TEST_F(OpenedChunks, OfAnotherMessageAreBadCommitment) {
    chunks[1] = compose_as({5, 2}).chunks[1].sent;
    EXPECT_EQ(opened(), Code::bad_commitment);
}

TEST_F(OpenedChunks, OfTheSameMessageSealedAgainAreBadCommitment) {
    chunks[1] = compose_as({5, 1}).chunks[1].sent;
    EXPECT_EQ(opened(), Code::bad_commitment) << "another salt";
}

TEST_F(OpenedChunks, OfWhichOneIsMissingAreBadDigest) {
    chunks.pop_back();
    EXPECT_EQ(opened(), Code::bad_digest);
}

TEST_F(OpenedChunks, NotUnderTheRootAreBadDigest) {
    chunks[2].back() ^= 1;
    EXPECT_EQ(open_chunks(header, descriptor, chunks, keys).error().code, Code::bad_digest);
    EXPECT_EQ(opened(), Code::bad_digest) << "under a root of its own its tag is wrong";
}

TEST_F(OpenedChunks, OfOtherWordsThanWereCommittedAreBadCommitment) {
    descriptor.plaintext_commitment.bytes[0] ^= 1;
    EXPECT_EQ(opened(), Code::bad_commitment);
}

TEST_F(OpenedChunks, AreLockedToWhoIsNotAmongTheRecipients) {
    keys.clear();
    keys.push_back({world().member("labour").seal, world().member("labour").seal_certificate});
    EXPECT_EQ(opened(), Code::locked);
}

TEST_F(OpenedChunks, DoNotPassAsASealedSection) {
    message::Section section = made.envelope.sections.at(2);
    section.body = chunks[0];
    descriptor.form = Form::sealed;
    descriptor.chunk_count = 0;
    EXPECT_EQ(open_section(header, section, descriptor, keys).error().code, Code::bad_commitment);
}

}  // namespace
}  // namespace lienthong::node
