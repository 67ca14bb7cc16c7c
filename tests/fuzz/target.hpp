// SPDX-License-Identifier: Apache-2.0
// Target: what is done with bytes that come from outside, and which rules must hold whatever they
// are. A target is one file of this folder that registers one Target. With the preset `fuzz` each
// becomes a program of libFuzzer; in every other build all of them are in `fuzz_replay`, which runs
// over the corpus.
//
// A rule that does not hold ends the process (CHECK), so that libFuzzer keeps the input.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "bus/base/bytes.hpp"
#include "bus/base/check.hpp"
#include "bus/base/error.hpp"
#include "bus/base/random.hpp"

namespace lienthong::fuzz {

// How an input is altered: as libFuzzer does it (which keeps what it learnt of comparisons), or, in
// the replay, by flips, cuts and insertions of a seed.
class Alteration {
  public:
    virtual ~Alteration() = default;
    virtual Bytes alter(BytesView bytes, std::size_t bytes_max) = 0;

    std::uint64_t below(std::uint64_t bound) { return random.next() % bound; }
    bool one_in(std::uint64_t count) { return below(count) == 0; }
    SeededRandom random{0};
};

using Run = void (*)(BytesView input);
using Alter = Bytes (*)(BytesView input, std::size_t bytes_max, Alteration& by);

struct Target {
    std::string_view name;
    Run run;
    std::size_t bytes_max;  // longer inputs are of no use
    Alter alter = nullptr;  // for structured input; null: alter()
};

std::vector<Target>& targets();

struct Registered {
    explicit Registered(const Target& target) { targets().push_back(target); }
};

// For FlatBuffers: mostly without moving anything, because an inserted byte breaks every offset
// behind it. Whole words change as well: offsets, lengths, and one for another.
Bytes alter_flat(BytesView input, std::size_t bytes_max, Alteration& by);

// What an error may say again of the input: nothing, or also words that look like a field or an id
// (up to 40 of a-z, A-Z, 0-9, - and _), which files of the own administrators hold.
enum class Said : std::uint8_t { nothing, names };

// What a parser says of an input: its error, or nothing.
using Judge = std::function<std::optional<Error>(BytesView)>;

// The rules of every parser: an error has a known code, words that are one short line each, and
// says nothing of what was in the input. The last is found out by asking again with each word of
// the error written otherwise in the input: an error that follows it repeats it. Gives the error.
std::optional<Error> judge(BytesView input, const Judge& parse, Said may_say = Said::nothing);

template <class T>
std::optional<Error> error_of(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error();
}

// Numbers and bytes taken from an input one after the other, for targets that build something of
// it; at its end zeros.
class Choices {
  public:
    explicit Choices(BytesView input) : rest_(input) {}
    std::uint8_t byte();
    std::uint64_t below(std::uint64_t bound);  // one byte up to 256, else as many as it takes
    bool yes() { return byte() % 2 == 1; }
    Bytes bytes(std::size_t size_max);  // its length is the next choice
    BytesView rest() const { return rest_; }

  private:
    BytesView rest_;
};

}  // namespace lienthong::fuzz
