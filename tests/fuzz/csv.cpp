// SPDX-License-Identifier: Apache-2.0
// CSV records alone: reading ends, lines only go forward, and fields that are quoted again are read
// as the same.
#include "adapters/codec/csv.hpp"

#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

using codec::CsvReader;
using codec::CsvRecord;

std::string quoted(const CsvRecord& record) {
    std::string text;
    for (const std::string& field : record.fields) {
        text += text.empty() ? "\"" : ",\"";
        for (const char c : field) text += c == '"' ? std::string("\"\"") : std::string(1, c);
        text += '"';
    }
    return text + "\r\n";
}

void run(BytesView input) {
    auto reader = CsvReader::open(as_text(input));
    CHECK(reader.has_value());
    std::size_t line = 0;
    while (const auto next = reader->maybe_next()) {
        CHECK(next->line > line || (next->line == line && !next->record));
        line = next->line;
        if (!next->record) continue;
        CHECK(next->record->fields.size() <= codec::kCsvColumnsMax);
        const std::string text = quoted(*next->record);
        if (text.size() > codec::kCsvRecordBytesMax) continue;
        auto again = CsvReader::open(text);
        const auto same = again->maybe_next();
        CHECK(same && same->record && same->record->fields == next->record->fields);
        CHECK(!again->maybe_next());
    }
    judge(input, [](BytesView bytes) -> std::optional<Error> {
        auto all = CsvReader::open(as_text(bytes));
        while (const auto next = all->maybe_next()) {
            if (!next->record) return next->record.error();
        }
        return std::nullopt;
    });
}

const Registered registered({"csv", run, 16 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
