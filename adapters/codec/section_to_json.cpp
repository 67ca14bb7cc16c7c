// SPDX-License-Identifier: Apache-2.0
// To JSON: walks a section that check_section has accepted, by the embedded schema.
#include <flatbuffers/reflection.h>
#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <nlohmann/json.hpp>

#include "adapters/codec/codec.hpp"
#include "adapters/codec/schema.hpp"
#include "bus/base/base64.hpp"
#include "bus/base/check.hpp"

namespace lienthong::codec {
namespace {

using flatbuffers::Table;
using flatbuffers::uoffset_t;

// Writes text as it walks: many tables may share one long string, so only the output's own size
// says when it is too much.
class Writer {
  public:
    bool too_long() const { return text_.size() > kJsonOutBytesMax; }
    std::string take() { return std::move(text_); }

    void write_table(const reflection::Object& object, const Table& table) {
        text_ += '{';
        bool first = true;
        // In the order of the ids, so that a reader finds what belongs together.
        const uoffset_t count = object.fields()->size();
        for (uoffset_t id = 0; id < count && !too_long(); ++id) {
            for (const reflection::Field* field : *object.fields()) {
                if (field->id() != id || !table.CheckField(field->offset())) continue;
                if (!first) text_ += ',';
                first = false;
                write_text(field->name()->c_str(), field->name()->size());
                text_ += ':';
                write_field(*field, table);
            }
        }
        text_ += '}';
    }

  private:
    void write_text(const char* text, std::size_t size) {
        // Invalid UTF-8 cannot come here (check_section); replacing it keeps the writer total.
        text_ += nlohmann::json(std::string(text, size))
                     .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    }

    void write_field(const reflection::Field& field, const Table& table) {
        const reflection::Type& type = *field.type();
        switch (type.base_type()) {
            case reflection::String: {
                const auto* text = table.GetPointer<const flatbuffers::String*>(field.offset());
                write_text(text->c_str(), text->size());
                return;
            }
            case reflection::Obj:
                write_table(table_of(type), *table.GetPointer<const Table*>(field.offset()));
                return;
            case reflection::Vector:
                write_vector(type,
                             *table.GetPointer<const flatbuffers::VectorOfAny*>(field.offset()));
                return;
            default:
                write_number(type, type.base_type(), table.GetAddressOf(field.offset()));
        }
    }

    void write_vector(const reflection::Type& type, const flatbuffers::VectorOfAny& vector) {
        const reflection::BaseType element = type.element();
        if (element == reflection::UByte && maybe_enumeration(type) == nullptr) {
            text_ += '"' + to_base64(BytesView(vector.Data(), vector.size())) + '"';
            return;
        }
        text_ += '[';
        const std::size_t width = flatbuffers::GetTypeSize(element);
        for (uoffset_t i = 0; i < vector.size() && !too_long(); ++i) {
            if (i > 0) text_ += ',';
            const std::uint8_t* at = vector.Data() + i * width;
            if (element == reflection::String) {
                at += flatbuffers::ReadScalar<uoffset_t>(at);
                const auto* text = reinterpret_cast<const flatbuffers::String*>(at);
                write_text(text->c_str(), text->size());
            } else if (element == reflection::Obj) {
                at += flatbuffers::ReadScalar<uoffset_t>(at);
                write_table(table_of(type), *reinterpret_cast<const Table*>(at));
            } else {
                write_number(type, element, at);
            }
        }
        text_ += ']';
    }

    void write_number(const reflection::Type& type,
                      reflection::BaseType base,
                      const std::uint8_t* at) {
        CHECK(flatbuffers::IsInteger(base));
        const std::int64_t number = read_integer(base, at);
        if (base == reflection::Bool) {
            text_ += number != 0 ? "true" : "false";
        } else if (const reflection::Enum* list = maybe_enumeration(type); list != nullptr) {
            const reflection::EnumVal* value = list->values()->LookupByKey(number);
            // Out of range cannot come here (check_section); a number would still say the truth.
            if (value == nullptr) {
                fmt::format_to(std::back_inserter(text_), "{}", number);
            } else {
                write_text(value->name()->c_str(), value->name()->size());
            }
        } else if (base == reflection::ULong) {
            fmt::format_to(std::back_inserter(text_), "{}", static_cast<std::uint64_t>(number));
        } else {
            fmt::format_to(std::back_inserter(text_), "{}", number);
        }
    }

    static std::int64_t read_integer(reflection::BaseType base, const std::uint8_t* at) {
        switch (base) {
            case reflection::Byte:
                return flatbuffers::ReadScalar<std::int8_t>(at);
            case reflection::Short:
                return flatbuffers::ReadScalar<std::int16_t>(at);
            case reflection::UShort:
                return flatbuffers::ReadScalar<std::uint16_t>(at);
            case reflection::Int:
                return flatbuffers::ReadScalar<std::int32_t>(at);
            case reflection::UInt:
                return flatbuffers::ReadScalar<std::uint32_t>(at);
            case reflection::Long:
            case reflection::ULong:
                return flatbuffers::ReadScalar<std::int64_t>(at);
            default:
                return *at;
        }
    }

    std::string text_;
};

}  // namespace

Result<std::string> section_to_json(const message::SectionType& type, BytesView plaintext) {
    if (Result<void> checked = message::check_section(type, plaintext); !checked) {
        return std::unexpected(checked.error());
    }
    const reflection::Object* root = maybe_table(type.root_table);
    CHECK(root != nullptr);
    // Aligned as FlatBuffers wants it.
    std::vector<std::uint64_t> words((plaintext.size() + 7) / 8);
    std::memcpy(words.data(), plaintext.data(), plaintext.size());
    Writer writer;
    writer.write_table(*root, *flatbuffers::GetRoot<Table>(words.data()));
    if (writer.too_long()) {
        return fail(Code::oversized,
                    fmt::format("as JSON more than {} bytes", kJsonOutBytesMax),
                    std::string(type.name));
    }
    return writer.take();
}

}  // namespace lienthong::codec
