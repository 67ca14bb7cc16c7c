// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bus/base/random.hpp"
#include "bus/message/envelope.hpp"
#include "schemas/envelope_generated.h"

namespace lienthong::message {
namespace {

Bytes random_bytes(std::uint64_t seed, std::size_t size) {
    SeededRandom random(seed);
    Bytes bytes(size);
    random.fill(bytes);
    return bytes;
}

Section section(std::uint8_t index, std::size_t body_bytes) {
    Section one;
    one.index = index;
    one.descriptor = random_bytes(index + 1, 300);
    one.descriptor_salt = SeededRandom(index).hash();
    one.body = random_bytes(index + 2, body_bytes);
    return one;
}

Batch batch_of(std::size_t messages) {
    Batch batch;
    batch.proof = random_bytes(7, 160);
    for (std::size_t i = 0; i < messages; ++i) {
        Envelope envelope;
        envelope.header = random_bytes(i, 250);
        envelope.sections = {section(0, 40), section(3, 0)};
        envelope.sections[0].plaintext_salt = SeededRandom(i).hash();
        batch.envelopes.push_back(std::move(envelope));
    }
    return batch;
}

SealedBody sealed_body(std::size_t plaintext_bytes) {
    SealedBody body;
    body.bus = BusId::of("ninh-binh");
    body.message = {1, 2};
    body.sender = AgencyId::of("border-guard");
    body.kind = Kind::intake_record;
    body.section = "identity";
    body.audience = {AgencyId::of("border-guard"), AgencyId::of("labour")};
    body.plaintext_salt = SeededRandom(1).hash();
    body.plaintext = random_bytes(3, plaintext_bytes);
    return body;
}

std::string refused(const SealedBody& body) {
    const auto parsed = parse_sealed_body(encode_sealed_body(body));
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, Code::malformed_section);
    return parsed.error().where;
}

TEST(Batch, KeepsTheExactBytesOfItsParts) {
    const Batch batch = batch_of(5);
    const auto parsed = parse_batch(encode_batch(batch));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->proof, batch.proof);
    ASSERT_EQ(parsed->envelopes.size(), batch.envelopes.size());
    for (std::size_t i = 0; i < batch.envelopes.size(); ++i) {
        EXPECT_EQ(parsed->envelopes[i].header, batch.envelopes[i].header);
        EXPECT_EQ(parsed->envelopes[i].sections, batch.envelopes[i].sections);
    }
}

TEST(Batch, HasAMessageOrMore) {
    EXPECT_EQ(parse_batch(encode_batch(batch_of(0))).error().code, Code::malformed_frame);
}

TEST(Batch, HoldsUpToItsLimitOfMessages) {
    Batch batch = batch_of(1);
    batch.envelopes[0].sections.clear();
    batch.envelopes.resize(kBatchMessagesMax, batch.envelopes[0]);
    const auto parsed = parse_batch(encode_batch(batch));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->envelopes.size(), kBatchMessagesMax);
    batch.envelopes.push_back(batch.envelopes[0]);
    EXPECT_EQ(parse_batch(encode_batch(batch)).error().code, Code::oversized);
}

TEST(Batch, OfFullMessagesIsNotTakenForTooComplex) {
    Batch batch = batch_of(1);
    batch.envelopes[0].header = {1, 2, 3, 4};
    batch.envelopes[0].sections.clear();
    for (std::uint8_t i = 0; i < kSectionsMax; ++i) {
        Section tiny;
        tiny.index = i;
        tiny.descriptor = {1};
        batch.envelopes[0].sections.push_back(tiny);
    }
    batch.envelopes.resize(kBatchMessagesMax, batch.envelopes[0]);
    const Bytes frame = encode_batch(batch);
    ASSERT_LE(frame.size(), kBatchBytesMax);
    EXPECT_TRUE(parse_batch(frame));
}

TEST(Batch, IsReadUpToItsLimitOfBytes) {
    Bytes frame = encode_batch(batch_of(3));
    frame.resize(kBatchBytesMax);
    EXPECT_TRUE(parse_batch(frame));
    frame.push_back(0);
    EXPECT_EQ(parse_batch(frame).error().code, Code::oversized);
}

// Each of `count` envelopes is the same table: a few bytes that cost the verifier a table each.
Bytes repeated_envelope(std::uint32_t count, std::size_t header_bytes) {
    flatbuffers::FlatBufferBuilder builder;
    const auto header = builder.CreateVector(Bytes(header_bytes));
    const auto envelope = fb::CreateEnvelope(builder, header);
    const std::vector<flatbuffers::Offset<fb::Envelope>> same(count, envelope);
    const auto envelopes = builder.CreateVector(same);
    const auto proof = builder.CreateVector(Bytes{1});
    builder.Finish(fb::CreateBatch(builder, proof, envelopes));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST(Batch, WithMorePartsThanTheVerifierCountsIsTooDeep) {
    EXPECT_EQ(parse_batch(repeated_envelope(19'999, 4)).error().code, Code::oversized);
    EXPECT_EQ(parse_batch(repeated_envelope(20'000, 4)).error().code, Code::too_deep);
}

TEST(Batch, WhosePartsPointAtTheSameBytesIsRefusedBeforeTheyAreCopiedOften) {
    const Bytes frame = repeated_envelope(1'000, 900'000);
    ASSERT_LE(frame.size(), kBatchBytesMax);
    EXPECT_EQ(parse_batch(frame).error().code, Code::malformed_frame);
}

TEST(Sections, ComeBackAsTheyWereEncoded) {
    const std::vector<Section> sections{section(0, 10), section(1, 2'000), section(11, 0)};
    const auto parsed = parse_sections(encode_sections(sections));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, sections);
    const auto none = parse_sections(encode_sections({}));
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->empty());
}

TEST(Sections, StandInOrderOnceEach) {
    const auto code = [](const std::vector<Section>& sections) {
        const auto parsed = parse_sections(encode_sections(sections));
        return parsed ? Code{} : parsed.error().code;
    };
    EXPECT_EQ(code({section(1, 1), section(0, 1)}), Code::malformed_frame);
    EXPECT_EQ(code({section(1, 1), section(1, 1)}), Code::malformed_frame);
    EXPECT_EQ(code({section(11, 1)}), Code{});
    EXPECT_EQ(code({section(12, 1)}), Code::malformed_frame);
    std::vector<Section> many(13, section(0, 1));
    EXPECT_EQ(code(many), Code::malformed_frame);
}

TEST(Sections, HoldDescriptorsUpToTheirLimit) {
    Section one = section(0, 1);
    one.descriptor.resize(kDescriptorBytesMax);
    EXPECT_TRUE(parse_sections(encode_sections({one})));
    one.descriptor.resize(kDescriptorBytesMax + 1);
    EXPECT_EQ(parse_sections(encode_sections({one})).error().code, Code::oversized);
}

TEST(Sections, AreReadUpToTheirLimitOfBytes) {
    Bytes bytes = encode_sections({section(0, 10)});
    bytes.resize(kBatchBytesMax);
    EXPECT_TRUE(parse_sections(bytes));
    bytes.push_back(0);
    EXPECT_EQ(parse_sections(bytes).error().code, Code::oversized);
}

TEST(Sections, WithMorePartsThanTheVerifierCountsAreTooDeep) {
    flatbuffers::FlatBufferBuilder builder;
    const auto descriptor = builder.CreateVector(Bytes{1});
    const fb::Bytes32 salt;
    const auto one = fb::CreateSection(builder, 0, descriptor, &salt);
    const std::vector<flatbuffers::Offset<fb::Section>> same(2'000, one);
    builder.Finish(fb::CreateSections(builder, builder.CreateVector(same)));
    const Bytes bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
    EXPECT_EQ(parse_sections(bytes).error().code, Code::too_deep);
}

TEST(SealedBody, ComesBackAsItWasEncoded) {
    SealedBody body = sealed_body(1234);
    body.chunk_index = 2;
    body.chunk_count = 3;
    const auto parsed = parse_sealed_body(encode_sealed_body(body));
    ASSERT_TRUE(parsed) << parsed.error().where;
    EXPECT_EQ(parsed->bus, body.bus);
    EXPECT_EQ(parsed->message, body.message);
    EXPECT_EQ(parsed->sender, body.sender);
    EXPECT_EQ(parsed->kind, body.kind);
    EXPECT_EQ(parsed->section, body.section);
    EXPECT_EQ(parsed->audience, body.audience);
    EXPECT_EQ(parsed->plaintext_salt, body.plaintext_salt);
    EXPECT_EQ(parsed->chunk_index, body.chunk_index);
    EXPECT_EQ(parsed->chunk_count, body.chunk_count);
    EXPECT_EQ(parsed->plaintext, body.plaintext);
}

bool is_size_class(std::size_t size) {
    if (size % (16 * 1024) == 0) return size != 0;
    return size == 1024 || size == 2048 || size == 4096 || size == 8192;
}

TEST(SealedBody, ShowsOnlyItsSizeClassWhateverItHolds) {
    for (std::size_t size = 0; size < 3'000; ++size) {
        const std::size_t padded = encode_sealed_body(sealed_body(size)).size();
        ASSERT_TRUE(is_size_class(padded)) << size << " became " << padded;
        ASSERT_LT(padded, 2 * size + 2048) << size;
    }
    for (const std::size_t around : {3'800UL, 7'900UL, 16'100UL, 32'500UL, 49'000UL, 131'000UL}) {
        for (std::size_t size = around - 40; size < around + 400; size += 3) {
            const std::size_t padded = encode_sealed_body(sealed_body(size)).size();
            ASSERT_TRUE(is_size_class(padded)) << size << " became " << padded;
        }
    }
}

TEST(SealedBody, HoldsAWholeChunkForTheLargestAudience) {
    SealedBody body = sealed_body(kChunkBytes);
    body.audience.clear();
    for (std::size_t i = 0; i < kAudienceMax; ++i) {
        body.audience.push_back(
            AgencyId::of("an-agency-with-a-long-name-" + std::to_string(10'000 + i)));
    }
    const Bytes bytes = encode_sealed_body(body);
    EXPECT_LE(bytes.size(), kSealedBodyBytesMax);
    EXPECT_TRUE(parse_sealed_body(bytes));
}

TEST(SealedBodyDeathTest, NeverHoldsMoreThanAChunk) {
    EXPECT_DEATH(encode_sealed_body(sealed_body(kChunkBytes + 1)), "kChunkBytes");
}

TEST(SealedBody, IsReadUpToItsLimitAndRefusedAsOversizedBeyondIt) {
    Bytes bytes = encode_sealed_body(sealed_body(10));
    bytes.resize(kSealedBodyBytesMax);
    EXPECT_TRUE(parse_sealed_body(bytes));
    bytes.push_back(0);
    EXPECT_EQ(parse_sealed_body(bytes).error().code, Code::oversized);
}

TEST(SealedBody, OfWhichAFieldIsImpossibleIsRefusedByItsName) {
    SealedBody body = sealed_body(10);
    body.bus = BusId::of("Ninh Bình");
    EXPECT_EQ(refused(body), "bus");
    body = sealed_body(10);
    body.message.sequence = 0;
    EXPECT_EQ(refused(body), "message");
    body = sealed_body(10);
    body.sender = {};
    EXPECT_EQ(refused(body), "sender");
    body = sealed_body(10);
    body.kind = Kind{99};
    EXPECT_EQ(refused(body), "kind");
    body = sealed_body(10);
    body.section = "report";
    EXPECT_EQ(refused(body), "section");
    body = sealed_body(10);
    body.audience.clear();
    EXPECT_EQ(refused(body), "audience");
    body = sealed_body(10);
    body.chunk_index = 1;
    EXPECT_EQ(refused(body), "chunk_index");
    body.chunk_count = 1;
    EXPECT_EQ(refused(body), "chunk_index");
    body.chunk_count = kChunksMax;
    EXPECT_EQ(refused(body), "accepted");
    body.chunk_count = kChunksMax + 1;
    EXPECT_EQ(refused(body), "chunk_index");
}

TEST(SealedBody, WithSomethingHiddenInItsPaddingIsRefused) {
    Bytes bytes = encode_sealed_body(sealed_body(10));
    bytes[bytes.size() - 100] = 1;  // the padding is written first, so it stands last
    EXPECT_EQ(parse_sealed_body(bytes).error().where, "padding");
}

}  // namespace
}  // namespace lienthong::message
