// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/record.hpp"

#include "bus/base/random.hpp"
#include "bus/journal/crc32c.hpp"
#include "tests/unit/bus/journal/support.hpp"

namespace lienthong::journal {
namespace {

TEST(Crc32c, MatchesTheVectorsOfRfc3720) {
    EXPECT_EQ(crc32c(Bytes(32, 0x00)), 0x8A9136AAU);
    EXPECT_EQ(crc32c(Bytes(32, 0xFF)), 0x62A8AB43U);
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283U);
    EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstruction) {
    SeededRandom random(1);
    Bytes bytes(300);
    random.fill(bytes);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const BytesView part(bytes.data(), size);
        ASSERT_EQ(crc32c(part), crc32c_portable(part)) << size;
        const std::uint32_t whole = crc32c(bytes);
        const BytesView rest(bytes.data() + size, bytes.size() - size);
        ASSERT_EQ(crc32c(rest, crc32c(part)), whole) << size;
        ASSERT_EQ(crc32c_portable(rest, crc32c_portable(part)), whole) << size;
    }
}

TEST(Record, GivesBackItsValue) {
    Bytes record(5 + kChecksumBytes);
    write_record(3, text("key"), text("value"), record);
    EXPECT_EQ(to_bytes(read_record(3, text("key"), record, "cats").value()), text("value"));
}

TEST(Record, IsBadWithAnyBitFlipped) {
    Bytes record(5 + kChecksumBytes);
    write_record(3, text("key"), text("value"), record);
    for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
        Bytes flipped = record;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto value = read_record(3, text("key"), flipped, "cats");
        ASSERT_EQ(code_of(value), Code::bad_checksum) << bit;
        ASSERT_EQ(value.error().where, "cats");
    }
}

TEST(Record, IsBadUnderAnotherKeyOrInAnotherSpace) {
    Bytes record(5 + kChecksumBytes);
    write_record(3, text("key"), text("value"), record);
    EXPECT_EQ(code_of(read_record(4, text("key"), record, "")), Code::bad_checksum);
    EXPECT_EQ(code_of(read_record(3, text("kez"), record, "")), Code::bad_checksum);
    // The border between key and value is covered too.
    Bytes moved(record.begin() + 1, record.end());
    EXPECT_EQ(code_of(read_record(3, text("keyv"), moved, "")), Code::bad_checksum);
}

TEST(Record, IsBadWhenItIsShorterThanItsChecksum) {
    EXPECT_EQ(code_of(read_record(3, text("key"), Bytes(3), "")), Code::bad_checksum);
}

}  // namespace
}  // namespace lienthong::journal
