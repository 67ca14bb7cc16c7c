// SPDX-License-Identifier: Apache-2.0
#include "adapters/codec/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace lienthong::codec {
namespace {

Error too_long() {
    return {
        Code::oversized, fmt::format("a line longer than {} bytes", kCsvRecordBytesMax), {}, {}};
}

Error broken(std::string_view why) { return {Code::malformed_input, std::string(why), {}, {}}; }

}  // namespace

Result<CsvReader> CsvReader::open(std::string_view text) {
    if (text.size() > kFileBytesMax) {
        return fail(Code::oversized, fmt::format("a file of more than {} bytes", kFileBytesMax));
    }
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    return CsvReader(text);
}

std::optional<CsvResult> CsvReader::maybe_next() {
    while (!done()) {
        if (take('\n')) {
            ++line_;
            continue;
        }
        CsvResult result = next();
        if (!result.record) {
            if (++faults_ > kCsvFaultsMax) {
                result.record = fail(Code::oversized, "too many broken lines: reading stops here");
                at_ = text_.size();
            }
            return result;
        }
        const std::vector<std::string>& fields = result.record->fields;
        if (fields.size() > 1 || !fields.front().empty()) return result;
    }
    return std::nullopt;
}

bool CsvReader::take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
}

bool CsvReader::at_end_of_record() const {
    if (done() || text_[at_] == '\n') return true;
    return text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n');
}

CsvResult CsvReader::next() {
    const std::size_t start = at_;
    const std::size_t line = line_;
    CsvRecord record{.line = line, .fields = {}};
    while (true) {
        Result<std::string> field = read_field(start);
        if (!field) return {line, recover(start, std::move(field.error()))};
        if (at_ - start > kCsvRecordBytesMax) return {line, recover(start, too_long())};
        if (record.fields.size() == kCsvColumnsMax) {
            Error error{
                Code::oversized, fmt::format("more than {} fields", kCsvColumnsMax), {}, {}};
            return {line, recover(start, std::move(error))};
        }
        record.fields.push_back(std::move(*field));
        if (take(',')) continue;
        take('\r');
        if (take('\n')) ++line_;
        return {line, std::move(record)};
    }
}

Result<std::string> CsvReader::read_field(std::size_t start) {
    if (take('"')) return read_quoted(start);
    const std::size_t from = at_;
    while (!at_end_of_record() && text_[at_] != ',') {
        if (text_[at_] == '"') {
            return std::unexpected(broken("a quote inside a field that is not quoted"));
        }
        if (text_[at_] == '\0') return std::unexpected(broken("a NUL character"));
        if (at_ - start > kCsvRecordBytesMax) return std::unexpected(too_long());
        ++at_;
    }
    return std::string(text_.substr(from, at_ - from));
}

Result<std::string> CsvReader::read_quoted(std::size_t start) {
    std::string field;
    while (!done()) {
        if (at_ - start > kCsvRecordBytesMax) return std::unexpected(too_long());
        const char c = text_[at_++];
        if (c == '\0') return std::unexpected(broken("a NUL character"));
        if (c == '\n') ++line_;
        if (c != '"') {
            field.push_back(c);
        } else if (take('"')) {
            field.push_back('"');
        } else if (at_end_of_record() || text_[at_] == ',') {
            return field;
        } else {
            return std::unexpected(broken("text after the closing quote of a field"));
        }
    }
    return std::unexpected(broken("a quoted field without its closing quote"));
}

// Goes on after the first line of the broken record, so that one missing quote does not hide the
// rest of the file.
std::unexpected<Error> CsvReader::recover(std::size_t start, Error error) {
    const std::string_view passed = text_.substr(start, at_ - start);
    line_ -= static_cast<std::size_t>(std::ranges::count(passed, '\n'));
    const std::size_t end = text_.find('\n', start);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    ++line_;
    return std::unexpected(std::move(error));
}

}  // namespace lienthong::codec
