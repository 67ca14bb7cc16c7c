// SPDX-License-Identifier: Apache-2.0
// Seeds: valid inputs of each target, about invented people. Keys of the corpus where they matter.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bus/base/bytes.hpp"

namespace lienthong::fuzz {

// By target.
using Seeds = std::map<std::string, std::vector<Bytes>>;

// The files that people write: TOML, JSON, CSV, small texts, HTTP, ZAP.
void add_text_seeds(Seeds& seeds);

// Rows of node and broker, and entries as a broker shows them.
void add_row_seeds(Seeds& seeds);

// A first byte that chooses, and the rest.
Bytes chosen(std::size_t choice, BytesView rest);

}  // namespace lienthong::fuzz
