// SPDX-License-Identifier: Apache-2.0
// Codec: the text that people and their programs write (JSON, JSON Lines, CSV) to the plaintext of
// sections, and back. For untrusted text: sizes, depth, ranges, names of fields and of enumerations
// are checked, strings are brought to NFC, and every result has passed message::check_section.
// `where` of an error is "line 3", "line 3, column participants" or "line 3,
// report.figures[0].low". No I/O, no state; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/codec/csv.hpp"
#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"
#include "bus/message/kind.hpp"

namespace lienthong::codec {

inline constexpr std::size_t kJsonBytesMax = 4 * 1024 * 1024;      // of one object that is read
inline constexpr std::size_t kJsonOutBytesMax = 64 * 1024 * 1024;  // of one that is written
inline constexpr std::size_t kJsonDepthMax = 16;
inline constexpr std::size_t kLinesMax = 100'000;
inline constexpr std::size_t kKeyBytesMax = 200;

// One message to be published, as far as its text says.
struct Draft {
    message::Kind kind = message::Kind::none;
    // Idempotency: the text's own key, else line_key() of the line. The caller may hash it.
    std::string key;
    bool has_key = false;   // the text has one of its own
    std::string canonical;  // what the line says apart from its key; equal text, equal content
    std::vector<std::pair<std::string, Bytes>> sections;  // name, plaintext
    std::size_t line = 0;
    std::string unit;  // reporting unit, as text; the caller knows which id that is, if any
};

// One line: its draft, or why there is none. The other lines are not touched by that.
struct LineResult {
    std::size_t line = 0;
    Result<Draft> draft;
};

// The key of a line that brings none: made of the kind, the canonical text and the ordinal among
// equal lines of one file (from 0), so that the same file again gives the same keys.
std::string line_key(message::Kind kind, std::string_view canonical, std::size_t ordinal);

// JSON Lines. One line is {"key"?: "…", "unit"?: "…", "sections": {"report": {…}}}; the fields of a
// section are those of its root table in schemas/, enumerations by their names, bytes in base64;
// null and absent are the same. The whole: oversized, bad_argument (no such kind). A line:
// malformed_input, oversized, too_deep, malformed_section, bad_argument (a section of which the
// kind knows nothing).
Result<std::vector<LineResult>> read_jsonl(message::Kind kind, std::string_view text);

struct PlaceCode {
    std::string code;
    std::string vintage;  // yyyy-mm-dd; may be empty
};

// How a spreadsheet's words become ids; an empty function knows nothing.
struct CsvOptions {
    // An agency by its slug or name; a text that it does not know stays a text.
    std::function<std::optional<AgencyId>(std::string_view)> agency;
    // The code that a territory of that name had on a day: the last of the row's period, or its
    // as-of date (yyyy-mm-dd; empty if the row has neither).
    std::function<std::optional<PlaceCode>(std::string_view name, std::string_view day)> territory;
    // The id of a joint activity ([a-z0-9-]{1,64}) from what identifies it; the same for the same
    // text. Without it joint activities get none.
    std::function<std::string(std::string_view)> mint;
    // The publishing agency. A row whose `reporter` is another is refused (wrong_sender); empty:
    // any.
    AgencyId reporter;
    // Rows of another kind or reporter are passed over instead of refused.
    bool skip_others = false;
};

// CSV with a header row, one message with one figure a row, for the kinds with figures. Columns:
// key, figure, message, reporter, unit, activity, activity_vi, activity_en, low, high, qualifier,
// measure, measure_unit, participants, participants_qualifier, participants_kind, stock_or_flow,
// integrated, lead, implementers, funder, partners, audience_vi, territory, period, as_of,
// campaign, channels, topics, document_number, joint_activity, note, cell; only `activity` must be
// there, another name is an error of the whole. An activity may be called by its Vietnamese name in
// any spelling (outreach::maybe_activity_called); where it is empty, what was counted (`measure`)
// names it. Several values in a cell are separated by ';'. Numbers are written as Vietnamese
// reports do (17.121). The whole: oversized, malformed_input (header row), bad_argument (a kind
// without figures). A row: malformed_input, oversized, wrong_sender, malformed_section.
Result<std::vector<LineResult>> read_csv(message::Kind kind,
                                         std::string_view text,
                                         const CsvOptions& options = {});

// The plaintext of a section from a JSON object. malformed_input, oversized, too_deep,
// malformed_section, each with the path of the field in `where`.
Result<Bytes> section_from_json(const message::SectionType& type, std::string_view json);

// Checks the bytes (message::check_section), then gives them as one JSON object with the fields
// that are present. malformed_section, oversized (also of the text), too_deep.
Result<std::string> section_to_json(const message::SectionType& type, BytesView plaintext);

}  // namespace lienthong::codec
