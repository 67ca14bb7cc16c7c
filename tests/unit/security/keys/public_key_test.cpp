// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "security/keys/digest.hpp"
#include "tests/unit/security/keys/fixture.hpp"

namespace lienthong::keys {
namespace {

using test::hex;
using test::new_key;
using test::TemporaryFolder;

Code code_of(BytesView spki) {
    const auto key = PublicKey::from_spki(spki);
    CHECK(!key.has_value());
    return key.error().code;
}

// The SPKI that `openssl genpkey <arguments>` makes.
Bytes generated(const std::string& arguments) {
    const TemporaryFolder folder;
    CHECK(folder.openssl("genpkey " + arguments + " -outform DER -out key.der"));
    CHECK(folder.openssl("pkey -inform DER -in key.der -pubout -outform DER -out spki.der"));
    return folder.read("spki.der");
}

TEST(PublicKey, NamesOfUsesGoThereAndBack) {
    for (const Use use : {Use::sign,
                          Use::seal,
                          Use::curve,
                          Use::log,
                          Use::witness,
                          Use::administrator,
                          Use::authority}) {
        EXPECT_EQ(maybe_use(name(use)), use);
    }
    EXPECT_EQ(maybe_use("Sign"), std::nullopt);
    EXPECT_EQ(maybe_use(""), std::nullopt);
}

TEST(PublicKey, IdIsTheDigestOfTheSubjectPublicKeyInfo) {
    for (const Algorithm algorithm : {Algorithm::p256, Algorithm::ed25519, Algorithm::x25519}) {
        const PrivateKey key = new_key(algorithm);
        const auto read = PublicKey::from_spki(key.public_key().spki());
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(read->id(), sha256(read->spki()));
        EXPECT_EQ(read->id(), key.public_key().id());
        EXPECT_EQ(read->algorithm(), algorithm);
    }
}

TEST(PublicKey, OfARawKeyHasTheIdThatOpensslGivesIt) {
    const TemporaryFolder folder;
    for (const auto& [algorithm, name] :
         {std::pair{Algorithm::ed25519, "ED25519"}, std::pair{Algorithm::x25519, "X25519"}}) {
        const Bytes spki = generated(std::string("-algorithm ") + name);
        const BytesView raw = BytesView(spki).last(32);
        const auto key = algorithm == Algorithm::ed25519 ? PublicKey::from_raw_ed25519(raw)
                                                         : PublicKey::from_raw_x25519(raw);
        ASSERT_TRUE(key.has_value());
        EXPECT_EQ(key->spki(), spki);
        EXPECT_EQ(key->id(), sha256(spki));
        EXPECT_EQ(key->algorithm(), algorithm);
        EXPECT_TRUE(equal(key->raw(), raw));
        EXPECT_EQ(key_id_of_raw(algorithm, raw), key->id());
    }
}

TEST(PublicKey, OfAnEllipticCurveHasNoRawForm) {
    EXPECT_TRUE(new_key().public_key().raw().empty());
}

TEST(PublicKey, RefusesRawKeysOfAnotherSize) {
    for (const std::size_t size : {0U, 31U, 33U}) {
        const Bytes raw(size, 9);
        EXPECT_EQ(PublicKey::from_raw_ed25519(raw).error().code, Code::malformed_key);
        EXPECT_EQ(PublicKey::from_raw_x25519(raw).error().code, Code::malformed_key);
    }
}

TEST(PublicKey, RefusesEd25519PointsOfSmallOrderAndUnreducedOnes) {
    for (const std::string_view y :
         {"0000000000000000000000000000000000000000000000000000000000000000",
          "0100000000000000000000000000000000000000000000000000000000000000",
          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
        Bytes raw = hex(y);
        EXPECT_EQ(PublicKey::from_raw_ed25519(raw).error().code, Code::malformed_key) << y;
        raw.back() |= 0x80;  // the other sign of x
        EXPECT_EQ(PublicKey::from_raw_ed25519(raw).error().code, Code::malformed_key) << y;
    }
}

TEST(PublicKey, RefusesBytesThatAreNoKey) {
    const Bytes spki = new_key().public_key().spki();
    EXPECT_EQ(code_of({}), Code::malformed_key);
    EXPECT_EQ(code_of(as_bytes("not a key")), Code::malformed_key);
    EXPECT_EQ(code_of(BytesView(spki).first(spki.size() - 1)), Code::malformed_key);
    Bytes longer = spki;
    longer.push_back(0);
    EXPECT_EQ(code_of(longer), Code::malformed_key);
    EXPECT_EQ(code_of(Bytes(kSpkiBytesMax + 1, 0x30)), Code::malformed_key);
}

TEST(PublicKey, RefusesAPointThatIsNotOnTheCurve) {
    Bytes spki = new_key().public_key().spki();
    spki.back() ^= 1;
    EXPECT_EQ(code_of(spki), Code::malformed_key);
}

TEST(PublicKey, RefusesASecondEncodingOfAKey) {
    // Otherwise a revoked key could come back under another id.
    const TemporaryFolder folder;
    ASSERT_TRUE(folder.openssl("ecparam -name prime256v1 -genkey -noout -out key.pem"));
    ASSERT_TRUE(folder.openssl(
        "ec -in key.pem -pubout -conv_form compressed -outform DER -out compressed.der"));
    EXPECT_EQ(code_of(folder.read("compressed.der")), Code::malformed_key);
    ASSERT_TRUE(folder.openssl(
        "ec -in key.pem -pubout -param_enc explicit -outform DER -out explicit.der"));
    EXPECT_EQ(code_of(folder.read("explicit.der")), Code::malformed_key);
    ASSERT_TRUE(folder.openssl("ec -in key.pem -pubout -outform DER -out usual.der"));
    EXPECT_TRUE(PublicKey::from_spki(folder.read("usual.der")).has_value());
}

TEST(PublicKey, RefusesOtherCurvesAndAlgorithms) {
    EXPECT_EQ(code_of(generated("-algorithm EC -pkeyopt ec_paramgen_curve:P-384")),
              Code::unknown_suite);
    EXPECT_EQ(code_of(generated("-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1")),
              Code::unknown_suite);
    EXPECT_EQ(code_of(generated("-algorithm ED448")), Code::unknown_suite);
}

TEST(PublicKey, RefusesRsaUnder3072Bits) {
    EXPECT_EQ(code_of(generated("-algorithm RSA -pkeyopt rsa_keygen_bits:2048")), Code::weak_suite);
}

TEST(PublicKey, TakesRsaOf3072BitsAndOnlyInDer) {
    const Bytes& spki = test::rsa_key().public_key().spki();
    const auto key = PublicKey::from_spki(spki);
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->algorithm(), Algorithm::rsa_pss_3072);
    // The outer length in three bytes where two are enough.
    ASSERT_EQ(spki[1], 0x82);
    Bytes ber = {0x30, 0x83, 0x00};
    ber.insert(ber.end(), spki.begin() + 2, spki.end());
    EXPECT_EQ(code_of(ber), Code::malformed_key);
}

TEST(PublicKey, RefusesRsaThatOnlyCostsTime) {
    // 8,193 bits and more: not generated, that would take minutes; the modulus need not be one.
    const auto spki_of = [](std::size_t modulus_bytes) {
        const auto value = [](std::uint8_t tag, const Bytes& content) {
            return ByteWriter()
                .u8(tag)
                .u8(0x82)
                .u16(static_cast<std::uint16_t>(content.size()))
                .raw(content)
                .take();
        };
        Bytes modulus(modulus_bytes + 1, 0xff);
        modulus[0] = 0;  // positive
        const Bytes key =
            value(0x30, ByteWriter().raw(value(0x02, modulus)).raw(hex("0203010001")).take());
        Bytes bits = key;
        bits.insert(bits.begin(), 0);
        return value(
            0x30,
            ByteWriter().raw(hex("300d06092a864886f70d0101010500")).raw(value(0x03, bits)).take());
    };
    EXPECT_TRUE(PublicKey::from_spki(spki_of(1024)).has_value());
    EXPECT_EQ(code_of(spki_of(1025)), Code::unknown_suite);
}

TEST(PublicKey, OfACertificateIsTheCertifiedOne) {
    test::Authority authority;
    const PrivateKey key = new_key();
    const Bytes certificate = authority.issue("cong-an/node-1/sign", Use::sign, key.public_key());
    const auto read = PublicKey::from_certificate(certificate);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->id(), key.public_key().id());
}

TEST(PublicKey, OfACertificateIsRefusedWithTheCertificate) {
    test::Authority authority;
    Bytes certificate = authority.certificate();
    certificate.push_back(0);
    EXPECT_EQ(PublicKey::from_certificate(certificate).error().code, Code::bad_certificate);
    EXPECT_EQ(PublicKey::from_certificate({}).error().code, Code::bad_certificate);
    EXPECT_EQ(PublicKey::from_certificate(Bytes(kCertificateBytesMax + 1, 0x30)).error().code,
              Code::bad_certificate);
}

TEST(PublicKey, OfACertificateWithAnotherSuiteSaysSo) {
    const TemporaryFolder folder;
    const auto code_with = [&folder](const std::string& key) {
        CHECK(folder.openssl("req -x509 -nodes -newkey " + key +
                             " -keyout k.pem -subj /CN=x -outform DER -out c.der"));
        return PublicKey::from_certificate(folder.read("c.der")).error().code;
    };
    EXPECT_EQ(code_with("ec -pkeyopt ec_paramgen_curve:P-384"), Code::unknown_suite);
    EXPECT_EQ(code_with("rsa:2048"), Code::weak_suite);
    EXPECT_EQ(code_with("ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit"),
              Code::bad_certificate);
}

}  // namespace
}  // namespace lienthong::keys
