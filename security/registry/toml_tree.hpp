// SPDX-License-Identifier: Apache-2.0
// A TOML text as values of our own, and a reader that leaves no key unread. toml++ ends in the
// source of this header; registry, policy and procedure files are all read through it.
//
// A fault is malformed_document with `where` = "line 12: agency.nodes" and the rule in `detail`.
// A TOML date is a day in Asia/Ho_Chi_Minh (UTC+7, without summer time): as a beginning it means
// the day's first moment, as an end its last: `until = 2021-12-31` still holds on that day. A TOML
// date-time must have its offset and means exactly that moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/base/ids.hpp"

namespace lienthong::registry {

inline constexpr std::size_t kTomlBytesMax = 4 * 1024 * 1024;

struct TomlValue;
using TomlArray = std::vector<TomlValue>;

struct TomlTable {
    std::uint32_t line = 0;
    std::vector<std::string> keys;
    std::vector<TomlValue> values;  // one for each key
};

struct TomlMoment {
    Millis at = 0;      // of a date: its first moment
    std::string civil;  // yyyy-mm-dd; empty for a date-time
};

// What we have no use for in a TOML file, such as a float or a time of day.
struct TomlOther {};

struct TomlValue {
    std::uint32_t line = 0;
    std::variant<TomlOther, std::string, std::int64_t, bool, TomlMoment, TomlArray, TomlTable> data;
};

Result<TomlTable> parse_toml(std::string_view text);  // malformed_document, oversized

// Takes one table key by key. The first fault of the whole document stays in `fault`; after it
// every answer is empty, so that a caller reads on and looks once, at the end.
class TomlReader {
  public:
    // Both outlive the reader. `place` is how the table is called in a fault: "agency.".
    TomlReader(const TomlTable& table, std::string place, std::optional<Error>& fault)
        : table_(&table), place_(std::move(place)), fault_(&fault), read_(table.keys.size()) {}

    // Absent: empty, zero, false or the fallback.
    std::string text(std::string_view key);
    std::string required_text(std::string_view key);
    std::vector<std::string> texts(std::string_view key);
    bool flag(std::string_view key);
    std::uint64_t number(std::string_view key, std::uint64_t fallback, std::uint64_t max);
    std::optional<std::uint64_t> maybe_number(std::string_view key, std::uint64_t max);
    std::string civil_date(std::string_view key);
    Millis beginning(std::string_view key);
    Millis end(std::string_view key);
    // Tables of an array; a single table is refused.
    std::vector<TomlReader> tables(std::string_view key);
    std::optional<TomlReader> maybe_table(std::string_view key);

    // [a-z0-9-]{1,32}; absent: empty.
    template <class Id>
    Id id(std::string_view key) {
        const std::string given = text(key);
        return given.empty() || !check_name(key, given) ? Id{} : Id::of(given);
    }
    template <class Id>
    Id required_id(std::string_view key) {
        const std::string given = required_text(key);
        return given.empty() || !check_name(key, given) ? Id{} : Id::of(given);
    }
    template <class Id>
    std::vector<Id> ids(std::string_view key) {
        std::vector<Id> result;
        for (const std::string& given : texts(key)) {
            if (check_name(key, given)) result.push_back(Id::of(given));
        }
        return result;
    }

    bool has(std::string_view key) const;
    // Records a fault at this key (or at the table, if it has no such key).
    void refuse(std::string_view key, std::string what);
    // To be called last: every key that nobody asked for is a fault.
    void finish();

  private:
    const TomlValue* take(std::string_view key);
    bool check_name(std::string_view key, const std::string& given);
    std::uint32_t line_of(std::string_view key) const;

    const TomlTable* table_;
    std::string place_;
    std::optional<Error>* fault_;
    std::vector<bool> read_;
};

// "2021-12-31" exists in the calendar.
bool is_civil_date(std::string_view text);
// The day in Asia/Ho_Chi_Minh, yyyy-mm-dd.
std::string civil_date_of(Millis at);
// The moment as TOML: a date where it is a day's first moment (last, for an end), else a date-time.
std::string toml_beginning(Millis at);
std::string toml_end(Millis at);
// A TOML basic string with its quotes.
std::string toml_text(std::string_view text);

}  // namespace lienthong::registry
