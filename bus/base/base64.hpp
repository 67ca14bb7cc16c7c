// SPDX-License-Identifier: Apache-2.0
// Base64 of RFC 4648 section 4, with padding; decoding takes the canonical form alone, so that a
// value has one text.
#pragma once

#include <string>
#include <string_view>

#include "bus/base/bytes.hpp"

namespace lienthong {

std::string to_base64(BytesView bytes);
Result<Bytes> from_base64(std::string_view text);  // malformed_input

}  // namespace lienthong
