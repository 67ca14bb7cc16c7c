// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/broker_files.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <utility>

#include "bus/base/file.hpp"
#include "bus/core/state.hpp"
#include "bus/journal/lmdb_journal.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRunBytesMax = 64 * 1024;
constexpr std::size_t kMetricsBytesMax = 1024 * 1024;
constexpr const char* kDataFile = "data.mdb";
constexpr std::uintmax_t kSnapshotBytesMax = 256 * 1024 * 1024;
constexpr int kSnapshotAttempts = 5;
constexpr std::string_view kLogSizeLine = "\nlienthong_log_size ";

struct Running {
    std::uint16_t metrics = 0;
};

// What the broker left of itself, if its process is still there.
std::optional<Running> maybe_running(const fs::path& home) {
    const auto bytes = read_file(home / "run.json", kRunBytesMax);
    if (!bytes) return std::nullopt;
    const auto json = maybe_json(as_text(*bytes));
    if (!json || !json->is_object() || !json->contains("pid") ||
        !(*json)["pid"].is_number_integer()) {
        return std::nullopt;
    }
    const auto pid = (*json)["pid"].get<pid_t>();
    if (pid <= 0 || (kill(pid, 0) != 0 && errno == ESRCH)) return std::nullopt;
    return Running{json->value("metrics", std::uint16_t{0})};
}

// The answer to GET /metrics on the loopback interface; empty if there is none in two seconds.
std::string fetch_metrics(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return {};
    const timeval limit{2, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    constexpr std::string_view kRequest =
        "GET /metrics HTTP/1.0\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    std::string text;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(kRequest.size())) {
        std::array<char, 16384> block;
        while (text.size() < kMetricsBytesMax) {
            const ssize_t got = recv(fd, block.data(), block.size(), 0);
            if (got <= 0) break;
            text.append(block.data(), static_cast<std::size_t>(got));
        }
    }
    close(fd);
    return text;
}

Result<std::uint64_t> log_size_of(const std::string& metrics) {
    const std::size_t at = metrics.find(kLogSizeLine);
    if (at == std::string::npos) return fail(Code::unreachable, "no answer", "metrics");
    const char* first = metrics.data() + at + kLogSizeLine.size();
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(first, metrics.data() + metrics.size(), size);
    if (error != std::errc() || end == first)
        return fail(Code::unreachable, "no number", "metrics");
    return size;
}

Result<std::unique_ptr<journal::Journal>> open_data(const fs::path& directory) {
    journal::LmdbOptions options;
    options.directory = directory;
    options.tables = core::kTableNames;
    options.read_only = true;
    return journal::open_lmdb(options);
}

// A copy of the data of a running broker, for one look; gone with this object.
class Snapshot {
  public:
    explicit Snapshot(fs::path path) : path_(std::move(path)) {}
    Snapshot(Snapshot&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    Snapshot& operator=(Snapshot&&) = delete;
    ~Snapshot() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

Result<Snapshot> take_snapshot(const fs::path& home) {
    std::string name = (home / "snapshot-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
        return fail(Code::io, "cannot make a folder", home.string());
    Snapshot snapshot{fs::path(name)};
    std::error_code error;
    const fs::path data = home / "data" / kDataFile;
    if (fs::file_size(data, error) > kSnapshotBytesMax || error) {
        return fail(Code::oversized, "too large to be copied while the broker runs", data.string());
    }
    if (!fs::copy_file(data, snapshot.path() / kDataFile, error)) {
        return fail(Code::io, error.message(), data.string());
    }
    return snapshot;
}

using Look = std::function<Result<void>(const journal::ReadTxn&)>;

Result<void> look_into(const fs::path& directory, const Look& look) {
    auto journal = open_data(directory);
    if (!journal) return std::unexpected(journal.error());
    auto txn = (*journal)->begin_read();
    if (!txn) return std::unexpected(txn.error());
    return look(**txn);
}

// The data of a broker that has ended is looked at where it is. A running one is copied; it writes
// meanwhile, so a copy may be torn: then its checks fail, and it is taken again.
Result<void> look_at_data(const fs::path& home, bool running, const Look& look) {
    if (!running) return look_into(home / "data", look);
    for (int attempt = 1;; ++attempt) {
        auto snapshot = take_snapshot(home);
        if (!snapshot) return std::unexpected(snapshot.error());
        auto looked = look_into(snapshot->path(), look);
        if (looked || looked.error().errc() != Errc::corrupt || attempt == kSnapshotAttempts) {
            return looked;
        }
    }
}

}  // namespace

Result<BrokerLook> look_at_broker(Environment& environment, const fs::path& home) {
    BrokerLook look;
    const auto running = maybe_running(home);
    look.running = running.has_value();
    std::error_code error;
    if (!fs::exists(home / "data" / kDataFile, error)) return look;  // never started
    auto looked =
        look_at_data(home, look.running, [&](const journal::ReadTxn& txn) -> Result<void> {
            // Documents and heads are not encrypted; nothing else is read, so any key will do.
            core::Vault vault(seal::StorageKey::generate(environment.random), environment.random);
            const core::ReadState state(txn, vault);
            look.log_size = txn.log_size();
            auto note = state.newest_head();
            if (!note) return std::unexpected(note.error());
            if (*note) {
                auto head = proof::parse_head(**note);
                if (!head) return std::unexpected(head.error());
                look.root = head->root;
            }
            auto documents = state.documents();
            if (!documents) return std::unexpected(documents.error());
            if (documents->registry) look.registry_version = documents->registry->version();
            if (documents->policy) look.policy_version = documents->policy->version();
            return {};
        });
    if (looked) return look;
    if (!running || running->metrics == 0) return std::unexpected(looked.error());
    auto size = log_size_of(fetch_metrics(running->metrics));
    if (!size) return std::unexpected(size.error());
    BrokerLook told;
    told.running = true;
    told.log_size = *size;
    return told;
}

Result<void> read_broker_log(const fs::path& home, Position from, const VisitEntry& visit) {
    const bool running = maybe_running(home).has_value();
    return look_at_data(home, running, [&](const journal::ReadTxn& txn) -> Result<void> {
        for (Position at = from; at < txn.log_size(); ++at) {
            auto bytes = txn.entry(at);
            if (!bytes) return std::unexpected(bytes.error());
            auto entry = core::parse_entry(*bytes);
            if (!entry) return std::unexpected(entry.error());
            if (!visit(at, *entry)) return {};
        }
        return {};
    });
}

}  // namespace lienthong::cli
