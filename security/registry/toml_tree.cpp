// SPDX-License-Identifier: Apache-2.0
#include "security/registry/toml_tree.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace lienthong::registry {

namespace {

constexpr Millis kDayMs = 86'400'000;
constexpr Millis kVietnamOffsetMs = 7 * 3'600'000;

std::string where_of(std::uint32_t line, std::string_view place, std::string_view key) {
    return fmt::format("line {}: {}{}", line, place, key);
}

Millis start_of_day(int year, unsigned month, unsigned day) {
    using namespace std::chrono;
    const sys_days date =
        std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
    return Millis{date.time_since_epoch().count()} * kDayMs - kVietnamOffsetMs;
}

TomlMoment to_moment(const toml::date& date) {
    return {start_of_day(date.year, date.month, date.day),
            fmt::format("{:04}-{:02}-{:02}", date.year, date.month, date.day)};
}

TomlMoment to_moment(const toml::date_time& moment) {
    const auto& time = moment.time;
    const Millis midnight =
        start_of_day(moment.date.year, moment.date.month, moment.date.day) + kVietnamOffsetMs;
    const Millis in_day = ((Millis{time.hour} * 60 + time.minute) * 60 + time.second) * 1000 +
                          time.nanosecond / 1'000'000;
    return {midnight + in_day - Millis{moment.offset->minutes} * 60'000, ""};
}

TomlTable to_table(const toml::table& table);

TomlValue to_value(const toml::node& node) {
    TomlValue value{node.source().begin.line, TomlOther{}};
    if (const auto* text = node.as_string()) {
        value.data = text->get();
    } else if (const auto* number = node.as_integer()) {
        value.data = number->get();
    } else if (const auto* flag = node.as_boolean()) {
        value.data = flag->get();
    } else if (const auto* date = node.as_date()) {
        value.data = to_moment(date->get());
    } else if (const auto* moment = node.as_date_time()) {
        if (!moment->get().is_local()) value.data = to_moment(moment->get());
    } else if (const auto* array = node.as_array()) {
        TomlArray elements;
        elements.reserve(array->size());
        for (const toml::node& element : *array) elements.push_back(to_value(element));
        value.data = std::move(elements);
    } else if (const auto* table = node.as_table()) {
        value.data = to_table(*table);
    }
    return value;
}

TomlTable to_table(const toml::table& table) {
    TomlTable result;
    result.line = table.source().begin.line;
    for (const auto& [key, node] : table) {
        result.keys.emplace_back(key.str());
        result.values.push_back(to_value(node));
    }
    return result;
}

std::string date_time(Millis at) {
    using namespace std::chrono;
    const sys_time<milliseconds> moment{milliseconds{at}};
    const auto day = floor<days>(moment);
    const hh_mm_ss time{moment - day};
    const year_month_day date{day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                       static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()),
                       time.hours().count(),
                       time.minutes().count(),
                       time.seconds().count(),
                       time.subseconds().count());
}

bool is_day_start(Millis at) { return at > 0 && (at + kVietnamOffsetMs) % kDayMs == 0; }

}  // namespace

Result<TomlTable> parse_toml(std::string_view text) {
    if (text.size() > kTomlBytesMax) return fail(Code::oversized, "a TOML file is at most 4 MiB");
    try {
        return to_table(toml::parse(text));
    } catch (const toml::parse_error& error) {
        // The parser's description may repeat what stands in the file; the line is enough.
        return fail(Code::malformed_document,
                    "not TOML",
                    fmt::format("line {}", error.source().begin.line));
    }
}

const TomlValue* TomlReader::take(std::string_view key) {
    const auto found = std::ranges::find(table_->keys, key);
    if (found == table_->keys.end()) return nullptr;
    const auto index = static_cast<std::size_t>(found - table_->keys.begin());
    read_[index] = true;
    return &table_->values[index];
}

bool TomlReader::has(std::string_view key) const {
    return std::ranges::find(table_->keys, key) != table_->keys.end();
}

std::uint32_t TomlReader::line_of(std::string_view key) const {
    const auto found = std::ranges::find(table_->keys, key);
    if (found == table_->keys.end()) return table_->line;
    return table_->values[static_cast<std::size_t>(found - table_->keys.begin())].line;
}

void TomlReader::refuse(std::string_view key, std::string what) {
    if (*fault_) return;
    *fault_ =
        Error{Code::malformed_document, std::move(what), where_of(line_of(key), place_, key), {}};
}

bool TomlReader::check_name(std::string_view key, const std::string& given) {
    if (is_name(given)) return true;
    refuse(key, "must be 1 to 32 of a-z, 0-9 and -");
    return false;
}

std::string TomlReader::text(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return {};
    if (const auto* text = std::get_if<std::string>(&value->data)) return *text;
    refuse(key, "must be a text");
    return {};
}

std::string TomlReader::required_text(std::string_view key) {
    std::string given = text(key);
    if (given.empty()) refuse(key, "is missing or empty");
    return given;
}

std::vector<std::string> TomlReader::texts(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return {};
    std::vector<std::string> result;
    const auto* array = std::get_if<TomlArray>(&value->data);
    if (array == nullptr) {
        refuse(key, "must be a list of texts");
        return {};
    }
    for (const TomlValue& element : *array) {
        const auto* text = std::get_if<std::string>(&element.data);
        if (text == nullptr) {
            refuse(key, "must be a list of texts");
            return {};
        }
        result.push_back(*text);
    }
    return result;
}

bool TomlReader::flag(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return false;
    if (const auto* flag = std::get_if<bool>(&value->data)) return *flag;
    refuse(key, "must be true or false");
    return false;
}

std::optional<std::uint64_t> TomlReader::maybe_number(std::string_view key, std::uint64_t max) {
    const TomlValue* value = take(key);
    if (value == nullptr) return std::nullopt;
    const auto* number = std::get_if<std::int64_t>(&value->data);
    if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) > max) {
        refuse(key, fmt::format("must be a whole number from 0 to {}", max));
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*number);
}

std::uint64_t TomlReader::number(std::string_view key, std::uint64_t fallback, std::uint64_t max) {
    return maybe_number(key, max).value_or(fallback);
}

std::string TomlReader::civil_date(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return {};
    const auto* moment = std::get_if<TomlMoment>(&value->data);
    if (moment != nullptr && !moment->civil.empty()) return moment->civil;
    refuse(key, "must be a date, as 2021-12-31 without quotes");
    return {};
}

Millis TomlReader::beginning(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return 0;
    if (const auto* moment = std::get_if<TomlMoment>(&value->data)) return moment->at;
    refuse(key, "must be a date, or a date and time with an offset");
    return 0;
}

Millis TomlReader::end(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return 0;
    if (const auto* moment = std::get_if<TomlMoment>(&value->data)) {
        return moment->civil.empty() ? moment->at : moment->at + kDayMs;
    }
    refuse(key, "must be a date, or a date and time with an offset");
    return 0;
}

std::vector<TomlReader> TomlReader::tables(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return {};
    std::vector<TomlReader> result;
    const auto* array = std::get_if<TomlArray>(&value->data);
    if (array == nullptr) {
        refuse(key, "must be a list of tables");
        return {};
    }
    for (const TomlValue& element : *array) {
        const auto* table = std::get_if<TomlTable>(&element.data);
        if (table == nullptr) {
            refuse(key, "must be a list of tables");
            return {};
        }
        result.emplace_back(*table, fmt::format("{}{}.", place_, key), *fault_);
    }
    return result;
}

std::optional<TomlReader> TomlReader::maybe_table(std::string_view key) {
    const TomlValue* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (const auto* table = std::get_if<TomlTable>(&value->data)) {
        return TomlReader(*table, fmt::format("{}{}.", place_, key), *fault_);
    }
    refuse(key, "must be a table");
    return std::nullopt;
}

void TomlReader::finish() {
    // The table's keys are sorted, so the lowest line is looked for: it is what a person meets
    // first.
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < read_.size(); ++i) {
        if (read_[i]) continue;
        if (!first || table_->values[i].line < table_->values[*first].line) first = i;
    }
    if (first) refuse(table_->keys[*first], "unknown key");
}

bool is_civil_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    std::array<int, 3> parts{};
    std::size_t part = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 4 || i == 7) {
            ++part;
        } else if (text[i] < '0' || text[i] > '9') {
            return false;
        } else {
            parts[part] = parts[part] * 10 + (text[i] - '0');
        }
    }
    return (std::chrono::year{parts[0]} / std::chrono::month{static_cast<unsigned>(parts[1])} /
            std::chrono::day{static_cast<unsigned>(parts[2])})
        .ok();
}

std::string civil_date_of(Millis at) {
    using namespace std::chrono;
    const sys_time<milliseconds> local{milliseconds{at + kVietnamOffsetMs}};
    const year_month_day date{floor<days>(local)};
    return fmt::format("{:04}-{:02}-{:02}",
                       static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
}

std::string toml_beginning(Millis at) {
    return is_day_start(at) ? civil_date_of(at) : date_time(at);
}

std::string toml_end(Millis at) {
    return is_day_start(at) ? civil_date_of(at - kDayMs) : date_time(at);
}

std::string toml_text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (code < 0x20 || code == 0x7f) {
            quoted += fmt::format("\\u{:04x}", code);
        } else {
            quoted += c;
        }
    }
    return quoted + '"';
}

}  // namespace lienthong::registry
