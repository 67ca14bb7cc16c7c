// SPDX-License-Identifier: Apache-2.0
#include "bus/message/exchange.hpp"

namespace lienthong::message {

std::size_t size_of(const DeliveredEntry& entry) {
    std::size_t size =
        256 + entry.header.size() + entry.proof.size() + entry.batch_path.size() * 32;
    size += entry.skipped.size() * sizeof(Skipped);
    for (const Section& section : entry.sections) {
        size += 128 + section.descriptor.size() + section.body.size();
    }
    return size;
}

std::size_t size_of(const Delivery& delivery) {
    std::size_t size = 256 + delivery.head.size() + delivery.signature.size();
    for (const DeliveredEntry& entry : delivery.entries) size += size_of(entry);
    return size;
}

}  // namespace lienthong::message
