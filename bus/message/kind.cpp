// SPDX-License-Identifier: Apache-2.0
// The one table of kinds and sections.
#include "bus/message/kind.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bus/base/check.hpp"
#include "bus/message/flat.hpp"
#include "schemas/kind_generated.h"
#include "schemas/payload_generated.h"

namespace lienthong::message {
namespace {

template <class Root, std::uint32_t tables_max>
bool verify_as(BytesView aligned) {
    return verify_root<Root, flatbuffers::Verifier>(aligned, tables_max) == Verdict::ok;
}

// An open section of figures; a report has hundreds of them.
template <class Root>
constexpr SectionType report(std::string_view root) {
    return {"report", root, Form::open, true, &verify_as<Root, kTablesMaxLarge>};
}

template <class Root>
constexpr SectionType sealed(std::string_view name, std::string_view root) {
    return {name, root, Form::sealed, true, &verify_as<Root, kTablesMax>};
}

constexpr SectionType optional(SectionType type) {
    type.required = false;
    return type;
}

constexpr auto kDocument = sealed<fb::DocumentInfo>("document", "lienthong.fb.DocumentInfo");
constexpr SectionType kFacts{
    "facts", "lienthong.fb.CaseFacts", Form::facts, true, &verify_as<fb::CaseFacts, kTablesMax>};
constexpr auto kIdentity = sealed<fb::Identity>("identity", "lienthong.fb.Identity");
constexpr auto kCircumstances =
    sealed<fb::Circumstances>("circumstances", "lienthong.fb.Circumstances");
constexpr auto kOutcome = sealed<fb::OutcomeNotice>("outcome", "lienthong.fb.OutcomeNotice");

constexpr std::array kOutreachReport{report<fb::OutreachReport>("lienthong.fb.OutreachReport")};
constexpr std::array kProvinceSummary{report<fb::ProvinceSummary>("lienthong.fb.ProvinceSummary")};
constexpr std::array kCrimeStatistic{report<fb::CrimeStatistic>("lienthong.fb.CrimeStatistic")};
constexpr std::array kWebsiteReview{report<fb::WebsiteReview>("lienthong.fb.WebsiteReview")};
constexpr std::array kPlanPublished{report<fb::PlanPublished>("lienthong.fb.PlanPublished")};
constexpr std::array kShelterCapacity{report<fb::ShelterCapacity>("lienthong.fb.ShelterCapacity"),
                                      optional(kFacts)};
constexpr std::array kHotlineStatistic{
    report<fb::HotlineStatistic>("lienthong.fb.HotlineStatistic")};

constexpr std::array kShelterIntake{
    kDocument, kFacts, sealed<fb::Intake>("intake", "lienthong.fb.Intake")};
constexpr std::array kHotlineTip{kDocument, sealed<fb::Tip>("tip", "lienthong.fb.Tip")};
constexpr std::array kHotlineOutcome{
    sealed<fb::OutcomeCode>("outcome-code", "lienthong.fb.OutcomeCode")};
constexpr std::array kIntakeRecord{
    kDocument,
    kFacts,
    kIdentity,
    kCircumstances,
    optional(sealed<fb::Contact>("contact", "lienthong.fb.Contact")),
    optional(sealed<fb::Medical>("medical", "lienthong.fb.Medical"))};
constexpr std::array kCommuneNotice{kDocument, kFacts, kIdentity, optional(kCircumstances)};
constexpr std::array kHandoverRecord{kDocument,
                                     kFacts,
                                     optional(kIdentity),
                                     sealed<fb::Handover>("handover", "lienthong.fb.Handover")};
constexpr std::array kInitialCheck{
    kDocument, kFacts, sealed<fb::Findings>("findings", "lienthong.fb.Findings")};
constexpr std::array kVerificationRequest{
    kDocument,
    kFacts,
    kIdentity,
    optional(kCircumstances),
    sealed<fb::VerificationRequest>("request", "lienthong.fb.VerificationRequest")};
constexpr std::array kVerificationAcknowledgement{
    kDocument,
    kFacts,
    sealed<fb::Acknowledgement>("acknowledgement", "lienthong.fb.Acknowledgement")};
constexpr std::array kInformationRequest{
    kDocument,
    kFacts,
    sealed<fb::InformationQuestion>("question", "lienthong.fb.InformationQuestion")};
constexpr std::array kInformationReply{
    kDocument, kFacts, sealed<fb::InformationAnswer>("answer", "lienthong.fb.InformationAnswer")};
constexpr std::array kVerificationExtension{
    kDocument, kFacts, sealed<fb::Extension>("extension", "lienthong.fb.Extension")};
constexpr std::array kVerificationResult{
    kDocument,
    kFacts,
    sealed<fb::VerificationResult>("result", "lienthong.fb.VerificationResult"),
    kOutcome};
constexpr std::array kVictimCertificate{
    kDocument,
    kFacts,
    sealed<fb::Certificate>("certificate", "lienthong.fb.Certificate"),
    kOutcome};
constexpr std::array kSupportReferral{
    kDocument,
    kFacts,
    kIdentity,
    sealed<fb::SupportPlan>("support-plan", "lienthong.fb.SupportPlan"),
    optional(sealed<fb::LimitedView>("limited-view", "lienthong.fb.LimitedView"))};
constexpr std::array kConsent{
    kDocument, kFacts, sealed<fb::Consent>("consent", "lienthong.fb.Consent")};
constexpr std::array kCorrection{kDocument,
                                 optional(kFacts),
                                 sealed<fb::Correction>("correction", "lienthong.fb.Correction"),
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

// Number for number as in schemas/kind.fbs, in the order of the table; the test KindTable goes the
// other way, from the schema to the table.
struct Pair {
    fb::Kind in_schema;
    Kind here;
};
constexpr std::array kPairs{
    Pair{fb::Kind::outreach_report, Kind::outreach_report},
    Pair{fb::Kind::province_summary, Kind::province_summary},
    Pair{fb::Kind::crime_statistic, Kind::crime_statistic},
    Pair{fb::Kind::website_review, Kind::website_review},
    Pair{fb::Kind::plan_published, Kind::plan_published},
    Pair{fb::Kind::shelter_capacity, Kind::shelter_capacity},
    Pair{fb::Kind::hotline_statistic, Kind::hotline_statistic},
    Pair{fb::Kind::shelter_intake, Kind::shelter_intake},
    Pair{fb::Kind::hotline_tip, Kind::hotline_tip},
    Pair{fb::Kind::hotline_outcome, Kind::hotline_outcome},
    Pair{fb::Kind::intake_record, Kind::intake_record},
    Pair{fb::Kind::commune_notice, Kind::commune_notice},
    Pair{fb::Kind::handover_record, Kind::handover_record},
    Pair{fb::Kind::initial_check, Kind::initial_check},
    Pair{fb::Kind::verification_request, Kind::verification_request},
    Pair{fb::Kind::verification_acknowledgement, Kind::verification_acknowledgement},
    Pair{fb::Kind::information_request, Kind::information_request},
    Pair{fb::Kind::information_reply, Kind::information_reply},
    Pair{fb::Kind::verification_extension, Kind::verification_extension},
    Pair{fb::Kind::verification_result, Kind::verification_result},
    Pair{fb::Kind::victim_certificate, Kind::victim_certificate},
    Pair{fb::Kind::support_referral, Kind::support_referral},
    Pair{fb::Kind::consent, Kind::consent},
    Pair{fb::Kind::correction, Kind::correction},
};
constexpr bool agrees_with_schema() {
    for (std::size_t i = 0; i < kPairs.size(); ++i) {
        if (std::to_underlying(kPairs[i].in_schema) != std::to_underlying(kPairs[i].here)) {
            return false;
        }
        if (kKinds[i].kind != kPairs[i].here || kKinds[i].sections.size() > kSectionsMax) {
            return false;
        }
    }
    return true;
}
static_assert(kKinds.size() == kPairs.size());
static_assert(agrees_with_schema());
static_assert(std::to_underlying(fb::Kind::MAX) == std::to_underlying(kPairs.back().in_schema));

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
