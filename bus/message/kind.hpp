// SPDX-License-Identifier: Apache-2.0
// Kinds of message and their sections: the one table. Adding a kind touches its schema, a row here
// and its tests (docs/contributing.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"

namespace lienthong::message {

// Numbers as in schemas/kind.fbs (a static_assert in kind.cpp keeps them the same).
enum class Kind : std::uint16_t {
    none = 0,
    outreach_report = 1,
    province_summary = 2,
    crime_statistic = 3,
    website_review = 4,
    plan_published = 5,
    shelter_capacity = 6,
    hotline_statistic = 7,
    shelter_intake = 20,
    hotline_tip = 21,
    hotline_outcome = 22,
    intake_record = 23,
    commune_notice = 24,
    handover_record = 25,
    initial_check = 26,
    verification_request = 27,
    verification_acknowledgement = 28,
    information_request = 29,
    information_reply = 30,
    verification_extension = 31,
    verification_result = 32,
    victim_certificate = 33,
    support_referral = 34,
    consent = 35,
    correction = 36,
};

enum class Form : std::uint8_t { none = 0, open = 1, facts = 2, sealed = 3, chunked = 4 };

// What a section's plaintext is: the root table of its schema (payload.fbs).
struct SectionType {
    std::string_view name;        // "identity"
    std::string_view root_table;  // "lienthong.fb.Identity"
    Form form;                    // open, facts or sealed (sealed may travel as chunked)
    bool required;
    // FlatBuffers verification with our limits; the bytes must be 16-byte aligned.
    bool (*verify)(BytesView aligned);
};

inline constexpr std::size_t kSectionsMax = 12;  // that a kind can have

enum class Class : std::uint8_t { statistics, reference, personal };

struct KindInfo {
    Kind kind;
    std::string_view name;  // "outreach-report"
    std::uint16_t version;
    Class kind_class;
    bool needs_case;  // personal procedure: belongs to a case
    bool procedural;  // carries a section `document` (number, symbol, date, signer, urgency)
    std::span<const SectionType> sections;  // the order of Header.commitments
};

std::span<const KindInfo> all_kinds();
const KindInfo& info(Kind kind);  // CHECKs that the kind is in the table
std::optional<Kind> maybe_kind(std::uint16_t number);
std::optional<Kind> maybe_kind(std::string_view name);
// Index of the section in its kind, or nothing.
std::optional<std::size_t> maybe_section(const KindInfo& kind, std::string_view name);

// Size limit, then the FlatBuffers verifier, then the semantic rules of the section (enumerations
// in range, ranges not inverted, dates possible, names NFC). malformed_section, with the field in
// `where`; oversized.
inline constexpr std::size_t kSectionBytesMax = 26 * 1024 * 1024;
Result<void> check_section(const SectionType& type, BytesView plaintext);

}  // namespace lienthong::message
