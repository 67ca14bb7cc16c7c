// SPDX-License-Identifier: Apache-2.0
// Secret: bytes that are wiped when they go, cannot be copied and have no way to be printed.
#pragma once

#include <cstring>
#include <utility>

#include "bus/base/bytes.hpp"

namespace lienthong {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::size_t size) : bytes_(size) {}
    explicit Secret(Bytes&& bytes) : bytes_(std::move(bytes)) {}
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            bytes_ = std::move(other.bytes_);
            other.bytes_.clear();
        }
        return *this;
    }
    ~Secret() { wipe(); }

    static Secret copy_of(BytesView bytes) { return Secret(to_bytes(bytes)); }

    BytesView view() const { return bytes_; }
    std::span<std::uint8_t> writable() { return bytes_; }
    std::size_t size() const { return bytes_.size(); }
    // Shortens; what is cut off is wiped first.
    void truncate(std::size_t size) {
        if (size >= bytes_.size()) return;
        explicit_bzero(bytes_.data() + size, bytes_.size() - size);
        bytes_.resize(size);
    }

  private:
    void wipe() {
        if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
    }
    Bytes bytes_;
};

}  // namespace lienthong
