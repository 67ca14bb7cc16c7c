// SPDX-License-Identifier: Apache-2.0
// One command of each kind, every field set to something else than its default.
#pragma once

#include <vector>

#include "bus/wire/command.hpp"

namespace lienthong::wire {

Hash sample_hash(std::uint8_t first);
message::Section sample_section(std::uint8_t index);
Receipt sample_receipt();
Delivery sample_delivery();
QueryAnswer sample_answer();
std::vector<Command> sample_commands();

}  // namespace lienthong::wire
