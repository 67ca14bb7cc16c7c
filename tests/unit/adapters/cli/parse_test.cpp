// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/parse.hpp"

#include <gtest/gtest.h>

namespace lienthong::cli {
namespace {

using Words = std::vector<std::string>;

TEST(Parse, TakesOptionsInAnyPlace) {
    for (const Words& words : {
             Words{"publish", "--home", "D", "--kind", "outreach-report", "F.csv", "--json"},
             Words{"--home", "D", "--json", "publish", "F.csv", "--kind=outreach-report"},
             Words{"publish", "--json", "--kind", "outreach-report", "--home=D", "F.csv"},
         }) {
        const auto parsed = parse(words, "");
        ASSERT_TRUE(parsed.has_value()) << parsed.error().detail;
        ASSERT_NE(parsed->command, nullptr);
        EXPECT_EQ(parsed->command->name, "publish");
        EXPECT_EQ(parsed->home, "D");
        EXPECT_TRUE(parsed->json);
        EXPECT_EQ(parsed->invocation.text("kind"), "outreach-report");
        EXPECT_EQ(parsed->invocation.text("file"), "F.csv");
    }
}

TEST(Parse, AHyphenAloneIsStandardInput) {
    const auto parsed = parse({"publish", "--home", "D", "--kind", "outreach-report", "-"}, "");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().detail;
    EXPECT_EQ(parsed->invocation.text("file"), "-");
}

TEST(Parse, AListOptionTakesOneWordEachTime) {
    const auto parsed = parse(
        {"case", "request", "--home", "D", "--to", "police", "--to", "labour", "c1", "--data", "x"},
        "");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().detail;
    EXPECT_EQ(parsed->invocation.command, "case request");
    EXPECT_EQ(parsed->invocation.texts("to"), (Words{"police", "labour"}));
    EXPECT_EQ(parsed->invocation.text("case"), "c1");
}

TEST(Parse, NumbersAreNumbers) {
    const auto parsed = parse({"consume", "--home", "D", "--from", "12", "--max", "5"}, "");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->invocation.number("from", 0), 12);
    EXPECT_EQ(parsed->invocation.number("max", 0), 5);
    EXPECT_EQ(parsed->invocation.number("absent", 7), 7);
}

TEST(Parse, WhatIsWrongIsABadArgument) {
    for (const Words& words : {
             Words{},
             Words{"no-such-command"},
             Words{"status"},  // no home
             Words{"status", "--home", "D", "--no-such-option"},
             Words{"status", "--home", "D", "surplus"},
             Words{"case"},
             Words{"case", "dance", "--home", "D"},
             Words{"publish", "--home", "D", "F.csv"},  // no kind
             Words{"publish", "--home", "D", "--kind", "outreach-report"},
             Words{"publish", "--home", "D", "--kind", "a", "--kind", "b", "F"},
             Words{"consume", "--home", "D", "--from", "-1"},
             Words{"consume", "--home", "D", "--from", "1x"},
             Words{"consume", "--home", "D", "--from", "99999999999999999999"},
             Words{"status", "--home", "D", "--lang", "fr"},
             Words{"status", "--home", "D", "--wait", "3601"},
             Words{"status", "--home", "a\xff"},
         }) {
        const auto parsed = parse(words, "");
        ASSERT_FALSE(parsed.has_value()) << (words.empty() ? "nothing" : words.back());
        EXPECT_EQ(parsed.error().code, Code::bad_argument);
    }
}

TEST(Parse, NamesTheCommandThatItDoesNotKnow) {
    const auto where = [](const Words& words) {
        const auto parsed = parse(words, "");
        EXPECT_FALSE(parsed.has_value());
        return parsed ? std::string() : parsed.error().where;
    };
    EXPECT_EQ(where({"bogus"}), "bogus");
    EXPECT_EQ(where({"--home", "D", "bogus", "--json"}), "bogus");
    EXPECT_EQ(where({"case", "dance", "--home", "D"}), "case dance");
    EXPECT_EQ(where({"status", "--home", "D", "surplus"}), "status");
}

TEST(Parse, TheLongestWaitIsAnHour) {
    const auto parsed = parse({"status", "--home", "D", "--wait", "3600"}, "");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->invocation.wait, std::chrono::seconds(3600));
    EXPECT_EQ(parse({"status", "--home", "D"}, "")->invocation.wait, std::chrono::seconds(10));
}

TEST(Parse, LanguageComesFromTheOptionElseTheLocaleElseVietnamese) {
    EXPECT_EQ(manners_of({}, "").lang, Lang::vi);
    EXPECT_EQ(manners_of({}, "vi_VN.UTF-8").lang, Lang::vi);
    EXPECT_EQ(manners_of({}, "en_US.UTF-8").lang, Lang::en);
    EXPECT_EQ(manners_of({}, "C").lang, Lang::vi);
    EXPECT_EQ(manners_of({"--lang", "vi"}, "en_US").lang, Lang::vi);
    EXPECT_EQ(manners_of({"--lang=en"}, "").lang, Lang::en);
}

TEST(Parse, HelpAndVersionAreTexts) {
    const auto version = parse({"--version"}, "");
    ASSERT_TRUE(version.has_value());
    EXPECT_EQ(version->command, nullptr);
    EXPECT_TRUE(version->text.starts_with("lienthong "));
    const auto help = parse({"publish", "--help", "--lang", "vi"}, "");
    ASSERT_TRUE(help.has_value());
    EXPECT_NE(help->text.find("loại thông điệp"), std::string::npos);
    const auto english = parse({"--help"}, "en");
    ASSERT_TRUE(english.has_value());
    EXPECT_NE(english->text.find("run the broker"), std::string::npos);
    EXPECT_EQ(english->text.find("completion"), std::string::npos);  // hidden
}

TEST(Parse, HelpOfACommandShowsTheOptionsOfEveryCommandToo) {
    for (const Words& words : {Words{"publish", "--help"}, Words{"case", "--help"}}) {
        const auto help = parse(words, "en");
        ASSERT_TRUE(help.has_value());
        for (const char* option : {"--home", "--json", "--lang", "--wait"}) {
            EXPECT_NE(help->text.find(option), std::string::npos) << option << help->text;
        }
    }
}

TEST(Parse, HelpIsInOneLanguage) {
    for (const Words& words :
         {Words{"--help"}, Words{"publish", "--help"}, Words{"case", "--help"}}) {
        const auto help = parse(words, "vi");
        ASSERT_TRUE(help.has_value());
        EXPECT_NE(help->text.find("Tùy chọn"), std::string::npos) << help->text;
        for (const char* english : {"Options", "Subcommands", "Commands", "Display", "REQUIRED"}) {
            EXPECT_EQ(help->text.find(english), std::string::npos) << english << help->text;
        }
    }
}

TEST(Parse, TextsAreBroughtToNfc) {
    const auto parsed =
        parse({"report", "outreach", "--home", "D", "--territory", "Ye\xCC\x82n"}, "");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->invocation.text("territory"), "Y\xC3\xAAn");
}

}  // namespace
}  // namespace lienthong::cli
