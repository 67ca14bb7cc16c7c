// SPDX-License-Identifier: Apache-2.0
// The entrance of libFuzzer: a program has one target.
#include <algorithm>
#include <cstring>

#include "tests/fuzz/target.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

namespace lienthong::fuzz {
namespace {

class ByLibFuzzer final : public Alteration {
  public:
    Bytes alter(BytesView bytes, std::size_t bytes_max) override {
        Bytes room = to_bytes(bytes.first(std::min(bytes.size(), bytes_max)));
        const std::size_t size = room.size();
        room.resize(std::max<std::size_t>(bytes_max, 1));
        room.resize(LLVMFuzzerMutate(room.data(), size, room.size()));
        return room;
    }
};

}  // namespace
}  // namespace lienthong::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto& target = lienthong::fuzz::targets().front();
    if (size <= target.bytes_max) target.run({data, size});
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t size_max,
                                               unsigned seed) {
    using namespace lienthong;
    const auto& target = fuzz::targets().front();
    const std::size_t most = std::min(size_max, target.bytes_max);
    fuzz::ByLibFuzzer by;
    by.random = SeededRandom(seed);
    const Bytes altered = target.alter == nullptr ? by.alter({data, size}, most)
                                                  : target.alter({data, size}, most, by);
    if (altered.size() > size_max) return size;
    if (!altered.empty()) std::memcpy(data, altered.data(), altered.size());
    return altered.size();
}
