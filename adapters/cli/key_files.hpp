// SPDX-License-Identifier: Apache-2.0
// Key files of a node's home beside those in use: keys that were made for a request and wait until
// the administrators put them into the registry. A waiting key is keys/<use>-<n>.pem with its
// public half in keys/<use>-<n>.spki; when it is installed, the certificate takes that file's place
// and node.toml names the key.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "security/registry/registry.hpp"

namespace lienthong::cli {

// Makes a key for sign, seal, curve or witness and leaves it waiting; gives its path in the home.
Result<std::string> make_waiting_key(const std::filesystem::path& home,
                                     keys::Use use,
                                     const Secret& passphrase);

// Puts every waiting key that is valid at `at` into node.toml: a new sign, curve or witness key
// takes the place of the old one, a new sealing key stands beside it. Gives the names of those
// installed; the next start of the node uses them.
Result<std::vector<std::string>> install_keys(const std::filesystem::path& home,
                                              const registry::Registry& registry,
                                              Millis at);

}  // namespace lienthong::cli
