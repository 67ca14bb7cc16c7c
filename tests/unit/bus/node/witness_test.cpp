// SPDX-License-Identifier: Apache-2.0
// The node as a witness: it vouches for nothing that it has not proven and stored, believes no
// witnessed head that it cannot check, and says when there is none.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "security/proof/witness.hpp"
#include "tests/support/small_bus.hpp"

namespace lienthong::node {
namespace {

using message::Kind;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::SmallBus;
using test::world;

constexpr std::size_t kStepsOfMinute = 1200;

// Slugs of so many agencies as are more than half of those that have a witness; labour and police
// among them.
std::vector<std::string> majority() {
    std::vector<std::string> slugs = {"labour", "police"};
    for (const auto& [slug, member] : world().members) {
        const bool listed = slug == "labour" || slug == "police";
        if (!listed && 2 * slugs.size() <= world().members.size()) slugs.push_back(slug);
    }
    return slugs;
}

class Witness : public testing::Test {
  protected:
    // What labour co-signed: when, and the head's size.
    struct Sent {
        Clock::Monotonic at;
        std::uint64_t size = 0;
        std::uint64_t request = 0;
    };
    std::unique_ptr<SmallBus> start(std::vector<std::string> nodes) {
        test::SmallBusOptions options{.nodes = std::move(nodes), .tampered_node = "labour"};
        options.sent = [this](const wire::Command& request) {
            const auto* cosign = std::get_if<wire::Cosign>(&request.body);
            if (cosign != nullptr && now) {
                sent.push_back({now(), cosign->size, request.request});
            }
        };
        auto bus = std::make_unique<SmallBus>(std::move(options));
        now = [clock = &bus->clock()] { return clock->monotonic(); };
        return bus;
    }
    static std::uint64_t log_size(SmallBus& bus) { return bus.broker().journal->confirmed(); }
    static bool knows(SmallBus& bus, const std::string& slug) {
        return bus.status(slug).witnessed.size == log_size(bus);
    }
    static WitnessStatus witnessed(SmallBus& bus) { return bus.status("labour").witnessed; }
    static void publish(SmallBus& bus) {
        EXPECT_EQ(bus.submit_one("police", test::draft(Kind::outreach_report)).state,
                  Outcome::State::accepted);
    }
    bool has_sent(std::uint64_t size) const {
        return std::ranges::any_of(sent, [&](const Sent& one) { return one.size == size; });
    }
    // A head that no honest broker has, co-signed by these agencies.
    static std::string forged(proof::Head head, const std::vector<std::string>& slugs) {
        head.root.bytes[0] ^= 1;
        const std::string note = test::sign_head(head);
        std::string all = note;
        for (const std::string& slug : slugs) {
            const auto& member = world().member(slug);
            const auto signer = member.witness.signer();
            all += proof::cosign_head(note, member.node.text(), head.time, *signer).value();
        }
        return all;
    }
    // Gives labour another answer about witnessed heads, at a connection of its own.
    static void tell_labour(SmallBus& bus, const std::string& note) {
        bus.set_tamper([note](wire::Command& answer, Bytes&) {
            if (auto* body = std::get_if<wire::Witnessed>(&answer.body)) body->note = note;
        });
        ASSERT_TRUE(bus.start_node("labour"));
        bus.steps(600);
    }

    std::function<Clock::Monotonic()> now;
    std::vector<Sent> sent;
};

TEST_F(Witness, AHeadIsWitnessedOnceMoreThanHalfOfTheAgenciesCoSignedIt) {
    const auto bus = start(majority());
    publish(*bus);
    for (const std::string& slug : majority()) {
        ASSERT_TRUE(bus->step_until([&] { return knows(*bus, slug); }, 2 * kStepsOfMinute)) << slug;
        EXPECT_TRUE(bus->status(slug).alarms.empty());
    }
    const WitnessStatus status = witnessed(*bus);
    EXPECT_EQ(status.agencies, majority().size());
    EXPECT_EQ(status.of, world().members.size());
    EXPECT_GT(status.time, test::kNow - 1000);
    EXPECT_TRUE(proof::verify_head(status.note, world().bus, world().log.public_key()).has_value());
    EXPECT_TRUE(status.conflicting.empty());
    EXPECT_EQ(bus->broker().counters.witnessed_size, status.size);
    bus->crash_broker();
    ASSERT_TRUE(bus->start_node("labour"));
    EXPECT_EQ(witnessed(*bus).note, status.note) << "it is kept";
}

TEST_F(Witness, HalfOfTheAgenciesAreNotEnough) {
    auto half = majority();
    half.pop_back();
    const auto bus = start(half);
    bus->steps(2 * kStepsOfMinute);
    EXPECT_TRUE(has_sent(log_size(*bus)));
    EXPECT_EQ(witnessed(*bus).size, 0U);
    EXPECT_EQ(witnessed(*bus).of, world().members.size());
}

TEST_F(Witness, CoSignsAtMostOnceInTenSecondsAndAHeadThatStaysOnceInAnHour) {
    const auto bus = start({"labour", "police"});
    for (int i = 0; i < 100; ++i) {
        publish(*bus);
        bus->steps(5);
    }
    bus->steps(kStepsOfMinute);
    ASSERT_GE(sent.size(), 3U);
    for (std::size_t i = 1; i < sent.size(); ++i) {
        EXPECT_GE(sent[i].at - sent[i - 1].at, seconds{10});
    }
    EXPECT_EQ(sent.back().size, log_size(*bus));
    const std::size_t before = sent.size();
    bus->steps(kStepsOfMinute);
    EXPECT_EQ(sent.size(), before) << "nothing new";
    ASSERT_TRUE(bus->start_node("labour"));
    bus->steps(20);
    EXPECT_EQ(sent.size(), before + 1) << "at connection";
    bus->clock().advance(hours{1});
    bus->steps(600);
    EXPECT_EQ(sent.size(), before + 2) << "an hour later";
}

TEST_F(Witness, AClockAheadOfTheBrokersIsNoAlarmAndTheHeadIsCoSignedOnceTheyAgree) {
    const auto bus = start({"labour", "police"});
    ASSERT_TRUE(bus->catch_up("labour"));
    bus->steps(kStepsOfMinute / 4);
    const std::size_t before = sent.size();
    std::set<std::uint64_t> refused;
    bus->set_tamper([&](wire::Command& answer, Bytes&) {
        if (sent.empty() || answer.request != sent.back().request) return;
        if (!refused.insert(answer.request).second) return;
        answer.body = wire::to_failure(Error{Code::bad_argument, "ahead", "cosignature", {}});
    });
    ASSERT_TRUE(bus->start_node("labour"));
    bus->steps(kStepsOfMinute);
    EXPECT_GE(sent.size(), before + 3) << "again, each ten seconds";
    EXPECT_TRUE(bus->status("labour").alarms.empty());
    bus->set_tamper({});
    ASSERT_TRUE(bus->start_node("labour"));
    bus->steps(kStepsOfMinute / 4);
    const std::size_t taken = sent.size();
    bus->steps(kStepsOfMinute);
    EXPECT_EQ(sent.size(), taken) << "it is there now";
}

TEST_F(Witness, NeverCoSignsAHeadThatItCouldNotProve) {
    const auto bus = start({"labour", "police"});
    ASSERT_TRUE(bus->catch_up("labour"));
    bus->steps(kStepsOfMinute);
    const std::uint64_t honest = log_size(*bus);
    ASSERT_TRUE(has_sent(honest));
    bus->set_tamper([](wire::Command& answer, Bytes&) {
        const auto change = [](std::string& note) {
            auto head = proof::parse_head(note).value();
            head.root.bytes[0] ^= 1;
            note = test::sign_head(head);
        };
        if (auto* welcome = std::get_if<wire::Welcome>(&answer.body)) change(welcome->head);
        auto* delivery = std::get_if<wire::Delivery>(&answer.body);
        if (delivery == nullptr) return;
        change(delivery->head);
        test::sign_delivery(*delivery);
    });
    publish(*bus);
    bus->steps(kStepsOfMinute);
    EXPECT_TRUE(bus->has_alarm("labour", "head_conflict"));
    EXPECT_FALSE(has_sent(log_size(*bus)));
    ASSERT_TRUE(bus->start_node("labour"));
    bus->steps(kStepsOfMinute);
    EXPECT_EQ(sent.back().size, honest) << "at connection too, it vouches for what it proved";
    bus->set_tamper({});
    ASSERT_TRUE(bus->step_until([&] { return has_sent(log_size(*bus)); }));
}

TEST_F(Witness, NeverCoSignsAHeadThatIsNotOnItsDisk) {
    const auto bus = start({"labour", "police"});
    ASSERT_TRUE(bus->catch_up("labour"));
    bus->steps(kStepsOfMinute);
    journal::fail_commit(bus->node_disk("labour"), 0, journal::CommitFault::before_durable);
    publish(*bus);
    bus->steps(kStepsOfMinute);
    EXPECT_EQ(bus->maybe_node("labour"), nullptr);
    EXPECT_FALSE(has_sent(log_size(*bus)));
}

TEST_F(Witness, WithoutAKeyInTheRegistryItDoesNotCoSign) {
    auto data = world().registry;
    test::key_of(data, world().id("labour"), keys::Use::witness).revoked = true;
    const auto bus = start({"labour", "police"});
    ASSERT_TRUE(bus->adopt("police", world().registry_document(data, 2)).has_value());
    ASSERT_TRUE(bus->catch_up("labour"));
    sent.clear();
    publish(*bus);
    bus->steps(kStepsOfMinute);
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(bus->status("labour").alarms, std::vector<std::string>{});
    EXPECT_EQ(witnessed(*bus).of, world().members.size() - 1);
}

TEST_F(Witness, KeepsNoWitnessedHeadThatDoesNotVerify) {
    const auto bus = start({"labour", "police"});
    ASSERT_TRUE(bus->catch_up("labour"));
    std::string note;
    bus->look([&](const core::ReadState& state, const journal::ReadTxn&) {
        note = state.newest_head().value().value();
    });
    const auto head = proof::parse_head(note).value();
    tell_labour(*bus, note);
    EXPECT_TRUE(bus->has_alarm("labour", "bad_witnessed code=threshold_not_met"));
    tell_labour(*bus, "rubbish");
    EXPECT_TRUE(bus->has_alarm("labour", "bad_witnessed code=malformed_proof"));
    const auto stranger = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    const auto signer = stranger.signer();
    tell_labour(*bus, proof::sign_head(head, *signer).value());
    EXPECT_TRUE(bus->has_alarm("labour", "bad_witnessed code=bad_signature"));
    EXPECT_EQ(witnessed(*bus).size, 0U);
}

TEST_F(Witness, AWitnessedForkIsAnAlarmThatNamesWhoCoSignedBothAndTheNoteIsKept) {
    const auto bus = start(majority());
    ASSERT_TRUE(bus->step_until([&] { return knows(*bus, "labour"); }, 2 * kStepsOfMinute));
    const std::string honest = witnessed(*bus).note;
    const auto honest_ones = majority();
    auto others = honest_ones;  // police is not among them, another agency is
    std::erase(others, "police");
    for (const auto& [slug, member] : world().members) {
        if (std::ranges::find(honest_ones, slug) == honest_ones.end()) {
            others.push_back(slug);
            break;
        }
    }
    const std::string fork = forged(proof::parse_head(honest).value(), others);
    tell_labour(*bus, fork);
    EXPECT_TRUE(bus->has_alarm("labour", "head_conflict"));
    std::vector<AgencyId> both;
    for (const std::string& slug : majority()) {
        if (slug != "police") both.push_back(world().id(slug));
    }
    std::ranges::sort(both);
    std::string names;
    for (const AgencyId& id : both) names += (names.empty() ? "" : ",") + id.text();
    const auto size = proof::parse_head(honest)->size;
    EXPECT_TRUE(
        bus->has_alarm("labour", fmt::format("fork_witnessed size={} agencies={}", size, names)));
    EXPECT_EQ(witnessed(*bus).note, honest);
    EXPECT_EQ(witnessed(*bus).conflicting, fork);
}

TEST_F(Witness, AWitnessedForkOfAnotherSizeIsHeadConflict) {
    const auto bus = start(majority());
    ASSERT_TRUE(bus->step_until([&] { return knows(*bus, "labour"); }, 2 * kStepsOfMinute));
    const std::string honest = witnessed(*bus).note;
    const std::string fork = forged(proof::parse_head(honest).value(), majority());
    publish(*bus);
    ASSERT_TRUE(bus->catch_up("labour"));
    bus->put_node_disk("labour", nullptr);
    bus->steps(2);
    // A node that knows nothing but a longer log is told of a shorter one that is none of it.
    tell_labour(*bus, fork);
    EXPECT_TRUE(bus->has_alarm("labour", "head_conflict"));
    EXPECT_EQ(witnessed(*bus).size, 0U);
}

TEST_F(Witness, NoneForAWorkingDayIsAnAlarm) {
    const auto bus = start({"labour"});
    const auto at = [&](std::chrono::milliseconds since) {  // from Friday, 07:00 in Viet Nam
        bus->clock().advance(
            test::kNow + since.count() > bus->clock().wall()
                ? std::chrono::milliseconds(test::kNow + since.count() - bus->clock().wall())
                : std::chrono::milliseconds{0});
        bus->steps(kStepsOfMinute + 20);
        return bus->has_alarm("labour", "head_not_witnessed size=0");
    };
    EXPECT_FALSE(at(hours{9}));
    EXPECT_FALSE(at(hours{11})) << "just one day of work has passed";
    EXPECT_FALSE(at(hours{48})) << "a Sunday";
    EXPECT_FALSE(at(hours{72} + minutes{28})) << "Monday, before the office opens";
    EXPECT_TRUE(at(hours{72} + minutes{32}));
}

}  // namespace
}  // namespace lienthong::node
