// SPDX-License-Identifier: Apache-2.0
// Audit: reads a broker's data directory (a copy) and checks what can be checked without any key:
// checksums and pages, every leaf against the tree, every signed head, every batch signature under
// the registry of its position, streams without gaps, documents of record.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "bus/base/bytes.hpp"
#include "bus/base/ids.hpp"

namespace lienthong::audit {

struct Fault {
    Position position = 0;  // of the first entry that cannot be trusted
    Code code = Code::corrupt;
    std::string detail;
};

struct Verdict {
    bool ok = false;
    std::uint64_t entries = 0;
    Hash root;
    Hash administrators;  // SHA-256 of the list that stands first in the copy, as signed
    std::optional<Fault> first_fault;
};

// Called now and then with entries done and entries in all.
using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

// Everything hangs from the first administrators' list. `administrators` is its digest as the
// caller knows it from elsewhere (nodes have it in their configuration): a copy that begins with
// another one has its fault there. Without it the copy's own list is believed, and a log that
// somebody made up as a whole verifies. An error only if the directory cannot be read at all
// (no_such_file, io); damage is a verdict.
Result<Verdict> verify(const std::filesystem::path& directory,
                       const std::optional<Hash>& administrators,
                       const Progress& progress);

}  // namespace lienthong::audit
