// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "bus/base/random.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/document.hpp"
#include "tests/unit/security/policy/fixture.hpp"

namespace lienthong::policy {
namespace {

using namespace test;

TEST(PolicyBody, GivesBackWhatWasEncoded) {
    const auto parsed = parse_policy(encode_policy(small_policy()));
    ASSERT_TRUE(parsed.has_value()) << parsed.error().where << parsed.error().detail;
    EXPECT_EQ(*parsed, small_policy());
}

TEST(PolicyBody, EncodesEqualDataToEqualBytes) {
    const Bytes body = encode_policy(small_policy());
    EXPECT_EQ(encode_policy(small_policy()), body);
    EXPECT_EQ(encode_policy(*parse_policy(body)), body);
}

TEST(PolicyBody, TakesFourMebibytesAndNotAByteMore) {
    Bytes body = encode_policy(small_policy());
    body.resize(registry::kDocumentBytesMax);
    EXPECT_TRUE(parse_policy(body).has_value());
    body.push_back(0);
    const auto parsed = parse_policy(body);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::oversized);
}

TEST(PolicyBody, RefusesAKindOfANewerProgramWithItsOwnCode) {
    PolicyData data = small_policy();
    data.grants[0].kinds = {message::Kind{999}};
    const auto parsed = parse_policy(encode_policy(data));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::unknown_kind);
}

TEST(PolicyBody, RefusesWhatTheRulesRefuse) {
    PolicyData data = small_policy();
    data.grants[0].kinds.clear();
    const auto parsed = parse_policy(encode_policy(data));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().code, Code::malformed_document);
    EXPECT_FALSE(parse_policy({}).has_value());
    EXPECT_FALSE(parse_policy(as_bytes("policy")).has_value());
}

TEST(PolicyBody, StandsTruncationAndFlippedBits) {
    const Bytes body = encode_policy(small_policy());
    for (std::size_t size = 0; size + 16 < body.size(); ++size) {
        EXPECT_FALSE(parse_policy(BytesView(body).first(size)).has_value()) << size;
    }
    SeededRandom random(7);
    for (int round = 0; round < 10'000; ++round) {
        Bytes flipped = body;
        flipped[random.next() % flipped.size()] ^=
            static_cast<std::uint8_t>(1u << random.next() % 8);
        auto parsed = parse_policy(flipped);
        EXPECT_TRUE(parsed || parsed.error().code == Code::malformed_document ||
                    parsed.error().code == Code::unknown_kind);
    }
}

}  // namespace
}  // namespace lienthong::policy
