// SPDX-License-Identifier: Apache-2.0
// `lienthong policy`: why something is allowed, what is odd, what would change, and adoption.
#include <fmt/format.h>

#include "adapters/cli/adoption.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/details.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/run.hpp"
#include "security/policy/review.hpp"

namespace lienthong::cli {
namespace {

std::unexpected<Error> usage(std::string what, std::string where) {
    return fail(Code::bad_argument, std::move(what), std::move(where));
}

// The policy of a source file, as the next version.
Result<policy::Policy> compile(const Invocation& invocation, const node::Documents& documents) {
    auto text = invocation.input("file");
    if (!text) return std::unexpected(text.error());
    auto data = policy::compile_policy(
        *text, documents.registry->data().bus, documents.policy->version() + 1);
    if (!data) return std::unexpected(data.error());
    return policy::Policy::build(std::move(*data));
}

Result<policy::Question> question_of(const Invocation& invocation,
                                     const registry::Registry& registry) {
    policy::Question question;
    auto agency = to_agency(registry, invocation.text("agency"), "agency");
    if (!agency) return std::unexpected(agency.error());
    question.agency = *agency;
    const auto action = policy::maybe_action(invocation.text("action"));
    if (!action) return usage("must be publish, read or query", "--action");
    question.action = *action;
    auto kind = to_kind(invocation.text("kind"));
    if (!kind) return std::unexpected(kind.error());
    question.kind = *kind;
    question.section = invocation.text("section");
    if (*action == policy::Action::read) {
        if (question.section.empty()) return usage("for reading, a section", "--section");
        if (!message::maybe_section(message::info(*kind), question.section)) {
            return usage("the kind has no such section", "--section");
        }
    }
    if (*action == policy::Action::query || invocation.has("purpose")) {
        auto purpose = Purpose::parse(invocation.text("purpose"));
        if (!purpose) return usage("for a query, a purpose of the policy", "--purpose");
        question.purpose = *purpose;
    }
    return question;
}

std::string conditions_text(const policy::Conditions& conditions) {
    std::string text;
    const auto add = [&](bool holds, const std::string& word) {
        if (!holds) return;
        if (!text.empty()) text += ", ";
        text += word;
    };
    add(conditions.party, "party");
    add(conditions.named, "named");
    add(conditions.consent, "consent");
    add(conditions.sender, "sender");
    add(!conditions.territory.empty(), "territory " + conditions.territory);
    add(conditions.until != 0, "until " + format_utc(conditions.until));
    return text;
}

Json rights_to_json(const registry::Registry& registry, const std::vector<policy::Right>& rights) {
    Json list = Json::array();
    for (const policy::Right& right : rights) {
        list.push_back(Json{{"agency", slug_of(registry, right.agency)},
                            {"action", policy::name(right.action)},
                            {"kind", message::info(right.kind).name},
                            {"detail", right.detail},
                            {"conditions", conditions_text(right.conditions)}});
    }
    return list;
}

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace

Result<Answer> policy_explain(Session& session, const Invocation& invocation) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    auto question = question_of(invocation, *documents->registry);
    if (!question) return std::unexpected(question.error());
    const auto explanation =
        policy::explain(*documents->policy, *documents->registry, *question, session.clock.wall());
    Answer answer;
    answer.body = Json{{"decision", explanation.decision()},
                       {"grant", or_null(explanation.grant)},
                       {"missing", or_null(explanation.missing)},
                       {"conditions", explanation.conditions},
                       {"reason", or_null(explanation.reason)},
                       {"policy_version", explanation.policy_version}};
    return answer;
}

std::string render_explain(const Json& body, Lang lang) {
    const bool allowed = body.value("decision", "") == "allow";
    std::string text(allowed ? Words{"Được phép", "Allowed"}.in(lang)
                             : Words{"Không được phép", "Denied"}.in(lang));
    text += '\n';
    const auto line = [&](Words words, const char* key) {
        if (body.contains(key) && !body[key].is_null()) {
            text += fmt::format("  {}: {}\n", words.in(lang), cell(body, key));
        }
    };
    line({"quyền", "grant"}, "grant");
    if (const Json& missing = body["missing"]; missing.is_string()) {
        text += fmt::format("  {}: {}\n",
                            Words{"còn thiếu", "missing"}.in(lang),
                            grant_in(missing.get<std::string>(), lang));
    }
    for (const Json& condition : body["conditions"]) {
        text += fmt::format(
            "  {}: {}\n", Words{"điều kiện", "condition"}.in(lang), condition.get<std::string>());
    }
    line({"căn cứ", "reason"}, "reason");
    line({"chính sách, bản", "policy version"}, "policy_version");
    return text;
}

Result<Answer> policy_check(Session& session, const Invocation& invocation) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    std::optional<policy::Policy> given;
    if (invocation.has("file")) {
        auto compiled = compile(invocation, *documents);
        if (!compiled) return std::unexpected(compiled.error());
        given.emplace(std::move(*compiled));
    }
    const policy::Policy& judged = given ? *given : *documents->policy;
    Answer answer;
    answer.body =
        Json{{"ok", true}, {"version", judged.version()}, {"grants", judged.data().grants.size()}};
    answer.body["findings"] = Json::array();
    for (const auto& finding : policy::check(judged, *documents->registry, session.clock.wall())) {
        answer.body["findings"].push_back(Json{{"oddity", policy::name(finding.oddity)},
                                               {"place", finding.place},
                                               {"what", finding.what}});
    }
    return answer;
}

std::string render_findings(const Json& body, Lang lang) {
    std::string text =
        fmt::format("{}: {}\n", Words{"Số quyền", "Grants"}.in(lang), cell(body, "grants"));
    for (const Json& finding : body["findings"]) {
        text += fmt::format("  {}: {} ({})\n",
                            cell(finding, "place"),
                            cell(finding, "what"),
                            cell(finding, "oddity"));
    }
    return text;
}

Result<Answer> policy_diff(Session& session, const Invocation& invocation) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    auto compiled = compile(invocation, *documents);
    if (!compiled) return std::unexpected(compiled.error());
    const auto difference =
        policy::diff(*documents->policy, *compiled, *documents->registry, session.clock.wall());
    Answer answer;
    answer.body = Json{{"gained", rights_to_json(*documents->registry, difference.gained)},
                       {"lost", rights_to_json(*documents->registry, difference.lost)}};
    return answer;
}

std::string render_difference(const Json& body, Lang) {
    std::string text;
    for (const auto& [list, sign] : {std::pair("gained", '+'), std::pair("lost", '-')}) {
        for (const Json& right : body[list]) {
            const std::string conditions = cell(right, "conditions");
            text += fmt::format("{} {} {} {} {}{}\n",
                                sign,
                                cell(right, "agency"),
                                cell(right, "action"),
                                cell(right, "kind"),
                                cell(right, "detail"),
                                conditions.empty() ? "" : " [" + conditions + "]");
        }
    }
    return text;
}

Result<Answer> policy_adopt(Session& session, const Invocation& invocation) {
    catch_up(session, invocation);
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    auto compiled = compile(invocation, *documents);
    if (!compiled) return std::unexpected(compiled.error());
    auto adopted = adopt_policy(session, compiled->data(), invocation.wait);
    if (!adopted) return std::unexpected(adopted.error());
    return adopted_answer(*adopted, "policy");
}

Result<Answer> policy_show(Session& session, const Invocation&) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    Answer answer;
    answer.body = Json{{"version", documents->policy->version()},
                       {"toml", policy::to_toml(documents->policy->data())}};
    return answer;
}

std::string render_source(const Json& body, Lang) { return body.value("toml", ""); }

std::string render_adopted(const Json& body, Lang lang) {
    return fmt::format("{} {}: {} {}, {} {}\n",
                       Words{"Đã ban hành", "Adopted"}.in(lang),
                       cell(body, "document"),
                       Words{"bản", "version"}.in(lang),
                       cell(body, "version"),
                       Words{"vị trí", "position"}.in(lang),
                       cell(body, "position"));
}

}  // namespace lienthong::cli
