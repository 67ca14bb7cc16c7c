// SPDX-License-Identifier: Apache-2.0
// A registry without keys and a policy with one grant of each sort, to change.
#pragma once

#include "security/policy/policy.hpp"

namespace lienthong::policy::test {

inline constexpr Millis kNow = 1'625'000'000'000;
inline const BusId kBus = BusId::of("test-bus");
inline const AgencyId kPolice = AgencyId::of("ag-1");
inline const AgencyId kLabour = AgencyId::of("ag-2");
inline const AgencyId kUnion = AgencyId::of("ag-3");
inline const AgencyId kIdle = AgencyId::of("ag-4");  // holds no role
inline const AgencyId kBusItself = AgencyId::of(registry::kBusAgency);

registry::RegistryData small_registry();
registry::Registry built(registry::RegistryData data);
PolicyData small_policy();
Policy built(PolicyData data);
Context now();

}  // namespace lienthong::policy::test
