// SPDX-License-Identifier: Apache-2.0
// Who may read what, in the simulator's own few words: a second, simple reading of the example's
// policy for the agencies and kinds that the simulator uses. The product's decision is never asked.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bus/message/kind.hpp"

namespace lienthong::sim {

using Slugs = std::set<std::string, std::less<>>;

// What the documents that change during a run say.
struct Rules {
    bool union_reads_reports = false;  // policy: outreach reports
    bool information_reports = true;   // registry: the information department may publish them
};

// What is known of a case at a moment.
struct CaseView {
    Slugs parties;
    bool union_has_consent = false;
};

// A message as the simulator submitted it.
struct Said {
    std::string slug;
    message::Kind kind = message::Kind::none;
    std::vector<std::string> sections;
    int case_number = -1;  // of the run; -1: of no case
};

bool may_publish(const Rules& rules, const Said& said);
// The sender reads all of it; the facts go with any other section.
bool may_read(const Rules& rules,
              const CaseView& at,
              const Said& said,
              std::string_view slug,
              std::string_view section);
// Everybody who may read any of it, and the sender.
Slugs recipients(const Rules& rules, const CaseView& at, const Said& said);

}  // namespace lienthong::sim
