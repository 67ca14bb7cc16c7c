// SPDX-License-Identifier: Apache-2.0
// Adoption: a new version of registry or policy, signed with the administrator's key of this home
// and offered to the broker. Versions are adopted one by one; nobody can go back.
#pragma once

#include "adapters/cli/command.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::cli {

struct Adopted {
    std::uint32_t version = 0;
    Position position = 0;
};

// Both set version, time of issue and, where it has none or a past one, expiry (a year).
// no_such_file: not the administrators' home; malformed_document, bad_certificate; and what the
// broker says.
Result<Adopted> adopt_registry(Session& session,
                               registry::RegistryData data,
                               node::Api::Timeout timeout);
Result<Adopted> adopt_policy(Session& session, policy::PolicyData data, node::Api::Timeout timeout);
Answer adopted_answer(const Adopted& adopted, std::string_view document);

}  // namespace lienthong::cli
