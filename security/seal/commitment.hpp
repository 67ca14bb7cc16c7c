// SPDX-License-Identifier: Apache-2.0
// Commitments: what a header says of a section without saying what it is.
//   plaintext commitment   SHA-256(context ‖ plaintext salt ‖ plaintext), in the descriptor
//   descriptor commitment  SHA-256(context ‖ descriptor salt ‖ descriptor), in the header
// context = purpose label, suite (u16), bus id, message id (two u64), section name; each with its
// length (u32) before it. Integers are big-endian.
#pragma once

#include "bus/base/ids.hpp"

namespace lienthong::seal {

struct CommitmentContext {
    std::uint16_t suite = 0;
    BusId bus;
    MessageId message;
    std::string_view section;
};

Hash commit_plaintext(const CommitmentContext& context, const Hash& salt, BytesView plaintext);
Hash commit_descriptor(const CommitmentContext& context, const Hash& salt, BytesView descriptor);

}  // namespace lienthong::seal
