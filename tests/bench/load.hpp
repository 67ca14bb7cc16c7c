// SPDX-License-Identifier: Apache-2.0
// Load: what every measured system has in common. Publishers and consumers are threads of one
// process; a phase publishes for some seconds, then waits until everything is acknowledged and
// consumed. The server's costs are read from /proc before and after.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lienthong::bench {

struct LoadOptions {
    std::size_t size = 1024;      // bytes of a body
    std::size_t in_flight = 100;  // messages without an acknowledgement, of all publishers together
    std::size_t publishers = 1;
    std::size_t consumers = 1;
    double warm_seconds = 1;
    double seconds = 3;
    int server_pid = 0;  // with its descendants; 0: there is no server
    std::string endpoint;
    std::string mode;  // of the system: what its program says
    std::uint64_t seed = 1;

    std::size_t window() const;  // messages in flight of one publisher, at least 1
};
// --size=1024 --in-flight=… and so on; ends the program on anything else.
LoadOptions parse_options(std::span<char* const> arguments);

using Now = std::chrono::steady_clock::time_point;
inline Now now() { return std::chrono::steady_clock::now(); }

// The acknowledgements of one publisher.
class Acks {
  public:
    void add(Now sent, std::size_t messages = 1);
    std::uint64_t count() const { return latencies_us_.size(); }
    const std::vector<float>& latencies_us() const { return latencies_us_; }

  private:
    std::vector<float> latencies_us_;  // one for each message
};

class Publisher {
  public:
    virtual ~Publisher() = default;
    // Publishes until then, keeping its window full, and returns when all of it is acknowledged.
    virtual void publish_until(Now until, Acks& acks) = 0;
};

class Consumer {
  public:
    virtual ~Consumer() = default;
    // Consumes what is there, waiting a moment if nothing is; how many messages.
    virtual std::size_t consume() = 0;
};

struct System {
    std::string name;
    std::string note;            // of the record: what acknowledgement means here
    bool each_gets_all = false;  // a log: every consumer reads everything; else they share
    // Called on the thread that uses the result.
    std::function<std::unique_ptr<Publisher>(std::size_t)> publisher;
    std::function<std::unique_ptr<Consumer>(std::size_t)> consumer;
};

// Warms up, measures, prints one line of JSON; the program's exit code.
int run_load(const System& system, const LoadOptions& options);

// A body of so many bytes that no two messages share and that does not compress.
std::string make_body(std::size_t size, std::uint64_t seed);
// Ends the program with the system's own words.
[[noreturn]] void give_up(const std::string& why);

struct Costs {
    double cpu_seconds = 0;
    std::uint64_t rss_anon_kib = 0;
};
Costs costs_of_tree(int pid);     // with its descendants, also those that have ended
double cpu_seconds_of_process();  // of this one
double percentile(std::vector<float>& values, double share);  // sorts; 0 if there are none

// A flat JSON object, built in order.
class JsonLine {
  public:
    JsonLine& text(const std::string& key, const std::string& value);
    JsonLine& number(const std::string& key, double value);
    JsonLine& count(const std::string& key, std::uint64_t value);
    JsonLine& flag(const std::string& key, bool value);
    void print() const;

  private:
    void add(const std::string& key, const std::string& value);
    std::string text_;
};

}  // namespace lienthong::bench
