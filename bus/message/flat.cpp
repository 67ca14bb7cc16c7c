// SPDX-License-Identifier: Apache-2.0
#include "bus/message/flat.hpp"

#include <new>

namespace lienthong::message {
namespace {
constexpr std::align_val_t kAlignment{16};
}  // namespace

AlignedCopy::AlignedCopy(BytesView bytes)
    : data_(static_cast<std::uint8_t*>(::operator new(bytes.size(), kAlignment))),
      size_(bytes.size()) {
    if (size_ != 0) std::memcpy(data_, bytes.data(), size_);
}

AlignedCopy::~AlignedCopy() {
    explicit_bzero(data_, size_);
    ::operator delete(data_, kAlignment);
}

}  // namespace lienthong::message
