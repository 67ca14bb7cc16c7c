// SPDX-License-Identifier: Apache-2.0
#include "security/policy/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "bus/base/text.hpp"

namespace lienthong::policy {

namespace {

constexpr Millis kTimeMax = 253'402'300'799'999;  // the end of the year 9999

bool has(const Grant& grant, Action action) {
    return std::ranges::find(grant.actions, action) != grant.actions.end();
}

template <class T>
bool repeats(const std::vector<T>& values) {
    return std::set<T>(values.begin(), values.end()).size() != values.size();
}

// "*" alone, or names.
bool all_or_names(const std::vector<std::string>& texts) {
    if (texts.size() == 1 && texts.front() == kAll) return true;
    return std::ranges::all_of(texts, [](const std::string& text) { return is_name(text); });
}

std::optional<Flaw> section_flaw(const Grant& grant) {
    const auto flaw = [](std::string rule) {
        return Flaw{Code::malformed_document, "sections", std::move(rule)};
    };
    if (!has(grant, Action::read)) {
        if (grant.sections.empty()) return std::nullopt;
        return flaw("only a grant to read has sections");
    }
    if (grant.sections.empty()) return flaw("a grant to read names sections, or *");
    if (!all_or_names(grant.sections)) return flaw("must be names, or * alone");
    if (repeats(grant.sections)) return flaw("one stands twice");
    if (grant.sections.front() == kAll) return std::nullopt;
    const auto is_in = [](message::Kind kind, const std::string& section) {
        return message::maybe_section(message::info(kind), section).has_value();
    };
    for (const std::string& section : grant.sections) {
        if (std::ranges::none_of(grant.kinds, [&](auto kind) { return is_in(kind, section); })) {
            return flaw(fmt::format("no kind of this grant has a section {}", section));
        }
    }
    for (const message::Kind kind : grant.kinds) {
        if (std::ranges::none_of(grant.sections, [&](auto& name) { return is_in(kind, name); })) {
            return flaw(fmt::format("names no section of {}", message::info(kind).name));
        }
    }
    return std::nullopt;
}

std::optional<Flaw> purpose_flaw(const Grant& grant) {
    const auto flaw = [](std::string rule) {
        return Flaw{Code::malformed_document, "purposes", std::move(rule)};
    };
    if (!has(grant, Action::query)) {
        if (grant.purposes.empty()) return std::nullopt;
        return flaw("only a grant to query has purposes");
    }
    if (grant.purposes.empty()) return flaw("a grant to query names purposes, or *");
    std::vector<std::string> texts;
    texts.reserve(grant.purposes.size());
    for (const Purpose& purpose : grant.purposes) texts.push_back(purpose.text());
    if (!all_or_names(texts)) return flaw("must be names, or * alone");
    if (repeats(texts)) return flaw("one stands twice");
    return std::nullopt;
}

std::optional<Flaw> role_flaw(const Grant& grant, const std::vector<Role>& declared) {
    const auto flaw = [](std::string rule) {
        return Flaw{Code::malformed_document, "roles", std::move(rule)};
    };
    if (grant.roles.empty()) return flaw("a grant is to somebody");
    if (repeats(grant.roles)) return flaw("one stands twice");
    for (const Role& role : grant.roles) {
        if (!is_name(role.text())) return flaw("a role is 1 to 32 of a-z, 0-9 and -");
        if (declared.empty() || role.text() == kAnyAgency) continue;
        if (std::ranges::find(declared, role) == declared.end()) {
            return flaw(fmt::format("unknown role {}", role.text()));
        }
    }
    return std::nullopt;
}

}  // namespace

std::uint64_t section_bits(const Grant& grant, const message::KindInfo& kind) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < kind.sections.size(); ++i) {
        const bool granted = std::ranges::any_of(grant.sections, [&](const std::string& name) {
            return name == kAll || name == kind.sections[i].name;
        });
        if (granted) bits |= std::uint64_t{1} << i;
    }
    // Whoever gets a part of the message needs its facts to place it.
    const auto facts = message::maybe_section(kind, "facts");
    if (bits != 0 && facts) bits |= std::uint64_t{1} << *facts;
    return bits;
}

std::optional<Flaw> maybe_flaw(const Grant& grant, const std::vector<Role>& declared) {
    const auto flaw = [](std::string_view key, std::string rule) {
        return Flaw{Code::malformed_document, key, std::move(rule)};
    };
    if (!is_name(grant.id)) return flaw("id", "must be 1 to 32 of a-z, 0-9 and -");
    if (auto found = role_flaw(grant, declared)) return found;
    if (grant.actions.empty()) return flaw("actions", "a grant allows something");
    if (repeats(grant.actions)) return flaw("actions", "one stands twice");
    for (const Action action : grant.actions) {
        if (name(action).empty()) return flaw("actions", "must be publish, read or query");
    }
    if (grant.kinds.empty()) return flaw("kinds", "a grant names its kinds: none is not all");
    if (repeats(grant.kinds)) return flaw("kinds", "one stands twice");
    for (const message::Kind kind : grant.kinds) {
        if (!message::maybe_kind(static_cast<std::uint16_t>(kind))) {
            return Flaw{Code::unknown_kind, "kinds", "unknown kind"};
        }
    }
    if (auto found = section_flaw(grant)) return found;
    if (auto found = purpose_flaw(grant)) return found;
    const Conditions& conditions = grant.conditions;
    if (!conditions.territory.empty() && !is_name(conditions.territory)) {
        return flaw("territory", "must be own, or the code of a territory");
    }
    if (conditions.until < 0 || conditions.until > kTimeMax) {
        return flaw("until", "impossible time");
    }
    const auto reason = to_nfc(grant.reason);
    if (grant.reason.size() > kReasonBytesMax || !reason || *reason != grant.reason) {
        return flaw("reason", "at most 500 bytes of UTF-8 in NFC");
    }
    return std::nullopt;
}

Result<void> check_rules(const PolicyData& data) {
    const auto refuse = [](std::string rule, std::string place) {
        return fail(Code::malformed_document, std::move(rule), std::move(place));
    };
    if (!is_name(data.bus.text())) return refuse("the policy must name its bus", "bus");
    if (data.version == 0) return refuse("versions begin with 1", "version");
    if (data.issued < 0 || data.issued > kTimeMax || data.expires < 0 || data.expires > kTimeMax) {
        return refuse("impossible time", "expires");
    }
    if (data.expires != 0 && data.issued >= data.expires) {
        return refuse("must be after issued", "expires");
    }
    if (data.roles.size() > kRolesMax) return refuse("at most 256 roles", "roles");
    if (repeats(data.roles)) return refuse("one stands twice", "roles");
    for (const Role& role : data.roles) {
        if (!is_name(role.text())) return refuse("a role is 1 to 32 of a-z, 0-9 and -", "roles");
    }
    if (data.grants.size() > kGrantsMax) return refuse("at most 4096 grants", "grant");
    std::set<std::string> ids;
    std::set<Role> roles;
    for (const Grant& grant : data.grants) {
        if (const auto flaw = maybe_flaw(grant, data.roles)) {
            const std::string who = is_name(grant.id) ? "grant " + grant.id : "grant";
            return fail(flaw->code, fmt::format("{}: {}", flaw->key, flaw->rule), who);
        }
        if (!ids.insert(grant.id).second)
            return refuse("two grants of one id", "grant " + grant.id);
        roles.insert(grant.roles.begin(), grant.roles.end());
    }
    if (roles.size() > kRolesMax) return refuse("at most 256 roles", "roles");
    return {};
}

}  // namespace lienthong::policy
