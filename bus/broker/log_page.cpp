// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/log_page.hpp"

#include <algorithm>

namespace lienthong::broker {

Result<std::vector<core::Entry>> read_page(const journal::ReadTxn& txn,
                                           Position from,
                                           std::size_t count_max) {
    std::vector<core::Entry> entries;
    const std::size_t count = std::min(count_max, kPageEntriesMax);
    std::size_t size = 0;
    for (Position at = from; at < txn.log_size() && entries.size() < count && size < kPageBytesMax;
         ++at) {
        auto bytes = txn.entry(at);
        if (!bytes) return std::unexpected(bytes.error());
        size += bytes->size();
        auto entry = core::parse_entry(*bytes);
        if (!entry) return std::unexpected(entry.error());
        entries.push_back(std::move(*entry));
    }
    return entries;
}

}  // namespace lienthong::broker
