// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/measure.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lienthong::outreach {
namespace {

constexpr std::array kMeasures = std::to_array<Measure>({
    {"leaflets", "tờ rơi", "leaflets"},
    {"news-items", "tin, bài", "news items"},
    {"broadcasts", "lượt phát thanh", "broadcasts"},
    {"television-reports", "phóng sự truyền hình", "television reports"},
    {"mobile-rounds", "lượt tuyên truyền lưu động", "mobile rounds"},
    {"meetings", "hội nghị, lớp, buổi", "meetings"},
    {"delegates", "đại biểu", "delegates"},
    {"attendances", "lượt người", "attendances"},
    {"persons", "người", "persons"},
    {"banners", "băng rôn", "banners"},
    {"banners-slogans", "băng rôn, khẩu hiệu", "banners and slogans"},
    {"panels-banners-slogans", "pa nô, băng rôn, khẩu hiệu", "panels, banners and slogans"},
    {"panels-slogans", "pa nô, khẩu hiệu", "panels and slogans"},
    {"cadres-sent", "lượt cán bộ", "cadres sent"},
    {"document-sets", "bộ tài liệu", "document sets"},
    {"websites-reviewed", "trang thông tin điện tử được rà soát", "websites reviewed"},
    {"websites-violating", "trang thông tin điện tử vi phạm", "websites violating"},
    {"facebook-pages", "trang Facebook", "Facebook pages"},
    {"zalo-groups", "nhóm Zalo", "Zalo groups"},
    {"social-website", "tuyên truyền qua trang thông tin điện tử", "own website used"},
    {"political-education", "giáo dục chính trị tư tưởng", "political education"},
    {"press-direction", "định hướng báo chí", "press direction"},
    {"plans", "kế hoạch", "plans"},
    {"shelter-capacity", "khả năng tiếp nhận mỗi lượt", "shelter capacity an intake"},
    {"shelter-staff", "cán bộ cơ sở tiếp nhận", "shelter staff"},
    {"victims-detected", "nạn nhân được phát hiện", "victims detected"},
    {"trafficking-cases", "vụ mua bán người", "trafficking cases"},
});

constexpr std::array kActivities = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"leaflet", "leaflets"},
    {"news-item", "news-items"},
    {"web-news-item", "news-items"},
    {"news-report-item", "news-items"},
    {"radio-broadcast", "broadcasts"},
    {"tv-report", "television-reports"},
    {"mobile-publicity", "mobile-rounds"},
    {"training-conference", "meetings"},
    {"communication-conference", "meetings"},
    {"integrated-conference", "meetings"},
    {"training-class", "meetings"},
    {"outreach-session", "meetings"},
    {"banner", "banners"},
    {"banner-slogan", "banners-slogans"},
    {"banner-panel-slogan", "panels-banners-slogans"},
    {"panel-slogan", "panels-slogans"},
    {"cadre-dispatch", "cadres-sent"},
    {"material-set", "document-sets"},
    {"website-review", "websites-reviewed"},
    {"website-violation", "websites-violating"},
    {"social-facebook", "facebook-pages"},
    {"social-zalo", "zalo-groups"},
    {"social-website", "social-website"},
    {"political-education", "political-education"},
    {"press-direction", "press-direction"},
    {"plan-issued", "plans"},
    {"shelter-capacity", "shelter-capacity"},
    {"shelter-staff", "shelter-staff"},
    {"victim-detected", "victims-detected"},
    {"trafficking-case", "trafficking-cases"},
});

std::string_view known_measure(std::string_view activity) {
    const auto* found = std::ranges::find(
        kActivities, activity, &std::pair<std::string_view, std::string_view>::first);
    return found == kActivities.end() ? std::string_view{} : found->second;
}

}  // namespace

std::span<const Measure> all_measures() { return kMeasures; }

std::string measure_of(std::string_view activity) {
    if (const std::string_view known = known_measure(activity); !known.empty()) {
        return std::string(known);
    }
    if (std::ranges::find(kMeasures, activity, &Measure::id) != kMeasures.end()) {
        return "activity:" + std::string(activity);
    }
    return std::string(activity);
}

std::string_view measure_of(ParticipantKind kind) {
    switch (kind) {
        case ParticipantKind::delegate:
            return "delegates";
        case ParticipantKind::attendance:
            return "attendances";
        case ParticipantKind::person:
        case ParticipantKind::none:
            break;
    }
    return "persons";
}

bool is_known_activity(std::string_view activity) { return !known_measure(activity).empty(); }

bool is_part_of(std::string_view part, std::string_view whole) {
    if (whole.empty() || part.size() <= whole.size() + 1) return false;
    if (!part.starts_with(whole) || part[whole.size()] != '-') return false;
    const std::string_view of_part = known_measure(part);
    const std::string_view of_whole = known_measure(whole);
    return of_part.empty() || of_whole.empty() || of_part == of_whole;
}

}  // namespace lienthong::outreach
