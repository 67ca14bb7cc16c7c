// SPDX-License-Identifier: Apache-2.0
// Batch proofs: fixed bytes, so that what parses is written as the very same bytes; what verifies
// is what the corpus's node signed over the corpus's headers.
#include "security/proof/batch.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

const std::vector<Hash>& headers() {
    static const std::vector<Hash> leaves = [] {
        std::vector<Hash> made;
        for (std::uint8_t i = 0; i < 5; ++i) made.push_back(proof::leaf_hash(Bytes(3, i)));
        return made;
    }();
    return leaves;
}

const Bytes& signed_proof() {
    static const Bytes bytes = proof::encode_batch_proof(
        proof::sign_batch(*node_key().signer(), kBus, kAgency, headers()).value());
    return bytes;
}

void run(BytesView input) {
    judge(input, [](BytesView b) { return error_of(proof::parse_batch_proof(b)); });
    const auto parsed = proof::parse_batch_proof(input);
    if (!parsed) return;
    CHECK(equal(proof::encode_batch_proof(*parsed), input));
    const auto& key = node_key().public_key();
    const bool whole = proof::verify_batch(*parsed, key, kBus, kAgency, headers()).has_value();
    const auto path = proof::inclusion_path(3, 5, proof::over(headers())).value();
    const bool one =
        proof::verify_in_batch(*parsed, key, kBus, kAgency, headers()[3], 3, path).has_value();
    // Ed25519 signatures are deterministic, and no second one can be made of the first.
    CHECK(whole == equal(input, signed_proof()));
    CHECK(one == whole);
}

// From the good proof at least as often as from what was found.
Bytes alter(BytesView input, std::size_t bytes_max, Alteration& by) {
    return by.alter(by.one_in(4) ? BytesView(signed_proof()) : input, bytes_max);
}

const Registered registered({"batch_proof", run, 2 * 1024, alter});

}  // namespace
}  // namespace lienthong::fuzz
