// SPDX-License-Identifier: Apache-2.0
// Journal: the ordered log and, in the same transaction, the tables derived from it.
// It decides nothing. Implementations: LMDB (durable), memory (tests, simulator), later
// PostgreSQL; one conformance suite (tests/unit/bus/journal/conformance.hpp) holds for all of them.
//
// Thread: one writer thread. Read transactions may be opened on any thread; each is used on the
// thread that opened it, and lives inside one do_work (under 2 s). Transactions end before their
// journal does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::journal {

// Index into the names that the owner gave at open; the owner defines an enumeration for it.
using Table = std::uint8_t;
inline constexpr std::size_t kTablesMax = 48;
inline constexpr std::size_t kKeyBytesMax = 500;                      // and at least 1
inline constexpr std::size_t kValueBytesMax = std::size_t{16} << 20;  // entries too

// False stops the scan. The views are not aligned: copy before reading structures from them. The
// visit may read, but must not write to the transaction that is scanned: collect first.
using Visit = std::function<bool(BytesView key, BytesView value)>;

class ReadTxn {
  public:
    virtual ~ReadTxn() = default;

    // Values are copied out; bad_argument for a key that could not be put; bad_checksum if the
    // stored record does not match its CRC32C.
    virtual Result<std::optional<Bytes>> maybe_get(Table table, BytesView key) const = 0;
    // Ascending from the first key >= `from`. The views end with the visit.
    virtual Result<void> scan(Table table, BytesView from, const Visit& visit) const = 0;
    // Descending from the last key < `before` (from the end if `before` is empty).
    virtual Result<void> scan_back(Table table, BytesView before, const Visit& visit) const = 0;

    // The log, as of this transaction.
    virtual Position log_size() const = 0;
    virtual Result<Bytes> entry(Position position) const = 0;  // not_found, bad_checksum
};

// After disk_full, io or corrupt the transaction is spent: commit() returns that error and
// leaves no trace. bad_argument, oversized, not_found and a fenced
// append change nothing: the transaction goes on.
class WriteTxn : public ReadTxn {
  public:
    // bad_argument (key), oversized (value), disk_full.
    virtual Result<void> put(Table table, BytesView key, BytesView value) = 0;
    virtual Result<void> erase(Table table, BytesView key) = 0;  // absent: nothing happens
    // Appends to the log; returns its position. oversized, disk_full; already_running if the epoch
    // that this journal acquired is not the one stored: another owner came later, or this one never
    // acquired in a log that once had an owner.
    virtual Result<Position> append(BytesView entry) = 0;
    // Replaces an entry's bytes in place (erasure and backfill only; the tree keeps its digests).
    // not_found, oversized, disk_full.
    virtual Result<void> replace(Position position, BytesView entry) = 0;
    // Returns after the sync; ends the transaction. already_running as for append: fenced owners
    // change nothing at all. After disk_full or io the process must end: nothing is retried in it,
    // and the journal refuses everything. The commit may then have happened or not.
    // A WriteTxn destroyed without commit leaves no trace.
    virtual Result<void> commit() = 0;
};

class Journal {
  public:
    virtual ~Journal() = default;

    // Fences every earlier owner; returns the new epoch's fencing token, greater than all before.
    virtual Result<Epoch> acquire() = 0;
    // overloaded (too many at once), io.
    virtual Result<std::unique_ptr<ReadTxn>> begin_read() = 0;
    // One at a time (checked). forbidden if opened read-only, io.
    virtual Result<std::unique_ptr<WriteTxn>> begin_write() = 0;
    // Number of entries that are durable.
    virtual Position confirmed() const = 0;
    // Bytes in use, and the smaller of the configured limit and what the disk still has room for;
    // for the disk check before each batch: on the writer's thread, cheap, and exact near the
    // limit.
    virtual Result<std::pair<std::uint64_t, std::uint64_t>> bytes_used_and_max() const = 0;
};

}  // namespace lienthong::journal
