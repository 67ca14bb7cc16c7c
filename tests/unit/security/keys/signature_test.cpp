// SPDX-License-Identifier: Apache-2.0
// Signatures: vectors of the standards, and the forgeries that careless verifiers take (the cases
// that Project Wycheproof made known).
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/unit/security/keys/fixture.hpp"

namespace lienthong::keys {
namespace {

using test::hex;
using test::new_key;
using test::TemporaryFolder;

// RFC 6979, A.2.5: P-256, SHA-256, message "sample".
constexpr std::string_view kR = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
constexpr std::string_view kS = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
constexpr std::string_view kOrder =
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

PublicKey rfc6979_key() {
    auto key = PublicKey::from_spki(
        hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"));
    CHECK(key.has_value());
    return std::move(*key);
}

// A DER INTEGER of these bytes as they are.
Bytes integer(BytesView bytes) {
    return ByteWriter().u8(0x02).u8(static_cast<std::uint8_t>(bytes.size())).raw(bytes).take();
}

// A DER INTEGER of an unsigned number.
Bytes number(std::string_view digits) {
    Bytes bytes = hex(digits);
    if ((bytes[0] & 0x80) != 0) bytes.insert(bytes.begin(), 0);
    return integer(bytes);
}

Bytes sequence(const Bytes& r, const Bytes& s) {
    return ByteWriter()
        .u8(0x30)
        .u8(static_cast<std::uint8_t>(r.size() + s.size()))
        .raw(r)
        .raw(s)
        .take();
}

// Big-endian `left + right`, one byte longer.
Bytes sum(const Bytes& left, const Bytes& right) {
    Bytes out(left.size() + 1);
    unsigned carry = 0;
    for (std::size_t i = left.size(); i-- > 0;) {
        carry += unsigned{left[i]} + right[i];
        out[i + 1] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    out[0] = static_cast<std::uint8_t>(carry);
    return out;
}

Code code_of(const Bytes& signature) {
    const auto held = rfc6979_key().verify(as_bytes("sample"), signature);
    CHECK(!held.has_value());
    return held.error().code;
}

TEST(Signature, OfRfc6979Holds) {
    EXPECT_TRUE(rfc6979_key().verify(as_bytes("sample"), sequence(number(kR), number(kS))));
    EXPECT_FALSE(rfc6979_key().verify(as_bytes("Sample"), sequence(number(kR), number(kS))));
}

TEST(Signature, WithZeroOrTheOrderInItIsRefused) {
    const Bytes zero = {0x02, 0x01, 0x00};
    const Bytes one = {0x02, 0x01, 0x01};
    EXPECT_EQ(code_of(sequence(zero, number(kS))), Code::bad_signature);
    EXPECT_EQ(code_of(sequence(number(kR), zero)), Code::bad_signature);
    EXPECT_EQ(code_of(sequence(zero, zero)), Code::bad_signature);
    EXPECT_EQ(code_of(sequence(one, zero)), Code::bad_signature);
    EXPECT_EQ(code_of(sequence(number(kOrder), number(kS))), Code::bad_signature);
    EXPECT_EQ(code_of(sequence(number(kR), number(kOrder))), Code::bad_signature);
}

TEST(Signature, WithTheOrderAddedIsRefused) {
    EXPECT_EQ(code_of(sequence(integer(sum(hex(kR), hex(kOrder))), number(kS))),
              Code::bad_signature);
    EXPECT_EQ(code_of(sequence(number(kR), integer(sum(hex(kS), hex(kOrder))))),
              Code::bad_signature);
}

TEST(Signature, WithANegativeNumberIsRefused) {
    // The leading zero left out turns the number negative.
    EXPECT_EQ(code_of(sequence(integer(hex(kR)), number(kS))), Code::bad_signature);
    EXPECT_EQ(code_of(sequence(number(kR), integer(hex(kS)))), Code::bad_signature);
}

TEST(Signature, InBerIsRefused) {
    const Bytes r = number(kR);
    const Bytes s = number(kS);
    const Bytes body = ByteWriter().raw(r).raw(s).take();
    const auto size = static_cast<std::uint8_t>(body.size());
    EXPECT_EQ(code_of(ByteWriter().u8(0x30).u8(0x81).u8(size).raw(body).take()),
              Code::bad_signature);
    EXPECT_EQ(code_of(ByteWriter().u8(0x30).u8(0x80).raw(body).u16(0).take()), Code::bad_signature);
    Bytes padded = hex(kR);
    padded.insert(padded.begin(), 2, 0);
    EXPECT_EQ(code_of(sequence(integer(padded), s)), Code::bad_signature);
}

TEST(Signature, WithBytesTooManyOrTooFewIsRefused) {
    const Bytes good = sequence(number(kR), number(kS));
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(code_of(longer), Code::bad_signature);
    Bytes inside = good;
    inside[1] = static_cast<std::uint8_t>(inside[1] + 2);
    inside.insert(inside.end(), {0x05, 0x00});
    EXPECT_EQ(code_of(inside), Code::bad_signature);
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_EQ(code_of({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)}),
                  Code::bad_signature);
    }
    EXPECT_EQ(code_of(Bytes(100'000, 0x30)), Code::bad_signature);
    EXPECT_EQ(code_of(ByteWriter().raw(hex(kR)).raw(hex(kS)).take()), Code::bad_signature);
}

TEST(Signature, WithAnyBitFlippedIsRefused) {
    const Bytes good = sequence(number(kR), number(kS));
    for (std::size_t i = 0; i < 8 * good.size(); ++i) {
        Bytes bad = good;
        bad[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
        EXPECT_EQ(code_of(bad), Code::bad_signature) << "bit " << i;
    }
}

struct Ed25519Vector {
    std::string_view secret;
    std::string_view key;
    std::string_view message;
    std::string_view signature;
};
// RFC 8032, 7.1, tests 1 and 2.
constexpr Ed25519Vector kRfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
};

TEST(Signature, OfEd25519IsThatOfRfc8032) {
    for (const Ed25519Vector& vector : kRfc8032) {
        const auto key = PrivateKey::from_raw(Algorithm::ed25519, hex(vector.secret));
        ASSERT_TRUE(key.has_value());
        EXPECT_EQ(to_hex(key->public_key().raw()), vector.key);
        const auto signature = key->signer()->sign(hex(vector.message));
        ASSERT_TRUE(signature.has_value());
        EXPECT_EQ(to_hex(*signature), vector.signature);
        EXPECT_TRUE(key->public_key().verify(hex(vector.message), *signature));
    }
}

TEST(Signature, OfEd25519WithTheOrderAddedToSIsRefused) {
    // S + L signs the same message in the eyes of a verifier that does not compare S with L.
    const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    const auto key = PublicKey::from_raw_ed25519(hex(kRfc8032[1].key));
    ASSERT_TRUE(key.has_value());
    Bytes signature = hex(kRfc8032[1].signature);
    unsigned carry = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        carry += unsigned{signature[32 + i]} + order[i];
        signature[32 + i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
    EXPECT_EQ(key->verify(hex(kRfc8032[1].message), signature).error().code, Code::bad_signature);
}

TEST(Signature, OfEd25519MustHave64BytesAndAllOfThemRight) {
    const auto key = PublicKey::from_raw_ed25519(hex(kRfc8032[1].key));
    ASSERT_TRUE(key.has_value());
    const Bytes message = hex(kRfc8032[1].message);
    const Bytes good = hex(kRfc8032[1].signature);
    for (std::size_t i = 0; i < 8 * good.size(); ++i) {
        Bytes bad = good;
        bad[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
        EXPECT_EQ(key->verify(message, bad).error().code, Code::bad_signature) << "bit " << i;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(key->verify(message, longer).error().code, Code::bad_signature);
    EXPECT_EQ(key->verify(message, BytesView(good).first(63)).error().code, Code::bad_signature);
    EXPECT_EQ(key->verify(message, {}).error().code, Code::bad_signature);
}

TEST(Signature, OfEveryAlgorithmHoldsForItsMessageAndKeyOnly) {
    const PrivateKey p256 = new_key();
    const PrivateKey ed25519 = new_key(Algorithm::ed25519);
    const std::array keys = {&p256, &ed25519, &test::rsa_key()};
    for (const PrivateKey* key : keys) {
        const auto signer = key->signer();
        for (const std::string_view message : {"", "a header"}) {
            const auto signature = signer->sign(as_bytes(message));
            ASSERT_TRUE(signature.has_value());
            EXPECT_FALSE(signer->public_key().verify(as_bytes("another"), *signature));
            for (const PrivateKey* verifier : keys) {
                EXPECT_EQ(verifier->public_key().verify(as_bytes(message), *signature).has_value(),
                          verifier == key);
            }
            EXPECT_FALSE(new_key().public_key().verify(as_bytes(message), *signature));
        }
    }
}

TEST(Signature, OfX25519DoesNotExist) {
    const PrivateKey key = new_key(Algorithm::x25519);
    EXPECT_EQ(key.signer()->sign(as_bytes("x")).error().code, Code::unknown_suite);
    EXPECT_EQ(key.public_key().verify(as_bytes("x"), Bytes(64)).error().code, Code::bad_signature);
}

TEST(Signature, OfRsaIsPssWithSha256AndASaltOf32Bytes) {
    const TemporaryFolder folder;
    ASSERT_TRUE(test::rsa_key().save(folder / "saved.pem", test::secret("p")).has_value());
    folder.write("passphrase", as_bytes("p"));
    ASSERT_TRUE(folder.openssl("pkey -in saved.pem -passin file:passphrase -out key.pem"));
    folder.write("message", as_bytes("a header"));
    const PublicKey& key = test::rsa_key().public_key();
    const auto held_with = [&](const std::string& options) {
        CHECK(folder.openssl("dgst " + options + " -sign key.pem -out signature message"));
        const auto held = key.verify(as_bytes("a header"), folder.read("signature"));
        CHECK(held.has_value() || held.error().code == Code::bad_signature);
        return held.has_value();
    };
    const std::string pss = " -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:";
    EXPECT_TRUE(held_with("-sha256" + pss + "32"));
    EXPECT_FALSE(held_with("-sha256" + pss + "20"));
    EXPECT_FALSE(held_with("-sha256" + pss + "0"));
    EXPECT_FALSE(held_with("-sha256" + pss + "32 -sigopt rsa_mgf1_md:sha1"));
    EXPECT_FALSE(held_with("-sha384" + pss + "32"));
    EXPECT_FALSE(held_with("-sha256"));  // PKCS#1 v1.5
}

TEST(Signature, IsOneThatTheOpensslCommandTakes) {
    const TemporaryFolder folder;
    const PrivateKey key = new_key();
    folder.write("spki.der", key.public_key().spki());
    folder.write("message", as_bytes("a header"));
    const auto signature = key.signer()->sign(as_bytes("a header"));
    ASSERT_TRUE(signature.has_value());
    folder.write("signature", *signature);
    ASSERT_TRUE(folder.openssl("pkey -pubin -inform DER -in spki.der -out key.pem"));
    EXPECT_TRUE(folder.openssl("dgst -sha256 -verify key.pem -signature signature message"));
}

TEST(Signature, IsVerifiedOnSeveralThreadsAtOnceWithOneKey) {
    const PrivateKey key = new_key();
    const auto signature = key.signer()->sign(as_bytes("a header"));
    ASSERT_TRUE(signature.has_value());
    std::array<int, 4> counts{};
    {
        std::vector<std::jthread> threads;
        for (int& count : counts) {
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    const bool good =
                        key.public_key().verify(as_bytes("a header"), *signature).has_value();
                    const bool bad =
                        key.public_key().verify(as_bytes("other"), *signature).has_value();
                    count += (good && !bad) ? 1 : 0;
                }
            });
        }
    }
    EXPECT_EQ(counts, (std::array<int, 4>{50, 50, 50, 50}));
}

}  // namespace
}  // namespace lienthong::keys
