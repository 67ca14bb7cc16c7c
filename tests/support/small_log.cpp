// SPDX-License-Identifier: Apache-2.0
#include "tests/support/small_log.hpp"

#include <gtest/gtest.h>

#include "bus/base/check.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/receipt.hpp"
#include "security/seal/commitment.hpp"
#include "security/seal/opening.hpp"

namespace lienthong::test {

using core::CaseState;
using message::Kind;

void change_header(message::Envelope& envelope,
                   const std::function<void(message::Header&)>& change) {
    message::Header header = message::parse_header(envelope.header).value();
    change(header);
    envelope.header = message::encode_header(header);
}

void change_descriptor(message::Envelope& envelope,
                       std::size_t section,
                       const std::function<void(message::Descriptor&)>& change) {
    message::Section& changed = envelope.sections.at(section);
    message::Descriptor descriptor = message::parse_descriptor(changed.descriptor).value();
    const std::string name = descriptor.name;
    change(descriptor);
    changed.descriptor = message::encode_descriptor(descriptor);
    change_header(envelope, [&](message::Header& header) {
        const seal::CommitmentContext context{header.suite, header.bus, header.id, name};
        header.commitments.at(changed.index) =
            seal::commit_descriptor(context, changed.descriptor_salt, changed.descriptor);
    });
}

SmallLog::SmallLog(std::function<void(core::MachineOptions&)> tweak,
                   std::unique_ptr<journal::Journal> journal)
    : journal_(journal ? std::move(journal) : journal::open_memory(journal::make_memory_disk())) {
    epoch_ = journal_->acquire().value();
    vault_ = std::make_unique<core::Vault>(TestWorld::master(""), random);
    core::MachineOptions options{.bus = world().bus, .pinned_administrators = world().pinned};
    if (tweak) tweak(options);
    machine_ = std::make_unique<core::Machine>(std::move(options), *vault_);
    in_group([](core::Group& group) {
        CHECK(group.start_epoch().has_value());
        for (const Bytes& document : world().genesis) CHECK(group.adopt(document).value());
    });
}

core::Session SmallLog::session(std::string_view slug) {
    return {world().member(slug).id, world().member(slug).node};
}

void SmallLog::in_group(const std::function<void(core::Group&)>& act) {
    auto txn = journal_->begin_write();
    CHECK(txn.has_value());
    core::Group group(*machine_, **txn, time, epoch_);
    act(group);
    auto head = group.head_to_sign();
    CHECK(head.has_value());
    if (*head) {
        const auto signer = world().log.signer();
        CHECK(group.set_head(**head, proof::sign_head(**head, *signer).value()).has_value());
    }
    CHECK((*txn)->commit().has_value());
}

void SmallLog::look(const std::function<void(const core::ReadState&)>& at) const {
    const auto txn = journal_->begin_read();
    CHECK(txn.has_value());
    at(core::ReadState(**txn, *vault_));
}

std::uint64_t SmallLog::size() const {
    std::uint64_t size = 0;
    look([&](const core::ReadState& state) { size = state.log_size(); });
    return size;
}

core::Entry SmallLog::entry(Position position) const {
    core::Entry entry;
    look([&](const core::ReadState& state) { entry = state.entry(position).value(); });
    return entry;
}

std::vector<core::Entry> SmallLog::entries_of(proof::EntryKind kind) const {
    std::vector<core::Entry> found;
    for (Position position = 0; position < size(); ++position) {
        core::Entry one = entry(position);
        if (one.kind == kind) found.push_back(std::move(one));
    }
    return found;
}

core::CaseRecord SmallLog::record(const CaseId& case_id) const {
    core::CaseRecord record;
    look([&](const core::ReadState& state) { record = state.maybe_case(case_id).value().value(); });
    return record;
}

node::Scene SmallLog::scene(std::string_view slug, const node::Draft& draft) const {
    const core::Documents& known = documents();
    node::Scene scene{world().bus, id(slug), *known.registry, *known.policy, time, {}, {}};
    look([&](const core::ReadState& state) {
        if (!draft.case_id.is_none()) {
            const auto record = state.maybe_case(draft.case_id).value();
            if (record) {
                scene.knowledge = {{record->epoch, record->position, record->leaf},
                                   record->parties,
                                   record->consented};
            }
        }
        if (draft.refers_to) {
            const auto position = state.maybe_position(draft.refers_to->message).value();
            if (position) scene.answered = state.entry(*position).value().sender;
        }
    });
    return scene;
}

node::Draft SmallLog::with_case_id(std::string_view slug, node::Draft draft) {
    if (!draft.facts || !draft.facts->opens || !draft.case_id.is_none()) return draft;
    random.fill(draft.facts->opening_nonce);
    draft.case_id = seal::case_id_of(world().bus, id(slug), draft.facts->opening_nonce);
    return draft;
}

message::Envelope SmallLog::compose(std::string_view slug,
                                    const node::Draft& draft,
                                    const MessageId& id) {
    return compose(draft, scene(slug, draft), id);
}

message::Envelope SmallLog::compose(const node::Draft& draft,
                                    const node::Scene& scene,
                                    const MessageId& id) {
    // What policy forbids is composed too: the broker is to refuse it.
    auto recipients = node::choose_recipients(draft, scene);
    if (!recipients) {
        recipients.emplace();
        const auto sections = node::ordered_sections(draft);
        CHECK(sections.has_value());
        recipients->audiences.assign(sections->size(), {scene.agency});
        recipients->all = {scene.agency};
    }
    auto composed = node::compose(draft, scene, *recipients, id, random);
    CHECK(composed.has_value());
    chunks_ = std::move(composed->chunks);
    return std::move(composed->envelope);
}

Answer<std::monostate> SmallLog::upload(std::string_view slug,
                                        const MessageId& id,
                                        const node::OutChunk& chunk) {
    Answer<std::monostate> answer;
    in_group([&](core::Group& group) {
        auto judged =
            group.upload(session(slug), {id, chunk.section, chunk.index, chunk.count, chunk.sent});
        CHECK(judged.has_value());
        answer = std::move(*judged);
    });
    return answer;
}

void SmallLog::upload_all(std::string_view slug, const MessageId& id) {
    for (const node::OutChunk& chunk : chunks_) CHECK(upload(slug, id, chunk).has_value());
}

Answer<core::ChunkAnswer> SmallLog::fetch_chunk(std::string_view slug,
                                                Position position,
                                                std::string section,
                                                std::uint32_t index) {
    Answer<core::ChunkAnswer> answer;
    in_group([&](core::Group& group) {
        auto judged = group.fetch_chunk(session(slug), {position, std::move(section), index});
        CHECK(judged.has_value());
        answer = std::move(*judged);
    });
    return answer;
}

std::size_t SmallLog::collect(std::size_t chunks_max) {
    std::size_t collected = 0;
    in_group([&](core::Group& group) { collected = group.collect_uploads(chunks_max).value(); });
    return collected;
}

Bytes SmallLog::frame(const proof::BatchProof& proof, std::vector<message::Envelope> envelopes) {
    return message::encode_batch({proof::encode_batch_proof(proof), std::move(envelopes)});
}

Bytes SmallLog::sign(std::string_view slug, std::vector<message::Envelope> envelopes) {
    std::vector<Hash> leaves;
    for (const auto& envelope : envelopes) leaves.push_back(proof::leaf_hash(envelope.header));
    const auto signer = world().member(slug).sign.signer();
    const auto proof = proof::sign_batch(*signer, world().bus, id(slug), leaves);
    CHECK(proof.has_value());
    return frame(*proof, std::move(envelopes));
}

Answer<message::Receipt> SmallLog::offer(std::string_view slug,
                                         std::uint64_t stream,
                                         std::uint64_t first,
                                         std::uint32_t count,
                                         const Bytes& frame) {
    auto verified = core::verify_batch(
        frame, session(slug), stream, first, count, *documents().registry, time, size());
    if (!verified) return std::unexpected(verified.error());
    Answer<message::Receipt> answer;
    in_group([&](core::Group& group) {
        auto judged = group.publish(*verified);
        CHECK(judged.has_value());
        answer = std::move(*judged);
    });
    if (!answer) return answer;
    in_group([&](core::Group& group) { CHECK(group.complete(*answer).has_value()); });
    return answer;
}

Answer<message::Receipt> SmallLog::offer(std::string_view slug,
                                         std::uint64_t stream,
                                         std::uint64_t first,
                                         std::vector<message::Envelope> envelopes) {
    const auto count = static_cast<std::uint32_t>(envelopes.size());
    return offer(slug, stream, first, count, sign(slug, std::move(envelopes)));
}

Answer<message::Receipt> SmallLog::publish(std::string_view slug, const node::Draft& draft) {
    const std::uint64_t stream = new_stream();
    std::vector<message::Envelope> envelopes;
    envelopes.push_back(compose(slug, draft, MessageId{stream, 1}));
    upload_all(slug, MessageId{stream, 1});
    return offer(slug, stream, 1, std::move(envelopes));
}

std::optional<Code> SmallLog::verdict(std::string_view slug, const node::Draft& draft) {
    const auto receipt = publish(slug, draft);
    if (!receipt) return receipt.error().code;
    return receipt->verdicts.at(0).refused;
}

std::pair<MessageId, Position> SmallLog::accept(std::string_view slug, const node::Draft& draft) {
    const auto receipt = publish(slug, draft);
    CHECK(receipt.has_value());
    const auto refused = receipt->verdicts.at(0).refused;
    EXPECT_FALSE(refused.has_value())
        << message::info(draft.kind).name << ": " << (refused ? info(*refused).name : "");
    return {MessageId{receipt->stream, receipt->first}, receipt->first_position};
}

CaseId SmallLog::open_case(const std::vector<std::string_view>& parties) {
    const node::Draft draft = with_case_id("border-guard", opening(parties));
    accept("border-guard", draft);
    return draft.case_id;
}

void SmallLog::move_case(const CaseId& case_id, CaseState until) {
    struct Step {
        CaseState to;
        std::string_view slug;
        Kind kind;
    };
    const Step steps[] = {
        {CaseState::notified, "peoples-committee", Kind::commune_notice},
        {CaseState::initial_check, "labour", Kind::initial_check},
        {CaseState::verification_requested, "labour", Kind::verification_request},
        {CaseState::acknowledged, "police", Kind::verification_acknowledgement},
        {CaseState::information_requested, "police", Kind::information_request},
        {CaseState::in_verification, "border-guard", Kind::information_reply},
        {CaseState::extended, "police", Kind::verification_extension},
        {CaseState::result_confirmed, "police", Kind::verification_result},
        {CaseState::certified, "police", Kind::victim_certificate},
        {CaseState::support_referred, "labour", Kind::support_referral},
    };
    bool reached = record(case_id).state == until;
    CaseState now = record(case_id).state;
    for (const Step& step : steps) {
        if (reached || step.to <= now) continue;
        message::CaseFacts facts;
        if (step.kind == Kind::verification_result) facts.outcome = message::Outcome::confirmed;
        if (step.kind == Kind::support_referral) {
            facts.parties = world().ids({"social-protection-centre"});
        }
        accept(step.slug, case_draft(step.kind, case_id, std::move(facts)));
        now = record(case_id).state;
        ASSERT_EQ(now, step.to) << core::name(now);
        reached = now == until;
    }
    ASSERT_TRUE(reached);
}

Answer<message::QueryAnswer> SmallLog::query(std::string_view slug, const message::Query& query) {
    Answer<message::QueryAnswer> answer;
    in_group([&](core::Group& group) {
        auto judged = group.query(session(slug), query);
        CHECK(judged.has_value());
        answer = std::move(*judged);
    });
    return answer;
}

Answer<message::Delivery> SmallLog::fetch(std::string_view slug,
                                          Position from,
                                          std::uint32_t credit_messages,
                                          std::uint32_t credit_bytes) {
    Answer<message::Delivery> answer;
    in_group([&](core::Group& group) {
        auto judged = group.fetch(session(slug), {"node", from, credit_bytes, credit_messages});
        CHECK(judged.has_value());
        answer = std::move(*judged);
    });
    return answer;
}

Answer<Position> SmallLog::adopt(BytesView document) {
    Answer<Position> answer;
    in_group([&](core::Group& group) {
        auto judged = group.adopt(document);
        CHECK(judged.has_value());
        answer = *judged;
    });
    return answer;
}

}  // namespace lienthong::test
