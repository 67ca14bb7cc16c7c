// SPDX-License-Identifier: Apache-2.0
// Sealing: CMS AuthEnvelopedData (RFC 5083, AES-256-GCM) to P-256 certificates, made and opened by
// OpenSSL's CMS API with a SHA-256 key derivation.
#pragma once

#include <span>

#include "bus/base/bytes.hpp"
#include "bus/base/secret.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::seal {

inline constexpr std::size_t kRecipientsMax = 256;
inline constexpr std::size_t kPlaintextBytesMax = 16 * 1024 * 1024;
// A sealed blob: room for the recipients too.
inline constexpr std::size_t kSealedBytesMax = kPlaintextBytesMax + 256 * 1024;

// Recipients are DER certificates of Use::seal; whether they are valid now and whose they are is
// for the caller, who has the registry. bad_certificate if one cannot receive; bad_argument if
// there is none, too many, or no plaintext; oversized.
Result<Bytes> seal(BytesView plaintext, std::span<const Bytes> recipients);
// Opened into wiped memory and given out only after the tag has verified. Takes only what seal()
// makes: DER, AES-256-GCM with a tag of 16 bytes, all recipients by ECDH with a SHA-256 key
// derivation and AES-256 key wrap, no attributes; so nobody can talk the recipient into a weaker
// algorithm. malformed_section (not such a CMS), locked (not for this key, or the wrapped key was
// altered), bad_digest (tag wrong), oversized, bad_certificate (own certificate unreadable).
Result<Secret> open(BytesView cms, const keys::PrivateKey& key, BytesView certificate);

}  // namespace lienthong::seal
