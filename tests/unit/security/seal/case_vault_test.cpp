// SPDX-License-Identifier: Apache-2.0
#include "security/seal/case_vault.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "security/keys/digest.hpp"
#include "tests/unit/security/keys/fixture.hpp"

namespace lienthong::seal {
namespace {

using keys::test::hex;
using keys::test::secret;
using keys::test::TemporaryFolder;

// A master's file with its checksum made right again, as after a change that is no accident.
Bytes with_checksum(Bytes file) {
    const Hash digest = keys::sha256(BytesView(file).first(file.size() - kHashBytes));
    std::ranges::copy(digest.bytes, file.end() - kHashBytes);
    return file;
}

Code code_of_load(const std::filesystem::path& path, std::string_view passphrase) {
    const auto key = load_master(path, secret(passphrase));
    CHECK(!key.has_value());
    return key.error().code;
}

TEST(StorageKey, OpensWhatItProtected) {
    SeededRandom random(1);
    const StorageKey key = StorageKey::generate(random);
    for (const std::size_t size : {0U, 1U, 16U, 100'000U}) {
        const Bytes plaintext(size, 0x5a);
        const Bytes stored = key.protect(plaintext, as_bytes("entries/7"), random);
        EXPECT_EQ(stored.size(), size + 28);
        const auto opened = key.open(stored, as_bytes("entries/7"));
        ASSERT_TRUE(opened.has_value());
        EXPECT_EQ(*opened, plaintext);
    }
    EXPECT_TRUE(key.open(key.protect(as_bytes("x"), {}, random), {}).has_value());
}

TEST(StorageKey, IsAes256GcmOfTheStandard) {
    // The GCM specification's test case 16 (NIST, 2005).
    auto key = StorageKey::from_secret(
        Secret(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308")));
    ASSERT_TRUE(key.has_value());
    const Bytes stored =
        hex("cafebabefacedbaddecaf888"
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
    const auto opened = key->open(stored, hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"));
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(to_hex(*opened),
              "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
              "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
}

TEST(StorageKey, UsesANewNonceForEachValue) {
    SeededRandom random(1);
    const StorageKey key = StorageKey::generate(random);
    EXPECT_NE(key.protect(as_bytes("same"), {}, random), key.protect(as_bytes("same"), {}, random));
}

TEST(StorageKey, RefusesWhatWasAlteredOrMovedOrIsOfAnotherKey) {
    SeededRandom random(1);
    const StorageKey key = StorageKey::generate(random);
    const StorageKey other = StorageKey::generate(random);
    const Bytes stored = key.protect(as_bytes("words"), as_bytes("entries/7"), random);
    for (std::size_t i = 0; i < 8 * stored.size(); ++i) {
        Bytes bad = stored;
        bad[i / 8] ^= static_cast<std::uint8_t>(1U << (i % 8));
        EXPECT_EQ(key.open(bad, as_bytes("entries/7")).error().code, Code::corrupt) << i;
    }
    for (std::size_t size = 0; size < stored.size(); ++size) {
        EXPECT_EQ(key.open(BytesView(stored).first(size), as_bytes("entries/7")).error().code,
                  Code::corrupt);
    }
    EXPECT_EQ(key.open(stored, as_bytes("entries/8")).error().code, Code::corrupt);
    EXPECT_EQ(key.open(stored, {}).error().code, Code::corrupt);
    EXPECT_EQ(other.open(stored, as_bytes("entries/7")).error().code, Code::corrupt);
}

TEST(StorageKey, IsMadeOf32BytesOnly) {
    EXPECT_TRUE(StorageKey::from_secret(Secret(32)).has_value());
    EXPECT_EQ(StorageKey::from_secret(Secret(31)).error().code, Code::malformed_key);
    EXPECT_EQ(StorageKey::from_secret(Secret(33)).error().code, Code::malformed_key);
}

TEST(StorageKey, WrappedComesBackForItsCaseOnly) {
    SeededRandom random(1);
    const StorageKey master = StorageKey::generate(random);
    const StorageKey key = StorageKey::generate(random);
    const CaseId case_id = random.case_id();
    const Bytes wrapped = master.wrap(key, case_id, random);
    const auto unwrapped = master.unwrap(wrapped, case_id);
    ASSERT_TRUE(unwrapped.has_value());
    EXPECT_TRUE(equal(unwrapped->secret().view(), key.secret().view()));
    EXPECT_EQ(master.unwrap(wrapped, random.case_id()).error().code, Code::corrupt);
    EXPECT_EQ(key.unwrap(wrapped, case_id).error().code, Code::corrupt);
    EXPECT_EQ(master.unwrap({}, case_id).error().code, Code::corrupt);
}

TEST(StorageKey, ThatWasNotWrappedIsNotUnwrapped) {
    // A value protected by the master, of the right size and even bound to the case, is no wrap.
    SeededRandom random(1);
    const StorageKey master = StorageKey::generate(random);
    const CaseId case_id = random.case_id();
    const Bytes stored = master.protect(Bytes(32, 1), case_id.bytes, random);
    EXPECT_EQ(master.unwrap(stored, case_id).error().code, Code::corrupt);
}

TEST(MasterKey, SavedComesBackTheSameForItsOwnerOnly) {
    const TemporaryFolder folder;
    SystemRandom random;
    const StorageKey key = StorageKey::generate(random);
    ASSERT_TRUE(save_master(folder / "master", key, secret("p"), random).has_value());
    struct stat status{};
    ASSERT_EQ(stat((folder / "master").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    const auto loaded = load_master(folder / "master", secret("p"));
    ASSERT_TRUE(loaded.has_value());
    EXPECT_TRUE(equal(loaded->secret().view(), key.secret().view()));
}

TEST(MasterKey, IsNeverOverwrittenAndNeverWithoutAPassphrase) {
    const TemporaryFolder folder;
    SeededRandom random(1);
    const StorageKey key = StorageKey::generate(random);
    EXPECT_EQ(save_master(folder / "master", key, Secret(), random).error().code,
              Code::bad_argument);
    ASSERT_TRUE(save_master(folder / "master", key, secret("p"), random).has_value());
    EXPECT_EQ(save_master(folder / "master", key, secret("p"), random).error().code,
              Code::already_exists);
}

TEST(MasterKey, IsNotSavedWhereThereIsNoFolder) {
    const TemporaryFolder folder;
    SeededRandom random(1);
    EXPECT_EQ(save_master(folder / "none/master", StorageKey::generate(random), secret("p"), random)
                  .error()
                  .code,
              Code::no_such_file);
}

TEST(MasterKey, DoesNotOpenWithAnotherPassphrase) {
    const TemporaryFolder folder;
    SeededRandom random(1);
    ASSERT_TRUE(
        save_master(folder / "master", StorageKey::generate(random), secret("right"), random)
            .has_value());
    EXPECT_EQ(code_of_load(folder / "master", "wrong"), Code::bad_passphrase);
    EXPECT_EQ(code_of_load(folder / "master", ""), Code::bad_passphrase);
}

TEST(MasterKey, ThatOthersMayReadOrThatIsNotThereIsRefused) {
    const TemporaryFolder folder;
    SeededRandom random(1);
    ASSERT_TRUE(save_master(folder / "master", StorageKey::generate(random), secret("p"), random)
                    .has_value());
    ASSERT_EQ(chmod((folder / "master").c_str(), 0644), 0);
    EXPECT_EQ(code_of_load(folder / "master", "p"), Code::unsafe_mode);
    EXPECT_EQ(code_of_load(folder / "none", "p"), Code::no_such_file);
}

TEST(MasterKey, OfADamagedFileIsRefusedAndToldFromAWrongPassphrase) {
    const TemporaryFolder folder;
    SeededRandom random(1);
    ASSERT_TRUE(save_master(folder / "master", StorageKey::generate(random), secret("p"), random)
                    .has_value());
    const Bytes good = folder.read("master");
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= 1;
        folder.write("bad", bad);
        const Code expected = i < 8    ? Code::corrupt
                              : i == 8 ? Code::unknown_version
                                       : Code::bad_checksum;
        EXPECT_EQ(code_of_load(folder / "bad", "p"), expected) << i;
    }
    folder.write("bad", BytesView(good).first(good.size() - 1));
    EXPECT_EQ(code_of_load(folder / "bad", "p"), Code::bad_checksum);
    folder.write("bad", {});
    EXPECT_EQ(code_of_load(folder / "bad", "p"), Code::corrupt);
    Bytes longer = good;
    longer.push_back(0);
    folder.write("bad", longer);
    EXPECT_EQ(code_of_load(folder / "bad", "p"), Code::corrupt);
}

TEST(MasterKey, OfAFileWithImpossibleCostsIsRefusedBeforeTheyArePaid) {
    const TemporaryFolder folder;
    SeededRandom random(1);
    ASSERT_TRUE(save_master(folder / "master", StorageKey::generate(random), secret("p"), random)
                    .has_value());
    const Bytes good = folder.read("master");
    constexpr std::size_t kCost = 9;
    constexpr std::size_t kBlockSize = 13;
    constexpr std::size_t kParallel = 17;
    for (const auto& [place, value] : {std::pair{kCost, 0},
                                       std::pair{kCost, 21},
                                       std::pair{kBlockSize, 9},
                                       std::pair{kParallel, 2}}) {
        Bytes bad = good;
        bad[place] = static_cast<std::uint8_t>(value);
        folder.write("bad", with_checksum(bad));
        EXPECT_EQ(code_of_load(folder / "bad", "p"), Code::corrupt) << place;
    }
    // A cost within the limits is paid, and then the key does not open.
    Bytes changed = good;
    changed[kCost] = 10;
    folder.write("bad", with_checksum(changed));
    EXPECT_EQ(code_of_load(folder / "bad", "p"), Code::bad_passphrase);
}

}  // namespace
}  // namespace lienthong::seal
