// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/province.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bus/base/check.hpp"

namespace lienthong::sim {

using std::chrono::milliseconds;
using std::chrono::minutes;
using test::kNow;
using test::world;

const std::vector<std::string> kSlugs = {
    "labour", "police", "border-guard", "peoples-committee", "information", "womens-union"};

namespace {

constexpr milliseconds kTickMin{50};
constexpr milliseconds kTickMax{2000};    // where nothing is under way; below every time-out
constexpr std::size_t kAlarmsEvery = 32;  // steps

}  // namespace

// What a node receives is shown to the model, and then, maybe, to who lies.
class Province::WatchedLink final : public wire::ClientLink {
  public:
    WatchedLink(std::unique_ptr<wire::ClientLink> link, std::string slug, Province& province)
        : link_(std::move(link)), slug_(std::move(slug)), province_(province) {}

    std::optional<wire::Frames> maybe_receive() override {
        auto frames = link_->maybe_receive();
        if (!frames) return frames;
        auto command = wire::parse_command(frames->command, wire::kDataBytesMax);
        if (!command) {
            province_.model_.fail(slug_ + " received what is no command");
            return frames;
        }
        province_.received(slug_, *command);
        if (province_.liar_ && province_.liar_->tamper(slug_, *command)) {
            frames->command = wire::encode(*command);
        }
        return frames;
    }
    Result<void> send(const wire::Frames& frames) override { return link_->send(frames); }
    Result<void> reconnect() override { return link_->reconnect(); }

  private:
    std::unique_ptr<wire::ClientLink> link_;
    const std::string slug_;
    Province& province_;
};

test::SmallBusOptions Province::bus_options(std::uint64_t seed) {
    test::SmallBusOptions options;
    options.seed = seed;
    options.nodes = kSlugs;
    options.tweak_node = [](node::NodeOptions& node) {
        node.answer_timeout = std::chrono::seconds{3};
        node.reconnect_max = std::chrono::seconds{2};
    };
    options.tweak_keys = [this](const std::string& slug, node::NodeKeys& all) {
        Keys& own = keys_[slug];
        if (own.sign) all.sign = own.sign->signer();
        for (const node::SealingKey& key : own.seal) all.seal.push_back(key);
    };
    options.clock_of = [this](const std::string& slug) -> const Clock& { return clocks_.at(slug); };
    options.open_disk = [this](const std::string& slug, std::shared_ptr<journal::MemoryDisk> disk) {
        return open_faulty(std::move(disk), disks_[slug]);
    };
    options.wrap_link = [this](const std::string& slug, std::unique_ptr<wire::ClientLink> link) {
        return std::make_unique<WatchedLink>(std::move(link), slug, *this);
    };
    return options;
}

Province::Province(std::uint64_t seed)
    : seed_(seed),
      plan_(seed),
      random_(seed * 7919 + 3),
      registry_(world().registry),
      policy_(world().policy) {
    clocks_.emplace("", DriftingClock(kNow));
    for (const std::string& slug : kSlugs) clocks_.emplace(slug, DriftingClock(kNow));
    if (plan_.drifting) {
        for (auto& [slug, clock] : clocks_) {
            clock.set_drift(static_cast<std::int64_t>(below(40'000)) - 20'000);
        }
    }
    cases_.push_back({0, 0, {}, {}});
    if (plan_.lie != Lie::none) liar_ = std::make_unique<Liar>(*this, plan_.lie);
    bus_ = std::make_unique<test::SmallBus>(bus_options(seed));
    bus_->hub().set_faults(plan_.links);
    follow();
}

Province::~Province() = default;

void Province::run() {
    if (liar_) {
        liar_->run();
        return;
    }
    if (run_faults() && settle()) check_end();
}

bool Province::run_faults() {
    for (std::size_t i = 0; i < plan_.steps && !model_.failed(); ++i) {
        if (plan_.nights && i > 0 && i % 40 == 0) night();
        start_the_stopped(120);
        if (chance(60)) publish_figures();
        for (CaseCourse& course : cases_) go_on_with(course);
        if (cases_.size() < 2 && i > plan_.steps / 2) cases_.push_back({1, 0, {}, {}});
        if (chance(40)) ask_as_a_stranger();
        administer();
        break_something();
        step();
    }
    return !model_.failed();
}

// The phase in which all that was promised has to come true.
bool Province::settle() {
    end_faults();
    const bool settled = step_until(
        [&] {
            start_the_stopped(1000);
            for (CaseCourse& course : cases_) go_on_with(course);
            ask_all();
            administer();
            return all_settled();
        },
        minutes{30});
    if (!settled && !model_.failed()) {
        std::string waits;
        for (const Submitted& one : submitted_) {
            if (!one.is_final()) waits += fmt::format(" {}:{}", one.slug, one.tag);
        }
        model_.fail(fmt::format("not settled, step {} of the case, change {}, waiting:{}",
                                cases_.front().step,
                                change_.has_value(),
                                waits));
    }
    if (model_.failed()) return false;
    const std::uint64_t size = model_.log_size();
    struct Seen {
        std::set<std::string> witnessed;
        std::set<std::string> there;
    };
    const auto seen = std::make_shared<Seen>();  // callbacks may come after this function
    for (const std::string& slug : kSlugs) {
        const auto until = clocks_.at(slug).monotonic() + minutes{10};
        bus_->node(slug).catch_up(size - 1, until, [seen, slug](Result<void> came) {
            if (came) seen->there.insert(slug);
        });
    }
    const auto all_there = [&] {
        if (steps_ % 16 != 0) return false;
        for (const std::string& slug : kSlugs) {
            node::NodeAgent* node = bus_->maybe_node(slug);
            if (node == nullptr) return false;
            node->status(clocks_.at(slug).monotonic(), [seen, slug, size](auto status) {
                if (status && status->witnessed.size >= size) seen->witnessed.insert(slug);
            });
        }
        return seen->there.size() == kSlugs.size() && seen->witnessed.size() == kSlugs.size();
    };
    if (!step_until(all_there, minutes{10}) && !model_.failed()) {
        model_.fail(fmt::format("{} nodes have all, {} know a witnessed head",
                                seen->there.size(),
                                seen->witnessed.size()));
    }
    return !model_.failed();
}

bool Province::step_until(const std::function<bool()>& done, milliseconds most) {
    const milliseconds end = true_time_ + most;
    while (true_time_ < end && !model_.failed()) {
        if (done()) return true;
        step();
    }
    return false;
}

// Everybody who is up and not paused works once, in an order that changes.
void Province::step() {
    ++steps_;
    bool broker_broke = false;
    const std::size_t first = below(kSlugs.size() + 1);
    for (std::size_t i = 0; i <= kSlugs.size(); ++i) {
        const std::size_t who = (first + i) % (kSlugs.size() + 1);
        if (phase_of_faults_ && plan_.pause != 0 && chance(plan_.pause)) continue;
        if (who == kSlugs.size()) {
            if (bus_->maybe_broker() == nullptr) continue;
            broker_broke = !bus_->work_broker();
            follow();
        } else if (bus_->maybe_node(kSlugs[who]) != nullptr) {
            if (!bus_->work_node(kSlugs[who])) crash_node(kSlugs[who]);
        }
    }
    if (broker_broke) {
        // What had left it may still arrive.
        for (const std::string& slug : kSlugs) {
            if (bus_->maybe_node(slug) == nullptr || chance(250)) continue;
            if (!bus_->work_node(slug)) crash_node(slug);
        }
        crash_broker();
    }
    consume(kSlugs[steps_ % kSlugs.size()]);
    if (steps_ % kAlarmsEvery == 0) check_alarms();
    bus_->hub().step();
    tick();
}

// Small while something is under way; else up to the next moment at which anybody might wake.
void Province::tick() {
    tick_ = bus_->hub().idle() ? std::min(std::max(tick_ * 2, kTickMin), kTickMax) : kTickMin;
    pass(tick_);
}

void Province::pass(milliseconds time) {
    true_time_ += time;
    bus_->clock().advance(time);
    for (auto& [slug, clock] : clocks_) clock.advance(time);
}

void Province::follow() {
    if (liar_ && liar_->log_is_false()) return;
    bus_->look([&](const core::ReadState& state, const journal::ReadTxn&) {
        if (state.log_size() == model_.log_size()) return;
        model_.follow(state);
        check_clock();
    });
}

void Province::received(const std::string& slug, const wire::Command& answer) {
    if (liar_ && liar_->log_is_false()) return;
    if (const auto* receipt = std::get_if<message::Receipt>(&answer.body)) {
        model_.saw_receipt(slug, *receipt);
    } else if (const auto* delivery = std::get_if<message::Delivery>(&answer.body)) {
        model_.saw_delivery(slug, *delivery);
    } else if (const auto* welcome = std::get_if<wire::Welcome>(&answer.body)) {
        if (!welcome->head.empty()) model_.saw_head(welcome->head);
    } else if (const auto* witnessed = std::get_if<wire::Witnessed>(&answer.body)) {
        if (!witnessed->note.empty()) model_.saw_head(witnessed->note);
    } else if (const auto* adopted = std::get_if<wire::Adopted>(&answer.body)) {
        model_.saw_head(adopted->head);
    }
}

void Province::crash_node(const std::string& slug) {
    if (bus_->maybe_node(slug) == nullptr) return;
    bus_->crash_node(slug);
    forget_questions(slug);
    count("node crashes");
}

void Province::crash_broker() {
    if (bus_->maybe_broker() == nullptr) return;
    bus_->crash_broker();
    follow();  // a commit that was never answered
    broker_restarted_ = true;
    count("broker crashes");
}

void Province::start_the_stopped(std::uint32_t permille) {
    if (bus_->maybe_broker() == nullptr && chance(permille)) {
        broker_restarted_ = true;
        bus_->start_broker();
        follow();
    }
    for (const std::string& slug : kSlugs) {
        if (bus_->maybe_node(slug) != nullptr || away_.contains(slug)) continue;
        if (chance(permille)) bus_->start_node(slug);
    }
}

FaultCounts Province::faults() const {
    FaultCounts all = counts_;
    const wire::InprocCounts& links = bus_->hub().counts();
    all["messages"] += links.sent;
    all["messages lost"] += links.lost;
    all["messages repeated"] += links.repeated;
    all["messages delayed"] += links.delayed;
    all["messages reordered"] += links.reordered;
    for (const auto& [slug, disk] : disks_) {
        all["disk reads failed"] += disk.reads_failed;
        all["disk writes failed"] += disk.writes_failed;
        all["commits lost"] += disk.commits_lost;
        all["commits unanswered"] += disk.commits_unanswered;
    }
    if (plan_.lie != Lie::none) ++all[std::string("broker ") + name(plan_.lie)];
    return all;
}

std::string Province::trace() {
    std::string text;
    bus_->look([&](const core::ReadState& state, const journal::ReadTxn&) {
        for (Position position = 0; position < state.log_size(); ++position) {
            const core::Entry entry = state.entry(position).value();
            text += fmt::format("{} {} {}", position, static_cast<int>(entry.kind), entry.time);
            if (entry.kind == proof::EntryKind::message) {
                text += " " + message::parse_header(entry.content)->id.text();
            }
            text += "\n";
        }
    });
    return text;
}

}  // namespace lienthong::sim
