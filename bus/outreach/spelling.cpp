// SPDX-License-Identifier: Apache-2.0
#include "bus/outreach/spelling.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bus/base/collation.hpp"
#include "bus/base/text.hpp"

namespace lienthong::outreach {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::size_t kNameBytesMax = 400;  // longer ones are sentences

// Ways to write a word, and the one that the names below use. Longer ones first.
constexpr std::array kVariants = std::to_array<Pair>({
    {"băng zôn", "băng rôn"},
    {"băng zon", "băng rôn"},
    {"băng ron", "băng rôn"},
    {"băngrôn", "băng rôn"},
    {"băngzôn", "băng rôn"},
    {"pa nô", "pano"},
    {"pa no", "pano"},
    {"panô", "pano"},
    {"panoo", "pano"},
});

constexpr std::array kNames = std::to_array<Pair>({
    {"tờ rơi", "leaflet"},
    {"tin, bài", "news-item"},
    {"tin bài", "news-item"},
    {"tin, bài, phóng sự", "news-report-item"},
    {"lượt phát thanh", "radio-broadcast"},
    {"phóng sự truyền hình", "tv-report"},
    {"tuyên truyền lưu động", "mobile-publicity"},
    {"hội nghị tập huấn", "training-conference"},
    {"hội nghị tuyên truyền", "communication-conference"},
    {"hội nghị tuyên truyền lồng ghép", "integrated-conference"},
    {"lớp tập huấn", "training-class"},
    {"buổi tuyên truyền", "outreach-session"},
    {"băng rôn", "banner"},
    {"băng rôn, khẩu hiệu", "banner-slogan"},
    {"pano, băng rôn, khẩu hiệu", "banner-panel-slogan"},
    {"pano, khẩu hiệu", "panel-slogan"},
    {"lượt cán bộ", "cadre-dispatch"},
    {"bộ tài liệu", "material-set"},
    {"trang facebook", "social-facebook"},
    {"nhóm zalo", "social-zalo"},
    {"kế hoạch", "plan-issued"},
});

// Single blanks, none at the ends; a hyphen parts words as a blank does.
std::string with_single_blanks(std::string_view text) {
    std::string clean;
    for (const char c : text) {
        const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '-';
        if (!blank) {
            clean += c;
        } else if (!clean.empty() && clean.back() != ' ') {
            clean += ' ';
        }
    }
    if (clean.ends_with(' ')) clean.pop_back();
    return clean;
}

void replace_words(std::string& part, std::string_view variant, std::string_view usual) {
    const std::string wanted = " " + std::string(variant) + " ";
    part = " " + part + " ";
    for (std::size_t at = part.find(wanted); at != std::string::npos;
         at = part.find(wanted, at + usual.size())) {
        part.replace(at + 1, variant.size(), usual);
    }
    part = part.substr(1, part.size() - 2);
}

// The name as the table compares it: its parts ("a, b và c") in one spelling and one order.
std::string usual_form(std::string_view name) {
    const auto folded = to_folded(name);
    if (!folded) return {};
    std::string text = with_single_blanks(*folded);
    replace_words(text, "và", ",");
    std::vector<std::string> parts;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find_first_of(",;"), rest.size());
        std::string part = with_single_blanks(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        for (const auto& [variant, usual] : kVariants) replace_words(part, variant, usual);
        if (!part.empty()) parts.push_back(std::move(part));
    }
    std::ranges::sort(parts);
    std::string form;
    for (const std::string& part : parts) form += (form.empty() ? "" : ", ") + part;
    return form;
}

}  // namespace

std::optional<std::string_view> maybe_activity_called(std::string_view name) {
    static const auto names = [] {
        std::map<std::string, std::string_view, std::less<>> made;
        for (const auto& [called, activity] : kNames) made.emplace(usual_form(called), activity);
        return made;
    }();
    if (name.size() > kNameBytesMax) return std::nullopt;
    const auto found = names.find(usual_form(name));
    if (found == names.end()) return std::nullopt;
    return found->second;
}

std::optional<std::string_view> maybe_activity_sought(std::string_view name) {
    if (const auto called = maybe_activity_called(name)) return called;
    if (name.size() > kNameBytesMax) return std::nullopt;
    const std::string wanted = usual_form(name);
    std::optional<std::string_view> found;
    for (const auto& [called, activity] : kNames) {
        if (match_of(wanted, usual_form(called)) == Match::none) continue;
        if (found && *found != activity) return std::nullopt;
        found = activity;
    }
    return found;
}

}  // namespace lienthong::outreach
