// SPDX-License-Identifier: Apache-2.0
#include "security/policy/review.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "bus/base/check.hpp"
#include "security/policy/rules.hpp"

namespace lienthong::policy {

namespace {

// Whatever `narrow` allows, `wide` allows too.
bool covers(const Conditions& wide, const Conditions& narrow) {
    return (!wide.party || narrow.party) && (!wide.named || narrow.named) &&
           (!wide.consent || narrow.consent) && (!wide.sender || narrow.sender) &&
           (wide.territory.empty() || wide.territory == narrow.territory) &&
           (wide.until == 0 || (narrow.until != 0 && narrow.until <= wide.until));
}

bool about_the_case(const Conditions& conditions) {
    return conditions.party || conditions.named || conditions.consent || conditions.sender;
}

bool has_ended(const Grant& grant, Millis at) {
    return grant.conditions.until != 0 && at >= grant.conditions.until;
}

std::vector<std::string> words(const Conditions& conditions) {
    std::vector<std::string> list;
    if (conditions.party) list.emplace_back("party");
    if (conditions.named) list.emplace_back("named");
    if (conditions.consent) list.emplace_back("consent");
    if (conditions.sender) list.emplace_back("sender");
    if (!conditions.territory.empty()) list.push_back("territory " + conditions.territory);
    return list;
}

Decision decide(const Policy& policy,
                const registry::Registry& registry,
                const Question& question,
                const Context& context) {
    switch (question.action) {
        case Action::publish:
            return policy.may_publish(registry, question.agency, question.kind, context);
        case Action::read:
            return policy.may_read(
                registry, question.agency, question.kind, question.section, context);
        case Action::query:
            return policy.may_query(
                registry, question.agency, question.kind, question.purpose, context);
    }
    CHECK(false);
}

const Grant& grant_of(const Policy& policy, const std::string& id) {
    const auto found = std::ranges::find(policy.data().grants, id, &Grant::id);
    CHECK(found != policy.data().grants.end());
    return *found;
}

// As if every condition on the case held for the agency.
Context with_the_case(Context context, const AgencyId& agency) {
    context.parties = {agency};
    context.named = {agency};
    context.consented = {agency};
    context.answered = agency;
    return context;
}

// Places where a grant with a territory could hold for the agency: its own, and those of grants.
std::set<std::string> places(const Policy& policy,
                             const registry::Registry& registry,
                             const AgencyId& agency) {
    std::set<std::string> codes;
    if (const auto* found = registry.maybe_agency(agency)) codes.insert(found->territory);
    for (const Grant& grant : policy.data().grants) {
        if (grant.conditions.territory != "own") codes.insert(grant.conditions.territory);
    }
    codes.erase("");
    return codes;
}

void fill(Explanation& explanation, const Policy& policy, const Decision& decision) {
    explanation.grant = decision.grant;
    explanation.missing = decision.missing;
    if (decision.grant.empty()) return;
    const Grant& grant = grant_of(policy, decision.grant);
    explanation.conditions = words(grant.conditions);
    explanation.reason = grant.reason;
}

// One atom of a grant: what it allows to one role.
struct Atom {
    std::string role;
    Action action = Action::publish;
    message::Kind kind = message::Kind::none;
    std::string detail;
    auto operator<=>(const Atom&) const = default;
};

std::vector<std::string> details(const Grant& grant, Action action, message::Kind kind) {
    if (action == Action::publish) return {""};
    std::vector<std::string> list;
    if (action == Action::query) {
        for (const Purpose& purpose : grant.purposes) list.push_back(purpose.text());
        return list;
    }
    const auto& info = message::info(kind);
    const std::uint64_t bits = section_bits(grant, info);
    for (std::size_t i = 0; i < info.sections.size(); ++i) {
        if ((bits >> i & 1) != 0) list.emplace_back(info.sections[i].name);
    }
    return list;
}

std::vector<Atom> atoms(const Grant& grant) {
    std::vector<Atom> list;
    for (const Role& role : grant.roles) {
        for (const Action action : grant.actions) {
            for (const message::Kind kind : grant.kinds) {
                for (std::string& detail : details(grant, action, kind)) {
                    list.push_back({role.text(), action, kind, std::move(detail)});
                }
            }
        }
    }
    return list;
}

// Collects the findings of one check.
class Reviewer {
  public:
    Reviewer(const Policy& policy, const registry::Registry& registry, Millis at)
        : policy_(policy), at_(at) {
        for (const registry::Agency& agency : registry.data().agencies) {
            for (const registry::RoleHolding& holding : agency.roles) {
                if (!registry::holds_at(holding.from, holding.until, at)) continue;
                held_.insert(holding.role.text());
                if (!registry::is_pseudo(agency.id)) held_.emplace(kAnyAgency);
            }
        }
        for (const Grant& grant : policy.data().grants) {
            std::vector<Atom> all = atoms(grant);
            for (const Atom& atom : all) granted_[atom].push_back(&grant);
            std::ranges::sort(all);
            atoms_.emplace(&grant, std::move(all));
        }
    }

    std::vector<Finding> findings() {
        for (const Role& role : named_roles()) {
            if (held_.contains(role.text())) continue;
            add(Oddity::unheld_role, "role " + role.text(), "no agency holds it");
        }
        for (const Grant& grant : policy_.data().grants) {
            check_reach(grant);
            check_width(grant);
        }
        check_kinds();
        check_proofs();
        std::ranges::sort(findings_);
        return std::move(findings_);
    }

  private:
    void add(Oddity oddity, std::string place, std::string what) {
        findings_.push_back({oddity, std::move(place), std::move(what)});
    }

    std::set<Role> named_roles() const {
        std::set<Role> roles(policy_.data().roles.begin(), policy_.data().roles.end());
        for (const Grant& grant : policy_.data().grants) {
            roles.insert(grant.roles.begin(), grant.roles.end());
        }
        return roles;
    }

    // Granted by another grant with no condition more; of two equal grants the first id is kept.
    bool granted_elsewhere(const Atom& atom, const Grant& grant) const {
        for (const std::string_view role : {std::string_view(atom.role), kAnyAgency}) {
            for (const std::string_view detail : {std::string_view(atom.detail), kAll}) {
                const auto found = granted_.find(
                    Atom{std::string(role), atom.action, atom.kind, std::string(detail)});
                if (found == granted_.end()) continue;
                for (const Grant* other : found->second) {
                    if (other == &grant || !covers(other->conditions, grant.conditions)) continue;
                    // Two that cover each other wholly would else both be called superfluous.
                    const bool same = covers(grant.conditions, other->conditions) &&
                                      std::ranges::includes(atoms_.at(&grant), atoms_.at(other));
                    if (!same || other->id < grant.id) return true;
                }
            }
        }
        return false;
    }

    void check_reach(const Grant& grant) {
        const std::string place = "grant " + grant.id;
        if (has_ended(grant, at_)) {
            add(Oddity::unreachable, place, "its end has come");
            return;
        }
        const bool held = std::ranges::any_of(
            grant.roles, [&](const Role& role) { return held_.contains(role.text()); });
        if (!held) {
            add(Oddity::unreachable, place, "no agency holds any of its roles");
            return;
        }
        const std::vector<Atom>& all = atoms_.at(&grant);
        if (std::ranges::all_of(all, [&](auto& atom) { return granted_elsewhere(atom, grant); })) {
            add(Oddity::redundant, place, "other grants allow all of it");
        }
    }

    void check_width(const Grant& grant) {
        const std::string place = "grant " + grant.id;
        const bool queries =
            std::ranges::find(grant.purposes, kAll, &Purpose::text) != grant.purposes.end();
        if (queries) add(Oddity::all_purposes, place, "a query for any purpose");
        const bool reads = std::ranges::find(grant.actions, Action::read) != grant.actions.end();
        if (!reads) return;
        const bool conditional = about_the_case(grant.conditions);
        for (const message::Kind kind : grant.kinds) {
            const auto& info = message::info(kind);
            if (info.kind_class != message::Class::personal) continue;
            const std::string words(info.name);
            if (grant.sections.front() == kAll && info.sections.size() > 1) {
                add(Oddity::all_sections, place, words + ": every section, also future ones");
            }
            if (!conditional && info.needs_case) {
                add(Oddity::unconditional, place, words + ": also to agencies that are no party");
            }
            const bool to_all =
                std::ranges::find(grant.roles, kAnyAgency, &Role::text) != grant.roles.end();
            if (!conditional && to_all) {
                add(Oddity::every_agency, place, words + ": to every agency");
            }
        }
    }

    void check_kinds() {
        std::set<message::Kind> published;
        std::set<message::Kind> read;
        for (const auto& [atom, grants] : granted_) {
            const bool reachable =
                held_.contains(atom.role) &&
                std::ranges::any_of(grants, [&](auto* grant) { return !has_ended(*grant, at_); });
            if (!reachable) continue;
            if (atom.action == Action::publish) published.insert(atom.kind);
            if (atom.action == Action::read) read.insert(atom.kind);
        }
        for (const message::KindInfo& info : message::all_kinds()) {
            const std::string place = "kind " + std::string(info.name);
            const bool is_published = published.contains(info.kind);
            const bool is_read = read.contains(info.kind);
            if (is_published && !is_read) {
                add(Oddity::published_but_not_read, place, "nobody may read it");
            } else if (!is_published && is_read) {
                add(Oddity::read_but_not_published, place, "nobody may publish it");
            }
        }
    }

    // For a case in which the condition `party` holds.
    bool may_read_facts(const std::string& role, message::Kind kind) const {
        for (const std::string_view one : {std::string_view(role), kAnyAgency}) {
            const auto found =
                granted_.find(Atom{std::string(one), Action::read, kind, std::string("facts")});
            if (found == granted_.end()) continue;
            if (std::ranges::any_of(found->second, [&](const Grant* grant) {
                    const Conditions& asks = grant->conditions;
                    return !has_ended(*grant, at_) && !asks.named && !asks.consent && !asks.sender;
                })) {
                return true;
            }
        }
        return false;
    }

    // A node seals to parties that it can prove, and every proof begins with the facts of what
    // opens a case. What the role `agency` may publish says nothing of who is ever made a party.
    void check_proofs() {
        for (const auto& [atom, grants] : granted_) {
            const bool into_a_case =
                message::info(atom.kind).needs_case && atom.kind != message::Kind::intake_record;
            if (atom.action != Action::publish || !into_a_case || atom.role == kAnyAgency ||
                !held_.contains(atom.role) || !goes_to_parties(atom.kind) ||
                may_read_facts(atom.role, message::Kind::intake_record)) {
                continue;
            }
            add(Oddity::unproven_parties,
                "role " + atom.role,
                fmt::format("publishes {} to parties of a case, but may not read the facts of {}",
                            message::info(atom.kind).name,
                            message::info(message::Kind::intake_record).name));
        }
    }

    bool goes_to_parties(message::Kind kind) const {
        return std::ranges::any_of(policy_.data().grants, [&](const Grant& grant) {
            return grant.conditions.party && !has_ended(grant, at_) &&
                   std::ranges::find(grant.actions, Action::read) != grant.actions.end() &&
                   std::ranges::find(grant.kinds, kind) != grant.kinds.end();
        });
    }

    const Policy& policy_;
    Millis at_;
    std::set<std::string> held_;
    std::map<Atom, std::vector<const Grant*>> granted_;
    std::map<const Grant*, std::vector<Atom>> atoms_;  // ascending
    std::vector<Finding> findings_;
};

using RightKey = std::tuple<AgencyId, Action, message::Kind, std::string>;
RightKey key_of(const Right& right) {
    return {right.agency, right.action, right.kind, right.detail};
}

// What stands in `ours` and is covered by nothing in `theirs`. Both ascending.
std::vector<Right> uncovered(const std::vector<Right>& ours, const std::vector<Right>& theirs) {
    std::vector<Right> left;
    for (const Right& right : ours) {
        const auto covered = [&](const std::string& detail) {
            auto key = key_of(right);
            std::get<3>(key) = detail;
            const auto same = std::ranges::equal_range(theirs, key, {}, key_of);
            return std::ranges::any_of(same, [&](const Right& other) {
                return covers(other.conditions, right.conditions);
            });
        };
        const bool by_any = right.action == Action::query && covered(std::string(kAll));
        if (!by_any && !covered(right.detail)) left.push_back(right);
    }
    return left;
}

}  // namespace

Explanation explain(const Policy& policy,
                    const registry::Registry& registry,
                    const Question& question,
                    Millis at) {
    Explanation explanation;
    explanation.policy_version = policy.version();
    Context bare;
    bare.at = at;
    // From the least that can be known of a message to the most, so that a grant without conditions
    // is preferred.
    std::vector<Context> contexts{bare, with_the_case(bare, question.agency)};
    for (const std::string& code : places(policy, registry, question.agency)) {
        for (Context context : {bare, with_the_case(bare, question.agency)}) {
            context.territory = code;
            contexts.push_back(std::move(context));
        }
    }
    for (const Context& context : contexts) {
        const Decision decision = decide(policy, registry, question, context);
        if (explanation.missing.empty()) explanation.missing = decision.missing;
        if (!decision.allowed) continue;
        explanation.allowed = true;
        fill(explanation, policy, decision);
        break;
    }
    return explanation;
}

Explanation explain(const Policy& policy,
                    const registry::Registry& registry,
                    const Question& question,
                    const Context& context) {
    Explanation explanation;
    explanation.policy_version = policy.version();
    Decision decision = decide(policy, registry, question, context);
    explanation.allowed = decision.allowed;
    if (decision.depends_on_case) {
        decision = decide(policy, registry, question, with_the_case(context, question.agency));
    }
    fill(explanation, policy, decision);
    return explanation;
}

std::string_view name(Oddity oddity) {
    switch (oddity) {
        case Oddity::unheld_role:
            return "unheld-role";
        case Oddity::unreachable:
            return "unreachable";
        case Oddity::redundant:
            return "redundant";
        case Oddity::all_sections:
            return "all-sections";
        case Oddity::all_purposes:
            return "all-purposes";
        case Oddity::unconditional:
            return "unconditional";
        case Oddity::every_agency:
            return "every-agency";
        case Oddity::published_but_not_read:
            return "published-but-not-read";
        case Oddity::read_but_not_published:
            return "read-but-not-published";
        case Oddity::unproven_parties:
            return "unproven-parties";
    }
    CHECK(false);
}

std::vector<Finding> check(const Policy& policy, const registry::Registry& registry, Millis at) {
    return Reviewer(policy, registry, at).findings();
}

std::vector<Right> rights(const Policy& policy, const registry::Registry& registry, Millis at) {
    std::vector<Right> all;
    for (const Grant& grant : policy.data().grants) {
        if (has_ended(grant, at)) continue;
        for (const Atom& atom : atoms(grant)) {
            for (const registry::Agency& agency : registry.data().agencies) {
                const bool any =
                    std::ranges::any_of(agency.roles, [&](const registry::RoleHolding& holding) {
                        const bool matches =
                            holding.role.text() == atom.role ||
                            (atom.role == kAnyAgency && !registry::is_pseudo(agency.id));
                        return matches && registry::holds_at(holding.from, holding.until, at);
                    });
                if (!any) continue;
                all.push_back({agency.id, atom.action, atom.kind, atom.detail, grant.conditions});
            }
        }
    }
    // By the conditions too, so that the order of the grants shows nowhere.
    std::ranges::sort(all, {}, [](const Right& right) {
        const Conditions& under = right.conditions;
        return std::tuple(key_of(right),
                          under.party,
                          under.named,
                          under.consent,
                          under.sender,
                          under.territory,
                          under.until);
    });
    std::vector<Right> kept;
    for (std::size_t i = 0; i < all.size(); ++i) {
        bool superfluous = false;
        for (std::size_t j = i; j > 0 && key_of(all[j - 1]) == key_of(all[i]); --j) {
            superfluous = superfluous || covers(all[j - 1].conditions, all[i].conditions);
        }
        for (std::size_t j = i + 1; j < all.size() && key_of(all[j]) == key_of(all[i]); ++j) {
            superfluous = superfluous || (covers(all[j].conditions, all[i].conditions) &&
                                          !covers(all[i].conditions, all[j].conditions));
        }
        if (!superfluous) kept.push_back(all[i]);
    }
    return kept;
}

Difference diff(const std::vector<Right>& before, const std::vector<Right>& after) {
    return {uncovered(after, before), uncovered(before, after)};
}

Difference diff(const Policy& before,
                const Policy& after,
                const registry::Registry& registry,
                Millis at) {
    return diff(rights(before, registry, at), rights(after, registry, at));
}

}  // namespace lienthong::policy
