// SPDX-License-Identifier: Apache-2.0
// NATS JetStream by its text protocol: each message is acknowledged by the stream; each consumer
// pulls everything. Mode `signed`: the publisher signs each body with Ed25519, the consumer
// verifies each. Endpoint: a port of 127.0.0.1.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>

#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kPull = 1000;
constexpr std::chrono::milliseconds kPullEnds{400};  // twice as long as it is asked for

struct Message {
    std::string subject;
    std::string header;  // empty: none
    std::string body;
};

class Connection {
  public:
    explicit Connection(const std::string& port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            give_up("nats: no connection");
        }
        const int on = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        put("CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,"
            "\"lang\":\"bench\",\"version\":\"1\"}\r\n");
        flush();
    }
    ~Connection() { close(socket_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void put(std::string_view text) { out_ += text; }
    void publish(std::string_view subject, std::string_view reply, std::string_view body) {
        put("PUB ");
        put(subject);
        put(" ");
        put(reply);
        put(" " + std::to_string(body.size()) + "\r\n");
        put(body);
        put("\r\n");
    }
    void flush() {
        for (std::size_t done = 0; done < out_.size();) {
            const ssize_t sent =
                send(socket_, out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
            if (sent <= 0) give_up("nats: connection lost");
            done += static_cast<std::size_t>(sent);
        }
        out_.clear();
    }

    // The next message; nothing if none came in that time.
    std::optional<Message> maybe_message(int wait_ms) {
        for (;;) {
            if (auto message = parse()) return message;
            pollfd waiting{socket_, POLLIN, 0};
            if (poll(&waiting, 1, wait_ms) <= 0) return std::nullopt;
            char chunk[65536];
            const ssize_t got = recv(socket_, chunk, sizeof chunk, 0);
            if (got <= 0) give_up("nats: connection lost");
            if (at_ > sizeof chunk) {
                in_.erase(0, at_);
                at_ = 0;
            }
            in_.append(chunk, static_cast<std::size_t>(got));
        }
    }

  private:
    static std::size_t number(std::string_view text) {
        std::size_t value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        return value;
    }

    // Lines that are no messages are dealt with here.
    std::optional<Message> parse() {
        for (;;) {
            const std::size_t end = in_.find("\r\n", at_);
            if (end == std::string::npos) return std::nullopt;
            const std::string_view line(in_.data() + at_, end - at_);
            if (line.starts_with("MSG ") || line.starts_with("HMSG ")) {
                return parse_message(line, end + 2);
            }
            if (line.starts_with("-ERR")) give_up("nats: " + std::string(line));
            const bool ping = line.starts_with("PING");
            at_ = end + 2;
            if (ping) {
                put("PONG\r\n");
                flush();
            }
        }
    }

    // MSG subject sid [reply] size · HMSG subject sid [reply] header-size size
    std::optional<Message> parse_message(std::string_view line, std::size_t begin) {
        std::vector<std::string_view> words;
        for (std::size_t from = 0; from < line.size();) {
            const std::size_t space = std::min(line.find(' ', from), line.size());
            words.push_back(line.substr(from, space - from));
            from = space + 1;
        }
        const std::size_t size = number(words.back());
        if (in_.size() < begin + size + 2) return std::nullopt;
        const std::size_t header = line.starts_with("HMSG") ? number(words[words.size() - 2]) : 0;
        Message message{std::string(words[1]),
                        in_.substr(begin, header),
                        in_.substr(begin + header, size - header)};
        at_ = begin + size + 2;
        return message;
    }

    int socket_;
    std::string out_;
    std::string in_;
    std::size_t at_ = 0;  // of what was not parsed yet
};

// One request to the JetStream API; its answer.
std::string ask(Connection& connection, const std::string& subject, const std::string& json) {
    connection.put("SUB _INBOX.api 9\r\n");
    connection.publish(subject, "_INBOX.api", json);
    connection.flush();
    const auto answer = connection.maybe_message(5000);
    if (!answer) give_up("nats: no answer to " + subject);
    return answer->body;
}

EVP_PKEY* signing_key() {
    static EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    return key;
}

std::string signed_body(const std::string& body) {
    std::string made(kSignatureBytes, '\0');
    std::size_t size = kSignatureBytes;
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const auto* const data = reinterpret_cast<const unsigned char*>(body.data());
    auto* const out = reinterpret_cast<unsigned char*>(made.data());
    if (EVP_DigestSignInit(context, nullptr, nullptr, nullptr, signing_key()) != 1 ||
        EVP_DigestSign(context, out, &size, data, body.size()) != 1) {
        give_up("nats: cannot sign");
    }
    EVP_MD_CTX_free(context);
    return made + body;
}

void verify(const std::string& message) {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const auto* const data = reinterpret_cast<const unsigned char*>(message.data());
    if (EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, signing_key()) != 1 ||
        EVP_DigestVerify(context,
                         data,
                         kSignatureBytes,
                         data + kSignatureBytes,
                         message.size() - kSignatureBytes) != 1) {
        give_up("nats: bad signature");
    }
    EVP_MD_CTX_free(context);
}

class NatsPublisher final : public Publisher {
  public:
    NatsPublisher(const LoadOptions& options, std::size_t index)
        : connection_(options.endpoint),
          window_(options.window()),
          signed_(options.mode == "signed"),
          body_(make_body(options.size, options.seed + index)),
          inbox_("_INBOX.p" + std::to_string(index) + ".") {
        connection_.put("SUB " + inbox_ + "* 1\r\n");
    }

    void publish_until(Now until, Acks& acks) override {
        for (bool open = true; open || !sent_.empty();) {
            open = open && now() < until;
            while (open && sent_.size() < window_) publish();
            connection_.flush();
            auto answer = connection_.maybe_message(1000);
            for (; answer; answer = connection_.maybe_message(0)) take(*answer, acks);
        }
    }

  private:
    void publish() {
        const std::uint64_t number = ++number_;
        body_.replace(0, 8, reinterpret_cast<const char*>(&number), 8);
        sent_[number] = now();
        const std::string reply = inbox_ + std::to_string(number);
        connection_.publish("bench", reply, signed_ ? signed_body(body_) : body_);
    }

    void take(const Message& answer, Acks& acks) {
        if (answer.body.find("\"seq\"") == std::string::npos) give_up("nats: " + answer.body);
        const auto found = sent_.find(std::stoull(answer.subject.substr(inbox_.size())));
        if (found == sent_.end()) return;
        acks.add(found->second);
        sent_.erase(found);
    }

    Connection connection_;
    std::size_t window_;
    bool signed_;
    std::string body_;
    std::string inbox_;
    std::uint64_t number_ = 0;
    std::map<std::uint64_t, Now> sent_;
};

class NatsConsumer final : public Consumer {
  public:
    NatsConsumer(const LoadOptions& options, std::size_t index)
        : connection_(options.endpoint),
          signed_(options.mode == "signed"),
          name_("c" + std::to_string(index)) {
        const std::string made =
            ask(connection_,
                "$JS.API.CONSUMER.DURABLE.CREATE.BENCH." + name_,
                R"({"stream_name":"BENCH","config":{"durable_name":")" + name_ +
                    R"(","ack_policy":"none","deliver_policy":"all","max_waiting":16}})");
        if (made.find("\"error\"") != std::string::npos) give_up("nats: " + made);
        connection_.put("SUB _INBOX.c" + std::to_string(index) + " 2\r\n");
        inbox_ = "_INBOX.c" + std::to_string(index);
    }

    std::size_t consume() override {
        // A pull that ran out does not always say so.
        if (asked_ == 0 || now() - asked_at_ > kPullEnds) {
            asked_at_ = now();
            connection_.publish("$JS.API.CONSUMER.MSG.NEXT.BENCH." + name_,
                                inbox_,
                                "{\"batch\":" + std::to_string(kPull) + ",\"expires\":200000000}");
            connection_.flush();
            asked_ = kPull;
        }
        std::size_t taken = 0;
        auto message = connection_.maybe_message(50);
        for (; message; message = connection_.maybe_message(0)) {
            if (message->subject != "bench") {  // a status: the pull is over
                asked_ = 0;
                break;
            }
            if (signed_) verify(message->body);
            asked_at_ = now();
            --asked_;
            ++taken;
            if (asked_ == 0) break;
        }
        return taken;
    }

  private:
    Connection connection_;
    bool signed_;
    std::string name_;
    std::string inbox_;
    std::size_t asked_ = 0;  // messages of the pull that have not come
    Now asked_at_{};         // or the last one came
};

}  // namespace
}  // namespace lienthong::bench

int main(int argc, char** argv) {
    using namespace lienthong::bench;
    const LoadOptions options = parse_options({argv, static_cast<std::size_t>(argc)});
    signing_key();
    Connection connection(options.endpoint);
    (void)ask(connection, "$JS.API.STREAM.DELETE.BENCH", "");  // of the run before, if any
    connection.put("UNSUB 9\r\n");
    const std::string made = ask(
        connection,
        "$JS.API.STREAM.CREATE.BENCH",
        R"({"name":"BENCH","subjects":["bench"],"storage":"file","retention":"limits","num_replicas":1})");
    if (made.find("\"error\"") != std::string::npos) give_up("nats: " + made);
    System system;
    system.name = "nats";
    system.note = "acknowledges before it syncs";
    system.each_gets_all = true;
    system.publisher = [&](std::size_t i) { return std::make_unique<NatsPublisher>(options, i); };
    system.consumer = [&](std::size_t i) { return std::make_unique<NatsConsumer>(options, i); };
    return run_load(system, options);
}
