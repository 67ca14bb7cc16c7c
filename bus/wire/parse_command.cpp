// SPDX-License-Identifier: Apache-2.0
// parse_command(): a frame from outside to a command value. In this order: size, structure (the
// verifier with our limits, on an aligned copy), version, operation, then each field of it.
#include <flatbuffers/flatbuffers.h>

#include <array>
#include <cstddef>
#include <vector>

#include "bus/message/envelope.hpp"
#include "bus/wire/command.hpp"
#include "bus/wire/frame_reader.hpp"
#include "schemas/wire_generated.h"

namespace lienthong::wire {
namespace {

template <class Enum>
bool in_range(Enum value) {  // without `none`, which is 0
    return value > Enum::none && value <= Enum::MAX;
}

CaseId case_id(const fb::Bytes16* fixed) {
    static_assert(sizeof(fb::Bytes16) == sizeof(CaseId));
    CaseId id;
    if (fixed != nullptr) std::memcpy(id.bytes.data(), fixed, sizeof id.bytes);
    return id;
}

Hello read(FrameReader& in, const fb::Hello& hello) {
    Hello value;
    value.versions = in.list<std::uint16_t>(
        hello.versions(), 1, kVersionsMax, "versions", [](std::uint16_t version) {
            return version;
        });
    value.bus = in.id<BusId>(hello.bus(), "bus");
    value.software = in.line(hello.software(), kSoftwareBytesMax, "software");
    value.head_size = hello.head_size();
    return value;
}

Welcome read(FrameReader& in, const fb::Welcome& welcome) {
    Welcome value;
    value.version = welcome.version();
    value.node = in.id<NodeId>(welcome.node(), "node");
    value.agency = in.id<AgencyId>(welcome.agency(), "agency");
    value.head = in.note(welcome.head(), kHeadBytesMax, "head");
    value.streams = in.list<StreamPosition>(
        welcome.streams(), 0, kStreamsMax, "streams", [](const fb::StreamPosition* at) {
            return StreamPosition{at->stream(), at->last(), at->closed()};
        });
    value.registry_version = welcome.registry_version();
    value.policy_version = welcome.policy_version();
    value.procedure_version = welcome.procedure_version();
    value.administrators_version = welcome.administrators_version();
    value.epoch = welcome.epoch();
    return value;
}

Publish read(FrameReader& in, const fb::Publish& publish) {
    in.require(publish.count() >= 1 && publish.count() <= message::kBatchMessagesMax,
               "1 to 1,024 messages",
               "count");
    in.require(publish.first() >= 1, "numbers start at 1", "first");
    return {publish.stream(), publish.first(), publish.count(), publish.head_size()};
}

Receipt read(FrameReader& in, const fb::Receipt& receipt) {
    Receipt value;
    value.stream = receipt.stream();
    value.first = receipt.first();
    value.verdicts = in.list<Verdict>(
        receipt.verdicts(), 1, kVerdictsMax, "verdicts", [&](const fb::Verdict* from) {
            Verdict verdict;
            if (from->code() != 0) verdict.refused = in.code(from->code(), "verdicts");
            verdict.grant_missing = in.line(from->grant_missing(), kGrantBytesMax, "verdicts");
            return verdict;
        });
    in.require(
        receipt.accepted_count() <= value.verdicts.size(), "more than verdicts", "accepted_count");
    value.first_position = receipt.first_position();
    value.accepted_count = receipt.accepted_count();
    value.time = receipt.time();
    value.epoch = receipt.epoch();
    value.head = in.note(receipt.head(), kHeadBytesMax, "head");
    value.proof_hash = in.hash(receipt.proof_hash(), "proof_hash");
    value.left = in.hashes(receipt.left(), kHashesMax, "left");
    value.right = in.hashes(receipt.right(), kHashesMax, "right");
    value.case_parties = in.ids<AgencyId>(receipt.case_parties(), kAgenciesMax, "case_parties");
    value.consented = in.ids<AgencyId>(receipt.consented(), kAgenciesMax, "consented");
    value.asked_size = receipt.asked_size();
    value.consistency = in.hashes(receipt.consistency(), kHashesMax, "consistency");
    return value;
}

Fetch read(FrameReader& in, const fb::Fetch& fetch) {
    return {in.name(fetch.consumer(), "consumer"),
            fetch.from(),
            fetch.credit_bytes(),
            fetch.credit_messages()};
}

message::Section read_section(FrameReader& in, const fb::Section& section) {
    message::Section value;
    value.index = section.index();
    value.descriptor =
        in.bytes(section.descriptor(), 1, message::kDescriptorBytesMax, "descriptor");
    value.descriptor_salt = in.hash(section.descriptor_salt(), "descriptor_salt");
    if (section.plaintext_salt() != nullptr) {
        value.plaintext_salt = in.hash(section.plaintext_salt(), "plaintext_salt");
    }
    value.body = in.bytes(section.body(), 0, kDataBytesMax, "body");
    return value;
}

// The kind of entry is judged by who knows the kinds (security/proof); here it is only not none.
DeliveredEntry read_entry(FrameReader& in, const fb::DeliveredEntry& entry) {
    DeliveredEntry value;
    in.require(entry.kind() != 0, "no kind of entry", "kind");
    value.position = entry.position();
    value.kind = entry.kind();
    value.epoch = entry.epoch();
    value.time = entry.time();
    value.header = in.bytes(entry.header(), 1, kDataBytesMax, "header");
    value.proof = in.bytes(entry.proof(), 0, kEntryProofBytesMax, "proof");
    value.batch_index = entry.batch_index();
    value.batch_path = in.hashes(entry.batch_path(), kHashesMax, "batch_path");
    value.sections = in.list<message::Section>(
        entry.sections(), 0, kEntrySectionsMax, "sections", [&](const fb::Section* section) {
            return read_section(in, *section);
        });
    const auto* ranges = entry.skipped_ranges();
    in.require_own(ranges == nullptr ? 0 : ranges->size() * sizeof(fb::SkippedRange), "skipped");
    std::uint64_t after = 1;  // numbers ascend and are named once
    value.skipped = in.list<Skipped>(
        ranges, 0, kEntrySkippedMax, "skipped", [&](const fb::SkippedRange* range) {
            in.require(range->first() >= after && range->count() >= 1 &&
                           range->first() <= UINT64_MAX - range->count(),
                       "not ascending numbers",
                       "skipped");
            after = range->first() + range->count();
            return Skipped{range->first(), range->count(), in.code(range->code(), "skipped")};
        });
    return value;
}

Delivery read(FrameReader& in, const fb::Delivery& delivery) {
    Delivery value;
    value.consumer = in.name(delivery.consumer(), "consumer");
    value.agency = in.id<AgencyId>(delivery.agency(), "agency");
    in.require(delivery.from() <= delivery.to(), "ends before it starts", "to");
    value.from = delivery.from();
    value.to = delivery.to();
    value.epoch = delivery.epoch();
    value.head = in.note(delivery.head(), kHeadBytesMax, "head");
    value.entries = in.list<DeliveredEntry>(
        delivery.entries(),
        0,
        kDeliveryEntriesMax,
        "entries",
        [&](const fb::DeliveredEntry* entry) { return read_entry(in, *entry); });
    value.signature = in.bytes(delivery.signature(), 1, kSignatureBytesMax, "signature");
    return value;
}

Query read(FrameReader& in, const fb::Query& query) {
    Query value;
    if (!in_range(query.kind())) in.refuse(Code::unknown_operation, "no such query", "kind");
    value.kind = static_cast<QueryKind>(query.kind());
    value.case_id = case_id(query.case_id());
    value.officer = in.maybe_id<OfficerId>(query.officer(), "officer");
    value.purpose = in.maybe_id<Purpose>(query.purpose(), "purpose");
    value.from = query.from();
    value.count_max = query.count_max();
    value.head_size = query.head_size();
    return value;
}

CaseStep read_step(FrameReader& in, const fb::CaseStep& step) {
    CaseStep value;
    value.position = step.position();
    value.time = step.time();
    if (step.kind() != fb::Kind::none) {
        const auto kind = message::maybe_kind(std::to_underlying(step.kind()));
        if (!kind) in.refuse(Code::unknown_kind, "no such kind", "steps");
        value.kind = kind.value_or(message::Kind::none);
    }
    value.agency = in.maybe_id<AgencyId>(step.agency(), "steps");
    value.state = in.line(step.state(), kStateBytesMax, "steps");
    if (step.message() != nullptr) {
        value.message = {step.message()->stream(), step.message()->sequence()};
    }
    return value;
}

CaseRow read_row(FrameReader& in, const fb::CaseRow& row) {
    CaseRow value;
    in.require(row.case_id() != nullptr, "absent", "case_id");
    value.case_id = case_id(row.case_id());
    value.state = in.line(row.state(), kStateBytesMax, "cases");
    value.holder = in.maybe_id<AgencyId>(row.holder(), "cases");
    value.since = row.since();
    value.position = row.position();
    value.due = row.due();
    value.epoch = row.epoch();
    value.leaf = in.hash_or_zeros(row.leaf());
    return value;
}

QueryAnswer read(FrameReader& in, const fb::QueryAnswer& answer) {
    QueryAnswer value;
    value.cases =
        in.list<CaseRow>(answer.cases(), 0, kPageRowsMax, "cases", [&](const fb::CaseRow* row) {
            return read_row(in, *row);
        });
    value.steps =
        in.list<CaseStep>(answer.steps(), 0, kPageRowsMax, "steps", [&](const fb::CaseStep* step) {
            return read_step(in, *step);
        });
    value.parties = in.ids<AgencyId>(answer.parties(), kAgenciesMax, "parties");
    value.consented = in.ids<AgencyId>(answer.consented(), kAgenciesMax, "consented");
    value.more = answer.more();
    value.evidence = in.list<PartyEvidence>(
        answer.evidence(), 0, kEvidenceMax, "evidence", [&](const fb::PartyEvidence* evidence) {
            return PartyEvidence{read_entry(in, *evidence->entry()),
                                 in.hashes(evidence->path(), kHashesMax, "path")};
        });
    return value;
}

ConsistencyRequest read(FrameReader& in, const fb::ConsistencyRequest& request) {
    in.require(request.from() <= request.to(), "ends before it starts", "to");
    return {request.from(), request.to()};
}
ConsistencyProof read(FrameReader& in, const fb::ConsistencyProof& proof) {
    in.require(proof.from() <= proof.to(), "ends before it starts", "to");
    return {proof.from(), proof.to(), in.hashes(proof.hashes(), kHashesMax, "hashes")};
}
InclusionRequest read(FrameReader& in, const fb::InclusionRequest& request) {
    in.require(request.position() < request.size(), "outside the tree", "position");
    return {request.position(), request.size()};
}
InclusionProof read(FrameReader& in, const fb::InclusionProof& proof) {
    in.require(proof.position() < proof.size(), "outside the tree", "position");
    return {proof.position(), proof.size(), in.hashes(proof.hashes(), kHashesMax, "hashes")};
}
DocumentRequest read(FrameReader& in, const fb::DocumentRequest& request) {
    in.require(in_range(request.kind()), "no such kind of document", "kind");
    return {std::to_underlying(request.kind()), request.version()};
}
Adopt read(FrameReader& in, const fb::Adopt& adopt) {
    in.require(in_range(adopt.kind()), "no such kind of document", "kind");
    return {std::to_underlying(adopt.kind())};
}
Adopted read(FrameReader& in, const fb::Adopted& adopted) {
    return {adopted.version(), adopted.position(), in.note(adopted.head(), kHeadBytesMax, "head")};
}
Cosign read(FrameReader& in, const fb::Cosign& cosign) {
    return {in.note(cosign.cosignature(), kCosignatureBytesMax, "cosignature"), cosign.size()};
}
UploadChunk read(FrameReader& in, const fb::UploadChunk& chunk) {
    in.require(chunk.stream() != 0, "streams are never 0", "stream");
    in.require(chunk.sequence() != 0, "sequences start at 1", "sequence");
    in.require(chunk.count() <= message::kChunksMax, "more than a section can have", "count");
    in.require(chunk.index() < chunk.count(), "not below the count", "index");
    return {chunk.stream(),
            chunk.sequence(),
            in.name(chunk.section(), "section"),
            chunk.index(),
            chunk.count()};
}
FetchChunk read(FrameReader& in, const fb::FetchChunk& chunk) {
    in.require(chunk.index() < message::kChunksMax, "more than a section can have", "index");
    return {chunk.position(), in.name(chunk.section(), "section"), chunk.index()};
}
Failure read(FrameReader& in, const fb::Failure& failure) {
    return {in.code(failure.code(), "code"),
            in.line(failure.detail(), kDetailBytesMax, "detail"),
            in.line(failure.where(), kDetailBytesMax, "where"),
            in.line(failure.grant_missing(), kGrantBytesMax, "grant_missing"),
            failure.time(),
            in.hash_or_zeros(failure.batch()),
            in.bytes(failure.signature(), 0, kSignatureBytesMax, "signature")};
}
Done read(FrameReader& in, const fb::Done& done) {
    return {done.position(), in.hashes(done.path(), kHashesMax, "path")};
}
WitnessRequest read(FrameReader& /*in*/, const fb::WitnessRequest& request) {
    return {request.size()};
}
Witnessed read(FrameReader& in, const fb::Witnessed& witnessed) {
    return {in.note(witnessed.note(), kHeadBytesMax, "note")};
}

template <class T>
void read_as(FrameReader& in, const void* body, Body& out) {
    out = read(in, *static_cast<const T*>(body));
}

void read_body(FrameReader& in, fb::Body type, const void* body, Body& out) {
    switch (type) {
        case fb::Body::NONE:
            break;
        case fb::Body::Hello:
            return read_as<fb::Hello>(in, body, out);
        case fb::Body::Welcome:
            return read_as<fb::Welcome>(in, body, out);
        case fb::Body::Publish:
            return read_as<fb::Publish>(in, body, out);
        case fb::Body::Receipt:
            return read_as<fb::Receipt>(in, body, out);
        case fb::Body::Fetch:
            return read_as<fb::Fetch>(in, body, out);
        case fb::Body::Delivery:
            return read_as<fb::Delivery>(in, body, out);
        case fb::Body::Query:
            return read_as<fb::Query>(in, body, out);
        case fb::Body::QueryAnswer:
            return read_as<fb::QueryAnswer>(in, body, out);
        case fb::Body::ConsistencyRequest:
            return read_as<fb::ConsistencyRequest>(in, body, out);
        case fb::Body::ConsistencyProof:
            return read_as<fb::ConsistencyProof>(in, body, out);
        case fb::Body::InclusionRequest:
            return read_as<fb::InclusionRequest>(in, body, out);
        case fb::Body::InclusionProof:
            return read_as<fb::InclusionProof>(in, body, out);
        case fb::Body::DocumentRequest:
            return read_as<fb::DocumentRequest>(in, body, out);
        case fb::Body::Adopt:
            return read_as<fb::Adopt>(in, body, out);
        case fb::Body::Adopted:
            return read_as<fb::Adopted>(in, body, out);
        case fb::Body::Cosign:
            return read_as<fb::Cosign>(in, body, out);
        case fb::Body::UploadChunk:
            return read_as<fb::UploadChunk>(in, body, out);
        case fb::Body::FetchChunk:
            return read_as<fb::FetchChunk>(in, body, out);
        case fb::Body::Failure:
            return read_as<fb::Failure>(in, body, out);
        case fb::Body::Done:
            return read_as<fb::Done>(in, body, out);
        case fb::Body::WitnessRequest:
            return read_as<fb::WitnessRequest>(in, body, out);
        case fb::Body::Witnessed:
            return read_as<fb::Witnessed>(in, body, out);
    }
    in.refuse(Code::unknown_operation, "this command is not known", "body");
}

// FlatBuffers reads by alignment, and a frame of ZeroMQ starts anywhere.
class AlignedFrame {
  public:
    explicit AlignedFrame(BytesView bytes)
        : blocks_((bytes.size() + sizeof(Block) - 1) / sizeof(Block)), size_(bytes.size()) {
        if (size_ != 0) std::memcpy(blocks_.data(), bytes.data(), size_);
    }
    const std::uint8_t* data() const { return blocks_.data()->bytes.data(); }
    std::size_t size() const { return size_; }

  private:
    struct alignas(16) Block {
        std::array<std::uint8_t, 16> bytes;
    };
    std::vector<Block> blocks_;
    std::size_t size_;
};

}  // namespace

Result<Command> parse_command(BytesView frame, std::size_t bytes_max) {
    if (frame.size() > bytes_max) return fail(Code::oversized, "larger than its channel allows");
    if (frame.empty()) return fail(Code::malformed_frame, "empty");
    const AlignedFrame aligned(frame);
    flatbuffers::Verifier verifier(aligned.data(), aligned.size(), kDepthMax, kTablesMax);
    if (!verifier.VerifyBuffer<fb::Command>(nullptr)) {
        // A failure leaves the verifier's counters standing: past a limit they are still past it.
        if (!verifier.VerifyComplexity()) return fail(Code::too_deep, "too many tables");
        return fail(Code::malformed_frame, "not the structure of a command");
    }
    const auto& root = *flatbuffers::GetRoot<fb::Command>(aligned.data());
    if (root.version() != kProtocolVersion) {
        return fail(Code::unknown_version, "another protocol version", "version");
    }
    if (root.body_type() != fb::Body::NONE && root.body() == nullptr) {
        return fail(Code::malformed_frame, "absent", "body");
    }
    Command command;
    command.request = root.request();
    FrameReader in(frame.size());
    read_body(in, root.body_type(), root.body(), command.body);
    if (in.fault()) return std::unexpected(*in.fault());
    return command;
}

}  // namespace lienthong::wire
