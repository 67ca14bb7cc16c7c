// SPDX-License-Identifier: Apache-2.0
// Log: one line for one decision, `event key=value …`, to standard error. No payload, no personal
// data, no keys: callers pass ids, codes, counts and sizes only.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace lienthong::log {

enum class Level { debug, info, warning, error };

void set_level(Level level);
void write(Level level, std::string_view line);

template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace lienthong::log
