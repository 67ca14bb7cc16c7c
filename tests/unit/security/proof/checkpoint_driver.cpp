// SPDX-License-Identifier: Apache-2.0
// Prints a signed and co-signed checkpoint with its public keys, for
// tests/support/checkpoint_reference.py to judge.
#include <fmt/format.h>

#include "bus/base/random.hpp"
#include "security/proof/head.hpp"

namespace lienthong::proof {
namespace {

std::string json_text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '\n') {
            quoted += "\\n";
        } else {
            quoted += c;
        }
    }
    return quoted + "\"";
}

void print_checkpoint() {
    SystemRandom random;
    const auto log = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    const auto witness = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    const Head head{.bus = BusId::of("ninh-binh"),
                    .size = random.u64() / 2,
                    .root = random.hash(),
                    .time = 1'639'467'000'123,
                    .epoch = 3,
                    .administrators = random.hash(),
                    .registry = random.hash(),
                    .policy = random.hash(),
                    .procedure = random.hash()};
    const std::string note = sign_head(head, *log.signer()).value();
    const std::string line =
        cosign_head(note, "police-1", 1'639'467'001'999, *witness.signer()).value();
    fmt::print("{{\"note\":{},\"origin\":\"ninh-binh\",\"size\":{},\"root\":\"{}\",",
               json_text(note + line),
               head.size,
               to_hex(head.root.view()));
    fmt::print("\"witness\":\"police-1\",\"witness_seconds\":1639467001,");
    fmt::print("\"log_key\":\"{}\",\"witness_key\":\"{}\"}}\n",
               to_hex(log.public_key().raw()),
               to_hex(witness.public_key().raw()));
}

}  // namespace
}  // namespace lienthong::proof

int main() { lienthong::proof::print_checkpoint(); }
