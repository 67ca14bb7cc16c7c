// SPDX-License-Identifier: Apache-2.0
#include "security/seal/seal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "security/seal/cms_shape.hpp"
#include "tests/unit/security/keys/fixture.hpp"

namespace lienthong::seal {
namespace {

using keys::PrivateKey;
using keys::Use;
using keys::test::Authority;
using keys::test::new_key;
using keys::test::TemporaryFolder;

// Two agencies with a sealing key each, and what a sealed section looks like from outside.
class Sealing : public testing::Test {
  protected:
    Sealing()
        : police_certificate_(authority_.issue("cong-an/seal", Use::seal, police_.public_key())),
          labour_certificate_(authority_.issue("ldtbxh/seal", Use::seal, labour_.public_key())),
          plaintext_(1024, 0x20) {
        std::ranges::copy(as_bytes("invented words"), plaintext_.begin());
    }
    Bytes sealed(const std::vector<Bytes>& recipients) const {
        auto cms = seal(plaintext_, recipients);
        CHECK(cms.has_value());
        return std::move(*cms);
    }
    Bytes sealed_to_police() const { return sealed({police_certificate_}); }
    Code code_of_open(BytesView cms) const {
        const auto opened = open(cms, police_, police_certificate_);
        return opened.has_value() ? Code{} : opened.error().code;
    }

    Authority authority_;
    PrivateKey police_ = new_key();
    PrivateKey labour_ = new_key();
    Bytes police_certificate_;
    Bytes labour_certificate_;
    Bytes plaintext_;
};

// With the `openssl` command as the other side.
class SealingElsewhere : public Sealing {
  protected:
    SealingElsewhere() {
        folder_.write("passphrase", as_bytes("p"));
        CHECK(police_.save(folder_ / "key.pem", keys::test::secret("p")).has_value());
        folder_.write("police.pem", as_bytes(keys::to_pem(police_certificate_)));
        folder_.write("labour.pem", as_bytes(keys::to_pem(labour_certificate_)));
        folder_.write("plaintext", plaintext_);
    }
    // `openssl cms -encrypt` of the plaintext to the police.
    Bytes encrypted_with(const std::string& options) const {
        CHECK(folder_.openssl("cms -encrypt -binary -in plaintext -outform DER -out sealed " +
                              options));
        return folder_.read("sealed");
    }

    TemporaryFolder folder_;
};

constexpr const char* kToPolice = "-recip police.pem -keyopt ecdh_kdf_md:sha256 ";

TEST_F(Sealing, IsOpenedByEachRecipient) {
    const Bytes cms = sealed({police_certificate_, labour_certificate_});
    const auto at_police = open(cms, police_, police_certificate_);
    const auto at_labour = open(cms, labour_, labour_certificate_);
    ASSERT_TRUE(at_police.has_value() && at_labour.has_value());
    EXPECT_TRUE(equal(at_police->view(), plaintext_));
    EXPECT_TRUE(equal(at_labour->view(), plaintext_));
}

TEST_F(Sealing, HidesThePlaintextAndIsNewEachTime) {
    const Bytes cms = sealed_to_police();
    EXPECT_EQ(as_text(cms).find("invented"), std::string_view::npos);
    EXPECT_NE(cms, sealed_to_police());
    EXPECT_LE(cms.size(), plaintext_.size() + 400);
}

TEST_F(Sealing, HoldsAnySizeFromOneByteToItsLimit) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, kPlaintextBytesMax}) {
        const Bytes plaintext(size, 0x77);
        const std::vector<Bytes> recipients = {police_certificate_};
        const auto cms = seal(plaintext, recipients);
        ASSERT_TRUE(cms.has_value());
        const auto opened = open(*cms, police_, police_certificate_);
        ASSERT_TRUE(opened.has_value());
        EXPECT_TRUE(equal(opened->view(), plaintext));
    }
    const Bytes larger(kPlaintextBytesMax + 1, 0x77);
    const std::vector<Bytes> recipients = {police_certificate_};
    EXPECT_EQ(seal(larger, recipients).error().code, Code::oversized);
    EXPECT_EQ(seal({}, recipients).error().code, Code::bad_argument);
}

TEST_F(Sealing, TakesAsManyRecipientsAsItsLimitSays) {
    std::vector<Bytes> recipients(kRecipientsMax - 1, labour_certificate_);
    recipients.push_back(police_certificate_);
    EXPECT_EQ(code_of_open(sealed(recipients)), Code{});
    recipients.push_back(police_certificate_);
    EXPECT_EQ(seal(plaintext_, recipients).error().code, Code::bad_argument);
    EXPECT_EQ(seal(plaintext_, {}).error().code, Code::bad_argument);
}

TEST_F(Sealing, IsRefusedForACertificateThatCannotReceive) {
    const PrivateKey ed25519 = new_key(keys::Algorithm::ed25519);
    for (const Bytes& certificate :
         {authority_.issue("cong-an/n/sign", Use::sign, police_.public_key()),
          authority_.issue("cong-an/n/sign", Use::sign, ed25519.public_key()),
          authority_.certificate(),
          Bytes(),
          Bytes(100, 0x30)}) {
        const std::vector<Bytes> recipients = {police_certificate_, certificate};
        EXPECT_EQ(seal(plaintext_, recipients).error().code, Code::bad_certificate);
    }
    const TemporaryFolder folder;
    ASSERT_TRUE(folder.openssl(
        "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-384 -keyout k.pem -subj /CN=a "
        "-addext keyUsage=critical,keyAgreement -addext basicConstraints=critical,CA:FALSE "
        "-outform DER -out c.der"));
    const std::vector<Bytes> recipients = {folder.read("c.der")};
    EXPECT_EQ(seal(plaintext_, recipients).error().code, Code::bad_certificate);
}

TEST_F(Sealing, IsLockedForEverybodyElse) {
    const Bytes cms = sealed_to_police();
    EXPECT_EQ(open(cms, labour_, labour_certificate_).error().code, Code::locked);
    // The right certificate, which is public, with another key.
    EXPECT_EQ(open(cms, labour_, police_certificate_).error().code, Code::locked);
    // The right key with another certificate.
    EXPECT_EQ(open(cms, police_, labour_certificate_).error().code, Code::locked);
    EXPECT_EQ(open(cms, police_, as_bytes("none")).error().code, Code::bad_certificate);
}

TEST_F(Sealing, WithAnyByteFlippedNeverGivesOtherWords) {
    // Some bytes (the case of a letter in the issuer's name) do not matter; none yields other
    // words.
    const Bytes cms = sealed_to_police();
    std::size_t refused = 0;
    for (std::size_t i = 0; i < cms.size(); ++i) {
        Bytes bad = cms;
        bad[i] ^= 0x01;
        const auto opened = open(bad, police_, police_certificate_);
        if (opened.has_value()) {
            EXPECT_TRUE(equal(opened->view(), plaintext_)) << i;
            continue;
        }
        const Code code = opened.error().code;
        EXPECT_TRUE(code == Code::malformed_section || code == Code::locked ||
                    code == Code::bad_digest)
            << i;
        ++refused;
    }
    EXPECT_GE(refused, cms.size() - 4);
}

TEST_F(Sealing, WithItsContentOrTagAlteredFailsAsABadDigest) {
    const Bytes cms = sealed_to_police();
    for (const std::size_t from_end : {1U, 16U, 19U, 500U, 1000U}) {
        Bytes bad = cms;
        bad[bad.size() - from_end] ^= 0x80;
        EXPECT_EQ(code_of_open(bad), Code::bad_digest) << from_end;
    }
}

TEST_F(Sealing, TruncatedOrLongerOrNoCmsAtAllIsMalformed) {
    const Bytes cms = sealed_to_police();
    for (std::size_t size = 0; size < cms.size(); size += 7) {
        EXPECT_EQ(code_of_open(BytesView(cms).first(size)), Code::malformed_section) << size;
    }
    Bytes longer = cms;
    longer.push_back(0);
    EXPECT_EQ(code_of_open(longer), Code::malformed_section);
    EXPECT_EQ(code_of_open(as_bytes("not a CMS")), Code::malformed_section);
    EXPECT_EQ(code_of_open(Bytes(kSealedBytesMax)), Code::malformed_section);
    EXPECT_EQ(code_of_open(Bytes(kSealedBytesMax + 1)), Code::oversized);
}

// Offsets of the second length byte of the three nested headers of a CMS of 256 bytes and more.
constexpr std::array<std::size_t, 3> kLengths = {2, 19, 23};

TEST_F(Sealing, WithAShortenedTagIsMalformed) {
    // OpenSSL 3.0.22 itself takes four bytes.
    const Bytes cms = sealed_to_police();
    for (const std::size_t tag_bytes : {0U, 1U, 4U, 12U, 15U}) {
        Bytes bad = cms;
        const std::size_t cut = 16 - tag_bytes;
        bad.resize(bad.size() - cut);
        bad[bad.size() - tag_bytes - 1] = static_cast<std::uint8_t>(tag_bytes);
        for (const std::size_t at : kLengths) {
            const auto length = static_cast<std::size_t>(bad[at] * 256 + bad[at + 1]) - cut;
            bad[at] = static_cast<std::uint8_t>(length >> 8);
            bad[at + 1] = static_cast<std::uint8_t>(length);
        }
        EXPECT_EQ(code_of_open(bad), Code::malformed_section) << tag_bytes;
        const Bytes stated = keys::test::hex("020110");
        const auto found = std::ranges::search(bad, stated);
        ASSERT_FALSE(found.empty());
        found[2] = static_cast<std::uint8_t>(tag_bytes);
        EXPECT_EQ(code_of_open(bad), Code::malformed_section) << tag_bytes;
    }
}

TEST_F(Sealing, UnderACipherWithoutATagIsMalformed) {
    // The object identifiers of AES-256 in CBC, OFB, CFB, and of AES-128 and -192 in GCM.
    const Bytes cms = sealed_to_police();
    const Bytes gcm = keys::test::hex("060960864801650304012e");
    for (const int arc : {0x2a, 0x2b, 0x2c, 0x06, 0x1a}) {
        Bytes bad = cms;
        const auto found = std::ranges::search(bad, gcm);
        ASSERT_FALSE(found.empty());
        found[10] = static_cast<std::uint8_t>(arc);
        EXPECT_EQ(code_of_open(bad), Code::malformed_section);
    }
}

// What is judged without a key.
TEST_F(Sealing, NamesItsRecipients) {
    std::vector<Bytes> names{recipient_name(police_certificate_).value(),
                             recipient_name(labour_certificate_).value()};
    EXPECT_NE(names[0], names[1]);
    std::ranges::sort(names);
    EXPECT_EQ(recipients_of(sealed({police_certificate_, labour_certificate_})).value(), names);
    EXPECT_EQ(recipients_of(sealed_to_police()).value(),
              (std::vector<Bytes>{recipient_name(police_certificate_).value()}));
    EXPECT_EQ(recipient_name(as_bytes("no certificate")).error().code, Code::bad_certificate);
}

TEST_F(Sealing, OfManyNamesThemAll) {
    const std::vector<Bytes> all(kRecipientsMax, police_certificate_);
    EXPECT_EQ(recipients_of(sealed(all))->size(), kRecipientsMax);
}

TEST_F(Sealing, WithAnyByteFlippedOrCutNamesRecipientsOrIsMalformed) {
    const Bytes good = sealed_to_police();
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= 0xff;
        const auto flipped = recipients_of(bad);
        EXPECT_TRUE(flipped || flipped.error().code == Code::malformed_section) << i;
        const auto cut = recipients_of(BytesView(good).first(i));
        ASSERT_FALSE(cut.has_value());
        EXPECT_EQ(cut.error().code, Code::malformed_section);
    }
}

TEST_F(SealingElsewhere, IsOfTheOneFormAndAnyOtherIsMalformed) {
    EXPECT_TRUE(recipients_of(encrypted_with(std::string(kToPolice) + "-aes-256-gcm")));
    for (const std::string& other : {std::string("-aes-128-gcm ") + kToPolice,
                                     std::string("-aes-256-cbc ") + kToPolice,
                                     std::string("-aes-256-gcm -recip police.pem"),
                                     std::string("-aes-256-gcm -keyid ") + kToPolice}) {
        const auto named = recipients_of(encrypted_with(other));
        ASSERT_FALSE(named.has_value()) << other;
        EXPECT_EQ(named.error().code, Code::malformed_section) << other;
    }
}

TEST_F(SealingElsewhere, OpensWithTheOpensslCommand) {
    folder_.write("sealed", sealed({labour_certificate_, police_certificate_}));
    ASSERT_TRUE(folder_.openssl(
        "cms -decrypt -binary -inform DER -in sealed -inkey key.pem -passin file:passphrase "
        "-recip police.pem -out opened"));
    EXPECT_EQ(folder_.read("opened"), plaintext_);
}

TEST_F(SealingElsewhere, ByTheOpensslCommandIsOpenedHere) {
    const Bytes cms = encrypted_with("-aes-256-gcm -recip labour.pem -keyopt ecdh_kdf_md:sha256 " +
                                     std::string(kToPolice));
    const auto opened = open(cms, police_, police_certificate_);
    ASSERT_TRUE(opened.has_value());
    EXPECT_TRUE(equal(opened->view(), plaintext_));
}

TEST_F(SealingElsewhere, ByWeakerAlgorithmsIsMalformed) {
    const std::string to_police = kToPolice;
    // The default key derivation, SHA-1.
    EXPECT_EQ(code_of_open(encrypted_with("-aes-256-gcm -recip police.pem")),
              Code::malformed_section);
    EXPECT_EQ(code_of_open(encrypted_with("-aes-128-gcm " + to_police)), Code::malformed_section);
    EXPECT_EQ(code_of_open(encrypted_with("-aes-256-cbc " + to_police)), Code::malformed_section);
    // AES-128 to wrap an AES-256 key.
    EXPECT_EQ(code_of_open(encrypted_with("-aes-256-gcm -aes128-wrap " + to_police)),
              Code::malformed_section);
}

TEST_F(SealingElsewhere, ToAHolderOfASharedKeyTooIsMalformed) {
    // An audience that no descriptor names.
    const std::string shared =
        "-secretkey 000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f "
        "-secretkeyid 01 ";
    EXPECT_EQ(code_of_open(encrypted_with("-aes-256-gcm " + shared + kToPolice)),
              Code::malformed_section);
}

TEST_F(SealingElsewhere, InBerIsMalformed) {
    EXPECT_EQ(code_of_open(encrypted_with("-stream -indef -aes-256-gcm " + std::string(kToPolice))),
              Code::malformed_section);
}

}  // namespace
}  // namespace lienthong::seal
