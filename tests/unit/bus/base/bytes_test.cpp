// SPDX-License-Identifier: Apache-2.0
#include "bus/base/bytes.hpp"

#include <gtest/gtest.h>

#include "bus/base/ids.hpp"
#include "bus/base/secret.hpp"

namespace lienthong {
namespace {

TEST(Bytes, ComeBackAsTheyWereWritten) {
    ByteWriter out;
    out.u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0fULL).i64(-1);
    out.hash(Hash{{7}}).prefixed("Ninh Bình").raw(Bytes{9, 9});
    ByteReader in(out.bytes());
    EXPECT_EQ(in.u8(), 1);
    EXPECT_EQ(in.u16(), 0x0203);
    EXPECT_EQ(in.u32(), 0x04050607u);
    EXPECT_EQ(in.u64(), 0x08090a0b0c0d0e0fULL);
    EXPECT_EQ(in.i64(), -1);
    EXPECT_EQ(in.hash(), Hash{{7}});
    EXPECT_EQ(in.text(), "Ninh Bình");
    EXPECT_FALSE(in.done());
    EXPECT_EQ(in.raw(2).size(), 2u);
    EXPECT_TRUE(in.done());
}

TEST(Bytes, AreBigEndianSoThatKeysSortAsNumbersDo) {
    EXPECT_LT(ByteWriter().u64(255).take(), ByteWriter().u64(256).take());
    EXPECT_EQ(ByteWriter().u32(1).take(), (Bytes{0, 0, 0, 1}));
}

TEST(Bytes, ReadNothingAfterAShortRead) {
    const Bytes short_one{1, 2, 3};
    ByteReader in(short_one);
    EXPECT_EQ(in.u32(), 0u);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.u8(), 0);
    EXPECT_FALSE(in.done());
}

TEST(Bytes, RefuseALengthBeyondTheEnd) {
    const Bytes lies = ByteWriter().u32(5).raw(Bytes{1, 2}).take();
    ByteReader in(lies);
    EXPECT_TRUE(in.prefixed().empty());
    EXPECT_FALSE(in.ok());
}

TEST(Hex, IsReadInBothCases) {
    EXPECT_EQ(to_hex(Bytes{0, 0xab, 0xff}), "00abff");
    EXPECT_EQ(from_hex("00ABff").value(), (Bytes{0, 0xab, 0xff}));
    EXPECT_EQ(from_hex("abc").error().code, Code::malformed_input);
    EXPECT_EQ(from_hex("zz").error().code, Code::malformed_input);
    EXPECT_EQ(hash_from_hex("00").error().code, Code::malformed_frame);
}

TEST(Hash, HasExactly32Bytes) {
    EXPECT_TRUE(to_hash(Bytes(32)).value().is_zero());
    EXPECT_FALSE(to_hash(Bytes(31)));
    EXPECT_FALSE(to_hash(Bytes(33)));
}

TEST(ConstantTime, ComparesLikeEquality) {
    EXPECT_TRUE(equal_in_constant_time(Bytes{1, 2}, Bytes{1, 2}));
    EXPECT_FALSE(equal_in_constant_time(Bytes{1, 2}, Bytes{1, 3}));
    EXPECT_FALSE(equal_in_constant_time(Bytes{1, 2}, Bytes{1}));
}

TEST(Names, AreShortAndOfFewCharacters) {
    EXPECT_TRUE(is_name("n-police"));
    EXPECT_TRUE(is_name(std::string(32, 'a')));
    EXPECT_FALSE(is_name(std::string(33, 'a')));
    EXPECT_FALSE(is_name(""));
    EXPECT_FALSE(is_name("Police"));
    EXPECT_FALSE(is_name("công-an"));
    EXPECT_EQ(AgencyId::parse("a b", "sender").error().where, "sender");
}

TEST(MessageIds, ReadWhatTheyWrite) {
    const MessageId id{0x0123456789abcdefULL, 42};
    EXPECT_EQ(id.text(), "0123456789abcdef-42");
    EXPECT_EQ(MessageId::parse(id.text()).value(), id);
    for (const char* bad : {"",
                            "0123456789abcdef",
                            "0123456789abcdef-",
                            "0123456789abcdef-0",
                            "0123456789abcdeg-1",
                            "0123456789abcdef-1x",
                            "0123456789abcdef+1",
                            "0123456789abcdef-99999999999999999999"}) {
        EXPECT_EQ(MessageId::parse(bad).error().code, Code::bad_argument) << bad;
    }
}

TEST(CaseIds, Have32Digits) {
    const std::string text = "00112233445566778899aabbccddeeff";
    EXPECT_EQ(CaseId::parse(text).value().text(), text);
    EXPECT_FALSE(CaseId::parse(text.substr(2)));
    EXPECT_FALSE(CaseId::parse("x" + text.substr(1)));
}

TEST(Secrets, KeepTheirBytesUntilTheyAreCut) {
    Secret secret(Bytes{1, 2, 3});
    secret.truncate(2);
    EXPECT_EQ(to_bytes(secret.view()), (Bytes{1, 2}));
    const Secret moved = std::move(secret);
    EXPECT_EQ(moved.size(), 2u);
    static_assert(!std::is_copy_constructible_v<Secret>);
}

}  // namespace
}  // namespace lienthong
