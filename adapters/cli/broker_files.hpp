// SPDX-License-Identifier: Apache-2.0
// A broker's home looked at from outside: run.json and metrics while it runs, its data read-only
// when it does not. A running broker's database has one owner and is never opened by another.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>

#include "adapters/cli/command.hpp"
#include "bus/core/entry.hpp"

namespace lienthong::cli {

struct BrokerLook {
    bool running = false;
    std::uint64_t log_size = 0;
    std::optional<Hash> root;  // nothing, with versions 0: only its metrics could be read
    std::uint32_t registry_version = 0;
    std::uint32_t policy_version = 0;
};

// malformed_config, io, corrupt.
Result<BrokerLook> look_at_broker(Environment& environment, const std::filesystem::path& home);

// Gives each entry from `from` until the visit says false; it may begin again from there if a copy
// was torn, so the visitor must take positions that come again. oversized, io, corrupt.
using VisitEntry = std::function<bool(Position, const core::Entry&)>;
Result<void> read_broker_log(const std::filesystem::path& home,
                             Position from,
                             const VisitEntry& visit);

}  // namespace lienthong::cli
