// SPDX-License-Identifier: Apache-2.0
// The checks of a section that need no private key, the same for the broker and for every
// recipient: place and name, commitment of the descriptor, form, digest, and, where the plaintext
// is readable, its commitment and what its schema says.
#pragma once

#include "bus/message/envelope.hpp"
#include "bus/message/facts.hpp"

namespace lienthong::seal {

// malformed_descriptor, bad_commitment, bad_digest, wrong_audience (the sender is not in it),
// malformed_section; `where` names the section.
Result<message::Descriptor> check_section(const message::Header& header,
                                          const message::Section& section);

struct CheckedSections {
    std::vector<message::Descriptor> descriptors;  // in the order of the sections
    // Of each section, who can open it by what its CMS says (cms_shape.hpp); empty if it travels
    // open or in chunks.
    std::vector<std::vector<Bytes>> recipients;
    std::optional<message::CaseFacts> facts;
};

// Each section, each at most once.
Result<CheckedSections> check_sections(const message::Header& header,
                                       const std::vector<message::Section>& sections);

}  // namespace lienthong::seal
