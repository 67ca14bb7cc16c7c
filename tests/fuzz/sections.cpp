// SPDX-License-Identifier: Apache-2.0
// The sections of one envelope as they are stored: read again as the same, indexes ascending.
#include "bus/message/envelope.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void run(BytesView input) {
    check_again(input, message::parse_sections, message::encode_sections);
    const auto sections = message::parse_sections(input);
    if (!sections) return;
    for (std::size_t i = 1; i < sections->size(); ++i) {
        CHECK((*sections)[i - 1].index < (*sections)[i].index);
    }
}

const Registered registered({"sections", run, 64 * 1024, alter_flat});

}  // namespace
}  // namespace lienthong::fuzz
