// SPDX-License-Identifier: Apache-2.0
// Json: the one JSON type of the command line; objects keep the order in which they were made.
#pragma once

#include <nlohmann/json.hpp>

namespace lienthong::cli {

using Json = nlohmann::ordered_json;

}  // namespace lienthong::cli
