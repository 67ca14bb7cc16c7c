// SPDX-License-Identifier: Apache-2.0
// What a node must know of the section `document` before it sends anything.
#pragma once

#include "bus/base/bytes.hpp"
#include "bus/base/error.hpp"

namespace lienthong::message {

// True if the document is classified (Mật and above, Law 29/2018 on state secrets): the sender's
// node then refuses the whole message with classified_matter. malformed_section, oversized.
Result<bool> is_classified(BytesView document_section);

}  // namespace lienthong::message
