// SPDX-License-Identifier: Apache-2.0
// Measures: which activities are counted together, and what the sum is called. The one table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bus/outreach/figure.hpp"

namespace lienthong::outreach {

struct Measure {
    std::string_view id;  // "leaflets"
    std::string_view name_vi;
    std::string_view name_en;
};

// Every measure of the table in the order in which reports show them; things of composite kinds
// (banners with slogans) are measures of their own, as nobody can take them apart.
std::span<const Measure> all_measures();

// The measure under which an activity counts. An activity that the table does not know is a measure
// of its own with the activity's name; if that is already the name of a measure of the table, it
// stands apart as "activity:<name>".
std::string measure_of(std::string_view activity);
// The measure of participants: "delegates", "attendances", "persons". They are never added
// together.
std::string_view measure_of(ParticipantKind kind);

bool is_known_activity(std::string_view activity);

// A part ("shelter-staff-medical") is named after its whole ("shelter-staff"): its id is the
// whole's, a hyphen and more. Two activities that the table counts under different measures are no
// such pair.
bool is_part_of(std::string_view part, std::string_view whole);

}  // namespace lienthong::outreach
