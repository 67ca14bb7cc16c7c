// SPDX-License-Identifier: Apache-2.0
#include "security/keys/digest.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace lienthong::keys {
namespace {

TEST(Digest, IsTheSha256OfTheStandard) {
    EXPECT_EQ(to_hex(sha256(BytesView()).view()),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc")).view()),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, OfPartsIsTheDigestOfTheirConcatenation) {
    EXPECT_EQ(sha256({as_bytes("a"), BytesView(), as_bytes("bc")}), sha256(as_bytes("abc")));
    EXPECT_EQ(sha256(std::initializer_list<BytesView>{}), sha256(BytesView()));
}

TEST(Digest, IsTheSameOnEveryThread) {
    Hash other;
    std::thread([&other] { other = sha256(as_bytes("abc")); }).join();
    EXPECT_EQ(other, sha256(as_bytes("abc")));
}

TEST(Digest, HmacIsThatOfRfc4231) {
    const Bytes key(20, 0x0b);
    EXPECT_EQ(to_hex(hmac_sha256(key, as_bytes("Hi There")).view()),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(
        to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).view()),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    const Bytes long_key(131, 0xaa);
    EXPECT_EQ(to_hex(hmac_sha256(long_key,
                                 as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))
                         .view()),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Digest, HmacWithAnEmptyKeyDoesNotUseTheFormerKey) {
    hmac_sha256(as_bytes("former"), as_bytes("x"));
    EXPECT_EQ(to_hex(hmac_sha256({}, {}).view()),
              "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

}  // namespace
}  // namespace lienthong::keys
