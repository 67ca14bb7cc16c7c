// SPDX-License-Identifier: Apache-2.0
// Entries of the log and the contents of those that are no messages, as an auditor reads them from
// a copied directory (the first byte says which): read again as the same, an alteration is
// `corrupt`.
#include "bus/core/entry.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    if (input.empty()) return;
    const BytesView bytes = input.subspan(1);
    switch (input.front() % 6) {
        case 0:
            return check_again(bytes, core::parse_entry, core::encode_entry);
        case 1:
            return check_again(bytes, core::parse_refusals, core::encode_refusals);
        case 2:
            return check_again(bytes, core::parse_stream_closed, core::encode_stream_closed);
        case 3:
            return check_again(bytes, core::parse_delivered, core::encode_delivered);
        case 4:
            return check_again(bytes, core::parse_queried, core::encode_queried);
        default:
            return check_again(bytes, core::parse_denied, core::encode_denied);
    }
}

const Registered registered({"entry", run, 4 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
