// SPDX-License-Identifier: Apache-2.0
// The section types of all kinds, each root table once, in the order of the table of kinds: a byte
// of an input chooses one.
#pragma once

#include <algorithm>
#include <vector>

#include "bus/message/kind.hpp"

namespace lienthong::fuzz {

struct TypeOfKind {
    message::Kind kind = message::Kind::none;
    const message::SectionType* type = nullptr;
};

inline const std::vector<TypeOfKind>& section_types() {
    static const std::vector<TypeOfKind> all = [] {
        std::vector<TypeOfKind> found;
        for (const message::KindInfo& kind : message::all_kinds()) {
            for (const message::SectionType& type : kind.sections) {
                const auto is_same = [&](const TypeOfKind& one) {
                    return one.type->root_table == type.root_table;
                };
                if (std::ranges::none_of(found, is_same)) found.push_back({kind.kind, &type});
            }
        }
        return found;
    }();
    return all;
}

inline const TypeOfKind& section_type(std::uint8_t choice) {
    return section_types()[choice % section_types().size()];
}

}  // namespace lienthong::fuzz
