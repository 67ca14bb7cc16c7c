// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/figure.hpp"

namespace lienthong::outreach {

std::string_view name(ParticipantKind kind) {
    switch (kind) {
        case ParticipantKind::none:
            return "";
        case ParticipantKind::delegate:
            return "delegate";
        case ParticipantKind::attendance:
            return "attendance";
        case ParticipantKind::person:
            break;
    }
    return "person";
}

std::string_view name(Measurement measurement) {
    return measurement == Measurement::flow ? "flow" : "stock";
}

bool has_figures(message::Kind kind) {
    switch (kind) {
        case message::Kind::outreach_report:
        case message::Kind::province_summary:
        case message::Kind::crime_statistic:
        case message::Kind::website_review:
        case message::Kind::plan_published:
        case message::Kind::shelter_capacity:
        case message::Kind::hotline_statistic:
            return true;
        default:
            return false;
    }
}

}  // namespace lienthong::outreach
