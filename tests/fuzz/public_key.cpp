// SPDX-License-Identifier: Apache-2.0
// Public keys and certificates (DER) as others send them. A key has one encoding and one id; a
// certificate holds under the corpus's authority only if that authority issued these very bytes.
#include "security/keys/digest.hpp"
#include "security/keys/keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

void check_key(BytesView input, const keys::PublicKey& key, BytesView spki) {
    CHECK(equal(key.spki(), spki));
    CHECK(key.id() == keys::sha256(key.spki()));
    CHECK(key.spki().size() <= keys::kSpkiBytesMax);
    CHECK(!key.verify(input, Bytes(64, 0)).has_value());
}

void run(BytesView input) {
    const auto from_spki = [](BytesView b) { return error_of(keys::PublicKey::from_spki(b)); };
    const auto from_certificate = [](BytesView b) {
        return error_of(keys::PublicKey::from_certificate(b));
    };
    if (!judge(input, from_spki)) {
        check_key(input, keys::PublicKey::from_spki(input).value(), input);
    }
    if (!judge(input, from_certificate)) {
        const auto key = keys::PublicKey::from_certificate(input).value();
        check_key(input, keys::PublicKey::from_spki(key.spki()).value(), key.spki());
    }
    if (input.size() == 32) {
        if (const auto key = keys::PublicKey::from_raw_ed25519(input)) {
            CHECK(equal(key->raw(), input));
            CHECK(key->id() == keys::key_id_of_raw(keys::Algorithm::ed25519, input));
        }
    }
    if (judge(input, [](BytesView b) { return error_of(keys::read_certificate(b)); })) return;
    const auto info = keys::read_certificate(input).value();
    CHECK(input.size() <= keys::kCertificateBytesMax);
    CHECK(info.subject.size() <= 64 && info.validity.from <= info.validity.until);
    // Signed by itself, a certificate is an authority's and nothing else.
    if (const auto own = keys::verify_certificate(input, input, info.validity.from)) {
        CHECK(own->use == keys::Use::authority);
    }
}

const Registered registered({"public_key", run, 8 * 1024 + 64});

}  // namespace
}  // namespace lienthong::fuzz
