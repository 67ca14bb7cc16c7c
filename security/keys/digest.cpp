// SPDX-License-Identifier: Apache-2.0
#include "security/keys/digest.hpp"

#include <array>
#include <string>

#include "security/keys/openssl.hpp"

namespace lienthong::keys {
namespace {

EVP_MD_CTX* digest_context() {
    thread_local const openssl::DigestContext context(EVP_MD_CTX_new());
    CHECK(context != nullptr);
    return context.get();
}

EVP_MAC* hmac_method() {
    static EVP_MAC* const method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    CHECK(method != nullptr);
    return method;
}

}  // namespace

Hash sha256(BytesView bytes) { return sha256({bytes}); }

Hash sha256(std::initializer_list<BytesView> parts) {
    EVP_MD_CTX* const context = digest_context();
    CHECK(EVP_DigestInit_ex2(context, openssl::sha256_method(), nullptr) == 1);
    for (const BytesView part : parts) {
        CHECK(EVP_DigestUpdate(context, part.data(), part.size()) == 1);
    }
    Hash hash;
    CHECK(EVP_DigestFinal_ex(context, hash.bytes.data(), nullptr) == 1);
    return hash;
}

Hash hmac_sha256(BytesView key, BytesView bytes) {
    // A context for each call, so that the key is wiped when the call ends.
    const openssl::MacContext context(EVP_MAC_CTX_new(hmac_method()));
    CHECK(context != nullptr);
    std::string name = "SHA256";  // OSSL_PARAM takes no const data
    const std::array parameters = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.data(), 0),
        OSSL_PARAM_construct_end()};
    // A null pointer would mean "keep the former key"; an empty key is a key.
    const std::uint8_t none = 0;
    const std::uint8_t* const key_data = key.empty() ? &none : key.data();
    CHECK(EVP_MAC_init(context.get(), key_data, key.size(), parameters.data()) == 1);
    CHECK(EVP_MAC_update(context.get(), bytes.data(), bytes.size()) == 1);
    Hash hash;
    std::size_t size = 0;
    CHECK(EVP_MAC_final(context.get(), hash.bytes.data(), &size, hash.bytes.size()) == 1);
    CHECK(size == hash.bytes.size());
    return hash;
}

}  // namespace lienthong::keys
