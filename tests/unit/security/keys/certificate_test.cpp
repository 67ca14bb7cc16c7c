// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/security/keys/fixture.hpp"

namespace lienthong::keys {
namespace {

using test::Authority;
using test::kMidyear;
using test::kYear2021;
using test::new_key;
using test::TemporaryFolder;

constexpr std::string_view kSubject = "cong-an/node-1/sign";

Code code_of_verify(BytesView certificate, BytesView authority, Millis at = kMidyear) {
    const auto info = verify_certificate(certificate, authority, at);
    CHECK(!info.has_value());
    return info.error().code;
}

// What OpenSSL's command issues from the authority with these extensions: the certificates that
// issue_certificate would never make.
class OddAuthority {
  public:
    OddAuthority() {
        folder_.write("passphrase", as_bytes("p"));
        CHECK(authority_.key().save(folder_ / "ca.pem.key", test::secret("p")).has_value());
        CHECK(folder_.openssl("pkey -in ca.pem.key -passin file:passphrase -out ca.key"));
        folder_.write("ca.pem", as_bytes(to_pem(authority_.certificate())));
    }
    Bytes issue(const std::string& common_name,
                const std::string& extensions,
                const std::string& key = "ec -pkeyopt ec_paramgen_curve:P-256",
                const std::string& options = "") {
        folder_.write("ext", as_bytes(extensions));
        CHECK(folder_.openssl("req -new -nodes -newkey " + key + " -keyout k.pem -subj '" +
                              common_name + "' -out r.pem"));
        CHECK(
            folder_.openssl("x509 -req -in r.pem -CA ca.pem -CAkey ca.key -set_serial 5 "
                            "-days 36500 -extfile ext " +
                            options + " -outform DER -out c.der"));
        return folder_.read("c.der");
    }
    // The code for a certificate that is judged while it and its authority are valid.
    Code code(const Bytes& certificate) const {
        const auto info = verify_certificate(certificate, authority_.certificate(), kIn2049);
        return info.has_value() ? Code{} : info.error().code;
    }

  private:
    // The command counts its days from the real present, whatever that is.
    static constexpr Validity kLongValidity = {.from = 0, .until = 4'000'000'000'000};
    static constexpr Millis kIn2049 = 2'500'000'000'000;
    Authority authority_{"ninh-binh", kLongValidity};
    TemporaryFolder folder_;
};

constexpr const char* kGoodExtensions =
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

TEST(Certificate, IssuedVerifiesAndSaysWhatItWasIssuedFor) {
    Authority authority;
    for (const auto& [use, subject] : {std::pair{Use::sign, "cong-an/node-1/sign"},
                                       std::pair{Use::seal, "cong-an/seal"},
                                       std::pair{Use::administrator, "bus/first/administrator"}}) {
        const PrivateKey key = new_key();
        const Bytes certificate = authority.issue(subject, use, key.public_key());
        const auto info = verify_certificate(certificate, authority.certificate(), kMidyear);
        ASSERT_TRUE(info.has_value()) << subject;
        EXPECT_EQ(info->subject, subject);
        EXPECT_EQ(info->use, use);
        EXPECT_EQ(info->validity.from, kYear2021.from);
        EXPECT_EQ(info->validity.until, kYear2021.until);
        EXPECT_EQ(info->key_id, key.public_key().id());
        EXPECT_LE(certificate.size(), 600U);
    }
}

TEST(Certificate, TakesEveryAlgorithmThatSigns) {
    Authority authority;
    const PrivateKey ed25519 = new_key(Algorithm::ed25519);
    for (const PrivateKey* key : {&ed25519, &test::rsa_key()}) {
        const Bytes certificate = authority.issue(kSubject, Use::sign, key->public_key());
        EXPECT_TRUE(verify_certificate(certificate, authority.certificate(), kMidyear).has_value());
        EXPECT_EQ(PublicKey::from_certificate(certificate)->id(), key->public_key().id());
    }
}

TEST(Certificate, KeepsItsSerialNumber) {
    Authority authority;
    const PrivateKey key = new_key();
    for (const int first : {0x01, 0x7f, 0x80, 0xff}) {
        Bytes serial(16, 0xab);
        serial[0] = static_cast<std::uint8_t>(first);
        const auto certificate = issue_certificate(authority.key(),
                                                   authority.certificate(),
                                                   kSubject,
                                                   Use::sign,
                                                   key.public_key().spki(),
                                                   kYear2021,
                                                   serial);
        ASSERT_TRUE(certificate.has_value());
        EXPECT_EQ(read_certificate(*certificate)->serial, serial);
    }
}

TEST(Certificate, IsTakenByTheStrictestCheckOfTheOpensslCommand) {
    Authority authority;
    const TemporaryFolder folder;
    folder.write("ca.pem", as_bytes(to_pem(authority.certificate())));
    const std::string verify =
        "verify -x509_strict -check_ss_sig -attime 1625000000 -CAfile ca.pem ";
    EXPECT_TRUE(folder.openssl(verify + "ca.pem"));
    for (const auto& [use, subject] :
         {std::pair{Use::sign, "cong-an/node-1/sign"}, std::pair{Use::seal, "cong-an/seal"}}) {
        const Bytes certificate = authority.issue(subject, use, new_key().public_key());
        folder.write("leaf.pem", as_bytes(to_pem(certificate)));
        EXPECT_TRUE(folder.openssl(verify + "leaf.pem"));
    }
}

TEST(Certificate, IsValidFromTheFirstToTheLastMomentOfItsTime) {
    Authority authority("ninh-binh", {.from = 0, .until = 2'000'000'000'000});
    const auto certificate =
        authority.try_issue(kSubject, Use::sign, new_key().public_key().spki(), kYear2021);
    ASSERT_TRUE(certificate.has_value());
    const auto& issuer = authority.certificate();
    EXPECT_TRUE(verify_certificate(*certificate, issuer, kYear2021.from).has_value());
    EXPECT_TRUE(verify_certificate(*certificate, issuer, kYear2021.until).has_value());
    EXPECT_EQ(code_of_verify(*certificate, issuer, kYear2021.from - 1), Code::expired_key);
    EXPECT_EQ(code_of_verify(*certificate, issuer, kYear2021.until + 1), Code::expired_key);
}

TEST(Certificate, IsNotValidWhenItsAuthorityIsNot) {
    Authority authority;
    const auto certificate = authority.try_issue(kSubject,
                                                 Use::sign,
                                                 new_key().public_key().spki(),
                                                 {.from = 0, .until = 2'000'000'000'000});
    ASSERT_TRUE(certificate.has_value());
    EXPECT_TRUE(verify_certificate(*certificate, authority.certificate(), kMidyear).has_value());
    EXPECT_EQ(code_of_verify(*certificate, authority.certificate(), kYear2021.until + 1),
              Code::expired_key);
    EXPECT_EQ(code_of_verify(*certificate, authority.certificate(), kYear2021.from - 1),
              Code::expired_key);
}

TEST(Certificate, CanLastBeyond2049) {
    // Where X.509 changes from two digits of the year to four.
    constexpr Validity kLong = {.from = 0, .until = 4'102'444'800'000};
    Authority authority("ninh-binh", kLong);
    const auto certificate =
        authority.try_issue(kSubject, Use::sign, new_key().public_key().spki(), kLong);
    ASSERT_TRUE(certificate.has_value());
    EXPECT_EQ(read_certificate(*certificate)->validity.until, kLong.until);
    EXPECT_TRUE(verify_certificate(*certificate, authority.certificate(), kLong.until).has_value());
}

TEST(Certificate, OfAnotherAuthorityIsRefused) {
    Authority authority;
    Authority same_name;
    Authority other_name("ha-nam");
    const PrivateKey key = new_key();
    EXPECT_EQ(code_of_verify(same_name.issue(kSubject, Use::sign, key.public_key()),
                             authority.certificate()),
              Code::bad_certificate);
    EXPECT_EQ(code_of_verify(other_name.issue(kSubject, Use::sign, key.public_key()),
                             authority.certificate()),
              Code::bad_certificate);
}

TEST(Certificate, ForgedAndExpiredIsCalledForged) {
    Authority authority;
    Authority other;
    const Bytes forged = other.issue(kSubject, Use::sign, new_key().public_key());
    EXPECT_EQ(code_of_verify(forged, authority.certificate(), kYear2021.until + 1),
              Code::bad_certificate);
}

TEST(Certificate, WithAnyByteFlippedIsRefused) {
    Authority authority;
    const Bytes good = authority.issue(kSubject, Use::sign, new_key().public_key());
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= 0x01;
        EXPECT_EQ(code_of_verify(bad, authority.certificate()), Code::bad_certificate) << i;
    }
}

TEST(Certificate, TruncatedOrLongerOrTooLargeIsRefused) {
    Authority authority;
    const Bytes good = authority.issue(kSubject, Use::sign, new_key().public_key());
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, good.size() - 1}) {
        EXPECT_EQ(code_of_verify(BytesView(good).first(size), authority.certificate()),
                  Code::bad_certificate);
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(code_of_verify(longer, authority.certificate()), Code::bad_certificate);
    longer.resize(kCertificateBytesMax + 1);
    EXPECT_EQ(code_of_verify(longer, authority.certificate()), Code::bad_certificate);
}

TEST(Certificate, OfALeafIsNoAuthority) {
    Authority authority;
    const PrivateKey key = new_key();
    const Bytes leaf = authority.issue(kSubject, Use::sign, key.public_key());
    EXPECT_EQ(code_of_verify(leaf, leaf), Code::bad_certificate);
    const auto issued = issue_certificate(key,
                                          leaf,
                                          "ubnd/node-1/sign",
                                          Use::sign,
                                          new_key().public_key().spki(),
                                          kYear2021,
                                          Bytes(16, 1));
    EXPECT_EQ(issued.error().code, Code::bad_certificate);
}

TEST(Certificate, OfTheAuthorityVerifiesAsTheAuthority) {
    Authority authority;
    const auto info =
        verify_certificate(authority.certificate(), authority.certificate(), kMidyear);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->use, Use::authority);
    EXPECT_EQ(info->subject, "ninh-binh");
    EXPECT_EQ(info->key_id, authority.key().public_key().id());
    EXPECT_EQ(code_of_verify(Authority().certificate(), authority.certificate()),
              Code::bad_certificate);
}

TEST(Certificate, OfARenewedAuthorityHasAnotherSerialNumber) {
    const PrivateKey key = new_key();
    const auto first = make_authority_certificate(key, "ninh-binh", kYear2021);
    const auto renewed = make_authority_certificate(
        key, "ninh-binh", {.from = kYear2021.from, .until = kYear2021.until + 1000});
    ASSERT_TRUE(first.has_value() && renewed.has_value());
    EXPECT_NE(read_certificate(*first)->serial, read_certificate(*renewed)->serial);
}

TEST(Certificate, IsNotIssuedToASubjectOfAnotherShape) {
    Authority authority;
    const PrivateKey key = new_key();
    for (const std::string_view subject : {"",
                                           "sign",
                                           "/sign",
                                           "cong-an//sign",
                                           "cong-an/node-1/seal",
                                           "cong-an/node-1/sign/",
                                           "a/b/c/sign",
                                           "Công an/node-1/sign",
                                           "cong-an/node 1/sign"}) {
        EXPECT_EQ(authority.try_issue(subject, Use::sign, key.public_key().spki()).error().code,
                  Code::bad_argument)
            << subject;
    }
}

TEST(Certificate, SubjectHasAtMost64Characters) {
    Authority authority;
    const Bytes spki = new_key().public_key().spki();
    const std::string agency(32, 'a');
    const std::string longest = agency + "/" + std::string(26, 'b') + "/sign";
    ASSERT_EQ(longest.size(), 64U);
    EXPECT_TRUE(authority.try_issue(longest, Use::sign, spki).has_value());
    const std::string longer = agency + "/" + std::string(27, 'b') + "/sign";
    EXPECT_EQ(authority.try_issue(longer, Use::sign, spki).error().code, Code::bad_argument);
}

TEST(Certificate, IsNotIssuedForAKeyOrUseThatDoNotFit) {
    Authority authority;
    const Bytes p256 = new_key().public_key().spki();
    const Bytes ed25519 = new_key(Algorithm::ed25519).public_key().spki();
    const Bytes x25519 = new_key(Algorithm::x25519).public_key().spki();
    const auto code = [&](std::string_view subject, Use use, const Bytes& spki) {
        return authority.try_issue(subject, use, spki).error().code;
    };
    EXPECT_EQ(code("a/seal", Use::seal, ed25519), Code::bad_argument);
    EXPECT_EQ(code("a/seal", Use::seal, x25519), Code::bad_argument);
    EXPECT_EQ(code("a/n/sign", Use::sign, x25519), Code::bad_argument);
    EXPECT_EQ(code("a/n/curve", Use::curve, p256), Code::bad_argument);
    EXPECT_EQ(code("a/n/log", Use::log, p256), Code::bad_argument);
    EXPECT_EQ(code("a/n/witness", Use::witness, p256), Code::bad_argument);
    EXPECT_EQ(code("a/n/authority", Use::authority, p256), Code::bad_argument);
    EXPECT_EQ(code("a/n/sign", Use::sign, Bytes(10)), Code::malformed_key);
}

TEST(Certificate, IsNotIssuedForAWeakOrUnknownSuite) {
    Authority authority;
    const TemporaryFolder folder;
    const auto code = [&](const std::string& key) {
        CHECK(folder.openssl("genpkey -outform DER -out k.der -algorithm " + key));
        CHECK(folder.openssl("pkey -inform DER -in k.der -pubout -outform DER -out s.der"));
        return authority.try_issue(kSubject, Use::sign, folder.read("s.der")).error().code;
    };
    EXPECT_EQ(code("RSA -pkeyopt rsa_keygen_bits:2048"), Code::weak_suite);
    EXPECT_EQ(code("EC -pkeyopt ec_paramgen_curve:P-384"), Code::unknown_suite);
}

TEST(Certificate, IsNotIssuedWithoutAProperSerialNumberOrTime) {
    Authority authority;
    const Bytes spki = new_key().public_key().spki();
    const auto code = [&](Validity validity, const Bytes& serial) {
        return issue_certificate(authority.key(),
                                 authority.certificate(),
                                 kSubject,
                                 Use::sign,
                                 spki,
                                 validity,
                                 serial)
            .error()
            .code;
    };
    EXPECT_EQ(code(kYear2021, Bytes(16, 0)), Code::bad_argument);
    EXPECT_EQ(code(kYear2021, Bytes(15, 1)), Code::bad_argument);
    EXPECT_EQ(code(kYear2021, Bytes(17, 1)), Code::bad_argument);
    EXPECT_EQ(code({.from = 1000, .until = 999}, Bytes(16, 1)), Code::bad_argument);
    EXPECT_EQ(code({.from = 0, .until = 253'402'300'800'000}, Bytes(16, 1)), Code::bad_argument);
    EXPECT_EQ(code({.from = -1, .until = 0}, Bytes(16, 1)), Code::bad_argument);
    EXPECT_TRUE(
        authority.try_issue(kSubject, Use::sign, spki, {.from = 0, .until = 253'402'300'799'999})
            .has_value());
}

TEST(Certificate, IsNotIssuedByAKeyThatIsNotTheAuthoritys) {
    Authority authority;
    const Bytes spki = new_key().public_key().spki();
    const auto code = [&](const PrivateKey& key, BytesView certificate) {
        return issue_certificate(
                   key, certificate, kSubject, Use::sign, spki, kYear2021, Bytes(16, 1))
            .error()
            .code;
    };
    EXPECT_EQ(code(new_key(), authority.certificate()), Code::bad_certificate);
    EXPECT_EQ(code(authority.key(), as_bytes("none")), Code::bad_certificate);
}

TEST(Certificate, OfAnAuthorityIsMadeForABusAndAP256KeyOnly) {
    EXPECT_EQ(make_authority_certificate(new_key(), "Ninh Bình", kYear2021).error().code,
              Code::bad_argument);
    EXPECT_EQ(make_authority_certificate(new_key(), "", kYear2021).error().code,
              Code::bad_argument);
    EXPECT_EQ(make_authority_certificate(new_key(Algorithm::ed25519), "ninh-binh", kYear2021)
                  .error()
                  .code,
              Code::bad_argument);
    EXPECT_EQ(
        make_authority_certificate(new_key(), "ninh-binh", {.from = 1, .until = 0}).error().code,
        Code::bad_argument);
}

TEST(Certificate, MadeElsewhereInTheSameShapeIsTaken) {
    // The cases below differ from this one in one thing each.
    OddAuthority odd;
    EXPECT_EQ(odd.code(odd.issue("/CN=a\\/n\\/sign", kGoodExtensions)), Code{});
}

TEST(Certificate, WhoseKeyUsageIsNotExactlyItsUseIsRefused) {
    OddAuthority odd;
    const auto code = [&odd](const std::string& name, const std::string& usage) {
        return odd.code(odd.issue(name,
                                  "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\n"
                                  "authorityKeyIdentifier=keyid\n" +
                                      usage));
    };
    EXPECT_EQ(code("/CN=a\\/n\\/sign", ""), Code::bad_certificate);
    EXPECT_EQ(code("/CN=a\\/n\\/sign", "keyUsage=critical,keyAgreement"), Code::bad_certificate);
    EXPECT_EQ(code("/CN=a\\/n\\/sign", "keyUsage=critical,digitalSignature,keyAgreement"),
              Code::bad_certificate);
    EXPECT_EQ(code("/CN=a\\/n\\/sign", "keyUsage=critical,digitalSignature,keyCertSign"),
              Code::bad_certificate);
    EXPECT_EQ(code("/CN=a\\/seal", "keyUsage=critical,digitalSignature"), Code::bad_certificate);
    EXPECT_EQ(code("/CN=a\\/n\\/curve", "keyUsage=critical,digitalSignature"),
              Code::bad_certificate);
}

TEST(Certificate, WithASubjectOfAnotherShapeIsRefused) {
    OddAuthority odd;
    for (const char* name :
         {"/CN=sign", "/O=x/CN=a\\/n\\/sign", "/O=a\\/n\\/sign", "/CN=A\\/sign"}) {
        EXPECT_EQ(odd.code(odd.issue(name, kGoodExtensions)), Code::bad_certificate) << name;
    }
}

TEST(Certificate, OfASecondAuthorityUnderThisOneIsRefused) {
    OddAuthority odd;
    EXPECT_EQ(odd.code(odd.issue("/CN=ninh-binh-2",
                                 "basicConstraints=critical,CA:TRUE\n"
                                 "keyUsage=critical,keyCertSign,cRLSign\n"
                                 "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")),
              Code::bad_certificate);
}

TEST(Certificate, WithAnUnknownCriticalExtensionIsRefused) {
    OddAuthority odd;
    EXPECT_EQ(odd.code(odd.issue("/CN=a\\/n\\/sign",
                                 std::string(kGoodExtensions) + "1.2.3.4=critical,DER:0500\n")),
              Code::bad_certificate);
}

TEST(Certificate, WithAnotherCurveOrDigestIsRefused) {
    OddAuthority odd;
    EXPECT_EQ(odd.code(odd.issue(
                  "/CN=a\\/n\\/sign", kGoodExtensions, "ec -pkeyopt ec_paramgen_curve:P-384")),
              Code::bad_certificate);
    EXPECT_EQ(
        odd.code(odd.issue(
            "/CN=a\\/n\\/sign", kGoodExtensions, "ec -pkeyopt ec_paramgen_curve:P-256", "-sha1")),
        Code::bad_certificate);
}

}  // namespace
}  // namespace lienthong::keys
