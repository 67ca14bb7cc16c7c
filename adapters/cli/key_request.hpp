// SPDX-License-Identifier: Apache-2.0
// Key request: what a node sends to the administrators so that a new key of it comes into the
// registry. It carries the public key, a signature by that key where it can sign (proof of
// possession), and one by the node's present signing key, so that nobody else can ask in its name.
#pragma once

#include <string>
#include <string_view>

#include "security/registry/registry.hpp"

namespace lienthong::cli {

struct KeyRequest {
    BusId bus;
    AgencyId agency;
    NodeId node;
    keys::Use use = keys::Use::sign;
    Bytes spki;
    Bytes proof;    // by the new key; empty for curve
    Bytes voucher;  // by the signing key in force; empty for a node that has none yet
};

// The bytes that both sign.
Bytes signed_bytes(const KeyRequest& request);
std::string to_text(const KeyRequest& request);
Result<KeyRequest> parse_key_request(std::string_view text);  // malformed_input

// Whether the registry's node asks, and holds the key: wrong_bus, unknown_agency, bad_signature,
// unknown_key (a voucher is missing although the node has a key to vouch with), malformed_key.
Result<keys::PublicKey> verify_key_request(const KeyRequest& request,
                                           const registry::Registry& registry,
                                           Millis at);

}  // namespace lienthong::cli
