// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/places.hpp"

#include <gtest/gtest.h>

#include "bus/base/check.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

// The example's registry, and what came after: on 1 July 2025 the commune lies in the province
// itself, under a new name; its old name went to another.
registry::Registry renamed() {
    const FakeApi api;
    registry::RegistryData data = api.documents_in_force.registry->data();
    data.territories.push_back(
        {"nb-yen-thanh",
         "2025-07-01",
         "37",
         {{"xã Mới", "Mới commune", ""}, {"xã Mới Hơn", "Newer", "2026-01-01"}}});
    data.territories.push_back({"nb-other", "2025-07-01", "37", {{"xã Yên Thành", "Other", ""}}});
    auto built = registry::Registry::build(std::move(data));
    CHECK(built.has_value());
    return std::move(*built);
}

outreach::Date day(std::string_view text) { return outreach::parse_date(text).value(); }

TEST(Places, MeanWhatTheirNamesMeantOnTheDay) {
    const registry::Registry registry = renamed();
    const Places places(registry);
    const auto code = [&](std::string_view name, std::string_view on) {
        const auto* found = places.maybe_called(name, day(on));
        return found == nullptr ? std::string() : found->code;
    };
    EXPECT_EQ(code("xã Yên Thành", "2025-06-30"), "nb-yen-thanh");
    EXPECT_EQ(code("xã Yên Thành", "2025-07-01"), "nb-other");
    EXPECT_EQ(code("xã Mới", "2025-06-30"), "");
    EXPECT_EQ(code("xã Mới", "2025-07-01"), "nb-yen-thanh");
    EXPECT_EQ(code("xã Mới Hơn", "2025-12-31"), "");
    EXPECT_EQ(code("xã Mới Hơn", "2026-01-01"), "nb-yen-thanh");
    EXPECT_EQ(code("nb-yen-thanh", "2021-01-01"), "nb-yen-thanh");
    EXPECT_EQ(code("huyện Yên Mô", "2019-12-31"), "") << "before its first vintage";
}

TEST(Places, AreFoundWithoutDiacriticsByWhoLooksForThemAndByNobodyElse) {
    const registry::Registry registry = renamed();
    const Places places(registry);
    const auto codes = [&](std::string_view text, std::string_view on) {
        std::string all;
        for (const auto* row : places.sought(text, day(on))) all += row->code + " ";
        return all;
    };
    EXPECT_EQ(codes("xa yen thanh", "2021-12-31"), "nb-yen-thanh ");
    EXPECT_EQ(codes("xa yen thanh", "2025-07-01"), "nb-other ") << "as on that day";
    EXPECT_EQ(codes("XA\xCC\x83 YE\xCC\x82N THA\xCC\x80NH", "2021-12-31"), "nb-yen-thanh ");
    EXPECT_EQ(codes("xã Yen Thành", "2021-12-31"), "") << "marks that are typed are meant";
    EXPECT_EQ(places.maybe_called("xa yen thanh", day("2021-12-31")), nullptr);
    EXPECT_TRUE(places.lies_within("nb-yen-thanh", "", "huyen yen mo", day("2021-12-31")));
}

TEST(Places, AreMeantByTheirOwnNamesWithoutWhatTheyAre) {
    const registry::Registry registry = renamed();
    const Places places(registry);
    const auto meant = [&](std::string_view text) {
        const auto found = places.meant(text);
        return found ? *found : std::string(info(found.error().code).name);
    };
    for (const char* text : {"Kim Sơn", "kim son", "KIM SƠN", "Kim So\xCC\x9Bn"}) {
        const std::string code = meant(text);
        ASSERT_NE(registry.maybe_territory(code, 1'640'995'200'000), nullptr) << text << code;
        EXPECT_EQ(registry.maybe_territory(code, 1'640'995'200'000)->names.front().vi,
                  "huyện Kim Sơn");
    }
    EXPECT_EQ(meant("tỉnh Ninh Bình"), "tỉnh Ninh Bình") << "whole names stay as they are";
    EXPECT_EQ(meant("tinh ninh binh"), "tinh ninh binh");
    EXPECT_EQ(meant("Ninh Bình province"), "Ninh Bình province");
    EXPECT_EQ(meant("37"), "37");
    EXPECT_EQ(meant("Kim Sỡn"), "not_found") << "marks that are typed are meant";
    EXPECT_EQ(meant("Sơn"), "not_found") << "whole names";
    EXPECT_EQ(meant("Yên Thành"), "xã Yên Thành") << "one name that moved: its day decides";
    EXPECT_EQ(meant("Nowhere"), "not_found");
}

TEST(Places, OfOneOwnNameAreTheCandidatesOfAnError) {
    const FakeApi api;
    const Places places(*api.documents_in_force.registry);
    for (const char* text : {"Ninh Bình", "ninh binh"}) {
        const auto found = places.meant(text);
        ASSERT_FALSE(found.has_value()) << text;
        EXPECT_EQ(found.error().code, Code::bad_argument);
        EXPECT_EQ(found.error().where, "--territory");
        for (const char* candidate : {"tỉnh Ninh Bình (37)", "thành phố Ninh Bình ("}) {
            EXPECT_NE(found.error().detail.find(candidate), std::string::npos)
                << found.error().detail;
        }
    }
}

TEST(Places, LieInWhatHeldThemOnTheDay) {
    const registry::Registry registry = renamed();
    const Places places(registry);
    const auto within = [&](std::string_view outer, std::string_view on) {
        return places.lies_within("nb-yen-thanh", "", outer, day(on));
    };
    EXPECT_TRUE(within("huyện Yên Mô", "2025-06-30"));
    EXPECT_FALSE(within("huyện Yên Mô", "2025-07-01"));
    EXPECT_TRUE(within("tỉnh Ninh Bình", "2025-07-01"));
    EXPECT_TRUE(places.lies_within("", "xã Yên Thành", "377", day("2021-12-31")));
    EXPECT_FALSE(places.lies_within("", "xã Yên Thành", "nowhere", day("2021-12-31")));
    EXPECT_FALSE(places.lies_within("", "", "377", day("2021-12-31")));
}

}  // namespace
}  // namespace lienthong::cli
