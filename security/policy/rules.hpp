// SPDX-License-Identifier: Apache-2.0
// The rules that a policy must keep, wherever it came from. Inside security/policy.
#pragma once

#include "security/policy/policy.hpp"

namespace lienthong::policy {

inline constexpr std::size_t kReasonBytesMax = 500;

struct Flaw {
    Code code = Code::malformed_document;
    std::string_view key;  // as in the TOML: "grant.kinds" without "grant."
    std::string rule;
};

// What is wrong with one grant in itself. `declared`: as PolicyData::roles.
std::optional<Flaw> maybe_flaw(const Grant& grant, const std::vector<Role>& declared);
// malformed_document, unknown_kind; `where` is "grant <id>".
Result<void> check_rules(const PolicyData& data);

// The sections of a kind that a grant to read names, by their index in the kind; with any of them
// goes `facts`.
std::uint64_t section_bits(const Grant& grant, const message::KindInfo& kind);

}  // namespace lienthong::policy
