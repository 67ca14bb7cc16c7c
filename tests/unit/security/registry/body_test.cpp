// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bus/base/random.hpp"
#include "security/registry/document.hpp"
#include "security/registry/registry.hpp"
#include "tests/unit/security/registry/fixture.hpp"

namespace lienthong::registry {
namespace {

using namespace test;

TEST(RegistryBody, GivesBackWhatWasEncoded) {
    RegistryData data = small_registry();
    data.suite_floor = 2;
    data.limits = {3, 4, 5};
    data.office_hours = {0x41, {{0, 1}, {1, 1440}}};
    key_of(data, 0, keys::Use::sign).revoked = true;
    key_of(data, 0, keys::Use::sign).revoked_from = UINT64_MAX;
    const auto parsed = parse_registry(encode_registry(data));
    ASSERT_TRUE(parsed.has_value()) << parsed.error().where << parsed.error().detail;
    EXPECT_EQ(*parsed, data);
}

TEST(RegistryBody, EncodesEqualDataToEqualBytes) {
    EXPECT_EQ(encode_registry(small_registry()), encode_registry(small_registry()));
    const auto parsed = parse_registry(encode_registry(small_registry()));
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(encode_registry(*parsed), encode_registry(small_registry()));
}

TEST(RegistryBody, TakesFourMebibytesAndNotAByteMore) {
    Bytes body = encode_registry(small_registry());
    body.resize(kDocumentBytesMax);
    EXPECT_TRUE(parse_registry(body).has_value());
    body.push_back(0);
    const auto parsed = parse_registry(body);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::oversized);
}

TEST(RegistryBody, RefusesMoreTablesThanTwentyThousand) {
    RegistryData data = small_registry();
    data.agencies[0].officers.clear();
    const auto add_officers = [&](int count) {
        for (int i = 0; i < count; ++i) {
            const auto number = std::to_string(data.agencies[0].officers.size());
            data.agencies[0].officers.push_back({OfficerId::of("o-" + number), {}, true});
        }
    };
    add_officers(19'900);
    EXPECT_TRUE(parse_registry(encode_registry(data)).has_value());
    add_officers(200);
    const auto parsed = parse_registry(encode_registry(data));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::malformed_document);
}

TEST(RegistryBody, RefusesWhatTheRulesRefuse) {
    RegistryData data = small_registry();
    data.agencies[0].names[0].vi = "a\nb";
    const auto parsed = parse_registry(encode_registry(data));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::malformed_document);
    EXPECT_EQ(parsed.error().where, "agency ag-1");
}

TEST(RegistryBody, RefusesEmptyAndForeignBytes) {
    EXPECT_FALSE(parse_registry({}).has_value());
    EXPECT_FALSE(parse_registry(as_bytes("registry")).has_value());
    SignedDocument document{kBus, DocumentKind::registry, 1, kUntil, Bytes(8, 1), {}};
    EXPECT_FALSE(parse_registry(encode_document(document)).has_value());
}

TEST(RegistryBody, StandsTruncationAndFlippedBits) {
    const Bytes body = encode_registry(small_registry());
    for (std::size_t size = 0; size + 16 < body.size(); size += 7) {
        EXPECT_FALSE(parse_registry(BytesView(body).first(size)).has_value()) << size;
    }
    SeededRandom random(20'211);
    for (int round = 0; round < 5'000; ++round) {
        Bytes flipped = body;
        const int flips = 1 + static_cast<int>(random.next() % 3);
        for (int i = 0; i < flips; ++i) {
            flipped[random.next() % flipped.size()] ^=
                static_cast<std::uint8_t>(1u << random.next() % 8);
        }
        auto parsed = parse_registry(flipped);
        EXPECT_TRUE(parsed || parsed.error().code == Code::malformed_document);
    }
}

}  // namespace
}  // namespace lienthong::registry
