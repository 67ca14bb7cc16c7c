// SPDX-License-Identifier: Apache-2.0
// Group::query: questions about cases. Before anything of a case is read, one look-up of (agency,
// case) in the index of parties decides; it misses alike for a case that is absent, erased or of no
// concern to the agency, and the refusal names neither case nor grant.
#include <algorithm>

#include "bus/core/machine.hpp"

namespace lienthong::core {
namespace {

constexpr std::uint32_t kPageMax = kShownMax;

// The kind under which policy grants queries about cases.
constexpr message::Kind kQueryKind = message::Kind::verification_request;

Error forbidden(std::string grant_missing = {}) {
    return Error{Code::forbidden, {}, {}, std::move(grant_missing)};
}

Error no_room() { return {Code::disk_full, "no room for the record of this", {}, {}}; }

message::CaseRow case_row(const CaseId& case_id, const CaseRecord& record) {
    message::CaseRow row;
    row.case_id = case_id;
    row.state = std::string(name(record.state));
    row.holder = record.holder;
    row.since = record.since;
    row.position = record.position;
    row.due = record.due;
    row.epoch = record.epoch;
    row.leaf = record.leaf;
    return row;
}

}  // namespace

// Denials of one rule are counted; the count of a minute is written once the minute is over.
Result<void> Group::record_denial(const AgencyId& agency, std::string_view rule) {
    auto row = state_.denial_row(agency, rule);
    if (!row) return std::unexpected(row.error());
    auto [minute, count] = *row;
    const std::int64_t now = time_ / 60'000;
    if (count > 0 && minute != now) {
        auto position =
            append_note(proof::EntryKind::denied,
                        encode_denied(Denied{agency, std::string(rule), minute, count}));
        if (!position) return std::unexpected(position.error());
        count = 0;
    }
    return state_.put_denial_row(agency, rule, now, count + 1);
}

// True, and counted, if the same query is on the record and not older than the time of repeats.
Result<bool> Group::count_repeat(const Queried& queried) {
    const Hash key = query_key(queried);
    auto row = state_.query_row(key);
    if (!row) return std::unexpected(row.error());
    const auto [last, repeats] = *row;
    if (last == INT64_MIN || time_ - last >= machine_.options_.query_repeat_ms) return false;
    auto stored = state_.put_query_row(key, last, repeats + 1);
    if (!stored) return std::unexpected(stored.error());
    return true;
}

// The first of (officer, purpose, case) in 15 minutes is on the record before it is answered;
// repeats are counted and written with the next one. A list is also a query for each case that it
// shows.
Result<void> Group::record_query(const Session& session,
                                 const message::Query& query,
                                 const std::vector<message::CaseRow>& shown) {
    Queried queried{session.agency, query.officer, query.purpose, query.case_id, 0};
    auto repeated = count_repeat(queried);
    if (!repeated) return std::unexpected(repeated.error());
    Queried one = queried;
    for (const message::CaseRow& row : shown) {
        one.case_id = row.case_id;
        auto seen = count_repeat(one);
        if (!seen) return std::unexpected(seen.error());
        if (*seen) continue;
        auto counted = state_.query_row(query_key(one));
        if (!counted) return std::unexpected(counted.error());
        queried.shown.push_back({row.case_id, counted->second});
    }
    if (*repeated && queried.shown.empty()) return {};
    auto row = state_.query_row(query_key(queried));
    if (!row) return std::unexpected(row.error());
    queried.repeats = row->second;
    auto position = append_note(proof::EntryKind::queried, encode_queried(queried));
    if (!position) return std::unexpected(position.error());
    return {};
}

Result<void> Group::answer_list(const Session& session,
                                const message::Query& query,
                                message::QueryAnswer& answer) {
    const std::size_t count_max = std::clamp<std::uint32_t>(query.count_max, 1, kPageMax);
    // A page starts after the case that `case_id` names; none names the beginning.
    auto cases = state_.cases_of(session.agency, query.case_id, count_max + 1);
    if (!cases) return std::unexpected(cases.error());
    answer.more = cases->size() > count_max;
    if (answer.more) cases->pop_back();
    for (const CaseId& case_id : *cases) {
        auto record = state_.maybe_case(case_id);
        if (!record) return std::unexpected(record.error());
        if (*record) answer.cases.push_back(case_row(case_id, **record));
    }
    return {};
}

Result<void> Group::answer_case(const message::Query& query,
                                const CaseRecord& record,
                                message::QueryAnswer& answer) {
    if (query.kind == message::QueryKind::case_parties) {
        // Asked without officer and purpose and, without evidence, not recorded: so it tells what a
        // node needs to address a message of the case, and nothing of how the case stands.
        message::CaseRow row;
        row.case_id = query.case_id;
        row.position = record.position;
        row.epoch = record.epoch;
        row.leaf = record.leaf;
        answer.cases.push_back(std::move(row));
        answer.parties = record.parties;
        answer.consented = record.consented;
        return {};
    }
    answer.cases.push_back(case_row(query.case_id, record));
    if (query.kind != message::QueryKind::case_timeline) return {};
    const std::size_t count_max = std::clamp<std::uint32_t>(query.count_max, 1, kPageMax);
    auto steps = state_.case_steps(query.case_id, query.from, count_max + 1);
    if (!steps) return std::unexpected(steps.error());
    answer.more = steps->size() > count_max;
    if (answer.more) steps->pop_back();
    for (const auto& [position, step] : *steps) {
        answer.steps.push_back(message::CaseStep{position,
                                                 step.time,
                                                 step.kind,
                                                 step.agency,
                                                 std::string(name(step.state)),
                                                 step.message});
    }
    return {};
}

Judged<message::QueryAnswer> Group::query(const Session& session, const message::Query& query) {
    const auto deny = [&](Error error) -> Judged<message::QueryAnswer> {
        if (!may_record()) return refused<message::QueryAnswer>(no_room());
        auto denied = record_denial(session.agency, "query");
        if (!denied) return std::unexpected(denied.error());
        return refused<message::QueryAnswer>(std::move(error));
    };
    const Documents& documents = machine_.documents_;
    const bool list = query.kind == message::QueryKind::case_list;
    // A node that prepares a message asks for the parties on its own behalf, not an officer's.
    const bool of_node = query.kind == message::QueryKind::case_parties;
    const bool proves = of_node && query.head_size != 0;  // then facts of the case leave
    if ((!of_node || proves) && !may_record()) return refused<message::QueryAnswer>(no_room());
    if (!of_node) {
        if (!documents.registry->may_query(session.agency, query.officer)) {
            return deny(forbidden("officer with the function query"));
        }
        // As if a party: so a refusal here cannot depend on any case.
        policy::Context context;
        context.at = time_;
        context.parties = {session.agency};
        const auto decision = documents.policy->may_query(
            *documents.registry, session.agency, kQueryKind, query.purpose, context);
        if (!decision.allowed) return deny(forbidden(decision.missing));
    }
    message::QueryAnswer answer;
    if (!list) {
        auto party = state_.is_party(session.agency, query.case_id);
        if (!party) return std::unexpected(party.error());
        if (!*party) return deny(forbidden());
    }
    if (list) {
        auto answered = answer_list(session, query, answer);
        if (!answered) return std::unexpected(answered.error());
        // On the record with the cases that it shows, in the transaction before the answer leaves.
        auto recorded = record_query(session, query, answer.cases);
        if (!recorded) return std::unexpected(recorded.error());
        return answer;
    }
    if (!of_node) {
        auto recorded = record_query(session, query, {});
        if (!recorded) return std::unexpected(recorded.error());
    }
    auto record = state_.maybe_case(query.case_id);
    if (!record) return std::unexpected(record.error());
    if (!*record) return deny(forbidden());  // erased
    auto answered = answer_case(query, **record, answer);
    if (!answered) return std::unexpected(answered.error());
    if (proves) {
        auto proven = answer_evidence(session, query, **record, answer);
        if (!proven) return std::unexpected(proven.error());
    }
    return answer;
}

}  // namespace lienthong::core
