// SPDX-License-Identifier: Apache-2.0
// Key files for targets that read them: a file without a place on a disk, and the passphrase of the
// corpus.
#pragma once

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "security/keys/keys.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {

inline const Secret& passphrase() {
    static const Secret secret{to_bytes(as_bytes("fuzzing"))};
    return secret;
}

// Of mode 0600, named by its descriptor.
class KeyFile {
  public:
    KeyFile() : fd_(memfd_create("key", MFD_CLOEXEC)) { CHECK(fd_ >= 0 && fchmod(fd_, 0600) == 0); }
    KeyFile(const KeyFile&) = delete;
    KeyFile& operator=(const KeyFile&) = delete;
    ~KeyFile() { close(fd_); }

    Result<keys::PrivateKey> load(BytesView bytes) const {
        CHECK(ftruncate(fd_, 0) == 0);
        CHECK(pwrite(fd_, bytes.data(), bytes.size(), 0) == std::ssize(bytes));
        return keys::PrivateKey::load(fmt::format("/proc/self/fd/{}", fd_), passphrase());
    }

  private:
    int fd_;
};

}  // namespace lienthong::fuzz
