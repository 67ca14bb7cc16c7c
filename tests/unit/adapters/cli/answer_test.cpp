// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "adapters/cli/detail_words.hpp"
#include "adapters/cli/details.hpp"
#include "adapters/cli/invocation.hpp"
#include "bus/base/file.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

// The table of the contract, spelt out again.
int contract_exit(Errc errc) {
    switch (errc) {
        case Errc::malformed:
        case Errc::unsupported:
            return 3;
        case Errc::unauthenticated:
        case Errc::forbidden:
        case Errc::not_found:
            return 4;
        case Errc::conflict:
            return 5;
        case Errc::overloaded:
        case Errc::timeout:
        case Errc::io:
            return 6;
        case Errc::corrupt:
            return 7;
    }
    return -1;
}

TEST(Answer, SaysDetailsInTheReadersLanguage) {
    const Error error{Code::malformed_input,
                      "must be a whole number",
                      "line 3, column low",
                      "publish outreach-report"};
    const Json vietnamese = error_to_json(error, Lang::vi);
    EXPECT_EQ(vietnamese["what"], "dữ liệu đầu vào không hợp lệ: phải là số nguyên không âm");
    EXPECT_EQ(vietnamese["where"], "line 3, column low") << "for programs";
    EXPECT_EQ(vietnamese["grant_missing"], "publish outreach-report") << "for programs";
    const std::string text = error_to_text(vietnamese, Lang::vi);
    EXPECT_NE(text.find("dòng 3, cột low: "), std::string::npos) << text;
    EXPECT_NE(text.find("thiếu quyền: gửi outreach-report"), std::string::npos) << text;
    EXPECT_EQ(error_to_json(error, Lang::en)["what"],
              "the input is not valid: must be a whole number");
    EXPECT_EQ(detail_in("of this the table knows nothing", Lang::vi),
              "of this the table knows nothing");
    EXPECT_EQ(place_in("columns", Lang::vi), "columns");
    EXPECT_EQ(detail_in("--kind is required", Lang::vi), "thiếu --kind");
    EXPECT_EQ(detail_in("A subcommand is required", Lang::vi), "thiếu lệnh");
    EXPECT_EQ(detail_in("--kind: At Most 1 required but received 2", Lang::vi),
              "--kind chỉ được ghi một lần");
    EXPECT_EQ(detail_in("The following argument was not expected: --x", Lang::vi),
              "thừa tham số: --x");
}

TEST(Answer, EveryDetailOfTheTableIsSaidOnceAndInVietnamese) {
    std::set<std::string_view> seen;
    for (const DetailWords& words : detail_words()) {
        EXPECT_TRUE(seen.insert(words.en).second) << words.en << " stands twice";
        EXPECT_FALSE(words.vi.empty()) << words.en;
        EXPECT_NE(words.vi, words.en);
        EXPECT_EQ(detail_in(words.en, Lang::vi), words.vi);
        EXPECT_EQ(detail_in(words.en, Lang::en), words.en);
    }
    EXPECT_EQ(detail_in("more than 16 levels", Lang::vi), "nhiều hơn 16 cấp");
    EXPECT_EQ(detail_in("a file of more than 9 bytes", Lang::vi), "tệp có nhiều hơn 9 byte");
    EXPECT_EQ(detail_in("not the home of a node: /x", Lang::vi), "không phải thư mục của nút: /x");
}

TEST(Answer, WhatTheSystemSaysOfFilesIsSaidInTheReadersLanguage) {
    const auto read = read_file("/nowhere/at/all", 1);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(detail_in(read.error().detail, Lang::vi), "mở: không có tệp hoặc thư mục này");
    EXPECT_EQ(detail_in(read.error().detail, Lang::en), "open: No such file or directory");
    const auto written = write_file("/nowhere/at/all", {}, 0600);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(detail_in(written.error().detail, Lang::vi), "tạo: không có tệp hoặc thư mục này");
    EXPECT_EQ(detail_in("write", Lang::vi), "ghi");
    EXPECT_EQ(detail_in("mdb_env_open: Permission denied", Lang::vi),
              "mdb_env_open: không được phép truy cập");
    EXPECT_EQ(detail_in("open: of this the table knows nothing", Lang::vi),
              "open: of this the table knows nothing");
}

TEST(Answer, AdviceFitsTheDetailInBothLanguages) {
    const Error error{Code::malformed_input, "is of another kind", "line 3", {}};
    for (const Lang lang : {Lang::vi, Lang::en}) {
        EXPECT_NE(advice_of(error, lang).find("--skip-others"), std::string::npos);
    }
    EXPECT_NE(advice_of(error, Lang::vi), advice_of(error, Lang::en));
    const Error other{Code::malformed_input, "is not UTF-8", "line 3", {}};
    EXPECT_EQ(advice_of(other, Lang::en), info(Code::malformed_input).do_en);
    EXPECT_EQ(detail_in("several places are called so: a, b", Lang::vi),
              "nhiều địa bàn có tên này: a, b");
}

TEST(Answer, EveryCodeSaysSomethingElseInEachLanguage) {
    for (const CodeInfo& known : all_codes()) {
        EXPECT_NE(known.what_vi, known.what_en) << known.name;
        EXPECT_NE(known.do_vi, known.do_en) << known.name;
        EXPECT_FALSE(known.what_vi.empty() || known.do_vi.empty()) << known.name;
    }
}

TEST(Answer, EveryCodeHasTheExitOfTheContract) {
    for (const CodeInfo& known : all_codes()) {
        const Answer answer = failed(Error{known.code, {}, {}, {}}, Lang::en);
        const bool usage = known.code == Code::bad_argument || known.code == Code::malformed_config;
        EXPECT_EQ(answer.exit, usage ? 2 : contract_exit(known.errc)) << known.name;
    }
}

TEST(Answer, EveryCodeIsExplainedInBothLanguages) {
    for (const CodeInfo& known : all_codes()) {
        for (const Lang lang : {Lang::vi, Lang::en}) {
            const Json error = failed(Error{known.code, {}, {}, {}}, lang).body["error"];
            EXPECT_EQ(error["code"], known.name);
            EXPECT_EQ(error["what"], lang == Lang::vi ? known.what_vi : known.what_en);
            EXPECT_EQ(error["do"], lang == Lang::vi ? known.do_vi : known.do_en);
            EXPECT_TRUE(error["where"].is_null());
            EXPECT_TRUE(error["grant_missing"].is_null());
        }
    }
}

TEST(Answer, AnErrorSaysWhereAndWhichGrantIsMissing) {
    const Error error{Code::forbidden, "by policy", "line 3", "publish outreach-report"};
    const Json json = error_to_json(error, Lang::en);
    EXPECT_EQ(json["where"], "line 3");
    EXPECT_EQ(json["grant_missing"], "publish outreach-report");
    const std::string text = error_to_text(json, Lang::en);
    EXPECT_NE(text.find("line 3"), std::string::npos);
    EXPECT_NE(text.find("publish outreach-report"), std::string::npos);
    EXPECT_NE(text.find("(forbidden)"), std::string::npos);
}

TEST(Invocation, ArrivesAsItWasSent) {
    Invocation sent;
    sent.command = "case open";
    sent.args = Json{{"to", {"labour", "police"}}, {"persons", 2}, {"yes", true}};
    sent.inputs["data"] = Bytes{0, 255, 10};
    sent.lang = Lang::en;
    sent.wait = std::chrono::milliseconds(1500);
    const auto got = parse_invocation(encode_invocation(sent));
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->command, sent.command);
    EXPECT_EQ(got->args, sent.args);
    EXPECT_EQ(got->inputs, sent.inputs);
    EXPECT_EQ(got->lang, Lang::en);
    EXPECT_EQ(got->wait, sent.wait);
    EXPECT_EQ(got->texts("to"), (std::vector<std::string>{"labour", "police"}));
    EXPECT_EQ(got->number("persons", 0), 2);
    EXPECT_TRUE(got->flag("yes"));
}

TEST(Invocation, RefusesEveryTruncation) {
    Invocation sent;
    sent.command = "status";
    sent.inputs["file"] = bytes_of("content");
    const Bytes bytes = encode_invocation(sent);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto got = parse_invocation(BytesView(bytes).first(size));
        ASSERT_FALSE(got.has_value()) << size;
        EXPECT_EQ(got.error().code, Code::malformed_frame);
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(parse_invocation(longer).has_value());
}

TEST(Answer, ArrivesAsItWasSent) {
    Answer sent;
    sent.body = Json{{"version", 3}};
    sent.exit = 6;
    sent.outputs["out"] = Bytes{1, 0, 2};
    const Bytes bytes = encode_answer(sent);
    const auto got = parse_answer(bytes);
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(got->body, sent.body);
    EXPECT_EQ(got->exit, 6);
    EXPECT_EQ(got->outputs, sent.outputs);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(parse_answer(BytesView(bytes).first(size)).has_value()) << size;
    }
}

TEST(Json, TextThatIsNotUtf8IsShownAndDoesNotThrow) {
    EXPECT_EQ(to_line(Json{{"path", "a\xff"}}), "{\"path\":\"a\xEF\xBF\xBD\"}");
}

TEST(Json, StopsAtItsDepth) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(maybe_json(nested(8), 8).has_value());
    EXPECT_FALSE(maybe_json(nested(9), 8).has_value());
    EXPECT_FALSE(maybe_json(nested(1'000'000)).has_value());
    EXPECT_FALSE(maybe_json("{").has_value());
}

}  // namespace
}  // namespace lienthong::cli
