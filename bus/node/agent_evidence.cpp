// SPDX-License-Identifier: Apache-2.0
// NodeAgent before it seals a message of a case: how much of what the broker says of the case it
// believes.
#include <algorithm>

#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"

namespace lienthong::node {

// The broker says who the parties are and who the consent is for; it signs neither. What the person
// consented to is believed only of the consents themselves, as they came to this node, signed by
// their agencies (decision 0025).
Result<void> NodeAgent::compose_for_case(Ordinal ordinal,
                                         const Draft& draft,
                                         const message::QueryAnswer& answer) {
    const message::CaseRow& row = answer.cases.front();
    auto own = read([&](const ReadStore& store) { return store.maybe_case(draft.case_id); });
    if (!own) return std::unexpected(own.error());
    const CaseKnowledge proven = own->value_or(CaseKnowledge{});
    CaseKnowledge knowledge{{row.epoch, row.position, row.leaf}, answer.parties, {}};
    for (const AgencyId& agency : answer.consented) {
        if (std::ranges::find(proven.consented, agency) == proven.consented.end()) continue;
        knowledge.consented.push_back(agency);
    }
    if (knowledge.consented.size() == answer.consented.size()) {
        return compose_batch({ordinal}, draft, knowledge);
    }
    if (cursor_ <= row.position) {  // the consent may be on its way
        fetch_again_ = true;
        publish_not_before_ = after(std::chrono::milliseconds{50});
        return {};
    }
    Scene believing = scene();
    believing.knowledge = {knowledge.version, answer.parties, answer.consented};
    Scene doubting = scene();
    doubting.knowledge = knowledge;
    const auto claimed = choose_recipients(draft, believing);
    const auto recipients = choose_recipients(draft, doubting);
    if (claimed && recipients && claimed->audiences != recipients->audiences) {
        alarm(fmt::format("unproven_consent position={}", row.position));
        return refuse_draft(ordinal,
                            Error{Code::wrong_audience,
                                  "no consent for an agency of the audience has come here",
                                  "consent",
                                  {}});
    }
    return compose_batch({ordinal}, draft, knowledge);
}

}  // namespace lienthong::node
