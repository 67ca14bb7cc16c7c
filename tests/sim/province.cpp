// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/province.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "security/seal/opening.hpp"

namespace lienthong::test {
namespace {

using message::Kind;

const std::vector<std::string> kNodes = {
    "labour", "police", "border-guard", "peoples-committee", "information", "womens-union"};
const std::vector<std::string> kReporters = {
    "labour", "police", "border-guard", "information", "womens-union"};

struct CaseStep {
    std::string_view slug;
    Kind kind;
};
constexpr CaseStep kCaseSteps[] = {
    {"border-guard", Kind::intake_record},
    {"peoples-committee", Kind::commune_notice},
    {"labour", Kind::initial_check},
    {"labour", Kind::verification_request},
    {"police", Kind::verification_acknowledgement},
    {"police", Kind::information_request},
    {"border-guard", Kind::information_reply},
    {"police", Kind::verification_extension},
    {"police", Kind::verification_result},
    {"police", Kind::victim_certificate},
};

SmallBusOptions options_of(std::uint64_t seed) {
    SmallBusOptions options;
    options.seed = seed;
    options.nodes = kNodes;
    options.commit.fetch_wait = std::chrono::seconds{2};
    options.tweak_node = [](node::NodeOptions& node) {
        node.answer_timeout = std::chrono::seconds{2};
        node.reconnect_max = std::chrono::seconds{1};
    };
    return options;
}

// The women's union reads outreach reports too.
Bytes wider_policy() {
    auto policy = world().policy;
    for (policy::Grant& grant : policy.grants) {
        if (grant.id == "outreach-read") grant.roles.push_back(Role::of("reintegration-partner"));
    }
    return world().policy_document(policy, 2);
}

}  // namespace

Province::Province(std::uint64_t seed)
    : random_(seed * 7919 + 3), bus_(options_of(seed)), new_policy_(wider_policy()) {
    wire::LinkFaults faults;
    faults.lose_permille = static_cast<std::uint32_t>(below(60));
    faults.repeat_permille = static_cast<std::uint32_t>(below(60));
    faults.delay_permille = static_cast<std::uint32_t>(below(200));
    faults.delay_steps_max = static_cast<std::uint32_t>(1 + below(10));
    faults.reorder_permille = static_cast<std::uint32_t>(below(100));
    bus_.hub().set_faults(faults);
}

void Province::run_with_faults(std::size_t steps) {
    for (std::size_t i = 0; i < steps; ++i) {
        restart_the_broken();
        if (chance(60)) publish_something();
        submit_case_step();
        if (i == steps / 2) change_policy();
        break_something();
        bus_.step();
    }
}

void Province::publish_something() {
    const std::string& slug = kReporters[below(kReporters.size())];
    const std::size_t count = 1 + below(4);
    for (std::size_t i = 0; i < count; ++i) {
        const bool summary = slug == "labour" && chance(300);
        node::Draft made = draft(summary ? Kind::province_summary : Kind::outreach_report);
        made.key = fmt::format("figures-{}", submitted_.size());
        submitted_.push_back({slug, std::move(made), {}});
        ask(submitted_.size() - 1);
    }
}

// The next step of the case once the one before is through.
void Province::submit_case_step() {
    if (case_waits_) {
        const auto& outcome = submitted_[*case_waits_].outcome;
        if (!outcome) ask(*case_waits_);
        if (!outcome || outcome->state == node::Outcome::State::waiting) return;
        if (outcome->state == node::Outcome::State::accepted) ++case_step_;
        if (case_step_ == 1) case_id_ = outcome->case_id;
        case_waits_.reset();
    }
    if (case_step_ == std::size(kCaseSteps)) return;
    const CaseStep& step = kCaseSteps[case_step_];
    node::Draft made;
    if (step.kind == Kind::intake_record) {
        made = opening({"police", "labour", "peoples-committee"});
    } else {
        message::CaseFacts facts;
        if (step.kind == Kind::verification_result) facts.outcome = message::Outcome::confirmed;
        made = case_draft(step.kind, case_id_, std::move(facts));
    }
    made.key = fmt::format("case-{}", submitted_.size());
    submitted_.push_back({std::string(step.slug), std::move(made), {}});
    case_waits_ = submitted_.size() - 1;
    ask(*case_waits_);
}

// By way of any node: the document proves itself.
void Province::change_policy() {
    if (auto* node = bus_.maybe_node("labour")) {
        node->adopt(new_policy_, bus_.clock().monotonic() + std::chrono::minutes{1}, [](auto) {});
    }
}

void Province::crash(const std::string& slug) {
    bus_.crash_node(slug);
    forget_questions(slug);
}

void Province::break_something() {
    const auto fault =
        chance(500) ? journal::CommitFault::before_durable : journal::CommitFault::after_durable;
    if (chance(4)) bus_.crash_broker();
    if (chance(8)) journal::fail_commit(bus_.broker_disk(), below(3), fault);
    const std::string& slug = kNodes[below(kNodes.size())];
    if (chance(6)) crash(slug);
    if (chance(12)) journal::fail_commit(bus_.node_disk(slug), below(3), fault);
}

void Province::restart_the_broken() {
    if (bus_.maybe_broker() == nullptr && chance(150)) bus_.start_broker();
    for (const std::string& slug : kNodes) {
        if (bus_.maybe_node(slug) != nullptr) continue;
        forget_questions(slug);
        if (chance(150)) bus_.start_node(slug);
    }
}

void Province::forget_questions(const std::string& slug) {
    for (Submitted& one : submitted_) {
        if (one.slug == slug) one.asked = false;
    }
}

void Province::ask(std::size_t index) {
    Submitted& one = submitted_[index];
    node::NodeAgent* node = bus_.maybe_node(one.slug);
    if (node == nullptr || one.asked) return;
    one.asked = true;
    node->submit({one.draft},
                 bus_.clock().monotonic() + std::chrono::hours{24},
                 [this, index](Result<std::vector<node::Outcome>> outcomes) {
                     submitted_[index].asked = false;
                     if (outcomes) submitted_[index].outcome = outcomes->front();
                 });
}

void Province::ask_all() {
    for (std::size_t i = 0; i < submitted_.size(); ++i) {
        if (!submitted_[i].outcome) ask(i);
    }
}

bool Province::settled() const {
    for (const Submitted& one : submitted_) {
        if (!one.outcome || one.outcome->state == node::Outcome::State::waiting) return false;
    }
    return case_step_ == std::size(kCaseSteps);
}

void Province::settle() {
    bus_.hub().set_faults({});
    journal::fail_commit(bus_.broker_disk(), 0, journal::CommitFault::none);
    for (const std::string& slug : kNodes) {
        journal::fail_commit(bus_.node_disk(slug), 0, journal::CommitFault::none);
    }
    if (bus_.maybe_broker() == nullptr) {
        ASSERT_TRUE(bus_.start_broker());
    }
    for (const std::string& slug : kNodes) {
        if (bus_.maybe_node(slug) != nullptr) continue;
        forget_questions(slug);
        ASSERT_TRUE(bus_.start_node(slug));
    }
    const bool done = bus_.step_until(
        [&] {
            submit_case_step();
            ask_all();
            return settled();
        },
        8000);
    ASSERT_TRUE(done) << "not settled: case step " << case_step_;
    for (const std::string& slug : kNodes) ASSERT_TRUE(bus_.catch_up(slug)) << slug;
    for (const std::string& slug : kNodes) ASSERT_NE(bus_.maybe_node(slug), nullptr) << slug;
}

void Province::check() {
    bus_.look([&](const core::ReadState& state, const journal::ReadTxn& txn) {
        check_outcomes(state);
        check_inboxes(state);
        check_heads(state);
        check_replay(state, txn);
    });
    check_nodes();
}

std::string Province::trace() {
    std::string text;
    bus_.look([&](const core::ReadState& state, const journal::ReadTxn&) {
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

}  // namespace lienthong::test
