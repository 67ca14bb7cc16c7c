// SPDX-License-Identifier: Apache-2.0
#include "security/proof/refusal.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lienthong::proof {
namespace {

Refusal sample() {
    Refusal refusal;
    refusal.bus = BusId::of("ninh-binh");
    refusal.agency = AgencyId::of("labour");
    refusal.stream = 7;
    refusal.first = 8;
    refusal.count = 3;
    refusal.batch.bytes[0] = 5;
    refusal.code = Code::id_conflict;
    refusal.time = 1'609'459'200'000;
    return refusal;
}

TEST(RefusalBytes, AreTheFieldsInTheirOrderBehindLabelAndSuite) {
    const Bytes bytes = encode_refusal(sample());
    ByteReader in(bytes);
    EXPECT_EQ(in.text(), "lienthong/refusal/v1");
    EXPECT_EQ(in.u16(), 1);
    EXPECT_EQ(in.text(), "ninh-binh");
    EXPECT_EQ(in.text(), "labour");
    EXPECT_EQ(in.u64(), 7U);
    EXPECT_EQ(in.u64(), 8U);
    EXPECT_EQ(in.u32(), 3U);
    EXPECT_EQ(in.hash(), sample().batch);
    EXPECT_EQ(in.u16(), static_cast<std::uint16_t>(Code::id_conflict));
    EXPECT_EQ(in.i64(), 1'609'459'200'000);
    EXPECT_TRUE(in.done());
}

TEST(RefusalBytes, DifferForEachFieldThatDiffers) {
    std::set<Bytes> all{encode_refusal(sample())};
    const auto add = [&all](auto change) {
        Refusal refusal = sample();
        change(refusal);
        EXPECT_TRUE(all.insert(encode_refusal(refusal)).second);
    };
    add([](Refusal& refusal) { refusal.bus = BusId::of("ha-nam"); });
    add([](Refusal& refusal) { refusal.agency = AgencyId::of("police"); });
    add([](Refusal& refusal) { ++refusal.stream; });
    add([](Refusal& refusal) { ++refusal.first; });
    add([](Refusal& refusal) { ++refusal.count; });
    add([](Refusal& refusal) { refusal.batch.bytes[31] = 1; });
    add([](Refusal& refusal) { refusal.code = Code::forbidden; });
    add([](Refusal& refusal) { ++refusal.time; });
}

}  // namespace
}  // namespace lienthong::proof
