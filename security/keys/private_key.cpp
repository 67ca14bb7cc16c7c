// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"
#include "security/keys/keys.hpp"
#include "security/keys/openssl.hpp"

namespace lienthong::keys {
namespace {

constexpr std::uint64_t kScryptN = 1U << 14;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;
constexpr int kScryptSaltBytes = 16;
constexpr std::size_t kKeyFileBytesMax = 64 * 1024;
constexpr std::size_t kRawBytes = 32;

// One line of text, so that tools which read a passphrase from a file read the same one.
bool is_usable(BytesView passphrase) {
    return !passphrase.empty() && passphrase.size() <= kPassphraseBytesMax &&
           std::ranges::none_of(passphrase, [](std::uint8_t byte) {
               return byte == 0 || byte == '\n' || byte == '\r';
           });
}

class KeySigner final : public Signer {
  public:
    KeySigner(std::shared_ptr<void> key, PublicKey public_key)
        : key_(std::move(key)), public_key_(std::move(public_key)) {}

    Result<Bytes> sign(BytesView message) override;
    const PublicKey& public_key() const override { return public_key_; }

  private:
    Bytes sign_digest(const Hash& digest) const;
    Bytes sign_ed25519(BytesView message) const;

    std::shared_ptr<void> key_;  // EVP_PKEY
    PublicKey public_key_;
};

Result<Bytes> KeySigner::sign(BytesView message) {
    const openssl::QuietErrors quiet;
    switch (public_key_.algorithm()) {
        case Algorithm::p256:
        case Algorithm::rsa_pss_3072:
            return sign_digest(sha256(message));
        case Algorithm::ed25519:
            return sign_ed25519(message);
        case Algorithm::x25519:
            break;
    }
    return fail(Code::unknown_suite, "an X25519 key does not sign");
}

Bytes KeySigner::sign_digest(const Hash& digest) const {
    const openssl::KeyContext context(
        EVP_PKEY_CTX_new_from_pkey(nullptr, openssl::borrow(key_), nullptr));
    CHECK(context != nullptr && EVP_PKEY_sign_init(context.get()) == 1);
    if (public_key_.algorithm() == Algorithm::rsa_pss_3072) {
        CHECK(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1);
        CHECK(EVP_PKEY_CTX_set_signature_md(context.get(), openssl::sha256_method()) == 1);
        CHECK(EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), openssl::sha256_method()) == 1);
        CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) == 1);
    }
    const BytesView input = digest.view();
    std::size_t size = 0;
    CHECK(EVP_PKEY_sign(context.get(), nullptr, &size, input.data(), input.size()) == 1);
    Bytes signature(size);
    CHECK(EVP_PKEY_sign(context.get(), signature.data(), &size, input.data(), input.size()) == 1);
    signature.resize(size);
    return signature;
}

Bytes KeySigner::sign_ed25519(BytesView message) const {
    const openssl::DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY* const key = openssl::borrow(key_);
    CHECK(context != nullptr &&
          EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) ==
              1);
    const std::uint8_t none = 0;
    const std::uint8_t* const data = message.empty() ? &none : message.data();
    Bytes signature(64);
    std::size_t size = signature.size();
    CHECK(EVP_DigestSign(context.get(), signature.data(), &size, data, message.size()) == 1);
    CHECK(size == signature.size());
    return signature;
}

// The key of an "ENCRYPTED PRIVATE KEY" file. A damaged file and a wrong passphrase look alike
// where only the encrypted part is concerned: both are bad_passphrase.
Result<openssl::Key> decrypt(BytesView pem, const Secret& passphrase) {
    if (pem.empty()) return fail(Code::malformed_key, "an empty file");
    const openssl::Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    CHECK(in != nullptr);
    const openssl::EncryptedKey encrypted(PEM_read_bio_PKCS8(in.get(), nullptr, nullptr, nullptr));
    if (encrypted == nullptr) {
        return fail(Code::malformed_key, "not an encrypted PKCS#8 key in PEM");
    }
    const openssl::PlainKey plain(
        PKCS8_decrypt(encrypted.get(),
                      reinterpret_cast<const char*>(passphrase.view().data()),
                      static_cast<int>(passphrase.size())));
    if (plain == nullptr) return fail(Code::bad_passphrase, "the key file does not open with it");
    openssl::Key key(EVP_PKCS82PKEY(plain.get()));
    if (key == nullptr) return fail(Code::malformed_key, "not a private key inside");
    return key;
}

}  // namespace

Result<PrivateKey> PrivateKey::from_handle(std::shared_ptr<void> key) {
    auto public_key = PublicKey::from_spki(openssl::to_der(i2d_PUBKEY, openssl::borrow(key)));
    if (!public_key) return std::unexpected(public_key.error());
    return PrivateKey(std::move(key), std::move(*public_key));
}

Result<PrivateKey> PrivateKey::generate(Algorithm algorithm) {
    const openssl::QuietErrors quiet;
    EVP_PKEY* made = nullptr;
    switch (algorithm) {
        case Algorithm::p256:
            made = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
            break;
        case Algorithm::ed25519:
            made = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
            break;
        case Algorithm::x25519:
            made = EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519");
            break;
        case Algorithm::rsa_pss_3072:
            made = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{kRsaBitsMin});
            break;
    }
    if (made == nullptr) return fail(Code::unknown_suite, "no key of this algorithm can be made");
    return from_handle(openssl::share(openssl::Key(made)));
}

Result<PrivateKey> PrivateKey::from_raw(Algorithm algorithm, BytesView raw32) {
    const openssl::QuietErrors quiet;
    if (algorithm != Algorithm::ed25519 && algorithm != Algorithm::x25519) {
        return fail(Code::bad_argument, "only Ed25519 and X25519 keys are raw");
    }
    if (raw32.size() != kRawBytes) return fail(Code::malformed_key, "not 32 bytes");
    const int type = algorithm == Algorithm::ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_X25519;
    openssl::Key key(EVP_PKEY_new_raw_private_key(type, nullptr, raw32.data(), raw32.size()));
    if (key == nullptr) return fail(Code::malformed_key, "not a private key");
    return from_handle(openssl::share(std::move(key)));
}

Result<void> PrivateKey::save(const std::filesystem::path& path, const Secret& passphrase) const {
    const openssl::QuietErrors quiet;
    if (!is_usable(passphrase.view())) {
        return fail(Code::bad_argument, "a passphrase is one line of 1 to 512 bytes");
    }
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path, error);
    if (status.type() != std::filesystem::file_type::not_found) {
        return fail(Code::already_exists, "a key is never overwritten", path.string());
    }
    const openssl::PlainKey plain(EVP_PKEY2PKCS8(openssl::borrow(key_)));
    openssl::Identifier method(PKCS5_pbe2_set_scrypt(
        EVP_aes_256_cbc(), nullptr, kScryptSaltBytes, nullptr, kScryptN, kScryptR, kScryptP));
    CHECK(plain != nullptr && method != nullptr);
    const openssl::EncryptedKey encrypted(
        PKCS8_set0_pbe(reinterpret_cast<const char*>(passphrase.view().data()),
                       static_cast<int>(passphrase.size()),
                       plain.get(),
                       method.get()));
    CHECK(encrypted != nullptr);
    static_cast<void>(method.release());  // now part of `encrypted`
    const openssl::Bio out(BIO_new(BIO_s_mem()));
    CHECK(out != nullptr && PEM_write_bio_PKCS8(out.get(), encrypted.get()) == 1);
    return write_file(path, openssl::take_bytes(out.get()), 0600);
}

Result<PrivateKey> PrivateKey::load(const std::filesystem::path& path, const Secret& passphrase) {
    const openssl::QuietErrors quiet;
    const auto named = [&path](Error error) {
        error.where = path.string();
        return std::unexpected(std::move(error));
    };
    const auto pem = read_private_file(path, kKeyFileBytesMax);
    if (!pem && pem.error().code == Code::oversized) {
        return fail(Code::malformed_key, "too large for a key", path.string());
    }
    if (!pem) return std::unexpected(pem.error());
    if (passphrase.size() > kPassphraseBytesMax) {
        return fail(Code::bad_passphrase, "longer than any passphrase here", path.string());
    }
    auto key = decrypt(*pem, passphrase);
    if (!key) return named(key.error());
    const openssl::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key->get(), nullptr));
    if (EVP_PKEY_get_base_id(key->get()) == EVP_PKEY_EC &&
        (context == nullptr || EVP_PKEY_pairwise_check(context.get()) != 1)) {
        return fail(Code::malformed_key, "its two halves do not belong together", path.string());
    }
    auto loaded = from_handle(openssl::share(std::move(*key)));
    if (!loaded) return named(loaded.error());
    return loaded;
}

Secret PrivateKey::raw() const {
    const Algorithm algorithm = public_key_.algorithm();
    if (algorithm != Algorithm::ed25519 && algorithm != Algorithm::x25519) return {};
    Secret raw(kRawBytes);
    std::size_t size = raw.size();
    CHECK(EVP_PKEY_get_raw_private_key(openssl::borrow(key_), raw.writable().data(), &size) == 1);
    CHECK(size == kRawBytes);
    return raw;
}

std::unique_ptr<Signer> PrivateKey::signer() const {
    return std::make_unique<KeySigner>(key_, public_key_);
}

Result<Secret> read_passphrase(const std::filesystem::path& path) {
    auto bytes = read_private_file(path, kPassphraseBytesMax + 1);
    if (!bytes) return std::unexpected(bytes.error());
    Secret secret(std::move(*bytes));
    if (secret.size() > 0 && secret.view().back() == '\n') secret.truncate(secret.size() - 1);
    if (secret.size() > kPassphraseBytesMax) {
        return fail(Code::oversized, "longer than any passphrase here", path.string());
    }
    if (!is_usable(secret.view())) {
        return fail(Code::malformed_input, "a passphrase file holds one line", path.string());
    }
    return secret;
}

Secret make_passphrase(Random& random) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    Secret entropy(32);
    random.fill(entropy.writable());
    Secret text(2 * entropy.size());
    for (std::size_t i = 0; i < entropy.size(); ++i) {
        text.writable()[2 * i] = static_cast<std::uint8_t>(kDigits[entropy.view()[i] >> 4]);
        text.writable()[2 * i + 1] = static_cast<std::uint8_t>(kDigits[entropy.view()[i] & 15]);
    }
    return text;
}

}  // namespace lienthong::keys
