// SPDX-License-Identifier: Apache-2.0
#include "bus/message/kind.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "bus/base/ids.hpp"
#include "schemas/kind_generated.h"
#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::message {
namespace {

TEST(KindTable, HasARowForEveryKindOfTheSchemaUnderItsName) {
    std::size_t in_schema = 0;
    for (const fb::Kind kind : fb::EnumValuesKind()) {
        if (kind == fb::Kind::none) continue;
        ++in_schema;
        const auto here = maybe_kind(static_cast<std::uint16_t>(kind));
        ASSERT_TRUE(here) << fb::EnumNameKind(kind);
        std::string name = fb::EnumNameKind(kind);
        std::ranges::replace(name, '_', '-');
        EXPECT_EQ(info(*here).name, name);
        EXPECT_EQ(maybe_kind(std::string_view(name)), here);
    }
    EXPECT_EQ(all_kinds().size(), in_schema);
}

TEST(KindTable, KnowsNoOtherNumbersAndNames) {
    EXPECT_FALSE(maybe_kind(std::uint16_t{0}));
    EXPECT_FALSE(maybe_kind(std::uint16_t{8}));
    EXPECT_FALSE(maybe_kind(std::uint16_t{37}));
    EXPECT_FALSE(maybe_kind(std::uint16_t{65535}));
    EXPECT_FALSE(maybe_kind(std::string_view("outreach_report")));
    EXPECT_FALSE(maybe_kind(std::string_view("")));
}

TEST(KindTable, GivesEachKindAtMostTwelveSectionsWithUniqueNames) {
    for (const KindInfo& kind : all_kinds()) {
        EXPECT_GE(kind.sections.size(), 1U) << kind.name;
        EXPECT_LE(kind.sections.size(), kSectionsMax) << kind.name;
        std::set<std::string_view> names;
        for (std::size_t i = 0; i < kind.sections.size(); ++i) {
            const SectionType& section = kind.sections[i];
            EXPECT_TRUE(is_name(section.name)) << section.name;
            EXPECT_TRUE(names.insert(section.name).second) << kind.name << ' ' << section.name;
            EXPECT_EQ(maybe_section(kind, section.name), i);
        }
        EXPECT_FALSE(maybe_section(kind, "no-such"));
    }
}

TEST(KindTable, SealsEverythingOfAPersonalKindButItsFacts) {
    for (const KindInfo& kind : all_kinds()) {
        for (const SectionType& section : kind.sections) {
            const bool facts = section.form == Form::facts;
            EXPECT_EQ(facts, section.root_table == "lienthong.fb.CaseFacts") << kind.name;
            if (kind.kind_class == Class::personal) {
                EXPECT_TRUE(facts || section.form == Form::sealed) << kind.name;
            } else {
                EXPECT_TRUE(facts || section.form == Form::open) << kind.name;
            }
        }
    }
}

TEST(KindTable, GivesEachProceduralKindADocumentAndEachKindOfACaseItsFacts) {
    for (const KindInfo& kind : all_kinds()) {
        EXPECT_EQ(maybe_section(kind, "document").has_value(), kind.procedural) << kind.name;
        if (!kind.needs_case) continue;
        const auto facts = maybe_section(kind, "facts");
        ASSERT_TRUE(facts) << kind.name;
        EXPECT_TRUE(kind.sections[*facts].required) << kind.name;
    }
    EXPECT_FALSE(info(Kind::hotline_outcome).needs_case);
    EXPECT_FALSE(info(Kind::hotline_outcome).procedural);
    EXPECT_FALSE(info(Kind::hotline_tip).needs_case);
    EXPECT_TRUE(info(Kind::hotline_tip).procedural);
}

TEST(KindTable, VerifiesEachSectionAsItsOwnRoot) {
    for (const KindInfo& kind : all_kinds()) {
        for (const SectionType& section : kind.sections) {
            const std::string root(section.root_table);
            const Bytes bytes = payload(root, sample(root));
            const auto checked = check_section(section, bytes);
            EXPECT_TRUE(checked) << kind.name << ' ' << section.name << ' '
                                 << (checked ? "" : checked.error().where);
        }
    }
}

TEST(KindTableDeathTest, StopsTheProcessForAKindThatIsNotInIt) {
    EXPECT_DEATH(info(Kind::none), "found");
}

}  // namespace
}  // namespace lienthong::message
