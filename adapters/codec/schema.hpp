// SPDX-License-Identifier: Apache-2.0
// The payload schemas in binary form, as built into the program. Trusted: they are our own. Private
// to adapters/codec.
#pragma once

#include <string_view>

namespace reflection {
struct Schema;
struct Object;
struct Enum;
struct Field;
struct Type;
}  // namespace reflection

namespace lienthong::codec {

const reflection::Schema& payload_schema();
// The table of that full name ("lienthong.fb.Figure"), or null.
const reflection::Object* maybe_table(std::string_view full_name);
const reflection::Field* maybe_field(const reflection::Object& table, std::string_view name);
// The enumeration of a field (or of the elements of a vector), or null for a plain number.
const reflection::Enum* maybe_enumeration(const reflection::Type& type);
const reflection::Object& table_of(const reflection::Type& type);

}  // namespace lienthong::codec
