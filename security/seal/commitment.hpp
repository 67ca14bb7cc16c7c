// SPDX-License-Identifier: Apache-2.0
// Commitments: what a header says of a section without saying what it is.
//   plaintext commitment  SHA-256(context ‖ plaintext salt ‖ plaintext)      stands in the
//   descriptor descriptor commitment SHA-256(context ‖ descriptor salt ‖ descriptor)    stands in
//   the header
// context = purpose label, suite, bus id, message id, section name, each length-prefixed.
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
