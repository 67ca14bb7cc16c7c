// SPDX-License-Identifier: Apache-2.0
// encode(): a command value to its frame. The other direction is parse_command.cpp.
#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <type_traits>

#include "bus/wire/command.hpp"
#include "bus/wire/command_text.hpp"
#include "schemas/wire_generated.h"

namespace lienthong::wire {
namespace {

using flatbuffers::Offset;
using Builder = flatbuffers::FlatBufferBuilder;
using Texts = Offset<flatbuffers::Vector<Offset<flatbuffers::String>>>;
using Hashes = Offset<flatbuffers::Vector<const fb::Bytes32*>>;

fb::Bytes32 fixed(const Hash& hash) { return {hash.bytes}; }
fb::Bytes16 fixed(const CaseId& id) { return {id.bytes}; }

Offset<flatbuffers::String> text(Builder& out, std::string_view value) {
    return out.CreateString(value.data(), value.size());
}
template <class Tag>
Offset<flatbuffers::String> text(Builder& out, const NameId<Tag>& id) {
    return text(out, id.text());
}
// Absent when empty: "none".
Offset<flatbuffers::String> maybe_text(Builder& out, std::string_view value) {
    return value.empty() ? Offset<flatbuffers::String>() : text(out, value);
}
template <class Tag>
Offset<flatbuffers::String> maybe_text(Builder& out, const NameId<Tag>& id) {
    return maybe_text(out, id.text());
}
Offset<flatbuffers::Vector<std::uint8_t>> bytes(Builder& out, const Bytes& value) {
    return out.CreateVector(value.data(), value.size());
}
Offset<flatbuffers::Vector<std::uint8_t>> maybe_bytes(Builder& out, const Bytes& value) {
    return value.empty() ? Offset<flatbuffers::Vector<std::uint8_t>>() : bytes(out, value);
}
Hashes hashes(Builder& out, const std::vector<Hash>& values) {
    std::vector<fb::Bytes32> list;
    list.reserve(values.size());
    for (const Hash& value : values) list.push_back(fixed(value));
    return out.CreateVectorOfStructs(list.data(), list.size());
}
Texts agencies(Builder& out, const std::vector<AgencyId>& values) {
    std::vector<Offset<flatbuffers::String>> list;
    list.reserve(values.size());
    for (const AgencyId& value : values) list.push_back(text(out, value));
    return out.CreateVector(list);
}
// Writes each value with `put` and gives the vector of them.
template <class T, class Put>
auto tables(Builder& out, const std::vector<T>& values, Put put) {
    std::vector<std::invoke_result_t<Put, Builder&, const T&>> list;
    list.reserve(values.size());
    for (const T& value : values) list.push_back(put(out, value));
    return out.CreateVector(list);
}

std::uint16_t number(std::optional<Code> code) { return code ? std::to_underlying(*code) : 0; }

Offset<fb::Hello> put(Builder& out, const Hello& hello) {
    const auto versions = out.CreateVector(hello.versions);
    const auto bus = text(out, hello.bus);
    const auto software = maybe_text(out, hello.software);
    return fb::CreateHello(out, versions, bus, software, hello.head_size);
}

Offset<fb::Welcome> put(Builder& out, const Welcome& welcome) {
    const auto streams =
        tables(out, welcome.streams, [](Builder& builder, const StreamPosition& at) {
            return fb::CreateStreamPosition(builder, at.stream, at.last, at.closed);
        });
    const auto node = text(out, welcome.node);
    const auto agency = text(out, welcome.agency);
    const auto head = text(out, welcome.head);
    return fb::CreateWelcome(out,
                             welcome.version,
                             node,
                             agency,
                             head,
                             streams,
                             welcome.registry_version,
                             welcome.policy_version,
                             welcome.procedure_version,
                             welcome.administrators_version,
                             welcome.epoch);
}

Offset<fb::Publish> put(Builder& out, const Publish& publish) {
    return fb::CreatePublish(out, publish.stream, publish.first, publish.count, publish.head_size);
}

Offset<fb::Receipt> put(Builder& out, const Receipt& receipt) {
    const auto verdicts =
        tables(out, receipt.verdicts, [](Builder& builder, const Verdict& verdict) {
            const auto grant = maybe_text(builder, verdict.grant_missing);
            return fb::CreateVerdict(builder, number(verdict.refused), grant);
        });
    const auto head = text(out, receipt.head);
    const auto left = hashes(out, receipt.left);
    const auto right = hashes(out, receipt.right);
    const auto parties = agencies(out, receipt.case_parties);
    const auto consented = agencies(out, receipt.consented);
    const auto consistency = hashes(out, receipt.consistency);
    const fb::Bytes32 proof = fixed(receipt.proof_hash);
    return fb::CreateReceipt(out,
                             receipt.stream,
                             receipt.first,
                             verdicts,
                             receipt.first_position,
                             receipt.accepted_count,
                             receipt.time,
                             receipt.epoch,
                             head,
                             &proof,
                             left,
                             right,
                             parties,
                             consented,
                             receipt.asked_size,
                             consistency);
}

Offset<fb::Fetch> put(Builder& out, const Fetch& fetch) {
    const auto consumer = text(out, fetch.consumer);
    return fb::CreateFetch(out, consumer, fetch.from, fetch.credit_bytes, fetch.credit_messages);
}

Offset<fb::Section> put_section(Builder& out, const message::Section& section) {
    const auto descriptor = bytes(out, section.descriptor);
    const auto body = maybe_bytes(out, section.body);
    const fb::Bytes32 salt = fixed(section.descriptor_salt);
    const fb::Bytes32 plain =
        section.plaintext_salt ? fixed(*section.plaintext_salt) : fb::Bytes32();
    return fb::CreateSection(
        out, section.index, descriptor, &salt, section.plaintext_salt ? &plain : nullptr, body);
}

Offset<fb::DeliveredEntry> put_entry(Builder& out, const DeliveredEntry& entry) {
    const auto header = bytes(out, entry.header);
    const auto proof = maybe_bytes(out, entry.proof);
    const auto path = hashes(out, entry.batch_path);
    const auto sections = tables(out, entry.sections, put_section);
    std::vector<fb::SkippedRange> ranges;
    ranges.reserve(entry.skipped.size());
    for (const Skipped& skip : entry.skipped) {
        ranges.emplace_back(skip.first, skip.count, number(skip.code));
    }
    const auto skipped = out.CreateVectorOfStructs(ranges.data(), ranges.size());
    return fb::CreateDeliveredEntry(out,
                                    entry.position,
                                    entry.kind,
                                    entry.epoch,
                                    entry.time,
                                    header,
                                    proof,
                                    entry.batch_index,
                                    path,
                                    sections,
                                    skipped);
}

Offset<fb::Delivery> put(Builder& out, const Delivery& delivery) {
    const auto entries = tables(out, delivery.entries, put_entry);
    const auto consumer = text(out, delivery.consumer);
    const auto agency = text(out, delivery.agency);
    const auto head = text(out, delivery.head);
    const auto signature = bytes(out, delivery.signature);
    return fb::CreateDelivery(out,
                              consumer,
                              agency,
                              delivery.from,
                              delivery.to,
                              delivery.epoch,
                              head,
                              entries,
                              signature);
}

Offset<fb::Query> put(Builder& out, const Query& query) {
    const auto officer = maybe_text(out, query.officer);
    const auto purpose = maybe_text(out, query.purpose);
    const fb::Bytes16 id = fixed(query.case_id);
    return fb::CreateQuery(out,
                           static_cast<fb::QueryKind>(query.kind),
                           query.case_id.is_none() ? nullptr : &id,
                           officer,
                           purpose,
                           query.from,
                           query.count_max,
                           query.head_size);
}

Offset<fb::CaseStep> put_step(Builder& out, const CaseStep& step) {
    const auto agency = maybe_text(out, step.agency);
    const auto state = maybe_text(out, step.state);
    const fb::MessageId id(step.message.stream, step.message.sequence);
    return fb::CreateCaseStep(out,
                              step.position,
                              step.time,
                              static_cast<fb::Kind>(step.kind),
                              agency,
                              state,
                              step.message.is_none() ? nullptr : &id);
}

Offset<fb::CaseRow> put_row(Builder& out, const CaseRow& row) {
    const auto state = maybe_text(out, row.state);
    const auto holder = maybe_text(out, row.holder);
    const fb::Bytes16 id = fixed(row.case_id);
    const fb::Bytes32 leaf = fixed(row.leaf);
    return fb::CreateCaseRow(
        out, &id, state, holder, row.since, row.position, row.due, row.epoch, &leaf);
}

Offset<fb::PartyEvidence> put_evidence(Builder& out, const PartyEvidence& evidence) {
    const auto entry = put_entry(out, evidence.entry);
    const auto path = hashes(out, evidence.path);
    return fb::CreatePartyEvidence(out, entry, path);
}

Offset<fb::QueryAnswer> put(Builder& out, const QueryAnswer& answer) {
    const auto cases = tables(out, answer.cases, put_row);
    const auto steps = tables(out, answer.steps, put_step);
    const auto parties = agencies(out, answer.parties);
    const auto consented = agencies(out, answer.consented);
    const auto evidence = tables(out, answer.evidence, put_evidence);
    return fb::CreateQueryAnswer(out, cases, steps, parties, consented, answer.more, evidence);
}

Offset<fb::ConsistencyRequest> put(Builder& out, const ConsistencyRequest& request) {
    return fb::CreateConsistencyRequest(out, request.from, request.to);
}
Offset<fb::ConsistencyProof> put(Builder& out, const ConsistencyProof& proof) {
    const auto list = hashes(out, proof.hashes);
    return fb::CreateConsistencyProof(out, proof.from, proof.to, list);
}
Offset<fb::InclusionRequest> put(Builder& out, const InclusionRequest& request) {
    return fb::CreateInclusionRequest(out, request.position, request.size);
}
Offset<fb::InclusionProof> put(Builder& out, const InclusionProof& proof) {
    const auto list = hashes(out, proof.hashes);
    return fb::CreateInclusionProof(out, proof.position, proof.size, list);
}
Offset<fb::DocumentRequest> put(Builder& out, const DocumentRequest& request) {
    return fb::CreateDocumentRequest(
        out, static_cast<fb::DocumentKind>(request.kind), request.version);
}
Offset<fb::Adopt> put(Builder& out, const Adopt& adopt) {
    return fb::CreateAdopt(out, static_cast<fb::DocumentKind>(adopt.kind));
}
Offset<fb::Adopted> put(Builder& out, const Adopted& adopted) {
    const auto head = maybe_text(out, adopted.head);
    return fb::CreateAdopted(out, adopted.version, adopted.position, head);
}
Offset<fb::Cosign> put(Builder& out, const Cosign& cosign) {
    const auto cosignature = text(out, cosign.cosignature);
    return fb::CreateCosign(out, cosignature, cosign.size);
}
Offset<fb::UploadChunk> put(Builder& out, const UploadChunk& chunk) {
    const auto section = text(out, chunk.section);
    return fb::CreateUploadChunk(
        out, chunk.stream, chunk.sequence, section, chunk.index, chunk.count);
}
Offset<fb::FetchChunk> put(Builder& out, const FetchChunk& chunk) {
    const auto section = text(out, chunk.section);
    return fb::CreateFetchChunk(out, chunk.position, section, chunk.index);
}
Offset<fb::Failure> put(Builder& out, const Failure& failure) {
    const auto detail = maybe_text(out, fit_text(failure.detail, kDetailBytesMax));
    const auto where = maybe_text(out, fit_text(failure.where, kDetailBytesMax));
    const auto grant = maybe_text(out, fit_text(failure.grant_missing, kGrantBytesMax));
    const auto signature = maybe_bytes(out, failure.signature);
    if (failure.signature.empty()) {
        return fb::CreateFailure(out, number(failure.code), detail, where, grant);
    }
    const fb::Bytes32 batch = fixed(failure.batch);
    return fb::CreateFailure(
        out, number(failure.code), detail, where, grant, failure.time, &batch, signature);
}
Offset<fb::Done> put(Builder& out, const Done& done) {
    const auto path = hashes(out, done.path);
    return fb::CreateDone(out, done.position, path);
}
Offset<fb::WitnessRequest> put(Builder& out, const WitnessRequest& request) {
    return fb::CreateWitnessRequest(out, request.size);
}
Offset<fb::Witnessed> put(Builder& out, const Witnessed& witnessed) {
    const auto note = maybe_text(out, witnessed.note);
    return fb::CreateWitnessed(out, note);
}

template <class T>
fb::Body type_of(Offset<T> /*offset*/) {
    return fb::BodyTraits<T>::enum_value;
}

}  // namespace

Bytes encode(const Command& command) {
    Builder out(1024);
    fb::Body type = fb::Body::NONE;
    Offset<void> body;
    std::visit(
        [&](const auto& value) {
            const auto offset = put(out, value);
            type = type_of(offset);
            body = offset.Union();
        },
        command.body);
    out.Finish(fb::CreateCommand(out, kProtocolVersion, command.request, type, body));
    return {out.GetBufferPointer(), out.GetBufferPointer() + out.GetSize()};
}

}  // namespace lienthong::wire
