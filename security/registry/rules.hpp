// SPDX-License-Identifier: Apache-2.0
// The rules that a registry must keep as a whole, wherever it came from. Inside security/registry.
#pragma once

#include "security/registry/registry.hpp"

namespace lienthong::registry {

inline constexpr std::size_t kOfficeNameBytesMax = 200;
inline constexpr std::size_t kRawKeyBytes = 32;
inline constexpr std::uint32_t kWitnessAgeMinutesMax = 100'000;
inline constexpr Millis kTimeMax = 253'402'300'799'999;  // the end of the year 9999

// All but what needs a look into certificates. malformed_document; `where` names agency and thing.
Result<void> check_rules(const RegistryData& data);
// Each sign and seal key against the authority: malformed_document, bad_certificate.
Result<void> check_certificates(const RegistryData& data);

}  // namespace lienthong::registry
