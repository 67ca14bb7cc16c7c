// SPDX-License-Identifier: Apache-2.0
// Places where a test may make this program end, fail or wait: around each step after which
// something is on the disk, or has been said to somebody, that was not before. Compiled in only
// with the CMake option LT_FAILPOINTS; without it the macros are nothing, and no name of a place is
// in the program. With it, one place of the environment variable LT_FAILPOINT is armed:
//
//     LT_FAILPOINT=PLACE:before|after:kill|fail|pause[:N]        at the N-th time (1), once
//
// kill: as kill -9. fail: the step's function returns `io`, where it can (FAILPOINT_OR_FAIL).
// pause: the thread stands still for a second. Each says so on standard error first.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace lienthong::failpoint {

inline constexpr std::array<std::string_view, 58> kPlaces{
    // files (bus/base) and the journal
    "file_create",
    "file_write",
    "file_rename",
    "directory_sync",
    "journal_open",
    "journal_tables",
    "journal_acquire",
    "journal_append",
    "journal_commit",
    // the broker
    "broker_start_commit",
    "broker_socket",
    "broker_receive",
    "broker_verify",
    "broker_decide",
    "broker_document",
    "broker_head",
    "broker_group_commit",
    "broker_answers_queued",
    "broker_answer",
    "broker_fetch",
    "broker_statement",
    "broker_cosignature",
    "broker_chunk_taken",
    "broker_chunk_given",
    "broker_collect",
    "broker_bundle",
    // the node
    "node_open",
    "node_welcome",
    "node_send",
    "node_receive",
    "node_outbox_commit",
    "node_batch_store",
    "node_receipt_verify",
    "node_batch_close",
    "node_delivery_check",
    "node_inbox_commit",
    "node_document",
    "node_chunks_sent",
    "node_chunk_stored",
    "node_chunks_complete",
    "node_cosign",
    "node_witnessed",
    "node_restore",
    "node_bundle_export",
    "node_bundle_answer",
    "node_bundle_delivery",
    "node_bundle_import",
    // the command line
    "init_broker",
    "init_node",
    "init_admin",
    "key_saved",
    "keys_installed",
    "document_offered",
    "document_kept",
    "output_written",
    "socket_open",
    "socket_answer",
    "daemon_ready",
};

enum class When : unsigned char { before, after };

// A name that is not in the table does not compile.
consteval std::size_t place(std::string_view name) {
    for (std::size_t i = 0; i < kPlaces.size(); ++i) {
        if (kPlaces[i] == name) return i;
    }
    throw "no such place";
}

// True if the step is to fail. Any thread.
bool reach(std::size_t place, When when);

}  // namespace lienthong::failpoint

#ifdef LT_FAILPOINTS
#define FAILS_AT(name, when)                                            \
    ::lienthong::failpoint::reach(::lienthong::failpoint::place(#name), \
                                  ::lienthong::failpoint::When::when)
#else
#define FAILS_AT(name, when) false
#endif

#define FAILPOINT(name, when) static_cast<void>(FAILS_AT(name, when))

// In a function that returns a Result; bus/base/error.hpp must be known.
#define FAILPOINT_OR_FAIL(name, when)                                                           \
    do {                                                                                        \
        if (FAILS_AT(name, when)) return ::lienthong::fail(::lienthong::Code::io, "failpoint"); \
    } while (false)
