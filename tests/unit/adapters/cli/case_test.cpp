// SPDX-License-Identifier: Apache-2.0
// The steps of a case and the questions about it. Persons are invented.
#include <gtest/gtest.h>

#include "adapters/cli/details.hpp"
#include "adapters/codec/codec.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

using message::Kind;

constexpr const char* kCase = "abababababababababababababababab";

Json document() {
    return Json{{"number", "12"},
                {"symbol", "BC-XM"},
                {"date", "2021-11-05"},
                {"signer", "Người Ký Thử"},
                {"signer_title", "Trưởng phòng"},
                {"urgency", "normal"}};
}

Contents data(Json sections) {
    sections["document"] = document();
    return {{"data", bytes_of(to_line(Json{{"sections", std::move(sections)}}))}};
}

Json identity() { return Json{{"persons", {Json{{"name", {{"full", "Nguyễn Thị Thử"}}}}}}}; }

std::vector<std::string> words(std::string_view verb, const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"case", std::string(verb)};
    if (verb != "open") all.emplace_back(kCase);
    all.insert(all.end(), {"--data", "F.json"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

Json section_of(const node::Draft& draft, std::string_view name) {
    const message::KindInfo& kind = message::info(draft.kind);
    for (const auto& [known, bytes] : draft.sections) {
        if (known != name) continue;
        return *maybe_json(
            *codec::section_to_json(kind.sections[*message::maybe_section(kind, name)], bytes));
    }
    return nullptr;
}

TEST(Case, OpeningGivesTheIdThatTheNodeMade) {
    FakeSession session("border-guard");
    const Answer answer =
        session.run(words("open",
                          {"--to",
                           "peoples-committee",
                           "--to",
                           "police",
                           "--holder",
                           "peoples-committee",
                           "--due",
                           "2021-11-08",
                           "--adults",
                           "1",
                           "--minors",
                           "1"}),
                    data(Json{{"identity", identity()}, {"circumstances", Json::object()}}));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["case"], kCase);
    EXPECT_EQ(answer.body["position"], 0);
    const node::Draft& draft = session.api.drafts.front();
    EXPECT_EQ(draft.kind, Kind::intake_record);
    ASSERT_TRUE(draft.facts.has_value());
    EXPECT_TRUE(draft.facts->opens);
    EXPECT_EQ(draft.facts->parties.size(), 2U);
    EXPECT_EQ(draft.facts->holder, session.api.id_of("peoples-committee"));
    EXPECT_EQ(draft.facts->persons, 2);
    // The last second of 8 November 2021 in Viet Nam.
    EXPECT_EQ(format_utc(draft.facts->due), "2021-11-08T16:59:59Z");
}

struct StepRow {
    const char* verb;
    Kind kind;
    Json sections;
    std::vector<std::string> more;
};

// Each step after the first, with the least that its sections may say.
std::vector<StepRow> every_step() {
    const auto sections = [](const char* text) { return Json::parse(text); };
    return {
        {"handover",
         Kind::handover_record,
         sections(R"({"handover": {"handed_over_on": "2021-11-05"}})"),
         {}},
        {"notify", Kind::commune_notice, Json{{"identity", identity()}}, {}},
        {"check",
         Kind::initial_check,
         sections(R"({"findings": {"checked_on": "2021-11-06",
                                   "conclusion": "verification_needed"}})"),
         {}},
        {"request",
         Kind::verification_request,
         Json{{"identity", identity()}, {"request", Json::object()}},
         {}},
        {"acknowledge",
         Kind::verification_acknowledgement,
         sections(R"({"acknowledgement": {"received_on": "2021-11-07"}})"),
         {}},
        {"ask",
         Kind::information_request,
         sections(R"({"question": {"questions": [{"text": "?"}]}})"),
         {}},
        {"reply",
         Kind::information_reply,
         sections(R"({"answer": {"answers": [{"text": "."}]}})"),
         {}},
        {"extend",
         Kind::verification_extension,
         sections(R"({"extension": {"reason": "?", "answer_by": "2022-01-05"}})"),
         {}},
        {"result",
         Kind::verification_result,
         sections(R"({"result": {"decided_on": "2021-12-01", "ground": "decree_62_2012_art_5"},
                      "outcome": {}})"),
         {"--outcome", "confirmed"}},
        {"certify",
         Kind::victim_certificate,
         sections(R"({"certificate": {"number": "1", "issued_on": "2021-12-02",
                                      "ground": "decree_62_2012_art_5"},
                      "outcome": {"outcome": "confirmed"}})"),
         {}},
        {"refer",
         Kind::support_referral,
         Json{{"identity", identity()}, {"support-plan", {{"items", {Json{{"kind", "shelter"}}}}}}},
         {}},
        {"accept",
         Kind::shelter_intake,
         sections(R"({"intake": {"date": "2021-12-03"}})"),
         {"--persons", "2", "--yes"}},
        {"consent",
         Kind::consent,
         sections(R"({"consent": {"given_on": "2021-12-03"}})"),
         {"--given", "--for", "womens-union"}},
        {"correct",
         Kind::correction,
         sections(R"({"correction": {"reason": "?", "corrected_on": "2021-12-04"}})"),
         {"--answers", "00000000000000ff-9"}},
    };
}

TEST(Case, EachStepIsAMessageOfItsKind) {
    for (const StepRow& row : every_step()) {
        FakeSession session("police");
        const Answer got = session.run(words(row.verb, row.more), data(row.sections));
        EXPECT_EQ(got.exit, 0) << row.verb << " " << to_line(got.body);
        EXPECT_EQ(session.api.drafts.size(), 1U) << row.verb;
        if (session.api.drafts.size() != 1) continue;
        EXPECT_EQ(session.api.drafts[0].kind, row.kind) << row.verb;
        EXPECT_EQ(session.api.drafts[0].case_id.text(), kCase) << row.verb;
        EXPECT_FALSE(session.api.drafts[0].facts->opens) << row.verb;
    }
}

TEST(Case, TheSectionsSayWhatTheOptionsSay) {
    FakeSession session("police");
    session.run(
        words("result", {"--outcome", "not-a-victim"}),
        data(Json{{"result", {{"decided_on", "2021-12-01"}}}, {"outcome", Json::object()}}));
    ASSERT_EQ(session.api.drafts.size(), 1U);
    EXPECT_EQ(session.api.drafts[0].facts->outcome, message::Outcome::not_a_victim);
    EXPECT_EQ(section_of(session.api.drafts[0], "result")["outcome"], "not_a_victim");
    EXPECT_EQ(section_of(session.api.drafts[0], "outcome")["outcome"], "not_a_victim");
    session.run(words("consent", {"--withdrawn", "--for", "womens-union"}),
                data(Json{{"consent", {{"given_on", "2021-12-03"}}}}));
    ASSERT_EQ(session.api.drafts.size(), 2U);
    const Json consent = section_of(session.api.drafts[1], "consent");
    EXPECT_EQ(consent["state"], "withdrawn");
    EXPECT_EQ(consent["agencies"][0], session.api.id_of("womens-union").text());
    EXPECT_EQ(session.api.drafts[1].facts->consent, message::ConsentState::withdrawn);
}

TEST(Case, ASectionThatContradictsItsOptionIsRefused) {
    FakeSession session("police");
    const auto refused =
        [&](std::string_view verb, const std::vector<std::string>& more, const char* sections) {
            const Answer answer = session.run(words(verb, more), data(Json::parse(sections)));
            EXPECT_EQ(answer.exit, 3) << to_line(answer.body);
            EXPECT_EQ(answer.body["error"].value("code", ""), "malformed_section");
            return answer.body["error"].value("where", "");
        };
    const std::vector<std::string> confirmed = {"--outcome", "confirmed"};
    EXPECT_EQ(refused("result",
                      confirmed,
                      R"({"result": {"decided_on": "2021-12-01", "outcome": "not_a_victim"},
                          "outcome": {}})"),
              "sections.result.outcome");
    EXPECT_EQ(refused("result",
                      confirmed,
                      R"({"result": {"decided_on": "2021-12-01", "ground": "decree_62_2012_art_5"},
                          "outcome": {"outcome": "not_a_victim"}})"),
              "sections.outcome.outcome");
    EXPECT_EQ(
        refused(
            "accept", {"--decline"}, R"({"intake": {"date": "2021-12-03", "answer": "accepted"}})"),
        "sections.intake.answer");
    const std::vector<std::string> given = {"--given", "--for", "womens-union"};
    EXPECT_EQ(
        refused(
            "consent", given, R"({"consent": {"given_on": "2021-12-03", "state": "withdrawn"}})"),
        "sections.consent.state");
    EXPECT_EQ(
        refused(
            "consent", given, R"({"consent": {"given_on": "2021-12-03", "agencies": ["police"]}})"),
        "sections.consent.agencies");
    EXPECT_TRUE(session.api.drafts.empty());
}

TEST(Case, AShelterSaysYesOrDeclines) {
    const Contents intake = data(Json{{"intake", {{"date", "2021-12-03"}}}});
    FakeSession session("social-protection-centre");
    session.run(words("accept", {"--persons", "20", "--yes"}), intake);
    ASSERT_EQ(session.api.drafts.size(), 1U);
    EXPECT_EQ(session.api.drafts[0].facts->answer, message::Answer::accepted);
    EXPECT_TRUE(session.api.drafts[0].facts->capacity_yes);
    EXPECT_EQ(session.api.drafts[0].facts->persons, 20);
    session.run(words("accept", {"--decline"}), intake);
    ASSERT_EQ(session.api.drafts.size(), 2U);
    EXPECT_EQ(session.api.drafts[1].facts->answer, message::Answer::declined);
    EXPECT_EQ(session.run(words("accept"), intake).exit, 2);
    EXPECT_EQ(session.run(words("accept", {"--persons", "1", "--yes", "--decline"}), intake).exit,
              2);
}

TEST(Case, AReplyAnswersTheNewestQuestionOfTheCase) {
    FakeSession session("police");
    const Contents ask = data(Json{{"question", {{"questions", {Json{{"text", "?"}}}}}}});
    session.run(words("ask"), ask);
    const Answer second = session.run(words("ask"), ask);
    const Contents reply = data(Json{{"answer", {{"answers", {Json{{"text", "."}}}}}}});
    session.run(words("reply"), reply);
    ASSERT_EQ(session.api.drafts.size(), 3U);
    const auto& found = session.api.drafts.back().refers_to;
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->message.text(), second.body["id"]);
    EXPECT_FALSE(found->header_digest.is_zero());
    session.run(words("reply", {"--answers", "00000000000000ff-9"}), reply);
    ASSERT_EQ(session.api.drafts.size(), 4U);
    EXPECT_EQ(session.api.drafts.back().refers_to->message.text(), "00000000000000ff-9");
}

TEST(Case, ACorrectionSupersedesOnesOwnMessageAndAnswersAnothers) {
    FakeSession session("police");
    const Contents correction =
        data(Json{{"correction", {{"reason", "nhầm ngày"}, {"corrected_on", "2021-12-04"}}}});
    EXPECT_EQ(session.run(words("correct"), correction).exit, 2) << "it must say of what";
    const Answer asked =
        session.run(words("ask"), data(Json{{"question", {{"questions", {Json{{"text", "?"}}}}}}}));
    const std::string id = asked.body["id"];
    EXPECT_EQ(session.run(words("correct", {"--answers", id}), correction).exit, 0);
    ASSERT_EQ(session.api.drafts.size(), 2U);
    const auto& own = session.api.drafts[1].refers_to;
    ASSERT_TRUE(own.has_value());
    EXPECT_EQ(own->message.text(), id);
    EXPECT_EQ(own->relation, message::Relation::supersedes);
    session.run(words("correct", {"--answers", "00000000000000ff-9"}), correction);
    ASSERT_EQ(session.api.drafts.size(), 3U);
    EXPECT_EQ(session.api.drafts[2].refers_to->relation, message::Relation::answers);
}

TEST(Case, WhatIsWrongIsNamed) {
    FakeSession session("police");
    const Contents good = data(Json{{"question", {{"questions", {Json{{"text", "?"}}}}}}});
    const auto exit = [&](const std::vector<std::string>& all, const Contents& inputs) {
        return session.run(all, inputs).exit;
    };
    EXPECT_EQ(exit({"case", "ask", "not-hex", "--data", "F"}, good), 2);
    EXPECT_EQ(exit(words("ask", {"--to", "nobody"}), good), 4);
    EXPECT_EQ(exit(words("ask", {"--holder", "nobody"}), good), 4);
    EXPECT_EQ(exit(words("ask", {"--due", "31/12/2021"}), good), 2);
    EXPECT_EQ(exit(words("ask", {"--answers", "x"}), good), 2);
    EXPECT_EQ(exit(words("ask", {"--persons", "65535"}), good), 0);
    EXPECT_EQ(exit(words("ask", {"--persons", "65536"}), good), 2);
    EXPECT_EQ(exit(words("ask"), {}), 2);
    EXPECT_EQ(exit(words("ask"), {{"data", bytes_of("[]")}}), 3);
    EXPECT_EQ(exit(words("ask"), {{"data", bytes_of("{\"sections\":{},\"x\":1}")}}), 3);
    EXPECT_EQ(exit(words("ask"), data(Json::object())), 3);  // no question
    EXPECT_EQ(exit(words("ask"), data(Json{{"facts", Json::object()}})), 3);
    EXPECT_EQ(exit(words("result", {"--outcome", "maybe"}), good), 2);
    EXPECT_EQ(exit(words("consent", {"--given"}), good), 2);
    EXPECT_EQ(exit(words("consent", {"--for", "police"}), good), 2);
}

TEST(Case, AFileOfAnotherShapeIsAnsweredWithTheKeyAtFault) {
    FakeSession session("police");
    const auto where = [&](const std::string& text) {
        const Answer answer = session.run(words("ask"), {{"data", bytes_of(text)}});
        EXPECT_EQ(answer.exit, 3) << text;
        EXPECT_FALSE(answer.body["error"]["do"].get<std::string>().empty());
        return answer.body["error"]["where"].get<std::string>();
    };
    const std::string file = "F.json";
    EXPECT_EQ(where("[]"), file);
    EXPECT_EQ(where(R"({"question":{"questions":[]}})"), file + ": question");
    EXPECT_EQ(where(R"({"Nguyễn Văn A":1})"), file + ": ?") << "what is no key is not repeated";
    EXPECT_EQ(where(R"({"sections":[]})"), file + ": sections");
    EXPECT_EQ(where(R"({"sections":{"answer":{}}})"), "sections.answer");
    EXPECT_EQ(where(R"({"sections":{"question":{"questions":[{"txt":"?"}]}}})"),
              "sections.question.questions[0].txt");
    EXPECT_EQ(where(R"({"sections":{"question":{"questions":7}}})"), "sections.question.questions");
    const Answer answer = session.run(words("ask"), {{"data", bytes_of(R"({"question":{}})")}});
    EXPECT_NE(answer.body["error"]["do"].get<std::string>().find("\"sections\""),
              std::string::npos);
}

TEST(Case, ARefusalOfTheBrokerIsTheAnswer) {
    FakeSession session("police");
    session.api.state = node::Outcome::State::refused;
    session.api.refusal = Error{Code::illegal_move, {}, {}, {}};
    const Answer answer =
        session.run(words("ask"), data(Json{{"question", {{"questions", {Json{{"text", "?"}}}}}}}));
    EXPECT_EQ(answer.exit, 5);
    EXPECT_EQ(answer.body["error"]["code"], "illegal_move");
    session.api.state = node::Outcome::State::waiting;
    const Answer waiting =
        session.run(words("ask"), data(Json{{"question", {{"questions", {Json{{"text", "?"}}}}}}}));
    EXPECT_EQ(waiting.exit, 6);
    EXPECT_EQ(waiting.body["waiting"], 1);
}

const std::vector<std::string> kAsker = {"--officer", "co-1", "--purpose", "verification"};

std::vector<std::string> asked(std::vector<std::string> all) {
    all.insert(all.end(), kAsker.begin(), kAsker.end());
    return all;
}

TEST(CaseQuery, SaysWhereACaseStands) {
    FakeSession session("police");
    message::CaseRow row;
    row.case_id = *CaseId::parse(kCase);
    row.state = "acknowledged";
    row.holder = session.api.id_of("police");
    row.since = 1'636'502'400'000;
    row.position = 17;
    session.api.query_answer.cases = {row};
    const Answer answer = session.run(asked({"case", "status", kCase}));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["case"], kCase);
    EXPECT_EQ(answer.body["state"], "acknowledged");
    EXPECT_EQ(answer.body["holder"], "police");
    EXPECT_EQ(answer.body["since"], "2021-11-10T00:00:00Z");
    EXPECT_EQ(answer.body["position"], 17);
    const std::string text = maybe_command("case status")->render(answer.body, Lang::vi);
    EXPECT_NE(text.find("10/11/2021 07:00"), std::string::npos) << text;
    const Answer list = session.run(asked({"case", "list"}));
    EXPECT_EQ(list.body["cases"].size(), 1U);
}

TEST(CaseQuery, ShowsTheSteps) {
    FakeSession session("police");
    session.api.query_answer.steps = {{5,
                                       1'636'502'400'000,
                                       Kind::intake_record,
                                       session.api.id_of("border-guard"),
                                       "received",
                                       {1, 2}}};
    const Answer answer = session.run(asked({"case", "timeline", kCase}));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["steps"][0]["kind"], "intake-record");
    EXPECT_EQ(answer.body["steps"][0]["agency"], "border-guard");
    EXPECT_EQ(answer.body["steps"][0]["state"], "received");
}

TEST(CaseQuery, ARefusalIsTheSameBytesWhicheverCaseWasAsked) {
    FakeSession session("information");
    session.api.query_error = Error{Code::forbidden, {}, {}, {}};
    const Answer one = session.run(asked({"case", "status", kCase}));
    const Answer other = session.run(asked({"case", "status", std::string(32, '0')}));
    EXPECT_EQ(one.exit, 4);
    EXPECT_EQ(to_line(one.body), to_line(other.body));
    EXPECT_EQ(to_line(one.body).find(kCase), std::string::npos);
}

TEST(CaseQuery, AnOfficerWhomTheRegistryDoesNotHaveIsNotToldToAskForAGrant) {
    FakeSession session("police");
    session.api.query_error = Error{Code::forbidden, {}, {}, std::string(kOfficerGrant)};
    for (const char* command : {"status", "timeline", "list"}) {
        std::vector<std::string> words = {"case", command};
        if (std::string_view(command) != "list") words.emplace_back(kCase);
        words.insert(words.end(), {"--officer", "nobody", "--purpose", "verification"});
        const Answer answer = session.run(words);
        EXPECT_EQ(answer.exit, 4) << command;
        const Json& error = answer.body["error"];
        EXPECT_EQ(error["where"], "--officer");
        EXPECT_TRUE(error["grant_missing"].is_null());
        EXPECT_NE(error["what"].get<std::string>().find("has no such officer"), std::string::npos)
            << to_line(error);
        EXPECT_NE(error["do"].get<std::string>().find("registry adopt"), std::string::npos);
    }
}

TEST(CaseQuery, AnOfficerWithoutTheFunctionLacksItInTheReadersLanguage) {
    FakeSession session("police");
    session.api.query_error = Error{Code::forbidden, {}, {}, std::string(kOfficerGrant)};
    const auto* police =
        session.api.documents_in_force.registry->maybe_agency(session.api.id_of("police"));
    ASSERT_FALSE(police->officers.empty());
    const std::string officer = police->officers.front().id.text();
    const Answer answer =
        session.run({"case", "list", "--officer", officer, "--purpose", "verification"});
    EXPECT_EQ(answer.body["error"]["grant_missing"], kOfficerGrant) << "for programs";
    const std::string text = error_to_text(answer.body["error"], Lang::vi);
    EXPECT_EQ(text.find("officer"), std::string::npos) << text;
    EXPECT_NE(text.find("cán bộ có chức năng tra cứu"), std::string::npos) << text;
}

TEST(CaseQuery, NeedsAnOfficerAndAPurpose) {
    FakeSession session("police");
    EXPECT_EQ(session.run({"case", "status", kCase}).exit, 2);
    EXPECT_EQ(session.run({"case", "list", "--officer", "Ông A", "--purpose", "x"}).exit, 2);
    EXPECT_EQ(session.run({"case", "list", "--officer", "co-1", "--purpose", "X Y"}).exit, 2);
}

}  // namespace
}  // namespace lienthong::cli
