// SPDX-License-Identifier: Apache-2.0
#include "bus/message/envelope.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace lienthong::message {
namespace {

Hash hash_of_byte(std::uint8_t byte) {
    Hash hash;
    hash.bytes.fill(byte);
    return hash;
}

Header open_header() {
    Header header;
    header.bus = BusId::of("ninh-binh");
    header.id = {0x1234'5678'9abc'def0, 7};
    header.sender = AgencyId::of("labour");
    header.unit = UnitId::of("districts");
    header.kind = Kind::outreach_report;
    header.registry_version = 3;
    header.policy_version = 4;
    header.procedure_version = 5;
    header.created = 1'628'000'000'000;
    header.expires = 1'628'000'000'001;
    header.commitments = {hash_of_byte(1)};
    return header;
}

Header case_header() {
    Header header = open_header();
    header.kind = Kind::verification_result;
    header.unit = {};
    header.case_id.bytes.fill(9);
    header.case_version = CaseVersion{1, 42, hash_of_byte(2)};
    header.refers_to = Reference{{5, 6}, hash_of_byte(3), Relation::answers};
    header.commitments = {hash_of_byte(4), hash_of_byte(5), hash_of_byte(6), hash_of_byte(7)};
    return header;
}

Descriptor sealed_descriptor() {
    Descriptor descriptor;
    descriptor.name = "identity";
    descriptor.form = Form::sealed;
    descriptor.audience = {AgencyId::of("border-guard"), AgencyId::of("labour")};
    descriptor.padded_bytes = 2048;
    descriptor.section_digest = hash_of_byte(1);
    descriptor.plaintext_commitment = hash_of_byte(2);
    descriptor.sealed_to = {hash_of_byte(3), hash_of_byte(4)};
    return descriptor;
}

Code header_code(const Header& header) {
    const auto parsed = parse_header(encode_header(header));
    return parsed ? Code{} : parsed.error().code;
}

std::string refused_header(const Header& header) {
    const auto parsed = parse_header(encode_header(header));
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, Code::malformed_header);
    return parsed.error().where;
}

std::string refused_descriptor(const Descriptor& descriptor) {
    const auto parsed = parse_descriptor(encode_descriptor(descriptor));
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, Code::malformed_descriptor);
    return parsed.error().where;
}

TEST(Header, ComesBackAsItWasEncoded) {
    for (const Header& header : {open_header(), case_header()}) {
        const auto parsed = parse_header(encode_header(header));
        ASSERT_TRUE(parsed) << parsed.error().where;
        EXPECT_EQ(*parsed, header);
    }
}

TEST(Header, HasTheSameBytesEachTimeItIsEncoded) {
    EXPECT_EQ(encode_header(case_header()), encode_header(case_header()));
}

TEST(Header, IsReadAtAnyAlignment) {
    const Bytes bytes = encode_header(case_header());
    for (std::size_t shift = 0; shift < 16; ++shift) {
        Bytes shifted(shift);
        shifted.insert(shifted.end(), bytes.begin(), bytes.end());
        EXPECT_TRUE(parse_header(BytesView(shifted).subspan(shift)));
    }
}

TEST(Header, IsReadForEveryKindWithACommitmentForEachSection) {
    for (const KindInfo& kind : all_kinds()) {
        Header header = kind.needs_case ? case_header() : open_header();
        header.kind = kind.kind;
        if (kind.kind_class == Class::personal) header.unit = {};
        header.commitments.assign(kind.sections.size(), hash_of_byte(1));
        EXPECT_EQ(header_code(header), Code{}) << kind.name;
        header.commitments.emplace_back();
        EXPECT_EQ(refused_header(header), "commitments") << kind.name;
        header.commitments.resize(kind.sections.size() - 1);
        EXPECT_EQ(refused_header(header), "commitments") << kind.name;
    }
}

TEST(Header, OfAnUnknownSuiteKindOrVersionIsRefusedUnderThatCode) {
    Header header = open_header();
    header.suite = 0;
    EXPECT_EQ(header_code(header), Code::unknown_suite);
    header.suite = kSuite + 1;
    EXPECT_EQ(header_code(header), Code::unknown_suite);
    header = open_header();
    for (const auto number : std::to_array<std::uint16_t>({0, 8, 19, 37, 65535})) {
        header.kind = Kind{number};
        EXPECT_EQ(header_code(header), Code::unknown_kind) << number;
    }
    header = open_header();
    header.kind_version = 0;
    EXPECT_EQ(header_code(header), Code::unknown_version);
    header.kind_version = 2;
    EXPECT_EQ(header_code(header), Code::unknown_version);
}

TEST(Header, HasNoRoomForAnythingButNames) {
    for (const std::string_view bad :
         {"", "Labour", "nguyễn", "a b", "a_b", "123456789012345678901234567890123"}) {
        Header header = open_header();
        header.bus = BusId::of(bad);
        EXPECT_EQ(refused_header(header), "bus");
        header = open_header();
        header.sender = AgencyId::of(bad);
        EXPECT_EQ(refused_header(header), "sender");
        if (bad.empty()) continue;  // an empty unit is an absent one
        header = open_header();
        header.unit = UnitId::of(bad);
        EXPECT_EQ(refused_header(header), "unit");
    }
    Header header = open_header();
    header.sender = AgencyId::of("12345678901234567890123456789012");
    EXPECT_EQ(header_code(header), Code{});
}

TEST(Header, NamesNoUnitWhereThePersonCouldBeFoundByIt) {
    Header header = case_header();
    header.unit = UnitId::of("kim-son-post");
    EXPECT_EQ(refused_header(header), "unit");
}

TEST(Header, NeedsAStreamAndASequence) {
    Header header = open_header();
    header.id.sequence = 0;
    EXPECT_EQ(refused_header(header), "id");
    header = open_header();
    header.id.stream = 0;
    EXPECT_EQ(refused_header(header), "id");
}

TEST(Header, BelongsToACaseExactlyWhereItsKindDoes) {
    Header header = case_header();
    header.case_id = {};
    header.case_version.reset();
    EXPECT_EQ(refused_header(header), "case_id");
    for (const Kind kind : {Kind::outreach_report, Kind::hotline_tip, Kind::hotline_outcome}) {
        header = case_header();
        header.kind = kind;
        header.case_version.reset();
        header.commitments.resize(info(kind).sections.size());
        EXPECT_EQ(refused_header(header), "case_id");
    }
    for (const bool with_case : {true, false}) {  // a correction may have one
        header = case_header();
        header.kind = Kind::correction;
        header.commitments.resize(info(Kind::correction).sections.size());
        if (!with_case) {
            header.case_id = {};
            header.case_version.reset();
        }
        EXPECT_EQ(header_code(header), Code{});
    }
}

TEST(Header, NamesACaseVersionOnlyWithACaseAndAnEpoch) {
    Header header = case_header();
    header.case_version->epoch = 0;
    EXPECT_EQ(refused_header(header), "case_version");
    header = open_header();
    header.case_version = CaseVersion{1, 0, {}};
    EXPECT_EQ(refused_header(header), "case_version");
}

TEST(Header, RefersToAMessageByAKnownRelation) {
    Header header = case_header();
    for (const auto number : std::to_array<std::uint8_t>({1, 2, 3, 4})) {
        header.refers_to->relation = Relation{number};
        EXPECT_EQ(header_code(header), Code{});
    }
    for (const auto number : std::to_array<std::uint8_t>({0, 5, 255})) {
        header.refers_to->relation = Relation{number};
        EXPECT_EQ(refused_header(header), "refers_to");
    }
    header = case_header();
    header.refers_to->message = {1, 0};
    EXPECT_EQ(refused_header(header), "refers_to");
}

TEST(Header, HasPossibleTimes) {
    Header header = open_header();
    header.created = -1;
    EXPECT_EQ(refused_header(header), "created");
    header.created = 253'402'300'799'999;
    header.expires = 0;
    EXPECT_EQ(header_code(header), Code{});
    header.created += 1;
    EXPECT_EQ(refused_header(header), "created");
    header = open_header();
    header.expires = header.created;
    EXPECT_EQ(refused_header(header), "expires");
    header.expires = 253'402'300'799'999;
    EXPECT_EQ(header_code(header), Code{});
    header.expires += 1;
    EXPECT_EQ(refused_header(header), "expires");
}

TEST(Header, IsReadUpToItsLimitAndRefusedAsOversizedBeyondIt) {
    Bytes bytes = encode_header(open_header());
    bytes.resize(kHeaderBytesMax);  // what trails is signed too, and bounded
    EXPECT_TRUE(parse_header(bytes));
    bytes.resize(kHeaderBytesMax + 1);
    EXPECT_EQ(parse_header(bytes).error().code, Code::oversized);
}

TEST(Header, WithACaseOfZerosIsRefused) {
    Header header = case_header();
    Bytes bytes = encode_header(header);
    const Bytes nines(16, 9);
    const auto at = std::search(bytes.begin(), bytes.end(), nines.begin(), nines.end());
    ASSERT_NE(at, bytes.end());
    std::fill_n(at, 16, std::uint8_t{0});
    EXPECT_EQ(parse_header(bytes).error().where, "case_id");
}

TEST(Descriptor, ComesBackAsItWasEncoded) {
    Descriptor chunked = sealed_descriptor();
    chunked.form = Form::chunked;
    chunked.chunk_root = hash_of_byte(8);
    chunked.chunk_count = 3;
    Descriptor open = sealed_descriptor();
    open.form = Form::open;
    open.sealed_to.clear();
    Descriptor facts = open;
    facts.form = Form::facts;
    for (const Descriptor& descriptor : {sealed_descriptor(), chunked, open, facts}) {
        const auto parsed = parse_descriptor(encode_descriptor(descriptor));
        ASSERT_TRUE(parsed) << parsed.error().where;
        EXPECT_EQ(*parsed, descriptor);
    }
}

TEST(Descriptor, HasAnAudienceInOrderWithoutRepeats) {
    Descriptor descriptor = sealed_descriptor();
    std::swap(descriptor.audience[0], descriptor.audience[1]);
    EXPECT_EQ(refused_descriptor(descriptor), "audience");
    descriptor.audience[1] = descriptor.audience[0];
    EXPECT_EQ(refused_descriptor(descriptor), "audience");
    descriptor.audience.clear();
    EXPECT_EQ(refused_descriptor(descriptor), "audience");
    descriptor.audience = {AgencyId::of("Labour")};
    EXPECT_EQ(refused_descriptor(descriptor), "audience");
}

TEST(Descriptor, HasAnAudienceOfSixtyFourAtMost) {
    Descriptor descriptor = sealed_descriptor();
    descriptor.audience.clear();
    for (std::size_t i = 0; i < kAudienceMax; ++i) {
        descriptor.audience.push_back(AgencyId::of("agency-" + std::to_string(100 + i)));
    }
    EXPECT_EQ(refused_descriptor(descriptor), "accepted");
    descriptor.audience.push_back(AgencyId::of("agency-999"));
    EXPECT_EQ(refused_descriptor(descriptor), "audience");
}

TEST(Descriptor, HasAKnownFormAndAName) {
    Descriptor descriptor = sealed_descriptor();
    for (const auto number : std::to_array<std::uint8_t>({0, 5, 255})) {
        descriptor.form = Form{number};
        EXPECT_EQ(refused_descriptor(descriptor), "form");
    }
    descriptor = sealed_descriptor();
    descriptor.name = "Họ tên";
    EXPECT_EQ(refused_descriptor(descriptor), "name");
}

TEST(Descriptor, NamesCertificatesExactlyWhenSealed) {
    Descriptor descriptor = sealed_descriptor();
    descriptor.sealed_to.clear();
    EXPECT_EQ(refused_descriptor(descriptor), "sealed_to");
    descriptor.sealed_to.resize(kSealedToMax);
    EXPECT_EQ(refused_descriptor(descriptor), "accepted");
    descriptor.sealed_to.resize(kSealedToMax + 1);
    EXPECT_EQ(refused_descriptor(descriptor), "sealed_to");
    descriptor.sealed_to.resize(1);
    descriptor.form = Form::open;
    EXPECT_EQ(refused_descriptor(descriptor), "sealed_to");
}

TEST(Descriptor, CountsChunksExactlyWhenChunked) {
    Descriptor descriptor = sealed_descriptor();
    descriptor.chunk_count = 1;
    EXPECT_EQ(refused_descriptor(descriptor), "chunks");
    descriptor.form = Form::chunked;
    EXPECT_EQ(refused_descriptor(descriptor), "accepted");
    descriptor.chunk_count = kChunksMax;
    EXPECT_EQ(refused_descriptor(descriptor), "accepted");
    descriptor.chunk_count = kChunksMax + 1;
    EXPECT_EQ(refused_descriptor(descriptor), "chunks");
    descriptor.chunk_count = 0;
    EXPECT_EQ(refused_descriptor(descriptor), "chunks");
}

TEST(Descriptor, IsReadUpToItsLimitAndRefusedAsOversizedBeyondIt) {
    Bytes bytes = encode_descriptor(sealed_descriptor());
    bytes.resize(kDescriptorBytesMax);
    EXPECT_TRUE(parse_descriptor(bytes));
    bytes.resize(kDescriptorBytesMax + 1);
    EXPECT_EQ(parse_descriptor(bytes).error().code, Code::oversized);
}

}  // namespace
}  // namespace lienthong::message
