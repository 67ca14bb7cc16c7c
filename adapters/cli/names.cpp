// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "bus/base/collation.hpp"
#include "bus/outreach/period.hpp"

namespace lienthong::cli {
namespace {

// Viet Nam has kept UTC+7 without summer time since 1975.
constexpr Millis kOffset = 7LL * 3600 * 1000;
constexpr Millis kSecond = 1000;

// East Asian wide characters do not occur; combining marks are composed (NFC).
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// The one agency that has a name like that; full matches before those without diacritics.
const registry::Agency* maybe_agency_called(const registry::Registry& registry,
                                            std::string_view text) {
    for (const Match wanted : {Match::full, Match::bare}) {
        std::vector<const registry::Agency*> found;
        for (const registry::Agency& agency : registry.data().agencies) {
            const bool called = std::ranges::any_of(agency.names, [&](const auto& names) {
                return match_of(text, names.vi) == wanted || match_of(text, names.en) == wanted;
            });
            if (called) found.push_back(&agency);
        }
        if (found.size() == 1) return found.front();
        if (found.size() > 1) return nullptr;
    }
    return nullptr;
}

// How many letters must be put in, taken out or changed between the two.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::size_t> row(other.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < one.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < other.size(); ++j) {
            const std::size_t changed = diagonal + (one[i] == other[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
        }
    }
    return row.back();
}

// The names that a mistyped one may have meant; all of them if it is like none.
std::string kinds_like(std::string_view text) {
    constexpr std::size_t kTyped = 64;  // longer than any name
    constexpr std::size_t kFar = 3;
    text = text.substr(0, kTyped);
    std::string near;
    std::string all;
    for (const message::KindInfo& kind : message::all_kinds()) {
        const bool part = text.size() > kFar && kind.name.find(text) != std::string_view::npos;
        std::string& list = part || distance(text, kind.name) <= kFar ? near : all;
        list += (list.empty() ? "" : ", ") + std::string(kind.name);
    }
    return near.empty() ? "the kinds: " + all : "the kinds with a like name: " + near;
}

}  // namespace

std::string slug_of(const registry::Registry& registry, const AgencyId& agency) {
    const auto* known = registry.maybe_agency(agency);
    return known == nullptr ? agency.text() : known->slug;
}

Json agency_to_json(const registry::Registry& registry, const AgencyId& agency) {
    return Json{{"id", agency.text()}, {"slug", slug_of(registry, agency)}};
}

Result<AgencyId> to_agency(const registry::Registry& registry,
                           std::string_view text,
                           std::string_view option) {
    const auto* known = registry.maybe_agency_by_slug(text);
    if (known == nullptr && option == "agency") known = maybe_agency_called(registry, text);
    if (known == nullptr) return fail(Code::unknown_agency, {}, "--" + std::string(option));
    return known->id;
}

Result<message::Kind> to_kind(std::string_view text) {
    const auto kind = message::maybe_kind(text);
    if (!kind) return fail(Code::unknown_kind, kinds_like(text), "--kind");
    return *kind;
}

Error of_one_draft(Error error) {
    constexpr std::string_view kDraft = "draft ";
    if (!error.where.starts_with(kDraft)) return error;
    const std::size_t end = error.where.find(": ");
    error.where = end == std::string::npos ? std::string() : error.where.substr(end + 2);
    return error;
}

Result<node::Documents> documents_of(Session& session) {
    auto documents = session.api.documents();
    if (!documents) return documents;
    if (!documents->registry || !documents->policy) {
        return fail(Code::stale_registry, "no registry or policy has arrived yet");
    }
    return documents;
}

Json time_to_json(Millis time) { return time == 0 ? Json(nullptr) : Json(format_utc(time)); }

std::string local_time(const Json& utc) {
    if (!utc.is_string()) return "–";
    auto text = utc.get<std::string>();
    const auto date = outreach::parse_date(std::string_view(text).substr(0, 10));
    if (!date || text.size() < 16) return text;
    const auto number = [&](std::size_t at) {
        return (text[at] - '0') * 10 + (text[at + 1] - '0');
    };
    const auto moment = std::chrono::sys_time<std::chrono::minutes>(*date) +
                        std::chrono::minutes(60 * number(11) + number(14) + kOffset / 60'000);
    const auto day = std::chrono::floor<std::chrono::days>(moment);
    const std::chrono::year_month_day ymd(day);
    const auto minutes = (moment - day).count();
    return fmt::format("{:02}/{:02}/{:04} {:02}:{:02}",
                       static_cast<unsigned>(ymd.day()),
                       static_cast<unsigned>(ymd.month()),
                       static_cast<int>(ymd.year()),
                       minutes / 60,
                       minutes % 60);
}

Result<Millis> end_of_day(std::string_view date, std::string_view option) {
    const auto day = outreach::parse_date(date);
    if (!day)
        return fail(Code::bad_argument, "must be a date, yyyy-mm-dd", "--" + std::string(option));
    const auto next = std::chrono::sys_time<std::chrono::milliseconds>(*day + std::chrono::days(1));
    return next.time_since_epoch().count() - kOffset - kSecond;
}

std::string TextTable::text() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string text;
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text.append(widths[i] - width(row[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string cell(const Json& object, std::string_view key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return "–";
    if (found->is_string()) return found->get<std::string>();
    return to_line(*found);
}

}  // namespace lienthong::cli
