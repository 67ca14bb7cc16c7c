// SPDX-License-Identifier: Apache-2.0
// `publish` and `report` with the province's figures.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

const std::vector<std::string> kOutreach = {"publish", "--kind", "outreach-report", "F.csv"};
constexpr std::string_view kHeader = "key,activity,low,high,qualifier,period\n";

Contents file(std::string_view text) { return {{"file", bytes_of(text)}}; }
Contents figures() { return file(read_source_file("examples/ninh-binh/data/ninh-binh-2021.csv")); }

Answer publish_all_of(FakeSession& session) {
    auto words = kOutreach;
    words.push_back("--skip-others");
    return session.run(words, figures());
}

TEST(Publish, TakesTheAgencysOwnFiguresOfTheProvince) {
    FakeSession session;
    const Answer answer = publish_all_of(session);
    EXPECT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["accepted"].size(), 10U);
    EXPECT_TRUE(answer.body["refused"].empty());
    EXPECT_TRUE(answer.body["accepted"][0]["id"].is_string());
    EXPECT_EQ(answer.body["accepted"][9]["position"], 9);
}

TEST(Publish, TheSameFileAgainGivesTheSameIdsAndPositions) {
    FakeSession session;
    const Answer first = publish_all_of(session);
    const Answer second = publish_all_of(session);
    EXPECT_EQ(first.body, second.body);
    EXPECT_EQ(session.api.drafts.size(), 10U);
}

TEST(Publish, EqualLinesOfOneFileAreDifferentMessages) {
    FakeSession session;
    const std::string row = ",leaflet,10,10,exact,2021-01-01/2021-12-31\n";
    const Answer answer = session.run(kOutreach, file(std::string(kHeader) + row + row));
    EXPECT_EQ(answer.body["accepted"].size(), 2U) << to_line(answer.body);
    EXPECT_NE(answer.body["accepted"][0]["id"], answer.body["accepted"][1]["id"]);
}

TEST(Publish, OtherContentUnderAKnownKeyIsAConflictUnlessItCorrects) {
    FakeSession session;
    const std::string header(kHeader);
    session.run(kOutreach, file(header + "k1,leaflet,10,10,exact,2021-01-01/2021-12-31\n"));
    const std::string changed = header +
                                "k2,leaflet,5,5,exact,2021-01-01/2021-12-31\n"
                                "k1,leaflet,11,11,exact,2021-01-01/2021-12-31\n";
    const Answer refused = session.run(kOutreach, file(changed));
    EXPECT_EQ(refused.exit, 5);
    EXPECT_EQ(refused.body["accepted"].size(), 1U);
    ASSERT_EQ(refused.body["refused"].size(), 1U);
    EXPECT_EQ(refused.body["refused"][0]["line"], 3);
    EXPECT_EQ(refused.body["refused"][0]["code"], "key_conflict");
    auto words = kOutreach;
    words.push_back("--correct");
    const Answer corrected = session.run(words, file(changed));
    EXPECT_EQ(corrected.exit, 0) << to_line(corrected.body);
    EXPECT_TRUE(session.api.drafts.back().corrects);
}

TEST(Publish, AKeyThatStandsTwiceInAFileWithOtherContentIsAConflictOfTheLaterLine) {
    const auto row = [](int number) {
        return "dup,leaflet," + std::to_string(number) + ",,exact,2021-01-01/2021-12-31\n";
    };
    const std::string text = std::string(kHeader) + row(1) + row(2) + row(1);
    for (const bool correct : {false, true}) {
        FakeSession session;
        auto words = kOutreach;
        if (correct) words.emplace_back("--correct");
        const Answer answer = session.run(words, file(text));
        EXPECT_EQ(answer.exit, 5);
        ASSERT_EQ(answer.body["refused"].size(), 1U) << to_line(answer.body);
        EXPECT_EQ(answer.body["refused"][0]["line"], 3);
        EXPECT_EQ(answer.body["refused"][0]["code"], "key_conflict");
        EXPECT_EQ(to_line(answer.body).find("draft"), std::string::npos);
        // Lines 2 and 4 are one message.
        ASSERT_EQ(answer.body["accepted"].size(), 2U);
        EXPECT_EQ(answer.body["accepted"][0], answer.body["accepted"][1]);
        EXPECT_EQ(session.api.drafts.size(), 1U);
    }
}

TEST(Publish, WhatEnteredTheOutboxAloneIsNotCalledRefused) {
    FakeSession session;
    session.api.drafts_max = 1;
    session.api.state = node::Outcome::State::waiting;
    const std::string row = ",leaflet,10,10,exact,2021-01-01/2021-12-31\n";
    const Answer answer = session.run(kOutreach, file(std::string(kHeader) + row + row));
    EXPECT_TRUE(answer.body["refused"].empty()) << to_line(answer.body);
    EXPECT_EQ(answer.body["waiting"], 2);
    EXPECT_EQ(session.api.submits, 2U);
    session.api.state = node::Outcome::State::accepted;
    const Answer done = session.run(kOutreach, file(std::string(kHeader) + row + row));
    EXPECT_EQ(done.body["accepted"].size(), 2U) << to_line(done.body);
    EXPECT_EQ(done.exit, 0);
}

TEST(Publish, AKeyCountsWithinItsKind) {
    FakeSession session;
    session.run(kOutreach,
                file(std::string(kHeader) + "k1,leaflet,1,1,exact,2021-01-01/2021-12-31\n"));
    EXPECT_EQ(session.api.drafts.back().key, "outreach-report:k1");
}

TEST(Publish, ABadLineIsNamedAndTheOthersGoOut) {
    FakeSession session;
    const std::string text = std::string(kHeader) +
                             ",leaflet,10,10,exact,2021-01-01/2021-12-31\n"
                             ",leaflet,ten,10,exact,2021-01-01/2021-12-31\n";
    const Answer answer = session.run(kOutreach, file(text));
    EXPECT_EQ(answer.exit, 3);
    EXPECT_EQ(answer.body["accepted"].size(), 1U);
    ASSERT_EQ(answer.body["refused"].size(), 1U);
    EXPECT_EQ(answer.body["refused"][0]["line"], 3);
    auto words = kOutreach;
    words.push_back("--all-or-nothing");
    FakeSession strict;
    const Answer nothing = strict.run(words, file(text));
    EXPECT_EQ(nothing.exit, 3);
    EXPECT_TRUE(nothing.body["accepted"].empty());
    EXPECT_TRUE(strict.api.drafts.empty());
}

TEST(Publish, WhatIsNotAcknowledgedInTimeWaitsInTheOutbox) {
    FakeSession session;
    session.api.state = node::Outcome::State::waiting;
    const Answer answer = publish_all_of(session);
    EXPECT_EQ(answer.exit, 6);
    EXPECT_EQ(answer.body["waiting"], 10);
    EXPECT_EQ(answer.body["error"]["code"], "timeout");
    EXPECT_TRUE(answer.body["accepted"].empty());
}

TEST(Publish, WhatWaitsForAReasonSaysIt) {
    FakeSession session;
    session.api.state = node::Outcome::State::waiting;
    session.api.waits_for = Code::disk_full;
    const Answer answer = publish_all_of(session);
    EXPECT_EQ(answer.exit, 6);
    EXPECT_EQ(answer.body["waiting"], 10);
    EXPECT_EQ(answer.body["error"]["code"], "disk_full");
}

TEST(Publish, TheBrokersRefusalNamesTheMissingGrant) {
    FakeSession session;
    session.api.state = node::Outcome::State::refused;
    session.api.refusal = Error{Code::forbidden, {}, {}, "publish outreach-report"};
    const Answer answer = session.run(
        kOutreach, file(std::string(kHeader) + ",leaflet,1,1,exact,2021-01-01/2021-12-31\n"));
    EXPECT_EQ(answer.exit, 4);
    EXPECT_EQ(answer.body["refused"][0]["code"], "forbidden");
    EXPECT_EQ(answer.body["refused"][0]["grant_missing"], "publish outreach-report");
}

TEST(Publish, NamesThePartnersAndTheFunderOfAJointActivity) {
    FakeSession session;
    publish_all_of(session);
    const auto& drafts = session.api.drafts;
    const auto joint = std::ranges::find_if(
        drafts, [](const node::Draft& draft) { return draft.named.size() == 2; });
    ASSERT_NE(joint, drafts.end());
    for (const char* slug : {"womens-union", "trade-union"}) {
        EXPECT_NE(std::ranges::find(joint->named, session.api.id_of(slug)), joint->named.end());
    }
    for (const node::Draft& draft : drafts) {
        EXPECT_EQ(std::ranges::find(draft.named, session.api.agency), draft.named.end());
    }
}

TEST(Publish, AShelterSaysItsPlacesToTheBroker) {
    FakeSession session("social-protection-centre");
    const Answer answer =
        session.run({"publish", "--kind", "shelter-capacity", "F.csv", "--skip-others"}, figures());
    EXPECT_EQ(answer.exit, 0) << to_line(answer.body);
    const auto& drafts = session.api.drafts;
    const auto capacity = std::ranges::find_if(
        drafts, [](const node::Draft& draft) { return draft.facts.has_value(); });
    ASSERT_NE(capacity, drafts.end());
    EXPECT_EQ(capacity->facts->capacity_normal, 18);
    EXPECT_EQ(capacity->facts->capacity_max, 24);
}

TEST(Publish, ALineMayAnswerAMessage) {
    FakeSession session("police");
    const std::string line =
        R"({"refers_to": "1122334455667788-1", "sections": {"outcome-code": )"
        R"({"reference": "tip-1", "outcome": "in_hand", "decided_on": "2021-12-01"}}})"
        "\n";
    const Answer answer =
        session.run({"publish", "--kind", "hotline-outcome", "F.jsonl"}, file(line));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    const auto& reference = session.api.drafts.back().refers_to;
    ASSERT_TRUE(reference.has_value());
    EXPECT_EQ(reference->message.text(), "1122334455667788-1");
    EXPECT_EQ(reference->relation, message::Relation::answers);
    const Answer bad = session.run({"publish", "--kind", "hotline-outcome", "F.jsonl"},
                                   file(R"({"refers_to": 5, "sections": {"outcome-code": )"
                                        R"({"reference": "tip-1", "outcome": "in_hand"}}})"));
    EXPECT_EQ(bad.exit, 3);
}

TEST(Publish, SlugsInJsonBecomeIds) {
    FakeSession session;
    const std::string line =
        R"({"sections": {"report": {"figures": [{"activity": "leaflet", "low": 1, "high": 1, )"
        R"("qualifier": "exact", "stock_or_flow": "flow", "period": {"from": "2021-01-01", )"
        R"("to": "2021-12-31"}, "partners": [{"agency": "police"}]}]}}})";
    const Answer answer =
        session.run({"publish", "--kind", "outreach-report", "F.jsonl"}, file(line));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(session.api.drafts.back().named, std::vector<AgencyId>{session.api.id_of("police")});
}

TEST(Publish, WhatCannotBePublishedAtAllIsAnError) {
    FakeSession session;
    const auto code = [&](const std::vector<std::string>& words, const Contents& inputs) {
        return session.run(words, inputs).body["error"].value("code", "");
    };
    EXPECT_EQ(code({"publish", "--kind", "no-kind", "F.csv"}, file("")), "unknown_kind");
    EXPECT_EQ(code(kOutreach, file("no,such,header\n")), "malformed_input");
    EXPECT_EQ(code({"publish", "--kind", "intake-record", "F.jsonl"}, file("{}")), "bad_argument");
    EXPECT_EQ(code({"publish", "--kind", "hotline-tip", "F.csv"}, file("a\n")), "bad_argument");
    auto words = kOutreach;
    words.insert(words.end(), {"--format", "xml"});
    EXPECT_EQ(code(words, file("")), "bad_argument");
}

TEST(Report, AddsUpWhatArrived) {
    FakeSession session;
    publish_all_of(session);
    const Answer answer = session.run({"report", "outreach", "--year", "2021"});
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["rows"].size(), 10U);
    const Json& totals = answer.body["totals"];
    const auto leaflets = std::ranges::find_if(
        totals, [](const Json& total) { return total["measure"] == "leaflets"; });
    ASSERT_NE(leaflets, totals.end());
    EXPECT_EQ((*leaflets)["value"], 11'500);
    EXPECT_EQ((*leaflets)["qualifier"], "exact");
    EXPECT_EQ((*leaflets)["not_stated"], 0);
    EXPECT_EQ((*leaflets)["overlap_max"], 0);
    const Json& row = answer.body["rows"][0];
    EXPECT_EQ(row["agency"], "labour");
    EXPECT_EQ(row["activity_id"], "training-conference");
    EXPECT_EQ(row["participants"]["value"], 310);
    EXPECT_EQ(row["participants"]["qualifier"], "at_least");
    EXPECT_EQ(row["participants"]["kind"], "delegate");
    EXPECT_EQ(row["stock_or_flow"], "flow");
    EXPECT_EQ(row["period"], "2021-01-01/2021-12-31");
    const std::string text = maybe_command("report outreach")->render(answer.body, Lang::vi);
    EXPECT_NE(text.find("11.500"), std::string::npos) << text;
}

TEST(Report, SaysByWhichRegimeItsPeriodCountsAndThatNobodyConfirmedIt) {
    FakeSession session;
    const auto* outreach = maybe_command("report outreach");
    for (const char* command : {"outreach", "completeness"}) {
        const Answer answer = session.run({"report", command, "--period", "admin-2021"});
        ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
        EXPECT_EQ(answer.body["period"], "2020-12-15/2021-12-14");
        EXPECT_EQ(answer.body["regime"]["id"], "admin");
        EXPECT_EQ(answer.body["regime"]["confirmed"], false);
        const std::string text =
            maybe_command(std::string("report ") + command)->render(answer.body, Lang::vi);
        EXPECT_NE(text.find("Nghị định 09/2019/NĐ-CP, chưa đối chiếu"), std::string::npos) << text;
    }
    const Answer calendar = session.run({"report", "outreach", "--year", "2021"});
    EXPECT_TRUE(calendar.body["regime"].is_null());
    EXPECT_EQ(outreach->render(calendar.body, Lang::vi).find("Nghị định"), std::string::npos);
    EXPECT_EQ(session.run({"report", "outreach", "--period", "admin-2018"}).exit, 2);
}

TEST(Report, TellsTheStatesOfACellApart) {
    FakeSession session;
    session.run(kOutreach,
                file("activity,low,qualifier,period,cell\n"
                     "leaflet,0,exact,2021,\n"
                     "victim-detected,,,2021,suppressed\n"
                     "news-item,20,about,2021,rounded\n"
                     "news-item,5,exact,2021,\n"
                     "trafficking-case,,,2021,not-reported\n"));
    const Answer answer = session.run({"report", "outreach", "--year", "2021"});
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    const Json& rows = answer.body["rows"];
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_EQ(rows[0]["cell"], "true_zero");
    EXPECT_EQ(rows[1]["cell"], "suppressed");
    EXPECT_TRUE(rows[1]["quantity"]["low"].is_null()) << "suppressed is not zero";
    EXPECT_EQ(rows[2]["cell"], "rounded");
    EXPECT_TRUE(rows[3]["cell"].is_null());
    EXPECT_EQ(rows[4]["cell"], "not_reported");
    const auto total = [&](std::string_view measure) {
        for (const Json& one : answer.body["totals"]) {
            if (one["measure"] == measure) return one;
        }
        return Json();
    };
    EXPECT_TRUE(total("victims-detected")["value"].is_null());
    EXPECT_EQ(total("victims-detected")["suppressed"], 1);
    EXPECT_EQ(total("victims-detected")["not_stated"], 0);
    EXPECT_EQ(total("news-items")["qualifier"], "about") << "rounded is not exact";
    EXPECT_EQ(total("news-items")["rounded"], 1);
    EXPECT_EQ(total("trafficking-cases")["not_reported"], 1);
    EXPECT_EQ(total("leaflets")["value"], 0);
    const auto* report = maybe_command("report outreach");
    for (const char* word : {"được giữ kín", "đã làm tròn", "chưa báo cáo"}) {
        EXPECT_NE(report->render(answer.body, Lang::vi).find(word), std::string::npos) << word;
    }
    for (const char* word : {"suppressed", "rounded", "not reported"}) {
        EXPECT_NE(report->render(answer.body, Lang::en).find(word), std::string::npos) << word;
    }
    const std::string text = report->render(answer.body, Lang::en);
    EXPECT_NE(text.find("labour, news-item: about 20, rounded\n"), std::string::npos) << text;
    EXPECT_NE(text.find("labour, victim-detected: suppressed\n"), std::string::npos) << text;
}

TEST(Report, FiltersByAgencyActivityAndYear) {
    FakeSession session;
    publish_all_of(session);
    const auto rows = [&](const std::vector<std::string>& more) {
        std::vector<std::string> words = {"report", "outreach"};
        words.insert(words.end(), more.begin(), more.end());
        return session.run(words).body["totals"].size();
    };
    EXPECT_GT(rows({}), 1U);
    EXPECT_EQ(rows({"--activity", "leaflet"}), 1U);
    EXPECT_EQ(rows({"--activity", "to roi"}), 1U);
    EXPECT_EQ(rows({"--activity", "Tờ rơi"}), 1U);
    EXPECT_EQ(rows({"--agency", "police"}), 0U);
    EXPECT_GT(rows({"--agency", "so lao dong – thuong binh va xa hoi tinh Ninh Binh"}), 1U);
    EXPECT_EQ(session.run({"report", "outreach", "--agency", "cong an"}).exit, 4) << "whole names";
    EXPECT_EQ(rows({"--year", "2020"}), 0U);
    EXPECT_EQ(session.run({"report", "outreach", "--agency", "nobody"}).exit, 4);
    EXPECT_EQ(session.run({"report", "outreach", "--period", "x"}).exit, 2);
    EXPECT_EQ(session.run({"report", "outreach", "--year", "2021", "--period", "2021"}).exit, 2);
}

TEST(Report, SaysWhoHasNotReported) {
    FakeSession session;
    publish_all_of(session);
    const Answer answer = session.run({"report", "completeness", "--period", "2021"});
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    const Json& missing = answer.body["missing"];
    EXPECT_EQ(std::ranges::find(missing, Json("labour")), missing.end());
    EXPECT_NE(std::ranges::find(missing, Json("police")), missing.end());
    EXPECT_EQ(session.run({"report", "completeness"}).exit, 2);
    const std::string text = maybe_command("report completeness")->render(answer.body, Lang::vi);
    // B, C, H, S, Ư (Ủy ban), in the order of the Vietnamese alphabet.
    const std::size_t first = text.find("Bộ Chỉ huy");
    const std::size_t second = text.find("Công an tỉnh");
    const std::size_t last = text.find("Ủy ban Mặt trận");
    ASSERT_NE(last, std::string::npos) << text;
    EXPECT_LT(first, second) << text;
    EXPECT_LT(text.find("Sở Lao động"), last) << text;
    EXPECT_LT(second, text.find("Sở Lao động")) << text;
}

TEST(Report, DoesNotCallMissingWhatTheAskerMayNotRead) {
    FakeSession session("police");
    const Answer answer = session.run({"report", "completeness", "--period", "2021"});
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["missing"], Json::array({"police"}));
    for (const Json& row : answer.body["rows"]) {
        const bool own = row["agency"] == "police";
        EXPECT_EQ(row["completeness"], own ? "missing" : "not_visible") << to_line(row);
    }
    const std::string text = maybe_command("report completeness")->render(answer.body, Lang::vi);
    EXPECT_NE(text.find("không được xem"), std::string::npos) << text;
}

TEST(Report, OfATerritoryHasWhatLiesInIt) {
    FakeSession session;
    const std::string header = "key,activity,low,qualifier,period,territory\n";
    session.run(kOutreach,
                file(header + "a,leaflet,1,exact,2021,xã Yên Thành\n" +
                     "b,leaflet,2,exact,2021,huyện Yên Mô\n" +
                     "c,leaflet,4,exact,2021,huyện Kim Sơn\n" + "d,leaflet,8,exact,2021,\n"));
    ASSERT_EQ(session.api.drafts.size(), 4U);
    const auto value = [&](const std::string& place) {
        const Answer answer = session.run({"report", "outreach", "--territory", place});
        EXPECT_EQ(answer.exit, 0) << to_line(answer.body);
        return answer.body["totals"].empty() ? Json() : answer.body["totals"][0]["value"];
    };
    EXPECT_EQ(value("xã Yên Thành"), 1);
    EXPECT_EQ(value("huyện Yên Mô"), 3);
    EXPECT_EQ(value("377"), 3);
    EXPECT_EQ(value("tỉnh Ninh Bình"), 7);
    EXPECT_EQ(value("37"), 7);
    EXPECT_EQ(value("Yên Mô"), 3);
    EXPECT_EQ(value("kim son"), 4);
    EXPECT_EQ(value("huyện Nho Quan"), Json()) << "known, and without figures";
    EXPECT_EQ(value("xa yen thanh"), 1);
    EXPECT_EQ(value("huye\xCC\xA3\xCC\x82n Ye\xCC\x82n Mo\xCC\x82"), 3) << "decomposed";
}

TEST(Report, OfWhatNobodyKnowsIsAnError) {
    FakeSession session;
    const std::string header = "key,activity,activity_vi,low,qualifier,period,territory\n";
    session.run(kOutreach,
                file(header + "a,leaflet,,1,exact,2021,thôn Đông\n" +
                     "b,puppet-theatre,múa rối,2,exact,2021,\n"));
    ASSERT_EQ(session.api.drafts.size(), 2U);
    const auto run = [&](const std::string& option, const std::string& text) {
        return session.run({"report", "outreach", option, text});
    };
    const auto error = [&](const std::string& option, const std::string& text) {
        const Answer answer = run(option, text);
        EXPECT_EQ(answer.exit, 4) << text;
        const Json& body = answer.body["error"];
        EXPECT_EQ(body["code"], "not_found");
        EXPECT_EQ(body["where"], option);
        EXPECT_NE(body["what"].get<std::string>().find(text), std::string::npos) << to_line(body);
        return body["do"].get<std::string>();
    };
    EXPECT_NE(error("--territory", "xã Không Có").find("registry show"), std::string::npos);
    EXPECT_NE(error("--territory", "huyện Yen Mô").find("registry show"), std::string::npos);
    EXPECT_NE(error("--activity", "juggling").find("leave out"), std::string::npos);
    EXPECT_EQ(run("--territory", "Ninh Bình").exit, 2) << "a province and a city";

    EXPECT_EQ(run("--territory", "thôn Đông").body["rows"].size(), 1U) << "only a report knows it";
    EXPECT_EQ(run("--activity", "puppet-theatre").body["rows"].size(), 1U);
    EXPECT_EQ(run("--activity", "mua roi").body["rows"].size(), 1U);
    const Answer none = run("--activity", "banner-slogan");
    EXPECT_EQ(none.exit, 0) << "known, and without figures";
    EXPECT_TRUE(none.body["rows"].empty()) << to_line(none.body);
}

TEST(Publish, ALineOfAnotherKindSaysHowToPassOverIt) {
    FakeSession session;
    const Contents inputs = file(
        "message,activity,low,qualifier,period\n"
        "crime-statistic,leaflet,1,exact,2021\n");
    const Answer answer = session.run(kOutreach, inputs);
    ASSERT_EQ(answer.body["refused"].size(), 1U) << to_line(answer.body);
    const Json& row = answer.body["refused"][0];
    EXPECT_NE(row["do"].get<std::string>().find("--skip-others"), std::string::npos)
        << to_line(row);
    for (const Lang lang : {Lang::vi, Lang::en}) {
        const std::string text = maybe_command("publish")->render(answer.body, lang);
        EXPECT_NE(text.find("→ "), std::string::npos) << text;
        EXPECT_NE(text.find("--skip-others"), std::string::npos) << text;
    }
}

TEST(Publish, AFileThatIsNoneAsAWholeIsNamed) {
    FakeSession session;
    const Answer answer = session.run(kOutreach, file(""));
    EXPECT_EQ(answer.exit, 3);
    EXPECT_EQ(answer.body["error"]["where"], kOutreach.back());
}

TEST(Publish, AnUnknownKindIsAnsweredWithTheNamesThatItMayMean) {
    FakeSession session;
    const auto what = [&](const std::string& kind) {
        const Answer answer = session.run({"publish", "--kind", kind, "F.csv"}, file("x"));
        EXPECT_EQ(answer.exit, 3);
        EXPECT_EQ(answer.body["error"]["code"], "unknown_kind");
        EXPECT_EQ(answer.body["error"]["do"], "give one of the kinds named");
        return answer.body["error"]["what"].get<std::string>();
    };
    EXPECT_TRUE(what("outreach-reprot").ends_with("like name: outreach-report"));
    EXPECT_TRUE(what("outreach").ends_with("like name: outreach-report"));
    const std::string all = what("zzzzzzzzzzzzzzzzzzzzzzzzzzzz");
    for (const message::KindInfo& kind : message::all_kinds()) {
        EXPECT_NE(all.find(kind.name), std::string::npos) << kind.name << all;
    }
    EXPECT_EQ(what(std::string(100'000, 'a')), all);
}

}  // namespace
}  // namespace lienthong::cli
