// SPDX-License-Identifier: Apache-2.0
// Runs every target over its corpus, and over so many seeded alterations of each input: what of the
// fuzzing every build does, whatever its compiler.
//
//   fuzz_replay CORPUS [ALTERATIONS] [TARGET]    CORPUS holds a folder for each target
//   fuzz_replay --list
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "bus/base/file.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

class Flips final : public Alteration {
  public:
    Bytes alter(BytesView bytes, std::size_t bytes_max) override {
        Bytes altered = to_bytes(bytes.first(std::min(bytes.size(), bytes_max)));
        for (std::uint64_t count = 1 + below(4); count > 0; --count) change(altered, bytes_max);
        return altered;
    }

  private:
    void change(Bytes& bytes, std::size_t bytes_max) {
        const auto at = static_cast<std::ptrdiff_t>(below(bytes.size() + 1));
        if (one_in(4) && bytes.size() < bytes_max) {
            bytes.insert(bytes.begin() + at, static_cast<std::uint8_t>(below(256)));
        } else if (at == std::ssize(bytes)) {
            return;
        } else if (one_in(8)) {
            const auto size = static_cast<std::ptrdiff_t>(1 + below(8));
            bytes.erase(bytes.begin() + at, bytes.begin() + std::min(at + size, std::ssize(bytes)));
        } else if (one_in(2)) {
            bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1U << below(8));
        } else {
            bytes[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(below(256));
        }
    }
};

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

// False if the target has no corpus: then nothing was shown.
bool replay(const Target& target, const std::filesystem::path& folder, std::uint64_t alterations) {
    const auto files = std::filesystem::is_directory(folder) ? files_of(folder)
                                                             : std::vector<std::filesystem::path>{};
    Flips by;
    by.random = SeededRandom(target.name.size());
    for (const auto& file : files) {
        const auto input = read_file(file, 16 * 1024 * 1024);
        CHECK(input.has_value());
        CHECK(input->size() <= target.bytes_max);
        target.run(*input);
        for (std::uint64_t i = 0; i < alterations; ++i) {
            const Bytes altered = target.alter == nullptr
                                      ? by.alter(*input, target.bytes_max)
                                      : target.alter(*input, target.bytes_max, by);
            if (altered.size() <= target.bytes_max) target.run(altered);
        }
    }
    fmt::print("{}: {} inputs\n", target.name, files.size());
    return !files.empty();
}

int run(const std::vector<std::string>& words) {
    std::ranges::sort(targets(), {}, &Target::name);
    if (words.size() == 1 && words[0] == "--list") {
        for (const Target& target : targets()) fmt::print("{}\n", target.name);
        return 0;
    }
    if (words.empty()) return 2;
    const std::uint64_t alterations = words.size() > 1 ? std::stoull(words[1]) : 0;
    bool complete = true;
    for (const Target& target : targets()) {
        if (words.size() > 2 && words[2] != target.name) continue;
        complete &= replay(target, std::filesystem::path(words[0]) / target.name, alterations);
    }
    return complete ? 0 : 1;
}

}  // namespace
}  // namespace lienthong::fuzz

int main(int count, char** words) { return lienthong::fuzz::run({words + 1, words + count}); }
