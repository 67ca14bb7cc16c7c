// SPDX-License-Identifier: Apache-2.0
// `consume`, `inbox`, `message`, `log`, `status`, `bundle`.
#include <gtest/gtest.h>

#include "adapters/cli/commands.hpp"
#include "bus/base/file.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

void publish_leaflets(FakeSession& session, int count) {
    std::string text = "activity,low,high,qualifier,period\n";
    for (int i = 0; i < count; ++i) {
        text += "leaflet," + std::to_string(i) + "," + std::to_string(i) +
                ",exact,2021-01-01/2021-12-31\n";
    }
    const Answer answer =
        session.run({"publish", "--kind", "outreach-report", "F.csv"}, {{"file", bytes_of(text)}});
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
}

TEST(Consume, GivesWhatArrivedWithItsSections) {
    FakeSession session;
    publish_leaflets(session, 3);
    const Answer answer = session.run({"consume", "--from", "1", "--max", "1"});
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    ASSERT_EQ(answer.body.size(), 1U);
    const Json& entry = answer.body[0];
    EXPECT_EQ(entry["position"], 1);
    EXPECT_EQ(entry["kind"], "outreach-report");
    EXPECT_EQ(entry["agency"]["slug"], "labour");
    EXPECT_EQ(entry["time"], "2021-12-20T11:33:20Z");
    EXPECT_TRUE(entry["case"].is_null());
    EXPECT_EQ(entry["sections"]["report"]["figures"][0]["low"], 1);
}

TEST(Consume, TakesFromOneToAThousand) {
    FakeSession session;
    EXPECT_EQ(session.run({"consume", "--max", "1"}).exit, 0);
    EXPECT_EQ(session.run({"consume", "--max", "1000"}).exit, 0);
    EXPECT_EQ(session.run({"consume", "--max", "0"}).exit, 2);
    EXPECT_EQ(session.run({"consume", "--max", "1001"}).exit, 2);
}

TEST(Inbox, ShowsTheNewestFirst) {
    FakeSession session;
    publish_leaflets(session, 30);
    const Answer answer = session.run({"inbox", "--max", "2"});
    ASSERT_EQ(answer.body["messages"].size(), 2U) << to_line(answer.body);
    EXPECT_EQ(answer.body["messages"][0]["position"], 29);
    EXPECT_EQ(answer.body["messages"][1]["position"], 28);
    EXPECT_EQ(answer.body["messages"][0]["sections"][0], "report");
    EXPECT_EQ(session.run({"inbox"}).body["messages"].size(), 20U);
}

TEST(Message, ShowsWhatWasVerified) {
    FakeSession session;
    publish_leaflets(session, 1);
    const Answer answer = session.run({"message", "show", "1122334455667788-1"});
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["header"]["id"], "1122334455667788-1");
    EXPECT_EQ(answer.body["header"]["kind"], "outreach-report");
    EXPECT_EQ(answer.body["sections"][0]["name"], "report");
    EXPECT_EQ(answer.body["sections"][0]["granted"], true);
    EXPECT_EQ(answer.body["sections"][0]["sealed"], false);
    for (const char* what : {"signature", "receipt", "consistency", "commitments"}) {
        EXPECT_EQ(answer.body["verified"][what], true) << what;
    }
}

TEST(Message, IsShownInTheReadersLanguage) {
    FakeSession session;
    publish_leaflets(session, 1);
    const Answer answer = session.run({"message", "show", "1122334455667788-1"});
    const std::string text = maybe_command("message show")->render(answer.body, Lang::vi);
    for (const char* word : {"chữ ký", "biên nhận", "nhất quán", "cam kết", "công khai"}) {
        EXPECT_NE(text.find(word), std::string::npos) << word << text;
    }
    EXPECT_EQ(text.find("signature"), std::string::npos) << text;
}

TEST(Message, OfWhichOneCheckFailsExitsWithOne) {
    FakeSession session;
    publish_leaflets(session, 1);
    for (bool node::Verification::* what : {&node::Verification::signature,
                                            &node::Verification::receipt,
                                            &node::Verification::consistency,
                                            &node::Verification::commitments}) {
        session.api.verification = {true, true, true, true};
        session.api.verification.*what = false;
        EXPECT_EQ(session.run({"message", "show", "1122334455667788-1"}).exit, 1);
    }
}

TEST(Message, ThatDidNotArriveIsNotFound) {
    FakeSession session;
    EXPECT_EQ(session.run({"message", "show", "1122334455667788-1"}).exit, 4);
    EXPECT_EQ(session.run({"message", "show", "x"}).exit, 2);
}

TEST(Message, ASectionGoesToAFileAsItWasSentOrIsShownOpened) {
    FakeSession session;
    publish_leaflets(session, 1);
    const std::vector<std::string> words = {"message", "section", "1122334455667788-1", "report"};
    auto to_file = words;
    to_file.insert(to_file.end(), {"--out", "F"});
    const Answer sent = session.run(to_file);
    ASSERT_EQ(sent.exit, 0) << to_line(sent.body);
    EXPECT_FALSE(sent.outputs.at("out").empty());
    auto plain = words;
    plain.push_back("--plain");
    EXPECT_EQ(session.run(plain).body["figures"][0]["activity"], "leaflet");
    EXPECT_EQ(session.run(words).exit, 2);
    plain[3] = "nothing";
    EXPECT_EQ(session.run(plain).exit, 2);
}

// Right after a restart the inbox may lag behind.
TEST(Message, IsLookedForOnceMoreWhenTheInboxIsUpToDate) {
    FakeSession session;
    publish_leaflets(session, 1);
    const std::string id = "1122334455667788-1";
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"message", "show", id},
          std::vector<std::string>{"message", "section", id, "report", "--out", "F"},
          std::vector<std::string>{"message", "section", id, "report", "--plain"}}) {
        session.api.is_behind = true;
        EXPECT_EQ(session.run(words).exit, 0) << words[1];
    }
}

TEST(Message, OfNobodyAndOfOthersAreTheSameBytesWhateverWasAskedFor) {
    FakeSession session;
    for (const char* id : {"1122334455667788-1", "0123456789abcdef-7"}) {
        EXPECT_EQ(to_line(session.run({"message", "show", id}).body),
                  to_line(session.run({"message", "show", "ffffffffffffffff-9"}).body));
    }
}

TEST(Log, ListsWhatTheNodeReceived) {
    FakeSession session;
    publish_leaflets(session, 2);
    const Answer answer = session.run({"log", "show"});
    ASSERT_EQ(answer.body["entries"].size(), 2U);
    EXPECT_EQ(answer.body["entries"][1]["position"], 1);
    EXPECT_EQ(answer.body["entries"][1]["kind"], "message");
    EXPECT_EQ(answer.body["entries"][1]["agency"], "labour");
    EXPECT_EQ(answer.body["entries"][1]["message_kind"], "outreach-report");
}

TEST(Status, SaysHowANodeStands) {
    FakeSession session;
    publish_leaflets(session, 2);
    const Answer answer = session.run({"status"});
    EXPECT_EQ(answer.body["role"], "node");
    EXPECT_EQ(answer.body["slug"], "labour");
    EXPECT_EQ(answer.body["log_size"], 2);
    EXPECT_EQ(answer.body["root"].get<std::string>().size(), 64U);
    EXPECT_EQ(answer.body["registry_version"], 1);
    EXPECT_EQ(answer.body["policy_version"], 1);
    EXPECT_EQ(answer.body["outbox"], 0);
    EXPECT_EQ(answer.body["inbox"], 2);
    EXPECT_EQ(answer.body["broker_reachable"], true);
}

TEST(Bundle, IsWrittenAndTakenIn) {
    FakeSession session;
    const Answer written = session.run({"bundle", "export", "--out", "F"});
    EXPECT_EQ(written.outputs.at("out"), bytes_of("bundle"));
    EXPECT_EQ(written.body["number"], 2);
    EXPECT_EQ(written.body["batches"], 3);
    EXPECT_EQ(written.body["messages"], 4);
    EXPECT_EQ(written.body["waiting"], 5);
    EXPECT_EQ(written.body["bytes"], 6);
    EXPECT_EQ(session.lines, std::vector<std::string>{"32/64"});
    const Answer taken = session.run({"bundle", "import", "F"}, {{"file", bytes_of("bundle")}});
    EXPECT_EQ(taken.body,
              Json({{"number", 2},
                    {"receipts", 3},
                    {"accepted", 4},
                    {"refused", 5},
                    {"again", 6},
                    {"entries", 7},
                    {"more", true}}));
    const Answer refused = session.run({"bundle", "import", "F"}, {{"file", bytes_of("x")}});
    EXPECT_EQ(refused.exit, 3);
    EXPECT_EQ(refused.body["error"]["where"].get<std::string>().substr(0, 1), "F");
    EXPECT_EQ(
        session.run({"bundle", "import", "F", "--out", "R"}, {{"file", bytes_of("bundle")}}).exit,
        2);
}

TEST(Bundle, IsShownInBothLanguages) {
    const Json written{
        {"number", 2}, {"batches", 3}, {"messages", 4}, {"waiting", 5}, {"bytes", 6}, {"out", "F"}};
    const Json taken{{"number", 2}, {"receipts", 3}, {"accepted", 4}, {"again", 6}, {"more", true}};
    EXPECT_NE(render_export(written, Lang::en).find("waiting for a later bundle: 5"),
              std::string::npos);
    EXPECT_NE(render_export(written, Lang::vi).find("còn chờ gói sau: 5"), std::string::npos);
    EXPECT_NE(render_import(taken, Lang::en).find("There is more"), std::string::npos);
    EXPECT_NE(render_import(taken, Lang::vi).find("Còn nữa"), std::string::npos);
}

TEST(Session, RefusesACommandThatIsNotOfANode) {
    FakeSession session;
    EXPECT_EQ(session.run({"broker"}).exit, 2);
}

}  // namespace
}  // namespace lienthong::cli
