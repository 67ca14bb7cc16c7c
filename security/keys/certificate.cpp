// SPDX-License-Identifier: Apache-2.0
// Makes certificates: the authority's own, and those that it issues.
#include <algorithm>
#include <ctime>

#include "security/keys/digest.hpp"
#include "security/keys/keys.hpp"
#include "security/keys/openssl.hpp"

namespace lienthong::keys {
namespace {

constexpr std::size_t kSubjectBytesMax = 64;  // ub-common-name of RFC 5280
constexpr std::size_t kSerialBytes = 16;
constexpr Millis kMillisMax = 253'402'300'799'999;  // the end of 9999: X.509 has four digits

openssl::Time to_asn1(Millis time) {
    return openssl::Time(ASN1_TIME_set(nullptr, static_cast<std::time_t>(time / 1000)));
}

Result<void> set_validity(X509* certificate, Validity validity) {
    if (validity.from > validity.until) return fail(Code::bad_argument, "ends before it begins");
    if (validity.from < 0 || validity.until > kMillisMax) {
        return fail(Code::bad_argument, "not between 1970 and 9999");
    }
    const openssl::Time from = to_asn1(validity.from);
    const openssl::Time until = to_asn1(validity.until);
    CHECK(from != nullptr && until != nullptr);
    CHECK(X509_set1_notBefore(certificate, from.get()) == 1);
    CHECK(X509_set1_notAfter(certificate, until.get()) == 1);
    return {};
}

void set_serial(X509* certificate, BytesView serial) {
    const openssl::Bignum number(
        BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    CHECK(number != nullptr);
    const openssl::Integer integer(BN_to_ASN1_INTEGER(number.get(), nullptr));
    CHECK(integer != nullptr && X509_set_serialNumber(certificate, integer.get()) == 1);
}

void set_common_name(X509* certificate, std::string_view text) {
    CHECK(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate),
                                     NID_commonName,
                                     MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()),
                                     -1,
                                     0) == 1);
}

void add_extension(X509* certificate, X509* issuer, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const openssl::Extension extension(X509V3_EXT_nconf_nid(nullptr, &context, id, value));
    CHECK(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void set_key(X509* certificate, BytesView spki) {
    const std::uint8_t* in = spki.data();
    const openssl::Key key(d2i_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
    CHECK(key != nullptr && X509_set_pubkey(certificate, key.get()) == 1);
}

Bytes sign(X509* certificate, const PrivateKey& authority) {
    CHECK(X509_sign(certificate, openssl::borrow(authority.handle()), openssl::sha256_method()) >
          0);
    Bytes der = openssl::to_der(i2d_X509, certificate);
    CHECK(!der.empty());
    return der;
}

// Two or three names joined by "/", of which the last is the use.
bool is_subject(std::string_view subject, Use use) {
    if (subject.size() > kSubjectBytesMax) return false;
    std::size_t count = 0;
    std::string_view rest = subject;
    std::string_view last;
    for (;; rest.remove_prefix(last.size() + 1)) {
        last = rest.substr(0, rest.find('/'));
        if (!is_name(last)) return false;
        ++count;
        if (last.size() == rest.size()) break;
    }
    return (count == 2 || count == 3) && last == name(use);
}

Result<void> check_request(std::string_view subject,
                           Use use,
                           const PublicKey& key,
                           BytesView serial) {
    if (use != Use::sign && use != Use::seal && use != Use::administrator) {
        return fail(Code::bad_argument, "keys for this use have no certificate");
    }
    if (!is_subject(subject, use)) {
        return fail(Code::bad_argument, "a subject is <agency>/<node or unit>/<use>");
    }
    const Algorithm algorithm = key.algorithm();
    if (use == Use::seal ? algorithm != Algorithm::p256 : algorithm == Algorithm::x25519) {
        return fail(Code::bad_argument, "a key of this algorithm is not for this use");
    }
    const bool zero = std::ranges::all_of(serial, [](std::uint8_t byte) { return byte == 0; });
    if (serial.size() != kSerialBytes || zero) {
        return fail(Code::bad_argument, "a serial number is 16 random bytes");
    }
    return {};
}

}  // namespace

Result<Bytes> make_authority_certificate(const PrivateKey& authority,
                                         std::string_view bus,
                                         Validity validity) {
    const openssl::QuietErrors quiet;
    if (!is_name(bus)) return fail(Code::bad_argument, "not the id of a bus");
    if (authority.public_key().algorithm() != Algorithm::p256) {
        return fail(Code::bad_argument, "the authority's key is P-256");
    }
    const Bytes spki = authority.public_key().spki();
    const openssl::X509Certificate made(X509_new());
    CHECK(made != nullptr && X509_set_version(made.get(), X509_VERSION_3) == 1);
    auto valid = set_validity(made.get(), validity);
    if (!valid) return std::unexpected(valid.error());
    // A renewed certificate gets another number, so that issuer and number name one certificate.
    const Bytes life = ByteWriter().i64(validity.from).i64(validity.until).take();
    const Hash serial = sha256({as_bytes("lienthong/authority-serial/v1"), life, spki});
    set_serial(made.get(), serial.view().first(kSerialBytes));
    set_common_name(made.get(), bus);
    CHECK(X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1);
    set_key(made.get(), spki);
    add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash");
    return sign(made.get(), authority);
}

Result<Bytes> issue_certificate(const PrivateKey& authority,
                                BytesView authority_certificate,
                                std::string_view subject,
                                Use use,
                                BytesView subject_spki,
                                Validity validity,
                                BytesView serial16) {
    const openssl::QuietErrors quiet;
    const auto key = PublicKey::from_spki(subject_spki);
    if (!key) return std::unexpected(key.error());
    auto fits = check_request(subject, use, *key, serial16);
    if (!fits) return std::unexpected(fits.error());
    const auto issuer_info = read_certificate(authority_certificate);
    if (!issuer_info) return std::unexpected(issuer_info.error());
    if (issuer_info->use != Use::authority || issuer_info->key_id != authority.public_key().id()) {
        return fail(Code::bad_certificate, "not the certificate of this authority's key");
    }
    const openssl::X509Certificate issuer = openssl::to_x509(authority_certificate);
    const openssl::X509Certificate made(X509_new());
    CHECK(issuer != nullptr && made != nullptr);
    CHECK(X509_set_version(made.get(), X509_VERSION_3) == 1);
    auto valid = set_validity(made.get(), validity);
    if (!valid) return std::unexpected(valid.error());
    set_serial(made.get(), serial16);
    set_common_name(made.get(), subject);
    CHECK(X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get())) == 1);
    set_key(made.get(), subject_spki);
    add_extension(made.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(made.get(),
                  issuer.get(),
                  NID_key_usage,
                  use == Use::seal ? "critical,keyAgreement" : "critical,digitalSignature");
    add_extension(made.get(), issuer.get(), NID_subject_key_identifier, "hash");
    add_extension(made.get(), issuer.get(), NID_authority_key_identifier, "keyid:always");
    return sign(made.get(), authority);
}

}  // namespace lienthong::keys
