// SPDX-License-Identifier: Apache-2.0
// A registry of two agencies and three places without keys, for targets that look names up.
#pragma once

#include "security/registry/registry.hpp"
#include "tests/fuzz/fixed_keys.hpp"

namespace lienthong::fuzz {

inline const registry::Registry& small_registry() {
    static const registry::Registry built = [] {
        registry::RegistryData data;
        data.bus = kBus;
        data.version = 1;
        data.territories = {{"37", "2020-01-01", "", {{"tỉnh Ninh Bình", "Ninh Bình", ""}}},
                            {"376", "2020-01-01", "37", {{"huyện Kim Sơn", "Kim Sơn", ""}}}};
        registry::Agency police;
        police.id = kAgency;
        police.slug = "police";
        police.names = {{"Công an tỉnh", "Provincial police", ""}};
        police.units = {{UnitId::of("kim-son"), {{"Công an huyện", "District police", ""}}, "376"}};
        registry::Agency labour = police;
        labour.id = AgencyId::of("ag-2");
        labour.slug = "labour";
        labour.names = {{"Sở Lao động", "Labour department", ""}};
        labour.units = {};
        data.agencies = {police, labour};
        return registry::Registry::build(std::move(data)).value();
    }();
    return built;
}

}  // namespace lienthong::fuzz
