// SPDX-License-Identifier: Apache-2.0
// Checker: the rules that fields of payloads have in common. Keeps the first fault with the path of
// its field ("figures[3].low"), never a value. Private to bus/message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/base/error.hpp"
#include "bus/message/flat.hpp"

namespace lienthong::message {

inline constexpr std::size_t kTextCharactersMax = 4'000;
inline constexpr std::size_t kNoteCharactersMax = 20'000;
inline constexpr std::size_t kCodesMax = 64;  // of a vector of enumeration values

class Checker {
  public:
    // All texts together may be four times as long as the buffer: more means that many fields point
    // at the same long text, whose normal form would be computed again and again.
    explicit Checker(std::size_t buffer_bytes) : text_bytes_left_(4 * buffer_bytes + 65'536) {}

    bool ok() const { return !fault_; }
    Result<void> result() &&;

    // The fields of an inner table, while it lives. The name is a literal.
    class Scope {
      public:
        Scope(Checker& checker, std::string_view field, std::ptrdiff_t index);
        ~Scope() { checker_.path_.pop_back(); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

      private:
        Checker& checker_;
    };
    Scope in(std::string_view field, std::ptrdiff_t index = -1) { return {*this, field, index}; }

    void fail(std::string_view field, std::string_view why, Code code = Code::malformed_section);
    void require(bool condition, std::string_view field, std::string_view why) {
        if (!condition) fail(field, why);
    }

    // Absent is accepted by all of these; required fields say so in the schema or by stated().
    template <class String>
    void text(std::string_view field, const String* value) {
        if (value != nullptr) check_text(field, text_of(value), kTextCharactersMax);
    }
    template <class String>
    void note(std::string_view field, const String* value) {
        if (value != nullptr) check_text(field, text_of(value), kNoteCharactersMax);
    }
    // A text that is there and not empty.
    template <class String>
    void stated(std::string_view field, const String* value) {
        require(value != nullptr && value->size() != 0, field, "must be stated");
        text(field, value);
    }
    template <class String>
    void name(std::string_view field, const String* value) {
        if (value != nullptr) require(is_name(text_of(value)), field, "must be a name");
    }
    template <class String>
    void date(std::string_view field, const String* value) {
        if (value != nullptr) require(is_date(text_of(value)), field, "must be a date yyyy-mm-dd");
    }
    template <class String>
    void partial_date(std::string_view field, const String* value) {
        if (value == nullptr) return;
        require(is_partial_date(text_of(value)), field, "must be yyyy-mm-dd, yyyy-mm or yyyy");
    }
    template <class String>
    void country(std::string_view field, const String* value) {
        if (value == nullptr) return;
        require(is_country(text_of(value)), field, "must be two capital letters (ISO 3166-1)");
    }
    template <class String>
    void phone(std::string_view field, const String* value) {
        if (value != nullptr) require(is_phone(text_of(value)), field, "must be a phone number");
    }

    // FlatBuffers does not check the range of enumerations. Those of the payload schemas run from 0
    // without a gap (a test keeps that).
    template <class Enum>
    void code(std::string_view field, Enum value) {
        require(in_range(value), field, "is not in the list of codes");
    }
    template <class Enum>
    void stated_code(std::string_view field, Enum value) {
        require(std::to_underlying(value) != 0, field, "must be stated");
        code(field, value);
    }
    // [Enum] as FlatBuffers gives it.
    template <class Enum, class Vector>
    void codes(std::string_view field, const Vector* values) {
        if (values == nullptr) return;
        require(values->size() <= kCodesMax, field, "has too many codes");
        if (!ok()) return;
        for (std::uint32_t i = 0; i < values->size(); ++i) {
            const auto scope = in(field, i);
            stated_code("", Enum{static_cast<std::underlying_type_t<Enum>>(values->Get(i))});
        }
    }

    // Calls rule(*table) within the field's path if the table is there.
    template <class Table, class Rule>
    void table(std::string_view field, const Table* value, Rule rule) {
        if (value == nullptr || !ok()) return;
        const auto scope = in(field);
        rule(*value);
    }
    // Calls rule(*table) for each table of a vector, until the first fault.
    template <class Vector, class Rule>
    void each(std::string_view field, const Vector* values, Rule rule) {
        if (values == nullptr) return;
        for (std::uint32_t i = 0; i < values->size() && ok(); ++i) {
            const auto scope = in(field, i);
            rule(*values->Get(i));
        }
    }

    static bool is_date(std::string_view text);
    static bool is_partial_date(std::string_view text);
    static bool is_country(std::string_view text);
    static bool is_phone(std::string_view text);

  private:
    template <class Enum>
    static bool in_range(Enum value) {
        return std::to_underlying(value) <= std::to_underlying(Enum::MAX);
    }
    void check_text(std::string_view field, std::string_view value, std::size_t characters_max);

    struct Step {
        std::string_view field;
        std::ptrdiff_t index;  // -1: not in a vector
    };
    std::vector<Step> path_;
    std::size_t text_bytes_left_;
    std::optional<Error> fault_;
};

}  // namespace lienthong::message
