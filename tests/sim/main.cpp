// SPDX-License-Identifier: Apache-2.0
// lienthong_sim: runs seeds, one after the other, in this process. On stdout one line of JSON for
// each; exit code 1 if one failed. `tests/sim/run` runs many on all cores and adds them up.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "bus/base/log.hpp"
#include "security/keys/digest.hpp"
#include "tests/sim/province.hpp"

namespace lienthong::sim {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return out;
}

void print(std::uint64_t seed, Province& province, double real_seconds) {
    std::string faults;
    for (const auto& [name, count] : province.faults()) {
        if (count == 0) continue;
        faults += fmt::format("{}\"{}\":{}", faults.empty() ? "" : ",", name, count);
    }
    const std::string trace = province.trace();
    fmt::print(
        "{{\"seed\":{},\"ok\":{},\"simulated_seconds\":{:.1f},\"real_seconds\":{:.3f},"
        "\"acknowledged\":{},\"trace\":\"{}\",\"faults\":{{{}}},\"failure\":\"{}\"}}\n",
        seed,
        province.failure().empty(),
        province.simulated_seconds(),
        real_seconds,
        province.acknowledged(),
        to_hex(keys::sha256(as_bytes(trace)).view()).substr(0, 16),
        faults,
        escaped(province.failure()));
    (void)std::fflush(stdout);
}

struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

// "7" or "1..200"
std::optional<Range> parse_range(std::string_view text) {
    const auto number = [](std::string_view digits) -> std::optional<std::uint64_t> {
        char* end = nullptr;
        const std::string copy(digits);
        const std::uint64_t value = std::strtoull(copy.c_str(), &end, 10);
        if (copy.empty() || *end != '\0') return std::nullopt;
        return value;
    };
    const auto dots = text.find("..");
    const auto first = number(text.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : number(text.substr(dots + 2));
    if (!first || !last || *last < *first) return std::nullopt;
    return Range{*first, *last};
}

int run(const Range& range, bool until_failure) {
    bool ok = true;
    for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
        const auto begun = std::chrono::steady_clock::now();
        Province province(seed);
        province.run();
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        print(seed, province, took.count());
        if (province.failure().empty()) continue;
        ok = false;
        if (until_failure) break;
    }
    return ok ? 0 : 1;
}

}  // namespace
}  // namespace lienthong::sim

int main(int argc, char** argv) {
    std::optional<lienthong::sim::Range> range;
    bool until_failure = false;
    bool verbose = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (argument == "--seeds" && i + 1 < argc) {
            range = lienthong::sim::parse_range(argv[++i]);
        } else if (argument == "--until-failure") {
            until_failure = true;
        } else if (argument == "--verbose") {
            verbose = true;
        } else {
            range.reset();
            break;
        }
    }
    if (!range) {
        fmt::print(stderr, "lienthong_sim --seeds A..B [--until-failure] [--verbose]\n");
        return 2;
    }
    using lienthong::log::Level;
    lienthong::log::set_level(verbose ? Level::info : Level::error);
    // Alarms of a dishonest broker's runs are what is looked for, not for the reader.
    if (!verbose && std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
    lienthong::test::only_agencies(lienthong::sim::kSlugs);
    return lienthong::sim::run(*range, until_failure);
}
