// SPDX-License-Identifier: Apache-2.0
// Large sections from node to node: composed in chunks, uploaded before the header, fetched after
// the entry, and whole again at who is granted them; whatever is lost, late, swapped or killed on
// the way.
#include "tests/unit/bus/node/large_sections.hpp"

namespace lienthong::node {
namespace {

TEST_F(LargeSections, AreReadBackByteForByteByWhoIsGrantedThem) {
    const Draft sent = draft();
    const Outcome outcome = bus.submit_one("border-guard", sent);
    ASSERT_EQ(outcome.state, State::accepted);
    ASSERT_TRUE(arrives("police", outcome.id));
    EXPECT_TRUE(equal(read("police", outcome.id)->view(), identity_of(sent)));
    ASSERT_TRUE(arrives("border-guard", outcome.id)) << "its sender gets it back too";
    EXPECT_EQ(code_of("labour", outcome.id), Code::not_found);
    EXPECT_EQ(rows("border-guard", Tables::out_chunks), 0U) << "the outbox keeps none of them";
    EXPECT_EQ(rows("police", Tables::in_wanted), 0U);
    EXPECT_TRUE(bus.status("police").alarms.empty());
    EXPECT_TRUE(bus.status("border-guard").alarms.empty());
}

TEST_F(LargeSections, TravelWholeAt256KiBAndInChunksOneByteAbove) {
    for (const auto& [bytes, chunks] : {std::pair(kChunkBytes, 0U), {kChunkBytes + 1, 2U}}) {
        const std::uint64_t before = taken();
        const Outcome outcome = publish(bytes);
        ASSERT_EQ(outcome.state, State::accepted) << bytes;
        EXPECT_EQ(taken() - before, chunks);
        ASSERT_TRUE(arrives("police", outcome.id));
        EXPECT_EQ(read("police", outcome.id)->size(), bytes);
        const auto entry = bus.node("police").message(outcome.id).value();
        EXPECT_EQ(entry.sections[2].form, chunks == 0 ? Form::sealed : Form::chunked);
    }
}

TEST_F(LargeSections, AreTakenUpToTheirLimitAndRefusedAboveItWhenTheyAreSubmitted) {
    const auto refused =
        bus.try_submit("border-guard", {draft({}, message::kSectionBytesMax + 1)}, seconds{1});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Code::oversized);
    EXPECT_EQ(refused.error().where, "draft 0: identity");
    EXPECT_EQ(bus.status("border-guard").outbox, 0U);
    ASSERT_TRUE(bus.start_node("border-guard")) << "nor does it stop at its next start";
    const Outcome outcome = publish(message::kSectionBytesMax);
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_EQ(taken(), message::kChunksMax);
    ASSERT_TRUE(arrives("police", outcome.id, 20'000));
    EXPECT_EQ(read("police", outcome.id)->size(), message::kSectionBytesMax);
}

TEST_F(LargeSections, AsSentAreTheirChunksOneAfterTheOtherAndEachOpensOnItsOwn) {
    const Outcome outcome = publish();
    ASSERT_TRUE(arrives("police", outcome.id));
    const Bytes sent = bus.node("police").section_as_sent(outcome.id, "identity").value();
    const test::Member& police = world().member("police");
    std::vector<Hash> leaves;
    BytesView rest = sent;
    Bytes plaintext;
    while (!rest.empty()) {
        // DER: 0x30, then the length: 0x80 and the number of its bytes, then these.
        ASSERT_GT(rest[1], 0x80);
        const std::size_t length_bytes = rest[1] & 0x7fU;
        std::size_t size = 0;
        for (const std::uint8_t byte : rest.subspan(2, length_bytes)) size = size << 8U | byte;
        size += 2 + length_bytes;
        const BytesView chunk = rest.first(size);
        leaves.push_back(proof::leaf_hash(chunk));
        const auto body = message::parse_sealed_body(
            seal::open(chunk, police.seal, police.seal_certificate)->view());
        ASSERT_TRUE(body.has_value());
        plaintext.insert(plaintext.end(), body->plaintext.begin(), body->plaintext.end());
        rest = rest.subspan(size);
    }
    EXPECT_EQ(plaintext, identity_of(draft()));
    EXPECT_EQ(proof::root(leaves), bus.node("police").message(outcome.id)->sections[2].digest);
}

TEST_F(LargeSections, AreVerifiedWithTheirMessage) {
    const Outcome outcome = publish();
    ASSERT_TRUE(arrives("police", outcome.id));
    std::optional<Verification> verified;
    bus.node("police").verify(outcome.id, bus.clock().monotonic() + seconds{5}, [&](auto result) {
        verified = result.value();
    });
    ASSERT_TRUE(bus.step_until([&] { return verified.has_value(); }));
    EXPECT_TRUE(verified->signature && verified->receipt && verified->consistency &&
                verified->commitments);
}

TEST_F(LargeSections, AnEntryAndThoseAfterItArriveBeforeItsChunks) {
    tamper_chunks([](wire::Done&, Bytes& chunk) { chunk.clear(); });
    const Outcome outcome = publish();
    const Outcome next = bus.submit_one("police", test::draft(Kind::outreach_report));
    ASSERT_TRUE(bus.catch_up("police"));
    EXPECT_TRUE(bus.node("police").message(outcome.id).has_value());
    EXPECT_TRUE(bus.node("police").message(next.id).has_value());
    EXPECT_EQ(code_of("police", outcome.id), Code::chunks_missing);
    EXPECT_TRUE(info(Code::chunks_missing).retriable);
    EXPECT_EQ(bus.node("police").section_as_sent(outcome.id, "identity").error().code,
              Code::chunks_missing);
    EXPECT_TRUE(bus.node("police").section(outcome.id, "document").has_value());
    bus.set_tamper({});
    EXPECT_TRUE(arrives("police", outcome.id));
}

TEST_F(LargeSections, ABadChunkIsNotStoredRaisesItsAlarmAndIsAskedForAgain) {
    std::size_t spoiled = 0;
    tamper_chunks([&](wire::Done&, Bytes& chunk) {
        ++spoiled;
        chunk[chunk.size() / 2] ^= 1;
    });
    const Outcome outcome = publish();
    ASSERT_TRUE(bus.step_until([&] { return spoiled >= 2; }));
    bus.steps(2);
    EXPECT_TRUE(bus.has_alarm("police", "bad_chunk position="));
    EXPECT_EQ(rows("police", Tables::in_chunks), 0U);
    bus.set_tamper({});
    EXPECT_TRUE(arrives("police", outcome.id));
}

TEST_F(LargeSections, AChunkFromAnotherPlaceIsABadOne) {
    std::optional<std::pair<wire::Done, Bytes>> first;
    tamper_chunks([&](wire::Done& done, Bytes& chunk) {
        if (!first) {
            first.emplace(done, chunk);
            return;
        }
        done = first->first;
        chunk = first->second;
    });
    const Outcome outcome = publish();
    ASSERT_TRUE(bus.step_until([&] { return bus.has_alarm("police", "bad_chunk"); }));
    EXPECT_LE(rows("police", Tables::in_chunks), 1U);
    bus.set_tamper({});
    EXPECT_TRUE(arrives("police", outcome.id));
}

TEST_F(LargeSections, WhatTheBrokerRefusesToGiveIsSaidAndTriedAgainAfterARestart) {
    bus.set_tamper([](wire::Command& answer, Bytes& data) {
        if (std::holds_alternative<wire::Done>(answer.body) && !data.empty()) {
            answer.body = wire::to_failure(Error{Code::forbidden, {}, {}, {}});
            data.clear();
        }
    });
    const Outcome outcome = publish();
    ASSERT_TRUE(bus.step_until([&] { return bus.has_alarm("police", "chunk_refused"); }));
    EXPECT_EQ(code_of("police", outcome.id), Code::forbidden);
    bus.set_tamper({});
    bus.steps(100);
    EXPECT_EQ(code_of("police", outcome.id), Code::forbidden);
    ASSERT_TRUE(bus.start_node("police"));
    EXPECT_TRUE(arrives("police", outcome.id));
}

TEST_F(LargeSections, OneThatIsBeingUploadedGoesOnWhereItWasAfterAnyRestart) {
    constexpr std::size_t kBytes = 20 * kChunkBytes;
    const Draft sent = draft("large", kBytes);
    ASSERT_TRUE(bus.try_submit("border-guard", {sent}, std::chrono::milliseconds{200}).has_value());
    ASSERT_TRUE(bus.step_until([&] { return taken() >= 6; }));
    ASSERT_LT(taken(), 20U);
    bus.crash_node("border-guard");
    ASSERT_TRUE(bus.start_node("border-guard"));
    ASSERT_TRUE(bus.step_until([&] { return taken() >= 12; }));
    const std::uint64_t so_far = taken();
    ASSERT_LT(so_far, 20U);
    bus.crash_broker();
    bus.steps(3);
    ASSERT_TRUE(bus.start_broker());
    const Outcome outcome = bus.submit_one("border-guard", sent);
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_LE(so_far + taken(), 20U + 6U) << "but for the few whose answers were lost";
    EXPECT_EQ(messages(), 1U);
    ASSERT_TRUE(arrives("police", outcome.id, 5000));
    EXPECT_TRUE(equal(read("police", outcome.id)->view(), identity_of(sent)));
}

// A report need not wait for megabytes on a slow line, nor they for ever for reports.
TEST_F(LargeSections, OneThatIsBeingUploadedLetsOthersPass) {
    ASSERT_TRUE(bus.try_submit("border-guard",
                               {draft("large", 40 * kChunkBytes)},
                               std::chrono::milliseconds{200})
                    .has_value());
    ASSERT_TRUE(bus.step_until([&] { return taken() >= 3; }));
    ASSERT_EQ(bus.submit_one("border-guard", test::draft(Kind::outreach_report)).state,
              State::accepted);
    EXPECT_LT(taken(), 40U);
    for (int i = 0; i < 40 && bus.status("border-guard").outbox != 0; ++i) {
        ASSERT_EQ(bus.submit_one("border-guard", test::draft(Kind::outreach_report)).state,
                  State::accepted);
    }
    EXPECT_EQ(bus.status("border-guard").outbox, 0U) << "it went on between them";
    ASSERT_TRUE(bus.catch_up("police"));
    for (const char* slug : {"border-guard", "police"}) {
        EXPECT_TRUE(bus.status(slug).alarms.empty()) << slug;
    }
}

TEST_F(LargeSections, OneThatIsBeingFetchedGoesOnWhereItWasAfterARestart) {
    constexpr std::size_t kBytes = 20 * kChunkBytes;
    bus.crash_node("police");
    const Outcome outcome = publish(kBytes);
    ASSERT_TRUE(arrives("border-guard", outcome.id, 5000));
    ASSERT_TRUE(bus.start_node("police"));
    const std::uint64_t before = delivered();
    ASSERT_TRUE(bus.step_until([&] { return rows("police", Tables::in_chunks) >= 8; }));
    ASSERT_LT(rows("police", Tables::in_chunks), 20U);
    bus.crash_node("police");
    ASSERT_TRUE(bus.start_node("police"));
    ASSERT_TRUE(arrives("police", outcome.id, 5000));
    EXPECT_LE(delivered() - before, 20U + 6U) << "but for the few that were under way";
}

TEST_F(LargeSections, AreThereOnceHoweverOftenProcessesDieInTheirCommits) {
    for (const std::string& victim : {std::string("border-guard"), std::string("police")}) {
        for (std::uint64_t n = 0; n < 8; ++n) {
            const auto fault = n % 2 == 0 ? journal::CommitFault::before_durable
                                          : journal::CommitFault::after_durable;
            const std::string key = victim + std::to_string(n);
            const std::size_t before = messages();
            journal::fail_commit(bus.node_disk(victim), n, fault);
            const auto wake = [&] {
                if (bus.maybe_node(victim) == nullptr) {
                    ASSERT_TRUE(bus.start_node(victim));
                }
            };
            // Refused if the very first commit is the one that fails: then it is submitted below.
            static_cast<void>(
                bus.try_submit("border-guard", {draft(key)}, std::chrono::milliseconds{0}));
            for (int i = 0; i < 200; ++i) {
                wake();
                bus.step();
            }
            journal::fail_commit(bus.node_disk(victim), 0, journal::CommitFault::none);
            wake();
            const Outcome outcome = bus.submit_one("border-guard", draft(key));
            ASSERT_EQ(outcome.state, State::accepted) << key;
            EXPECT_EQ(messages(), before + 1) << key;
            ASSERT_TRUE(arrives("police", outcome.id)) << key;
        }
    }
}

TEST_F(LargeSections, AreThereOnceHoweverOftenTheBrokerDiesInItsCommits) {
    for (std::uint64_t n = 0; n < 10; ++n) {
        const auto fault =
            n % 2 == 0 ? journal::CommitFault::before_durable : journal::CommitFault::after_durable;
        const std::string key = "broker" + std::to_string(n);
        const std::size_t before = messages();
        journal::fail_commit(bus.broker_disk(), n, fault);
        ASSERT_TRUE(
            bus.try_submit("border-guard", {draft(key)}, std::chrono::milliseconds{0}).has_value());
        for (int i = 0; i < 400; ++i) {
            if (bus.maybe_broker() == nullptr) {
                ASSERT_TRUE(bus.start_broker());
            }
            bus.step();
        }
        journal::fail_commit(bus.broker_disk(), 0, journal::CommitFault::none);
        const Outcome outcome = bus.submit_one("border-guard", draft(key));
        ASSERT_EQ(outcome.state, State::accepted) << key;
        EXPECT_EQ(messages(), before + 1) << key;
        ASSERT_TRUE(arrives("police", outcome.id)) << key;
    }
}

TEST_F(LargeSections, ArriveOverLinksThatLoseRepeatDelayAndReorder) {
    bus.hub().set_faults({.lose_permille = 20,
                          .repeat_permille = 50,
                          .delay_permille = 100,
                          .reorder_permille = 100});
    constexpr std::size_t kBytes = 12 * kChunkBytes;
    ASSERT_TRUE(bus.try_submit("border-guard", {draft("lossy", kBytes)}, seconds{1}).has_value());
    ASSERT_TRUE(bus.step_until([&] { return rows("border-guard", Tables::waiting) == 0; }, 20'000));
    ASSERT_TRUE(bus.step_until([&] { return rows("border-guard", Tables::outbox) == 0; }, 20'000));
    ASSERT_TRUE(bus.step_until([&] { return rows("police", Tables::in_chunks) == 12; }, 20'000));
    bus.hub().set_faults({});
    const Outcome outcome = bus.submit_one("border-guard", draft("lossy", kBytes));
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_EQ(messages(), 1U);
    EXPECT_TRUE(arrives("police", outcome.id));
}

TEST_F(LargeSections, AreUploadedAgainWhenTheBrokerHasThemNoMore) {
    // Three chunks are there and the fourth is on its way when the broker loses them.
    ASSERT_TRUE(
        bus.try_submit("border-guard", {draft("again")}, std::chrono::milliseconds{0}).has_value());
    ASSERT_TRUE(bus.step_until([&] {
        return rows("border-guard", Tables::out_chunks) == 4 &&
               rows("border-guard", Tables::out_unsent) == 1;
    }));
    ASSERT_EQ(messages(), 0U);
    {
        const auto txn = bus.broker().journal->begin_write().value();
        for (const core::Tables table : {core::Tables::uploads,
                                         core::Tables::chunk_leaves,
                                         core::Tables::chunks,
                                         core::Tables::upload_times,
                                         core::Tables::upload_bytes}) {
            std::vector<Bytes> keys;
            const auto collect = [&](BytesView row_key, BytesView) {
                keys.push_back(to_bytes(row_key));
                return true;
            };
            ASSERT_TRUE(txn->scan(core::id(table), {}, collect).has_value());
            for (const Bytes& row_key : keys) {
                ASSERT_TRUE(txn->erase(core::id(table), row_key).has_value());
            }
        }
        ASSERT_TRUE(txn->commit().has_value());
    }
    const Outcome outcome = bus.submit_one("border-guard", draft("again"));
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_EQ(taken(), 8U) << "all four, and all four again";
    EXPECT_EQ(messages(), 1U);
    EXPECT_TRUE(arrives("police", outcome.id));
    EXPECT_TRUE(bus.status("border-guard").alarms.empty());
}

TEST_F(LargeSections, AreSealedAnewWhenTheAudienceHasChanged) {
    bus.steps(10);
    const Bytes key = world().member("border-guard").curve.public_key().raw();
    ASSERT_TRUE(
        bus.try_submit("border-guard", {draft("anew")}, std::chrono::milliseconds{0}).has_value());
    ASSERT_TRUE(bus.step_until([&] { return rows("border-guard", Tables::out_chunks) == 4; }));
    bus.hub().cut(key);
    auto policy = world().policy;
    for (policy::Grant& grant : policy.grants) {
        if (grant.id == "intake-read-verifier") {
            std::erase(grant.sections, std::string("identity"));
        }
    }
    ASSERT_TRUE(bus.adopt("labour", world().policy_document(policy, 2)).has_value());
    bus.hub().heal(key);
    const Outcome outcome = bus.submit_one("border-guard", draft("anew"));
    ASSERT_EQ(outcome.state, State::accepted);
    EXPECT_EQ(rows("border-guard", Tables::out_chunks), 0U);
    ASSERT_TRUE(arrives("border-guard", outcome.id));
    ASSERT_TRUE(bus.catch_up("police"));
    EXPECT_EQ(code_of("police", outcome.id), Code::forbidden) << "no longer for police";
    bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
        EXPECT_EQ(state.chunk_leaves({world().id("border-guard"), outcome.id, "identity"})->size(),
                  4U);
    });
}

TEST_F(LargeSections, WaitWhileTheQuotaOfTheAgencyIsFullAndGoOutWhenThereIsRoom) {
    auto registry = world().registry;
    registry.limits.chunk_quota_bytes = 8 * kChunkBytes;
    ASSERT_TRUE(bus.adopt("labour", world().registry_document(registry, 2)).has_value());
    ASSERT_TRUE(bus.catch_up("border-guard"));
    const Outcome never = publish(9 * kChunkBytes);
    EXPECT_EQ(never.state, State::refused) << "more than the quota can never be there";
    ASSERT_TRUE(never.refusal.has_value());
    EXPECT_EQ(never.refusal->code, Code::oversized);
    // Chunks of a message that never came fill the quota.
    {
        const auto txn = bus.broker().journal->begin_write().value();
        core::State state(*txn, bus.broker().vault);
        for (std::uint32_t i = 0; i < 6; ++i) {
            ASSERT_TRUE(state
                            .put_chunk({world().id("border-guard"), {99, 1}, "identity"},
                                       {{99, 1}, "identity", i, 6, Bytes(kChunkBytes, 1)},
                                       bus.clock().wall())
                            .has_value());
        }
        ASSERT_TRUE(txn->commit().has_value());
    }
    const auto waiting = bus.try_submit("border-guard", {draft("waits")}, seconds{20});
    ASSERT_TRUE(waiting.has_value());
    EXPECT_EQ(waiting->front().state, State::waiting);
    EXPECT_TRUE(bus.has_alarm("border-guard", "upload_waits code=overloaded"));
    EXPECT_EQ(waiting->front().waits_for, Code::overloaded);
    const auto other = bus.try_submit("border-guard", {test::opening({"police"})}, seconds{20});
    ASSERT_TRUE(other.has_value());
    EXPECT_EQ(other->front().state, State::accepted) << "another case does not wait for it";
    const auto same =
        bus.try_submit("border-guard",
                       {test::case_draft(Kind::handover_record, waiting->front().case_id)},
                       seconds{20});
    ASSERT_TRUE(same.has_value());
    EXPECT_EQ(same->front().state, State::waiting) << "what comes after it in its case does";
    bus.clock().advance(std::chrono::milliseconds{core::kUploadKeptMs});
    const Outcome outcome = bus.submit_one("border-guard", draft("waits"));
    EXPECT_EQ(outcome.state, State::accepted) << "collected after seven days";
}

}  // namespace
}  // namespace lienthong::node
