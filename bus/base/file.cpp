// SPDX-License-Identifier: Apache-2.0
#include "bus/base/file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "bus/base/failpoint.hpp"

namespace lienthong {
namespace {

class Fd {
  public:
    explicit Fd(int fd) : fd_(fd) {}
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) close(fd_);
    }
    int get() const { return fd_; }

  private:
    int fd_;
};

std::unexpected<Error> io_error(const char* action, const std::filesystem::path& path) {
    const int error = errno;
    const Code code = error == ENOENT   ? Code::no_such_file
                      : error == ENOSPC ? Code::disk_full
                                        : Code::io;
    return fail(
        code, std::string(action) + ": " + std::generic_category().message(error), path.string());
}

Result<Bytes> read_all(const std::filesystem::path& path, std::size_t bytes_max, bool secret) {
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return io_error("open", path);
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) return io_error("stat", path);
    if (secret && (!S_ISREG(status.st_mode) || (status.st_mode & 0077) != 0)) {
        return fail(Code::unsafe_mode, "only the owner may have access (mode 0600)", path.string());
    }
    Bytes bytes;
    if (status.st_size > 0) bytes.reserve(static_cast<std::size_t>(status.st_size));
    std::array<std::uint8_t, 65536> block{};
    for (;;) {
        const ssize_t got = read(fd.get(), block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error("read", path);
        if (got == 0) return bytes;
        bytes.insert(bytes.end(), block.begin(), block.begin() + got);
        if (bytes.size() > bytes_max) return fail(Code::oversized, "file too large", path.string());
    }
}

Result<void> write_all(int fd, BytesView bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t put = write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return io_error("write", path);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    if (fsync(fd) != 0) return io_error("sync", path);
    return {};
}

}  // namespace

Result<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
    return read_all(path, bytes_max, false);
}

Result<Bytes> read_private_file(const std::filesystem::path& path, std::size_t bytes_max) {
    return read_all(path, bytes_max, true);
}

Result<void> write_file(const std::filesystem::path& path, BytesView bytes, mode_t mode) {
    std::filesystem::path beside = path;
    beside += ".new";
    {
        FAILPOINT_OR_FAIL(file_create, before);
        const Fd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
        FAILPOINT(file_create, after);
        if (fd.get() < 0) return io_error("create", beside);
        if (fchmod(fd.get(), mode) != 0) return io_error("chmod", beside);
        FAILPOINT_OR_FAIL(file_write, before);
        auto written = write_all(fd.get(), bytes, beside);
        if (!written) return written;
        FAILPOINT(file_write, after);
    }
    FAILPOINT_OR_FAIL(file_rename, before);
    if (rename(beside.c_str(), path.c_str()) != 0) return io_error("rename", path);
    FAILPOINT(file_rename, after);
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    const Fd directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    FAILPOINT_OR_FAIL(directory_sync, before);
    if (directory.get() < 0 || fsync(directory.get()) != 0) return io_error("sync", parent);
    FAILPOINT(directory_sync, after);
    return {};
}

Result<void> make_private_directory(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail(Code::io, "create: " + error.message(), path.string());
    if (chmod(path.c_str(), 0700) != 0) return io_error("chmod", path);
    return {};
}

Result<FileLock> FileLock::acquire(const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return io_error("open", path);
    FileLock lock(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return fail(Code::already_running, "the lock is held", path.string());
        }
        return io_error("lock", path);
    }
    return lock;
}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FileLock::~FileLock() {
    if (fd_ >= 0) close(fd_);
}

}  // namespace lienthong
