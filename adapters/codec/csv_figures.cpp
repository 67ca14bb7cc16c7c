// SPDX-License-Identifier: Apache-2.0
// A row of a spreadsheet to a report with one figure: each column knows which field it fills.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "adapters/codec/codec.hpp"
#include "bus/base/text.hpp"
#include "bus/outreach/figure.hpp"
#include "bus/outreach/period.hpp"
#include "bus/outreach/spelling.hpp"

namespace lienthong::codec {
namespace {

using Json = nlohmann::json;
using outreach::Date;
using outreach::Period;

std::unexpected<Error> bad(std::string why) { return fail(Code::malformed_input, std::move(why)); }

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t from = text.find_first_not_of(kBlank);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::vector<std::string> parts_of(std::string_view cell) {
    std::vector<std::string> parts;
    while (!cell.empty()) {
        const std::size_t end = std::min(cell.find(';'), cell.size());
        if (const std::string_view part = trimmed(cell.substr(0, end)); !part.empty()) {
            parts.emplace_back(part);
        }
        cell.remove_prefix(std::min(end + 1, cell.size()));
    }
    return parts;
}

// "at-least" as people write it is `at_least` in the schema.
std::string list_name(std::string_view cell) {
    std::string name(cell);
    std::ranges::replace(name, '-', '_');
    return name;
}

Json party(std::string_view text, const CsvOptions& options) {
    const auto agency = options.agency ? options.agency(text) : std::optional<AgencyId>{};
    if (!agency) return Json{{"text", text}};
    if (agency->text() == text) return Json{{"agency", text}};
    return Json{{"agency", agency->text()}, {"text", text}};
}

std::string_view period_kind(const Period& period) {
    const message::Days days{period.from, period.to};
    if (message::are_whole_months(days, 12, true, false)) return "calendar_year";
    if (message::are_whole_months(days, 12, false, true)) return "administrative_year";
    if (message::are_whole_months(days, 6, true, true)) return "half_year";
    if (message::are_whole_months(days, 3, true, true)) return "quarter";
    return message::are_whole_months(days, 1, true, true) ? "month" : "other";
}

// ---- one function for each way to fill a field; an empty cell is never given ----

struct Target {
    Json& figure;
    const char* field;
    const CsvOptions& options;
    std::string_view day;  // on which places are looked up
};

Result<void> no_field(const Target&, const std::string&) { return {}; }

Result<void> text_field(const Target& target, const std::string& cell) {
    target.figure[target.field] = cell;
    return {};
}

Result<void> count_field(const Target& target, const std::string& cell) {
    const Result<std::int64_t> count = parse_vietnamese_count(cell);
    if (!count) return std::unexpected(count.error());
    target.figure[target.field] = *count;
    return {};
}

Result<void> list_field(const Target& target, const std::string& cell) {
    target.figure[target.field] = list_name(cell);
    return {};
}

Result<void> lists_field(const Target& target, const std::string& cell) {
    for (const std::string& part : parts_of(cell)) {
        target.figure[target.field].push_back(list_name(part));
    }
    return {};
}

Result<void> setting_field(const Target& target, const std::string& cell) {
    const bool yes = cell == "yes" || cell == "có";
    if (!yes && cell != "no" && cell != "không") return bad("must be yes or no");
    target.figure[target.field] = yes ? "integrated" : "dedicated";
    return {};
}

Result<void> party_field(const Target& target, const std::string& cell) {
    target.figure[target.field] = party(cell, target.options);
    return {};
}

Result<void> parties_field(const Target& target, const std::string& cell) {
    for (const std::string& part : parts_of(cell)) {
        target.figure[target.field].push_back(party(part, target.options));
    }
    return {};
}

Result<void> places_field(const Target& target, const std::string& cell) {
    const CsvOptions& options = target.options;
    for (const std::string& part : parts_of(cell)) {
        Json place{{"text", part}};
        const auto known =
            options.territory ? options.territory(part, target.day) : std::optional<PlaceCode>{};
        if (known) {
            place["code"] = known->code;
            if (!known->vintage.empty()) place["vintage"] = known->vintage;
        }
        target.figure[target.field].push_back(std::move(place));
    }
    return {};
}

Result<void> period_field(const Target& target, const std::string& cell) {
    const Result<Period> period = outreach::parse_period(cell);
    if (!period) return std::unexpected(period.error());
    target.figure[target.field] = {{"from", outreach::format_date(period->from)},
                                   {"to", outreach::format_date(period->to)},
                                   {"kind", period_kind(*period)}};
    return {};
}

Result<void> date_field(const Target& target, const std::string& cell) {
    const Result<Date> date = outreach::parse_date(cell);
    if (!date) return std::unexpected(date.error());
    target.figure[target.field] = outreach::format_date(*date);
    return {};
}

struct Column {
    std::string_view name;
    const char* field;  // of schemas/figure.fbs
    Result<void> (*fill)(const Target&, const std::string&);
};

constexpr std::array kColumns = std::to_array<Column>({
    {"key", "", no_field},
    {"message", "", no_field},
    {"reporter", "", no_field},
    {"figure", "source_number", count_field},
    {"unit", "reporting_unit", text_field},
    {"activity", "activity", text_field},
    {"activity_vi", "activity_vi", text_field},
    {"activity_en", "activity_en", text_field},
    {"low", "low", count_field},
    {"high", "high", count_field},
    {"qualifier", "qualifier", list_field},
    {"measure", "measure", text_field},
    {"measure_unit", "measure_unit", text_field},
    {"participants", "participants", count_field},
    {"participants_qualifier", "participants_qualifier", list_field},
    {"participants_kind", "participants_kind", list_field},
    {"stock_or_flow", "stock_or_flow", list_field},
    {"integrated", "setting", setting_field},
    {"lead", "lead", party_field},
    {"implementers", "implementers", parties_field},
    {"funder", "funders", parties_field},
    {"partners", "partners", parties_field},
    {"audience_vi", "audience", text_field},
    {"territory", "territories", places_field},
    {"period", "period", period_field},
    {"as_of", "as_of", date_field},
    {"campaign", "campaign", text_field},
    {"channels", "channels", lists_field},
    {"topics", "topics", lists_field},
    {"document_number", "document_number", text_field},
    {"joint_activity", "joint_activity", text_field},
    {"note", "note", text_field},
    {"cell", "cell", list_field},
});

const Column* maybe_column(std::string_view name) {
    const auto* found = std::ranges::find(kColumns, name, &Column::name);
    return found == kColumns.end() ? nullptr : found;
}

using Header = std::vector<const Column*>;
using Cells = std::map<std::string_view, std::string>;  // column name → text, empty ones left out

Result<Header> read_header(const CsvRecord& record) {
    const auto bad_header = [&](std::size_t index, std::string_view why) {
        return fail(Code::malformed_input,
                    std::string(why),
                    fmt::format("line {}, column {}", record.line, index + 1));
    };
    Header header;
    for (std::size_t i = 0; i < record.fields.size(); ++i) {
        const Column* column = maybe_column(trimmed(record.fields[i]));
        if (column == nullptr) return bad_header(i, "no such column");
        if (std::ranges::find(header, column) != header.end()) {
            return bad_header(i, "the column stands twice");
        }
        header.push_back(column);
    }
    if (std::ranges::find(header, maybe_column("activity")) == header.end()) {
        return fail(Code::malformed_input,
                    "the header row must name the column activity",
                    fmt::format("line {}", record.line));
    }
    return header;
}

// One row on its way to a draft. Errors have the column in `where`, without the line.
class RowReader {
  public:
    RowReader(message::Kind kind, const CsvOptions& options) : kind_(kind), options_(options) {}

    // Cells in NFC, without blanks around them. False: nothing in it, or not ours and to be
    // skipped.
    Result<bool> read_cells(const Header& header, const CsvRecord& record) {
        if (record.fields.size() != header.size()) {
            return bad(fmt::format(
                "has {} fields, the header row has {}", record.fields.size(), header.size()));
        }
        for (std::size_t i = 0; i < header.size(); ++i) {
            const std::string_view name = header[i]->name;
            Result<std::string> text = to_nfc(trimmed(record.fields[i]));
            if (!text) return at(name, "is not UTF-8");
            const bool control = std::ranges::any_of(*text, [](char c) {
                return (c >= 0 && c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F;
            });
            if (control) return at(name, "holds a control character");
            if (!text->empty()) cells_[name] = std::move(*text);
        }
        if (cells_.empty()) return false;
        return check_sender();
    }

    Result<Draft> read_draft() {
        Json figure = Json::object();
        const std::string day = day_of_row();
        for (const auto& [name, cell] : cells_) {
            const Column& column = *maybe_column(name);
            const Target target{
                .figure = figure, .field = column.field, .options = options_, .day = day};
            if (Result<void> filled = column.fill(target, cell); !filled) {
                Error error = filled.error();
                error.where = fmt::format("column {}", name);
                return std::unexpected(std::move(error));
            }
        }
        name_activity(figure);
        fill_gaps(figure);
        if (!minted_.empty()) figure["joint_activity"] = minted_;

        const message::SectionType& type = message::info(kind_).sections.front();
        const Json report{{"figures", Json::array({std::move(figure)})}};
        Result<Bytes> bytes = section_from_json(type, report.dump());
        if (!bytes) return std::unexpected(with_column(bytes.error()));

        Draft draft;
        draft.kind = kind_;
        draft.key = cell("key");
        draft.has_key = !draft.key.empty();
        if (draft.key.size() > kKeyBytesMax) return at("key", "is too long");
        draft.unit = cell("unit");
        draft.canonical = canonical();
        draft.sections.emplace_back(type.name, std::move(*bytes));
        return draft;
    }

    // What identifies a joint activity that the reporter leads; empty for any other row.
    std::string joint_identity() const {
        if (cells_.contains("joint_activity") || !same_party(cell("lead"), reporter())) return {};
        const std::vector<std::string> implementers = parts_of(cell("implementers"));
        const bool with_others = std::ranges::any_of(
            implementers, [&](const std::string& name) { return !same_party(name, reporter()); });
        if (!with_others) return {};
        std::string identity(message::info(kind_).name);
        for (const auto* name :
             {"reporter", "unit", "activity", "activity_vi", "period", "as_of", "implementers"}) {
            identity += '\x1f' + cell(name);
        }
        return identity;
    }

    void set_joint_activity(std::string id) { minted_ = std::move(id); }

    // Every cell but the key's, in the order of the columns' names: the same for any order of
    // columns.
    std::string canonical() const {
        std::string text;
        for (const auto& [name, cell] : cells_) {
            if (name == "key") continue;
            text += fmt::format("{}={}\x1f", name, cell);
        }
        return text;
    }

  private:
    static std::unexpected<Error> at(std::string_view column, std::string why) {
        return fail(Code::malformed_input, std::move(why), fmt::format("column {}", column));
    }

    std::string cell(std::string_view name) const {
        const auto found = cells_.find(name);
        return found == cells_.end() ? std::string() : found->second;
    }

    std::string day_of_row() const {
        if (const auto period = outreach::parse_period(cell("period"))) {
            return outreach::format_date(period->to);
        }
        const auto as_of = outreach::parse_date(cell("as_of"));
        return as_of ? outreach::format_date(*as_of) : std::string();
    }

    std::string reporter() const {
        const std::string named = cell("reporter");
        return named.empty() ? options_.reporter.text() : named;
    }

    bool same_party(const std::string& left, const std::string& right) const {
        if (left.empty() || right.empty()) return false;
        return left == right || agency_text(left) == agency_text(right);
    }
    std::string agency_text(const std::string& name) const {
        const auto agency = options_.agency ? options_.agency(name) : std::optional<AgencyId>{};
        return agency ? agency->text() : name;
    }

    Result<bool> check_sender() const {
        if (const std::string name = cell("message"); !name.empty()) {
            // "outreach.report" in a spreadsheet is the kind outreach-report.
            std::string kind_name = name;
            std::ranges::replace(kind_name, '.', '-');
            const auto kind = message::maybe_kind(kind_name);
            if (kind != kind_) {
                if (kind && options_.skip_others) return false;
                return at("message", kind ? "is of another kind" : "is no kind of message");
            }
        }
        const std::string name = cell("reporter");
        if (!options_.reporter.empty() && !name.empty() &&
            !same_party(name, options_.reporter.text())) {
            if (options_.skip_others) return false;
            return fail(Code::wrong_sender, "is another agency's report", "column reporter");
        }
        return true;
    }

    // A row may call its activity by its Vietnamese name, or say only what was counted.
    void name_activity(Json& figure) const {
        const std::string name = cells_.contains("activity") ? cell("activity") : cell("measure");
        const auto activity = outreach::maybe_activity_called(name);
        if (!activity) return;
        figure["activity"] = *activity;
        if (!figure.contains("activity_vi")) figure["activity_vi"] = name;
    }

    // What a row leaves open because it goes without saying.
    void fill_gaps(Json& figure) const {
        const bool low = figure.contains("low");
        const bool high = figure.contains("high");
        if (low && !high && cell("qualifier") != "range") figure["high"] = figure["low"];
        if (!cells_.contains("qualifier")) {
            const bool range = low && high && figure["low"] != figure["high"];
            figure["qualifier"] = range ? "range" : (low || high ? "exact" : "not_stated");
        }
        if (figure.contains("participants") && !figure.contains("participants_qualifier")) {
            figure["participants_qualifier"] = "exact";
        }
        if (!figure.contains("stock_or_flow")) figure["stock_or_flow"] = "flow";
    }

    // "report.figures[0].low" is the column that fills the field `low`.
    static Error with_column(Error error) {
        constexpr std::string_view kFigure = "report.figures[0].";
        const std::string_view where(error.where);
        if (!where.starts_with(kFigure)) return error;
        std::string_view field = where.substr(kFigure.size());
        field = field.substr(0, field.find_first_of(".["));
        const auto* found = std::ranges::find(kColumns, field, &Column::field);
        if (found != kColumns.end()) error.where = fmt::format("column {}", found->name);
        return error;
    }

    message::Kind kind_;
    const CsvOptions& options_;
    Cells cells_;
    std::string minted_;
};

// What the rows of one file share: how often the same text came.
struct Ordinals {
    std::map<std::string, std::size_t> lines;
    std::map<std::string, std::size_t> joint;
};

// Nothing: a row to be passed over.
Result<std::optional<Draft>> read_row(message::Kind kind,
                                      const CsvOptions& options,
                                      const Header& header,
                                      const CsvRecord& record,
                                      Ordinals& ordinals) {
    RowReader row(kind, options);
    const Result<bool> ours = row.read_cells(header, record);
    if (!ours) return std::unexpected(ours.error());
    if (!*ours) return std::nullopt;
    if (const std::string identity = row.joint_identity(); !identity.empty() && options.mint) {
        row.set_joint_activity(
            options.mint(fmt::format("{}\x1f{}", identity, ordinals.joint[identity]++)));
    }
    Result<Draft> draft = row.read_draft();
    if (!draft) return std::unexpected(draft.error());
    draft->line = record.line;
    if (!draft->has_key) {
        draft->key = line_key(kind, draft->canonical, ordinals.lines[draft->canonical]++);
    }
    return std::optional(std::move(*draft));
}

}  // namespace

Result<std::vector<LineResult>> read_csv(message::Kind kind,
                                         std::string_view text,
                                         const CsvOptions& options) {
    if (!outreach::has_figures(kind)) return fail(Code::bad_argument, "a kind without figures");
    Result<CsvReader> reader = CsvReader::open(text);
    if (!reader) return std::unexpected(reader.error());
    const std::optional<CsvResult> first = reader->maybe_next();
    if (!first) return fail(Code::malformed_input, "has no header row");
    const auto at_line = [](std::size_t line, Error error) {
        error.where = error.where.empty() ? fmt::format("line {}", line)
                                          : fmt::format("line {}, {}", line, error.where);
        return std::unexpected(std::move(error));
    };
    if (!first->record) return at_line(first->line, first->record.error());
    const Result<Header> header = read_header(*first->record);
    if (!header) return std::unexpected(header.error());

    std::vector<LineResult> results;
    Ordinals ordinals;
    while (const std::optional<CsvResult> next = reader->maybe_next()) {
        if (results.size() == kLinesMax) {
            return fail(Code::oversized, fmt::format("more than {} rows", kLinesMax));
        }
        if (!next->record) {
            results.push_back({next->line, at_line(next->line, next->record.error())});
            continue;
        }
        Result<std::optional<Draft>> draft =
            read_row(kind, options, *header, *next->record, ordinals);
        if (!draft) {
            results.push_back({next->line, at_line(next->line, draft.error())});
        } else if (*draft) {
            results.push_back({next->line, std::move(**draft)});
        }
    }
    return results;
}

}  // namespace lienthong::codec
