// SPDX-License-Identifier: Apache-2.0
// The outer form of the one CMS that is accepted, checked before anything is decrypted. OpenSSL
// 3.0.22 takes a tag of four bytes in an AuthEnvelopedData, which is guessed in 2^32 tries, and
// AES-128; it has no function that tells. So the few fields are read here.
#pragma once

#include <cstddef>

#include "bus/base/bytes.hpp"

namespace lienthong::seal {

// Bytes of ciphertext in a DER AuthEnvelopedData (RFC 5083) of AES-256-GCM (RFC 5084: nonce of 12
// bytes, tag of 16) without originator certificates and attributes; else malformed_section. The
// recipients are left to OpenSSL.
Result<std::size_t> ciphertext_bytes(BytesView cms);

}  // namespace lienthong::seal
