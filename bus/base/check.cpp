// SPDX-License-Identifier: Apache-2.0
#include "bus/base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace lienthong {

void check_failed(const char* condition, const char* file, int line) {
    (void)std::fprintf(stderr, "CHECK failed: %s at %s:%d\n", condition, file, line);
    std::abort();
}

}  // namespace lienthong
