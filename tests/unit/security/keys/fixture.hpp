// SPDX-License-Identifier: Apache-2.0
// What the tests of keys and sealing share: a folder of their own, the `openssl` command as the
// second implementation, and a small authority.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "bus/base/check.hpp"
#include "bus/base/file.hpp"
#include "bus/base/random.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::keys::test {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "lt-keys-XXXXXX").string();
        CHECK(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;  // what stays behind is in the system's temporary folder
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
    void write(std::string_view name, BytesView bytes, mode_t mode = 0600) const {
        ASSERT_TRUE(write_file(path_ / name, bytes, mode).has_value());
    }
    Bytes read(std::string_view name) const {
        auto bytes = read_file(path_ / name, 64 * 1024 * 1024);
        CHECK(bytes.has_value());
        return std::move(*bytes);
    }
    // True if `openssl <arguments>`, run in this folder, succeeds.
    bool openssl(const std::string& arguments) const {
        const std::string line =
            "cd '" + path_.string() + "' && openssl " + arguments + " >out.txt 2>err.txt";
        return std::system(line.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): one thread
    }

  private:
    std::filesystem::path path_;
};

inline Secret secret(std::string_view text) { return Secret::copy_of(as_bytes(text)); }

inline Bytes hex(std::string_view text) {
    auto bytes = from_hex(text);
    CHECK(bytes.has_value());
    return std::move(*bytes);
}

inline PrivateKey new_key(Algorithm algorithm = Algorithm::p256) {
    auto key = PrivateKey::generate(algorithm);
    CHECK(key.has_value());
    return std::move(*key);
}

// One for the whole program: making it takes a second.
inline const PrivateKey& rsa_key() {
    static const PrivateKey key = new_key(Algorithm::rsa_pss_3072);
    return key;
}

inline constexpr Validity kYear2021 = {.from = 1'609'459'200'000, .until = 1'640'995'199'000};
inline constexpr Millis kMidyear = 1'625'000'000'000;

// A bus CA with what it issues.
class Authority {
  public:
    explicit Authority(std::string_view bus = "ninh-binh", Validity validity = kYear2021)
        : key_(new_key()) {
        auto made = make_authority_certificate(key_, bus, validity);
        CHECK(made.has_value());
        certificate_ = std::move(*made);
    }
    Bytes issue(std::string_view subject, Use use, const PublicKey& key) {
        auto made = try_issue(subject, use, key.spki());
        CHECK(made.has_value());
        return std::move(*made);
    }
    Result<Bytes> try_issue(std::string_view subject,
                            Use use,
                            BytesView spki,
                            Validity validity = kYear2021) {
        std::array<std::uint8_t, 16> serial{};
        random_.fill(serial);
        return issue_certificate(key_, certificate_, subject, use, spki, validity, serial);
    }
    const PrivateKey& key() const { return key_; }
    const Bytes& certificate() const { return certificate_; }

  private:
    PrivateKey key_;
    Bytes certificate_;
    SeededRandom random_{7};
};

}  // namespace lienthong::keys::test
