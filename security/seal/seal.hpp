// SPDX-License-Identifier: Apache-2.0
// Sealing: CMS AuthEnvelopedData (RFC 5083, AES-256-GCM) to P-256 certificates, made and opened by
// OpenSSL's CMS API with a SHA-256 key derivation.
#pragma once

#include <span>

#include "bus/base/bytes.hpp"
#include "bus/base/secret.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::seal {

// Recipients are DER certificates. bad_certificate if one cannot receive.
Result<Bytes> seal(BytesView plaintext, std::span<const Bytes> recipients);
// Opened into wiped memory and given out only after the tag has verified: malformed_section (not
// such a CMS), locked (not for this key), bad_digest (tag wrong).
Result<Secret> open(BytesView cms, const keys::PrivateKey& key, BytesView certificate);

}  // namespace lienthong::seal
