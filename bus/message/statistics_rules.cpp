// SPDX-License-Identifier: Apache-2.0
// Rules of figures and of the reports made of them.
#include <array>
#include <chrono>

#include "bus/message/checker.hpp"
#include "bus/message/document_rules.hpp"
#include "bus/message/period_regime.hpp"
#include "bus/message/section_rules.hpp"
#include "schemas/reference_generated.h"
#include "schemas/statistics_generated.h"

namespace lienthong::message {
namespace {

// "2021-12-14", which has been checked.
std::chrono::year_month_day day_of(const flatbuffers::String* text) {
    const auto number = [&](std::size_t at, std::size_t size) {
        int value = 0;
        for (const char c : text_of(text).substr(at, size)) value = value * 10 + (c - '0');
        return value;
    };
    return {std::chrono::year(number(0, 4)),
            std::chrono::month(static_cast<unsigned>(number(5, 2))),
            std::chrono::day(static_cast<unsigned>(number(8, 2)))};
}

bool fits_its_dates(const fb::Period& period) {
    const Days days{std::chrono::sys_days(day_of(period.from())),
                    std::chrono::sys_days(day_of(period.to()))};
    switch (period.kind()) {
        case fb::PeriodKind::calendar_year:
            return are_whole_months(days, 12, true, false);
        case fb::PeriodKind::administrative_year:
            return are_whole_months(days, 12, false, true);
        case fb::PeriodKind::half_year:
            return are_whole_months(days, 6, true, true);
        case fb::PeriodKind::quarter:
            return are_whole_months(days, 3, true, true);
        case fb::PeriodKind::month:
            return are_whole_months(days, 1, true, true);
        case fb::PeriodKind::none:
        case fb::PeriodKind::other:
            break;
    }
    return true;
}

void check_period(Checker& checker, const fb::Period& period) {
    checker.date("from", period.from());
    checker.date("to", period.to());
    checker.code("kind", period.kind());
    checker.require(
        text_of(period.from()) <= text_of(period.to()), "to", "must not be before the start");
    if (checker.ok()) checker.require(fits_its_dates(period), "kind", "does not fit its dates");
}

void check_place(Checker& checker, const fb::Place& place) {
    checker.name("code", place.code());
    checker.text("text", place.text());
    checker.date("vintage", place.vintage());
    checker.require(
        place.code() != nullptr || place.text() != nullptr, "", "needs a code or a text");
}

void check_partner(Checker& checker, const fb::Partner& partner) {
    checker.name("agency", partner.agency());
    checker.text("text", partner.text());
    checker.text("unit", partner.unit());
    checker.require(
        partner.agency() != nullptr || partner.text() != nullptr, "", "needs an agency or a text");
}

// The value agrees with its qualifier. Other than for a range, `high` may be left out.
void check_value(Checker& checker, const fb::Figure& figure) {
    const auto low = figure.low();
    const auto high = figure.high();
    checker.stated_code("qualifier", figure.qualifier());
    checker.require(!low || *low >= 0, "low", "must not be negative");
    checker.require(!high || *high >= 0, "high", "must not be negative");
    checker.require(!low || !high || *low <= *high, "low", "must not be above the high value");
    switch (figure.qualifier()) {
        case fb::Qualifier::range:
            checker.require(low.has_value(), "low", "a range needs both ends");
            checker.require(high.has_value(), "high", "a range needs both ends");
            break;
        case fb::Qualifier::not_stated:
            checker.require(!low, "low", "a number that is not stated has no value");
            checker.require(!high, "high", "a number that is not stated has no value");
            break;
        case fb::Qualifier::exact:
        case fb::Qualifier::at_least:
        case fb::Qualifier::nearly:
        case fb::Qualifier::about:
            checker.require(low.has_value(), "low", "must be stated");
            checker.require(!high || high == low, "high", "only a range has another high value");
            break;
        case fb::Qualifier::none:
            break;
    }
}

void check_participants(Checker& checker, const fb::Figure& figure) {
    const auto participants = figure.participants();
    const auto qualifier = figure.participants_qualifier();
    checker.code("participants_qualifier", qualifier);
    checker.code("participants_kind", figure.participants_kind());
    if (!participants) {
        checker.require(qualifier == fb::Qualifier::none || qualifier == fb::Qualifier::not_stated,
                        "participants",
                        "must be stated");
        return;
    }
    checker.require(*participants >= 0, "participants", "must not be negative");
    checker.stated_code("participants_kind", figure.participants_kind());
    checker.require(qualifier == fb::Qualifier::exact || qualifier == fb::Qualifier::at_least ||
                        qualifier == fb::Qualifier::nearly || qualifier == fb::Qualifier::about,
                    "participants_qualifier",
                    "must be one of a stated number");
}

void check_cell(Checker& checker, const fb::Figure& figure) {
    checker.code("cell", figure.cell());
    switch (figure.cell()) {
        case fb::CellState::true_zero:
            checker.require(figure.qualifier() == fb::Qualifier::exact && figure.low() == 0,
                            "cell",
                            "a true zero is exactly 0");
            break;
        case fb::CellState::suppressed:
        case fb::CellState::not_reported:
            checker.require(figure.qualifier() == fb::Qualifier::not_stated,
                            "cell",
                            "a suppressed or unreported cell has no value");
            break;
        case fb::CellState::rounded:
            checker.require(
                figure.qualifier() != fb::Qualifier::exact, "cell", "a rounded value is not exact");
            break;
        case fb::CellState::none:
            break;
    }
}

void check_figure(Checker& checker, const fb::Figure& figure, bool report_has_period) {
    checker.name("activity", figure.activity());
    checker.text("activity_vi", figure.activity_vi());
    checker.text("activity_en", figure.activity_en());
    check_value(checker, figure);
    checker.text("measure", figure.measure());
    checker.text("measure_unit", figure.measure_unit());
    check_participants(checker, figure);
    checker.stated_code("stock_or_flow", figure.stock_or_flow());
    checker.code("setting", figure.setting());
    checker.codes<fb::Channel>("channels", figure.channels());
    checker.codes<fb::Topic>("topics", figure.topics());
    checker.text("campaign", figure.campaign());
    checker.each("territories", figure.territories(), [&](const fb::Place& place) {
        check_place(checker, place);
    });
    checker.table("period", figure.period(), [&](const fb::Period& period) {
        check_period(checker, period);
    });
    checker.date("as_of", figure.as_of());
    checker.require(report_has_period || figure.period() != nullptr || figure.as_of() != nullptr,
                    "period",
                    "needs a period or an as-of date");
    checker.text("document_number", figure.document_number());
    checker.text("reporting_unit", figure.reporting_unit());
    const auto partner = [&](const fb::Partner& one) { check_partner(checker, one); };
    checker.table("lead", figure.lead(), partner);
    checker.each("implementers", figure.implementers(), partner);
    checker.each("funders", figure.funders(), partner);
    checker.each("partners", figure.partners(), partner);
    checker.text("audience", figure.audience());
    checker.name("joint_activity", figure.joint_activity());
    checker.note("note", figure.note());
    check_cell(checker, figure);
}

// What all reports have in common. These sections are open, so everyone who carries them can see a
// classification and refuse it.
template <class Report>
void check_report(Checker& checker, const Report& report) {
    checker.table("period", report.period(), [&](const fb::Period& period) {
        check_period(checker, period);
    });
    checker.table("document", report.document(), [&](const fb::DocumentInfo& document) {
        check_document(checker, document);
        if (document.classification() != fb::Classification::none_set) {
            checker.fail("classification", "has no place on this bus", Code::classified_matter);
        }
    });
    const bool has_period = report.period() != nullptr;
    checker.each("figures", report.figures(), [&](const fb::Figure& figure) {
        check_figure(checker, figure, has_period);
    });
    checker.note("note", report.note());
}

void check_root(Checker& checker, const fb::OutreachReport& report) {
    check_report(checker, report);
    checker.require(report.figures()->size() != 0, "figures", "needs a figure or more");
}

void check_root(Checker& checker, const fb::ProvinceSummary& report) {
    check_report(checker, report);
    checker.require(report.figures()->size() != 0, "figures", "needs a figure or more");
    checker.each("sources", report.sources(), [&](const fb::Partner& partner) {
        check_partner(checker, partner);
    });
}

void check_root(Checker& checker, const fb::CrimeStatistic& report) {
    check_report(checker, report);
    checker.require(report.figures()->size() != 0, "figures", "needs a figure or more");
}

void check_root(Checker& checker, const fb::WebsiteReview& report) {
    check_report(checker, report);
    checker.require(report.figures()->size() != 0, "figures", "needs a figure or more");
}

void check_root(Checker& checker, const fb::ShelterCapacity& report) {
    check_report(checker, report);
    checker.require(report.figures()->size() != 0, "figures", "needs a figure or more");
    const auto normal = report.capacity_normal();
    const auto max = report.capacity_max();
    checker.require(!normal || !max || *normal <= *max, "capacity_normal", "is above the maximum");
    checker.require(
        !report.free() || !max || *report.free() <= *max, "free", "is above the maximum");
}

void check_root(Checker& checker, const fb::HotlineStatistic& report) {
    check_report(checker, report);
    checker.require(report.figures()->size() != 0, "figures", "needs a figure or more");
}

void check_root(Checker& checker, const fb::PlanPublished& report) {
    check_report(checker, report);
    checker.each("plans", report.plans(), [&](const fb::Plan& plan) {
        checker.text("number", plan.number());
        checker.text("symbol", plan.symbol());
        checker.date("date", plan.date());
        checker.stated("title", plan.title());
        checker.table("issuer", plan.issuer(), [&](const fb::Partner& issuer) {
            check_partner(checker, issuer);
        });
        checker.date("from", plan.from());
        checker.date("to", plan.to());
        checker.require(plan.from() == nullptr || plan.to() == nullptr ||
                            text_of(plan.from()) <= text_of(plan.to()),
                        "to",
                        "must not be before the start");
    });
    const bool has_figures = report.figures() != nullptr && report.figures()->size() != 0;
    const bool has_plans = report.plans() != nullptr && report.plans()->size() != 0;
    checker.require(has_figures || has_plans, "plans", "needs a plan or a figure");
}

template <class Root>
Result<void> check(BytesView aligned) {
    Checker checker(aligned.size());
    check_root(checker, *flatbuffers::GetRoot<Root>(aligned.data()));
    return std::move(checker).result();
}

constexpr std::array kRules{
    SectionRule{"lienthong.fb.OutreachReport", &check<fb::OutreachReport>},
    SectionRule{"lienthong.fb.ProvinceSummary", &check<fb::ProvinceSummary>},
    SectionRule{"lienthong.fb.CrimeStatistic", &check<fb::CrimeStatistic>},
    SectionRule{"lienthong.fb.WebsiteReview", &check<fb::WebsiteReview>},
    SectionRule{"lienthong.fb.ShelterCapacity", &check<fb::ShelterCapacity>},
    SectionRule{"lienthong.fb.HotlineStatistic", &check<fb::HotlineStatistic>},
    SectionRule{"lienthong.fb.PlanPublished", &check<fb::PlanPublished>},
};

}  // namespace

std::span<const SectionRule> statistics_rules() { return kRules; }

}  // namespace lienthong::message
