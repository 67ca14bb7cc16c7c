// SPDX-License-Identifier: Apache-2.0
// Judges the plaintext of a section: size, structure, meaning.
#include "bus/message/flat.hpp"
#include "bus/message/kind.hpp"

namespace lienthong::message {

Result<void> check_section(const SectionType& type, BytesView plaintext) {
    if (plaintext.size() > kSectionBytesMax)
        return fail(Code::oversized, {}, std::string(type.name));
    const AlignedCopy aligned(plaintext);
    if (!type.verify(aligned.view())) {
        return fail(Code::malformed_section, "is no such section", std::string(type.name));
    }
    return {};
}

}  // namespace lienthong::message
