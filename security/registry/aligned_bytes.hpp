// SPDX-License-Identifier: Apache-2.0
// A copy of bytes from outside in memory aligned for FlatBuffers, which bytes out of a frame or a
// store seldom are. Kept while the buffer is read.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "bus/base/bytes.hpp"

namespace lienthong::registry {

class AlignedBytes {
  public:
    explicit AlignedBytes(BytesView bytes)
        : blocks_((bytes.size() + sizeof(Block) - 1) / sizeof(Block)), size_(bytes.size()) {
        if (!bytes.empty()) std::memcpy(blocks_.data(), bytes.data(), bytes.size());
    }

    const std::uint8_t* data() const {
        return reinterpret_cast<const std::uint8_t*>(blocks_.data());
    }
    std::size_t size() const { return size_; }

  private:
    struct alignas(16) Block {
        std::array<std::uint8_t, 16> bytes;
    };
    std::vector<Block> blocks_;
    std::size_t size_;
};

}  // namespace lienthong::registry
