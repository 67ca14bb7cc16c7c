// SPDX-License-Identifier: Apache-2.0
// `lienthong bench`: publishes many messages through a node of a test bus and tells how fast it
// went. The messages stay in the log for ever, so a bus that serves is refused: only one whose
// signed name says that it is a test bus is taken, and the operator has to say so too. The kind is
// one without figures, so that no report adds them up.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "adapters/cli/commands.hpp"
#include "adapters/cli/details.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/codec/codec.hpp"

namespace lienthong::cli {
namespace {

constexpr std::int64_t kCountMax = 100'000;
constexpr std::int64_t kSizeMin = 128;
constexpr std::size_t kAroundNote = 80;  // bytes of a report that holds a plan and no note, about
constexpr std::int64_t kSizeMax = 16'384;
constexpr std::int64_t kInFlightMax = 1024;
constexpr std::string_view kAgreed = "yes-this-is-a-test-bus";
constexpr message::Kind kKind = message::Kind::plan_published;

struct Load {
    std::size_t count = 0;
    std::size_t size = 0;
    std::size_t in_flight = 0;
};

Result<std::size_t> number_within(const Invocation& invocation,
                                  std::string_view name,
                                  std::int64_t otherwise,
                                  std::int64_t least,
                                  std::int64_t most) {
    const std::int64_t value = invocation.number(name, otherwise);
    if (value < least || value > most) {
        return fail(Code::bad_argument,
                    fmt::format("must be {} to {}", least, most),
                    fmt::format("--{}", name));
    }
    return static_cast<std::size_t>(value);
}

Result<Load> load_of(const Invocation& invocation) {
    const auto count = number_within(invocation, "count", 1000, 1, kCountMax);
    if (!count) return std::unexpected(count.error());
    const auto size = number_within(invocation, "size", 1024, kSizeMin, kSizeMax);
    if (!size) return std::unexpected(size.error());
    const auto in_flight = number_within(invocation, "in-flight", 100, 1, kInFlightMax);
    if (!in_flight) return std::unexpected(in_flight.error());
    return Load{*count, *size, std::min(*in_flight, *count)};
}

// A plan that says what it is; the note makes it as large as was asked.
Result<node::Draft> draft_of(std::size_t size) {
    const message::KindInfo& kind = message::info(kKind);
    const Json report{{"note", std::string(size - kAroundNote, 'x')},
                      {"plans", Json::array({Json{{"title", "lienthong bench"}}})}};
    auto bytes = codec::section_from_json(kind.sections[0], to_line(report));
    if (!bytes) return std::unexpected(bytes.error());
    node::Draft draft;
    draft.kind = kKind;
    draft.sections.emplace_back(std::string(kind.sections[0].name), std::move(*bytes));
    return draft;
}

// One message in so many took at most this long; `took` is sorted.
std::int64_t percentile_us(const std::vector<Clock::Monotonic>& took, double share) {
    if (took.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(took.size())));
    const Clock::Monotonic found = took[std::clamp<std::size_t>(rank, 1, took.size()) - 1];
    return std::chrono::duration_cast<std::chrono::microseconds>(found).count();
}

Json per_second(std::size_t count, Clock::Monotonic took) {
    const double seconds = std::chrono::duration<double>(took).count();
    return seconds > 0 ? Json(std::round(static_cast<double>(count) / seconds)) : Json();
}

// Publishes window by window; each acknowledgement is a receipt that the node has verified.
class Bench {
  public:
    Bench(Session& session, const Invocation& invocation)
        : session_(session), wait_(invocation.wait) {}

    Result<void> publish(const Load& load, const node::Draft& draft) {
        for (std::size_t done = 0; done < load.count;) {
            const std::size_t window = std::min(load.in_flight, load.count - done);
            const auto sent = session_.clock.monotonic();
            auto outcomes = session_.api.submit(std::vector<node::Draft>(window, draft), wait_);
            if (!outcomes) return std::unexpected(outcomes.error());
            for (const node::Outcome& outcome : *outcomes) {
                if (outcome.refusal) return std::unexpected(*outcome.refusal);
                if (outcome.state != node::Outcome::State::accepted) {
                    return fail(outcome.waits_for.value_or(Code::timeout), {}, "outbox");
                }
                last_ = std::max(last_, outcome.position);
            }
            took_.insert(took_.end(), window, session_.clock.monotonic() - sent);
            done += window;
            session_.progress(fmt::format("{}/{}", done, load.count));
        }
        return {};
    }

    Result<Answer> run(const Load& load, const node::Draft& draft) {
        const auto begin = session_.clock.monotonic();
        auto published = publish(load, draft);
        if (!published) return std::unexpected(published.error());
        const auto acknowledged = session_.clock.monotonic() - begin;
        // An agency's own messages come back to it, and its node verifies each.
        auto arrived = session_.api.catch_up(last_, wait_);
        if (!arrived) return std::unexpected(arrived.error());
        const auto all = session_.clock.monotonic() - begin;
        std::ranges::sort(took_);
        Answer answer;
        answer.body = Json{{"count", load.count},
                           {"size", load.size},
                           {"in_flight", load.in_flight},
                           {"kind", message::info(kKind).name},
                           {"acknowledged_per_second", per_second(load.count, acknowledged)},
                           {"messages_per_second", per_second(load.count, all)},
                           {"ack_p50_us", percentile_us(took_, 0.5)},
                           {"ack_p99_us", percentile_us(took_, 0.99)},
                           {"ack_p999_us", percentile_us(took_, 0.999)}};
        return answer;
    }

  private:
    Session& session_;
    node::Api::Timeout wait_;
    Position last_ = 0;
    std::vector<Clock::Monotonic> took_;  // of each message
};

}  // namespace

bool is_test_bus(const BusId& bus) {
    const std::string padded = "-" + bus.text() + "-";
    return padded.find("-test-") != std::string::npos;
}

Result<Answer> bench(Session& session, const Invocation& invocation) {
    const auto load = load_of(invocation);
    if (!load) return std::unexpected(load.error());
    if (!invocation.flag(kAgreed)) {
        return fail(Code::bad_argument,
                    "the messages stay in the log for ever: say that it is a test bus",
                    fmt::format("--{}", kAgreed));
    }
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    const BusId& bus = documents->registry->data().bus;
    if (!is_test_bus(bus)) {
        return fail(Code::forbidden, "its registry names no test bus: " + bus.text(), "bus");
    }
    const auto draft = draft_of(load->size);
    if (!draft) return std::unexpected(draft.error());
    return Bench(session, invocation).run(*load, *draft);
}

std::string render_bench(const Json& body, Lang lang) {
    TextTable table(
        {std::string(Words{"Số thông điệp", "Messages"}.in(lang)), cell(body, "count")});
    const auto row = [&](Words words, const char* key, std::string_view unit) {
        const std::string value = body[key].is_null() ? "-" : cell(body, key);
        table.add({std::string(words.in(lang)), fmt::format("{} {}", value, unit)});
    };
    row({"Cỡ nội dung", "Size of the content"}, "size", "B");
    row({"Gửi cùng lúc", "In flight"}, "in_flight", "");
    const std::string_view rate = Words{"mỗi giây", "a second"}.in(lang);
    row({"Được xác nhận", "Acknowledged"}, "acknowledged_per_second", rate);
    row({"Đã nhận lại và kiểm chứng", "Back again and verified"}, "messages_per_second", rate);
    row({"Xác nhận, 50 %", "Acknowledgement, 50 %"}, "ack_p50_us", "µs");
    row({"Xác nhận, 99 %", "Acknowledgement, 99 %"}, "ack_p99_us", "µs");
    row({"Xác nhận, 99,9 %", "Acknowledgement, 99.9 %"}, "ack_p999_us", "µs");
    return table.text();
}

}  // namespace lienthong::cli
