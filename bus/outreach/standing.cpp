// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/standing.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace lienthong::outreach {
namespace {

struct MessageFacts {
    AgencyId agency;
    Position position = 0;
    std::optional<MessageId> supersedes;
};

// Rows of one joint activity.
using Joint = std::vector<Row*>;

bool leads_itself(const Row& row) {
    const Reported& r = row.reported;
    return !r.figure.lead.agency.empty() && r.figure.lead.agency == r.agency;
}

// Who leads a joint activity: the first report by an agency that names itself; else whom the first
// report names; else its reporter.
AgencyId lead_of(const Joint& joint) {
    for (const Row* row : joint) {
        if (leads_itself(*row)) return row->reported.agency;
    }
    const Reported& first = joint.front()->reported;
    return first.figure.lead.agency.empty() ? first.agency : first.figure.lead.agency;
}

// The activities that share an id, each with its lead. More than one only if several agencies say
// that they lead: then the id was minted twice, or somebody is wrong, and no figure may vanish.
std::map<AgencyId, Joint> by_lead(const Joint& joint) {
    std::set<AgencyId> leads;
    for (const Row* row : joint) {
        if (leads_itself(*row)) leads.insert(row->reported.agency);
    }
    const AgencyId first = lead_of(joint);
    std::map<AgencyId, Joint> activities;
    for (Row* row : joint) {
        const AgencyId& named = row->reported.figure.lead.agency;
        row->lead_disputed = leads.size() > 1;
        if (leads.contains(row->reported.agency)) {
            activities[row->reported.agency].push_back(row);
        } else {
            activities[leads.contains(named) ? named : first].push_back(row);
        }
    }
    return activities;
}

// The same agency, the same activity, the same span and place: said again, not another one. Two
// figures of one message were said together and both stand.
bool repeats(const Reported& later, const Reported& earlier) {
    const auto said = [](const Reported& r) {
        return std::tie(r.agency,
                        r.unit,
                        r.figure.unit,
                        r.figure.activity,
                        r.figure.measurement,
                        r.figure.period,
                        r.figure.as_of,
                        r.figure.territories);
    };
    return later.message != earlier.message && said(later) == said(earlier);
}

bool says_the_same(const Figure& left, const Figure& right) {
    if (left.quantity != right.quantity) return false;
    return !left.participants || !right.participants || left.participants == right.participants;
}

// One measure of one joint activity, in order of position.
void judge_measure(const Joint& rows, const AgencyId& lead) {
    const bool lead_missing =
        std::ranges::none_of(rows, [&](const Row* row) { return row->reported.agency == lead; });
    const AgencyId counted = lead_missing ? rows.front()->reported.agency : lead;
    Joint counting;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Row& row = *rows[i];
        row.lead_missing = lead_missing;
        if (row.reported.agency != counted) {
            row.standing = Standing::joint_partner;
            continue;
        }
        const bool said_again = std::any_of(
            rows.begin() + static_cast<std::ptrdiff_t>(i) + 1, rows.end(), [&](const Row* later) {
                return repeats(later->reported, row.reported);
            });
        if (said_again) {
            row.standing = Standing::joint_repeated;
        } else {
            counting.push_back(&row);
        }
    }
    for (Row* row : rows) {
        if (row->standing == Standing::counted) continue;
        row->differs = std::ranges::none_of(counting, [&](const Row* other) {
            return says_the_same(row->reported.figure, other->reported.figure);
        });
    }
}

}  // namespace

std::map<MessageId, MessageId> superseded_messages(std::span<const Reported> figures) {
    std::map<MessageId, MessageFacts> messages;
    for (const Reported& r : figures) {
        messages.try_emplace(r.message, MessageFacts{r.agency, r.position, r.supersedes});
    }
    // A message's origin: what it and its predecessors correct in the end. References lead to lower
    // positions only, so walking them in order of position needs no recursion and ends.
    std::vector<std::pair<Position, MessageId>> in_order;
    in_order.reserve(messages.size());
    for (const auto& [id, facts] : messages) in_order.emplace_back(facts.position, id);
    std::ranges::sort(in_order);

    std::map<MessageId, std::pair<AgencyId, MessageId>> origins;
    std::map<std::pair<AgencyId, MessageId>, MessageId> newest;
    for (const auto& [position, id] : in_order) {
        const MessageFacts& facts = messages.at(id);
        MessageId origin = id;
        if (facts.supersedes) {
            const auto target = messages.find(*facts.supersedes);
            if (target == messages.end()) {
                origin = *facts.supersedes;  // its original is not among these figures
            } else if (target->second.agency == facts.agency &&
                       target->second.position < position) {
                origin = origins.at(target->first).second;
            }
        }
        origins[id] = {facts.agency, origin};
        newest[{facts.agency, origin}] = id;
    }
    std::map<MessageId, MessageId> superseded;
    for (const auto& [id, origin] : origins) {
        const MessageId& last = newest.at(origin);
        if (last != id) superseded.emplace(id, last);
    }
    return superseded;
}

void judge_joint(std::vector<Row>& rows) {
    std::map<std::string, Joint> activities;
    for (Row& row : rows) {
        if (row.standing != Standing::counted) continue;
        const std::string& id = row.reported.figure.joint_activity;
        if (!id.empty()) activities[id].push_back(&row);
    }
    for (const auto& [id, joint] : activities) {
        for (const auto& [lead, led] : by_lead(joint)) {
            for (Row* row : led) row->joint_lead = lead;
            std::map<std::pair<std::string, Measurement>, Joint> measures;
            for (Row* row : led) {
                measures[{row->measure, row->reported.figure.measurement}].push_back(row);
            }
            for (const auto& [measure, same] : measures) judge_measure(same, lead);
        }
    }
}

}  // namespace lienthong::outreach
