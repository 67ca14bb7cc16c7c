// SPDX-License-Identifier: Apache-2.0
#include "security/seal/cms_shape.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "security/keys/openssl.hpp"
#include "security/seal/seal.hpp"

namespace lienthong::seal {
namespace {

// Walks over DER values of definite length, one after another. After the first value that is not
// as asked, ok() is false and every further one is empty.
class DerWalk {
  public:
    explicit DerWalk(BytesView der) : rest_(der) {}

    // The content of the next value, which must have this tag.
    BytesView take(int tag, int tag_class = V_ASN1_UNIVERSAL) {
        const std::uint8_t* at = rest_.data();
        long size = 0;
        int tag_found = 0;
        int class_found = 0;
        if (!ok_ || rest_.empty()) return refuse();
        const int form =
            ASN1_get_object(&at, &size, &tag_found, &class_found, static_cast<long>(rest_.size()));
        constexpr int kUnusable = 0x80 | 0x01;  // no DER; indefinite length
        if ((form & kUnusable) != 0 || tag_found != tag || class_found != tag_class) {
            return refuse();
        }
        const BytesView content(at, static_cast<std::size_t>(size));
        rest_ = rest_.subspan(static_cast<std::size_t>(at - rest_.data()) + content.size());
        return content;
    }
    // True if there was such a value; then it is also the next one.
    bool take_exactly(int tag, BytesView content) {
        if (!equal(take(tag), content)) refuse();
        return ok_;
    }
    bool done() const { return ok_ && rest_.empty(); }
    bool ok() const { return ok_; }
    bool empty() const { return rest_.empty(); }

  private:
    BytesView refuse() {
        ok_ = false;
        rest_ = {};
        return {};
    }
    BytesView rest_;
    bool ok_ = true;
};

// 1.2.840.113549.1.9.16.1.23, 1.2.840.113549.1.7.1, 2.16.840.1.101.3.4.1.46
constexpr std::array<std::uint8_t, 11> kAuthEnvelopedData = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};
constexpr std::array<std::uint8_t, 9> kData = {
    0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
constexpr std::array<std::uint8_t, 9> kAes256Gcm = {
    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e};
constexpr std::array<std::uint8_t, 1> kVersion0 = {0};
constexpr std::array<std::uint8_t, 1> kTagBytes = {16};
constexpr std::size_t kNonceBytes = 12;

bool is_aes_256_gcm(BytesView identifier) {
    DerWalk walk(identifier);
    walk.take_exactly(V_ASN1_OBJECT, kAes256Gcm);
    DerWalk parameters(walk.take(V_ASN1_SEQUENCE));
    const BytesView nonce = parameters.take(V_ASN1_OCTET_STRING);
    parameters.take_exactly(V_ASN1_INTEGER, kTagBytes);
    return walk.done() && parameters.done() && nonce.size() == kNonceBytes;
}

// 1.2.840.10045.2.1, 1.3.132.1.11.1, 2.16.840.1.101.3.4.1.45
constexpr std::array<std::uint8_t, 7> kEcPublicKey = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
constexpr std::array<std::uint8_t, 6> kEcdhSha256 = {0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01};
constexpr std::array<std::uint8_t, 9> kAes256Wrap = {
    0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d};
constexpr std::array<std::uint8_t, 1> kVersion3 = {3};
constexpr std::size_t kPointBytes = 66;    // unused bits, 04, two coordinates
constexpr std::size_t kWrappedBytes = 40;  // RFC 3394: 32 and 8

// Only an algorithm without parameters.
bool is_algorithm(BytesView identifier, BytesView oid) {
    DerWalk walk(identifier);
    walk.take_exactly(V_ASN1_OBJECT, oid);
    return walk.done();
}

bool is_key_agreement(BytesView identifier) {
    DerWalk walk(identifier);
    walk.take_exactly(V_ASN1_OBJECT, kEcdhSha256);
    const BytesView wrap = walk.take(V_ASN1_SEQUENCE);
    return walk.done() && is_algorithm(wrap, kAes256Wrap);
}

Bytes name_of(BytesView issuer, BytesView serial) {
    return ByteWriter().prefixed(issuer).prefixed(serial).take();
}

std::optional<Bytes> maybe_recipient(BytesView recipient) {
    DerWalk walk(recipient);
    walk.take_exactly(V_ASN1_INTEGER, kVersion3);
    DerWalk originator(walk.take(0, V_ASN1_CONTEXT_SPECIFIC));
    DerWalk key(originator.take(1, V_ASN1_CONTEXT_SPECIFIC));
    const BytesView algorithm = key.take(V_ASN1_SEQUENCE);
    const BytesView point = key.take(V_ASN1_BIT_STRING);
    const BytesView agreement = walk.take(V_ASN1_SEQUENCE);
    DerWalk wraps(walk.take(V_ASN1_SEQUENCE));
    DerWalk wrap(wraps.take(V_ASN1_SEQUENCE));
    DerWalk name(wrap.take(V_ASN1_SEQUENCE));
    const BytesView wrapped = wrap.take(V_ASN1_OCTET_STRING);
    const BytesView issuer = name.take(V_ASN1_SEQUENCE);
    const BytesView serial = name.take(V_ASN1_INTEGER);
    if (!walk.done() || !originator.done() || !key.done() || !wraps.done() || !wrap.done() ||
        !name.done() || !is_algorithm(algorithm, kEcPublicKey) || !is_key_agreement(agreement) ||
        point.size() != kPointBytes || point[0] != 0 || point[1] != POINT_CONVERSION_UNCOMPRESSED ||
        wrapped.size() != kWrappedBytes) {
        return std::nullopt;
    }
    return name_of(issuer, serial);
}

struct Outline {
    BytesView recipients;
    std::size_t ciphertext_bytes = 0;
};

Result<Outline> outline_of(BytesView cms) {
    const keys::openssl::QuietErrors quiet;
    DerWalk file(cms);
    DerWalk info(file.take(V_ASN1_SEQUENCE));
    info.take_exactly(V_ASN1_OBJECT, kAuthEnvelopedData);
    DerWalk wrapper(info.take(0, V_ASN1_CONTEXT_SPECIFIC));
    DerWalk data(wrapper.take(V_ASN1_SEQUENCE));
    data.take_exactly(V_ASN1_INTEGER, kVersion0);
    const BytesView recipients = data.take(V_ASN1_SET);
    DerWalk content(data.take(V_ASN1_SEQUENCE));
    const BytesView tag = data.take(V_ASN1_OCTET_STRING);
    content.take_exactly(V_ASN1_OBJECT, kData);
    const BytesView algorithm = content.take(V_ASN1_SEQUENCE);
    const BytesView ciphertext = content.take(0, V_ASN1_CONTEXT_SPECIFIC);
    if (!file.done() || !info.done() || !wrapper.done() || !data.done() || !content.done()) {
        return fail(Code::malformed_section, "not a CMS AuthEnvelopedData in DER");
    }
    if (!is_aes_256_gcm(algorithm) || tag.size() != kTagBytes[0]) {
        return fail(Code::malformed_section, "not AES-256-GCM with a whole tag");
    }
    if (recipients.empty() || ciphertext.empty()) {
        return fail(Code::malformed_section, "nobody or nothing in it");
    }
    return Outline{recipients, ciphertext.size()};
}

}  // namespace

Result<std::size_t> ciphertext_bytes(BytesView cms) {
    auto outline = outline_of(cms);
    if (!outline) return std::unexpected(outline.error());
    return outline->ciphertext_bytes;
}

Result<std::vector<Bytes>> recipients_of(BytesView cms) {
    auto outline = outline_of(cms);
    if (!outline) return std::unexpected(outline.error());
    const keys::openssl::QuietErrors quiet;
    std::vector<Bytes> names;
    DerWalk recipients(outline->recipients);
    while (!recipients.empty()) {
        auto name = maybe_recipient(recipients.take(1, V_ASN1_CONTEXT_SPECIFIC));
        if (!name || names.size() == kRecipientsMax) {
            return fail(Code::malformed_section, "a recipient of another form, or too many");
        }
        names.push_back(std::move(*name));
    }
    std::ranges::sort(names);
    return names;
}

Result<Bytes> recipient_name(BytesView certificate) {
    const keys::openssl::QuietErrors quiet;
    DerWalk file(certificate);
    DerWalk whole(file.take(V_ASN1_SEQUENCE));
    DerWalk body(whole.take(V_ASN1_SEQUENCE));
    body.take(0, V_ASN1_CONTEXT_SPECIFIC);  // version
    const BytesView serial = body.take(V_ASN1_INTEGER);
    body.take(V_ASN1_SEQUENCE);  // algorithm of the signature
    const BytesView issuer = body.take(V_ASN1_SEQUENCE);
    if (!body.ok()) return fail(Code::bad_certificate, "no issuer or serial number");
    return name_of(issuer, serial);
}

}  // namespace lienthong::seal
