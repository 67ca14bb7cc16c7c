// SPDX-License-Identifier: Apache-2.0
// Sealed bytes (CMS), with the key and the certificate that stand before them in the input, each
// behind its length. What opens is what was sealed: nobody alters it without its tag failing.
// Alterations leave key and certificate as they are.
#include <map>

#include "security/seal/cms_shape.hpp"
#include "security/seal/seal.hpp"
#include "tests/fuzz/key_file.hpp"

namespace lienthong::fuzz {
namespace {

// The plaintext of every file of the corpus.
constexpr std::string_view kPlaintext = "sealed for a test, about nobody at all";

struct Parts {
    BytesView key;
    BytesView certificate;
    BytesView cms;
};

std::optional<Parts> maybe_parts(BytesView input) {
    ByteReader reader(input);
    Parts parts;
    parts.key = reader.prefixed();
    parts.certificate = reader.prefixed();
    parts.cms = reader.rest();
    if (!reader.ok()) return std::nullopt;
    return parts;
}

// Opening a key file takes much longer than opening a CMS: each is opened once.
const keys::PrivateKey* maybe_key(BytesView pem) {
    static const KeyFile file;
    static std::map<Bytes, std::optional<keys::PrivateKey>> opened;
    constexpr std::size_t kKept = 64;
    if (opened.size() > kKept) opened.clear();
    const auto [at, is_new] = opened.try_emplace(to_bytes(pem));
    if (is_new) {
        if (auto key = file.load(pem)) at->second.emplace(std::move(*key));
    }
    return at->second ? &*at->second : nullptr;
}

void run(BytesView input) {
    const auto parts = maybe_parts(input);
    if (!parts) return;
    judge(parts->cms, [](BytesView b) { return error_of(seal::ciphertext_bytes(b)); });
    if (const auto size = seal::ciphertext_bytes(parts->cms)) CHECK(*size < parts->cms.size());
    const keys::PrivateKey* key = maybe_key(parts->key);
    if (key == nullptr) return;
    const auto refused = judge(
        parts->cms, [&](BytesView b) { return error_of(seal::open(b, *key, parts->certificate)); });
    if (refused) return;
    CHECK(seal::ciphertext_bytes(parts->cms).has_value());
    const Secret opened = seal::open(parts->cms, *key, parts->certificate).value();
    CHECK(as_text(opened.view()) == kPlaintext);
}

Bytes alter(BytesView input, std::size_t bytes_max, Alteration& by) {
    const auto parts = maybe_parts(input);
    if (!parts || parts->cms.empty()) return by.alter(input, bytes_max);
    const std::size_t before = input.size() - parts->cms.size();
    Bytes altered = to_bytes(input.first(before));
    const Bytes cms = by.alter(parts->cms, bytes_max - before);
    altered.insert(altered.end(), cms.begin(), cms.end());
    return altered;
}

const Registered registered({"cms", run, 4 * 1024, alter});

}  // namespace
}  // namespace lienthong::fuzz
