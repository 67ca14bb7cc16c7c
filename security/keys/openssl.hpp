// SPDX-License-Identifier: Apache-2.0
// Owners of OpenSSL's objects. The only header that includes those of OpenSSL; included from .cpp
// files of security/ alone, so that no OpenSSL type reaches the rest of the program.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "bus/base/bytes.hpp"
#include "bus/base/check.hpp"

namespace lienthong::keys::openssl {

template <auto free_function>
struct Free {
    template <class T>
    void operator()(T* object) const {
        free_function(object);
    }
};
template <class T, auto free_function>
using Owner = std::unique_ptr<T, Free<free_function>>;

using Bio = Owner<BIO, BIO_free_all>;
using Bignum = Owner<BIGNUM, BN_free>;
using CipherContext = Owner<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Cms = Owner<CMS_ContentInfo, CMS_ContentInfo_free>;
using DigestContext = Owner<EVP_MD_CTX, EVP_MD_CTX_free>;
using EncryptedKey = Owner<X509_SIG, X509_SIG_free>;
using Extension = Owner<X509_EXTENSION, X509_EXTENSION_free>;
using Identifier = Owner<X509_ALGOR, X509_ALGOR_free>;
using Integer = Owner<ASN1_INTEGER, ASN1_INTEGER_free>;
using KeyContext = Owner<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Key = Owner<EVP_PKEY, EVP_PKEY_free>;
using MacContext = Owner<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using PlainKey = Owner<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;
using Store = Owner<X509_STORE, X509_STORE_free>;
using StoreContext = Owner<X509_STORE_CTX, X509_STORE_CTX_free>;
using Time = Owner<ASN1_TIME, ASN1_TIME_free>;
using X509Certificate = Owner<X509, X509_free>;

// Leaves this thread's error queue empty, whatever happened in between. Its text is never shown:
// nobody checks that it holds no content.
class QuietErrors {
  public:
    QuietErrors() { ERR_clear_error(); }
    QuietErrors(const QuietErrors&) = delete;
    QuietErrors& operator=(const QuietErrors&) = delete;
    ~QuietErrors() { ERR_clear_error(); }
};

inline std::shared_ptr<void> share(Key key) {
    return {key.release(), [](void* held) { EVP_PKEY_free(static_cast<EVP_PKEY*>(held)); }};
}
inline EVP_PKEY* borrow(const std::shared_ptr<void>& key) {
    return static_cast<EVP_PKEY*>(key.get());
}

// SHA-256, fetched once (an implicit fetch for each use is many times slower) and never freed: it
// must outlive every thread that still hashes while the process ends.
inline const EVP_MD* sha256_method() {
    static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    CHECK(method != nullptr);
    return method;
}

// The DER of what an i2d_… function writes; empty if it refuses.
template <class T, class Encode>
Bytes to_der(Encode encode, T* object) {
    const int size = encode(object, nullptr);
    if (size <= 0) return {};
    Bytes der(static_cast<std::size_t>(size));
    std::uint8_t* out = der.data();
    if (encode(object, &out) != size) return {};
    return der;
}

// A certificate that takes up all the bytes given, or nothing.
inline X509Certificate to_x509(BytesView der) {
    const std::uint8_t* in = der.data();
    X509Certificate certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
    if (certificate == nullptr || in != der.data() + der.size()) return nullptr;
    return certificate;
}

inline Bytes take_bytes(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? to_bytes(as_bytes({data, static_cast<std::size_t>(size)})) : Bytes{};
}

}  // namespace lienthong::keys::openssl
