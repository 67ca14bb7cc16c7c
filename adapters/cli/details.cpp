// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/details.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <system_error>
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
constexpr std::string_view kTwice = ": At Most 1 required but received ";
constexpr std::array kLeading = std::to_array<Pair>({
    {"The following argument was not expected: ", "thừa tham số: "},
    {"The following arguments were not expected: ", "thừa tham số: "},
    {"not the home of a node: ", "không phải thư mục của nút: "},
    {"not the home of a broker: ", "không phải thư mục của máy chủ trục: "},
    {"no such directory: ", "không có thư mục này: "},
    {"no place of this name or code: ", "không có địa bàn tên hoặc mã này: "},
    {"no activity of this name or id: ", "không có hoạt động tên hoặc mã này: "},
    {"several places are called so: ", "nhiều địa bàn có tên này: "},
    {"the kinds with a like name: ", "các loại có tên gần giống: "},
    {"the kinds: ", "các loại: "},
});

// What the system was asked for, as "open: …" says it (bus/base/file.cpp).
constexpr std::array kCalls = std::to_array<Pair>({
    {"open", "mở"},
    {"create", "tạo"},
    {"stat", "xem"},
    {"read", "đọc"},
    {"write", "ghi"},
    {"sync", "ghi xuống đĩa"},
    {"rename", "đổi tên"},
    {"chmod", "đặt quyền truy cập"},
    {"lock", "khóa tệp"},
});

struct SystemError {
    int number = 0;
    std::string_view vi;
};
constexpr std::array kSystemErrors = std::to_array<SystemError>({
    {ENOENT, "không có tệp hoặc thư mục này"},
    {EACCES, "không được phép truy cập"},
    {EPERM, "không được phép làm việc này"},
    {EEXIST, "đã có sẵn"},
    {EISDIR, "là thư mục"},
    {ENOTDIR, "không phải thư mục"},
    {ENOTEMPTY, "thư mục không trống"},
    {ENOSPC, "ổ đĩa đã đầy"},
    {EDQUOT, "đã hết hạn mức ổ đĩa"},
    {EFBIG, "tệp quá lớn"},
    {EROFS, "hệ thống tệp chỉ cho đọc"},
    {EIO, "ổ đĩa báo lỗi đọc hoặc ghi"},
    {EBUSY, "đang được dùng"},
    {ENAMETOOLONG, "tên quá dài"},
    {ELOOP, "quá nhiều liên kết tượng trưng"},
    {EMFILE, "tiến trình mở quá nhiều tệp"},
    {ENFILE, "hệ thống mở quá nhiều tệp"},
    {ENOMEM, "không đủ bộ nhớ"},
    {EADDRINUSE, "địa chỉ đang được dùng"},
    {EADDRNOTAVAIL, "máy này không có địa chỉ đó"},
    {ECONNREFUSED, "bị từ chối kết nối"},
});

// "open: No such file or directory", or the call alone.
std::optional<std::string> maybe_system_error(std::string_view detail) {
    const std::size_t colon = detail.rfind(": ");
    const std::string_view call = detail.substr(0, colon);
    const auto* known = std::ranges::find(kCalls, call, &Pair::first);
    const std::string said(known == kCalls.end() ? call : known->second);
    if (colon == std::string_view::npos) {
        return known == kCalls.end() ? std::nullopt : std::optional(said);
    }
    const std::string_view reason = detail.substr(colon + 2);
    for (const SystemError& error : kSystemErrors) {
        if (std::generic_category().message(error.number) != reason) continue;
        return said + ": " + std::string(error.vi);
    }
    return std::nullopt;
}

// What to do where the code's own advice is too general; by what the detail begins with.
struct Advice {
    std::string_view detail;
    Words words;
};
constexpr Words kHomeAdvice = {
    "kiểm tra đường dẫn; thư mục được tạo bằng: lienthong init --setup DIR --home DIR",
    "check the path; homes are made by: lienthong init --setup DIR --home DIR"};
constexpr Words kKindAdvice = {"ghi một trong các loại được nêu", "give one of the kinds named"};
constexpr std::array kAdvice = std::to_array<Advice>({
    {"no such directory: ", kHomeAdvice},
    {"not the home of a ", kHomeAdvice},
    {"no place of this name or code: ",
     {"xem địa bàn trong sổ đăng ký: lienthong registry show",
      "see the places of the registry: lienthong registry show"}},
    {"no activity of this name or id: ",
     {"bỏ --activity để xem mọi hoạt động đã được báo cáo",
      "leave out --activity to see every activity that was reported"}},
    {"several places are called so: ",
     {"ghi tên đầy đủ hoặc mã của một nơi", "give the whole name or the code of one of them"}},
    {"the kinds with a like name: ", kKindAdvice},
    {"the kinds: ", kKindAdvice},
    {"is of another kind",
     {"dùng --skip-others để bỏ qua các dòng của loại khác",
      "--skip-others passes over the rows of other kinds"}},
    {"is another agency's report",
     {"dùng --skip-others để bỏ qua các dòng của cơ quan khác",
      "--skip-others passes over the rows of other agencies"}},
    {"only sections",
     {"đặt các mục của thông điệp trong \"sections\"",
      "put the sections of the message under \"sections\""}},
    {"must have sections",
     {"tệp có dạng {\"sections\": {…}}", "the file has the form {\"sections\": {…}}"}},
    {"the registry has no such officer of this agency",
     {"kiểm tra --officer; cán bộ mới được thêm vào sổ đăng ký bằng: lienthong registry adopt",
      "check --officer; a new officer is added to the registry: lienthong registry adopt"}},
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
    if (const std::size_t option = detail.find(kTwice); option != std::string_view::npos) {
        return std::string(detail.substr(0, option)) + " chỉ được ghi một lần";
    }
    if (auto bound = maybe_bound(detail)) return *std::move(bound);
    if (auto error = maybe_system_error(detail)) return *std::move(error);
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
    if (lang == Lang::vi && grant == kOfficerGrant) return "cán bộ có chức năng tra cứu (query)";
    const std::size_t end = std::min(grant.find(' '), grant.size());
    const auto* found = std::ranges::find(kActions, grant.substr(0, end), &Pair::first);
    if (lang == Lang::en || found == kActions.end()) return std::string(grant);
    return std::string(found->second) + std::string(grant.substr(end));
}

std::string advice_of(const Error& error, Lang lang) {
    for (const Advice& one : kAdvice) {
        if (error.detail.starts_with(one.detail)) return std::string(one.words.in(lang));
    }
    const CodeInfo& known = info(error.code);
    return std::string(lang == Lang::vi ? known.do_vi : known.do_en);
}

std::string words_of(const Error& error, Lang lang) {
    const CodeInfo& known = info(error.code);
    std::string words(lang == Lang::vi ? known.what_vi : known.what_en);
    if (!error.detail.empty()) words += ": " + detail_in(error.detail, lang);
    return words;
}

}  // namespace lienthong::cli
