// SPDX-License-Identifier: Apache-2.0
// A small registry with real keys: an authority, two agencies with a node each, the bus's own keys.
#pragma once

#include "security/registry/registry.hpp"

namespace lienthong::registry::test {

inline constexpr Millis kFrom = 1'609'434'000'000;   // 2021-01-01 in Việt Nam
inline constexpr Millis kUntil = 1'640'970'000'000;  // 2022-01-01 in Việt Nam
inline constexpr Millis kSummer = 1'625'000'000'000;

inline const BusId kBus = BusId::of("test-bus");
inline const AgencyId kPolice = AgencyId::of("ag-1");
inline const AgencyId kLabour = AgencyId::of("ag-2");

// Keys are made once for the whole program; the data is a copy to change.
RegistryData small_registry();
Registry built(RegistryData data);

// The first key of this use, of an agency of small_registry().
KeyEntry& key_of(RegistryData& data, std::size_t agency, keys::Use use);
// A new certified key of the same authority.
KeyEntry certified(std::string_view subject,
                   keys::Use use,
                   std::string_view node,
                   keys::Validity validity);
KeyEntry raw_key(keys::Use use, std::string_view node);
// The certificate of an authority that the registry does not know.
Bytes foreign_authority();

}  // namespace lienthong::registry::test
