// SPDX-License-Identifier: Apache-2.0
// The policy's TOML, as a person writes it, to data and back.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "bus/base/text.hpp"
#include "security/policy/policy.hpp"
#include "security/policy/rules.hpp"
#include "security/registry/toml_tree.hpp"

namespace lienthong::policy {

namespace {

using registry::toml_text;
using registry::TomlReader;

// Repeats a word of the file in a fault only if it can be nothing but a word.
std::string unknown(std::string_view what, std::string_view given) {
    return is_name(given) ? fmt::format("unknown {} {}", what, given)
                          : fmt::format("unknown {}", what);
}

Conditions read_conditions(TomlReader& grant) {
    auto table = grant.maybe_table("conditions");
    if (!table) return {};
    Conditions conditions;
    conditions.party = table->flag("party");
    conditions.named = table->flag("named");
    conditions.consent = table->flag("consent");
    conditions.sender = table->flag("sender");
    conditions.territory = table->text("territory");
    conditions.until = table->end("until");
    table->finish();
    return conditions;
}

Grant read_grant(TomlReader& table) {
    Grant grant;
    grant.id = table.required_text("id");
    grant.roles = table.ids<Role>("roles");
    for (const std::string& text : table.texts("actions")) {
        const auto action = maybe_action(text);
        if (action) {
            grant.actions.push_back(*action);
        } else {
            table.refuse("actions", unknown("action", text));
        }
    }
    for (const std::string& text : table.texts("kinds")) {
        const auto kind = message::maybe_kind(std::string_view(text));
        if (kind) {
            grant.kinds.push_back(*kind);
        } else {
            table.refuse("kinds", unknown("kind", text));
        }
    }
    grant.sections = table.texts("sections");
    for (const std::string& text : table.texts("purposes")) {
        grant.purposes.push_back(Purpose::of(text));
    }
    grant.conditions = read_conditions(table);
    auto reason = to_nfc(table.text("reason"));
    if (reason) grant.reason = std::move(*reason);
    table.finish();
    return grant;
}

std::string list(const std::vector<std::string>& texts) {
    std::string line;
    for (const std::string& text : texts) {
        if (!line.empty()) line += ", ";
        line += toml_text(text);
    }
    return fmt::format("[{}]", line);
}

template <class Value, class Text>
std::string list(const std::vector<Value>& values, Text text) {
    std::vector<std::string> texts;
    texts.reserve(values.size());
    for (const Value& value : values) texts.emplace_back(text(value));
    return list(texts);
}

std::string condition_words(const Conditions& conditions) {
    std::string words;
    const auto add = [&](const std::string& word) {
        if (!words.empty()) words += ", ";
        words += word;
    };
    if (conditions.party) add("party = true");
    if (conditions.named) add("named = true");
    if (conditions.consent) add("consent = true");
    if (conditions.sender) add("sender = true");
    if (!conditions.territory.empty()) {
        add(fmt::format("territory = {}", toml_text(conditions.territory)));
    }
    if (conditions.until != 0) add(fmt::format("until = {}", registry::toml_end(conditions.until)));
    return words;
}

}  // namespace

Result<PolicyData> compile_policy(std::string_view toml, const BusId& bus, std::uint32_t version) {
    const auto parsed = registry::parse_toml(toml);
    if (!parsed) return std::unexpected(parsed.error());
    std::optional<Error> fault;
    TomlReader root(*parsed, "", fault);

    PolicyData data;
    data.bus = bus;
    data.version = version;
    const auto named = root.id<BusId>("bus");
    if (!fault && !named.empty() && named != bus) {
        return fail(Code::wrong_bus, "the file is of another bus", "bus");
    }
    data.issued = root.beginning("issued");
    data.expires = root.end("expires");
    data.roles = root.ids<Role>("roles");
    if (data.roles.empty()) root.refuse("roles", "must list the roles that grants may name");
    std::set<std::string> ids;
    for (TomlReader& table : root.tables("grant")) {
        Grant grant = read_grant(table);
        // Judged here too, and not only as a whole, for the sake of the line.
        if (const auto flaw = maybe_flaw(grant, data.roles)) {
            table.refuse(flaw->key, flaw->rule);
        }
        if (!ids.insert(grant.id).second) table.refuse("id", "two grants of one id");
        data.grants.push_back(std::move(grant));
    }
    root.finish();
    if (fault) return std::unexpected(*fault);
    auto checked = check_rules(data);
    if (!checked) return std::unexpected(checked.error());
    return data;
}

std::string to_toml(const PolicyData& data) {
    std::string text;
    const auto out = std::back_inserter(text);
    const auto id_text = [](const auto& id) { return id.text(); };
    fmt::format_to(out, "# Policy of the bus, version {}.\n", data.version);
    fmt::format_to(out, "bus = {}\n", toml_text(data.bus.text()));
    if (data.issued != 0) {
        fmt::format_to(out, "issued = {}\n", registry::toml_beginning(data.issued));
    }
    if (data.expires != 0) fmt::format_to(out, "expires = {}\n", registry::toml_end(data.expires));
    fmt::format_to(out, "roles = {}\n", list(data.roles, id_text));
    for (const Grant& grant : data.grants) {
        fmt::format_to(out,
                       "\n[[grant]]\nid = {}\nroles = {}\nactions = {}\nkinds = {}\n",
                       toml_text(grant.id),
                       list(grant.roles, id_text),
                       list(grant.actions, [](Action action) { return name(action); }),
                       list(grant.kinds, [](auto kind) { return message::info(kind).name; }));
        if (!grant.sections.empty()) fmt::format_to(out, "sections = {}\n", list(grant.sections));
        if (!grant.purposes.empty()) {
            fmt::format_to(out, "purposes = {}\n", list(grant.purposes, id_text));
        }
        const std::string conditions = condition_words(grant.conditions);
        if (!conditions.empty()) fmt::format_to(out, "conditions = {{ {} }}\n", conditions);
        if (!grant.reason.empty()) {
            fmt::format_to(out, "reason = {}\n", toml_text(grant.reason));
        }
    }
    return text;
}

}  // namespace lienthong::policy
