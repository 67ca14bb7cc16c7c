// SPDX-License-Identifier: Apache-2.0
// The rule of a format that is written and read: what parses is written, read again, and is the
// same. The bytes need not be the same (FlatBuffers has many for one value); what is written twice
// is.
#pragma once

#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {

// For values without ==: their bytes are compared.
template <class Parse, class Encode>
void check_again(BytesView input, Parse parse, Encode encode, Said may_say = Said::nothing) {
    const auto value = parse(input);
    if (!value) {
        judge(input, [&](BytesView bytes) { return error_of(parse(bytes)); }, may_say);
        return;
    }
    const auto written = encode(*value);
    const auto again =
        parse(BytesView(reinterpret_cast<const std::uint8_t*>(written.data()), written.size()));
    CHECK(again.has_value());
    if constexpr (requires { *again == *value; }) CHECK(*again == *value);
    CHECK(encode(*again) == written);
}

}  // namespace lienthong::fuzz
