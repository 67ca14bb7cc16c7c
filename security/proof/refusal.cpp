// SPDX-License-Identifier: Apache-2.0
#include "security/proof/refusal.hpp"

#include <utility>

#include "bus/message/envelope.hpp"

namespace lienthong::proof {
namespace {

constexpr std::string_view kLabel = "lienthong/refusal/v1";

}  // namespace

Bytes encode_refusal(const Refusal& refusal) {
    ByteWriter writer;
    writer.prefixed(kLabel)
        .u16(message::kSuite)
        .prefixed(refusal.bus.text())
        .prefixed(refusal.agency.text())
        .u64(refusal.stream)
        .u64(refusal.first)
        .u32(refusal.count)
        .hash(refusal.batch)
        .u16(std::to_underlying(refusal.code))
        .i64(refusal.time);
    return writer.take();
}

}  // namespace lienthong::proof
