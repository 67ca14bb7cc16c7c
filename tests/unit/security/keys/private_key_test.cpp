// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/security/keys/fixture.hpp"

namespace lienthong::keys {
namespace {

using test::new_key;
using test::secret;
using test::TemporaryFolder;

Code code_of_load(const std::filesystem::path& path, std::string_view passphrase) {
    const auto loaded = PrivateKey::load(path, secret(passphrase));
    CHECK(!loaded.has_value());
    return loaded.error().code;
}

TEST(PrivateKey, SavedComesBackTheSame) {
    const TemporaryFolder folder;
    const PrivateKey p256 = new_key();
    const PrivateKey ed25519 = new_key(Algorithm::ed25519);
    const PrivateKey x25519 = new_key(Algorithm::x25519);
    for (const PrivateKey* saved : {&p256, &ed25519, &x25519, &test::rsa_key()}) {
        const PrivateKey& key = *saved;
        const Algorithm algorithm = key.public_key().algorithm();
        const auto path = folder / std::to_string(static_cast<int>(algorithm));
        ASSERT_TRUE(key.save(path, secret("mật khẩu")).has_value());
        const auto loaded = PrivateKey::load(path, secret("mật khẩu"));
        ASSERT_TRUE(loaded.has_value());
        EXPECT_EQ(loaded->public_key().id(), key.public_key().id());
        EXPECT_EQ(loaded->public_key().algorithm(), algorithm);
        EXPECT_TRUE(equal(loaded->raw().view(), key.raw().view()));
        if (algorithm == Algorithm::x25519) continue;
        const auto signature = loaded->signer()->sign(as_bytes("x"));
        ASSERT_TRUE(signature.has_value());
        EXPECT_TRUE(key.public_key().verify(as_bytes("x"), *signature));
    }
}

TEST(PrivateKey, IsSavedForItsOwnerOnly) {
    const TemporaryFolder folder;
    ASSERT_TRUE(new_key().save(folder / "key", secret("p")).has_value());
    struct stat status{};
    ASSERT_EQ(stat((folder / "key").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST(PrivateKey, SavedIsReadableByTheOpensslCommandWithItsPassphrase) {
    const TemporaryFolder folder;
    SystemRandom random;
    const Secret passphrase = make_passphrase(random);
    const PrivateKey key = new_key();
    ASSERT_TRUE(key.save(folder / "key.pem", passphrase).has_value());
    folder.write("passphrase", passphrase.view());
    ASSERT_TRUE(folder.openssl(
        "pkey -in key.pem -passin file:passphrase -pubout -outform DER -out spki.der"));
    EXPECT_EQ(folder.read("spki.der"), key.public_key().spki());
    folder.write("passphrase", as_bytes("wrong"));
    EXPECT_FALSE(folder.openssl("pkey -in key.pem -passin file:passphrase -noout"));
}

TEST(PrivateKey, MadeByTheOpensslCommandIsLoaded) {
    const TemporaryFolder folder;
    folder.write("passphrase", as_bytes("p"));
    ASSERT_TRUE(folder.openssl("ecparam -name prime256v1 -genkey -noout -out plain.pem"));
    ASSERT_TRUE(
        folder.openssl("pkcs8 -topk8 -in plain.pem -scrypt -passout file:passphrase -out key.pem"));
    std::filesystem::permissions(folder / "key.pem", std::filesystem::perms::owner_read);
    EXPECT_TRUE(PrivateKey::load(folder / "key.pem", secret("p")).has_value());
}

TEST(PrivateKey, IsNeverOverwritten) {
    const TemporaryFolder folder;
    const PrivateKey key = new_key();
    ASSERT_TRUE(key.save(folder / "key", secret("p")).has_value());
    EXPECT_EQ(new_key().save(folder / "key", secret("p")).error().code, Code::already_exists);
    std::filesystem::create_symlink("nowhere", folder / "link");
    EXPECT_EQ(key.save(folder / "link", secret("p")).error().code, Code::already_exists);
    EXPECT_EQ(PrivateKey::load(folder / "key", secret("p"))->public_key().id(),
              key.public_key().id());
}

TEST(PrivateKey, IsNotSavedUnderAPassphraseThatAFileCannotHold) {
    const TemporaryFolder folder;
    const PrivateKey key = new_key();
    for (const std::string_view passphrase :
         {std::string_view(), std::string_view("a\nb"), std::string_view("a\0b", 3)}) {
        EXPECT_EQ(key.save(folder / "key", secret(passphrase)).error().code, Code::bad_argument);
    }
    EXPECT_EQ(
        key.save(folder / "key", secret(std::string(kPassphraseBytesMax + 1, 'a'))).error().code,
        Code::bad_argument);
    EXPECT_TRUE(
        key.save(folder / "key", secret(std::string(kPassphraseBytesMax, 'a'))).has_value());
}

TEST(PrivateKey, IsNotSavedWhereThereIsNoFolder) {
    const TemporaryFolder folder;
    EXPECT_EQ(new_key().save(folder / "none/key", secret("p")).error().code, Code::no_such_file);
}

TEST(PrivateKey, DoesNotOpenWithAnotherPassphrase) {
    const TemporaryFolder folder;
    ASSERT_TRUE(new_key().save(folder / "key", secret("right")).has_value());
    EXPECT_EQ(code_of_load(folder / "key", "wrong"), Code::bad_passphrase);
    EXPECT_EQ(code_of_load(folder / "key", ""), Code::bad_passphrase);
    EXPECT_EQ(code_of_load(folder / "key", std::string(kPassphraseBytesMax + 1, 'a')),
              Code::bad_passphrase);
}

TEST(PrivateKey, ThatOthersMayReadIsRefused) {
    const TemporaryFolder folder;
    ASSERT_TRUE(new_key().save(folder / "key", secret("p")).has_value());
    for (const mode_t mode : {0644U, 0640U, 0604U, 0620U}) {
        ASSERT_EQ(chmod((folder / "key").c_str(), mode), 0);
        EXPECT_EQ(code_of_load(folder / "key", "p"), Code::unsafe_mode) << std::oct << mode;
    }
    ASSERT_EQ(chmod((folder / "key").c_str(), 0400), 0);
    EXPECT_TRUE(PrivateKey::load(folder / "key", secret("p")).has_value());
}

TEST(PrivateKey, ThatIsNotThereIsNamed) {
    const TemporaryFolder folder;
    const auto loaded = PrivateKey::load(folder / "none", secret("p"));
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().code, Code::no_such_file);
    EXPECT_EQ(loaded.error().where, (folder / "none").string());
}

TEST(PrivateKey, InTheClearIsRefused) {
    const TemporaryFolder folder;
    ASSERT_TRUE(folder.openssl("genpkey -algorithm ED25519 -out key.pem"));
    std::filesystem::permissions(folder / "key.pem", std::filesystem::perms::owner_read);
    EXPECT_EQ(code_of_load(folder / "key.pem", "p"), Code::malformed_key);
}

TEST(PrivateKey, OfAnUnknownOrWeakKindIsRefused) {
    const TemporaryFolder folder;
    folder.write("passphrase", as_bytes("p"));
    const auto code_for = [&folder](const std::string& kind) {
        std::filesystem::remove(folder / "key.pem");
        CHECK(folder.openssl("genpkey -algorithm " + kind +
                             " -aes-256-cbc -pass file:passphrase -out key.pem"));
        std::filesystem::permissions(folder / "key.pem", std::filesystem::perms::owner_read);
        return code_of_load(folder / "key.pem", "p");
    };
    EXPECT_EQ(code_for("ED448"), Code::unknown_suite);
    EXPECT_EQ(code_for("RSA -pkeyopt rsa_keygen_bits:2048"), Code::weak_suite);
}

TEST(PrivateKey, OfADamagedFileIsRefused) {
    const TemporaryFolder folder;
    ASSERT_TRUE(new_key().save(folder / "key", secret("p")).has_value());
    const Bytes good = folder.read("key");
    folder.write("short", BytesView(good).first(good.size() / 2));
    EXPECT_EQ(code_of_load(folder / "short", "p"), Code::malformed_key);
    folder.write("empty", {});
    EXPECT_EQ(code_of_load(folder / "empty", "p"), Code::malformed_key);
    folder.write("large", Bytes(64 * 1024 + 1, 'x'));
    EXPECT_EQ(code_of_load(folder / "large", "p"), Code::malformed_key);
    // A letter near the end of the base64 is in the encrypted part.
    Bytes flipped = good;
    std::uint8_t& letter = flipped[flipped.size() - 50];
    letter = letter == 'A' ? 'B' : 'A';
    folder.write("flipped", flipped);
    const Code code = code_of_load(folder / "flipped", "p");
    EXPECT_TRUE(code == Code::bad_passphrase || code == Code::malformed_key);
}

TEST(PrivateKey, RawGoesThereAndBack) {
    for (const Algorithm algorithm : {Algorithm::ed25519, Algorithm::x25519}) {
        const PrivateKey key = new_key(algorithm);
        const Secret raw = key.raw();
        ASSERT_EQ(raw.size(), 32U);
        const auto again = PrivateKey::from_raw(algorithm, raw.view());
        ASSERT_TRUE(again.has_value());
        EXPECT_EQ(again->public_key().id(), key.public_key().id());
    }
    EXPECT_EQ(new_key().raw().size(), 0U);
}

TEST(PrivateKey, RawX25519HasThePublicKeyThatTheOpensslCommandGivesIt) {
    const TemporaryFolder folder;
    ASSERT_TRUE(folder.openssl("genpkey -algorithm X25519 -outform DER -out key.der"));
    ASSERT_TRUE(folder.openssl("pkey -inform DER -in key.der -pubout -outform DER -out spki.der"));
    const Bytes file = folder.read("key.der");  // ends with the raw key
    const auto key = PrivateKey::from_raw(Algorithm::x25519, BytesView(file).last(32));
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->public_key().spki(), folder.read("spki.der"));
}

TEST(PrivateKey, RawOfAnotherAlgorithmOrSizeIsRefused) {
    EXPECT_EQ(PrivateKey::from_raw(Algorithm::p256, Bytes(32, 1)).error().code, Code::bad_argument);
    EXPECT_EQ(PrivateKey::from_raw(Algorithm::ed25519, Bytes(31, 1)).error().code,
              Code::malformed_key);
    EXPECT_EQ(PrivateKey::from_raw(Algorithm::x25519, Bytes(33, 1)).error().code,
              Code::malformed_key);
}

TEST(Passphrase, IsOneLineOfAPrivateFile) {
    const TemporaryFolder folder;
    folder.write("with-end", as_bytes("mật khẩu\n"));
    folder.write("without-end", as_bytes("mật khẩu"));
    for (const std::string_view name : {"with-end", "without-end"}) {
        const auto read = read_passphrase(folder / name);
        ASSERT_TRUE(read.has_value());
        EXPECT_EQ(as_text(read->view()), "mật khẩu");
    }
}

TEST(Passphrase, OfAFileThatIsNotOneLineIsRefused) {
    const TemporaryFolder folder;
    for (const std::string_view text : {std::string_view(),
                                        std::string_view("\n"),
                                        std::string_view("a\n\n"),
                                        std::string_view("a\nb\n"),
                                        std::string_view("a\r\n"),
                                        std::string_view("a\0b", 3)}) {
        folder.write("file", as_bytes(text));
        EXPECT_EQ(read_passphrase(folder / "file").error().code, Code::malformed_input);
    }
}

TEST(Passphrase, HasALimit) {
    const TemporaryFolder folder;
    const std::string longest(kPassphraseBytesMax, 'a');
    folder.write("longest", as_bytes(longest + "\n"));
    EXPECT_TRUE(read_passphrase(folder / "longest").has_value());
    folder.write("longer", as_bytes(longest + "a"));
    EXPECT_EQ(read_passphrase(folder / "longer").error().code, Code::oversized);
    folder.write("longer-line", as_bytes(longest + "a\n"));
    EXPECT_EQ(read_passphrase(folder / "longer-line").error().code, Code::oversized);
}

TEST(Passphrase, ThatOthersMayReadOrThatIsNotThereIsRefused) {
    const TemporaryFolder folder;
    folder.write("open", as_bytes("p"), 0644);
    EXPECT_EQ(read_passphrase(folder / "open").error().code, Code::unsafe_mode);
    EXPECT_EQ(read_passphrase(folder / "none").error().code, Code::no_such_file);
}

TEST(Passphrase, MadeIs64HexadecimalDigitsAndNewEachTime) {
    SeededRandom random(1);
    const Secret first = make_passphrase(random);
    const Secret second = make_passphrase(random);
    EXPECT_EQ(first.size(), 64U);
    EXPECT_TRUE(from_hex(as_text(first.view())).has_value());
    EXPECT_FALSE(equal(first.view(), second.view()));
}

}  // namespace
}  // namespace lienthong::keys
