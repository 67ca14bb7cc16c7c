// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/rules.hpp"

#include <algorithm>
#include <array>

namespace lienthong::sim {
namespace {

using message::Kind;

// A party to the case that reads these sections of a kind.
struct Reader {
    Kind kind;
    std::string_view slug;
    std::string_view sections;  // each between blanks
};

constexpr auto kReaders = std::to_array<Reader>({
    {Kind::intake_record, "police", " document identity circumstances contact "},
    {Kind::intake_record, "labour", " document identity circumstances contact medical "},
    {Kind::commune_notice, "police", " document identity circumstances "},
    {Kind::commune_notice, "labour", " document identity circumstances "},
    {Kind::initial_check, "police", " document findings "},
    {Kind::initial_check, "labour", " document findings "},
    {Kind::verification_request, "police", " document identity circumstances request "},
    {Kind::verification_acknowledgement, "labour", " document acknowledgement "},
    {Kind::verification_acknowledgement, "border-guard", " document acknowledgement "},
    {Kind::information_request, "labour", " document question "},
    {Kind::information_request, "border-guard", " document question "},
    {Kind::information_reply, "police", " document answer "},
    {Kind::verification_extension, "labour", " document extension "},
    {Kind::verification_extension, "border-guard", " document extension "},
    {Kind::verification_result, "labour", " document result outcome "},
    {Kind::verification_result, "border-guard", " document outcome "},
    {Kind::victim_certificate, "labour", " document certificate outcome "},
    {Kind::consent, "labour", " document consent "},
});

constexpr std::string_view kAgencies[] = {
    "labour", "police", "border-guard", "peoples-committee", "information", "womens-union"};

bool reads_case_matter(const CaseView& at,
                       Kind kind,
                       std::string_view slug,
                       std::string_view section) {
    if (kind == Kind::support_referral) {
        return slug == "womens-union" && section == "limited-view" && at.union_has_consent;
    }
    const auto* found = std::ranges::find_if(
        kReaders, [&](const Reader& reader) { return reader.kind == kind && reader.slug == slug; });
    if (found == kReaders.end() || !at.parties.contains(slug)) return false;
    return found->sections.find(" " + std::string(section) + " ") != std::string_view::npos;
}

// Kinds whose facts make parties, or on which parties go on: every party may read those facts.
bool tells_parties(Kind kind) {
    return kind == Kind::intake_record || kind == Kind::commune_notice ||
           kind == Kind::victim_certificate || kind == Kind::support_referral;
}

}  // namespace

bool may_publish(const Rules& rules, const Said& said) {
    return said.slug != "information" || rules.information_reports;
}

bool may_read(const Rules& rules,
              const CaseView& at,
              const Said& said,
              std::string_view slug,
              std::string_view section) {
    if (slug == said.slug) return true;
    if (section == "facts") {
        if (tells_parties(said.kind) && at.parties.contains(slug)) return true;
        return std::ranges::any_of(said.sections, [&](const std::string& other) {
            return other != "facts" && may_read(rules, at, said, slug, other);
        });
    }
    switch (said.kind) {
        case Kind::outreach_report:
            return slug == "labour" || (slug == "womens-union" && rules.union_reads_reports);
        case Kind::province_summary:
            return true;
        default:
            return reads_case_matter(at, said.kind, slug, section);
    }
}

Slugs recipients(const Rules& rules, const CaseView& at, const Said& said) {
    Slugs all{said.slug};
    for (const std::string_view slug : kAgencies) {
        for (const std::string& section : said.sections) {
            if (may_read(rules, at, said, slug, section)) all.emplace(slug);
        }
    }
    return all;
}

}  // namespace lienthong::sim
