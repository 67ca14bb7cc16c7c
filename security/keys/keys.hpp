// SPDX-License-Identifier: Apache-2.0
// Keys: private ones behind Signer, public ones to verify with, certificates of the bus CA, and the
// encrypted files that keep private keys. No OpenSSL type leaves security/.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/base/secret.hpp"

namespace lienthong::keys {

// What a key is for; text names as in the registry ("sign", "seal", …).
enum class Use : std::uint8_t { sign = 1, seal, curve, log, witness, administrator, authority };
std::string_view name(Use use);
std::optional<Use> maybe_use(std::string_view name);

enum class Algorithm : std::uint8_t { p256 = 1, ed25519, rsa_pss_3072, x25519 };

// SHA-256 of the SubjectPublicKeyInfo (DER).
using KeyId = Hash;

// A public key that verifies signatures: ECDSA P-256 with SHA-256 (DER), Ed25519, RSA-PSS ≥ 3072
// with SHA-256. Immutable; may be used on several threads.
class PublicKey {
  public:
    static Result<PublicKey> from_spki(BytesView der);           // malformed_key, unknown_suite
    static Result<PublicKey> from_certificate(BytesView der);    // bad_certificate, unknown_suite
    static Result<PublicKey> from_raw_ed25519(BytesView raw32);  // malformed_key

    // bad_signature if it does not hold; nothing else is learnt.
    Result<void> verify(BytesView message, BytesView signature) const;
    const KeyId& id() const { return id_; }
    Algorithm algorithm() const { return algorithm_; }
    Bytes spki() const;
    Bytes raw() const;  // Ed25519 and X25519: 32 bytes; else empty

  private:
    PublicKey() = default;
    std::shared_ptr<void> key_;  // EVP_PKEY
    KeyId id_;
    Algorithm algorithm_ = Algorithm::p256;
};

// A private key. Wherever it is kept (file now, PKCS#11 later), it only signs.
class Signer {
  public:
    virtual ~Signer() = default;
    virtual Result<Bytes> sign(BytesView message) = 0;
    virtual const PublicKey& public_key() const = 0;
};

// A private key in memory: made here, or read from an encrypted PKCS#8 file.
class PrivateKey {
  public:
    static Result<PrivateKey> generate(Algorithm algorithm);
    static Result<PrivateKey> from_raw(Algorithm algorithm, BytesView raw32);  // ed25519, x25519

    // AES-256-CBC PKCS#8 PEM with scrypt or PBKDF2, mode 0600, synced. already_exists if a file is
    // there.
    Result<void> save(const std::filesystem::path& path, const Secret& passphrase) const;
    // unsafe_mode, bad_passphrase, malformed_key, no_such_file.
    static Result<PrivateKey> load(const std::filesystem::path& path, const Secret& passphrase);

    const PublicKey& public_key() const { return public_key_; }
    Secret raw() const;  // Ed25519 and X25519 only
    std::unique_ptr<Signer> signer() const;
    std::shared_ptr<void> handle() const { return key_; }  // EVP_PKEY, for security/ only

  private:
    PrivateKey(std::shared_ptr<void> key, PublicKey public_key)
        : key_(std::move(key)), public_key_(std::move(public_key)) {}
    std::shared_ptr<void> key_;
    PublicKey public_key_;
};

// A passphrase from a file (mode 0600, one trailing newline cut), or from systemd's
// $CREDENTIALS_DIRECTORY/lienthong-passphrase, which the caller passes as the path.
Result<Secret> read_passphrase(const std::filesystem::path& path);

struct Validity {
    Millis from = 0;
    Millis until = 0;
};

struct CertificateInfo {
    std::string subject;  // CN: "<agency>/<node or unit>/<use>"
    Use use = Use::sign;
    Validity validity;
    KeyId key_id;
    Bytes serial;
};

// The bus CA: a P-256 key and a self-signed certificate.
Result<Bytes> make_authority_certificate(const PrivateKey& authority,
                                         std::string_view bus,
                                         Validity validity);
// keyUsage and extendedKeyUsage as the use asks (sign: digitalSignature; seal: keyAgreement).
Result<Bytes> issue_certificate(const PrivateKey& authority,
                                BytesView authority_certificate,
                                std::string_view subject,
                                Use use,
                                BytesView subject_spki,
                                Validity validity,
                                BytesView serial16);
// Signature by the authority, key usage, validity at `at`: bad_certificate, expired_key.
Result<CertificateInfo> verify_certificate(BytesView certificate,
                                           BytesView authority_certificate,
                                           Millis at);
Result<CertificateInfo> read_certificate(BytesView certificate);
std::string to_pem(BytesView certificate);

}  // namespace lienthong::keys
