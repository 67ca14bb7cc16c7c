// SPDX-License-Identifier: Apache-2.0
// The executable: binds the command line to the real node, audit, clock and randomness.
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include "adapters/cli/open_home.hpp"
#include "adapters/cli/run.hpp"
#include "bus/audit/audit.hpp"

namespace {

// LC_ALL before LANG, as POSIX has it.
std::string locale_name() {
    for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
        if (value != nullptr && *value != '\0') return value;
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    const std::vector<std::string> words(argv + 1, argv + argc);
    // All threads inherit the mask: the signals that end a daemon are waited for, never delivered.
    const lienthong::cli::Ending until_told{
        [&ending] { pthread_sigmask(SIG_BLOCK, &ending, nullptr); },
        [&ending] {
            const timespec step{0, 200'000'000};
            return sigtimedwait(&ending, nullptr, &step) > 0;
        }};
    const lienthong::SystemClock clock;
    lienthong::SystemRandom random;
    lienthong::cli::Environment environment{
        std::cin,
        std::cout,
        std::cerr,
        clock,
        random,
        [](lienthong::cli::NodeHome&& home,
           const lienthong::Clock& node_clock,
           lienthong::Random& node_random) {
            return lienthong::node::Node::start(
                std::move(home.options), std::move(home.keys), node_clock, node_random);
        },
        lienthong::audit::verify,
        until_told,
        locale_name(),
        lienthong::cli::credentials_directory()};
    (void)signal(SIGPIPE, SIG_IGN);
    return lienthong::cli::run(words, environment);
}
