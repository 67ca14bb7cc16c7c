// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "bus/outreach/standing.hpp"
#include "bus/outreach/summary.hpp"

namespace lienthong::outreach {
namespace {

// True if the spans, clipped to the period, leave no day of it out.
bool cover(const Period& period, std::vector<Period> spans) {
    std::ranges::sort(spans);
    Date next = period.from;
    for (const Period& span : spans) {
        if (span.from > next) return false;
        next = std::max(next, span.to + std::chrono::days(1));
    }
    return next > period.to;
}

}  // namespace

std::string_view name(Completeness completeness) {
    switch (completeness) {
        case Completeness::missing:
            return "missing";
        case Completeness::partly:
            return "partly";
        case Completeness::not_visible:
            return "not_visible";
        case Completeness::complete:
            break;
    }
    return "complete";
}

std::vector<CompletenessRow> completeness(const Period& period,
                                          std::span<const Expected> expected,
                                          std::span<const Reported> figures) {
    const std::map<MessageId, MessageId> superseded = superseded_messages(figures);
    std::vector<CompletenessRow> rows;
    rows.reserve(expected.size());
    for (const Expected& one : expected) {
        CompletenessRow row{.expected = one, .first = {}, .last = {}};
        std::vector<Period> spans;
        for (const Reported& r : figures) {
            if (r.agency != one.agency || r.kind != one.kind) continue;
            if (superseded.contains(r.message)) continue;
            std::optional<Period> span = r.figure.period;
            if (!span && r.figure.as_of) span = Period{*r.figure.as_of, *r.figure.as_of};
            if (!span || !span->overlaps(period)) continue;
            spans.push_back(*span);
            ++row.figures;
            row.first = std::min(row.first.value_or(r.position), r.position);
            row.last = std::max(row.last.value_or(r.position), r.position);
        }
        if (!spans.empty()) {
            row.completeness =
                cover(period, std::move(spans)) ? Completeness::complete : Completeness::partly;
        }
        // What cannot be read is not known to be missing.
        if (!one.readable && row.completeness != Completeness::complete) {
            row.completeness = Completeness::not_visible;
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

}  // namespace lienthong::outreach
