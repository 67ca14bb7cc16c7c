// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/details.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "adapters/cli/detail_words.hpp"

namespace lienthong::cli {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;  // English, Vietnamese

// What details and places begin with; the rest stays.
constexpr std::array kBeginnings = std::to_array<Pair>({
    {"line ", "dòng "},
    {"column ", "cột "},
});

// "more than 16 levels"
std::optional<std::string> maybe_bound(std::string_view detail) {
    constexpr std::array kOver = std::to_array<Pair>({
        {"more than ", "nhiều hơn "},
        {"a file of more than ", "tệp có nhiều hơn "},
    });
    constexpr std::array kWhat = std::to_array<Pair>({
        {" bytes", " byte"},
        {" levels", " cấp"},
        {" lines", " dòng"},
    });
    for (const auto& [over, over_vi] : kOver) {
        for (const auto& [what, what_vi] : kWhat) {
            if (!detail.starts_with(over) || !detail.ends_with(what)) continue;
            const std::string_view number =
                detail.substr(over.size(), detail.size() - over.size() - what.size());
            return std::string(over_vi) + std::string(number) + std::string(what_vi);
        }
    }
    return std::nullopt;
}

// What CLI11 says, with the name of an option or a word in it.
constexpr std::string_view kRequired = " is required";
constexpr std::array kLeading = std::to_array<Pair>({
    {"The following argument was not expected: ", "thừa tham số: "},
    {"The following arguments were not expected: ", "thừa tham số: "},
    {"not the home of a node: ", "không phải thư mục của nút: "},
    {"not the home of a broker: ", "không phải thư mục của máy chủ trục: "},
});

constexpr std::array kActions = std::to_array<Pair>({
    {"publish", "gửi"},
    {"read", "đọc"},
    {"query", "hỏi"},
});

}  // namespace

std::string detail_in(std::string_view detail, Lang lang) {
    if (lang == Lang::en) return std::string(detail);
    const std::span<const DetailWords> table = detail_words();
    const auto known = std::ranges::find(table, detail, &DetailWords::en);
    if (known != table.end()) return std::string(known->vi);
    if (detail.ends_with(kRequired)) {
        detail.remove_suffix(kRequired.size());
        return "thiếu " + (detail == "A subcommand" ? "lệnh" : std::string(detail));
    }
    if (auto bound = maybe_bound(detail)) return *std::move(bound);
    for (const auto& [english, vietnamese] : kLeading) {
        if (!detail.starts_with(english)) continue;
        return std::string(vietnamese) + std::string(detail.substr(english.size()));
    }
    return place_in(detail, lang);
}

std::string place_in(std::string_view where, Lang lang) {
    std::string text;
    while (!where.empty()) {
        const std::size_t comma = where.find(", ");
        const std::size_t end = comma == std::string_view::npos ? where.size() : comma + 2;
        std::string_view part = where.substr(0, end);
        where.remove_prefix(end);
        for (const auto& [english, vietnamese] : kBeginnings) {
            if (lang == Lang::en || !part.starts_with(english)) continue;
            text += vietnamese;
            part.remove_prefix(english.size());
        }
        text += part;
    }
    return text;
}

std::string grant_in(std::string_view grant, Lang lang) {
    const std::size_t end = std::min(grant.find(' '), grant.size());
    const auto* found = std::ranges::find(kActions, grant.substr(0, end), &Pair::first);
    if (lang == Lang::en || found == kActions.end()) return std::string(grant);
    return std::string(found->second) + std::string(grant.substr(end));
}

std::string words_of(const Error& error, Lang lang) {
    const CodeInfo& known = info(error.code);
    std::string words(lang == Lang::vi ? known.what_vi : known.what_en);
    if (!error.detail.empty()) words += ": " + detail_in(error.detail, lang);
    return words;
}

}  // namespace lienthong::cli
