// SPDX-License-Identifier: Apache-2.0
// Encrypted key files (PKCS#8 in PEM), with the passphrase that the corpus was made with: a file
// that opens gives a key that works, however its text was altered.
#include "tests/fuzz/key_file.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    static const KeyFile file;
    judge(input, [&](BytesView bytes) { return error_of(file.load(bytes)); });
    const auto key = file.load(input);
    if (!key || key->public_key().algorithm() == keys::Algorithm::x25519) return;
    const auto signature = key->signer()->sign(input);
    CHECK(signature.has_value());
    CHECK(key->public_key().verify(input, *signature).has_value());
}

const Registered registered({"private_key", run, 4 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
