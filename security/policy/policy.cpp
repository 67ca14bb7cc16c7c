// SPDX-License-Identifier: Apache-2.0
#include "security/policy/policy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "security/policy/rules.hpp"

namespace lienthong::policy {

namespace {

constexpr std::size_t kActions = 3;

bool contains(const std::vector<AgencyId>& list, const AgencyId& agency) {
    return std::ranges::find(list, agency) != list.end();
}

bool purpose_matches(const Grant& grant, std::string_view purpose) {
    return std::ranges::any_of(grant.purposes, [&](const Purpose& granted) {
        return granted.text() == purpose || granted.text() == kAll;
    });
}

// The conditions that have nothing to do with the case.
bool standing_conditions_hold(const Conditions& conditions,
                              const registry::Registry& registry,
                              const registry::Agency& agency,
                              const Context& context) {
    if (conditions.until != 0 && context.at >= conditions.until) return false;
    if (conditions.territory.empty()) return true;
    const std::string& outer =
        conditions.territory == "own" ? agency.territory : conditions.territory;
    return !outer.empty() && !context.territory.empty() &&
           registry.lies_within(context.territory, outer, context.at);
}

bool case_conditions_hold(const Conditions& conditions,
                          const AgencyId& agency,
                          const Context& context) {
    return (!conditions.party || contains(context.parties, agency)) &&
           (!conditions.named || contains(context.named, agency)) &&
           (!conditions.consent || contains(context.consented, agency)) &&
           (!conditions.sender || context.answered == agency);
}

std::optional<std::size_t> maybe_kind_index(message::Kind kind) {
    const auto kinds = message::all_kinds();
    const auto found = std::ranges::find(kinds, kind, &message::KindInfo::kind);
    if (found == kinds.end()) return std::nullopt;
    return static_cast<std::size_t>(found - kinds.begin());
}

std::string missing_words(Action action, message::Kind kind, std::string_view detail) {
    const std::string_view kind_name =
        maybe_kind_index(kind) ? message::info(kind).name : std::string_view("unknown-kind");
    return fmt::format("{} {}{}{}", name(action), kind_name, detail.empty() ? "" : " ", detail);
}

}  // namespace

std::string_view name(Action action) {
    switch (action) {
        case Action::publish:
            return "publish";
        case Action::read:
            return "read";
        case Action::query:
            return "query";
    }
    return {};  // a number from outside that is no action
}

std::optional<Action> maybe_action(std::string_view text) {
    for (const Action action : {Action::publish, Action::read, Action::query}) {
        if (name(action) == text) return action;
    }
    return std::nullopt;
}

Policy::Policy(PolicyData data) : data_(std::move(data)) {}

Result<Policy> Policy::build(PolicyData data) {
    auto checked = check_rules(data);
    if (!checked) return std::unexpected(checked.error());
    Policy policy(std::move(data));
    policy.index();
    return policy;
}

std::size_t Policy::slot(Action action, std::size_t kind_index) {
    return kind_index * kActions + static_cast<std::size_t>(action) - 1;
}

void Policy::index() {
    std::set<Role> roles;
    for (const Grant& grant : data_.grants) roles.insert(grant.roles.begin(), grant.roles.end());
    roles_.assign(roles.begin(), roles.end());
    rules_.resize(message::all_kinds().size() * kActions);

    // In the order of the ids, so that the order in the file decides nothing.
    std::vector<std::size_t> order(data_.grants.size());
    // NOLINTNEXTLINE(modernize-use-ranges): GCC 12 has no std::ranges::iota
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(
        order, {}, [&](std::size_t i) -> const std::string& { return data_.grants[i].id; });
    for (const std::size_t i : order) {
        const Grant& grant = data_.grants[i];
        Rule rule{i, {}, 0};
        for (const Role& role : grant.roles) {
            const auto found = std::ranges::lower_bound(roles_, role);
            rule.roles.set(static_cast<std::size_t>(found - roles_.begin()));
        }
        for (const message::Kind kind : grant.kinds) {
            rule.sections = section_bits(grant, message::info(kind));
            for (const Action action : grant.actions) {
                rules_[slot(action, *maybe_kind_index(kind))].push_back(rule);
            }
        }
    }
}

Policy::RoleSet Policy::roles_of(const registry::Agency& agency, Millis at) const {
    RoleSet set;
    const auto add = [&](std::string_view role) {
        const auto found = std::ranges::lower_bound(
            roles_, role, {}, [](const Role& known) { return std::string_view(known.text()); });
        if (found == roles_.end() || found->text() != role) return;
        set.set(static_cast<std::size_t>(found - roles_.begin()));
    };
    bool holds_any = false;
    for (const registry::RoleHolding& holding : agency.roles) {
        if (!registry::holds_at(holding.from, holding.until, at)) continue;
        holds_any = true;
        add(holding.role.text());
    }
    if (holds_any && !registry::is_pseudo(agency.id)) add(kAnyAgency);
    return set;
}

// `detail`: the section of a read, the purpose of a query.
Decision Policy::decide(const registry::Registry& registry,
                        const AgencyId& agency,
                        Action action,
                        message::Kind kind,
                        std::string_view detail,
                        const Context& context) const {
    Decision decision;
    const registry::Agency* who = registry.maybe_agency(agency);
    const auto kind_index = maybe_kind_index(kind);
    std::uint64_t section_bit = 0;
    if (kind_index && action == Action::read) {
        const auto index = message::maybe_section(message::all_kinds()[*kind_index], detail);
        if (index) section_bit = std::uint64_t{1} << *index;
    }
    if (who != nullptr && kind_index) {
        const RoleSet held = roles_of(*who, context.at);
        for (const Rule& rule : rules_[slot(action, *kind_index)]) {
            if ((rule.roles & held).none()) continue;
            if (action == Action::read && (rule.sections & section_bit) == 0) continue;
            const Grant& grant = data_.grants[rule.grant];
            if (action == Action::query && !purpose_matches(grant, detail)) continue;
            if (!standing_conditions_hold(grant.conditions, registry, *who, context)) continue;
            if (case_conditions_hold(grant.conditions, agency, context)) {
                return {true, grant.id, {}, false};
            }
            decision.depends_on_case = true;
        }
    }
    if (!decision.depends_on_case) decision.missing = missing_words(action, kind, detail);
    return decision;
}

Decision Policy::may_publish(const registry::Registry& registry,
                             const AgencyId& agency,
                             message::Kind kind,
                             const Context& context) const {
    return decide(registry, agency, Action::publish, kind, {}, context);
}

Decision Policy::may_read(const registry::Registry& registry,
                          const AgencyId& agency,
                          message::Kind kind,
                          std::string_view section,
                          const Context& context) const {
    return decide(registry, agency, Action::read, kind, section, context);
}

Decision Policy::may_query(const registry::Registry& registry,
                           const AgencyId& agency,
                           message::Kind kind,
                           const Purpose& purpose,
                           const Context& context) const {
    return decide(registry, agency, Action::query, kind, purpose.text(), context);
}

std::vector<AgencyId> Policy::audience(const registry::Registry& registry,
                                       const AgencyId& sender,
                                       message::Kind kind,
                                       std::string_view section,
                                       const Context& context) const {
    std::set<AgencyId> readers{sender};
    for (const registry::Agency& agency : registry.data().agencies) {
        if (may_read(registry, agency.id, kind, section, context).allowed) {
            readers.insert(agency.id);
        }
    }
    return {readers.begin(), readers.end()};
}

}  // namespace lienthong::policy
