// SPDX-License-Identifier: Apache-2.0
// Reads and verifies certificates.
#include <algorithm>

#include "security/keys/keys.hpp"
#include "security/keys/openssl.hpp"

namespace lienthong::keys {
namespace {

// Milliseconds since 1970, or nothing if the field is no time.
std::optional<Millis> maybe_millis(const ASN1_TIME* time) {
    const openssl::Time epoch(ASN1_TIME_set(nullptr, 0));
    CHECK(epoch != nullptr);
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return std::nullopt;
    return (Millis{days} * 86'400 + seconds) * 1000;
}

// The subject, if it is one common name.
std::optional<std::string> maybe_common_name(const X509_NAME* name) {
    if (X509_NAME_entry_count(name) != 1) return std::nullopt;
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, 0);
    if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName) return std::nullopt;
    const ASN1_STRING* const text = X509_NAME_ENTRY_get_data(entry);
    const int type = ASN1_STRING_type(text);
    if (type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING) return std::nullopt;
    return std::string(
        as_text({ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text))}));
}

// The last name of the subject, which must be the use that the key usage says.
std::optional<Use> maybe_leaf_use(std::string_view subject, std::uint32_t usage) {
    const std::size_t slash = subject.rfind('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto use = maybe_use(subject.substr(slash + 1));
    for (std::string_view rest = subject;;) {
        const std::string_view part = rest.substr(0, rest.find('/'));
        if (!is_name(part)) return std::nullopt;
        if (part.size() == rest.size()) break;
        rest.remove_prefix(part.size() + 1);
    }
    const bool signs = use == Use::sign || use == Use::administrator;
    if (signs && usage == KU_DIGITAL_SIGNATURE) return use;
    if (use == Use::seal && usage == KU_KEY_AGREEMENT) return use;
    return std::nullopt;
}

std::optional<Use> maybe_use_of(X509* certificate, std::string_view subject) {
    constexpr std::uint32_t kWrong = EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_PROXY;
    const std::uint32_t flags = X509_get_extension_flags(certificate);
    if ((flags & kWrong) != 0 || (flags & EXFLAG_KUSAGE) == 0 || (flags & EXFLAG_BCONS) == 0) {
        return std::nullopt;
    }
    const std::uint32_t usage = X509_get_key_usage(certificate);
    if ((flags & EXFLAG_CA) == 0) return maybe_leaf_use(subject, usage);
    if (usage != (KU_KEY_CERT_SIGN | KU_CRL_SIGN) || !is_name(subject)) return std::nullopt;
    return Use::authority;
}

Bytes serial_of(const X509* certificate) {
    const openssl::Bignum number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    CHECK(number != nullptr);
    Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
    BN_bn2bin(number.get(), bytes.data());
    return bytes;
}

// Path validation of RFC 5280 by OpenSSL, with the authority as the only trust anchor.
bool is_signed_by(X509* certificate, X509* authority, Millis at) {
    const openssl::Store store(X509_STORE_new());
    const openssl::StoreContext context(X509_STORE_CTX_new());
    CHECK(store != nullptr && context != nullptr);
    CHECK(X509_STORE_add_cert(store.get(), authority) == 1);
    CHECK(X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr) == 1);
    X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(rules, static_cast<std::time_t>(at / 1000));
    X509_VERIFY_PARAM_set_depth(rules, 1);
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    return X509_verify_cert(context.get()) == 1 &&
           X509_get_signature_nid(certificate) == NID_ecdsa_with_SHA256;
}

// A certificate of the shape issued here, parsed once.
struct Parsed {
    openssl::X509Certificate certificate;
    CertificateInfo info;
};

Result<Parsed> parse(BytesView der) {
    if (der.empty() || der.size() > kCertificateBytesMax) {
        return fail(Code::bad_certificate, "a certificate of impossible size");
    }
    openssl::X509Certificate parsed = openssl::to_x509(der);
    if (parsed == nullptr || X509_get_version(parsed.get()) != X509_VERSION_3) {
        return fail(Code::bad_certificate, "not an X.509 v3 certificate");
    }
    const auto key =
        PublicKey::from_spki(openssl::to_der(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(parsed.get())));
    if (!key) return fail(Code::bad_certificate, "its key: " + key.error().detail);
    auto subject = maybe_common_name(X509_get_subject_name(parsed.get()));
    const auto from = maybe_millis(X509_get0_notBefore(parsed.get()));
    const auto until = maybe_millis(X509_get0_notAfter(parsed.get()));
    if (!subject || !from || !until) {
        return fail(Code::bad_certificate, "subject or validity is not of this bus's shape");
    }
    const auto use = maybe_use_of(parsed.get(), *subject);
    if (!use) return fail(Code::bad_certificate, "key usage and subject do not name one use");
    const Algorithm algorithm = key->algorithm();
    const bool p256_only = *use == Use::seal || *use == Use::authority;
    if (p256_only ? algorithm != Algorithm::p256 : algorithm == Algorithm::x25519) {
        return fail(Code::bad_certificate, "a key of this algorithm is not for this use");
    }
    CertificateInfo info{.subject = std::move(*subject),
                         .use = *use,
                         .validity = {.from = *from, .until = *until},
                         .key_id = key->id(),
                         .serial = serial_of(parsed.get())};
    return Parsed{.certificate = std::move(parsed), .info = std::move(info)};
}

}  // namespace

Result<CertificateInfo> read_certificate(BytesView certificate) {
    const openssl::QuietErrors quiet;
    auto parsed = parse(certificate);
    if (!parsed) return std::unexpected(parsed.error());
    return std::move(parsed->info);
}

Result<CertificateInfo> verify_certificate(BytesView certificate,
                                           BytesView authority_certificate,
                                           Millis at) {
    const openssl::QuietErrors quiet;
    auto parsed = parse(certificate);
    if (!parsed) return std::unexpected(parsed.error());
    const auto authority = parse(authority_certificate);
    if (!authority || authority->info.use != Use::authority) {
        return fail(Code::bad_certificate, "the authority's certificate is not one");
    }
    if (parsed->info.use == Use::authority && !equal(certificate, authority_certificate)) {
        return fail(Code::bad_certificate, "another authority");
    }
    // Judged inside its own validity first: who forged a certificate is not told that it expired.
    const Validity own = parsed->info.validity;
    const Validity issuer = authority->info.validity;
    const Millis from = std::max(own.from, issuer.from);
    const Millis until = std::min(own.until, issuer.until);
    if (from > until ||
        !is_signed_by(parsed->certificate.get(), authority->certificate.get(), from)) {
        return fail(Code::bad_certificate, "not issued by the authority of this bus");
    }
    if (at < from || at > until) {
        return fail(Code::expired_key, "the certificate is not valid at that time");
    }
    return std::move(parsed->info);
}

std::string to_pem(BytesView certificate) {
    const openssl::QuietErrors quiet;
    const openssl::Bio out(BIO_new(BIO_s_mem()));
    CHECK(out != nullptr);
    CHECK(PEM_write_bio(out.get(),
                        PEM_STRING_X509,
                        "",
                        certificate.data(),
                        static_cast<long>(certificate.size())) > 0);
    return std::string(as_text(openssl::take_bytes(out.get())));
}

}  // namespace lienthong::keys
