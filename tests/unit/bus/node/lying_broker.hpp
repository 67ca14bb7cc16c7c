// SPDX-License-Identifier: Apache-2.0
// LyingBroker: an honest broker whose answers to one node are altered on their way, as a broker
// that lies could have made them.
#pragma once

#include <gtest/gtest.h>

#include "bus/base/check.hpp"
#include "tests/support/small_bus.hpp"

namespace lienthong::node {

using message::Kind;
using test::SmallBus;
using test::world;

class LyingBroker : public testing::Test {
  protected:
    LyingBroker() { CHECK(bus.catch_up("labour")); }

    // Applies to answers of one kind, until honest() again.
    template <class T>
    void lie(std::function<void(T&)> change) {
        bus.set_tamper([change = std::move(change)](wire::Command& answer, Bytes&) {
            if (auto* body = std::get_if<T>(&answer.body)) change(*body);
        });
    }
    void honest() { bus.set_tamper({}); }

    // Submits one report at labour under a lie about its receipt; it must not count as accepted.
    void expect_receipt_refused(std::function<void(message::Receipt&)> change,
                                std::string_view alarm) {
        lie<message::Receipt>(std::move(change));
        const auto outcomes =
            bus.try_submit("labour", {test::draft(Kind::outreach_report)}, std::chrono::seconds{2});
        ASSERT_TRUE(outcomes.has_value());
        EXPECT_EQ(outcomes->front().state, Outcome::State::waiting);
        EXPECT_TRUE(bus.has_alarm("labour", alarm)) << alarm;
        honest();
        EXPECT_TRUE(bus.step_until([&] { return bus.status("labour").outbox == 0; }))
            << "an honest receipt closes it";
        EXPECT_EQ(messages(), 1U) << "and it is there once";
    }
    std::uint64_t messages() {
        std::uint64_t count = 0;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            for (Position position = 0; position < state.log_size(); ++position) {
                if (state.entry(position)->kind == proof::EntryKind::message) ++count;
            }
        });
        return count;
    }
    // Police publishes; what labour is told of it is changed, its statement signed again.
    void tell_labour(std::function<void(message::Delivery&)> change, bool sign = true) {
        lie<message::Delivery>([change = std::move(change), sign](message::Delivery& delivery) {
            if (delivery.entries.empty()) return;
            change(delivery);
            if (sign) test::sign_delivery(delivery);
        });
        EXPECT_EQ(publish().state, Outcome::State::accepted);
        bus.steps(20);
    }
    Outcome publish() { return bus.submit_one("police", test::draft(Kind::outreach_report)); }

    SmallBus bus{{.nodes = {"labour", "police"}, .tampered_node = "labour"}};
};

}  // namespace lienthong::node
