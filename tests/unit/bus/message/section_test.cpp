// SPDX-License-Identifier: Apache-2.0
#include <flatbuffers/reflection_generated.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "bus/message/document_info.hpp"
#include "schemas/payload_bfbs.h"
#include "schemas/statistics_generated.h"
#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::message {
namespace {

using nlohmann::json;

const std::string kOutreach = "lienthong.fb.OutreachReport";
const std::string kDocument = "lienthong.fb.DocumentInfo";

std::set<std::string> all_roots() {
    std::set<std::string> roots;
    for (const KindInfo& kind : all_kinds()) {
        for (const SectionType& type : kind.sections) roots.emplace(type.root_table);
    }
    return roots;
}

// "accepted", or the path of the field that was refused.
std::string judged(const std::string& root,
                   const json& value,
                   Code code = Code::malformed_section) {
    const auto checked = check_section(section_of(root), payload(root, value.dump()));
    if (checked) return "accepted";
    EXPECT_EQ(checked.error().code, code) << checked.error().detail;
    return checked.error().where;
}

// The sample of the root with one field set to another value, or removed if it is null.
std::string judged_with(const std::string& root, const std::string& pointer, const json& value) {
    json changed = json::parse(sample(root));
    changed[json::json_pointer(pointer)] = value;
    return judged(root, changed);
}

// A report with one figure, which has only what it must have, changed by `patch`.
std::string judged_figure(const char* patch) {
    json figure = {{"activity", "leaflet"},
                   {"low", 7000},
                   {"high", 7000},
                   {"qualifier", "exact"},
                   {"stock_or_flow", "flow"},
                   {"as_of", "2021-12-14"}};
    figure.merge_patch(json::parse(patch));
    return judged(kOutreach, {{"figures", {figure}}});
}

// "/figures/0/low" as the Checker writes it: "figures[0].low".
std::string path_of(const std::string& pointer) {
    std::string path;
    for (std::size_t at = 1; at < pointer.size();) {
        const std::size_t end = std::min(pointer.find('/', at), pointer.size());
        const std::string step = pointer.substr(at, end - at);
        if (std::isdigit(static_cast<unsigned char>(step[0])) != 0) {
            path += '[' + step + ']';
        } else {
            path += (path.empty() ? "" : ".") + step;
        }
        at = end + 1;
    }
    return path;
}

TEST(Sections, AllHaveASampleWithEveryFieldOfTheSchema) {
    const auto* schema = reflection::GetSchema(fb::kPayloadBfbs.data());
    const std::function<void(const reflection::Object&, const json&)> walk =
        [&](const reflection::Object& table, const json& value) {
            for (const reflection::Field* field : *table.fields()) {
                const std::string name = field->name()->str();
                ASSERT_TRUE(value.contains(name)) << table.name()->str() << '.' << name;
                const bool vector = field->type()->base_type() == reflection::Vector;
                const auto type = vector ? field->type()->element() : field->type()->base_type();
                if (type != reflection::Obj) continue;
                const auto* inner =
                    schema->objects()->Get(static_cast<std::uint32_t>(field->type()->index()));
                walk(*inner, vector ? value[name][0] : value[name]);
            }
        };
    for (const std::string& root : all_roots()) {
        bool found = false;
        for (const reflection::Object* table : *schema->objects()) {
            if (table->name()->str() != root) continue;
            found = true;
            walk(*table, json::parse(sample(root)));
        }
        EXPECT_TRUE(found) << root;
    }
}

TEST(Sections, JudgeEveryTextAndEveryCodeThatTheyHold) {
    // e and a combining acute accent: not NFC, and neither a name nor a date nor a number.
    const std::string decomposed = "e\xcc\x81";
    std::size_t texts = 0;
    std::size_t codes = 0;
    for (const std::string& root : all_roots()) {
        const json whole = json::parse(sample(root));
        const json leaves = whole.flatten();
        for (const auto& [pointer, leaf] : leaves.items()) {
            if (!leaf.is_string()) continue;
            json changed = whole;
            changed[json::json_pointer(pointer)] = decomposed;
            if (maybe_payload(root, changed.dump())) {
                ++texts;
            } else {
                ++codes;  // the JSON reader knows no such code, so give it by its number
                changed[json::json_pointer(pointer)] = 250;
            }
            const std::string where = judged(root, changed);
            EXPECT_TRUE(where != "accepted" && path_of(pointer).starts_with(where))
                << root << ' ' << pointer << ": " << where;
        }
    }
    EXPECT_GT(texts, 400U);
    EXPECT_GT(codes, 80U);
}

TEST(Sections, AcceptEveryTextInNormalFormC) {
    EXPECT_EQ(judged_figure(R"({"note":"Đường Trần Hưng Đạo, phường Vân Giang"})"), "accepted");
    EXPECT_EQ(judged_figure(R"({"note":"băng zôn\n\tpa-nô"})"), "accepted");
}

TEST(Sections, RefuseControlCharacters) {
    EXPECT_EQ(judged_figure(R"({"note":"\u001b[2J"})"), "figures[0].note");
    EXPECT_EQ(judged_figure(R"({"note":"a\u0000b"})"), "figures[0].note");
    EXPECT_EQ(judged_figure(R"({"note":"\u007f"})"), "figures[0].note");
    EXPECT_EQ(judged_figure(R"({"note":"\u009b31m"})"), "figures[0].note");
}

TEST(Sections, RefuseTextThatIsNotUtf8) {
    Bytes bytes = payload(kOutreach, sample(kOutreach));
    const auto at = std::ranges::search(bytes, as_bytes("Ghi ch"));
    ASSERT_FALSE(at.empty());
    *at.begin() = 0xff;
    EXPECT_EQ(check_section(section_of(kOutreach), bytes).error().code, Code::malformed_section);
}

TEST(Sections, HoldTextsUpToTheirLimitsOfCharacters) {
    const auto text = [](const char* field, std::size_t characters) {
        std::string long_text;
        for (std::size_t i = 0; i < characters; ++i) long_text += "ế";
        return judged_figure(json{{field, long_text}}.dump().c_str());
    };
    EXPECT_EQ(text("activity_vi", 4'000), "accepted");
    EXPECT_EQ(text("activity_vi", 4'001), "figures[0].activity_vi");
    EXPECT_EQ(text("note", 20'000), "accepted");
    EXPECT_EQ(text("note", 20'001), "figures[0].note");
}

TEST(Sections, AreRefusedAsOversizedBeyondTheirLimit) {
    Bytes bytes = payload(kOutreach, sample(kOutreach));
    bytes.resize(kSectionBytesMax);
    EXPECT_TRUE(check_section(section_of(kOutreach), bytes));
    bytes.push_back(0);
    EXPECT_EQ(check_section(section_of(kOutreach), bytes).error().code, Code::oversized);
}

// A report whose `count` figures are one and the same table, with a note of so many bytes.
Bytes repeated_figure(std::uint32_t count, std::size_t note_bytes) {
    flatbuffers::FlatBufferBuilder builder;
    const auto activity = builder.CreateString("leaflet");
    const auto note = builder.CreateString(std::string(note_bytes, 'x'));
    const auto as_of = builder.CreateString("2021-12-14");
    fb::FigureBuilder figure(builder);
    figure.add_activity(activity);
    figure.add_low(1);
    figure.add_qualifier(fb::Qualifier::exact);
    figure.add_stock_or_flow(fb::StockOrFlow::flow);
    figure.add_as_of(as_of);
    figure.add_note(note);
    const std::vector<flatbuffers::Offset<fb::Figure>> same(count, figure.Finish());
    const auto figures = builder.CreateVector(same);
    builder.Finish(fb::CreateOutreachReport(builder, 0, 0, figures));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

TEST(Sections, OfStatisticsHoldTwentyThousandTables) {
    const SectionType& type = section_of(kOutreach);
    EXPECT_TRUE(check_section(type, repeated_figure(19'999, 1)));
    EXPECT_EQ(check_section(type, repeated_figure(20'000, 1)).error().code,
              Code::malformed_section);
}

TEST(Sections, WhoseFieldsShareOneLongTextAreRefusedBeforeItIsReadOften) {
    const auto refused = check_section(section_of(kOutreach), repeated_figure(10'000, 20'000));
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().where.ends_with("note"));
}

TEST(Figure, NeedsNoMoreThanActivityValueAndTime) { EXPECT_EQ(judged_figure("{}"), "accepted"); }

TEST(Figure, HasAValueThatAgreesWithItsQualifier) {
    struct Case {
        const char* patch;
        const char* where;
    };
    const Case cases[] = {
        {R"({"qualifier":"at_least"})", "accepted"},
        {R"({"qualifier":"nearly"})", "accepted"},
        {R"({"qualifier":"about"})", "accepted"},
        {R"({"qualifier":"range","low":18,"high":24})", "accepted"},
        {R"({"qualifier":"range","low":24,"high":24})", "accepted"},
        {R"({"qualifier":"not_stated","low":null,"high":null})", "accepted"},
        {R"({"high":null})", "accepted"},
        {R"({"low":0,"high":0})", "accepted"},
        {R"({"qualifier":null})", "figures[0].qualifier"},
        {R"({"qualifier":"none"})", "figures[0].qualifier"},
        {R"({"qualifier":7})", "figures[0].qualifier"},
        {R"({"qualifier":"range","low":25,"high":24})", "figures[0].low"},
        {R"({"qualifier":"range","high":null})", "figures[0].high"},
        {R"({"qualifier":"range","low":null})", "figures[0].low"},
        {R"({"qualifier":"not_stated"})", "figures[0].low"},
        {R"({"qualifier":"not_stated","low":null})", "figures[0].high"},
        {R"({"low":null})", "figures[0].low"},
        {R"({"high":7001})", "figures[0].high"},
        {R"({"low":-1,"high":-1})", "figures[0].low"},
    };
    for (const Case& one : cases) EXPECT_EQ(judged_figure(one.patch), one.where) << one.patch;
}

TEST(Figure, CountsParticipantsOfAKindOrNotAtAll) {
    struct Case {
        const char* patch;
        const char* where;
    };
    const Case cases[] = {
        {R"({"participants":310,"participants_qualifier":"at_least","participants_kind":"delegate"})",
         "accepted"},
        {R"({"participants":0,"participants_qualifier":"exact","participants_kind":"person"})",
         "accepted"},
        {R"({"participants_qualifier":"not_stated"})", "accepted"},
        {R"({"participants_qualifier":"exact"})", "figures[0].participants"},
        {R"({"participants":310,"participants_qualifier":"exact"})",
         "figures[0].participants_kind"},
        {R"({"participants":310,"participants_kind":"person"})",
         "figures[0].participants_qualifier"},
        {R"({"participants":1,"participants_qualifier":"range","participants_kind":"person"})",
         "figures[0].participants_qualifier"},
        {R"({"participants":-1,"participants_qualifier":"exact","participants_kind":"person"})",
         "figures[0].participants"},
    };
    for (const Case& one : cases) EXPECT_EQ(judged_figure(one.patch), one.where) << one.patch;
}

TEST(Figure, BelongsToATime) {
    EXPECT_EQ(judged_figure(R"({"as_of":null})"), "figures[0].period");
    const char* period = R"({"as_of":null,"period":{"from":"2021-01-01","to":"2021-12-31"}})";
    EXPECT_EQ(judged_figure(period), "accepted");
    const json report = {
        {"period", {{"from", "2020-12-15"}, {"to", "2021-12-14"}, {"kind", "administrative_year"}}},
        {"figures",
         {{{"activity", "banner"},
           {"low", 186},
           {"qualifier", "exact"},
           {"stock_or_flow", "flow"}}}}};
    EXPECT_EQ(judged(kOutreach, report), "accepted");
}

TEST(Figure, SaysWhetherItIsAStockOrAFlow) {
    EXPECT_EQ(judged_figure(R"({"stock_or_flow":null})"), "figures[0].stock_or_flow");
    EXPECT_EQ(judged_figure(R"({"stock_or_flow":"stock"})"), "accepted");
}

TEST(Figure, NeverMixesTheStatesOfASmallCell) {
    const char* zero = R"({"cell":"true_zero","low":0,"high":0})";
    const char* suppressed =
        R"({"cell":"suppressed","qualifier":"not_stated","low":null,"high":null})";
    EXPECT_EQ(judged_figure(zero), "accepted");
    EXPECT_EQ(judged_figure(R"({"cell":"true_zero"})"), "figures[0].cell");
    EXPECT_EQ(judged_figure(suppressed), "accepted");
    EXPECT_EQ(judged_figure(R"({"cell":"suppressed"})"), "figures[0].cell");
    EXPECT_EQ(judged_figure(R"({"cell":"not_reported"})"), "figures[0].cell");
    EXPECT_EQ(judged_figure(R"({"cell":"rounded"})"), "figures[0].cell");
    EXPECT_EQ(judged_figure(R"({"cell":"rounded","qualifier":"about"})"), "accepted");
}

TEST(Figure, NamesPlacesAndPartnersByIdOrInWords) {
    EXPECT_EQ(judged_figure(R"({"territories":[{"text":"xã Yên Mỹ"},{"code":"vn-37"}]})"),
              "accepted");
    EXPECT_EQ(judged_figure(R"({"territories":[{"text":"xã Yên Mỹ"},{}]})"),
              "figures[0].territories[1]");
    EXPECT_EQ(judged_figure(R"({"partners":[{"text":"doanh nghiệp"},{"agency":"labour"}]})"),
              "accepted");
    EXPECT_EQ(judged_figure(R"({"lead":{"unit":"Ban"}})"), "figures[0].lead");
}

TEST(Figure, ListsAtMostSixtyFourCodes) {
    const auto channels = [](std::size_t count) {
        return judged_figure(json{{"channels", std::vector<int>(count, 1)}}.dump().c_str());
    };
    EXPECT_EQ(channels(64), "accepted");
    EXPECT_EQ(channels(65), "figures[0].channels");
    EXPECT_EQ(judged_figure(R"({"channels":[1,0]})"), "figures[0].channels[1]");
}

TEST(Dates, MustBePossible) {
    for (const char* good : {"2021-02-28", "2020-02-29", "1900-01-01", "2199-12-31"}) {
        EXPECT_EQ(judged_figure(json{{"as_of", good}}.dump().c_str()), "accepted") << good;
    }
    for (const char* bad : {"2021-02-30",
                            "2021-02-29",
                            "2021-13-01",
                            "2021-00-10",
                            "2021-01-00",
                            "2021-1-1",
                            "2021/01/01",
                            "01-01-2021",
                            "1899-12-31",
                            "2200-01-01",
                            "2021",
                            "2021-01",
                            "",
                            "2021-01-01 ",
                            "+021-01-01"}) {
        EXPECT_EQ(judged_figure(json{{"as_of", bad}}.dump().c_str()), "figures[0].as_of") << bad;
    }
}

TEST(Dates, OfBirthMayBeAYearAlone) {
    const std::string root = "lienthong.fb.Identity";
    for (const char* good : {"1999", "1999-07", "1999-07-30"}) {
        EXPECT_EQ(judged_with(root, "/persons/0/date_of_birth", good), "accepted") << good;
    }
    for (const char* bad : {"99", "1999-13", "1999-02-30", "30/07/1999", ""}) {
        EXPECT_EQ(judged_with(root, "/persons/0/date_of_birth", bad), "persons[0].date_of_birth");
    }
}

TEST(Dates, OfAPeriodStandInOrder) {
    EXPECT_EQ(judged_with(kOutreach, "/period/to", "2020-12-31"), "period.to");
    EXPECT_EQ(judged_figure(R"({"period": {"from": "2021-01-01", "to": "2021-01-01"}})"),
              "accepted");
}

TEST(Dates, OfAPeriodFitItsKind) {
    const auto judged_period = [](const char* kind, const char* from, const char* to) {
        return judged_figure(
            json{{"period", {{"from", from}, {"to", to}, {"kind", kind}}}}.dump().c_str());
    };
    struct Row {
        const char* kind;
        const char* from;
        const char* to;
    };
    for (const Row& good : {Row{"calendar_year", "2021-01-01", "2021-12-31"},
                            Row{"administrative_year", "2020-12-15", "2021-12-14"},
                            Row{"half_year", "2021-07-01", "2021-12-31"},
                            Row{"half_year", "2020-12-15", "2021-06-14"},
                            Row{"quarter", "2021-04-01", "2021-06-30"},
                            Row{"quarter", "2021-03-15", "2021-06-14"},
                            Row{"month", "2020-02-01", "2020-02-29"},
                            Row{"month", "2020-12-15", "2021-01-14"},
                            Row{"other", "2021-02-03", "2021-05-09"}}) {
        EXPECT_EQ(judged_period(good.kind, good.from, good.to), "accepted")
            << good.kind << good.from;
    }
    for (const Row& bad : {Row{"month", "2021-01-01", "2021-12-31"},
                           Row{"month", "2021-02-01", "2021-02-27"},
                           Row{"calendar_year", "2020-12-15", "2021-12-14"},
                           Row{"administrative_year", "2021-01-01", "2021-12-31"},
                           Row{"administrative_year", "2017-12-15", "2018-12-14"},
                           Row{"half_year", "2021-04-01", "2021-09-30"},
                           Row{"quarter", "2021-02-01", "2021-04-30"},
                           Row{"quarter", "2021-01-01", "2021-03-14"},
                           Row{"month", "2021-01-02", "2021-01-31"}}) {
        EXPECT_EQ(judged_period(bad.kind, bad.from, bad.to), "figures[0].period.kind")
            << bad.kind << bad.from;
    }
}

TEST(Reports, NeedAFigureOrMore) {
    for (const char* root : {"OutreachReport",
                             "ProvinceSummary",
                             "CrimeStatistic",
                             "WebsiteReview",
                             "ShelterCapacity",
                             "HotlineStatistic"}) {
        EXPECT_EQ(judged(std::string("lienthong.fb.") + root, {{"figures", json::array()}}),
                  "figures");
    }
    EXPECT_EQ(judged("lienthong.fb.PlanPublished", json::object()), "plans");
    EXPECT_EQ(judged("lienthong.fb.PlanPublished", {{"plans", {{{"title", "Kế hoạch"}}}}}),
              "accepted");
}

TEST(Reports, OfAClassifiedDocumentAreRefusedAsSuch) {
    for (const char* degree : {"mat", "toi_mat", "tuyet_mat"}) {
        json report = json::parse(sample(kOutreach));
        report["document"]["classification"] = degree;
        EXPECT_EQ(judged(kOutreach, report, Code::classified_matter), "document.classification");
    }
}

TEST(Reports, OfAShelterHaveACapacityWithinItsMaximum) {
    EXPECT_EQ(judged_with("lienthong.fb.ShelterCapacity", "/capacity_normal", 25),
              "capacity_normal");
    EXPECT_EQ(judged_with("lienthong.fb.ShelterCapacity", "/free", 25), "free");
    EXPECT_EQ(judged_with("lienthong.fb.ShelterCapacity", "/free", 24), "accepted");
}

TEST(DocumentInfo, IsClassifiedFromMatUpwards) {
    json document = json::parse(sample(kDocument));
    EXPECT_EQ(is_classified(payload(kDocument, document.dump())), false);
    for (const char* degree : {"mat", "toi_mat", "tuyet_mat"}) {
        document["classification"] = degree;
        EXPECT_EQ(is_classified(payload(kDocument, document.dump())), true);
    }
    document["classification"] = 4;
    EXPECT_EQ(is_classified(payload(kDocument, document.dump())).error().code,
              Code::malformed_section);
    EXPECT_EQ(is_classified(Bytes(kSectionBytesMax + 1)).error().code, Code::oversized);
}

TEST(DocumentInfo, NamesNumberSymbolSignerTitleAndUrgency) {
    for (const char* field : {"number", "symbol", "signer", "signer_title"}) {
        EXPECT_EQ(judged_with(kDocument, std::string("/") + field, ""), field);
    }
    EXPECT_EQ(judged_with(kDocument, "/urgency", "none"), "urgency");
    EXPECT_EQ(judged_with(kDocument, "/attachments/0/sha256", json::array({1})),
              "attachments[0].sha256");
}

TEST(Persons, HaveNumbersAsLongAsTheirPapersGive) {
    const std::string root = "lienthong.fb.Identity";
    const auto paper = [&](const char* kind, const char* number) {
        return judged_with(root, "/persons/0/papers/0", {{"kind", kind}, {"number", number}});
    };
    EXPECT_EQ(paper("cccd", "037199000000"), "accepted");
    EXPECT_EQ(paper("cccd", "03719900000"), "persons[0].papers[0].number");
    EXPECT_EQ(paper("cccd", "03719900000x"), "persons[0].papers[0].number");
    EXPECT_EQ(paper("cmnd", "164000000"), "accepted");
    EXPECT_EQ(paper("cmnd", "1640000000"), "persons[0].papers[0].number");
    EXPECT_EQ(paper("passport", "B1234567"), "accepted");
    EXPECT_EQ(judged(root, {{"persons", json::array()}}), "persons");
    EXPECT_EQ(judged(root, {{"persons", {{{"gender", "female"}}}}}), "accepted");
}

TEST(Persons, HaveCountriesAndPhonesOfTheUsualForm) {
    const std::string identity = "lienthong.fb.Identity";
    for (const char* bad : {"", "V", "vn", "VNM", "V1"}) {
        EXPECT_EQ(judged_with(identity, "/persons/0/nationality", bad), "persons[0].nationality");
    }
    const std::string contact = "lienthong.fb.Contact";
    for (const char* good : {"111", "+84 900 000 000", "0900.000.000"}) {
        EXPECT_EQ(judged_with(contact, "/relative_phone", good), "accepted") << good;
    }
    for (const char* bad : {"", "11", "0900-000", "a", "++84900", "123456789012345678901"}) {
        EXPECT_EQ(judged_with(contact, "/relative_phone", bad), "relative_phone") << bad;
    }
}

TEST(Steps, SayWhatTheirStepIsAbout) {
    struct Case {
        const char* root;
        const char* pointer;
        json value;
        const char* where;
    };
    const Case cases[] = {
        {"Extension", "/answer_by", "2021-08-25", "answer_by"},
        {"Extension", "/reason", "", "reason"},
        {"Findings", "/conclusion", "none", "conclusion"},
        {"VerificationResult", "/outcome", "none", "outcome"},
        {"VerificationResult", "/ground", "none", "ground"},
        {"OutcomeNotice", "/outcome", "none", "outcome"},
        {"Certificate", "/ground", "none", "ground"},
        {"Intake", "/answer", "none", "answer"},
        {"Consent", "/state", "none", "state"},
        {"Consent", "/agencies", json::array(), "agencies"},
        {"Consent", "/agencies", {"womens-union", "labour"}, "agencies"},
        {"SupportPlan", "/items", json::array(), "items"},
        {"InformationQuestion", "/questions", json::array(), "questions"},
        {"InformationAnswer", "/answers", json::array(), "answers"},
        {"OutcomeCode", "/outcome", "none", "outcome"},
        {"Tip", "/anonymous", true, "caller"},
        {"Tip", "/received_at", 0, "received_at"},
    };
    for (const Case& one : cases) {
        EXPECT_EQ(judged_with(std::string("lienthong.fb.") + one.root, one.pointer, one.value),
                  one.where)
            << one.root << one.pointer;
    }
    EXPECT_EQ(judged_with("lienthong.fb.VerificationResult", "/outcome", "not_a_victim"),
              "accepted");
}

}  // namespace
}  // namespace lienthong::message
