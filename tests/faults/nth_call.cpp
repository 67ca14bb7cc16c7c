// SPDX-License-Identifier: Apache-2.0
// Loaded before libc (LD_PRELOAD) by tests/faults/run: lets the n-th call of one class fail, once.
//
//     LT_NTH_CALL=alloc|write|sync|open:N[:ERRNO]   the N-th call of the class, from 1
//     LT_NTH_COUNT=FILE                             appends "CLASS N" for the first call of each
//                                                   class that comes from a place (a stack of
//                                                   callers) that was not seen before
//
// alloc: malloc, calloc, realloc, aligned_alloc, posix_memalign. write: write, writev, pwrite,
// pwritev to regular files. sync: fsync, fdatasync, msync. open: open, openat, rename. Calls that
// libc makes of itself are not seen: what stdio writes cannot fail here.
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

enum Class : unsigned { kAlloc, kWrite, kSync, kOpen, kClasses };
constexpr std::array<const char*, kClasses> kNames{"alloc", "write", "sync", "open"};
constexpr std::array<int, kClasses> kErrors{ENOMEM, ENOSPC, EIO, EMFILE};
constexpr int kFrames = 8;                    // two of them are in here
constexpr std::size_t kPlacesMax = 1U << 16;  // a power of two

struct Settings {
    unsigned failing = kClasses;
    unsigned long at = 0;
    int error = 0;
    int count_fd = -1;
    bool ready = false;
};

Settings settings;
std::array<std::atomic<unsigned long>, kClasses> calls{};
std::array<std::atomic<std::uint64_t>, kPlacesMax> places{};
thread_local bool inside = false;

__attribute__((constructor)) void prepare() {
    inside = true;
    void* frames[2];
    (void)backtrace(frames, 2);  // loads the unwinder, which allocates, before anything counts
    if (const char* wanted = std::getenv("LT_NTH_CALL")) {
        for (unsigned i = 0; i < kClasses; ++i) {
            const std::size_t length = std::strlen(kNames[i]);
            if (std::strncmp(wanted, kNames[i], length) != 0 || wanted[length] != ':') continue;
            char* end = nullptr;
            settings.failing = i;
            settings.at = std::strtoul(wanted + length + 1, &end, 10);
            settings.error = *end == ':' ? std::atoi(end + 1) : kErrors[i];
        }
        if (settings.failing == kClasses || settings.at == 0) std::abort();
    }
    if (const char* path = std::getenv("LT_NTH_COUNT")) {
        settings.count_fd = static_cast<int>(
            syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    }
    settings.ready = true;
    inside = false;
}

// True the first time that this stack of callers is seen. Full: nothing is new any more.
bool is_new_place(unsigned which) {
    void* frames[kFrames];
    const int depth = backtrace(frames, kFrames);
    std::uint64_t hash = 1469598103934665603ULL + which;
    for (int i = 2; i < depth; ++i) {
        hash = (hash ^ reinterpret_cast<std::uintptr_t>(frames[i])) * 1099511628211ULL;
    }
    hash |= 1;
    for (std::size_t probe = 0; probe < kPlacesMax; ++probe) {
        auto& slot = places[(hash + probe) & (kPlacesMax - 1)];
        std::uint64_t seen = 0;
        if (slot.compare_exchange_strong(seen, hash)) return true;
        if (seen == hash) return false;
    }
    return false;
}

// Counts a call; true if it is the one that fails (errno is set).
bool fails(unsigned which) {
    if (!settings.ready || inside) return false;
    inside = true;
    const unsigned long number = ++calls[which];
    if (settings.count_fd >= 0 && is_new_place(which)) {
        char line[48];
        const int size = std::snprintf(line, sizeof line, "%s %lu\n", kNames[which], number);
        (void)syscall(SYS_write, settings.count_fd, line, static_cast<std::size_t>(size));
    }
    const bool failing = which == settings.failing && number == settings.at;
    if (failing) {
        char line[64];
        const int size =
            std::snprintf(line, sizeof line, "nth_call %s %lu fails\n", kNames[which], number);
        (void)syscall(SYS_write, STDERR_FILENO, line, static_cast<std::size_t>(size));
        errno = settings.error;
    }
    inside = false;
    return failing;
}

bool is_file(int fd) {
    struct stat status{};
    const int saved = errno;
    const bool regular = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
    errno = saved;
    return regular;
}

template <class F>
F next(F, const char* name) {
    return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

mode_t mode_of(int flags, va_list arguments) {
    const bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return has_mode ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) { return fails(kAlloc) ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) {
    return fails(kAlloc) ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
    return fails(kAlloc) ? nullptr : __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return fails(kAlloc) ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    if (fails(kAlloc)) return ENOMEM;
    *block = __libc_memalign(alignment, size);
    return *block == nullptr ? ENOMEM : 0;
}

ssize_t write(int fd, const void* bytes, std::size_t size) {
    static const auto real = next(&write, "write");
    return is_file(fd) && fails(kWrite) ? -1 : real(fd, bytes, size);
}
ssize_t writev(int fd, const iovec* parts, int count) {
    static const auto real = next(&writev, "writev");
    return is_file(fd) && fails(kWrite) ? -1 : real(fd, parts, count);
}
ssize_t pwrite(int fd, const void* bytes, std::size_t size, off_t at) {
    static const auto real = next(&pwrite, "pwrite");
    return is_file(fd) && fails(kWrite) ? -1 : real(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void* bytes, std::size_t size, off64_t at) {
    static const auto real = next(&pwrite64, "pwrite64");
    return is_file(fd) && fails(kWrite) ? -1 : real(fd, bytes, size, at);
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
    static const auto real = next(&pwritev, "pwritev");
    return is_file(fd) && fails(kWrite) ? -1 : real(fd, parts, count, at);
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
    static const auto real = next(&pwritev64, "pwritev64");
    return is_file(fd) && fails(kWrite) ? -1 : real(fd, parts, count, at);
}

int fsync(int fd) {
    static const auto real = next(&fsync, "fsync");
    return fails(kSync) ? -1 : real(fd);
}
int fdatasync(int fd) {
    static const auto real = next(&fdatasync, "fdatasync");
    return fails(kSync) ? -1 : real(fd);
}
int msync(void* from, std::size_t size, int flags) {
    static const auto real = next(&msync, "msync");
    return fails(kSync) ? -1 : real(from, size, flags);
}

int open(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if (fails(kOpen)) return -1;
    return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
int open64(const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if (fails(kOpen)) return -1;
    return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags | O_LARGEFILE, mode));
}
int openat(int directory, const char* path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if (fails(kOpen)) return -1;
    return static_cast<int>(syscall(SYS_openat, directory, path, flags, mode));
}
int rename(const char* from, const char* to) {
    static const auto real = next(&rename, "rename");
    return fails(kOpen) ? -1 : real(from, to);
}

}  // extern "C"
