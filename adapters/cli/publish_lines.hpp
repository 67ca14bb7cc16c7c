// SPDX-License-Identifier: Apache-2.0
// The lines of a file to drafts for the node: what the codec reads, and what only the registry
// knows (ids of agencies, units, places).
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "bus/node/api.hpp"

namespace lienthong::cli {

struct PublishLine {
    std::size_t line = 0;
    Result<node::Draft> draft;
};

struct PublishSource {
    message::Kind kind = message::Kind::none;
    std::string_view text;
    bool csv = false;
    bool skip_others = false;  // rows of other kinds or reporters are passed over
    bool corrects = false;
    AgencyId agency;  // the publisher
};

// The whole: oversized, malformed_input (a CSV's header row), bad_argument. A line: what the codec
// says, unknown_agency, malformed_input (refers_to), key_conflict (its key stands in an earlier
// line with other content).
Result<std::vector<PublishLine>> read_lines(const PublishSource& source,
                                            const registry::Registry& registry);

}  // namespace lienthong::cli
