// SPDX-License-Identifier: Apache-2.0
#include "bus/journal/lmdb_place.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace lienthong::journal {
namespace {

// From linux/magic.h and the kernel's sources; not all are in the header of Debian 12.
constexpr std::array<std::int64_t, 14> kNetworkTypes = {
    0x6969,      // NFS
    0x517B,      // SMB
    0xFE534D42,  // SMB 2
    0xFF534D42,  // CIFS
    0x5346414F,  // AFS
    0x6B414653,  // kAFS
    0x73757245,  // Coda
    0x564C,      // NCP
    0x00C36400,  // Ceph
    0x01021997,  // 9P
    0x01161970,  // GFS2
    0x7461636F,  // OCFS2
    0x0BD00BD0,  // Lustre
    0x47504653,  // GPFS
};

std::unexpected<Error> system_fail(const char* action, const std::filesystem::path& path) {
    const int error = errno;
    return fail(error == ENOENT ? Code::no_such_file : Code::io,
                std::string(action) + ": " + std::generic_category().message(error),
                path.string());
}

}  // namespace

Result<void> check_file_system(std::int64_t statfs_type, const std::filesystem::path& directory) {
    // On 32-bit systems f_type is a signed word, so CIFS would come as a negative number.
    const std::int64_t type = statfs_type & 0xFFFFFFFF;
    if (std::ranges::find(kNetworkTypes, type) != kNetworkTypes.end()) {
        return fail(Code::io,
                    "the data directory must be on a local disk, not on a network file system",
                    directory.string());
    }
    return {};
}

Result<void> check_place(const std::filesystem::path& directory) {
    struct statfs status{};
    if (statfs(directory.c_str(), &status) != 0) return system_fail("statfs", directory);
    return check_file_system(static_cast<std::int64_t>(status.f_type), directory);
}

Result<std::uint64_t> bytes_available(const std::filesystem::path& directory) {
    struct statvfs status{};
    if (statvfs(directory.c_str(), &status) != 0) return system_fail("statvfs", directory);
    return std::uint64_t{status.f_bavail} * status.f_frsize;
}

Result<void> sync_directory(const std::filesystem::path& directory) {
    const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return system_fail("open", directory);
    const int status = fsync(fd);
    const int error = errno;
    close(fd);
    errno = error;
    if (status != 0) return system_fail("sync", directory);
    return {};
}

}  // namespace lienthong::journal
