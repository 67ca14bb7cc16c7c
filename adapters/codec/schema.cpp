// SPDX-License-Identifier: Apache-2.0
#include "adapters/codec/schema.hpp"

#include <flatbuffers/reflection.h>

#include "bus/base/check.hpp"
#include "schemas/payload_bfbs.h"

namespace lienthong::codec {

const reflection::Schema& payload_schema() {
    return *reflection::GetSchema(fb::kPayloadBfbs.data());
}

const reflection::Object* maybe_table(std::string_view full_name) {
    for (const reflection::Object* object : *payload_schema().objects()) {
        if (object->name()->string_view() == full_name) return object;
    }
    return nullptr;
}

// A table has few fields; LookupByKey would be faster for many, and makes GCC 12 warn when
// sanitizing.
const reflection::Field* maybe_field(const reflection::Object& table, std::string_view name) {
    for (const reflection::Field* field : *table.fields()) {
        if (field->name()->string_view() == name) return field;
    }
    return nullptr;
}

const reflection::Enum* maybe_enumeration(const reflection::Type& type) {
    const reflection::BaseType base =
        type.base_type() == reflection::Vector ? type.element() : type.base_type();
    if (type.index() < 0 || base == reflection::Obj) return nullptr;
    return payload_schema().enums()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
}

const reflection::Object& table_of(const reflection::Type& type) {
    CHECK(type.index() >= 0);
    const auto* object =
        payload_schema().objects()->Get(static_cast<flatbuffers::uoffset_t>(type.index()));
    CHECK(!object->is_struct());
    return *object;
}

}  // namespace lienthong::codec
