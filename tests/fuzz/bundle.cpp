// SPDX-License-Identifier: Apache-2.0
// Bundle files. What parses can be signed anew and then says the same; a file that verifies says
// what the node or the broker of the corpus signed; the digest follows everything that it says.
//
// Half of the altered inputs are signed anew, so that what stands behind the signature is reached.
#include "security/proof/bundle.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

using proof::Bundle;

void check_signature(const Bundle& bundle) {
    const auto verifies = [](const Bundle& one) {
        return proof::verify_bundle(one, node_key().public_key()).has_value();
    };
    if (!verifies(bundle)) return;
    const auto refused = [&](auto change) {
        Bundle other = bundle;
        change(other);
        return other == bundle ||
               (!verifies(other) && proof::digest(other) != proof::digest(bundle));
    };
    CHECK(refused([](Bundle& b) { ++b.number; }));
    CHECK(refused([](Bundle& b) { ++b.cursor; }));
    CHECK(refused([](Bundle& b) { b.more = !b.more; }));
    CHECK(refused([](Bundle& b) { b.answers.bytes[0] ^= 1; }));
    CHECK(refused([](Bundle& b) { b.frames.emplace_back(); }));
    CHECK(refused([](Bundle& b) {
        if (!b.frames.empty()) b.frames.back().command.push_back(0);
    }));
    CHECK(refused([](Bundle& b) {
        if (!b.frames.empty()) b.frames.front().channel ^= 1;
    }));
    CHECK(refused([](Bundle& b) {
        if (b.frames.size() > 1) std::swap(b.frames.front(), b.frames.back());
    }));
}

void run(BytesView input) {
    judge(input, [](BytesView b) { return error_of(proof::parse_bundle(b)); });
    const auto bundle = proof::parse_bundle(input);
    if (!bundle) return;
    CHECK(bundle->frames.size() <= proof::kBundleFramesMax);
    CHECK(proof::parse_bundle(input, input.size() - 1).error().code == Code::oversized);
    const auto file = proof::sign_bundle(*bundle, *node_key().signer());
    CHECK(file.has_value());
    const auto again = proof::parse_bundle(*file);
    CHECK(again.has_value() && proof::digest(*again) == proof::digest(*bundle));
    CHECK(proof::verify_bundle(*again, node_key().public_key()).has_value());
    Bundle same = *again;
    same.key_id = bundle->key_id;
    same.signature = bundle->signature;
    CHECK(same == *bundle);
    check_signature(*bundle);
}

Bytes alter(BytesView input, std::size_t bytes_max, Alteration& by) {
    Bytes altered = alter_flat(input, bytes_max, by);
    const auto bundle = proof::parse_bundle(altered);
    if (!bundle || by.one_in(2)) return altered;
    auto file = proof::sign_bundle(*bundle, *node_key().signer());
    return file && file->size() <= bytes_max ? std::move(*file) : altered;
}

const Registered registered({"bundle", run, 16 * 1024, alter});

}  // namespace
}  // namespace lienthong::fuzz
