// SPDX-License-Identifier: Apache-2.0
#include "security/seal/seal.hpp"

#include <array>
#include <optional>
#include <string_view>

#include "security/keys/openssl.hpp"
#include "security/seal/cms_shape.hpp"

namespace lienthong::seal {
namespace {

namespace openssl = keys::openssl;

// Use::seal, as keys::read_certificate judges it, without decoding the key a second time.
bool can_receive(X509* certificate) {
    constexpr std::uint32_t kWrong = EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_CA;
    if ((X509_get_extension_flags(certificate) & kWrong) != 0 ||
        X509_get_key_usage(certificate) != KU_KEY_AGREEMENT) {
        return false;
    }
    const EVP_PKEY* const key = X509_get0_pubkey(certificate);
    std::array<char, 32> group{};
    return key != nullptr &&
           EVP_PKEY_get_group_name(key, group.data(), group.size(), nullptr) == 1 &&
           std::string_view(group.data()) == SN_X9_62_prime256v1;
}

// Adds one recipient by ECDH with a SHA-256 key derivation (the default here would be SHA-1). The
// key wrap follows the cipher: AES-256.
Result<void> add_recipient(CMS_ContentInfo* cms, BytesView certificate) {
    const openssl::X509Certificate parsed = openssl::to_x509(certificate);
    if (parsed == nullptr || !can_receive(parsed.get())) {
        return fail(Code::bad_certificate, "not a certificate to seal to");
    }
    CMS_RecipientInfo* const recipient = CMS_add1_recipient_cert(cms, parsed.get(), CMS_KEY_PARAM);
    if (recipient == nullptr || CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_AGREE) {
        return fail(Code::bad_certificate, "its key cannot agree on one");
    }
    EVP_PKEY_CTX* const context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
    CHECK(context != nullptr &&
          EVP_PKEY_CTX_set_ecdh_kdf_md(context, openssl::sha256_method()) == 1);
    return {};
}

// dhSinglePass-stdDH-sha256kdf-scheme with aes256-wrap.
bool is_expected(CMS_RecipientInfo* recipient) {
    X509_ALGOR* scheme = nullptr;
    ASN1_OCTET_STRING* shared = nullptr;
    if (CMS_RecipientInfo_type(recipient) != CMS_RECIPINFO_AGREE ||
        CMS_RecipientInfo_kari_get0_alg(recipient, &scheme, &shared) != 1) {
        return false;
    }
    const ASN1_OBJECT* object = nullptr;
    int type = V_ASN1_UNDEF;
    const void* value = nullptr;
    X509_ALGOR_get0(&object, &type, &value, scheme);
    if (OBJ_obj2nid(object) != NID_dhSinglePass_stdDH_sha256kdf_scheme || type != V_ASN1_SEQUENCE) {
        return false;
    }
    const auto* const sequence = static_cast<const ASN1_STRING*>(value);
    const std::uint8_t* in = ASN1_STRING_get0_data(sequence);
    const openssl::Identifier wrap(d2i_X509_ALGOR(nullptr, &in, ASN1_STRING_length(sequence)));
    if (wrap == nullptr) return false;
    X509_ALGOR_get0(&object, nullptr, nullptr, wrap.get());
    return OBJ_obj2nid(object) == NID_id_aes256_wrap;
}

// The place of this certificate among the recipients, once all of them are of the expected kind.
struct Place {
    CMS_RecipientInfo* recipient = nullptr;
    CMS_RecipientEncryptedKey* wrapped = nullptr;
};

Result<Place> find_place(CMS_ContentInfo* cms, X509* certificate) {
    STACK_OF(CMS_RecipientInfo)* const recipients = CMS_get0_RecipientInfos(cms);
    if (recipients == nullptr || sk_CMS_RecipientInfo_num(recipients) < 1 ||
        sk_CMS_RecipientInfo_num(recipients) > static_cast<int>(kRecipientsMax)) {
        return fail(Code::malformed_section, "no recipients, or too many");
    }
    std::optional<Place> found;
    for (int i = 0; i < sk_CMS_RecipientInfo_num(recipients); ++i) {
        CMS_RecipientInfo* const recipient = sk_CMS_RecipientInfo_value(recipients, i);
        if (!is_expected(recipient)) {
            return fail(Code::malformed_section, "a recipient by another method");
        }
        STACK_OF(CMS_RecipientEncryptedKey)* const wraps =
            CMS_RecipientInfo_kari_get0_reks(recipient);
        for (int k = 0; k < sk_CMS_RecipientEncryptedKey_num(wraps); ++k) {
            CMS_RecipientEncryptedKey* const wrap = sk_CMS_RecipientEncryptedKey_value(wraps, k);
            if (!found && CMS_RecipientEncryptedKey_cert_cmp(wrap, certificate) == 0) {
                found = Place{.recipient = recipient, .wrapped = wrap};
            }
        }
    }
    if (!found) return fail(Code::locked, "not sealed to this certificate");
    return *found;
}

// Straight from OpenSSL's chain of filters into the secret: CMS_decrypt would go through a buffer
// on the stack that nobody wipes.
Result<Secret> read_content(CMS_ContentInfo* cms, std::size_t size) {
    const openssl::Bio content(CMS_dataInit(cms, nullptr));
    if (content == nullptr) return fail(Code::malformed_section, "no content to decrypt");
    Secret plaintext(size + 1);  // one more, so that the end, and with it the tag, is reached
    std::size_t got = 0;
    for (;;) {
        const auto room = plaintext.writable().subspan(got);
        if (room.empty()) return fail(Code::malformed_section, "more content than stated");
        const int read = BIO_read(content.get(), room.data(), static_cast<int>(room.size()));
        if (read <= 0) break;
        got += static_cast<std::size_t>(read);
    }
    // The method of CMS_dataInit's first filter is the cipher; its status is 1 only once the tag
    // has been compared.
    if (BIO_method_type(content.get()) != BIO_TYPE_CIPHER ||
        BIO_get_cipher_status(content.get()) != 1 || got != size) {
        return fail(Code::bad_digest, "the section was altered after it was sealed");
    }
    plaintext.truncate(size);
    return plaintext;
}

}  // namespace

Result<Bytes> seal(BytesView plaintext, std::span<const Bytes> recipients) {
    const openssl::QuietErrors quiet;
    if (plaintext.empty()) return fail(Code::bad_argument, "nothing to seal");
    if (plaintext.size() > kPlaintextBytesMax) return fail(Code::oversized, "too large to seal");
    if (recipients.empty() || recipients.size() > kRecipientsMax) {
        return fail(Code::bad_argument, "1 to 256 recipients");
    }
    constexpr unsigned kFlags = CMS_BINARY | CMS_PARTIAL;
    const openssl::Cms cms(CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), kFlags));
    CHECK(cms != nullptr);
    for (const Bytes& certificate : recipients) {
        auto added = add_recipient(cms.get(), certificate);
        if (!added) return std::unexpected(added.error());
    }
    const openssl::Bio in(BIO_new_mem_buf(plaintext.data(), static_cast<int>(plaintext.size())));
    CHECK(in != nullptr && CMS_final(cms.get(), in.get(), nullptr, kFlags) == 1);
    Bytes sealed = openssl::to_der(i2d_CMS_ContentInfo, cms.get());
    CHECK(!sealed.empty());
    return sealed;
}

Result<Secret> open(BytesView cms, const keys::PrivateKey& key, BytesView certificate) {
    const openssl::QuietErrors quiet;
    if (cms.size() > kSealedBytesMax)
        return fail(Code::oversized, "larger than any sealed section");
    const auto size = ciphertext_bytes(cms);
    if (!size) return std::unexpected(size.error());
    const openssl::X509Certificate own = openssl::to_x509(certificate);
    if (own == nullptr) return fail(Code::bad_certificate, "not a certificate");
    const std::uint8_t* in = cms.data();
    const openssl::Cms parsed(d2i_CMS_ContentInfo(nullptr, &in, static_cast<long>(cms.size())));
    if (parsed == nullptr || in != cms.data() + cms.size()) {
        return fail(Code::malformed_section, "not a CMS");
    }
    const auto place = find_place(parsed.get(), own.get());
    if (!place) return std::unexpected(place.error());
    if (CMS_RecipientInfo_kari_set0_pkey(place->recipient, openssl::borrow(key.handle())) != 1 ||
        CMS_RecipientInfo_kari_decrypt(parsed.get(), place->recipient, place->wrapped) != 1) {
        return fail(Code::locked, "this key does not open it");
    }
    return read_content(parsed.get(), *size);
}

}  // namespace lienthong::seal
