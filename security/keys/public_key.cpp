// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include "security/keys/digest.hpp"
#include "security/keys/keys.hpp"
#include "security/keys/openssl.hpp"

namespace lienthong::keys {
namespace {

struct UseName {
    Use use;
    std::string_view name;
};
constexpr std::array kUseNames = {UseName{Use::sign, "sign"},
                                  UseName{Use::seal, "seal"},
                                  UseName{Use::curve, "curve"},
                                  UseName{Use::log, "log"},
                                  UseName{Use::witness, "witness"},
                                  UseName{Use::administrator, "administrator"},
                                  UseName{Use::authority, "authority"}};

// All of a SubjectPublicKeyInfo up to the key's own bytes (RFC 5480, RFC 8410).
constexpr std::array<std::uint8_t, 27> kP256Prefix = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
constexpr std::array<std::uint8_t, 12> kEd25519Prefix = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::array<std::uint8_t, 12> kX25519Prefix = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00};
constexpr std::size_t kP256SpkiBytes = kP256Prefix.size() + 64;
constexpr std::size_t kRawBytes = 32;
constexpr std::size_t kRawSpkiBytes = kEd25519Prefix.size() + kRawBytes;

bool starts_with(BytesView bytes, BytesView prefix) {
    return bytes.size() >= prefix.size() && equal(bytes.first(prefix.size()), prefix);
}

BytesView raw_prefix(Algorithm algorithm) {
    CHECK(algorithm == Algorithm::ed25519 || algorithm == Algorithm::x25519);
    return algorithm == Algorithm::ed25519 ? BytesView(kEd25519Prefix) : BytesView(kX25519Prefix);
}

// The y coordinates (little-endian) of the points of order 1, 2, 4 and 8 of edwards25519: all
// multiples of (order of the base point) times some point. With such a key a signature made for one
// message holds for others too.
constexpr std::array<std::uint8_t, 32> kOrder8Y = {
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
    0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};
constexpr std::array<std::uint8_t, 32> kOrder8NegativeY = {
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
    0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a};

// Small order, or a y that is not reduced modulo 2^255 - 19 (a second encoding of some key).
bool is_bad_ed25519(BytesView raw32) {
    std::array<std::uint8_t, 32> y{};
    std::ranges::copy(raw32, y.begin());
    y[31] &= 0x7f;  // the sign of x
    if (y == kOrder8Y || y == kOrder8NegativeY) return true;
    const auto middle = std::span(y).subspan(1, 30);
    const auto are = [middle](std::uint8_t value) {
        return std::ranges::all_of(middle, [value](std::uint8_t byte) { return byte == value; });
    };
    if (are(0x00) && y[31] == 0x00) return y[0] <= 1;     // 0 and 1
    if (are(0xff) && y[31] == 0x7f) return y[0] >= 0xec;  // p - 1, and p and above
    return false;
}

struct Decoded {
    openssl::Key key;
    Algorithm algorithm;
};

// OpenSSL checks that the point is on the curve.
Result<Decoded> decode_p256(BytesView point) {
    const openssl::KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    CHECK(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
    // OSSL_PARAM takes no const data.
    std::string group = SN_X9_62_prime256v1;
    Bytes copy = to_bytes(point);
    std::array parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.data()) != 1) {
        return fail(Code::malformed_key, "not a point of P-256");
    }
    return Decoded{.key = openssl::Key(key), .algorithm = Algorithm::p256};
}

Result<Decoded> decode_raw(Algorithm algorithm, BytesView raw32) {
    if (algorithm == Algorithm::ed25519 && is_bad_ed25519(raw32)) {
        return fail(Code::malformed_key, "an Ed25519 point of small order");
    }
    const int type = algorithm == Algorithm::ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_X25519;
    openssl::Key key(EVP_PKEY_new_raw_public_key(type, nullptr, raw32.data(), raw32.size()));
    CHECK(key != nullptr);
    return Decoded{.key = std::move(key), .algorithm = algorithm};
}

// RSA; and why it is refused, if it is anything else.
Result<Decoded> decode_other(BytesView der) {
    const std::uint8_t* in = der.data();
    openssl::Key key(d2i_PUBKEY(nullptr, &in, static_cast<long>(der.size())));
    if (key == nullptr || in != der.data() + der.size()) {
        return fail(Code::malformed_key, "not a SubjectPublicKeyInfo");
    }
    const int type = EVP_PKEY_get_base_id(key.get());
    if (type == EVP_PKEY_EC) {
        std::array<char, 32> group{};
        const bool named =
            EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), nullptr) == 1;
        if (named && std::string_view(group.data()) == SN_X9_62_prime256v1) {
            return fail(Code::malformed_key, "not the usual encoding of a P-256 key");
        }
        return fail(Code::unknown_suite, "a curve other than P-256");
    }
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_RSA_PSS) {
        return fail(Code::unknown_suite, "a key of another algorithm");
    }
    const int bits = EVP_PKEY_get_bits(key.get());
    if (bits < static_cast<int>(kRsaBitsMin)) return fail(Code::weak_suite, "RSA under 3072 bits");
    if (bits > static_cast<int>(kRsaBitsMax)) {
        return fail(Code::unknown_suite, "RSA over 8192 bits");
    }
    if (!equal(openssl::to_der(i2d_PUBKEY, key.get()), der)) {
        return fail(Code::malformed_key, "not in DER");
    }
    return Decoded{.key = std::move(key), .algorithm = Algorithm::rsa_pss_3072};
}

// For all but RSA the whole encoding is fixed, so that one key cannot come with two ids, and
// OpenSSL's general decoder (ten times slower) is not needed.
Result<Decoded> decode(BytesView der) {
    if (der.size() == kP256SpkiBytes && starts_with(der, kP256Prefix)) {
        return decode_p256(der.subspan(kP256Prefix.size() - 1));
    }
    if (der.size() == kRawSpkiBytes && starts_with(der, kEd25519Prefix)) {
        return decode_raw(Algorithm::ed25519, der.last(kRawBytes));
    }
    if (der.size() == kRawSpkiBytes && starts_with(der, kX25519Prefix)) {
        return decode_raw(Algorithm::x25519, der.last(kRawBytes));
    }
    return decode_other(der);
}

bool verify_digest(EVP_PKEY* key, Algorithm algorithm, BytesView message, BytesView signature) {
    const Hash digest = sha256(message);
    const openssl::KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    if (context == nullptr || EVP_PKEY_verify_init(context.get()) != 1) return false;
    if (algorithm == Algorithm::rsa_pss_3072 &&
        (EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) != 1 ||
         EVP_PKEY_CTX_set_signature_md(context.get(), openssl::sha256_method()) != 1 ||
         EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), openssl::sha256_method()) != 1 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) != 1)) {
        return false;
    }
    // For ECDSA, OpenSSL itself refuses all but the DER encoding.
    return EVP_PKEY_verify(context.get(),
                           signature.data(),
                           signature.size(),
                           digest.bytes.data(),
                           digest.bytes.size()) == 1;
}

bool verify_ed25519(EVP_PKEY* key, BytesView message, BytesView signature) {
    const openssl::DigestContext context(EVP_MD_CTX_new());
    CHECK(context != nullptr);
    if (EVP_DigestVerifyInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key, nullptr) !=
        1) {
        return false;
    }
    const std::uint8_t none = 0;
    return EVP_DigestVerify(context.get(),
                            signature.data(),
                            signature.size(),
                            message.empty() ? &none : message.data(),
                            message.size()) == 1;
}

}  // namespace

std::string_view name(Use use) {
    const auto* const found = std::ranges::find(kUseNames, use, &UseName::use);
    CHECK(found != kUseNames.end());
    return found->name;
}

std::optional<Use> maybe_use(std::string_view name) {
    const auto* const found = std::ranges::find(kUseNames, name, &UseName::name);
    if (found == kUseNames.end()) return std::nullopt;
    return found->use;
}

KeyId key_id_of_raw(Algorithm algorithm, BytesView raw32) {
    CHECK(raw32.size() == kRawBytes);
    return sha256({raw_prefix(algorithm), raw32});
}

Result<PublicKey> PublicKey::from_spki(BytesView der) {
    const openssl::QuietErrors quiet;
    if (der.empty() || der.size() > kSpkiBytesMax) {
        return fail(Code::malformed_key, "a public key of impossible size");
    }
    auto decoded = decode(der);
    if (!decoded) return std::unexpected(decoded.error());
    PublicKey made;
    made.key_ = openssl::share(std::move(decoded->key));
    made.spki_ = to_bytes(der);
    made.id_ = sha256(der);
    made.algorithm_ = decoded->algorithm;
    return made;
}

Result<PublicKey> PublicKey::from_certificate(BytesView der) {
    const openssl::QuietErrors quiet;
    if (der.empty() || der.size() > kCertificateBytesMax) {
        return fail(Code::bad_certificate, "a certificate of impossible size");
    }
    const openssl::X509Certificate certificate = openssl::to_x509(der);
    if (certificate == nullptr) return fail(Code::bad_certificate, "not a certificate");
    const Bytes spki = openssl::to_der(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(certificate.get()));
    auto key = from_spki(spki);
    if (!key && key.error().code == Code::malformed_key) {
        return fail(Code::bad_certificate, "its key: " + key.error().detail);
    }
    return key;
}

Result<PublicKey> PublicKey::from_raw_ed25519(BytesView raw32) {
    if (raw32.size() != kRawBytes) return fail(Code::malformed_key, "not 32 bytes");
    return from_spki(ByteWriter().raw(kEd25519Prefix).raw(raw32).bytes());
}

Result<PublicKey> PublicKey::from_raw_x25519(BytesView raw32) {
    if (raw32.size() != kRawBytes) return fail(Code::malformed_key, "not 32 bytes");
    return from_spki(ByteWriter().raw(kX25519Prefix).raw(raw32).bytes());
}

Result<void> PublicKey::verify(BytesView message, BytesView signature) const {
    const openssl::QuietErrors quiet;
    EVP_PKEY* const key = openssl::borrow(key_);
    bool holds = false;
    switch (algorithm_) {
        case Algorithm::p256:
        case Algorithm::rsa_pss_3072:
            holds = verify_digest(key, algorithm_, message, signature);
            break;
        case Algorithm::ed25519:
            holds = verify_ed25519(key, message, signature);
            break;
        case Algorithm::x25519:
            break;  // agrees on keys, signs nothing
    }
    if (!holds) return fail(Code::bad_signature);
    return {};
}

Bytes PublicKey::raw() const {
    if (algorithm_ != Algorithm::ed25519 && algorithm_ != Algorithm::x25519) return {};
    Bytes raw(kRawBytes);
    std::size_t size = raw.size();
    CHECK(EVP_PKEY_get_raw_public_key(openssl::borrow(key_), raw.data(), &size) == 1);
    CHECK(size == kRawBytes);
    return raw;
}

}  // namespace lienthong::keys
