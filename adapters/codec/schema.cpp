// SPDX-License-Identifier: Apache-2.0
#include "adapters/codec/schema.hpp"

#include <flatbuffers/reflection.h>

#include <string>

#include "bus/base/check.hpp"
#include "schemas/payload_bfbs.h"

namespace lienthong::codec {

const reflection::Schema& payload_schema() {
    return *reflection::GetSchema(fb::kPayloadBfbs.data());
}

const reflection::Object* maybe_table(std::string_view full_name) {
    return payload_schema().objects()->LookupByKey(std::string(full_name).c_str());
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
