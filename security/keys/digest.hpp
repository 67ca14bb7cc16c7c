// SPDX-License-Identifier: Apache-2.0
// SHA-256 and HMAC-SHA-256 of OpenSSL, fetched once; a context for each thread.
#pragma once

#include <initializer_list>

#include "bus/base/bytes.hpp"

namespace lienthong::keys {

Hash sha256(BytesView bytes);
Hash sha256(std::initializer_list<BytesView> parts);  // of the parts one after another
Hash hmac_sha256(BytesView key, BytesView bytes);

}  // namespace lienthong::keys
