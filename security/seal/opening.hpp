// SPDX-License-Identifier: Apache-2.0
// The id of a case is bound to who opens it: SHA-256(label, bus, agency, 128 random bits), cut to
// 128 bits. So only its opener can open it, and trying to open another agency's case id is refused
// in one way whether that case exists or not.
#pragma once

#include <algorithm>
#include <array>

#include "bus/base/ids.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::seal {

inline CaseId case_id_of(const BusId& bus,
                         const AgencyId& opener,
                         const std::array<std::uint8_t, 16>& nonce) {
    ByteWriter out;
    out.prefixed("lienthong/case/v1").prefixed(bus.text()).prefixed(opener.text()).raw(nonce);
    const Hash digest = keys::sha256(out.bytes());
    CaseId id;
    std::ranges::copy_n(digest.bytes.begin(), id.bytes.size(), id.bytes.begin());
    return id;
}

}  // namespace lienthong::seal
