// SPDX-License-Identifier: Apache-2.0
// Error: what went wrong in the world outside the program, as a value.
// An Errc says what the caller can do; a Code says exactly what happened. Both are stable: never
// renamed or renumbered (Code travels on the wire). The table in error.cpp gives each Code its text
// name, its Errc and its words in Vietnamese and English.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lienthong {

enum class Errc : std::uint8_t {
    malformed,        // the input is not what the format says; sending it again is no use
    unsupported,      // well formed, but of a version or kind that this program does not know
    unauthenticated,  // the proof of who said it does not hold
    forbidden,        // known who, and not allowed
    not_found,        // an own thing that is not there; never used about another agency's case
    conflict,         // contradicts what is already recorded
    overloaded,       // a limit is reached; later it may succeed
    timeout,          // no answer in time; it may have succeeded: retry with the same id
    io,               // disk, socket or file refused
    corrupt,          // stored data contradicts its own checksums or proofs
};

enum class Code : std::uint16_t {
    // malformed
    malformed_frame = 1,
    malformed_header = 2,
    malformed_descriptor = 3,
    malformed_proof = 4,
    malformed_section = 5,
    malformed_document = 6,
    malformed_input = 7,
    malformed_config = 8,
    oversized = 9,
    too_deep = 10,
    bad_argument = 11,
    malformed_key = 12,
    // unsupported
    unknown_version = 30,
    unknown_kind = 31,
    unknown_operation = 32,
    unknown_suite = 33,
    // unauthenticated
    bad_signature = 50,
    bad_digest = 51,
    bad_commitment = 52,
    unknown_key = 53,
    expired_key = 54,
    revoked_key = 55,
    wrong_sender = 56,
    wrong_bus = 57,
    bad_certificate = 58,
    weak_suite = 59,
    threshold_not_met = 60,
    bad_passphrase = 61,
    // forbidden
    forbidden = 80,
    wrong_audience = 81,
    classified_matter = 82,
    unsafe_mode = 83,
    // not found
    not_found = 100,
    unknown_agency = 101,
    // conflict
    id_conflict = 120,
    key_conflict = 121,
    case_conflict = 122,
    sequence_gap = 123,
    stream_closed = 124,
    wrong_stream = 125,
    rollback = 126,
    expired_message = 127,
    illegal_move = 128,
    over_capacity = 129,
    already_running = 130,
    already_exists = 131,
    stale_policy = 132,
    head_conflict = 133,
    // overloaded: retriable
    overloaded = 150,
    disk_full = 151,
    class_limit = 152,
    stale_audience = 153,
    chunks_missing = 154,
    not_reached = 155,
    expired_policy = 156,
    stale_registry = 157,
    // timeout
    timeout = 170,
    unreachable = 171,
    // io
    io = 190,
    no_such_file = 191,
    // corrupt
    corrupt = 210,
    bad_checksum = 211,
    bad_root = 212,
    stream_gap = 213,
    locked = 214,
    erased = 215,
};

struct CodeInfo {
    Code code;
    std::string_view name;
    Errc errc;
    bool retriable;  // as a verdict: the message keeps its number and may be sent again
    std::string_view what_en;
    std::string_view what_vi;
    std::string_view do_en;
    std::string_view do_vi;
};

// Every code there is, in ascending order of its number.
std::span<const CodeInfo> all_codes();
const CodeInfo& info(Code code);
std::optional<Code> maybe_code(std::uint16_t number);
std::string_view name(Errc errc);

// What happened (code), to which thing (where: a field, line, file or key; never personal data),
// and a detail in English for the operator. `detail` and `where` never hold payload, names or keys.
struct Error {
    Code code;
    std::string detail;
    std::string where;
    std::string grant_missing;  // only where the missing grant does not depend on a case

    Errc errc() const { return info(code).errc; }
    bool retriable() const { return info(code).retriable; }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string detail = {}, std::string where = {}) {
    return std::unexpected(Error{code, std::move(detail), std::move(where), {}});
}

// Exit code of a command that ends with this error: 3 malformed, 4 refused, 5 conflict, 6 retry
// later, 7 corrupt.
int exit_code(Errc errc);

}  // namespace lienthong
