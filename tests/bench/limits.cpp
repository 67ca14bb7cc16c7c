// SPDX-License-Identifier: Apache-2.0
// The limits of the machine: fdatasync of the same bytes, a bare LMDB commit of them, and frames of
// them through ZeroMQ with CURVE and nothing else. Endpoint: a scratch folder.
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "bus/base/bytes.hpp"
#include "bus/wire/socket.hpp"
#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

void check(bool holds, const char* what) {
    if (!holds) give_up(std::string(what) + ": " + std::strerror(errno));
}

// One file, appended to; all of the window is one write and one sync.
class FilePublisher final : public Publisher {
  public:
    explicit FilePublisher(const LoadOptions& options)
        : window_(options.window()),
          bytes_(make_body(options.size * window_, options.seed)),
          file_(open((options.endpoint + "/sync").c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600)) {
        check(file_ >= 0, "open");
    }
    ~FilePublisher() override { close(file_); }
    FilePublisher(const FilePublisher&) = delete;
    FilePublisher& operator=(const FilePublisher&) = delete;

    void publish_until(Now until, Acks& acks) override {
        while (now() < until) {
            const Now sent = now();
            check(write(file_, bytes_.data(), bytes_.size()) == static_cast<ssize_t>(bytes_.size()),
                  "write");
            check(fdatasync(file_) == 0, "fdatasync");
            acks.add(sent, window_);
        }
    }

  private:
    std::size_t window_;
    std::string bytes_;
    int file_;
};

// One environment; all of the window is one transaction.
class LmdbPublisher final : public Publisher {
  public:
    explicit LmdbPublisher(const LoadOptions& options)
        : window_(options.window()), body_(make_body(options.size, options.seed)) {
        const std::string folder = options.endpoint + "/lmdb";
        std::filesystem::create_directories(folder);
        check(mdb_env_create(&environment_) == 0, "mdb_env_create");
        check(mdb_env_set_mapsize(environment_, std::size_t{1} << 40) == 0, "mapsize");
        check(mdb_env_open(environment_, folder.c_str(), 0, 0600) == 0, "mdb_env_open");
        MDB_txn* txn = nullptr;
        check(mdb_txn_begin(environment_, nullptr, 0, &txn) == 0, "begin");
        check(mdb_dbi_open(txn, nullptr, 0, &table_) == 0, "table");
        check(mdb_txn_commit(txn) == 0, "commit");
    }
    ~LmdbPublisher() override { mdb_env_close(environment_); }
    LmdbPublisher(const LmdbPublisher&) = delete;
    LmdbPublisher& operator=(const LmdbPublisher&) = delete;

    void publish_until(Now until, Acks& acks) override {
        while (now() < until) {
            const Now sent = now();
            MDB_txn* txn = nullptr;
            check(mdb_txn_begin(environment_, nullptr, 0, &txn) == 0, "begin");
            for (std::size_t i = 0; i < window_; ++i) put(txn);
            check(mdb_txn_commit(txn) == 0, "commit");
            acks.add(sent, window_);
        }
    }

  private:
    void put(MDB_txn* txn) {
        Bytes key = ByteWriter().u64(++position_).take();
        MDB_val name{key.size(), key.data()};
        MDB_val value{body_.size(), body_.data()};
        check(mdb_put(txn, table_, &name, &value, MDB_APPEND) == 0, "put");
    }

    std::size_t window_;
    std::string body_;
    MDB_env* environment_ = nullptr;
    MDB_dbi table_ = 0;
    std::uint64_t position_ = 0;
};

// A command is one byte that says what it is, and the number of messages in the frame behind it.
constexpr std::uint8_t kPublish = 1;
constexpr std::uint8_t kSubscribe = 2;

struct Relay {
    wire::CurveKeyPair server = wire::make_curve_key_pair();
    wire::CurveKeyPair client = wire::make_curve_key_pair();
    int pid = 0;
    std::string control;
    std::string data;

    void start();
    [[noreturn]] void run(int to_parent);
};

// Answers each publisher and gives its frame to every subscriber.
void Relay::run(int to_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    wire::ServerOptions options;
    options.keys = &server;
    options.admit = [this](BytesView key) { return std::ranges::equal(key, client.public_key); };
    auto link = wire::ZmqServer::open(std::move(options));
    check(link.has_value(), "relay");
    const std::string said = (*link)->control_endpoint() + "\n" + (*link)->data_endpoint() + "\n";
    check(write(to_parent, said.data(), said.size()) > 0, "write");
    std::vector<wire::PeerId> subscribers;
    for (;;) {
        const auto incoming = (*link)->maybe_receive();
        if (!incoming) {
            (*link)->wait(100);
            continue;
        }
        if (incoming->command.front() == kSubscribe) {
            subscribers.push_back(incoming->peer);
            continue;
        }
        (void)(*link)->send(incoming->peer, incoming->command, {});  // its window leaves room
        for (const wire::PeerId& peer : subscribers) {
            while (!(*link)->send(peer, incoming->command, incoming->data)) (*link)->wait(1);
        }
    }
}

void Relay::start() {
    int ends[2];
    check(pipe(ends) == 0, "pipe");
    pid = fork();
    if (pid == 0) run(ends[1]);
    close(ends[1]);
    FILE* const file = fdopen(ends[0], "r");
    for (std::string* endpoint : {&control, &data}) {
        char line[256] = {};
        check(fgets(line, sizeof line, file) != nullptr, "relay");
        *endpoint = line;
        endpoint->pop_back();
    }
    fclose(file);
}

std::unique_ptr<wire::ZmqClient> connect(const Relay& relay) {
    auto client =
        wire::ZmqClient::open({relay.control, relay.data, relay.server.public_key, &relay.client});
    check(client.has_value(), "connection");
    return std::move(*client);
}

Bytes command(std::uint8_t what, std::size_t messages) {
    return ByteWriter().u8(what).u32(static_cast<std::uint32_t>(messages)).take();
}

class FramePublisher final : public Publisher {
  public:
    FramePublisher(const Relay& relay, const LoadOptions& options)
        : client_(connect(relay)),
          messages_(options.window() < 8 ? 1 : std::min<std::size_t>(options.window() / 4, 250)),
          frames_(std::max<std::size_t>(1, options.window() / messages_)),
          bytes_(to_bytes(as_bytes(make_body(options.size * messages_, options.seed)))) {}

    void publish_until(Now until, Acks& acks) override {
        std::vector<Now> sent;
        for (bool open = true; open || !sent.empty();) {
            open = open && now() < until;
            while (open && sent.size() < frames_) {
                sent.push_back(now());
                check(client_->send({wire::Channel::data, command(kPublish, messages_), bytes_})
                          .has_value(),
                      "send");
            }
            if (sent.empty()) return;
            if (!client_->maybe_receive()) {
                client_->wait(50);
                continue;
            }
            acks.add(sent.front(), messages_);
            sent.erase(sent.begin());
        }
    }

  private:
    std::unique_ptr<wire::ZmqClient> client_;
    std::size_t messages_;
    std::size_t frames_;
    Bytes bytes_;
};

class FrameConsumer final : public Consumer {
  public:
    explicit FrameConsumer(const Relay& relay) : client_(connect(relay)) {
        check(client_->send({wire::Channel::data, command(kSubscribe, 0), {}}).has_value(), "send");
        client_->wait(100);  // the relay knows it before anything is published
    }
    std::size_t consume() override {
        const auto frames = client_->maybe_receive();
        if (!frames) {
            client_->wait(50);
            return 0;
        }
        ByteReader reader(frames->command);
        (void)reader.u8();
        return reader.u32();
    }

  private:
    std::unique_ptr<wire::ZmqClient> client_;
};

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong::bench;
    LoadOptions options = parse_options({argv, static_cast<std::size_t>(argc)});
    Relay relay;
    System system;
    system.name = options.mode;
    system.each_gets_all = true;
    if (options.mode == "fdatasync") {
        options.consumers = 0;
        system.note = "bytes appended to one file";
        system.publisher = [&](std::size_t) { return std::make_unique<FilePublisher>(options); };
    } else if (options.mode == "lmdb") {
        options.consumers = 0;
        system.note = "one table, one transaction a window";
        system.publisher = [&](std::size_t) { return std::make_unique<LmdbPublisher>(options); };
    } else if (options.mode == "zeromq") {
        relay.start();
        options.server_pid = relay.pid;
        system.note = "frames relayed, nothing stored";
        system.publisher = [&](std::size_t) {
            return std::make_unique<FramePublisher>(relay, options);
        };
        system.consumer = [&](std::size_t) { return std::make_unique<FrameConsumer>(relay); };
    } else {
        give_up("mode: fdatasync, lmdb or zeromq");
    }
    const int code = run_load(system, options);
    if (relay.pid > 0) {
        kill(relay.pid, SIGKILL);
        waitpid(relay.pid, nullptr, 0);
    }
    return code;
}
