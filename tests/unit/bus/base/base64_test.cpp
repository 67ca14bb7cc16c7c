// SPDX-License-Identifier: Apache-2.0
#include "bus/base/base64.hpp"

#include <gtest/gtest.h>

#include "bus/base/random.hpp"

namespace lienthong {
namespace {

// RFC 4648, section 10.
TEST(Base64, AgreesWithTheStandardsVectors) {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "Zg=="},
                                                                     {"fo", "Zm8="},
                                                                     {"foo", "Zm9v"},
                                                                     {"foob", "Zm9vYg=="},
                                                                     {"fooba", "Zm9vYmE="},
                                                                     {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain)), text);
        const auto bytes = from_base64(text);
        ASSERT_TRUE(bytes.has_value()) << text;
        EXPECT_EQ(as_text(*bytes), plain);
    }
}

TEST(Base64, UsesPlusAndSlash) {
    EXPECT_EQ(to_base64(Bytes{0xfb, 0xff, 0xfe}), "+//+");
    EXPECT_EQ(*from_base64("+//+"), (Bytes{0xfb, 0xff, 0xfe}));
}

TEST(Base64, ReadsBackWhateverItWrote) {
    SeededRandom random(64);
    for (std::size_t size = 0; size < 200; ++size) {
        Bytes bytes(size);
        random.fill(bytes);
        const auto back = from_base64(to_base64(bytes));
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(*back, bytes);
    }
}

TEST(Base64, RefusesEveryOtherSpelling) {
    for (const char* text : {"Z",
                             "Zg",
                             "Zg=",
                             "Zg===",
                             "=",
                             "====",
                             "A===",
                             "Z=g=",
                             "Zg==Zg==",
                             "Zm9v\n",
                             "Zm 9v",
                             "Zm9-",
                             "Zm9_",
                             "Zh==",
                             "Zm9="}) {
        const auto bytes = from_base64(text);
        ASSERT_FALSE(bytes.has_value()) << text;
        EXPECT_EQ(bytes.error().code, Code::malformed_input) << text;
    }
}

}  // namespace
}  // namespace lienthong
