// SPDX-License-Identifier: Apache-2.0
// Bundles: a small bus on which the network of a node can be cut, and files that are altered as
// their signer could have done it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "security/proof/bundle.hpp"
#include "tests/support/small_bus.hpp"

namespace lienthong::node {

using message::Kind;
using proof::Bundle;
using test::SmallBus;
using test::world;
using State = Outcome::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline const Api::BundleProgress kQuiet = [](std::size_t, std::size_t) {};

inline Draft keyed(std::string key, Kind kind = Kind::outreach_report) {
    Draft made = test::draft(kind);
    made.key = std::move(key);
    return made;
}

inline Bytes policy_with_one_reader_more() {
    auto policy = world().policy;
    for (policy::Grant& grant : policy.grants) {
        if (grant.id == "outreach-read") grant.roles.push_back(Role::of("reintegration-partner"));
    }
    return world().policy_document(policy, 2);
}

class Bundles : public testing::Test {
  protected:
    // The network of this agency may not be joined.
    void cut(std::string_view slug) {
        bus.hub().cut(world().member(slug).curve.public_key().raw());
    }
    void heal(std::string_view slug) {
        bus.hub().heal(world().member(slug).curve.public_key().raw());
    }
    std::vector<Outcome> take(const std::string& slug, std::vector<Draft> drafts) {
        auto outcomes = bus.try_submit(slug, std::move(drafts), milliseconds{50});
        EXPECT_TRUE(outcomes.has_value());
        return std::move(*outcomes);
    }
    ExportedBundle exported(const std::string& slug = "labour") {
        auto bundle = bus.node(slug).export_bundle(kQuiet);
        EXPECT_TRUE(bundle.has_value()) << info(bundle.error().code).name;
        return std::move(*bundle);
    }
    broker::BundleReply carried_out(const ExportedBundle& bundle) {
        auto reply = bus.import_bundle(bundle.file);
        EXPECT_TRUE(reply.has_value()) << info(reply.error().code).name << reply.error().detail;
        return std::move(*reply);
    }
    ImportedBundle taken_in(BytesView file, const std::string& slug = "labour") {
        auto taken = bus.node(slug).import_bundle(file, kQuiet);
        EXPECT_TRUE(taken.has_value()) << info(taken.error().code).name << taken.error().detail;
        return taken ? *taken : ImportedBundle{};
    }
    ImportedBundle round_trip(const std::string& slug = "labour") {
        return taken_in(carried_out(exported(slug)).file, slug);
    }
    Code refusal_of(BytesView reply) {
        auto taken = bus.node("labour").import_bundle(reply, kQuiet);
        EXPECT_FALSE(taken.has_value());
        return taken ? Code::corrupt : taken.error().code;
    }
    Code broker_refusal_of(BytesView request) {
        auto reply = bus.import_bundle(request);
        EXPECT_FALSE(reply.has_value());
        return reply ? Code::corrupt : reply.error().code;
    }
    // As its signer could have made it.
    static Bytes changed(BytesView file,
                         keys::Signer& signer,
                         const std::function<void(Bundle&)>& change) {
        Bundle bundle = proof::parse_bundle(file).value();
        change(bundle);
        return proof::sign_bundle(std::move(bundle), signer).value();
    }
    static Bytes changed_reply(BytesView file, const std::function<void(Bundle&)>& change) {
        return changed(file, *world().log.signer(), change);
    }
    static Bytes changed_request(BytesView file, const std::function<void(Bundle&)>& change) {
        return changed(file, *world().member("labour").sign.signer(), change);
    }
    // One answer of the reply, of this sort, altered by a broker that lies.
    template <class Body>
    static Bytes with_other(BytesView file, const std::function<void(Body&)>& change) {
        return changed_reply(file, [&](Bundle& bundle) {
            for (proof::BundleFrame& frame : bundle.frames) {
                auto command = wire::parse_command(frame.command, wire::kDataBytesMax).value();
                auto* body = std::get_if<Body>(&command.body);
                if (body == nullptr) continue;
                change(*body);
                frame.command = wire::encode(command);
                return;
            }
            ADD_FAILURE() << "no such answer";
        });
    }
    std::vector<std::string> alarms(const std::string& slug = "labour") {
        bus.steps(1);
        return bus.status(slug).alarms;
    }
    bool has_alarm(std::string_view beginning) {
        for (const std::string& alarm : alarms()) {
            if (alarm.starts_with(beginning)) return true;
        }
        return false;
    }
    std::size_t messages_logged() {
        std::size_t count = 0;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            for (Position position = 0; position < state.log_size(); ++position) {
                if (state.entry(position)->kind == proof::EntryKind::message) ++count;
            }
        });
        return count;
    }

    SmallBus bus{{.nodes = {"labour", "police", "border-guard"}}};
};

}  // namespace lienthong::node
