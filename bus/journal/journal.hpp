// SPDX-License-Identifier: Apache-2.0
// Journal: the ordered log and, in the same transaction, the tables derived from it.
// It decides nothing. Implementations: lmdb/ (durable), memory/ (tests, simulator), later
// postgres/; one conformance suite (tests/unit/bus/journal/conformance.hpp) holds for all of them.
//
// Thread: one writer thread. Read transactions may be opened on any thread; each is used on the
// thread that opened it, and lives inside one do_work (under 2 s).
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
inline constexpr std::size_t kKeyBytesMax = 500;

// False stops the scan.
using Visit = std::function<bool(BytesView key, BytesView value)>;

class ReadTxn {
  public:
    virtual ~ReadTxn() = default;

    // Values are copied out; bad_checksum if the stored record does not match its CRC32C.
    virtual Result<std::optional<Bytes>> maybe_get(Table table, BytesView key) const = 0;
    // Ascending from the first key >= `from`. The views end with the visit.
    virtual Result<void> scan(Table table, BytesView from, const Visit& visit) const = 0;
    // Descending from the last key < `before` (from the end if `before` is empty).
    virtual Result<void> scan_back(Table table, BytesView before, const Visit& visit) const = 0;

    // The log, as of this transaction.
    virtual Position log_size() const = 0;
    virtual Result<Bytes> entry(Position position) const = 0;  // not_found, bad_checksum
};

class WriteTxn : public ReadTxn {
  public:
    virtual Result<void> put(Table table, BytesView key, BytesView value) = 0;
    virtual Result<void> erase(Table table, BytesView key) = 0;  // absent: nothing happens
    // Appends to the log; returns its position. Refused with `conflict` codes if the epoch that
    // this journal acquired has been superseded.
    virtual Result<Position> append(BytesView entry) = 0;
    // Replaces an entry's bytes in place (erasure and backfill only; the tree keeps its digests).
    virtual Result<void> replace(Position position, BytesView entry) = 0;
    // Returns after the sync. After an error the process must end: nothing is retried in it.
    // A WriteTxn destroyed without commit leaves no trace.
    virtual Result<void> commit() = 0;
};

class Journal {
  public:
    virtual ~Journal() = default;

    // Fences every earlier owner; returns the new epoch's fencing token, greater than all before.
    virtual Result<Epoch> acquire() = 0;
    virtual Result<std::unique_ptr<ReadTxn>> begin_read() = 0;
    virtual Result<std::unique_ptr<WriteTxn>> begin_write() = 0;  // one at a time
    // Number of entries that are durable.
    virtual Position confirmed() const = 0;
    // Bytes in use and the configured limit, for the disk check before each batch.
    virtual Result<std::pair<std::uint64_t, std::uint64_t>> bytes_used_and_max() const = 0;
};

}  // namespace lienthong::journal
