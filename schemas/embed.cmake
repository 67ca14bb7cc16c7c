# SPDX-License-Identifier: Apache-2.0
# cmake -D INPUT=… -D OUTPUT=… -D NAME=… -P embed.cmake: writes a header with the bytes of a file.
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT}.new "// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace lienthong::fb {

// Binary schema of all payloads, with comments; 16-byte aligned.
alignas(16) inline constexpr std::array<std::uint8_t, ${size}> ${NAME}{{
${bytes}
}};

}  // namespace lienthong::fb
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
