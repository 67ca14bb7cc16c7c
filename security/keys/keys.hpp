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
#include "bus/base/random.hpp"
#include "bus/base/secret.hpp"

namespace lienthong::keys {

// What a key is for; text names as in the registry ("sign", "seal", …).
enum class Use : std::uint8_t { sign = 1, seal, curve, log, witness, administrator, authority };
std::string_view name(Use use);
std::optional<Use> maybe_use(std::string_view name);

enum class Algorithm : std::uint8_t { p256 = 1, ed25519, rsa_pss_3072, x25519 };

// SHA-256 of the SubjectPublicKeyInfo (DER). A key has one id: only the shortest usual encoding of
// a key is accepted (named curve, uncompressed point, DER).
using KeyId = Hash;
// The id of a raw key (ed25519, x25519; 32 bytes) without building it.
KeyId key_id_of_raw(Algorithm algorithm, BytesView raw32);

inline constexpr std::size_t kSpkiBytesMax = 2048;
inline constexpr std::size_t kCertificateBytesMax = 8192;
inline constexpr std::size_t kPassphraseBytesMax = 512;
inline constexpr unsigned kRsaBitsMin = 3072;
inline constexpr unsigned kRsaBitsMax = 8192;  // larger ones only cost the verifier time

// A public key that verifies signatures: ECDSA P-256 with SHA-256 (DER), Ed25519, RSA-PSS ≥ 3072
// with SHA-256. Immutable; may be used on several threads.
class PublicKey {
  public:
    // malformed_key; unknown_suite (another curve or algorithm); weak_suite (RSA under 3072 bits).
    // Ed25519 points of small order are malformed: their signatures bind nobody.
    static Result<PublicKey> from_spki(BytesView der);
    // bad_certificate, unknown_suite, weak_suite.
    static Result<PublicKey> from_certificate(BytesView der);
    static Result<PublicKey> from_raw_ed25519(BytesView raw32);  // malformed_key
    static Result<PublicKey> from_raw_x25519(BytesView raw32);   // malformed_key; verifies nothing

    // bad_signature if it does not hold; nothing else is learnt.
    Result<void> verify(BytesView message, BytesView signature) const;
    const KeyId& id() const { return id_; }
    Algorithm algorithm() const { return algorithm_; }
    const Bytes& spki() const { return spki_; }
    Bytes raw() const;  // Ed25519 and X25519: 32 bytes; else empty

  private:
    PublicKey() = default;
    std::shared_ptr<void> key_;  // EVP_PKEY
    Bytes spki_;
    KeyId id_;
    Algorithm algorithm_ = Algorithm::p256;
};

// A private key. Wherever it is kept (file now, PKCS#11 later), it only signs.
class Signer {
  public:
    virtual ~Signer() = default;
    // unknown_suite if the key cannot sign (X25519). A token may add io and unreachable.
    virtual Result<Bytes> sign(BytesView message) = 0;
    virtual const PublicKey& public_key() const = 0;
};

// A private key in memory: made here, or read from an encrypted PKCS#8 file.
class PrivateKey {
  public:
    static Result<PrivateKey> generate(Algorithm algorithm);
    // ed25519, x25519; for others bad_argument. malformed_key if not 32 bytes.
    static Result<PrivateKey> from_raw(Algorithm algorithm, BytesView raw32);

    // PKCS#8 PEM (RFC 5958) under PBES2: scrypt (N = 2^14, r = 8, p = 1: what libcrypto's limit of
    // 32 MiB allows, and a node that loads four keys still starts at once) and AES-256-CBC; mode
    // 0600, synced. `openssl pkey -in F -passin file:P` reads it. already_exists if a file is
    // there; bad_argument if the passphrase is empty, too long, or holds a zero byte or a line's
    // end.
    Result<void> save(const std::filesystem::path& path, const Secret& passphrase) const;
    // unsafe_mode, bad_passphrase, malformed_key, unknown_suite, weak_suite, no_such_file.
    static Result<PrivateKey> load(const std::filesystem::path& path, const Secret& passphrase);

    const PublicKey& public_key() const { return public_key_; }
    Secret raw() const;  // Ed25519 and X25519: 32 bytes; else empty
    std::unique_ptr<Signer> signer() const;
    std::shared_ptr<void> handle() const { return key_; }  // EVP_PKEY, for security/ only

  private:
    PrivateKey(std::shared_ptr<void> key, PublicKey public_key)
        : key_(std::move(key)), public_key_(std::move(public_key)) {}
    static Result<PrivateKey> from_handle(std::shared_ptr<void> key);
    std::shared_ptr<void> key_;
    PublicKey public_key_;
};

// A passphrase from a file (mode 0600, one trailing newline cut), or from systemd's
// $CREDENTIALS_DIRECTORY/lienthong-passphrase, which the caller passes as the path. One line of
// text: malformed_input if it is empty, or holds a zero byte or a second line; oversized;
// unsafe_mode.
Result<Secret> read_passphrase(const std::filesystem::path& path);
// 256 bits as 64 hexadecimal digits: the passphrase of a service, to be written to such a file.
Secret make_passphrase(Random& random);

// Both ends included. Certificates keep whole seconds; fractions are cut off.
struct Validity {
    Millis from = 0;
    Millis until = 0;
};

struct CertificateInfo {
    std::string subject;  // CN: "<agency>/<node or unit>/<use>", or the bus for the authority
    Use use = Use::sign;
    Validity validity;
    KeyId key_id;
    Bytes serial;  // as issued, without leading zeros
};

// The bus CA: a P-256 key and a self-signed certificate (CN = bus). bad_argument.
Result<Bytes> make_authority_certificate(const PrivateKey& authority,
                                         std::string_view bus,
                                         Validity validity);
// An X.509 v3 certificate (RFC 5280) whose critical keyUsage is what the use asks: sign and
// administrator digitalSignature, seal keyAgreement (P-256 only); other uses have no certificates.
// `subject` is two or three names joined by "/", the last one the use, 64 characters at most (the
// bound of RFC 5280). bad_argument; bad_certificate (the authority's); and as PublicKey::from_spki.
Result<Bytes> issue_certificate(const PrivateKey& authority,
                                BytesView authority_certificate,
                                std::string_view subject,
                                Use use,
                                BytesView subject_spki,
                                Validity validity,
                                BytesView serial16);
// Signature by the authority, key usage, validity of both at `at`: bad_certificate, expired_key.
// The authority's own certificate verifies too, with Use::authority: look at `use`.
Result<CertificateInfo> verify_certificate(BytesView certificate,
                                           BytesView authority_certificate,
                                           Millis at);
// What a certificate says, unverified: bad_certificate if it is not of the shape issued here.
Result<CertificateInfo> read_certificate(BytesView certificate);
std::string to_pem(BytesView certificate);

}  // namespace lienthong::keys
