// SPDX-License-Identifier: Apache-2.0
// The C++ interface of a node in one function: publish a figure, wait until the bus has it, read
// what has come in. A real program starts its node with node::Node::start() and keeps it running.
#pragma once

#include <string>
#include <vector>

#include "bus/node/api.hpp"

namespace lienthong::examples {

struct Heard {
    MessageId published;             // what this call sent
    Position position = 0;           // where it stands in the log
    std::vector<std::string> kinds;  // of all that stands in the inbox from `from` on
    Position next = 0;               // where the next call may go on
};

// `key` names the figure in the caller's own records: calling again with the same key and the same
// text sends nothing new. `report_json` has the fields of schemas/statistics.fbs, OutreachReport.
// What the broker refused comes back as its error, with the missing grant if there is one.
Result<Heard> publish_and_consume(node::Api& node,
                                  const std::string& key,
                                  const std::string& report_json,
                                  Position from);

}  // namespace lienthong::examples
