// SPDX-License-Identifier: Apache-2.0
// What a delivery claims: the leaves of its entries, and the statement "from a to b these are all
// your entries" that the broker signs and the node checks. One way to make it, for both.
#pragma once

#include "bus/message/exchange.hpp"
#include "security/proof/head.hpp"

namespace lienthong::proof {

Leaf leaf_of(const BusId& bus, const message::DeliveredEntry& entry);
DeliveryStatement statement_of(const BusId& bus, const message::Delivery& delivery);

}  // namespace lienthong::proof
