// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it: commas, quoted fields with commas, quotes and newlines, CRLF or LF; a
// byte order mark at the start is passed over. For untrusted text: every limit is checked, nothing
// is guessed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/error.hpp"

namespace lienthong::codec {

inline constexpr std::size_t kFileBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kCsvRecordBytesMax = 64 * 1024;
inline constexpr std::size_t kCsvColumnsMax = 256;
// Broken records before reading stops: each may cost a scan of kCsvRecordBytesMax.
inline constexpr std::size_t kCsvFaultsMax = 1000;

struct CsvRecord {
    std::size_t line = 0;  // on which it begins, from 1
    std::vector<std::string> fields;
};

// One record, or why there is none. After a fault inside a record reading goes on with the next
// line.
struct CsvResult {
    std::size_t line = 0;
    Result<CsvRecord> record;
};

// Reads the records of a text one after the other; empty lines are passed over. The text is
// borrowed. Faults of a record: malformed_input (a quote in a bare field, text after a closing
// quote, no closing quote, a NUL), oversized (more than kCsvRecordBytesMax bytes or kCsvColumnsMax
// fields). After kCsvFaultsMax of them the next result is oversized and the last.
class CsvReader {
  public:
    static Result<CsvReader> open(std::string_view text);  // oversized: more than kFileBytesMax

    // Nothing at the end of the text.
    std::optional<CsvResult> maybe_next();

  private:
    explicit CsvReader(std::string_view text) : text_(text) {}

    bool done() const { return at_ == text_.size(); }
    bool take(char c);
    bool at_end_of_record() const;
    CsvResult next();
    Result<std::string> read_field(std::size_t start);
    Result<std::string> read_quoted(std::size_t start);
    std::unexpected<Error> recover(std::size_t start, Error error);

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t faults_ = 0;
};

}  // namespace lienthong::codec
