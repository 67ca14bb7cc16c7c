// SPDX-License-Identifier: Apache-2.0
#include "bus/message/facts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::message {
namespace {

CaseFacts all_facts() {
    CaseFacts facts;
    facts.opens = true;
    facts.opening_nonce.fill(3);
    facts.parties = {AgencyId::of("labour"), AgencyId::of("border-guard")};
    facts.holder = AgencyId::of("labour");
    facts.due = 1'628'000'000'000;
    facts.outcome = Outcome::confirmed;
    facts.consent = ConsentState::given;
    facts.consent_for = {AgencyId::of("womens-union")};
    facts.answer = Answer::accepted;
    facts.persons = 2;
    facts.capacity_yes = true;
    facts.adult_count = 1;
    facts.minor_count = 1;
    facts.capacity_normal = 18;
    facts.capacity_max = 24;
    return facts;
}

// The field that a message of this kind may not say; empty if it may say all of it.
std::string not_of(Kind kind, const CaseFacts& facts) {
    const auto checked = check_facts(kind, facts);
    if (checked) return {};
    EXPECT_EQ(checked.error().code, Code::malformed_section);
    return checked.error().where;
}

// Facts with one thing in them, and the kinds that may say it.
struct OneFact {
    const char* field;
    CaseFacts facts;
    std::vector<Kind> kinds;  // empty: all steps of a case
};

std::vector<OneFact> single_facts() {
    std::vector<OneFact> all;
    const auto add = [&](const char* field, std::vector<Kind> kinds, auto change) {
        CaseFacts facts;
        change(facts);
        all.push_back({field, facts, std::move(kinds)});
    };
    add("opens", {Kind::intake_record}, [](auto& f) { f.opens = true; });
    add("outcome", {Kind::verification_result}, [](auto& f) { f.outcome = Outcome::confirmed; });
    add("consent", {Kind::consent}, [](auto& f) { f.consent = ConsentState::given; });
    add("consent", {Kind::consent}, [](auto& f) { f.consent = ConsentState::withdrawn; });
    add("consent_for", {Kind::consent}, [](auto& f) { f.consent_for = {AgencyId::of("union")}; });
    add("answer", {Kind::shelter_intake}, [](auto& f) { f.answer = Answer::declined; });
    add("capacity_yes", {Kind::shelter_intake}, [](auto& f) { f.capacity_yes = true; });
    add("capacity_normal", {Kind::shelter_capacity}, [](auto& f) { f.capacity_normal = 1; });
    add("capacity_max", {Kind::shelter_capacity}, [](auto& f) { f.capacity_max = 1; });
    add("holder", {}, [](auto& f) { f.holder = AgencyId::of("police"); });
    add("due", {}, [](auto& f) { f.due = 1; });
    add("persons", {}, [](auto& f) { f.persons = 1; });
    return all;
}

std::string refused(const CaseFacts& facts) {
    const auto parsed = parse_facts(encode_facts(facts));
    if (parsed) return "accepted";
    EXPECT_EQ(parsed.error().code, Code::malformed_section);
    return parsed.error().where;
}

TEST(CaseFacts, ComeBackAsTheyWereEncoded) {
    for (const CaseFacts& facts : {all_facts(), CaseFacts{}}) {
        const auto parsed = parse_facts(encode_facts(facts));
        ASSERT_TRUE(parsed) << parsed.error().where;
        EXPECT_EQ(*parsed, facts);
    }
}

TEST(CaseFacts, AreSaidOnlyByTheKindsThatMaySayThem) {
    const auto is_step = [](Kind kind) {
        return kind != Kind::consent && kind != Kind::correction && info(kind).needs_case;
    };
    for (const OneFact& one : single_facts()) {
        for (const KindInfo& kind : all_kinds()) {
            const bool may = one.kinds.empty() ? is_step(kind.kind)
                                               : std::ranges::count(one.kinds, kind.kind) > 0;
            EXPECT_EQ(not_of(kind.kind, one.facts), may ? "" : one.field) << kind.name;
        }
    }
}

TEST(CaseFacts, OfACaseMayNamePartiesInEachKindThatHasThem) {
    CaseFacts facts;
    facts.parties = {AgencyId::of("police")};
    for (const KindInfo& kind : all_kinds()) {
        const bool may = maybe_section(kind, "facts") && kind.kind_class == Class::personal;
        EXPECT_EQ(not_of(kind.kind, facts), may ? "" : "parties") << kind.name;
        EXPECT_EQ(not_of(kind.kind, CaseFacts{}), "") << kind.name;
    }
}

TEST(CaseFacts, OfAnAcceptanceSayHowManyPersons) {
    CaseFacts facts;
    facts.answer = Answer::accepted;
    EXPECT_EQ(not_of(Kind::shelter_intake, facts), "persons");
    facts.persons = 1;
    EXPECT_EQ(not_of(Kind::shelter_intake, facts), "");
    facts.answer = Answer::declined;
    facts.persons = 0;
    EXPECT_EQ(not_of(Kind::shelter_intake, facts), "");
}

TEST(CaseFacts, KeepThePartiesInTheOrderGiven) {
    const auto parsed = parse_facts(encode_facts(all_facts()));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->parties.front().text(), "labour");
}

TEST(CaseFacts, HaveNoRoomForNamesOfPersons) {
    CaseFacts facts = all_facts();
    facts.parties = {AgencyId::of("Nguyễn Thị Mẫu")};
    EXPECT_EQ(refused(facts), "parties");
    facts = all_facts();
    facts.holder = AgencyId::of("Mẫu");
    EXPECT_EQ(refused(facts), "holder");
    facts = all_facts();
    facts.consent_for = {AgencyId::of("")};
    EXPECT_EQ(refused(facts), "consent_for");
}

TEST(CaseFacts, NameEachPartyOnce) {
    CaseFacts facts = all_facts();
    facts.parties = {AgencyId::of("labour"), AgencyId::of("police"), AgencyId::of("labour")};
    EXPECT_EQ(refused(facts), "parties");
}

TEST(CaseFacts, NameSixtyFourPartiesAtMost) {
    CaseFacts facts;
    for (int i = 0; i < 64; ++i) facts.parties.push_back(AgencyId::of(std::to_string(i)));
    EXPECT_EQ(refused(facts), "accepted");
    facts.parties.push_back(AgencyId::of("64"));
    EXPECT_EQ(refused(facts), "parties");
}

TEST(CaseFacts, RefuseCodesOutOfTheirLists) {
    CaseFacts facts = all_facts();
    facts.outcome = Outcome{7};
    EXPECT_EQ(refused(facts), "outcome");
    facts = all_facts();
    facts.consent = ConsentState{3};
    EXPECT_EQ(refused(facts), "consent");
    facts = all_facts();
    facts.answer = Answer{3};
    EXPECT_EQ(refused(facts), "answer");
}

TEST(CaseFacts, AcceptEveryCodeOfTheirLists) {
    for (const auto number : std::to_array<std::uint8_t>({0, 1, 2, 3, 4, 5, 6})) {
        CaseFacts facts = all_facts();
        facts.outcome = Outcome{number};
        EXPECT_EQ(refused(facts), "accepted");
        if (number > 2) continue;
        facts.answer = Answer{number};
        facts.consent = ConsentState{number};
        if (number == 0) facts.consent_for.clear();
        EXPECT_EQ(refused(facts), "accepted");
    }
}

TEST(CaseFacts, NameNobodyForAConsentThatIsNotSaid) {
    CaseFacts facts = all_facts();
    facts.consent = ConsentState::none;
    EXPECT_EQ(refused(facts), "consent_for");
}

TEST(CaseFacts, HaveAPossibleDueDate) {
    CaseFacts facts = all_facts();
    facts.due = -1;
    EXPECT_EQ(refused(facts), "due");
    facts.due = 253'402'300'799'999;
    EXPECT_EQ(refused(facts), "accepted");
    facts.due += 1;
    EXPECT_EQ(refused(facts), "due");
}

TEST(CaseFacts, HaveANormalCapacityWithinTheMaximum) {
    CaseFacts facts = all_facts();
    facts.capacity_normal = facts.capacity_max;
    EXPECT_EQ(refused(facts), "accepted");
    ++facts.capacity_normal;
    EXPECT_EQ(refused(facts), "capacity_normal");
}

TEST(CaseFacts, CarryANonceOfSixteenBytesExactlyWhenTheyOpenACase) {
    const auto where = [](const std::string& json) {
        const auto parsed = parse_facts(payload("lienthong.fb.CaseFacts", json));
        return parsed ? "accepted" : parsed.error().where;
    };
    const std::string sixteen = "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]";
    EXPECT_EQ(where(R"({"opens":true})"), "opening_nonce");
    EXPECT_EQ(where(R"({"opens":true,"opening_nonce":[1,2,3]})"), "opening_nonce");
    EXPECT_EQ(where(R"({"opening_nonce":)" + sixteen + "}"), "opening_nonce");
    EXPECT_EQ(where(R"({"opens":true,"opening_nonce":)" + sixteen + "}"), "accepted");
}

TEST(CaseFacts, AreReadUpToTheirLimitAndRefusedAsOversizedBeyondIt) {
    Bytes bytes = encode_facts(all_facts());
    bytes.resize(kFactsBytesMax);
    EXPECT_TRUE(parse_facts(bytes));
    bytes.push_back(0);
    EXPECT_EQ(parse_facts(bytes).error().code, Code::oversized);
}

}  // namespace
}  // namespace lienthong::message
