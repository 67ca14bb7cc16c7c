// SPDX-License-Identifier: Apache-2.0
#include "bus/base/failpoint.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

namespace lienthong::failpoint {
namespace {

constexpr std::chrono::seconds kPause{1};

enum class Action : unsigned char { kill, fail, pause };

struct Armed {
    std::size_t place = kPlaces.size();  // none
    When when = When::before;
    Action action = Action::kill;
    unsigned at = 1;
    std::string text;
};

// What cannot be understood ends the process: a test that arms nothing would prove nothing.
[[noreturn]] void refuse(std::string_view text) {
    const std::string line = "LT_FAILPOINT cannot be understood: " + std::string(text) + "\n";
    static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()));
    std::abort();
}

std::string_view cut(std::string_view& rest) {
    const std::size_t end = rest.find(':');
    const std::string_view word = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return word;
}

Armed parse(const char* value) {
    Armed armed;
    if (value == nullptr || *value == '\0') return armed;
    armed.text = value;
    std::string_view rest = armed.text;
    const auto* found = std::ranges::find(kPlaces, cut(rest));
    armed.place = static_cast<std::size_t>(found - kPlaces.begin());
    const std::string_view when = cut(rest);
    const std::string_view action = cut(rest);
    armed.when = when == "after" ? When::after : When::before;
    armed.action = action == "fail"    ? Action::fail
                   : action == "pause" ? Action::pause
                                       : Action::kill;
    const bool counted =
        rest.empty() ||
        std::from_chars(rest.data(), rest.data() + rest.size(), armed.at).ec == std::errc{};
    if (found == kPlaces.end() || (when != "before" && when != "after") ||
        (action != "kill" && armed.action == Action::kill) || !counted || armed.at == 0) {
        refuse(armed.text);
    }
    return armed;
}

}  // namespace

bool reach(std::size_t place, When when) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here ever sets a variable
    static const Armed armed = parse(std::getenv("LT_FAILPOINT"));
    static std::atomic<unsigned> reached = 0;
    if (place != armed.place || when != armed.when) return false;
    if (++reached != armed.at) return false;
    const std::string line = "failpoint reached " + armed.text + "\n";
    static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()));
    if (armed.action == Action::kill) static_cast<void>(raise(SIGKILL));
    if (armed.action == Action::pause) std::this_thread::sleep_for(kPause);
    return armed.action == Action::fail;
}

}  // namespace lienthong::failpoint
