// SPDX-License-Identifier: Apache-2.0
// From JSON: parsed with limits, then built into a FlatBuffer by the embedded schema, field by
// field.
#include <flatbuffers/reflection.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "adapters/codec/codec.hpp"
#include "adapters/codec/schema.hpp"
#include "bus/base/base64.hpp"
#include "bus/base/check.hpp"
#include "bus/base/text.hpp"
#include "bus/outreach/figure.hpp"
#include "bus/outreach/spelling.hpp"

namespace lienthong::codec {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::uoffset_t;
using Json = nlohmann::json;

std::unexpected<Error> bad(std::string why, std::string where) {
    return fail(Code::malformed_input, std::move(why), std::move(where));
}

// What people wrote as a name may be anything, a person's too: only what looks like a field is said
// again in an error.
std::string shown(std::string_view field) {
    const bool plain =
        field.size() <= 40 && std::ranges::all_of(field, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    return plain && !field.empty() ? std::string(field) : std::string("?");
}

// Depth of arrays and objects, judged on the text, before anything is built from it.
Result<void> check_depth(std::string_view text) {
    std::size_t depth = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c == '\\') ++i;
            if (c == '"') quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > kJsonDepthMax) {
                return fail(Code::too_deep, fmt::format("more than {} levels", kJsonDepthMax));
            }
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return {};
}

// A name that stands twice in one object means two things to two readers: refused.
class DuplicateKeys {
  public:
    bool operator()(int /*depth*/, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::object_start) {
            open_.emplace_back();
        } else if (event == Json::parse_event_t::object_end) {
            if (!open_.empty()) open_.pop_back();
        } else if (event == Json::parse_event_t::key && !open_.empty()) {
            found_ |= !open_.back().insert(value.get<std::string>()).second;
        }
        return true;
    }
    bool found() const { return found_; }

  private:
    std::vector<std::set<std::string>> open_;
    bool found_ = false;
};

Result<Json> parse_json(std::string_view text) {
    if (text.size() > kJsonBytesMax) {
        return fail(Code::oversized, fmt::format("more than {} bytes", kJsonBytesMax));
    }
    if (Result<void> depth = check_depth(text); !depth) return std::unexpected(depth.error());
    DuplicateKeys duplicates;
    Json json = Json::parse(text.begin(), text.end(), std::ref(duplicates), false);
    if (json.is_discarded()) return fail(Code::malformed_input, "is not JSON");
    if (duplicates.found()) return fail(Code::malformed_input, "a name stands twice in one object");
    return json;
}

// A value as the table holds it: an offset for what stands elsewhere, else a number.
struct Slot {
    std::uint64_t number = 0;
    uoffset_t offset = 0;
};

class Builder {
  public:
    Result<Bytes> build(const reflection::Object& root, const Json& json, const std::string& path) {
        Result<uoffset_t> table = build_table(root, json, path);
        if (!table) return std::unexpected(table.error());
        fbb_.Finish(flatbuffers::Offset<void>(*table));
        return Bytes(fbb_.GetBufferPointer(), fbb_.GetBufferPointer() + fbb_.GetSize());
    }

  private:
    // The recursion is as deep as the JSON, which check_depth has bounded.
    Result<uoffset_t> build_table(const reflection::Object& object,
                                  const Json& json,
                                  const std::string& path) {
        if (!json.is_object()) return bad("must be an object", path);
        std::map<uoffset_t, std::pair<const reflection::Field*, Slot>> slots;  // by id
        for (const auto& [name, value] : json.items()) {
            const reflection::Field* field = maybe_field(object, name);
            const std::string where = path + "." + shown(name);
            if (field == nullptr || field->deprecated()) return bad("no such field", where);
            if (value.is_null()) continue;
            Result<Slot> slot = build_value(*field->type(), value, where);
            if (!slot) return std::unexpected(slot.error());
            slots[field->id()] = {field, *slot};
        }
        for (const reflection::Field* field : *object.fields()) {
            if (field->required() && !slots.contains(field->id())) {
                return bad("must be there", path + "." + field->name()->str());
            }
        }
        const uoffset_t start = fbb_.StartTable();
        for (const auto& [id, filled] : slots) add_field(*filled.first, filled.second);
        return fbb_.EndTable(start);
    }

    Result<Slot> build_value(const reflection::Type& type,
                             const Json& value,
                             const std::string& where) {
        switch (type.base_type()) {
            case reflection::String:
                return offset_slot(build_string(value, where));
            case reflection::Obj:
                return offset_slot(build_table(table_of(type), value, where));
            case reflection::Vector:
                return offset_slot(build_vector(type, value, where));
            default: {
                Result<std::uint64_t> number = read_number(type, type.base_type(), value, where);
                if (!number) return std::unexpected(number.error());
                return Slot{.number = *number};
            }
        }
    }

    static Result<Slot> offset_slot(const Result<uoffset_t>& offset) {
        if (!offset) return std::unexpected(offset.error());
        return Slot{.offset = *offset};
    }

    Result<uoffset_t> build_string(const Json& value, const std::string& where) {
        if (!value.is_string()) return bad("must be a text", where);
        const Result<std::string> text = to_nfc(value.get_ref<const std::string&>());
        if (!text) return bad("is not UTF-8", where);
        if (text->find('\0') != std::string::npos) return bad("holds a NUL character", where);
        return fbb_.CreateString(text->data(), text->size()).o;
    }

    Result<uoffset_t> build_vector(const reflection::Type& type,
                                   const Json& value,
                                   const std::string& where) {
        const reflection::BaseType element = type.element();
        if (element == reflection::UByte && maybe_enumeration(type) == nullptr) {
            if (!value.is_string()) return bad("must be bytes in base64", where);
            const Result<Bytes> bytes = from_base64(value.get_ref<const std::string&>());
            if (!bytes) return bad("is not base64", where);
            return fbb_.CreateVector(bytes->data(), bytes->size()).o;
        }
        if (!value.is_array()) return bad("must be an array", where);
        std::vector<Slot> slots;
        slots.reserve(value.size());
        for (std::size_t i = 0; i < value.size(); ++i) {
            const std::string at = fmt::format("{}[{}]", where, i);
            Result<Slot> slot;
            if (element == reflection::String) {
                slot = offset_slot(build_string(value[i], at));
            } else if (element == reflection::Obj) {
                slot = offset_slot(build_table(table_of(type), value[i], at));
            } else {
                const Result<std::uint64_t> number = read_number(type, element, value[i], at);
                if (!number) return std::unexpected(number.error());
                slot = Slot{.number = *number};
            }
            if (!slot) return std::unexpected(slot.error());
            slots.push_back(*slot);
        }
        if (element == reflection::String || element == reflection::Obj) {
            std::vector<flatbuffers::Offset<void>> offsets;
            offsets.reserve(slots.size());
            for (const Slot& slot : slots) offsets.emplace_back(slot.offset);
            return fbb_.CreateVector(offsets).o;
        }
        const std::size_t width = flatbuffers::GetTypeSize(element);
        fbb_.StartVector(slots.size(), width);
        for (std::size_t i = slots.size(); i > 0; --i) push_number(width, slots[i - 1].number);
        return fbb_.EndVector(slots.size());
    }

    // The number of an enumeration's name, or a number in the range of its type; as two's
    // complement.
    static Result<std::uint64_t> read_number(const reflection::Type& type,
                                             reflection::BaseType base,
                                             const Json& value,
                                             const std::string& where) {
        if (base == reflection::Bool) {
            if (!value.is_boolean()) return bad("must be true or false", where);
            return value.get<bool>() ? 1U : 0U;
        }
        if (const reflection::Enum* enumeration = maybe_enumeration(type); enumeration != nullptr) {
            if (!value.is_string()) return bad("must be a name of its list", where);
            for (const reflection::EnumVal* each : *enumeration->values()) {
                if (each->name()->str() == value.get_ref<const std::string&>()) {
                    return static_cast<std::uint64_t>(each->value());
                }
            }
            return bad("is no name of its list", where);
        }
        CHECK(flatbuffers::IsInteger(base));
        if (!value.is_number_integer()) return bad("must be a whole number", where);
        const std::size_t bits = flatbuffers::GetTypeSize(base) * 8;
        const bool is_signed = base == reflection::Byte || base == reflection::Short ||
                               base == reflection::Int || base == reflection::Long;
        const std::uint64_t max =
            std::numeric_limits<std::uint64_t>::max() >> (64 - bits + (is_signed ? 1 : 0));
        if (value.is_number_unsigned()) {
            const auto number = value.get<std::uint64_t>();
            if (number > max) return bad("is too large", where);
            return number;
        }
        const auto number = value.get<std::int64_t>();
        const auto limit = static_cast<std::int64_t>(max);
        if (number < 0 ? (!is_signed || number < -limit - 1)
                       : static_cast<std::uint64_t>(number) > max) {
            return bad("is out of range", where);
        }
        return static_cast<std::uint64_t>(number);
    }

    void push_number(std::size_t width, std::uint64_t number) {
        switch (width) {
            case 1:
                fbb_.PushElement(static_cast<std::uint8_t>(number));
                return;
            case 2:
                fbb_.PushElement(static_cast<std::uint16_t>(number));
                return;
            case 4:
                fbb_.PushElement(static_cast<std::uint32_t>(number));
                return;
            default:
                fbb_.PushElement(number);
        }
    }

    template <class T>
    void add_number(const reflection::Field& field, std::uint64_t number) {
        // Of an optional field every value is written; of another the default is left out.
        if (field.optional()) {
            fbb_.AddElement<T>(field.offset(), static_cast<T>(number));
        } else {
            fbb_.AddElement<T>(
                field.offset(), static_cast<T>(number), static_cast<T>(field.default_integer()));
        }
    }

    void add_field(const reflection::Field& field, const Slot& slot) {
        const reflection::BaseType base = field.type()->base_type();
        if (!flatbuffers::IsScalar(base)) {
            fbb_.AddOffset(field.offset(), flatbuffers::Offset<void>(slot.offset));
            return;
        }
        switch (flatbuffers::GetTypeSize(base)) {
            case 1:
                add_number<std::uint8_t>(field, slot.number);
                break;
            case 2:
                add_number<std::uint16_t>(field, slot.number);
                break;
            case 4:
                add_number<std::uint32_t>(field, slot.number);
                break;
            default:
                add_number<std::uint64_t>(field, slot.number);
        }
    }

    FlatBufferBuilder fbb_;
};

Result<Bytes> build_section(const message::SectionType& type, const Json& json) {
    const std::string name(type.name);
    const reflection::Object* root = maybe_table(type.root_table);
    CHECK(root != nullptr);
    Result<Bytes> bytes = Builder().build(*root, json, name);
    if (!bytes) return bytes;
    if (Result<void> checked = message::check_section(type, *bytes); !checked) {
        Error error = checked.error();
        if (error.where != name) error.where = name + "." + error.where;
        return std::unexpected(std::move(error));
    }
    return bytes;
}

Result<std::string> read_text(const Json& object, const char* name, std::size_t bytes_max) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::string();
    if (!found->is_string()) return bad("must be a text", name);
    Result<std::string> text = to_nfc(found->get_ref<const std::string&>());
    if (!text) return bad("is not UTF-8", name);
    if (text->empty() || text->size() > bytes_max) return bad("is empty or too long", name);
    return text;
}

// A figure may call its activity by its Vietnamese name, or say only what was counted, as a row of
// a spreadsheet may. What is no such name stays for the schema to judge.
void name_activities(Json& report) {
    const auto figures = report.find("figures");
    if (figures == report.end() || !figures->is_array()) return;
    for (Json& figure : *figures) {
        if (!figure.is_object()) continue;
        const bool named = figure.contains("activity") && !figure["activity"].is_null();
        const auto said = figure.find(named ? "activity" : "measure");
        if (said == figure.end() || !said->is_string()) continue;
        const std::string name = said->get<std::string>();
        const auto activity = outreach::maybe_activity_called(name);
        if (!activity) continue;
        figure["activity"] = *activity;
        if (!figure.contains("activity_vi")) figure["activity_vi"] = name;
    }
}

// Everything of a line but the default key, which needs the other lines.
Result<Draft> read_line(message::Kind kind, std::string_view line) {
    Result<Json> json = parse_json(line);
    if (!json) return std::unexpected(json.error());
    if (!json->is_object()) return bad("must be an object", {});
    for (const auto& [name, value] : json->items()) {
        if (name != "key" && name != "unit" && name != "sections") {
            return bad("no such field", shown(name));
        }
    }
    Draft draft;
    draft.kind = kind;
    Result<std::string> key = read_text(*json, "key", kKeyBytesMax);
    if (!key) return std::unexpected(key.error());
    draft.has_key = !key->empty();
    draft.key = std::move(*key);
    Result<std::string> unit = read_text(*json, "unit", kKeyBytesMax);
    if (!unit) return std::unexpected(unit.error());
    draft.unit = std::move(*unit);

    const auto sections = json->find("sections");
    if (sections == json->end() || !sections->is_object())
        return bad("must be an object", "sections");
    const message::KindInfo& table = message::info(kind);
    for (const auto& [name, value] : sections->items()) {
        const std::optional<std::size_t> index = message::maybe_section(table, name);
        if (!index) return fail(Code::bad_argument, "the kind has no such section", shown(name));
        // A copy: the line's own words are what its key is made of.
        Json content = value;
        if (outreach::has_figures(kind) && name == "report" && content.is_object()) {
            name_activities(content);
        }
        Result<Bytes> bytes = build_section(table.sections[*index], content);
        if (!bytes) return std::unexpected(bytes.error());
        draft.sections.emplace_back(name, std::move(*bytes));
    }
    for (const message::SectionType& type : table.sections) {
        const bool there = std::ranges::any_of(
            draft.sections, [&](const auto& section) { return section.first == type.name; });
        if (type.required && !there)
            return bad("the section must be there", std::string(type.name));
    }
    json->erase("key");
    Result<std::string> canonical = to_nfc(json->dump());
    if (!canonical) return std::unexpected(canonical.error());
    draft.canonical = std::move(*canonical);
    return draft;
}

}  // namespace

std::string line_key(message::Kind kind, std::string_view canonical, std::size_t ordinal) {
    return fmt::format("{}\n{}\n{}", message::info(kind).name, ordinal, canonical);
}

Result<std::vector<LineResult>> read_jsonl(message::Kind kind, std::string_view text) {
    if (!message::maybe_kind(std::to_underlying(kind))) {
        return fail(Code::bad_argument, "no such kind");
    }
    if (text.size() > kFileBytesMax) {
        return fail(Code::oversized, fmt::format("a file of more than {} bytes", kFileBytesMax));
    }
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    std::vector<LineResult> results;
    std::map<std::string, std::size_t> ordinals;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        if (results.size() == kLinesMax) {
            return fail(Code::oversized, fmt::format("more than {} lines", kLinesMax));
        }
        LineResult result{.line = number, .draft = read_line(kind, line)};
        if (result.draft) {
            Draft& draft = *result.draft;
            draft.line = number;
            if (!draft.has_key) {
                draft.key = line_key(kind, draft.canonical, ordinals[draft.canonical]++);
            }
        } else {
            Error& error = result.draft.error();
            error.where = error.where.empty() ? fmt::format("line {}", number)
                                              : fmt::format("line {}, {}", number, error.where);
        }
        results.push_back(std::move(result));
    }
    return results;
}

Result<Bytes> section_from_json(const message::SectionType& type, std::string_view json) {
    const Result<Json> parsed = parse_json(json);
    if (!parsed) return std::unexpected(parsed.error());
    return build_section(type, *parsed);
}

}  // namespace lienthong::codec
