// SPDX-License-Identifier: Apache-2.0
// The policy of the example, against who publishes and receives what in the province.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "bus/base/file.hpp"
#include "security/policy/review.hpp"

namespace lienthong::policy {
namespace {

using message::Kind;
using Slugs = std::set<std::string>;

constexpr Millis kNow = 1'625'000'000'000;
const Slugs kReporters{"police",
                       "border-guard",
                       "labour",
                       "fatherland-front",
                       "womens-union",
                       "information",
                       "trade-union",
                       "broadcaster"};
const Slugs kAll11{"police",
                   "border-guard",
                   "labour",
                   "fatherland-front",
                   "womens-union",
                   "information",
                   "trade-union",
                   "broadcaster",
                   "social-protection-centre",
                   "hotline-111",
                   "peoples-committee"};
const std::string kCentre = "social-protection-centre";
const std::string kCommune = "peoples-committee";

class NinhBinhPolicy : public testing::Test {
  protected:
    NinhBinhPolicy() {
        const BusId bus = BusId::of("ninh-binh-2021");
        const auto bus_toml = read_file(LT_EXAMPLE "/bus.toml", 1024 * 1024);
        const auto policy_toml = read_file(LT_EXAMPLE "/policy.toml", 1024 * 1024);
        auto agencies = registry::compile_registry(as_text(*bus_toml), bus, 1);
        auto grants = compile_policy(as_text(*policy_toml), bus, 1);
        EXPECT_TRUE(agencies.has_value());
        EXPECT_TRUE(grants.has_value()) << grants.error().where << " " << grants.error().detail;
        if (agencies) registry_ = registry::Registry::build(std::move(*agencies));
        if (grants) policy_ = Policy::build(std::move(*grants));
    }
    void SetUp() override { ASSERT_TRUE(registry_.has_value() && policy_.has_value()); }

    AgencyId id(std::string_view slug) const { return registry_->maybe_agency_by_slug(slug)->id; }
    Slugs slugs(const std::vector<AgencyId>& ids) const {
        Slugs found;
        for (const AgencyId& agency : ids) found.insert(registry_->maybe_agency(agency)->slug);
        return found;
    }
    std::vector<AgencyId> ids(const Slugs& slugs) const {
        std::vector<AgencyId> found;
        for (const std::string& slug : slugs) found.push_back(id(slug));
        std::ranges::sort(found);
        return found;
    }
    // Every condition on the case holds for everybody.
    Context generous(const AgencyId& agency) const {
        Context context;
        context.at = kNow;
        context.parties = context.named = context.consented = ids(kAll11);
        context.answered = agency;
        return context;
    }
    Slugs publishers(Kind kind) const {
        Slugs found;
        for (const auto& agency : registry_->data().agencies) {
            const Context context = generous(agency.id);
            if (policy_->may_publish(*registry_, agency.id, kind, context).allowed) {
                found.insert(agency.slug);
            }
        }
        return found;
    }
    Slugs readers(Kind kind, std::string_view section) const {
        Slugs found;
        for (const auto& agency : registry_->data().agencies) {
            const Context context = generous(agency.id);
            if (policy_->may_read(*registry_, agency.id, kind, section, context).allowed) {
                found.insert(agency.slug);
            }
        }
        return found;
    }

    Result<registry::Registry> registry_ = fail(Code::malformed_document);
    Result<Policy> policy_ = fail(Code::malformed_document);
};

struct Row {
    Kind kind;
    Slugs publishers;
    std::map<std::string, Slugs> readers;  // by section; a section that is left out has none
};

// The columns "publishes" and "receives" of the domain's table, section by section. Facts go with
// any other section and are left out.
// tidy: long because it is a table with one row for each kind.
const std::vector<Row>& table() {
    static const std::vector<Row> rows{
        {Kind::outreach_report, kReporters, {{"report", kReporters}}},
        {Kind::province_summary, {"labour"}, {{"report", kAll11}}},
        {Kind::crime_statistic, {"police"}, {{"report", {"labour"}}}},
        {Kind::website_review, {"information"}, {{"report", {"labour"}}}},
        {Kind::plan_published, {"labour", kCommune}, {{"report", kReporters}}},
        {Kind::shelter_capacity, {kCentre}, {{"report", {"labour"}}}},
        {Kind::hotline_statistic, {"hotline-111"}, {{"report", {"labour"}}}},
        {Kind::shelter_intake, {kCentre}, {{"document", {"labour"}}, {"intake", {"labour"}}}},
        {Kind::hotline_tip,
         {"hotline-111"},
         {{"document", {"police", "border-guard", kCommune}},
          {"tip", {"police", "border-guard", kCommune}}}},
        {Kind::hotline_outcome, {"police"}, {{"outcome-code", {"hotline-111"}}}},
        {Kind::intake_record,
         {"border-guard", "police"},
         {{"document", {"police", "labour"}},
          {"identity", {"police", "labour"}},
          {"circumstances", {"police", "labour"}},
          {"contact", {"police", "labour"}},
          {"medical", {"labour"}}}},
        {Kind::commune_notice,
         {kCommune},
         {{"document", {"police", "labour"}},
          {"identity", {"police", "labour"}},
          {"circumstances", {"police", "labour"}}}},
        {Kind::handover_record,
         {"border-guard", "police"},
         {{"document", {"police", kCommune, kCentre}},
          {"identity", {"police", kCommune, kCentre}},
          {"handover", {"police", kCommune, kCentre}}}},
        {Kind::initial_check,
         {"labour", "police"},
         {{"document", {"labour", "police"}}, {"findings", {"labour", "police"}}}},
        {Kind::verification_request,
         {"labour"},
         {{"document", {"police"}},
          {"identity", {"police"}},
          {"circumstances", {"police"}},
          {"request", {"police"}}}},
        {Kind::verification_acknowledgement,
         {"police"},
         {{"document", {"labour", "border-guard", "police"}},
          {"acknowledgement", {"labour", "border-guard", "police"}}}},
        {Kind::information_request,
         {"police"},
         {{"document", {"labour", "border-guard", "police"}},
          {"question", {"labour", "border-guard", "police"}}}},
        {Kind::information_reply,
         {"labour", "border-guard", "police"},
         {{"document", {"police"}}, {"answer", {"police"}}}},
        {Kind::verification_extension,
         {"police"},
         {{"document", {"labour", "border-guard", "police"}},
          {"extension", {"labour", "border-guard", "police"}}}},
        {Kind::verification_result,
         {"police"},
         {{"document", {"labour", "border-guard", "police"}},
          {"result", {"labour"}},
          {"outcome", {"labour", "border-guard", "police", kCentre}}}},
        {Kind::victim_certificate,
         {"police"},
         {{"document", {"labour"}}, {"certificate", {"labour"}}, {"outcome", {"labour", kCentre}}}},
        {Kind::support_referral,
         {"labour"},
         {{"document", {kCentre}},
          {"identity", {kCentre}},
          {"support-plan", {kCentre}},
          {"limited-view", {"womens-union"}}}},
        {Kind::consent,
         kAll11,
         {{"document", {"labour", kCentre}}, {"consent", {"labour", kCentre}}}},
        {Kind::correction,
         kAll11,
         {{"document", {"police", "labour", kCentre}},
          {"correction", {"police", "labour"}},
          {"identity", {"police", "labour", kCentre}},
          {"circumstances", {"police", "labour"}}}},
    };
    return rows;
}

const Slugs kAddressing{"police", "labour", "border-guard", kCommune, kCentre};
const std::set<Kind> kMakingParties{Kind::intake_record,
                                    Kind::handover_record,
                                    Kind::commune_notice,
                                    Kind::victim_certificate,
                                    Kind::support_referral};

TEST_F(NinhBinhPolicy, LetsThoseSendAndReadWhomTheDomainNames) {
    EXPECT_EQ(table().size(), message::all_kinds().size());
    for (const Row& row : table()) {
        const auto& info = message::info(row.kind);
        EXPECT_EQ(publishers(row.kind), row.publishers) << info.name;
        Slugs of_any_section;
        for (const auto& section : info.sections) {
            if (section.name == "facts") continue;
            const auto expected = row.readers.find(std::string(section.name));
            const Slugs readers_expected =
                expected == row.readers.end() ? Slugs{} : expected->second;
            EXPECT_EQ(readers(row.kind, section.name), readers_expected)
                << info.name << " " << section.name;
            of_any_section.insert(readers_expected.begin(), readers_expected.end());
        }
        // Facts alone, to prove who the parties are: for everybody who addresses them.
        if (kMakingParties.contains(row.kind)) {
            of_any_section.insert(kAddressing.begin(), kAddressing.end());
        }
        if (message::maybe_section(info, "facts")) {
            EXPECT_EQ(readers(row.kind, "facts"), of_any_section) << info.name;
        }
    }
}

TEST_F(NinhBinhPolicy, LetsNobodyReadPersonalMatterOutsideACase) {
    Context bare;
    bare.at = kNow;
    for (const auto& info : message::all_kinds()) {
        if (info.kind_class != message::Class::personal || info.kind == Kind::hotline_tip) continue;
        for (const auto& section : info.sections) {
            for (const auto& agency : registry_->data().agencies) {
                EXPECT_FALSE(
                    policy_->may_read(*registry_, agency.id, info.kind, section.name, bare).allowed)
                    << info.name << " " << section.name << " " << agency.slug;
            }
        }
    }
}

TEST_F(NinhBinhPolicy, LetsTheHotlineReadOutcomesOfItsOwnTipsAlone) {
    Context context;
    context.at = kNow;
    context.answered = id("hotline-111");
    EXPECT_EQ(slugs(policy_->audience(
                  *registry_, id("police"), Kind::hotline_outcome, "outcome-code", context)),
              (Slugs{"police", "hotline-111"}));
    context.answered = id("border-guard");
    EXPECT_EQ(slugs(policy_->audience(
                  *registry_, id("police"), Kind::hotline_outcome, "outcome-code", context)),
              (Slugs{"police"}));
}

TEST_F(NinhBinhPolicy, SendsAnOutreachReportToLabourAndItsPartners) {
    Context context;
    context.at = kNow;
    const auto audience = [&](std::string_view sender) {
        return slugs(
            policy_->audience(*registry_, id(sender), Kind::outreach_report, "report", context));
    };
    EXPECT_EQ(audience("police"), (Slugs{"police", "labour"}));
    context.named = ids({"womens-union", "trade-union", kCommune});
    EXPECT_EQ(audience("labour"), (Slugs{"labour", "womens-union", "trade-union"}));
}

TEST_F(NinhBinhPolicy, GivesQueriesToPartiesWithAProperPurpose) {
    const auto who_may = [&](std::string_view purpose, bool party) {
        Slugs found;
        for (const auto& agency : registry_->data().agencies) {
            Context context;
            context.at = kNow;
            if (party) context.parties = {agency.id};
            const auto decision = policy_->may_query(
                *registry_, agency.id, Kind::verification_request, Purpose::of(purpose), context);
            if (decision.allowed) found.insert(agency.slug);
        }
        return found;
    };
    const Slugs involved{"police", "labour", "border-guard", kCommune, kCentre};
    for (const char* purpose : {"verification", "support", "supervision"}) {
        EXPECT_EQ(who_may(purpose, true), involved) << purpose;
        EXPECT_EQ(who_may(purpose, false), Slugs{}) << purpose;
    }
    EXPECT_EQ(who_may("curiosity", true), Slugs{});
}

TEST_F(NinhBinhPolicy, NeverTellsTheFrontOrTheInformationDepartmentOfACase) {
    for (const Right& right : rights(*policy_, *registry_, kNow)) {
        const std::string& slug = registry_->maybe_agency(right.agency)->slug;
        if (slug != "fatherland-front" && slug != "information") continue;
        if (right.action == Action::publish) continue;
        EXPECT_EQ(right.action, Action::read);
        EXPECT_NE(message::info(right.kind).kind_class, message::Class::personal)
            << slug << " " << message::info(right.kind).name;
    }
}

// One step of the story: who sends what, whom it makes a party, and who gets which section.
struct Step {
    std::string sender;
    Kind kind;
    Slugs joins;
    std::map<std::string, Slugs> audiences;
};

TEST_F(NinhBinhPolicy, ServesTheStoryStepByStep) {
    const std::vector<Step> story{
        {"border-guard",
         Kind::intake_record,
         {"police", "labour", kCommune},
         {{"identity", {"border-guard", "police", "labour"}},
          {"medical", {"border-guard", "labour"}}}},
        {"border-guard",
         Kind::handover_record,
         {},
         {{"identity", {"border-guard", "police", kCommune}},
          {"handover", {"border-guard", "police", kCommune}}}},
        {kCommune, Kind::commune_notice, {}, {{"identity", {kCommune, "police", "labour"}}}},
        {"labour", Kind::initial_check, {}, {{"findings", {"labour", "police"}}}},
        {"labour", Kind::verification_request, {}, {{"identity", {"labour", "police"}}}},
        {"police",
         Kind::verification_acknowledgement,
         {},
         {{"acknowledgement", {"police", "labour", "border-guard"}}}},
        {"police",
         Kind::information_request,
         {},
         {{"question", {"police", "labour", "border-guard"}}}},
        {"border-guard", Kind::information_reply, {}, {{"answer", {"border-guard", "police"}}}},
        {"police",
         Kind::verification_extension,
         {},
         {{"extension", {"police", "labour", "border-guard"}}}},
        {"police",
         Kind::verification_result,
         {},
         {{"result", {"police", "labour"}}, {"outcome", {"police", "labour", "border-guard"}}}},
        {"police", Kind::victim_certificate, {}, {{"certificate", {"police", "labour"}}}},
        {"labour",
         Kind::support_referral,
         {kCentre},
         {{"identity", {"labour", kCentre}}, {"limited-view", {"labour"}}}},
        {kCentre, Kind::shelter_intake, {}, {{"intake", {kCentre, "labour"}}}},
    };
    Context context;
    context.at = kNow;
    context.parties = {id("border-guard")};
    for (const Step& step : story) {
        const auto& info = message::info(step.kind);
        for (const std::string& slug : step.joins) context.parties.push_back(id(slug));
        EXPECT_TRUE(policy_->may_publish(*registry_, id(step.sender), step.kind, context).allowed)
            << info.name;
        for (const auto& [section, expected] : step.audiences) {
            EXPECT_EQ(
                slugs(policy_->audience(*registry_, id(step.sender), step.kind, section, context)),
                expected)
                << info.name << " " << section;
        }
    }
    // Consent, given for the Women's Union, opens the limited view to it and nothing else.
    context.consented = {id("womens-union")};
    for (const auto& section : message::info(Kind::support_referral).sections) {
        const Slugs audience = slugs(policy_->audience(
            *registry_, id("labour"), Kind::support_referral, section.name, context));
        EXPECT_EQ(audience.contains("womens-union"),
                  section.name == "limited-view" || section.name == "facts")
            << section.name;
    }
}

TEST_F(NinhBinhPolicy, LetsNobodyActOnACaseAsNoParty) {
    Context strangers;
    strangers.at = kNow;
    for (const auto& info : message::all_kinds()) {
        if (!info.needs_case || info.kind == Kind::intake_record) continue;
        for (const auto& agency : registry_->data().agencies) {
            EXPECT_FALSE(policy_->may_publish(*registry_, agency.id, info.kind, strangers).allowed)
                << info.name << " " << agency.slug;
        }
    }
}

TEST_F(NinhBinhPolicy, HasNothingOddButWhatIsMeant) {
    const std::vector<Finding> findings = check(*policy_, *registry_, kNow);
    for (const Finding& finding : findings) {
        ADD_FAILURE() << name(finding.oddity) << ": " << finding.place << ": " << finding.what;
    }
}

TEST_F(NinhBinhPolicy, SurvivesItsOwnTextAndBytes) {
    const PolicyData& data = policy_->data();
    const auto text = compile_policy(to_toml(data), data.bus, data.version);
    ASSERT_TRUE(text.has_value());
    EXPECT_EQ(*text, data);
    const auto body = parse_policy(encode_policy(data));
    ASSERT_TRUE(body.has_value());
    EXPECT_EQ(*body, data);
}

}  // namespace
}  // namespace lienthong::policy
