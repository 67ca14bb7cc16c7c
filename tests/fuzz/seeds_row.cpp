// SPDX-License-Identifier: Apache-2.0
// Seeds of stored rows, and of entries as a broker shows them.
#include "bus/base/check.hpp"
#include "bus/core/rows.hpp"
#include "bus/message/facts.hpp"
#include "bus/node/check.hpp"
#include "bus/node/draft_bytes.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/fuzz/shown_entry.hpp"
#include "tests/unit/bus/message/payload_from_json.hpp"
#include "tests/unit/bus/wire/samples.hpp"

namespace lienthong::fuzz {
namespace {

using namespace message;

const std::vector<AgencyId> kAudience{AgencyId::of("ag-1"), AgencyId::of("ag-2")};

CaseFacts opening_facts() {
    CaseFacts facts;
    facts.opens = true;
    facts.parties = kAudience;
    facts.holder = kAgency;
    facts.persons = 2;
    facts.opening_nonce.fill(7);
    return facts;
}

// With those of its sections that are readable without a key, signed.
DeliveredEntry shown(Kind kind) {
    Header header;
    header.bus = kBus;
    header.id = {1, 2};
    header.sender = kAgency;
    header.kind = kind;
    header.created = kShown;
    header.commitments.resize(info(kind).sections.size());
    DeliveredEntry entry;
    entry.position = 12;
    entry.kind = 1;
    entry.epoch = 1;
    entry.time = kShown;
    for (std::size_t i = 0; i < info(kind).sections.size(); ++i) {
        const SectionType& type = info(kind).sections[i];
        if (type.form != Form::open && type.form != Form::facts) continue;
        Descriptor descriptor;
        descriptor.name = type.name;
        descriptor.form = type.form;
        descriptor.audience = kAudience;
        const std::string root(type.root_table);
        Section section;
        section.index = static_cast<std::uint8_t>(i);
        section.plaintext_salt = wire::sample_hash(1);
        section.body =
            type.form == Form::facts ? encode_facts(opening_facts()) : payload(root, sample(root));
        section.descriptor = encode_descriptor(descriptor);
        entry.sections.push_back(std::move(section));
    }
    if (info(kind).needs_case) header.case_id.bytes.fill(1);
    entry.header = encode_header(header);
    sign_anew(entry);
    CHECK(node::check_signed(entry, kBus, signing_registry()).has_value());
    return entry;
}

void add_node_rows(Seeds& seeds, const DeliveredEntry& entry) {
    node::Draft draft;
    draft.kind = Kind::initial_check;
    draft.case_id.bytes.fill(1);
    draft.sections = {
        {"findings", payload("lienthong.fb.Findings", sample("lienthong.fb.Findings"))}};
    draft.facts = opening_facts();
    draft.refers_to = Reference{{3, 4}, wire::sample_hash(4), Relation::answers};
    draft.named = kAudience;
    draft.key = "line-1";
    node::DraftRow refused;
    refused.kind = draft.kind;
    refused.outcome.state = node::Outcome::State::refused;
    refused.outcome.id = {5, 6};
    refused.outcome.case_id = draft.case_id;
    refused.outcome.refusal = Error{Code::forbidden, {}, "case", "read"};
    refused.refused_batch = {5, 1};
    node::CaseKnowledge knowledge{{1, 2, wire::sample_hash(3)}, kAudience};
    knowledge.proven.parties = kAudience;
    knowledge.proven.consents = {{kAudience.back(), kAgency, true, 12}};
    const auto commands = wire::sample_commands();
    const Bytes frame = wire::encode(commands.front());
    seeds["row"] = {chosen(0, node::encode(draft)),
                    chosen(1, node::encode(refused)),
                    chosen(2, node::encode(node::OutboxRow{frame, {1, 2, 3}})),
                    chosen(3, node::encode(entry)),
                    chosen(4, node::encode(knowledge)),
                    chosen(5,
                           node::encode(node::ReceiptRow{
                               wire::sample_hash(1), {wire::sample_hash(2)}, 44, frame})),
                    chosen(6, node::encode(node::RefusalRow{3, true, frame}))};
}

void add_broker_rows(std::vector<Bytes>& seeds) {
    using namespace core;
    StreamRow stream{kAgency, NodeId::of("n-police"), 3, 9, true, 12};
    BatchRow batch;
    batch.proof = Bytes(120, 1);
    batch.headers = {wire::sample_hash(1), wire::sample_hash(2)};
    batch.verdicts = {0, static_cast<std::uint16_t>(Code::forbidden)};
    batch.accepted = 1;
    CaseRecord record;
    record.state = CaseState::in_verification;
    record.holder = kAgency;
    record.leaf = wire::sample_hash(3);
    record.parties = kAudience;
    record.consented = {kAudience.back()};
    CaseStepRecord step;
    step.kind = Kind::initial_check;
    step.agency = kAgency;
    step.state = CaseState::received;
    step.message = {1, 2};
    UploadRow upload{3, 4096, kShown, {}, Bytes(60, 4)};
    std::uint8_t choice = 7;
    for (const Bytes& row : {rows::encode(stream),
                             rows::encode(batch),
                             rows::encode(ClassRow{Kind::initial_check, kAudience, 12}),
                             rows::encode(record),
                             rows::encode(step),
                             rows::encode(upload),
                             rows::encode(ChunkLeaf{wire::sample_hash(5), 4096}),
                             Bytes{3, 4, 1, 2, 3, 4, 0, 9, 5, 6, 7}}) {
        seeds.push_back(chosen(choice++, row));
    }
}

}  // namespace

void add_row_seeds(Seeds& seeds) {
    const DeliveredEntry report = shown(Kind::outreach_report);
    seeds["delivered"] = {node::encode(report), node::encode(shown(Kind::intake_record))};
    add_node_rows(seeds, report);
    add_broker_rows(seeds["row"]);
}

}  // namespace lienthong::fuzz
