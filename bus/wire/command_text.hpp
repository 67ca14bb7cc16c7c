// SPDX-License-Identifier: Apache-2.0
// Text in commands: bounded, one line, so that it can stand in a log or on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lienthong::wire {

// No control characters and well-formed UTF-8.
bool is_one_line(std::string_view text);

// Cuts at a character's border to `bytes_max`; control characters of ASCII become blanks. What then
// is not one line becomes empty.
std::string fit_text(std::string_view text, std::size_t bytes_max);

}  // namespace lienthong::wire
