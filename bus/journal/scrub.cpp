// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/scrub.hpp"

#include "bus/base/check.hpp"

namespace lienthong::journal {

Result<std::uint64_t> scrub(const ReadTxn& txn,
                            std::size_t tables,
                            const std::function<void(const ScrubFault&)>& on_fault) {
    CHECK(tables <= kTablesMax);
    std::uint64_t records = 0;
    for (Position position = 0; position < txn.log_size(); ++position) {
        auto entry = txn.entry(position);
        if (!entry) {
            // A position inside the log that is not there is damage, not an absence.
            if (entry.error().code == Code::not_found) entry.error().code = Code::corrupt;
            on_fault({std::nullopt, position, entry.error()});
            return std::unexpected(entry.error());
        }
        ++records;
    }
    for (std::size_t index = 0; index < tables; ++index) {
        const auto table = static_cast<Table>(index);
        Position good = 0;
        auto scanned = txn.scan(table, {}, [&good](BytesView, BytesView) {
            ++good;
            return true;
        });
        if (!scanned) {
            on_fault({table, good, scanned.error()});
            return std::unexpected(scanned.error());
        }
        records += good;
    }
    return records;
}

}  // namespace lienthong::journal
