// SPDX-License-Identifier: Apache-2.0
// `lienthong case open …`: one message of a procedure, made from a file of its sections and from
// options for what the broker must know (the facts). What the options say is filled into the
// sections where the file leaves it open, so that both say the same.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/cli/commands.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/run.hpp"
#include "adapters/codec/codec.hpp"
#include "bus/message/facts.hpp"

namespace lienthong::cli {
namespace {

using message::Kind;

struct Step {
    std::string_view command;
    Kind kind;
    // The newest message of this kind in the case is the one that this step answers.
    Kind answers = Kind::none;
};

constexpr std::array kSteps = {
    Step{"case open", Kind::intake_record},
    Step{"case handover", Kind::handover_record},
    Step{"case notify", Kind::commune_notice},
    Step{"case check", Kind::initial_check},
    Step{"case request", Kind::verification_request},
    Step{"case acknowledge", Kind::verification_acknowledgement, Kind::verification_request},
    Step{"case ask", Kind::information_request},
    Step{"case reply", Kind::information_reply, Kind::information_request},
    Step{"case extend", Kind::verification_extension, Kind::verification_request},
    Step{"case result", Kind::verification_result, Kind::verification_request},
    Step{"case certify", Kind::victim_certificate},
    Step{"case refer", Kind::support_referral},
    Step{"case accept", Kind::shelter_intake, Kind::support_referral},
    Step{"case consent", Kind::consent},
    Step{"case correct", Kind::correction},
};

struct OutcomeName {
    std::string_view name;
    std::string_view in_schema;
    message::Outcome outcome;
};
constexpr std::array kOutcomes = {
    OutcomeName{"confirmed", "confirmed", message::Outcome::confirmed},
    OutcomeName{"not-a-victim", "not_a_victim", message::Outcome::not_a_victim},
    OutcomeName{
        "insufficient-grounds", "insufficient_grounds", message::Outcome::insufficient_grounds},
    OutcomeName{"withdrawn", "withdrawn", message::Outcome::withdrawn},
    OutcomeName{"transferred", "transferred", message::Outcome::transferred},
    OutcomeName{"duplicate", "duplicate", message::Outcome::duplicate},
};

std::unexpected<Error> usage(std::string what, std::string where) {
    return fail(Code::bad_argument, std::move(what), std::move(where));
}

Result<std::vector<AgencyId>> agencies_of(const registry::Registry& registry,
                                          const Invocation& invocation,
                                          std::string_view option) {
    std::vector<AgencyId> all;
    for (const std::string& slug : invocation.texts(option)) {
        auto agency = to_agency(registry, slug, option);
        if (!agency) return std::unexpected(agency.error());
        const auto place = std::ranges::lower_bound(all, *agency);
        if (place == all.end() || *place != *agency) all.insert(place, *agency);
    }
    return all;
}

Result<std::uint16_t> count_of(const Invocation& invocation, std::string_view option) {
    const std::int64_t count = invocation.number(option, 0);
    if (count > UINT16_MAX) return usage("too large", "--" + std::string(option));
    return static_cast<std::uint16_t>(count);
}

Result<void> read_counts(const Invocation& invocation, message::CaseFacts& facts) {
    for (const auto& [option, field] : {std::pair("persons", &facts.persons),
                                        std::pair("adults", &facts.adult_count),
                                        std::pair("minors", &facts.minor_count)}) {
        auto count = count_of(invocation, option);
        if (!count) return std::unexpected(count.error());
        *field = *count;
    }
    if (facts.persons == 0) {
        facts.persons = static_cast<std::uint16_t>(facts.adult_count + facts.minor_count);
    }
    return {};
}

// What only some steps say.
Result<void> read_particulars(const Step& step,
                              const registry::Registry& registry,
                              const Invocation& invocation,
                              message::CaseFacts& facts) {
    switch (step.kind) {
        case Kind::intake_record:
            facts.opens = true;
            return {};
        case Kind::verification_result: {
            const std::string name = invocation.text("outcome");
            const auto* found = std::ranges::find(kOutcomes, name, &OutcomeName::name);
            if (found == kOutcomes.end()) return usage("see --help", "--outcome");
            facts.outcome = found->outcome;
            return {};
        }
        case Kind::shelter_intake:
            if (invocation.flag("decline") && invocation.flag("yes")) {
                return usage("either --yes or --decline", "--decline");
            }
            facts.answer =
                invocation.flag("decline") ? message::Answer::declined : message::Answer::accepted;
            facts.capacity_yes = invocation.flag("yes");
            if (facts.answer == message::Answer::accepted && facts.persons == 0) {
                return usage("how many persons are taken in", "--persons");
            }
            return {};
        case Kind::consent: {
            if (invocation.flag("given") == invocation.flag("withdrawn")) {
                return usage("either --given or --withdrawn", "--given");
            }
            facts.consent = invocation.flag("given") ? message::ConsentState::given
                                                     : message::ConsentState::withdrawn;
            auto agencies = agencies_of(registry, invocation, "for");
            if (!agencies) return std::unexpected(agencies.error());
            if (agencies->empty()) return usage("whom the consent is for", "--for");
            facts.consent_for = std::move(*agencies);
            return {};
        }
        default:
            return {};
    }
}

Result<message::CaseFacts> read_facts(const Step& step,
                                      const registry::Registry& registry,
                                      const Invocation& invocation) {
    message::CaseFacts facts;
    auto parties = agencies_of(registry, invocation, "to");
    if (!parties) return std::unexpected(parties.error());
    facts.parties = std::move(*parties);
    if (const std::string slug = invocation.text("holder"); !slug.empty()) {
        auto holder = to_agency(registry, slug, "holder");
        if (!holder) return std::unexpected(holder.error());
        facts.holder = *holder;
    }
    if (const std::string date = invocation.text("due"); !date.empty()) {
        auto due = end_of_day(date, "due");
        if (!due) return std::unexpected(due.error());
        facts.due = *due;
    }
    auto counted = read_counts(invocation, facts);
    if (!counted) return std::unexpected(counted.error());
    auto read = read_particulars(step, registry, invocation, facts);
    if (!read) return std::unexpected(read.error());
    return facts;
}

// A field that the file leaves open says what the option says; one that says something else is
// refused, as the node would refuse it.
Result<void> fill(Json& sections, const char* section, const char* field, const Json& value) {
    if (!sections.contains(section) || !sections[section].is_object()) return {};
    Json& stated = sections[section][field];
    if (stated.is_null()) stated = value;
    if (stated == value) return {};
    return fail(Code::malformed_section,
                "contradicts the option",
                fmt::format("sections.{}.{}", section, field));
}

struct Filling {
    const char* section;
    const char* field;
    Json value;
};

std::vector<Filling> fillings_of(const message::CaseFacts& facts) {
    std::vector<Filling> all;
    for (const OutcomeName& known : kOutcomes) {
        if (known.outcome != facts.outcome) continue;
        all.push_back({"result", "outcome", known.in_schema});
        all.push_back({"outcome", "outcome", known.in_schema});
    }
    if (facts.answer != message::Answer::none) {
        const bool accepted = facts.answer == message::Answer::accepted;
        all.push_back({"intake", "answer", accepted ? "accepted" : "declined"});
        if (facts.capacity_yes) all.push_back({"intake", "above_capacity", true});
    }
    if (facts.consent != message::ConsentState::none) {
        const bool given = facts.consent == message::ConsentState::given;
        Json agencies = Json::array();
        for (const AgencyId& agency : facts.consent_for) agencies.push_back(agency.text());
        all.push_back({"consent", "state", given ? "given" : "withdrawn"});
        all.push_back({"consent", "agencies", agencies});
    }
    return all;
}

// A key of the file, if it looks like one: what else stands there may be anything.
std::string shown(std::string_view key) {
    const bool plain =
        key.size() <= 40 && std::ranges::all_of(key, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    return plain && !key.empty() ? std::string(key) : std::string("?");
}

Result<void> read_sections(const Step& step, const Invocation& invocation, node::Draft& draft) {
    auto text = invocation.input("data");
    if (!text) return std::unexpected(text.error());
    if (text->size() > codec::kJsonBytesMax) return fail(Code::oversized, {}, "--data");
    auto json = maybe_json(*text, codec::kJsonDepthMax + 2);
    const std::string file = invocation.text("data");
    if (!json || !json->is_object()) return fail(Code::malformed_input, "not a JSON object", file);
    for (const auto& [name, value] : json->items()) {
        if (name == "sections") continue;
        return fail(Code::malformed_input, "only sections", file + ": " + shown(name));
    }
    if (!json->contains("sections") || !(*json)["sections"].is_object()) {
        return fail(Code::malformed_input, "must have sections", file + ": sections");
    }
    Json& sections = (*json)["sections"];
    for (const Filling& one : fillings_of(*draft.facts)) {
        auto filled = fill(sections, one.section, one.field, one.value);
        if (!filled) return filled;
    }
    const message::KindInfo& kind = message::info(step.kind);
    for (const auto& [name, value] : sections.items()) {
        const auto index = message::maybe_section(kind, name);
        if (!index || kind.sections[*index].form == message::Form::facts) {
            return fail(
                Code::malformed_input, "the kind has no such section", "sections." + shown(name));
        }
        auto bytes = codec::section_from_json(kind.sections[*index], to_line(value));
        if (!bytes) {
            Error error = bytes.error();
            // Some of what a text may hold is judged before its fields are known.
            error.where = "sections." + (error.where.empty() ? name : error.where);
            return std::unexpected(std::move(error));
        }
        draft.sections.emplace_back(name, std::move(*bytes));
    }
    for (const message::SectionType& type : kind.sections) {
        if (type.required && type.form != message::Form::facts && !sections.contains(type.name)) {
            return fail(Code::malformed_input,
                        "the section must be there",
                        "sections." + std::string(type.name));
        }
    }
    return {};
}

// The newest message of that kind in the case, among what this agency has; nothing if there is
// none.
Result<std::optional<message::Reference>> maybe_answered(Session& session,
                                                         const CaseId& case_id,
                                                         Kind kind) {
    constexpr std::size_t kPage = 1000;
    std::optional<message::Reference> newest;
    Position from = 0;
    for (;;) {
        auto page = session.api.consume(from, kPage);
        if (!page) return std::unexpected(page.error());
        for (const node::InboxEntry& entry : *page) {
            if (entry.header.case_id == case_id && entry.header.kind == kind) {
                newest = message::Reference{
                    entry.header.id, entry.header_digest, message::Relation::answers};
            }
        }
        if (page->size() < kPage) return newest;
        from = page->back().position + 1;
    }
}

// An agency's correction takes the place of its own message; of another's it says what is wrong
// there. What this node does not have the broker judges.
message::Relation relation_of(Session& session, const Step& step, const MessageId& id) {
    if (step.kind != Kind::correction) return message::Relation::answers;
    const auto corrected = session.api.message(id);
    const auto status = session.api.status(node::Api::Timeout(0));
    const bool own = corrected && status && corrected->header.sender == status->agency;
    return own ? message::Relation::supersedes : message::Relation::answers;
}

Result<void> read_reference(Session& session,
                            const Step& step,
                            const Invocation& invocation,
                            node::Draft& draft) {
    if (const std::string text = invocation.text("answers"); !text.empty()) {
        auto id = MessageId::parse(text);
        if (!id) return usage("must be a message id", "--answers");
        if (step.kind == Kind::correction) catch_up(session, invocation);
        draft.refers_to = message::Reference{*id, Hash{}, relation_of(session, step, *id)};
        return {};
    }
    if (step.answers == Kind::none) return {};
    catch_up(session, invocation);
    auto answered = maybe_answered(session, draft.case_id, step.answers);
    if (!answered) return std::unexpected(answered.error());
    draft.refers_to = *answered;
    return {};
}

Answer answer_of(const node::Outcome& outcome, const Invocation& invocation) {
    Answer answer;
    answer.body = Json{{"case", outcome.case_id.text()}, {"id", outcome.id.text()}};
    switch (outcome.state) {
        case node::Outcome::State::accepted:
            answer.body["position"] = outcome.position;
            return answer;
        case node::Outcome::State::refused:
            return failed(outcome.refusal.value_or(Error{Code::forbidden, {}, {}, {}}),
                          invocation.lang);
        case node::Outcome::State::waiting:
            break;
    }
    const Words kept{"còn nằm trong hộp gửi và sẽ tự gửi đi",
                     "kept in the outbox; it goes out by itself"};
    answer.body["position"] = nullptr;
    answer.body["waiting"] = 1;
    const Error error{outcome.waits_for.value_or(Code::timeout),
                      std::string(kept.in(invocation.lang)),
                      "outbox",
                      {}};
    answer.body["error"] = error_to_json(error, invocation.lang);
    answer.exit = exit_code(error.errc());
    return answer;
}

}  // namespace

Result<Answer> send_case_message(Session& session, const Invocation& invocation) {
    const auto* step = std::ranges::find(kSteps, invocation.command, &Step::command);
    if (step == kSteps.end()) return usage("not a step of a case", invocation.command);
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    node::Draft draft;
    draft.kind = step->kind;
    if (step->kind != Kind::intake_record) {
        auto case_id = CaseId::parse(invocation.text("case"));
        if (!case_id) return usage("must be a case id", "CASE");
        draft.case_id = *case_id;
    }
    auto facts = read_facts(*step, *documents->registry, invocation);
    if (!facts) return std::unexpected(facts.error());
    draft.facts = std::move(*facts);
    auto read = read_sections(*step, invocation, draft);
    if (!read) return std::unexpected(read.error());
    auto referred = read_reference(session, *step, invocation, draft);
    if (!referred) return std::unexpected(referred.error());
    if (const std::string key = invocation.text("key"); !key.empty()) {
        draft.key = fmt::format("{}:{}", message::info(step->kind).name, key);
    }
    std::vector<node::Draft> drafts;
    drafts.push_back(std::move(draft));
    auto outcomes = session.api.submit(std::move(drafts), invocation.wait);
    if (!outcomes) return std::unexpected(of_one_draft(outcomes.error()));
    return answer_of(outcomes->front(), invocation);
}

std::string render_case_message(const Json& body, Lang lang) {
    return fmt::format("{}: {}\n{}: {}\n{}: {}\n",
                       Words{"Hồ sơ", "Case"}.in(lang),
                       cell(body, "case"),
                       Words{"Thông điệp", "Message"}.in(lang),
                       cell(body, "id"),
                       Words{"Vị trí", "Position"}.in(lang),
                       cell(body, "position"));
}

}  // namespace lienthong::cli
