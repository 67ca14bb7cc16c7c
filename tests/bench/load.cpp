// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/load.hpp"

#include <barrier>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <thread>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lienthong::bench {
namespace {

constexpr std::chrono::seconds kDrainMax{60};

template <class Number>
Number number_of(const std::string& key, const std::string& value) {
    Number parsed{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc{} || end != value.data() + value.size()) {
        give_up("not a number: " + key + "=" + value);
    }
    return parsed;
}

struct Measured {
    std::uint64_t messages = 0;
    double seconds = 0;          // until the last was consumed
    double publish_seconds = 0;  // until the last was acknowledged
    double server_cpu = 0;
    double client_cpu = 0;
    std::uint64_t rss_anon_kib = 0;
    std::vector<float> latencies_us;
};

// Threads that live for both phases: connections are made once.
class Run {
  public:
    Run(const System& system, const LoadOptions& options) : system_(system), options_(options) {}

    Measured measure() {
        std::vector<std::jthread> threads;
        ready_ = static_cast<long>(options_.publishers + options_.consumers);
        for (std::size_t i = 0; i < options_.consumers; ++i) {
            threads.emplace_back([this, i](const std::stop_token& stop) { consume(i, stop); });
        }
        for (std::size_t i = 0; i < options_.publishers; ++i) {
            threads.emplace_back([this, i] { publish(i); });
        }
        for (long left = ready_.load(); left != 0; left = ready_.load()) ready_.wait(left);
        phase(options_.warm_seconds);
        Measured measured = phase(options_.seconds);
        step_ = kEnd;
        step_.notify_all();
        for (std::jthread& thread : threads) thread.request_stop();
        return measured;
    }

  private:
    static constexpr int kEnd = -1;

    void consume(std::size_t index, const std::stop_token& stop) {
        const auto consumer = system_.consumer(index);
        be_ready();
        while (!stop.stop_requested()) {
            const std::size_t taken = consumer->consume();
            consumed_.fetch_add(taken);
            last_consumed_ = now().time_since_epoch().count();
        }
    }

    void publish(std::size_t index) {
        const auto publisher = system_.publisher(index);
        be_ready();
        for (int step = 1;; ++step) {
            for (int seen = step_.load(); seen < step && seen != kEnd; seen = step_.load()) {
                step_.wait(seen);
            }
            if (step_.load() == kEnd) return;
            Acks acks;
            publisher->publish_until(until_, acks);
            {
                const std::lock_guard lock(mutex_);
                const auto& added = acks.latencies_us();
                latencies_us_.insert(latencies_us_.end(), added.begin(), added.end());
            }
            if (publishing_.fetch_sub(1) == 1) publishing_.notify_all();
        }
    }

    void be_ready() {
        if (ready_.fetch_sub(1) == 1) ready_.notify_all();
    }

    Measured phase(double seconds) {
        const Costs before = costs_of_tree(options_.server_pid);
        const double own_before = cpu_seconds_of_process();
        const std::uint64_t consumed_before = consumed_.load();
        latencies_us_.clear();
        publishing_ = static_cast<long>(options_.publishers);
        const Now begin = now();
        until_ = begin + std::chrono::microseconds(static_cast<long>(seconds * 1e6));
        ++step_;
        step_.notify_all();
        for (long left = publishing_.load(); left != 0; left = publishing_.load()) {
            publishing_.wait(left);
        }
        const double publish_seconds = std::chrono::duration<double>(now() - begin).count();
        const std::uint64_t rss_anon_kib = costs_of_tree(options_.server_pid).rss_anon_kib;
        const std::uint64_t messages = latencies_us_.size();
        const std::uint64_t wanted = messages * (system_.each_gets_all ? options_.consumers : 1);
        const Now patience = now() + kDrainMax;
        while (consumed_.load() - consumed_before < wanted) {
            if (now() > patience) {
                give_up(fmt::format(
                    "consumed {} of {} messages", consumed_.load() - consumed_before, wanted));
            }
            std::this_thread::sleep_for(std::chrono::microseconds{200});
        }
        const double elapsed = std::chrono::duration<double>(now() - begin).count();
        const Costs after = costs_of_tree(options_.server_pid);
        return {messages,
                elapsed,
                publish_seconds,
                after.cpu_seconds - before.cpu_seconds,
                cpu_seconds_of_process() - own_before,
                std::max(rss_anon_kib, after.rss_anon_kib),
                latencies_us_};
    }

    const System& system_;
    const LoadOptions& options_;
    Now until_{};
    std::atomic<int> step_ = 0;
    std::atomic<long> ready_ = 0;
    std::atomic<long> publishing_ = 0;
    std::atomic<std::uint64_t> consumed_ = 0;
    std::atomic<std::int64_t> last_consumed_ = 0;
    std::mutex mutex_;
    std::vector<float> latencies_us_;
};

}  // namespace

std::size_t LoadOptions::window() const { return std::max<std::size_t>(1, in_flight / publishers); }

LoadOptions parse_options(std::span<char* const> arguments) {
    LoadOptions options;
    for (char* const argument : arguments.subspan(1)) {
        const std::string text = argument;
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos) give_up("expected --key=value: " + text);
        const std::string key = text.substr(0, equals);
        const std::string value = text.substr(equals + 1);
        if (key == "--size") {
            options.size = number_of<std::size_t>(key, value);
        } else if (key == "--in-flight") {
            options.in_flight = number_of<std::size_t>(key, value);
        } else if (key == "--publishers") {
            options.publishers = number_of<std::size_t>(key, value);
        } else if (key == "--consumers") {
            options.consumers = number_of<std::size_t>(key, value);
        } else if (key == "--seconds") {
            options.seconds = number_of<double>(key, value);
        } else if (key == "--warm-seconds") {
            options.warm_seconds = number_of<double>(key, value);
        } else if (key == "--server-pid") {
            options.server_pid = number_of<int>(key, value);
        } else if (key == "--seed") {
            options.seed = number_of<std::uint64_t>(key, value);
        } else if (key == "--endpoint") {
            options.endpoint = value;
        } else if (key == "--mode") {
            options.mode = value;
        } else {
            give_up("unknown option " + key);
        }
    }
    return options;
}

void Acks::add(Now sent, std::size_t messages) {
    const float us = std::chrono::duration<float, std::micro>(now() - sent).count();
    latencies_us_.insert(latencies_us_.end(), messages, us);
}

int run_load(const System& system, const LoadOptions& options) {
    Measured measured = Run(system, options).measure();
    const double messages = static_cast<double>(measured.messages);
    const double per_100k = messages == 0 ? 0 : 1e5 / messages;
    JsonLine line;
    line.text("system", system.name).text("mode", options.mode).text("note", system.note);
    line.count("size", options.size).count("in_flight", options.in_flight);
    line.count("publishers", options.publishers).count("consumers", options.consumers);
    line.flag("each_consumer_gets_all", system.each_gets_all);
    line.count("messages", measured.messages).number("seconds", measured.seconds);
    line.number("publish_seconds", measured.publish_seconds);
    line.number("messages_per_second", messages / measured.seconds);
    line.number("acknowledged_per_second", messages / measured.publish_seconds);
    line.number("ack_p50_us", percentile(measured.latencies_us, 0.5));
    line.number("ack_p99_us", percentile(measured.latencies_us, 0.99));
    line.number("ack_p999_us", percentile(measured.latencies_us, 0.999));
    line.number("server_cpu_seconds_per_100k", measured.server_cpu * per_100k);
    line.number("client_cpu_seconds_per_100k", measured.client_cpu * per_100k);
    line.count("server_rss_anon_kib", measured.rss_anon_kib);
    line.print();
    return measured.messages == 0 ? 1 : 0;
}

std::string make_body(std::size_t size, std::uint64_t seed) {
    std::string body(size, '\0');
    std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
    for (char& c : body) {
        state ^= state << 13U;
        state ^= state >> 7U;
        state ^= state << 17U;
        c = static_cast<char>('0' + state % 64);
    }
    return body;
}

void give_up(const std::string& why) {
    fmt::print(stderr, "{}\n", why);
    std::_Exit(1);  // threads may stand in a library's call
}

double percentile(std::vector<float>& values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const double rank = std::ceil(share * static_cast<double>(values.size()));
    const auto index = static_cast<std::size_t>(std::max(1.0, rank)) - 1;
    return static_cast<double>(values[std::min(index, values.size() - 1)]);
}

void JsonLine::add(const std::string& key, const std::string& value) {
    text_ += (text_.empty() ? "{\"" : ",\"") + key + "\":" + value;
}
JsonLine& JsonLine::text(const std::string& key, const std::string& value) {
    add(key, "\"" + value + "\"");  // our own words: nothing in them needs an escape
    return *this;
}
JsonLine& JsonLine::number(const std::string& key, double value) {
    add(key, fmt::format("{:.6g}", value));
    return *this;
}
JsonLine& JsonLine::count(const std::string& key, std::uint64_t value) {
    add(key, fmt::format("{}", value));
    return *this;
}
JsonLine& JsonLine::flag(const std::string& key, bool value) {
    add(key, value ? "true" : "false");
    return *this;
}
void JsonLine::print() const {
    fmt::print("{}}}\n", text_);
    std::fflush(stdout);
}

}  // namespace lienthong::bench
