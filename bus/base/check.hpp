// SPDX-License-Identifier: Apache-2.0
// CHECK: states what must hold if our own program is right. Always compiled in; a failure stops the
// process, because a wrong program must not go on acknowledging messages.
#pragma once

namespace lienthong {

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace lienthong

#define CHECK(condition) \
    ((condition) ? static_cast<void>(0) : ::lienthong::check_failed(#condition, __FILE__, __LINE__))
