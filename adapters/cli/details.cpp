// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/details.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lienthong::cli {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;  // English, Vietnamese

// Whole details.
constexpr std::array kDetails = std::to_array<Pair>({
    // what a command line says
    {"must be a whole number", "phải là số nguyên không âm"},
    {"must be UTF-8", "phải là UTF-8"},
    {"must be vi or en", "phải là vi hoặc en"},
    {"at most 3600 seconds", "nhiều nhất 3600 giây"},
    {"no such command", "không có lệnh này"},
    {"no such file", "không có tệp này"},
    {"the file is there already", "tệp đã có sẵn"},
    {"a file must be given", "phải chỉ ra một tệp"},
    {"the home of a node or broker must be given",
     "phải chỉ ra thư mục của nút hoặc của máy chủ trục"},
    {"must be a message id", "phải là mã thông điệp"},
    {"must be a case id", "phải là mã hồ sơ"},
    {"must be a date, yyyy-mm-dd", "phải là ngày, dạng yyyy-mm-dd"},
    {"must be csv or jsonl", "phải là csv hoặc jsonl"},
    {"either --year or --period", "chỉ dùng một trong --year và --period"},
    {"either --yes or --decline", "chỉ dùng một trong --yes và --decline"},
    {"either --given or --withdrawn", "dùng một trong --given và --withdrawn"},
    {"a period must be given", "phải chỉ ra kỳ"},
    {"how many persons are taken in", "cần số người được tiếp nhận"},
    {"whom the consent is for", "cần cơ quan được đồng ý"},
    {"too large", "quá lớn"},
    {"see --help", "xem --help"},
    {"a message of a case: see lienthong case", "thông điệp của hồ sơ: xem lienthong case"},
    {"a kind without figures", "loại thông điệp không có số liệu"},
    {"no registry or policy has arrived yet", "chưa nhận được sổ đăng ký hoặc chính sách"},
    {"2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 or 2021-01-01/2021-12-31",
     "2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 hoặc 2021-01-01/2021-12-31"},
    // what stands in files
    {"a period is 2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 or 2021-01-01/2021-12-31",
     "kỳ là 2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 hoặc 2021-01-01/2021-12-31"},
    {"a date is yyyy-mm-dd and stands in the calendar", "ngày có dạng yyyy-mm-dd và có trong lịch"},
    {"the period ends before it begins", "kỳ kết thúc trước khi bắt đầu"},
    {"has no header row", "không có dòng tiêu đề"},
    {"the header row must name the column activity", "dòng tiêu đề phải có cột activity"},
    {"no such column", "không có cột này"},
    {"the column stands twice", "cột xuất hiện hai lần"},
    {"is not UTF-8", "không phải UTF-8"},
    {"holds a control character", "có ký tự điều khiển"},
    {"is too long", "quá dài"},
    {"is another agency's report", "là báo cáo của cơ quan khác"},
    {"is of another kind", "thuộc loại thông điệp khác"},
    {"is no kind of message", "không phải loại thông điệp"},
    {"must be yes or no", "phải là có hoặc không"},
    {"must be an object", "phải là đối tượng JSON"},
    {"must be a text", "phải là chuỗi ký tự"},
    {"not a JSON object", "không phải đối tượng JSON"},
    {"no such field", "không có trường này"},
    {"only sections", "chỉ được có sections"},
    {"must have sections", "phải có sections"},
    {"the kind has no such section", "loại thông điệp không có mục này"},
    {"the section must be there", "phải có mục này"},
    {"a required section is missing", "thiếu mục bắt buộc"},
    {"the section is there twice", "mục xuất hiện hai lần"},
    {"contradicts the option", "trái với tùy chọn của lệnh"},
    {"contradicts the facts", "trái với dữ kiện"},
    // what a section says
    {"must be stated", "phải nêu"},
    {"must be a name", "phải là tên ([a-z0-9-])"},
    {"must be a date yyyy-mm-dd", "phải là ngày, dạng yyyy-mm-dd"},
    {"is not in the list of codes", "không có trong danh mục mã"},
    {"must not be negative", "không được âm"},
    {"must not be above the high value", "không được lớn hơn giá trị cao"},
    {"a range needs both ends", "khoảng phải có cả hai đầu"},
    {"a number that is not stated has no value", "số không nêu thì không có giá trị"},
    {"only a range has another high value", "chỉ khoảng mới có giá trị cao khác"},
    {"must not be before the start", "không được trước ngày bắt đầu"},
    {"does not fit its dates", "không khớp với ngày của kỳ"},
    {"needs a period or an as-of date", "cần kỳ hoặc ngày chốt số liệu"},
    {"needs a figure or more", "cần ít nhất một số liệu"},
    {"must be one of a stated number", "phải là của một số đã nêu"},
    // what a node says
    {"the outbox is full", "hộp gửi đã đầy"},
    {"the disk is nearly full", "ổ đĩa sắp đầy"},
    {"no connection to the broker", "không kết nối được máy chủ trục"},
    {"connection lost", "mất kết nối"},
    {"the node has stopped", "nút đã dừng"},
    {"not granted, or not in this message", "không được xem, hoặc thông điệp không có"},
    {"no such message here", "ở đây không có thông điệp này"},
    {"this kind belongs to a case", "loại thông điệp này thuộc một hồ sơ"},
    {"the message to correct has not been accepted yet",
     "thông điệp cần đính chính chưa được nhận"},
});

// What details and places begin with; the rest stays.
constexpr std::array kBeginnings = std::to_array<Pair>({
    {"line ", "dòng "},
    {"column ", "cột "},
});

// What CLI11 says, with the name of an option or a word in it.
constexpr std::string_view kRequired = " is required";
constexpr std::array kUnexpected = std::to_array<Pair>({
    {"The following argument was not expected: ", "thừa tham số: "},
    {"The following arguments were not expected: ", "thừa tham số: "},
});

constexpr std::array kActions = std::to_array<Pair>({
    {"publish", "gửi"},
    {"read", "đọc"},
    {"query", "hỏi"},
});

}  // namespace

std::string detail_in(std::string_view detail, Lang lang) {
    if (lang == Lang::en) return std::string(detail);
    const auto* found = std::ranges::find(kDetails, detail, &Pair::first);
    if (found != kDetails.end()) return std::string(found->second);
    if (detail.ends_with(kRequired)) {
        detail.remove_suffix(kRequired.size());
        return "thiếu " + (detail == "A subcommand" ? "lệnh" : std::string(detail));
    }
    for (const auto& [english, vietnamese] : kUnexpected) {
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
