// SPDX-License-Identifier: Apache-2.0
// The outer form of the one CMS that is accepted, checked before anything is decrypted. OpenSSL
// 3.0.22 takes a tag of four bytes in an AuthEnvelopedData, which is guessed in 2^32 tries, and
// AES-128; it has no function that tells. So the few fields are read here.
#pragma once

#include <cstddef>
#include <vector>

#include "bus/base/bytes.hpp"

namespace lienthong::seal {

// Bytes of ciphertext in a DER AuthEnvelopedData (RFC 5083) of AES-256-GCM (RFC 5084: nonce of 12
// bytes, tag of 16) without originator certificates and attributes; else malformed_section. The
// recipients are left to OpenSSL.
Result<std::size_t> ciphertext_bytes(BytesView cms);

// Who can open it: issuer and serial number of each recipient's certificate, as bytes to compare,
// sorted. Besides what ciphertext_bytes() asks, each recipient is a KeyAgreeRecipientInfo (RFC
// 5652, 6.2.2) of what seal() makes: a P-256 point, ECDH with SHA-256, AES-256 key wrap of a
// 256-bit key, no ukm, one wrapped key; at least one recipient and at most kRecipientsMax. Else
// malformed_section. Needs no key, and reads none of the ciphertext.
Result<std::vector<Bytes>> recipients_of(BytesView cms);
// The same name of a certificate. bad_certificate.
Result<Bytes> recipient_name(BytesView certificate);

}  // namespace lienthong::seal
