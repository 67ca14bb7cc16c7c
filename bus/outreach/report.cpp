// SPDX-License-Identifier: Apache-2.0
// Reads the section `report` of the kinds with figures.
#include <cstring>

#include "bus/base/check.hpp"
#include "bus/outreach/figure.hpp"
#include "schemas/reference_generated.h"
#include "schemas/statistics_generated.h"

namespace lienthong::outreach {
namespace {

// check_section has judged the bytes: what is read here is in range, and dates are possible. A
// value that this program cannot read all the same is malformed, never guessed.
std::unexpected<Error> bad(std::string where) {
    return fail(Code::malformed_section, "cannot be read", std::move(where));
}

std::string text_of(const flatbuffers::String* text) {
    return text == nullptr ? std::string() : text->str();
}

std::optional<Qualifier> maybe_qualifier(fb::Qualifier qualifier) {
    switch (qualifier) {
        case fb::Qualifier::exact:
            return Qualifier::exact;
        case fb::Qualifier::at_least:
            return Qualifier::at_least;
        case fb::Qualifier::nearly:
            return Qualifier::nearly;
        case fb::Qualifier::about:
            return Qualifier::about;
        case fb::Qualifier::range:
            return Qualifier::range;
        case fb::Qualifier::not_stated:
            return Qualifier::not_stated;
        case fb::Qualifier::none:
            break;
    }
    return std::nullopt;
}

ParticipantKind kind_of(fb::ParticipantKind kind) {
    switch (kind) {
        case fb::ParticipantKind::delegate:
            return ParticipantKind::delegate;
        case fb::ParticipantKind::attendance:
            return ParticipantKind::attendance;
        case fb::ParticipantKind::person:
            return ParticipantKind::person;
        case fb::ParticipantKind::none:
            break;
    }
    return ParticipantKind::none;
}

Cell cell_of(const fb::Figure& flat, const Quantity& quantity) {
    switch (flat.cell()) {
        case fb::CellState::true_zero:
            return Cell::true_zero;
        case fb::CellState::suppressed:
            return Cell::suppressed;
        case fb::CellState::rounded:
            return Cell::rounded;
        case fb::CellState::not_reported:
            return Cell::not_reported;
        case fb::CellState::none:
            break;
    }
    return quantity == Quantity::of(0) ? Cell::true_zero : Cell::none;
}

Result<std::optional<Period>> period_of(const fb::Period* period, const std::string& where) {
    if (period == nullptr) return std::nullopt;
    const Result<Date> from = parse_date(text_of(period->from()));
    const Result<Date> to = parse_date(text_of(period->to()));
    if (!from || !to || *to < *from) return bad(where);
    return Period{*from, *to};
}

Party party_of(const fb::Partner* partner) {
    if (partner == nullptr) return {};
    const std::string agency = text_of(partner->agency());
    // What is no name cannot be an agency of the bus; it stays visible as a text.
    if (!is_name(agency)) return {AgencyId(), agency.empty() ? text_of(partner->text()) : agency};
    return {AgencyId::of(agency), text_of(partner->text())};
}

template <class Partners>
std::vector<Party> parties_of(const Partners* partners) {
    std::vector<Party> parties;
    if (partners == nullptr) return parties;
    parties.reserve(partners->size());
    for (const fb::Partner* partner : *partners) parties.push_back(party_of(partner));
    return parties;
}

Result<void> read_numbers(const fb::Figure& flat, const std::string& where, Figure& figure) {
    const std::optional<Qualifier> qualifier = maybe_qualifier(flat.qualifier());
    if (!qualifier) return bad(where + ".qualifier");
    figure.quantity = {flat.low(), flat.high(), *qualifier};
    // Only a range needs its high end: any other number is said once.
    if (*qualifier != Qualifier::range) figure.quantity.high = figure.quantity.low;
    if (figure.quantity.low.value_or(0) < 0 || figure.quantity.high.value_or(0) < 0) {
        return bad(where + ".low");
    }
    const ParticipantKind kind = kind_of(flat.participants_kind());
    if (kind == ParticipantKind::none) return {};
    const std::optional<Qualifier> of_participants = maybe_qualifier(flat.participants_qualifier());
    if (!flat.participants() && of_participants != Qualifier::not_stated) return {};
    const std::optional<std::int64_t> count = flat.participants();
    if (count.value_or(0) < 0) return bad(where + ".participants");
    figure.participants = Participants{
        .quantity = {count, count, of_participants.value_or(Qualifier::exact)}, .kind = kind};
    return {};
}

Result<Figure> figure_of(const fb::Figure& flat,
                         const std::optional<Period>& report_period,
                         const std::string& where) {
    Figure figure;
    figure.activity = text_of(flat.activity());
    figure.name_vi = text_of(flat.activity_vi());
    figure.name_en = text_of(flat.activity_en());
    if (Result<void> read = read_numbers(flat, where, figure); !read) {
        return std::unexpected(read.error());
    }
    figure.cell = cell_of(flat, figure.quantity);
    figure.measurement =
        flat.stock_or_flow() == fb::StockOrFlow::stock ? Measurement::stock : Measurement::flow;
    figure.unit = text_of(flat.reporting_unit());
    figure.lead = party_of(flat.lead());
    figure.implementers = parties_of(flat.implementers());
    figure.funders = parties_of(flat.funders());
    figure.joint_activity = text_of(flat.joint_activity());
    if (flat.territories() != nullptr) {
        for (const fb::Place* place : *flat.territories()) {
            figure.territories.push_back(
                {text_of(place->code()), text_of(place->text()), text_of(place->vintage())});
        }
    }
    Result<std::optional<Period>> period = period_of(flat.period(), where + ".period");
    if (!period) return std::unexpected(period.error());
    figure.period = *period;
    if (flat.as_of() != nullptr) {
        const Result<Date> as_of = parse_date(text_of(flat.as_of()));
        if (!as_of) return bad(where + ".as_of");
        figure.as_of = *as_of;
    }
    if (!figure.period) figure.period = report_period;
    return figure;
}

template <class Report>
Result<std::vector<Figure>> figures_of(const void* buffer) {
    const auto* report = flatbuffers::GetRoot<Report>(buffer);
    const Result<std::optional<Period>> period = period_of(report->period(), "period");
    if (!period) return std::unexpected(period.error());
    std::vector<Figure> figures;
    if (report->figures() == nullptr) return figures;
    for (flatbuffers::uoffset_t i = 0; i < report->figures()->size(); ++i) {
        const std::string where = "figures[" + std::to_string(i) + "]";
        Result<Figure> figure = figure_of(*report->figures()->Get(i), *period, where);
        if (!figure) return std::unexpected(figure.error());
        figures.push_back(std::move(*figure));
    }
    return figures;
}

}  // namespace

Result<std::vector<Figure>> read_report(message::Kind kind, BytesView section) {
    if (!has_figures(kind)) return fail(Code::bad_argument, "a kind without figures");
    const message::KindInfo& table = message::info(kind);
    const std::optional<std::size_t> index = message::maybe_section(table, "report");
    CHECK(index.has_value());
    if (Result<void> checked = message::check_section(table.sections[*index], section); !checked) {
        return std::unexpected(checked.error());
    }
    // Aligned as FlatBuffers wants it.
    std::vector<std::uint64_t> words((section.size() + 7) / 8);
    std::memcpy(words.data(), section.data(), section.size());
    switch (kind) {
        case message::Kind::outreach_report:
            return figures_of<fb::OutreachReport>(words.data());
        case message::Kind::province_summary:
            return figures_of<fb::ProvinceSummary>(words.data());
        case message::Kind::crime_statistic:
            return figures_of<fb::CrimeStatistic>(words.data());
        case message::Kind::website_review:
            return figures_of<fb::WebsiteReview>(words.data());
        case message::Kind::plan_published:
            return figures_of<fb::PlanPublished>(words.data());
        case message::Kind::shelter_capacity:
            return figures_of<fb::ShelterCapacity>(words.data());
        default:
            return figures_of<fb::HotlineStatistic>(words.data());
    }
}

}  // namespace lienthong::outreach
