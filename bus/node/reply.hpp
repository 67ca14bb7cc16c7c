// SPDX-License-Identifier: Apache-2.0
// Reply: what came back for a request of the node.
#pragma once

#include <functional>

#include "bus/wire/command.hpp"

namespace lienthong::node {

struct Reply {
    wire::Body body;
    Bytes data;
    Bytes frame;  // of the body, as it came
};
// Given exactly once: the answer, the broker's refusal, or timeout. The refusal of a Publish is an
// answer, for it is signed.
using OnReply = std::function<void(Result<Reply>)>;

}  // namespace lienthong::node
