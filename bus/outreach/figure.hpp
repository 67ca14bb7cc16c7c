// SPDX-License-Identifier: Apache-2.0
// Figure: one reported number with all that it claims, as plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"
#include "bus/base/ids.hpp"
#include "bus/message/kind.hpp"
#include "bus/outreach/period.hpp"
#include "bus/outreach/quantity.hpp"

namespace lienthong::outreach {

// Somebody named in a report: an agency of the bus, or only a text ("commune Yên Thành").
struct Party {
    AgencyId agency;   // empty: not an agency of the bus
    std::string text;  // may be empty when the agency says it all
    bool operator==(const Party&) const = default;

    // What to show: the text as reported, else the agency's id.
    const std::string& shown() const { return text.empty() ? agency.text() : text; }
};

struct Territory {
    std::string code;  // of an administrative unit, of the given vintage
    std::string text;
    std::string vintage;
    bool operator==(const Territory&) const = default;
};

enum class ParticipantKind : std::uint8_t { none, delegate, attendance, person };
std::string_view name(ParticipantKind kind);  // "delegate"; none is ""

struct Participants {
    Quantity quantity;
    ParticipantKind kind = ParticipantKind::none;
    bool operator==(const Participants&) const = default;
};

// A flow happened during a period and adds up; a stock is there at a moment and is looked at.
enum class Measurement : std::uint8_t { flow, stock };
std::string_view name(Measurement measurement);  // "flow"

struct Figure {
    std::string activity;  // "training-conference"
    std::string name_vi;
    std::string name_en;
    Quantity quantity;
    Cell cell = Cell::none;  // of the quantity; an exact 0 is a true zero, said or not
    std::optional<Participants> participants;  // absent: not reported, which is not "not stated"
    Measurement measurement = Measurement::flow;
    std::string unit;  // reporting unit within the agency, as text
    Party lead;        // empty: the reporter alone
    std::vector<Party> implementers;
    std::vector<Party> funders;
    std::string joint_activity;  // id minted by the lead; empty: not joint
    std::vector<Territory> territories;
    std::optional<Period> period;
    std::optional<Date> as_of;
};

// A figure with where it came from: what the caller knows from the log and the header.
struct Reported {
    message::Kind kind = message::Kind::none;
    MessageId message;
    Position position = 0;
    AgencyId agency;
    UnitId unit;                          // of the header; may be empty
    std::optional<MessageId> supersedes;  // refers_to with the relation `supersedes`
    std::size_t index = 0;                // of the figure in its message
    Figure figure;
};

// True for the kinds whose section `report` holds figures.
bool has_figures(message::Kind kind);

// Checks the bytes of a section `report` (message::check_section), then gives its figures; a figure
// without a period of its own has the report's. Plans that are listed are reference matter, no
// figure: how many were issued is what a reporter states.
// bad_argument for a kind without figures, else what check_section says; malformed_section also for
// a date that parse_date does not know.
Result<std::vector<Figure>> read_report(message::Kind kind, BytesView section);

}  // namespace lienthong::outreach
