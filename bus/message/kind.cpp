// SPDX-License-Identifier: Apache-2.0
// The one table of kinds and sections.
#include "bus/message/kind.hpp"

#include <algorithm>
#include <array>

#include "bus/base/check.hpp"
#include "bus/message/flat.hpp"
#include "schemas/kind_generated.h"

namespace lienthong::message {
namespace {

bool accept(BytesView) { return true; }

constexpr SectionType section(std::string_view name,
                              std::string_view root,
                              bool required = true,
                              Form form = Form::sealed) {
    return {name, root, form, required, &accept};
}
constexpr bool kOptional = false;

constexpr auto kDocument = section("document", "lienthong.fb.DocumentInfo");
constexpr auto kFacts = section("facts", "lienthong.fb.CaseFacts", true, Form::facts);
constexpr auto kIdentity = section("identity", "lienthong.fb.Identity");
constexpr auto kCircumstances = section("circumstances", "lienthong.fb.Circumstances");
constexpr auto kOutcome = section("outcome", "lienthong.fb.OutcomeNotice");

constexpr SectionType optional(SectionType type) {
    type.required = kOptional;
    return type;
}

constexpr std::array kOutreachReport{
    section("report", "lienthong.fb.OutreachReport", true, Form::open)};
constexpr std::array kProvinceSummary{
    section("report", "lienthong.fb.ProvinceSummary", true, Form::open)};
constexpr std::array kCrimeStatistic{
    section("report", "lienthong.fb.CrimeStatistic", true, Form::open)};
constexpr std::array kWebsiteReview{
    section("report", "lienthong.fb.WebsiteReview", true, Form::open)};
constexpr std::array kPlanPublished{
    section("report", "lienthong.fb.PlanPublished", true, Form::open)};
constexpr std::array kShelterCapacity{
    section("report", "lienthong.fb.ShelterCapacity", true, Form::open)};
constexpr std::array kHotlineStatistic{
    section("report", "lienthong.fb.HotlineStatistic", true, Form::open)};

constexpr std::array kShelterIntake{kDocument, kFacts, section("intake", "lienthong.fb.Intake")};
constexpr std::array kHotlineTip{kDocument, section("tip", "lienthong.fb.Tip")};
constexpr std::array kHotlineOutcome{section("outcome-code", "lienthong.fb.OutcomeCode")};
constexpr std::array kIntakeRecord{kDocument,
                                   kFacts,
                                   kIdentity,
                                   kCircumstances,
                                   section("contact", "lienthong.fb.Contact", kOptional),
                                   section("medical", "lienthong.fb.Medical", kOptional)};
constexpr std::array kCommuneNotice{kDocument, kFacts, kIdentity, optional(kCircumstances)};
constexpr std::array kHandoverRecord{
    kDocument, kFacts, optional(kIdentity), section("handover", "lienthong.fb.Handover")};
constexpr std::array kInitialCheck{kDocument, kFacts, section("findings", "lienthong.fb.Findings")};
constexpr std::array kVerificationRequest{kDocument,
                                          kFacts,
                                          kIdentity,
                                          optional(kCircumstances),
                                          section("request", "lienthong.fb.VerificationRequest")};
constexpr std::array kVerificationAcknowledgement{
    kDocument, kFacts, section("acknowledgement", "lienthong.fb.Acknowledgement")};
constexpr std::array kInformationRequest{
    kDocument, kFacts, section("question", "lienthong.fb.InformationQuestion")};
constexpr std::array kInformationReply{
    kDocument, kFacts, section("answer", "lienthong.fb.InformationAnswer")};
constexpr std::array kVerificationExtension{
    kDocument, kFacts, section("extension", "lienthong.fb.Extension")};
constexpr std::array kVerificationResult{
    kDocument, kFacts, section("result", "lienthong.fb.VerificationResult"), kOutcome};
constexpr std::array kVictimCertificate{
    kDocument, kFacts, section("certificate", "lienthong.fb.Certificate"), kOutcome};
constexpr std::array kSupportReferral{
    kDocument,
    kFacts,
    kIdentity,
    section("support-plan", "lienthong.fb.SupportPlan"),
    section("limited-view", "lienthong.fb.LimitedView", kOptional)};
constexpr std::array kConsent{kDocument, kFacts, section("consent", "lienthong.fb.Consent")};
constexpr std::array kCorrection{kDocument,
                                 optional(kFacts),
                                 section("correction", "lienthong.fb.Correction"),
                                 optional(kIdentity),
                                 optional(kCircumstances)};

constexpr KindInfo open_kind(Kind kind,
                             std::string_view name,
                             std::span<const SectionType> sections,
                             Class kind_class = Class::statistics) {
    return {kind, name, 1, kind_class, false, false, sections};
}
constexpr KindInfo case_kind(Kind kind,
                             std::string_view name,
                             std::span<const SectionType> sections) {
    return {kind, name, 1, Class::personal, true, true, sections};
}

constexpr std::array kKinds{
    open_kind(Kind::outreach_report, "outreach-report", kOutreachReport),
    open_kind(Kind::province_summary, "province-summary", kProvinceSummary),
    open_kind(Kind::crime_statistic, "crime-statistic", kCrimeStatistic),
    open_kind(Kind::website_review, "website-review", kWebsiteReview),
    open_kind(Kind::plan_published, "plan-published", kPlanPublished, Class::reference),
    open_kind(Kind::shelter_capacity, "shelter-capacity", kShelterCapacity),
    open_kind(Kind::hotline_statistic, "hotline-statistic", kHotlineStatistic),
    case_kind(Kind::shelter_intake, "shelter-intake", kShelterIntake),
    KindInfo{Kind::hotline_tip, "hotline-tip", 1, Class::personal, false, true, kHotlineTip},
    KindInfo{Kind::hotline_outcome,
             "hotline-outcome",
             1,
             Class::personal,
             false,
             false,
             kHotlineOutcome},
    case_kind(Kind::intake_record, "intake-record", kIntakeRecord),
    case_kind(Kind::commune_notice, "commune-notice", kCommuneNotice),
    case_kind(Kind::handover_record, "handover-record", kHandoverRecord),
    case_kind(Kind::initial_check, "initial-check", kInitialCheck),
    case_kind(Kind::verification_request, "verification-request", kVerificationRequest),
    case_kind(Kind::verification_acknowledgement,
              "verification-acknowledgement",
              kVerificationAcknowledgement),
    case_kind(Kind::information_request, "information-request", kInformationRequest),
    case_kind(Kind::information_reply, "information-reply", kInformationReply),
    case_kind(Kind::verification_extension, "verification-extension", kVerificationExtension),
    case_kind(Kind::verification_result, "verification-result", kVerificationResult),
    case_kind(Kind::victim_certificate, "victim-certificate", kVictimCertificate),
    case_kind(Kind::support_referral, "support-referral", kSupportReferral),
    case_kind(Kind::consent, "consent", kConsent),
    KindInfo{Kind::correction, "correction", 1, Class::personal, false, true, kCorrection},
};

}  // namespace

std::span<const KindInfo> all_kinds() { return kKinds; }

const KindInfo& info(Kind kind) {
    const auto* found = std::ranges::find(kKinds, kind, &KindInfo::kind);
    CHECK(found != kKinds.end());
    return *found;
}

std::optional<Kind> maybe_kind(std::uint16_t number) {
    const auto* found = std::ranges::find(kKinds, Kind{number}, &KindInfo::kind);
    if (found == kKinds.end()) return std::nullopt;
    return found->kind;
}

std::optional<Kind> maybe_kind(std::string_view name) {
    const auto* found = std::ranges::find(kKinds, name, &KindInfo::name);
    if (found == kKinds.end()) return std::nullopt;
    return found->kind;
}

std::optional<std::size_t> maybe_section(const KindInfo& kind, std::string_view name) {
    const auto found = std::ranges::find(kind.sections, name, &SectionType::name);
    if (found == kind.sections.end()) return std::nullopt;
    return static_cast<std::size_t>(found - kind.sections.begin());
}

}  // namespace lienthong::message
