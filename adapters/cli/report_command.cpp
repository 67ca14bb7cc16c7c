// SPDX-License-Identifier: Apache-2.0
// `lienthong report`: what the agencies did, added up from the node's inbox.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/cli/commands.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/places.hpp"
#include "adapters/cli/run.hpp"
#include "bus/base/collation.hpp"
#include "bus/outreach/measure.hpp"
#include "bus/outreach/spelling.hpp"
#include "bus/outreach/summary.hpp"

namespace lienthong::cli {
namespace {

using outreach::Figure;
using outreach::Reported;

constexpr std::size_t kPage = 1000;
constexpr std::string_view kReporterRole = "outreach-reporter";

void add_message(std::vector<Reported>& all,
                 const node::InboxEntry& entry,
                 std::vector<Figure>&& figures) {
    for (std::size_t i = 0; i < figures.size(); ++i) {
        Reported reported;
        reported.kind = entry.header.kind;
        reported.message = entry.header.id;
        reported.position = entry.position;
        reported.agency = entry.header.sender;
        reported.unit = entry.header.unit;
        const auto& reference = entry.header.refers_to;
        if (reference && reference->relation == message::Relation::supersedes) {
            reported.supersedes = reference->message;
        }
        reported.index = i;
        reported.figure = std::move(figures[i]);
        all.push_back(std::move(reported));
    }
}

// Every figure of every message that this agency may read.
Result<std::vector<Reported>> read_figures(Session& session) {
    std::vector<Reported> all;
    Position from = 0;
    for (;;) {
        auto page = session.api.consume(from, kPage);
        if (!page) return std::unexpected(page.error());
        for (const node::InboxEntry& entry : *page) {
            if (!outreach::has_figures(entry.header.kind)) continue;
            const auto granted = std::ranges::any_of(entry.sections, [](const auto& section) {
                return section.granted && section.name == "report";
            });
            if (!granted) continue;
            auto plaintext = session.api.section(entry.header.id, "report");
            if (!plaintext) return std::unexpected(plaintext.error());
            auto figures = outreach::read_report(entry.header.kind, plaintext->view());
            if (!figures) return std::unexpected(figures.error());
            add_message(all, entry, std::move(*figures));
        }
        if (page->size() < kPage) return all;
        from = page->back().position + 1;
        session.progress(fmt::format("inbox: {}", from));
    }
}

Json number(const std::optional<std::int64_t>& value) {
    return value ? Json(*value) : Json(nullptr);
}
Json text(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }

Json quantity_to_json(const outreach::Quantity& quantity) {
    return Json{{"low", number(quantity.low)},
                {"high", number(quantity.high)},
                {"qualifier", outreach::name(quantity.qualifier)}};
}

Json party_to_json(const registry::Registry& registry, const outreach::Party& party) {
    if (!party.agency.empty()) return slug_of(registry, party.agency);
    return text(party.text);
}

Json parties_to_json(const registry::Registry& registry, const std::vector<outreach::Party>& all) {
    Json list = Json::array();
    for (const outreach::Party& party : all) list.push_back(party_to_json(registry, party));
    return list;
}

Json row_to_json(const registry::Registry& registry, const outreach::Row& row) {
    const Reported& reported = row.reported;
    const Figure& figure = reported.figure;
    Json json;
    json["message_id"] = reported.message.text();
    json["position"] = reported.position;
    json["activity_id"] = figure.activity;
    json["activity_vi"] = text(figure.name_vi);
    json["measure"] = row.measure;
    json["agency"] = slug_of(registry, reported.agency);
    json["unit"] = text(figure.unit.empty() ? reported.unit.text() : figure.unit);
    json["lead"] = party_to_json(registry, figure.lead);
    json["implementers"] = parties_to_json(registry, figure.implementers);
    json["funders"] = parties_to_json(registry, figure.funders);
    json["joint_activity"] = text(figure.joint_activity);
    json["quantity"] = quantity_to_json(figure.quantity);
    json["cell"] = text(std::string(outreach::name(figure.cell)));
    json["participants"] = nullptr;
    if (figure.participants) {
        const outreach::Quantity& quantity = figure.participants->quantity;
        json["participants"] = Json{{"value", number(quantity.low)},
                                    {"qualifier", outreach::name(quantity.qualifier)},
                                    {"kind", outreach::name(figure.participants->kind)}};
    }
    json["stock_or_flow"] = outreach::name(figure.measurement);
    json["territories"] = Json::array();
    for (const outreach::Territory& place : figure.territories) {
        json["territories"].push_back(Json{{"code", text(place.code)}, {"text", text(place.text)}});
    }
    json["period"] = figure.period ? Json(figure.period->text()) : Json(nullptr);
    json["as_of"] = figure.as_of ? Json(outreach::format_date(*figure.as_of)) : Json(nullptr);
    json["standing"] = outreach::name(row.standing);
    if (row.superseded_by) json["superseded_by"] = row.superseded_by->text();
    if (!row.part_of.empty()) json["part_of"] = row.part_of;
    if (row.lead_disputed) json["lead_disputed"] = true;
    if (row.lead_missing) json["lead_missing"] = true;
    if (row.differs) json["differs"] = true;
    return json;
}

Json total_to_json(const outreach::Total& total) {
    return Json{{"measure", total.measure},
                {"stock_or_flow", outreach::name(total.measurement)},
                {"value", number(total.sum.value())},
                {"low", number(total.sum.low())},
                {"high", number(total.sum.high())},
                {"qualifier", outreach::name(total.sum.qualifier())},
                {"not_stated", total.sum.not_stated()},
                {"suppressed", total.sum.suppressed()},
                {"not_reported", total.sum.not_reported()},
                {"rounded", total.sum.rounded()},
                {"overlap_max", total.overlap_max}};
}

// "17.121", as Vietnamese reports write it; "17,121" in English.
std::string grouped(std::int64_t value, Lang lang) {
    std::string digits = std::to_string(value);
    const std::size_t first = digits.starts_with('-') ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3; at -= 3) {
        digits.insert(at - 3, lang == Lang::vi ? "." : ",");
    }
    return digits;
}

// In the order in which they are shown; a true zero needs no word, it is a 0.
struct CellWords {
    std::string_view cell;
    Words words;
};
constexpr std::array kCells{
    CellWords{"suppressed", {"được giữ kín", "suppressed"}},
    CellWords{"not_reported", {"chưa báo cáo", "not reported"}},
    CellWords{"rounded", {"đã làm tròn", "rounded"}},
};

// "được giữ kín: 2; đã làm tròn: 1"
std::string cells_of(const Json& total, Lang lang) {
    std::string text;
    for (const auto& [cell, words] : kCells) {
        const int count = total.value(cell, 0);
        if (count == 0) continue;
        text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", words.in(lang), count);
    }
    return text;
}

std::string amount(const Json& total, Lang lang) {
    const std::string qualifier = total.value("qualifier", "");
    if (qualifier == "not_stated") {
        // Withheld, or never counted, is another thing than not said.
        const bool not_stated = total.value("not_stated", 0) > 0;
        const bool suppressed = total.value("suppressed", 0) > 0;
        const bool not_reported = total.value("not_reported", 0) > 0;
        if (suppressed && !not_stated && !not_reported) {
            return std::string(kCells[0].words.in(lang));
        }
        if (not_reported && !not_stated && !suppressed) {
            return std::string(kCells[1].words.in(lang));
        }
        return std::string(Words{"không nêu", "not stated"}.in(lang));
    }
    const Json& low = total["low"];
    const Json& high = total["high"];
    if (qualifier == "range" && low.is_number() && high.is_number()) {
        return fmt::format("{}–{}",
                           grouped(low.get<std::int64_t>(), lang),
                           grouped(high.get<std::int64_t>(), lang));
    }
    // A row's quantity has its ends alone.
    const bool summed = total.contains("value") && total["value"].is_number();
    const Json& value = summed ? total["value"] : low;
    std::string number = value.is_number() ? grouped(value.get<std::int64_t>(), lang) : "–";
    if (qualifier == "at_least") return fmt::format("≥ {}", number);
    if (qualifier == "nearly") return fmt::format("{} {}", Words{"gần", "nearly"}.in(lang), number);
    if (qualifier == "about")
        return fmt::format("{} {}", Words{"khoảng", "about"}.in(lang), number);
    return number;
}

// The rows whose number is not one to be read as it stands.
std::string rows_with_cells(const Json& rows, Lang lang) {
    std::string text;
    std::vector<Json> sorted(rows.begin(), rows.end());
    std::ranges::stable_sort(
        sorted, stands_before, [](const Json& row) { return cell(row, "agency"); });
    for (const Json& row : sorted) {
        const auto* known = std::ranges::find(kCells, cell(row, "cell"), &CellWords::cell);
        if (known == kCells.end()) continue;
        const Json& quantity = row["quantity"];
        const std::string number = quantity["low"].is_null() ? "" : amount(quantity, lang) + ", ";
        text += fmt::format("  {}, {}: {}{}\n",
                            cell(row, "agency"),
                            cell(row, "activity_id"),
                            number,
                            known->words.in(lang));
    }
    return text;
}

std::string measure_name(const std::string& id, Lang lang) {
    for (const outreach::Measure& measure : outreach::all_measures()) {
        if (measure.id == id) {
            return std::string(lang == Lang::vi ? measure.name_vi : measure.name_en);
        }
    }
    return id;
}

// 2021 as a number, or a period's name: nothing means all time.
Result<std::optional<outreach::Period>> period_of(const Invocation& invocation) {
    std::string name = invocation.text("period");
    if (invocation.has("year")) {
        if (!name.empty()) return fail(Code::bad_argument, "either --year or --period", "--period");
        name = fmt::format("{:04}", invocation.number("year", 0));
    }
    if (name.empty()) return std::optional<outreach::Period>();
    auto period = outreach::parse_period(name);
    if (!period) {
        return fail(Code::bad_argument,
                    "2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 or 2021-01-01/2021-12-31",
                    invocation.has("year") ? "--year" : "--period");
    }
    return std::optional(*period);
}

// By which law the period counts, if not by the calendar.
Json regime_to_json(const Invocation& invocation) {
    const message::PeriodRegime* regime = outreach::maybe_regime_of(invocation.text("period"));
    if (regime == nullptr || regime->id.empty()) return nullptr;
    return Json{{"id", regime->id},
                {"name_vi", regime->name_vi},
                {"name_en", regime->name_en},
                {"first_day", regime->first_day},
                {"legal_basis", regime->legal_basis},
                {"confirmed", regime->confirmed}};
}

std::string regime_line(const Json& body, Lang lang) {
    const auto found = body.find("regime");
    if (found == body.end() || !found->is_object()) return {};
    const Json& regime = *found;
    const bool confirmed = regime.value("confirmed", false);
    const Words doubt{", chưa đối chiếu với văn bản", ", not compared with its text yet"};
    return fmt::format("{}: {} ({}{})\n",
                       Words{"Kỳ", "Period"}.in(lang),
                       cell(regime, lang == Lang::vi ? "name_vi" : "name_en"),
                       cell(regime, "legal_basis"),
                       confirmed ? "" : doubt.in(lang));
}

// The activity that is looked for: by its id or by a name of it; one of no table only if a report
// has it. not_found.
Result<std::string> activity_sought(const std::string& text, const std::vector<Reported>& all) {
    if (text.empty() || outreach::is_known_activity(text)) return text;
    if (const auto known = outreach::maybe_activity_sought(text)) return std::string(*known);
    const std::string* named = nullptr;
    for (const Reported& reported : all) {
        const Figure& figure = reported.figure;
        if (figure.activity == text) return text;
        if (match_of(text, figure.name_vi) == Match::none) continue;
        if (named == nullptr) named = &figure.activity;
    }
    if (named != nullptr) return *named;
    return fail(Code::not_found, "no activity of this name or id: " + text, "--activity");
}

// The place that is looked for (Places::meant), or one that the registry does not know and a report
// names.
Result<std::string> territory_sought(const std::string& text,
                                     const Places& places,
                                     const std::vector<Reported>& all) {
    if (text.empty()) return text;
    auto meant = places.meant(text);
    if (meant || meant.error().code != Code::not_found) return meant;
    for (const Reported& reported : all) {
        for (const outreach::Territory& place : reported.figure.territories) {
            if (place.code == text || match_of(text, place.text) != Match::none) return text;
        }
    }
    return meant;
}

}  // namespace

Result<Answer> report_outreach(Session& session, const Invocation& invocation) {
    auto period = period_of(invocation);
    if (!period) return std::unexpected(period.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    outreach::Filters filters;
    filters.period = *period;
    const Places places(*documents->registry);
    const outreach::Date today =
        std::chrono::floor<std::chrono::days>(std::chrono::sys_time<std::chrono::milliseconds>(
            std::chrono::milliseconds(session.clock.wall())));
    if (const std::string slug = invocation.text("agency"); !slug.empty()) {
        auto agency = to_agency(*documents->registry, slug, "agency");
        if (!agency) return std::unexpected(agency.error());
        filters.agency = *agency;
    }
    catch_up(session, invocation);
    auto figures = read_figures(session);
    if (!figures) return std::unexpected(figures.error());
    auto activity = activity_sought(invocation.text("activity"), *figures);
    if (!activity) return std::unexpected(activity.error());
    filters.activity = std::move(*activity);
    filters.territory = invocation.text("territory");
    const auto territory = territory_sought(filters.territory, places, *figures);
    if (!territory) return std::unexpected(territory.error());
    if (!filters.territory.empty()) {
        filters.lies_within = [&](const outreach::Territory& place,
                                  std::optional<outreach::Date> day) {
            return match_of(filters.territory, place.text) != Match::none ||
                   places.lies_within(place.code, place.text, *territory, day.value_or(today));
        };
    }
    const outreach::Summary summary = outreach::summarise(*figures, filters);
    Answer answer;
    answer.body["period"] = *period ? Json((*period)->text()) : Json(nullptr);
    answer.body["regime"] = regime_to_json(invocation);
    answer.body["totals"] = Json::array();
    answer.body["rows"] = Json::array();
    for (const auto& total : summary.totals) answer.body["totals"].push_back(total_to_json(total));
    for (const auto& row : summary.rows) {
        answer.body["rows"].push_back(row_to_json(*documents->registry, row));
    }
    return answer;
}

std::string render_outreach(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Chỉ tiêu", "Measure"}.in(lang)),
                     std::string(Words{"Số liệu", "Value"}.in(lang)),
                     std::string(Words{"Không nêu", "Not stated"}.in(lang)),
                     std::string(Words{"Có thể trùng", "May overlap"}.in(lang)),
                     std::string(Words{"Ô số liệu", "Cells"}.in(lang))});
    const auto count = [lang](std::int64_t value) {
        return value == 0 ? std::string() : grouped(value, lang);
    };
    for (const Json& total : body["totals"]) {
        table.add({measure_name(total.value("measure", ""), lang),
                   amount(total, lang),
                   count(total.value("not_stated", 0)),
                   count(total.value("overlap_max", std::int64_t{0})),
                   cells_of(total, lang)});
    }
    return table.text() +
           fmt::format("{}: {}\n",
                       Words{"Số dòng báo cáo", "Reported figures"}.in(lang),
                       body["rows"].size()) +
           rows_with_cells(body["rows"], lang) + regime_line(body, lang);
}

Result<Answer> report_completeness(Session& session, const Invocation& invocation) {
    auto period = period_of(invocation);
    if (!period) return std::unexpected(period.error());
    if (!*period) return fail(Code::bad_argument, "a period must be given", "--period");
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    const registry::Registry& registry = *documents->registry;
    catch_up(session, invocation);
    auto figures = read_figures(session);
    if (!figures) return std::unexpected(figures.error());
    auto status = session.api.status(node::Api::Timeout(0));
    if (!status) return std::unexpected(status.error());
    policy::Context now;
    now.at = session.clock.wall();
    std::vector<outreach::Expected> expected;
    for (const AgencyId& agency : registry.holders(Role::of(kReporterRole), now.at)) {
        outreach::Expected one{agency, message::Kind::outreach_report};
        // A grant that depends on who is named shows some of the reports, not all.
        one.readable =
            agency == status->agency ||
            documents->policy->may_read(registry, status->agency, one.kind, "report", now).allowed;
        expected.push_back(std::move(one));
    }
    Answer answer;
    answer.body["period"] = (*period)->text();
    answer.body["regime"] = regime_to_json(invocation);
    answer.body["rows"] = Json::array();
    answer.body["missing"] = Json::array();
    for (const auto& row : outreach::completeness(**period, expected, *figures)) {
        const std::string slug = slug_of(registry, row.expected.agency);
        const auto* agency = registry.maybe_agency(row.expected.agency);
        const bool named = agency != nullptr && !agency->names.empty();
        Json json{{"agency", slug},
                  {"name_vi", named ? agency->names.back().vi : slug},
                  {"name_en", named ? agency->names.back().en : slug},
                  {"kind", message::info(row.expected.kind).name},
                  {"completeness", outreach::name(row.completeness)},
                  {"figures", row.figures}};
        json["first_position"] = row.first ? Json(*row.first) : Json(nullptr);
        json["last_position"] = row.last ? Json(*row.last) : Json(nullptr);
        answer.body["rows"].push_back(std::move(json));
        if (row.completeness == outreach::Completeness::missing) {
            answer.body["missing"].push_back(slug);
        }
    }
    return answer;
}

std::string render_completeness(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Cơ quan", "Agency"}.in(lang)),
                     std::string(Words{"Tình trạng", "State"}.in(lang)),
                     std::string(Words{"Số liệu", "Figures"}.in(lang))});
    // By name, as people look for it; programs get the order of the registry.
    const std::string_view name = lang == Lang::vi ? "name_vi" : "name_en";
    std::vector<Json> rows(body["rows"].begin(), body["rows"].end());
    std::ranges::sort(rows, stands_before, [&](const Json& row) { return cell(row, name); });
    for (const Json& row : rows) {
        const std::string state = row.value("completeness", "");
        const Words words = state == "complete"      ? Words{"đủ", "complete"}
                            : state == "partly"      ? Words{"chưa đủ", "partly"}
                            : state == "not_visible" ? Words{"không được xem", "not visible"}
                                                     : Words{"chưa báo cáo", "missing"};
        table.add({fmt::format("{} ({})", cell(row, name), cell(row, "agency")),
                   std::string(words.in(lang)),
                   cell(row, "figures")});
    }
    return table.text() + regime_line(body, lang);
}

}  // namespace lienthong::cli
