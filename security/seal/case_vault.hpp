// SPDX-License-Identifier: Apache-2.0
// CaseVault: encryption at rest. Every case has a random key; it is wrapped by a master key kept
// outside the database. Dropping the wrap erases all that was written under it.
#pragma once

#include <filesystem>

#include "bus/base/ids.hpp"
#include "bus/base/random.hpp"
#include "bus/base/secret.hpp"

namespace lienthong::seal {

// 32 random bytes. AES-256-GCM with a random 96-bit nonce for each value; a key protects at most
// 2^32.
class StorageKey {
  public:
    static StorageKey generate(Random& random);
    static Result<StorageKey> from_secret(Secret&& bytes32);  // malformed_key

    // nonce ‖ ciphertext ‖ tag; `bound_to` (table, row key) is authenticated, not stored.
    Bytes protect(BytesView plaintext, BytesView bound_to, Random& random) const;
    Result<Bytes> open(BytesView stored, BytesView bound_to) const;  // corrupt

    // Another key under this one.
    Bytes wrap(const StorageKey& key, const CaseId& case_id, Random& random) const;
    Result<StorageKey> unwrap(BytesView wrapped, const CaseId& case_id) const;  // corrupt

    const Secret& secret() const { return bytes_; }

  private:
    explicit StorageKey(Secret&& bytes) : bytes_(std::move(bytes)) {}
    Secret bytes_;
};

// The master key's file: 32 bytes encrypted under a passphrase (scrypt N = 2^14, r = 8, p = 1 and
// AES-256-GCM), mode 0600. already_exists if a file is there; bad_argument without a passphrase. To
// replace a master: save the new one in another file, commit the rewrapped keys, then rename it
// over the old one; at every moment one of the two files opens the database.
Result<void> save_master(const std::filesystem::path& path,
                         const StorageKey& key,
                         const Secret& passphrase,
                         Random& random);
// unsafe_mode, no_such_file, bad_passphrase, bad_checksum (damaged), unknown_version, corrupt.
Result<StorageKey> load_master(const std::filesystem::path& path, const Secret& passphrase);

}  // namespace lienthong::seal
