// SPDX-License-Identifier: Apache-2.0
// Looking at a policy before and after it is adopted: why is this allowed, what is odd in it, what
// would change. For administrators; nothing here takes part in a decision.
#pragma once

#include <string>
#include <vector>

#include "security/policy/policy.hpp"

namespace lienthong::policy {

struct Question {
    AgencyId agency;
    Action action = Action::publish;
    message::Kind kind = message::Kind::none;
    std::string section;  // for read
    Purpose purpose;      // for query
};

struct Explanation {
    bool allowed = false;
    std::string grant;  // that allows it, or that would if its conditions held
    std::string missing;
    std::vector<std::string> conditions;  // of that grant, as in its TOML: "party", "territory own"
    std::string reason;                   // of that grant
    std::uint32_t policy_version = 0;

    std::string_view decision() const { return allowed ? "allow" : "deny"; }
};

// In general, with no case in hand: what a grant allows under a condition on the case or on a place
// is allowed here, and the condition is named.
Explanation explain(const Policy& policy,
                    const registry::Registry& registry,
                    const Question& question,
                    Millis at);
// For this case: a condition that does not hold denies.
Explanation explain(const Policy& policy,
                    const registry::Registry& registry,
                    const Question& question,
                    const Context& context);

enum class Oddity : std::uint8_t {
    unheld_role,    // no agency holds this role
    unreachable,    // a grant that applies to nobody now: roles unheld, or its end has come
    redundant,      // everything in it is granted by others too
    all_sections,   // "*" on a kind with personal data
    all_purposes,   // "*" for a query
    unconditional,  // personal data of a case without a condition on the case
    every_agency,   // personal data to the role `agency` without a condition on the case
    published_but_not_read,  // a kind that somebody may publish and nobody may read
    read_but_not_published,
    unproven_parties,  // addresses the parties of a case, and may not read what makes them such
};
std::string_view name(Oddity oddity);

struct Finding {
    Oddity oddity = Oddity::unheld_role;
    std::string place;  // "grant <id>", "role <name>", "kind <name>"
    std::string what;   // in words
    auto operator<=>(const Finding&) const = default;
};
// Ascending by oddity, then place. None is an error: the administrators decide.
std::vector<Finding> check(const Policy& policy, const registry::Registry& registry, Millis at);

// One thing that one agency may do.
struct Right {
    AgencyId agency;
    Action action = Action::publish;
    message::Kind kind = message::Kind::none;
    std::string detail;  // the section of a read, the purpose of a query
    Conditions conditions;
};
// Ascending by agency, action, kind, detail; a right that a less conditional one covers is left
// out.
std::vector<Right> rights(const Policy& policy, const registry::Registry& registry, Millis at);

struct Difference {
    std::vector<Right> gained;
    std::vector<Right> lost;
};
// A right with a condition less is gained, one with a condition more is lost: `gained` is empty
// exactly if nobody may do more than before.
Difference diff(const std::vector<Right>& before, const std::vector<Right>& after);
Difference diff(const Policy& before,
                const Policy& after,
                const registry::Registry& registry,
                Millis at);

}  // namespace lienthong::policy
