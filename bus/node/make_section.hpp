// SPDX-License-Identifier: Apache-2.0
// make_section: a plaintext as it will travel: open, sealed whole, or sealed as a tree of chunks.
#pragma once

#include "bus/base/random.hpp"
#include "bus/node/compose.hpp"

namespace lienthong::node {

struct Made {
    message::Descriptor descriptor;
    message::Section section;
    std::vector<OutChunk> chunks;  // of a chunked section
};

// `chunked` is for a section that its kind seals. bad_certificate if one of the audience has no
// valid sealing key.
Result<Made> make_section(const message::Header& header,
                          const Scene& scene,
                          std::size_t index,
                          BytesView plaintext,
                          const std::vector<AgencyId>& audience,
                          bool chunked,
                          Random& random);

}  // namespace lienthong::node
