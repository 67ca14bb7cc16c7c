// SPDX-License-Identifier: Apache-2.0
// Keys of the corpus: always the same, so that what its files hold can be signed and opened. They
// guard nothing.
#pragma once

#include <vector>

#include "security/keys/keys.hpp"

namespace lienthong::fuzz {

inline const BusId kBus = BusId::of("test-bus");
inline const AgencyId kAgency = AgencyId::of("ag-1");
inline constexpr std::string_view kWitness = "n-police";

// Ed25519, from 32 equal bytes: 1 the administrator, 2 the log, 3 a witness, 4 a node.
inline const keys::PrivateKey& fixed_key(std::uint8_t number) {
    static const std::vector<keys::PrivateKey> all = [] {
        std::vector<keys::PrivateKey> made;
        for (std::uint8_t i = 0; i < 5; ++i) {
            made.push_back(
                keys::PrivateKey::from_raw(keys::Algorithm::ed25519, Bytes(32, i)).value());
        }
        return made;
    }();
    return all.at(number);
}
inline const keys::PrivateKey& administrator() { return fixed_key(1); }
inline const keys::PrivateKey& log_key() { return fixed_key(2); }
inline const keys::PrivateKey& witness_key() { return fixed_key(3); }
inline const keys::PrivateKey& node_key() { return fixed_key(4); }

}  // namespace lienthong::fuzz
