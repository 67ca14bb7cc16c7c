// SPDX-License-Identifier: Apache-2.0
// `lienthong case status|list|timeline`: questions to the broker, asked for an officer and a
// purpose, and recorded there. To who is no party, a case that exists and one that does not are the
// same answer.
#include <fmt/format.h>

#include <algorithm>

#include "adapters/cli/commands.hpp"
#include "adapters/cli/details.hpp"
#include "adapters/cli/names.hpp"

namespace lienthong::cli {
namespace {

constexpr std::uint32_t kPage = 100;
constexpr std::size_t kRowsMax = 10'000;

struct StateWords {
    std::string_view state;
    Words words;
};

// Before the result nobody is called a victim.
constexpr std::array kStates = std::to_array<StateWords>({
    {"received", {"đã tiếp nhận", "received"}},
    {"notified", {"đã thông báo", "notified"}},
    {"initial-check", {"đã xác minh ban đầu", "initial check done"}},
    {"verification-requested", {"đã đề nghị xác minh", "verification requested"}},
    {"acknowledged", {"đã nhận đề nghị xác minh", "request acknowledged"}},
    {"information-requested", {"đang chờ thông tin bổ sung", "information requested"}},
    {"in-verification", {"đang xác minh", "in verification"}},
    {"extended", {"đã gia hạn xác minh", "verification extended"}},
    {"confirmed", {"xác định là nạn nhân", "confirmed"}},
    {"not-a-victim", {"không phải nạn nhân", "not a victim"}},
    {"insufficient-grounds", {"chưa đủ căn cứ", "insufficient grounds"}},
    {"withdrawn", {"đã rút", "withdrawn"}},
    {"transferred", {"đã chuyển", "transferred"}},
    {"duplicate", {"trùng hồ sơ khác", "duplicate"}},
    {"certified", {"đã cấp giấy xác nhận", "certificate issued"}},
    {"support-referred", {"đã chuyển tuyến hỗ trợ", "support referred"}},
    {"in-support", {"đang được hỗ trợ", "in support"}},
});

std::string state_words(const Json& row, Lang lang) {
    std::string state = cell(row, "state");
    for (const StateWords& known : kStates) {
        if (known.state == state) return std::string(known.words.in(lang));
    }
    return state;
}

Result<message::Query> query_of(const Invocation& invocation, message::QueryKind kind) {
    message::Query query;
    query.kind = kind;
    query.count_max = kPage;
    auto officer = OfficerId::parse(invocation.text("officer"));
    if (!officer) return fail(Code::bad_argument, "an officer's id of the registry", "--officer");
    query.officer = *officer;
    auto purpose = Purpose::parse(invocation.text("purpose"));
    if (!purpose) return fail(Code::bad_argument, "a purpose of the policy", "--purpose");
    query.purpose = *purpose;
    if (kind == message::QueryKind::case_list) return query;
    auto case_id = CaseId::parse(invocation.text("case"));
    if (!case_id) return fail(Code::bad_argument, "must be a case id", "CASE");
    query.case_id = *case_id;
    return query;
}

Json case_to_json(const registry::Registry& registry, const message::CaseRow& row) {
    return Json{
        {"case", row.case_id.text()},
        {"state", row.state},
        {"holder", row.holder.empty() ? Json(nullptr) : Json(slug_of(registry, row.holder))},
        {"since", time_to_json(row.since)},
        {"position", row.position},
        {"due", time_to_json(row.due)}};
}

// A broker refuses an officer without the function and one whom nobody knows with the same words;
// the registry here tells them apart. It is asked first all the same: the refusal is recorded.
Result<message::QueryAnswer> ask(Session& session,
                                 const message::Query& query,
                                 const Invocation& invocation) {
    auto answered = session.api.query(query, invocation.wait);
    if (answered || answered.error().grant_missing != kOfficerGrant) return answered;
    const auto documents = session.api.documents();
    const auto status = session.api.status(node::Api::Timeout(0));
    if (!documents || !documents->registry || !status) return answered;
    const registry::Agency* own = documents->registry->maybe_agency(status->agency);
    if (own == nullptr) return answered;
    const bool known = std::ranges::any_of(
        own->officers, [&](const registry::Officer& one) { return one.id == query.officer; });
    if (known) return answered;
    return fail(Code::forbidden, "the registry has no such officer of this agency", "--officer");
}

}  // namespace

Result<Answer> case_status(Session& session, const Invocation& invocation) {
    auto query = query_of(invocation, message::QueryKind::case_status);
    if (!query) return std::unexpected(query.error());
    auto answered = ask(session, *query, invocation);
    if (!answered) return std::unexpected(answered.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    if (answered->cases.empty()) return fail(Code::forbidden);
    Answer answer;
    answer.body = case_to_json(*documents->registry, answered->cases.front());
    return answer;
}

Result<Answer> case_list(Session& session, const Invocation& invocation) {
    auto query = query_of(invocation, message::QueryKind::case_list);
    if (!query) return std::unexpected(query.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    Answer answer;
    answer.body["cases"] = Json::array();
    Json& cases = answer.body["cases"];
    for (;;) {
        auto page = ask(session, *query, invocation);
        if (!page) return std::unexpected(page.error());
        for (const message::CaseRow& row : page->cases) {
            cases.push_back(case_to_json(*documents->registry, row));
        }
        if (!page->more || page->cases.empty() || cases.size() >= kRowsMax) break;
        query->case_id = page->cases.back().case_id;  // a page starts after it
    }
    return answer;
}

Result<Answer> case_timeline(Session& session, const Invocation& invocation) {
    auto query = query_of(invocation, message::QueryKind::case_timeline);
    if (!query) return std::unexpected(query.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    Answer answer;
    answer.body["case"] = query->case_id.text();
    answer.body["steps"] = Json::array();
    Json& steps = answer.body["steps"];
    for (;;) {
        auto page = ask(session, *query, invocation);
        if (!page) return std::unexpected(page.error());
        for (const message::CaseStep& step : page->steps) {
            steps.push_back(Json{{"position", step.position},
                                 {"time", time_to_json(step.time)},
                                 {"kind", message::info(step.kind).name},
                                 {"agency", slug_of(*documents->registry, step.agency)},
                                 {"state", step.state},
                                 {"message", step.message.text()}});
        }
        if (!page->more || page->steps.empty() || steps.size() >= kRowsMax) break;
        query->from = page->steps.back().position + 1;
    }
    return answer;
}

std::string render_case(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Hồ sơ", "Case"}.in(lang)), cell(body, "case")});
    table.add({std::string(Words{"Trạng thái", "State"}.in(lang)), state_words(body, lang)});
    table.add({std::string(Words{"Đang giữ", "Holder"}.in(lang)), cell(body, "holder")});
    table.add({std::string(Words{"Từ", "Since"}.in(lang)), local_time(body["since"])});
    if (body.contains("due") && body["due"].is_string()) {
        table.add({std::string(Words{"Hạn", "Due"}.in(lang)), local_time(body["due"])});
    }
    return table.text();
}

std::string render_cases(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Hồ sơ", "Case"}.in(lang)),
                     std::string(Words{"Trạng thái", "State"}.in(lang)),
                     std::string(Words{"Đang giữ", "Holder"}.in(lang)),
                     std::string(Words{"Từ", "Since"}.in(lang)),
                     std::string(Words{"Hạn", "Due"}.in(lang))});
    for (const Json& row : body["cases"]) {
        table.add({cell(row, "case"),
                   state_words(row, lang),
                   cell(row, "holder"),
                   local_time(row["since"]),
                   local_time(row["due"])});
    }
    return table.text();
}

std::string render_timeline(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Thời điểm", "Time"}.in(lang)),
                     std::string(Words{"Cơ quan", "Agency"}.in(lang)),
                     std::string(Words{"Thông điệp", "Message"}.in(lang)),
                     std::string(Words{"Trạng thái", "State"}.in(lang)),
                     std::string(Words{"Vị trí", "Position"}.in(lang))});
    for (const Json& row : body["steps"]) {
        table.add({local_time(row["time"]),
                   cell(row, "agency"),
                   cell(row, "kind"),
                   state_words(row, lang),
                   cell(row, "position")});
    }
    return table.text();
}

}  // namespace lienthong::cli
