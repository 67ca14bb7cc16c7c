// SPDX-License-Identifier: Apache-2.0
// Payloads for tests, from JSON with the field names of the schemas.
#pragma once

#include <optional>
#include <string>

#include "bus/base/bytes.hpp"
#include "bus/message/kind.hpp"

namespace lienthong::message {

// Nothing if the JSON is not of that table ("lienthong.fb.Identity").
std::optional<Bytes> maybe_payload(const std::string& root_table, const std::string& json);
Bytes payload(const std::string& root_table, const std::string& json);
// samples/<table>.json
std::string sample(const std::string& root_table);
// The section with this root, of whichever kind.
const SectionType& section_of(const std::string& root_table);

}  // namespace lienthong::message
