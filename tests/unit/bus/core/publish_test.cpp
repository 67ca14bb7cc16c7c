// SPDX-License-Identifier: Apache-2.0
// Publishing: streams and their numbers, replays, partial batches, policy and audience.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "security/keys/digest.hpp"
#include "security/proof/receipt.hpp"
#include "security/seal/seal.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using message::Kind;
using test::kNow;
using test::SmallLog;
using test::world;
using Envelopes = std::vector<message::Envelope>;

class Publish : public testing::Test {
  protected:
    static constexpr std::uint64_t kStream = 77;

    message::Envelope report(std::uint64_t sequence, std::string_view slug = "labour") {
        return log.compose(slug, test::draft(Kind::outreach_report), MessageId{kStream, sequence});
    }
    Envelopes reports(std::uint64_t first, std::size_t count) {
        Envelopes made;
        for (std::size_t i = 0; i < count; ++i) made.push_back(report(first + i));
        return made;
    }
    void expect_verdicts(const test::Answer<message::Receipt>& answer,
                         const std::vector<std::optional<Code>>& expected) {
        ASSERT_TRUE(answer.has_value()) << info(answer.error().code).name;
        std::vector<std::optional<Code>> found;
        for (const auto& verdict : answer->verdicts) found.push_back(verdict.refused);
        EXPECT_EQ(found, expected);
    }
    Code refusal_of(const test::Answer<message::Receipt>& answer) {
        EXPECT_FALSE(answer.has_value());
        return answer ? Code::corrupt : answer.error().code;
    }

    SmallLog log;
};

TEST_F(Publish, TheReceiptProvesWhereTheAcceptedMessagesStand) {
    const Envelopes batch = reports(1, 3);
    const Bytes frame = log.sign("labour", batch);
    const auto receipt = log.offer("labour", kStream, 1, 3, frame);
    ASSERT_TRUE(receipt.has_value());
    std::vector<Hash> accepted;
    for (const auto& envelope : batch) accepted.push_back(keys::sha256(envelope.header));
    proof::ReceiptClaim claim;
    claim.head = receipt->head;
    claim.accepted = accepted;
    claim.first_position = receipt->first_position;
    claim.time = receipt->time;
    claim.epoch = receipt->epoch;
    claim.proof = keys::sha256(message::parse_batch(frame)->proof);
    claim.range = {receipt->left, receipt->right};
    EXPECT_TRUE(proof::verify_receipt(claim, world().bus, world().log.public_key()).has_value());
    claim.first_position += 1;
    EXPECT_FALSE(proof::verify_receipt(claim, world().bus, world().log.public_key()).has_value());
}

TEST_F(Publish, AReplayGetsTheSameReceiptAndAddsNothing) {
    const Bytes frame = log.sign("labour", reports(1, 2));
    const auto first = log.offer("labour", kStream, 1, 2, frame);
    ASSERT_TRUE(first.has_value());
    log.accept("police", test::draft(Kind::outreach_report));
    const std::uint64_t size = log.size();
    const auto again = log.offer("labour", kStream, 1, 2, frame);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(log.size(), size);
    EXPECT_EQ(again->first_position, first->first_position);
    EXPECT_EQ(again->head, first->head);
    EXPECT_EQ(again->left, first->left);
    EXPECT_EQ(again->right, first->right);
    EXPECT_EQ(again->time, first->time);
    EXPECT_EQ(again->verdicts, first->verdicts);
}

TEST_F(Publish, TheSameIdWithOtherContentIsIdConflict) {
    expect_verdicts(log.offer("labour", kStream, 1, reports(1, 2)), {std::nullopt, std::nullopt});
    EXPECT_EQ(refusal_of(log.offer("labour", kStream, 1, reports(1, 2))), Code::id_conflict);
    EXPECT_EQ(refusal_of(log.offer("labour", kStream, 2, reports(2, 1))), Code::id_conflict);
}

TEST_F(Publish, ANumberLeftOutIsSequenceGap) {
    EXPECT_EQ(refusal_of(log.offer("labour", kStream, 2, reports(2, 1))), Code::sequence_gap);
    expect_verdicts(log.offer("labour", kStream, 1, reports(1, 1)), {std::nullopt});
    EXPECT_EQ(refusal_of(log.offer("labour", kStream, 3, reports(3, 1))), Code::sequence_gap);
    expect_verdicts(log.offer("labour", kStream, 2, reports(2, 1)), {std::nullopt});
}

TEST_F(Publish, AStreamOfAnotherNodeIsWrongStream) {
    expect_verdicts(log.offer("labour", kStream, 1, reports(1, 1)), {std::nullopt});
    EXPECT_EQ(refusal_of(log.offer("police", kStream, 2, {report(2, "police")})),
              Code::wrong_stream);
}

TEST_F(Publish, AnotherDeliveryClassInTheStreamIsWrongStream) {
    expect_verdicts(log.offer("labour", kStream, 1, reports(1, 1)), {std::nullopt});
    Envelopes summary;
    summary.push_back(log.compose("labour", test::draft(Kind::province_summary), {kStream, 2}));
    expect_verdicts(log.offer("labour", kStream, 2, std::move(summary)), {Code::wrong_stream});
}

TEST_F(Publish, ARefusalInTheMiddleConsumesItsNumberAndTheRestStandsContiguously) {
    Envelopes batch = reports(1, 3);
    batch[1].sections.at(0).body.back() ^= 1;
    const Position before = log.size();
    const auto receipt = log.offer("labour", kStream, 1, std::move(batch));
    expect_verdicts(receipt, {std::nullopt, Code::bad_digest, std::nullopt});
    EXPECT_EQ(receipt->first_position, before);
    EXPECT_EQ(receipt->accepted_count, 2U);
    EXPECT_EQ(log.entry(before).kind, proof::EntryKind::message);
    EXPECT_EQ(log.entry(before + 1).kind, proof::EntryKind::message);
    ASSERT_EQ(log.entry(before + 2).kind, proof::EntryKind::refusals);
    const auto refusals = parse_refusals(log.entry(before + 2).content).value();
    EXPECT_EQ(refusals.refused, (std::vector<Refusals::One>{{2, Code::bad_digest}}));
    EXPECT_EQ(refusals.stream, kStream);
    log.look([&](const ReadState& state) {
        EXPECT_EQ(state.maybe_position({kStream, 3}).value(), before + 1);
        EXPECT_EQ(state.maybe_position({kStream, 2}).value(), std::nullopt);
        EXPECT_EQ(state.maybe_refusal({kStream, 2}).value(), Code::bad_digest);
        EXPECT_EQ(state.maybe_stream(kStream).value()->last, 3U);
    });
    expect_verdicts(log.offer("labour", kStream, 4, reports(4, 1)), {std::nullopt});
}

TEST_F(Publish, ABatchOfRefusalsAloneConsumesItsNumbersToo) {
    Envelopes batch = reports(1, 2);
    for (auto& envelope : batch) envelope.sections.clear();
    const auto receipt = log.offer("labour", kStream, 1, std::move(batch));
    expect_verdicts(receipt, {Code::malformed_section, Code::malformed_section});
    EXPECT_EQ(receipt->accepted_count, 0U);
    EXPECT_FALSE(receipt->head.empty());
    expect_verdicts(log.offer("labour", kStream, 3, reports(3, 1)), {std::nullopt});
}

TEST_F(Publish, ARetriableVerdictEndsTheBatchAndTheRestIsNotReached) {
    Envelopes batch = reports(1, 4);
    test::change_descriptor(batch[2], 0, [&](message::Descriptor& descriptor) {
        descriptor.audience = world().ids({"labour", "hotline-111"});
    });
    test::change_header(batch[2], [](message::Header& header) { header.policy_version = 0; });
    const Position before = log.size();
    const auto receipt = log.offer("labour", kStream, 1, std::move(batch));
    expect_verdicts(receipt, {std::nullopt, std::nullopt, Code::stale_audience, Code::not_reached});
    EXPECT_EQ(receipt->accepted_count, 2U);
    ASSERT_EQ(log.entry(before + 2).kind, proof::EntryKind::stream_closed);
    EXPECT_EQ(parse_stream_closed(log.entry(before + 2).content)->last, 2U);
    EXPECT_EQ(refusal_of(log.offer("labour", kStream, 3, reports(3, 1))), Code::stream_closed);
}

TEST_F(Publish, AnOldCopyOfABatchThatStoppedGetsItsReceiptAgain) {
    Envelopes batch = reports(1, 2);
    test::change_descriptor(batch[1], 0, [&](message::Descriptor& descriptor) {
        descriptor.audience = world().ids({"labour", "hotline-111"});
    });
    test::change_header(batch[1], [](message::Header& header) { header.policy_version = 0; });
    const Bytes frame = log.sign("labour", std::move(batch));
    expect_verdicts(log.offer("labour", kStream, 1, 2, frame),
                    {std::nullopt, Code::stale_audience});
    const std::uint64_t size = log.size();
    expect_verdicts(log.offer("labour", kStream, 1, 2, frame), {std::nullopt, Code::not_reached});
    EXPECT_EQ(log.size(), size);
}

TEST_F(Publish, AStreamThatBeganStaleIsClosedAtNothing) {
    Envelopes batch = reports(1, 1);
    test::change_descriptor(batch[0], 0, [&](message::Descriptor& descriptor) {
        descriptor.audience = world().ids({"labour", "hotline-111"});
    });
    test::change_header(batch[0], [](message::Header& header) { header.registry_version = 0; });
    const Bytes frame = log.sign("labour", std::move(batch));
    expect_verdicts(log.offer("labour", kStream, 1, 1, frame), {Code::stale_audience});
    EXPECT_EQ(refusal_of(log.offer("labour", kStream, 1, 1, frame)), Code::stream_closed);
}

TEST_F(Publish, AnAudienceChosenUnderTheRulesInForceMustBeThePolicys) {
    Envelopes batch = reports(1, 1);
    test::change_descriptor(batch[0], 0, [&](message::Descriptor& descriptor) {
        descriptor.audience = world().ids({"labour", "hotline-111"});
    });
    expect_verdicts(log.offer("labour", kStream, 1, std::move(batch)), {Code::wrong_audience});
}

TEST_F(Publish, ASectionSealedToAnotherCertificateIsWrongAudience) {
    node::Draft draft = log.with_case_id("border-guard", test::opening({"police", "labour"}));
    auto envelope = log.compose("border-guard", draft, {kStream, 1});
    test::change_descriptor(envelope, 0, [&](message::Descriptor& descriptor) {
        descriptor.sealed_to.at(0).bytes[0] ^= 1;
    });
    expect_verdicts(log.offer("border-guard", kStream, 1, {envelope}), {Code::wrong_audience});
}

// The sealed section that stands second in the opening of a case, with another body.
class Sealed : public Publish {
  protected:
    std::optional<Code> verdict_with(const Bytes& body) {
        node::Draft draft = log.with_case_id("border-guard", test::opening({"police", "labour"}));
        const std::uint64_t stream = log.new_stream();
        auto envelope = log.compose("border-guard", draft, {stream, 1});
        const std::size_t at = sealed_section(envelope);
        if (!body.empty()) {
            envelope.sections.at(at).body = body;
            test::change_descriptor(envelope, at, [&](message::Descriptor& descriptor) {
                descriptor.padded_bytes = static_cast<std::uint32_t>(body.size());
                descriptor.section_digest = keys::sha256(body);
            });
        }
        return log.offer("border-guard", stream, 1, {envelope})->verdicts.at(0).refused;
    }
    // Sealed as the descriptor says, but for this change of its recipients.
    Bytes sealed(const std::function<void(std::vector<Bytes>&)>& change) {
        node::Draft draft = log.with_case_id("border-guard", test::opening({"police", "labour"}));
        const auto envelope = log.compose("border-guard", draft, {log.new_stream(), 1});
        const auto descriptor =
            message::parse_descriptor(envelope.sections.at(sealed_section(envelope)).descriptor);
        std::vector<Bytes> certificates;
        for (const keys::KeyId& id : descriptor->sealed_to) {
            certificates.push_back(log.documents().registry->maybe_key(id).key->certificate);
        }
        change(certificates);
        return seal::seal(as_bytes("words of nobody"), certificates).value();
    }
    Bytes certificate_of(std::string_view slug) {
        auto registry = world().registry;
        return test::key_of(registry, log.id(slug), keys::Use::seal).certificate;
    }

  private:
    static std::size_t sealed_section(const message::Envelope& envelope) {
        for (std::size_t i = 0; i < envelope.sections.size(); ++i) {
            const auto form = message::parse_descriptor(envelope.sections[i].descriptor)->form;
            if (form == message::Form::sealed) return i;
        }
        ADD_FAILURE() << "no sealed section";
        return 0;
    }
};

TEST_F(Sealed, ToWhomItsDescriptorNamesItIsAccepted) {
    EXPECT_EQ(verdict_with({}), std::nullopt);
    EXPECT_EQ(verdict_with(sealed([](std::vector<Bytes>&) {})), std::nullopt);
    EXPECT_EQ(verdict_with(sealed([](std::vector<Bytes>& all) { std::ranges::reverse(all); })),
              std::nullopt);
}

TEST_F(Sealed, ThatIsNoCmsIsMalformedSection) {
    EXPECT_EQ(verdict_with(Bytes(2000, 7)), Code::malformed_section);
    Bytes longer = sealed([](std::vector<Bytes>&) {});
    longer.push_back(0);
    EXPECT_EQ(verdict_with(longer), Code::malformed_section);
}

TEST_F(Sealed, ToMoreOrFewerThanItsDescriptorNamesIsMalformedSection) {
    EXPECT_EQ(verdict_with(sealed(
                  [&](std::vector<Bytes>& all) { all.push_back(certificate_of("information")); })),
              Code::malformed_section);
    EXPECT_EQ(verdict_with(sealed([](std::vector<Bytes>& all) { all.pop_back(); })),
              Code::malformed_section);
    EXPECT_EQ(verdict_with(sealed(
                  [&](std::vector<Bytes>& all) { all.back() = certificate_of("information"); })),
              Code::malformed_section);
}

// A batch waits at its node while a sealing key or a grant ends.
class Waits : public Publish {
  protected:
    static constexpr Millis kEnds = kNow + 60'000;

    void end_sealing_key() {
        auto registry = world().registry;
        auto& key = test::key_of(registry, log.id("police"), keys::Use::seal);
        key.validity.until = kEnds;
        ASSERT_TRUE(log.adopt(world().registry_document(registry, 2)).has_value());
    }
    void end_grants() {
        auto policy = world().policy;
        for (policy::Grant& grant : policy.grants) {
            const bool reads =
                std::ranges::find(grant.actions, policy::Action::read) != grant.actions.end();
            if (reads && grant.conditions.until == 0) grant.conditions.until = kEnds;
        }
        ASSERT_TRUE(log.adopt(world().policy_document(policy, 2)).has_value());
    }
    message::Envelope opening() {
        return log.compose("border-guard",
                           log.with_case_id("border-guard", test::opening({"police", "labour"})),
                           {kStream, 1});
    }
};

TEST_F(Waits, WhileASealingKeyEndsItIsStaleAudience) {
    end_sealing_key();
    const auto made = opening();
    log.time = kEnds + 1;
    const Bytes frame = log.sign("border-guard", {made});
    expect_verdicts(log.offer("border-guard", kStream, 1, 1, frame), {Code::stale_audience});
    EXPECT_EQ(refusal_of(log.offer("border-guard", kStream, 1, 1, frame)), Code::stream_closed);
}

TEST_F(Waits, WhileAGrantEndsItIsStaleAudience) {
    end_grants();
    const auto made = report(1, "police");  // that labour may read
    log.time = kEnds + 1;
    expect_verdicts(log.offer("police", kStream, 1, {made}), {Code::stale_audience});
}

// The sender's clock is ahead: for it, what is about to end has ended.
TEST_F(Waits, ForAClockThatIsAheadItIsStaleAudience) {
    end_grants();
    const Millis here = log.time;
    log.time = kEnds + 1;
    const auto ahead = report(1, "police");
    log.time = here;
    expect_verdicts(log.offer("police", kStream, 1, {ahead}), {Code::stale_audience});
    EXPECT_NE(ahead.sections.at(0).descriptor, report(2, "police").sections.at(0).descriptor);
}

// The broker takes whom a message goes to for whom it names. That is no reason to let through an
// audience of older rules, under which nobody had to be named.
TEST_F(Waits, WhileReadersMustBeNamedItIsStaleAudience) {
    const auto wide = report(1, "police");
    auto policy = world().policy;
    for (policy::Grant& grant : policy.grants) {
        const bool reads =
            std::ranges::find(grant.actions, policy::Action::read) != grant.actions.end();
        if (reads) grant.conditions.named = true;
    }
    ASSERT_TRUE(log.adopt(world().policy_document(policy, 2)).has_value());
    expect_verdicts(log.offer("police", kStream, 1, {wide}), {Code::stale_audience});
    const auto narrow = report(2, "police");
    const auto audience = message::parse_descriptor(narrow.sections.at(0).descriptor)->audience;
    EXPECT_EQ(audience, world().ids({"police"}));
    const MessageId next{kStream + 1, 1};
    const auto anew = log.compose("police", test::draft(Kind::outreach_report), next);
    expect_verdicts(log.offer("police", next.stream, 1, {anew}), {std::nullopt});
}

TEST_F(Waits, ForNothingThatWasEverRightItIsWrongAudience) {
    end_sealing_key();
    auto before_the_key = opening();
    test::change_header(before_the_key, [](message::Header& header) { header.created = 0; });
    log.time = kEnds + 1;
    expect_verdicts(log.offer("border-guard", kStream, 1, {before_the_key}),
                    {Code::wrong_audience});
    auto in_the_future =
        log.compose("labour", test::draft(Kind::outreach_report), {kStream + 1, 1});
    test::change_descriptor(in_the_future, 0, [&](message::Descriptor& descriptor) {
        descriptor.audience = world().ids({"labour", "hotline-111"});
    });
    test::change_header(in_the_future,
                        [&](message::Header& header) { header.created = log.time + 1000; });
    expect_verdicts(log.offer("labour", kStream + 1, 1, {in_the_future}), {Code::wrong_audience});
}

TEST_F(Publish, AMessageOverItsDateIsExpiredMessage) {
    node::Draft draft = test::draft(Kind::outreach_report);
    draft.expires = kNow + 1000;
    const auto in_time = log.compose("labour", draft, {kStream, 1});
    const auto late = log.compose("labour", draft, {kStream, 2});
    log.time = draft.expires;
    expect_verdicts(log.offer("labour", kStream, 1, {in_time}), {std::nullopt});
    log.time += 1;
    expect_verdicts(log.offer("labour", kStream, 2, {late}), {Code::expired_message});
}

TEST_F(Publish, RulesThatTheBusDoesNotKnowYetAreStalePolicy) {
    for (const bool policy : {true, false}) {
        auto envelope = log.compose("labour", test::draft(Kind::outreach_report), {kStream, 1});
        test::change_header(envelope, [&](message::Header& header) {
            (policy ? header.policy_version : header.registry_version) = 2;
        });
        SmallLog fresh;
        expect_verdicts(fresh.offer("labour", kStream, 1, {envelope}), {Code::stale_policy});
    }
}

TEST_F(Publish, AKindWithoutAGrantIsForbiddenAndTheGrantIsNamed) {
    const auto receipt = log.publish("fatherland-front", test::draft(Kind::province_summary));
    expect_verdicts(receipt, {Code::forbidden});
    EXPECT_EQ(receipt->verdicts.at(0).grant_missing, "publish province-summary");
}

TEST_F(Publish, ClassesAreLimitedAndTheNextIsClassLimit) {
    SmallLog limited([](MachineOptions& options) { options.classes_max = 2; });
    EXPECT_EQ(limited.verdict("labour", test::draft(Kind::outreach_report)), std::nullopt);
    EXPECT_EQ(limited.verdict("police", test::draft(Kind::outreach_report)), std::nullopt);
    EXPECT_EQ(limited.verdict("information", test::draft(Kind::outreach_report)),
              Code::class_limit);
    EXPECT_EQ(limited.verdict("police", test::draft(Kind::outreach_report)), std::nullopt);
    EXPECT_EQ(limited.entries_of(proof::EntryKind::refusals).size(), 0U) << "retriable";
}

TEST_F(Publish, ClassesOfOneAgencyAreLimitedAndOthersGoOn) {
    SmallLog limited([](MachineOptions& options) { options.classes_per_agency_max = 1; });
    EXPECT_EQ(limited.verdict("police", test::draft(Kind::outreach_report)), std::nullopt);
    EXPECT_EQ(limited.verdict("police", test::draft(Kind::crime_statistic)), Code::class_limit);
    EXPECT_EQ(limited.verdict("labour", test::draft(Kind::outreach_report)), std::nullopt);
    EXPECT_EQ(limited.verdict("police", test::draft(Kind::outreach_report)), std::nullopt);
}

TEST_F(Publish, AReferenceToWhatTheSenderNeverGotIsForbiddenWhetherItExistsOrNot) {
    const auto [id, position] = log.accept("police", test::draft(Kind::crime_statistic));
    node::Draft draft = test::draft(Kind::outreach_report);
    const Hash digest = keys::sha256(log.entry(position).content);
    draft.refers_to = message::Reference{id, digest, message::Relation::answers};
    EXPECT_EQ(log.verdict("information", draft), Code::forbidden);
    draft.refers_to->message = {4711, 1};
    EXPECT_EQ(log.verdict("information", draft), Code::forbidden);
    draft.refers_to = message::Reference{id, digest, message::Relation::answers};
    EXPECT_EQ(log.verdict("labour", draft), std::nullopt);
    draft.refers_to->header_digest.bytes[0] ^= 1;
    EXPECT_EQ(log.verdict("labour", draft), Code::bad_digest);
    draft.refers_to = message::Reference{id, digest, message::Relation::supersedes};
    EXPECT_EQ(log.verdict("labour", draft), Code::forbidden) << "only the sender's own";
}

TEST_F(Publish, RefusalsOfOneRuleAreCountedForEachMinute) {
    for (int i = 0; i < 3; ++i) {
        log.verdict("fatherland-front", test::draft(Kind::province_summary));
    }
    EXPECT_TRUE(log.entries_of(proof::EntryKind::denied).empty());
    log.time += 60'000;
    log.verdict("fatherland-front", test::draft(Kind::province_summary));
    const auto entries = log.entries_of(proof::EntryKind::denied);
    ASSERT_EQ(entries.size(), 1U);
    const Denied denied = parse_denied(entries[0].content).value();
    EXPECT_EQ(denied.agency, log.id("fatherland-front"));
    EXPECT_EQ(denied.rule, "forbidden");
    EXPECT_EQ(denied.count, 3U);
    EXPECT_EQ(denied.minute, kNow / 60'000);
}

}  // namespace
}  // namespace lienthong::core
