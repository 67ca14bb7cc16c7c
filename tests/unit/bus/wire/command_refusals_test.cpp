// SPDX-License-Identifier: Apache-2.0
// Each rule of parse_command(), broken once: by our own encoder where it can say such a thing, else
// with the generated code.
#include <flatbuffers/flatbuffers.h>
#include <gtest/gtest.h>

#include <string>

#include "bus/wire/command.hpp"
#include "schemas/wire_generated.h"
#include "tests/unit/bus/wire/samples.hpp"

namespace lienthong::wire {
namespace {

// "taken", or the name of the code and the field.
std::string verdict(BytesView frame) {
    const auto parsed = parse_command(frame, kDataBytesMax);
    if (parsed) return "taken";
    return std::string(info(parsed.error().code).name) + ' ' + parsed.error().where;
}
std::string verdict(Body body) { return verdict(encode({1, std::move(body)})); }

using Builder = flatbuffers::FlatBufferBuilder;

Bytes finish(Builder& out,
             fb::Body type,
             flatbuffers::Offset<void> body,
             std::uint16_t version = kProtocolVersion) {
    out.Finish(fb::CreateCommand(out, version, 1, type, body));
    return {out.GetBufferPointer(), out.GetBufferPointer() + out.GetSize()};
}

std::string text(std::size_t size) { return std::string(size, 'x'); }
std::vector<Skipped> ranges(std::size_t count) {
    std::vector<Skipped> all;
    for (std::uint64_t n = 1; n <= count; ++n) all.push_back({n, 1, Code::forbidden});
    return all;
}
std::vector<Hash> hashes(std::size_t count) { return std::vector<Hash>(count, sample_hash(1)); }

TEST(CommandRefusals, AnswerWhatIsNoCommandWithMalformedFrame) {
    EXPECT_EQ(verdict(Bytes{}), "malformed_frame ");
    EXPECT_EQ(verdict(Bytes(3)), "malformed_frame ");
    EXPECT_EQ(verdict(Bytes(64, 0xff)), "malformed_frame ");
}

TEST(CommandRefusals, AnswerAnotherVersionWithUnknownVersion) {
    for (const int version : {0, 2, 65'535}) {
        Builder out;
        const auto body = fb::CreateDone(out, 1).Union();
        EXPECT_EQ(verdict(finish(out, fb::Body::Done, body, static_cast<std::uint16_t>(version))),
                  "unknown_version version");
    }
}

TEST(CommandRefusals, AnswerAnotherOperationWithUnknownOperation) {
    Builder out;
    const auto body = fb::CreateDone(out, 1).Union();
    EXPECT_EQ(verdict(finish(out, static_cast<fb::Body>(23), body)), "unknown_operation body");
    Builder none;
    EXPECT_EQ(verdict(finish(none, fb::Body::NONE, 0)), "unknown_operation body");
}

TEST(CommandRefusals, AnswerAnOperationWithoutItsBodyWithMalformedFrame) {
    Builder out;
    EXPECT_EQ(verdict(finish(out, fb::Body::Done, 0)), "malformed_frame body");
}

// Entries of a delivery that all point at one entry with `count` sections.
Bytes many_tables(std::uint32_t entries, std::uint32_t count) {
    Builder out;
    const auto header = out.CreateVector(Bytes{1});
    const fb::Bytes32 salt;
    const std::vector<flatbuffers::Offset<fb::Section>> sections(
        count, fb::CreateSection(out, 1, header, &salt));
    const auto list = out.CreateVector(sections);
    const auto entry = fb::CreateDeliveredEntry(out, 1, 1, 1, 1, header, 0, 0, 0, list);
    const std::vector<flatbuffers::Offset<fb::DeliveredEntry>> all(entries, entry);
    const auto vector = out.CreateVector(all);
    const auto consumer = out.CreateString("c");
    const auto agency = out.CreateString("a");
    const auto head = out.CreateString("h");
    const auto signature = out.CreateVector(Bytes{1});
    const auto body =
        fb::CreateDelivery(out, consumer, agency, 0, 0, 0, head, vector, signature).Union();
    return finish(out, fb::Body::Delivery, body);
}

TEST(CommandRefusals, CountTablesUpToTheLimitAndAnswerMoreWithTooDeep) {
    // command, delivery, entries, and the sections of each
    EXPECT_EQ(2 + 18 * (1 + 1110), kTablesMax);
    EXPECT_NE(verdict(many_tables(18, 1110)), "too_deep ");
    EXPECT_EQ(verdict(many_tables(19, 1110)), "too_deep ");
    EXPECT_EQ(verdict(many_tables(1000, 1000)), "too_deep ");
}

TEST(CommandRefusals, DoNotLetSharedBytesMultiply) {
    Builder out;
    const auto header = out.CreateVector(Bytes(100'000));
    const auto entry = fb::CreateDeliveredEntry(out, 1, 1, 1, 1, header);
    const std::vector<flatbuffers::Offset<fb::DeliveredEntry>> all(1000, entry);
    const auto vector = out.CreateVector(all);
    const auto consumer = out.CreateString("c");
    const auto agency = out.CreateString("a");
    const auto head = out.CreateString("h");
    const auto signature = out.CreateVector(Bytes{1});
    const auto body =
        fb::CreateDelivery(out, consumer, agency, 0, 0, 0, head, vector, signature).Union();
    EXPECT_EQ(verdict(finish(out, fb::Body::Delivery, body)), "malformed_frame header");
}

TEST(CommandRefusals, CoverHello) {
    const auto hello = [](std::size_t versions, std::string_view bus, std::string software) {
        return verdict(
            Hello{std::vector<std::uint16_t>(versions, 1), BusId::of(bus), std::move(software), 0});
    };
    EXPECT_EQ(hello(1, "b", ""), "taken");
    EXPECT_EQ(hello(0, "b", ""), "malformed_frame versions");
    EXPECT_EQ(hello(kVersionsMax, "b", ""), "taken");
    EXPECT_EQ(hello(kVersionsMax + 1, "b", ""), "malformed_frame versions");
    EXPECT_EQ(hello(1, "", ""), "malformed_frame bus");
    EXPECT_EQ(hello(1, "Ninh B\u00ecnh", ""), "malformed_frame bus");
    EXPECT_EQ(hello(1, text(kNameBytesMax), ""), "taken");
    EXPECT_EQ(hello(1, text(kNameBytesMax + 1), ""), "malformed_frame bus");
    EXPECT_EQ(hello(1, "b", text(kSoftwareBytesMax)), "taken");
    EXPECT_EQ(hello(1, "b", text(kSoftwareBytesMax + 1)), "malformed_frame software");
    EXPECT_EQ(hello(1, "b", "two\nlines"), "malformed_frame software");
}

TEST(CommandRefusals, CoverWelcome) {
    Welcome welcome;
    welcome.node = NodeId::of("n");
    welcome.agency = AgencyId::of("a");
    welcome.head = text(kHeadBytesMax);
    welcome.streams.resize(kStreamsMax);
    EXPECT_EQ(verdict(welcome), "taken");
    Welcome longer = welcome;
    longer.head += 'x';
    EXPECT_EQ(verdict(longer), "malformed_frame head");
    Welcome more = welcome;
    more.streams.emplace_back();
    EXPECT_EQ(verdict(more), "malformed_frame streams");
    Welcome nobody = welcome;
    nobody.agency = {};
    EXPECT_EQ(verdict(nobody), "malformed_frame agency");
    Welcome nowhere = welcome;
    nowhere.node = {};
    EXPECT_EQ(verdict(nowhere), "malformed_frame node");
}

TEST(CommandRefusals, CoverPublish) {
    EXPECT_EQ(verdict(Publish{1, 1, message::kBatchMessagesMax}), "taken");
    EXPECT_EQ(verdict(Publish{1, 1, message::kBatchMessagesMax + 1}), "malformed_frame count");
    EXPECT_EQ(verdict(Publish{1, 1, 0}), "malformed_frame count");
    EXPECT_EQ(verdict(Publish{1, 0, 1}), "malformed_frame first");
}

TEST(CommandRefusals, CoverReceipt) {
    Receipt receipt = sample_receipt();
    receipt.verdicts.assign(kVerdictsMax, {});
    receipt.left = hashes(kHashesMax);
    EXPECT_EQ(verdict(receipt), "taken");
    Receipt more = receipt;
    more.verdicts.emplace_back();
    EXPECT_EQ(verdict(more), "malformed_frame verdicts");
    Receipt none = receipt;
    none.verdicts.clear();
    EXPECT_EQ(verdict(none), "malformed_frame verdicts");
    Receipt wide = receipt;
    wide.right = hashes(kHashesMax + 1);
    EXPECT_EQ(verdict(wide), "malformed_frame right");
    Receipt counted = receipt;
    counted.accepted_count = kVerdictsMax + 1;
    EXPECT_EQ(verdict(counted), "malformed_frame accepted_count");
    Receipt strange = receipt;
    strange.verdicts[0].refused = static_cast<Code>(60'000);
    EXPECT_EQ(verdict(strange), "malformed_frame verdicts");
    Receipt parties = receipt;
    parties.case_parties.assign(kAgenciesMax + 1, AgencyId::of("a"));
    EXPECT_EQ(verdict(parties), "malformed_frame case_parties");
    Receipt consented = receipt;
    consented.consented = {AgencyId::of("A")};
    EXPECT_EQ(verdict(consented), "malformed_frame consented");
}

TEST(CommandRefusals, CoverDelivery) {
    Delivery delivery = sample_delivery();
    delivery.entries.resize(1);
    const auto with = [&](auto change) {
        Delivery changed = delivery;
        change(changed, changed.entries[0]);
        return verdict(changed);
    };
    EXPECT_EQ(with([](auto& all, auto& e) { all.entries.assign(kDeliveryEntriesMax, e); }),
              "taken");
    EXPECT_EQ(with([](auto& all, auto& e) { all.entries.assign(kDeliveryEntriesMax + 1, e); }),
              "malformed_frame entries");
    EXPECT_EQ(with([](auto& all, auto&) { all.from = all.to + 1; }), "malformed_frame to");
    EXPECT_EQ(with([](auto& all, auto&) { all.consumer = "a b"; }), "malformed_frame consumer");
    EXPECT_EQ(with([](auto& all, auto&) { all.signature.clear(); }), "malformed_frame signature");
    EXPECT_EQ(with([](auto& all, auto&) { all.signature.resize(kSignatureBytesMax + 1); }),
              "malformed_frame signature");
    EXPECT_EQ(with([](auto&, auto& e) { e.kind = 0; }), "malformed_frame kind");
    EXPECT_EQ(with([](auto&, auto& e) { e.header.clear(); }), "malformed_frame header");
    EXPECT_EQ(with([](auto&, auto& e) { e.proof.resize(kEntryProofBytesMax); }), "taken");
    EXPECT_EQ(with([](auto&, auto& e) { e.proof.resize(kEntryProofBytesMax + 1); }),
              "malformed_frame proof");
    EXPECT_EQ(with([](auto&, auto& e) { e.batch_path = hashes(kHashesMax + 1); }),
              "malformed_frame batch_path");
    EXPECT_EQ(with([](auto&, auto& e) { e.sections.assign(kEntrySectionsMax, sample_section(0)); }),
              "taken");
    EXPECT_EQ(
        with([](auto&, auto& e) { e.sections.assign(kEntrySectionsMax + 1, sample_section(0)); }),
        "malformed_frame sections");
    EXPECT_EQ(with([](auto&, auto& e) { e.sections[0].descriptor.clear(); }),
              "malformed_frame descriptor");
    EXPECT_EQ(with([](auto&, auto& e) {
                  e.sections[0].descriptor.resize(message::kDescriptorBytesMax + 1);
              }),
              "malformed_frame descriptor");
    EXPECT_EQ(with([](auto&, auto& e) { e.skipped = ranges(kEntrySkippedMax); }), "taken");
    EXPECT_EQ(with([](auto& all, auto& e) {
                  e.skipped = ranges(kEntrySkippedMax);
                  const DeliveredEntry one = e;
                  all.entries.assign(40, one);
              }),
              "taken")
        << "ranges are no tables";
    EXPECT_EQ(with([](auto&, auto& e) { e.skipped = ranges(kEntrySkippedMax + 1); }),
              "malformed_frame skipped");
    EXPECT_EQ(with([](auto&, auto& e) { e.skipped[0].code = static_cast<Code>(0); }),
              "malformed_frame skipped");
    EXPECT_EQ(with([](auto&, auto& e) { e.skipped[0].first = 0; }), "malformed_frame skipped");
    EXPECT_EQ(with([](auto&, auto& e) { e.skipped[0].count = 0; }), "malformed_frame skipped");
    EXPECT_EQ(with([](auto&, auto& e) { ++e.skipped[0].count; }), "malformed_frame skipped");
    EXPECT_EQ(with([](auto&, auto& e) { e.skipped = {{UINT64_MAX, 1, Code::forbidden}}; }),
              "malformed_frame skipped");
}

TEST(CommandRefusals, CoverQueries) {
    const auto query = [](std::uint8_t kind, std::string_view officer) {
        return verdict(
            Query{static_cast<QueryKind>(kind), {}, OfficerId::of(officer), {}, 0, 0, 0});
    };
    EXPECT_EQ(query(1, "o"), "taken");
    EXPECT_EQ(query(4, "o"), "taken");
    EXPECT_EQ(query(0, "o"), "unknown_operation kind");
    EXPECT_EQ(query(5, "o"), "unknown_operation kind");
    EXPECT_EQ(query(1, "Nguy\u1ec5n"), "malformed_frame officer");

    QueryAnswer answer = sample_answer();
    answer.cases.resize(kPageRowsMax, answer.cases[0]);
    EXPECT_EQ(verdict(answer), "taken");
    answer.cases.push_back(answer.cases[0]);
    EXPECT_EQ(verdict(answer), "malformed_frame cases");
    answer = sample_answer();
    answer.steps.resize(kPageRowsMax + 1, answer.steps[0]);
    EXPECT_EQ(verdict(answer), "malformed_frame steps");
    answer = sample_answer();
    answer.steps[0].kind = static_cast<message::Kind>(9999);
    EXPECT_EQ(verdict(answer), "unknown_kind steps");
    answer = sample_answer();
    answer.cases[0].state = text(kStateBytesMax + 1);
    EXPECT_EQ(verdict(answer), "malformed_frame cases");
    answer = sample_answer();
    answer.evidence.resize(kEvidenceMax, answer.evidence[0]);
    EXPECT_EQ(verdict(answer), "taken");
    answer.evidence.push_back(answer.evidence[0]);
    EXPECT_EQ(verdict(answer), "malformed_frame evidence");
    answer = sample_answer();
    answer.evidence[0].path = hashes(kHashesMax + 1);
    EXPECT_EQ(verdict(answer), "malformed_frame path");
    Builder out;
    const std::vector<flatbuffers::Offset<fb::CaseRow>> rows{fb::CreateCaseRow(out)};
    const auto body = fb::CreateQueryAnswer(out, out.CreateVector(rows)).Union();
    EXPECT_EQ(verdict(finish(out, fb::Body::QueryAnswer, body)), "malformed_frame case_id");
}

TEST(CommandRefusals, CoverProofsAndDocuments) {
    EXPECT_EQ(verdict(ConsistencyRequest{2, 1}), "malformed_frame to");
    EXPECT_EQ(verdict(ConsistencyProof{2, 1, {}}), "malformed_frame to");
    EXPECT_EQ(verdict(ConsistencyProof{1, 2, hashes(kHashesMax)}), "taken");
    EXPECT_EQ(verdict(ConsistencyProof{1, 2, hashes(kHashesMax + 1)}), "malformed_frame hashes");
    EXPECT_EQ(verdict(InclusionRequest{2, 2}), "malformed_frame position");
    EXPECT_EQ(verdict(InclusionProof{2, 2, {}}), "malformed_frame position");
    EXPECT_EQ(verdict(InclusionProof{1, 2, hashes(kHashesMax + 1)}), "malformed_frame hashes");
    EXPECT_EQ(verdict(DocumentRequest{0, 0}), "malformed_frame kind");
    EXPECT_EQ(verdict(DocumentRequest{5, 0}), "malformed_frame kind");
    EXPECT_EQ(verdict(Adopt{0}), "malformed_frame kind");
    EXPECT_EQ(verdict(Adopt{5}), "malformed_frame kind");
    EXPECT_EQ(verdict(Adopted{1, 1, text(kHeadBytesMax + 1)}), "malformed_frame head");
    EXPECT_EQ(verdict(Cosign{text(kCosignatureBytesMax), 1}), "taken");
    EXPECT_EQ(verdict(Cosign{text(kCosignatureBytesMax + 1), 1}), "malformed_frame cosignature");
    EXPECT_EQ(verdict(Witnessed{text(kHeadBytesMax)}), "taken");
    EXPECT_EQ(verdict(Witnessed{text(kHeadBytesMax + 1)}), "malformed_frame note");
}

TEST(CommandRefusals, CoverChunksFetchesAndFailures) {
    EXPECT_EQ(verdict(UploadChunk{1, 1, "s", 3, 3}), "malformed_frame index");
    EXPECT_EQ(verdict(UploadChunk{1, 1, "", 0, 1}), "malformed_frame section");
    EXPECT_EQ(verdict(UploadChunk{0, 1, "s", 0, 1}), "malformed_frame stream");
    EXPECT_EQ(verdict(UploadChunk{1, 0, "s", 0, 1}), "malformed_frame sequence");
    constexpr std::uint32_t kMost = message::kChunksMax;
    EXPECT_EQ(verdict(UploadChunk{1, 1, "s", kMost - 1, kMost}), "taken");
    EXPECT_EQ(verdict(UploadChunk{1, 1, "s", 0, kMost + 1}), "malformed_frame count");
    EXPECT_EQ(verdict(FetchChunk{1, "../s", 0}), "malformed_frame section");
    EXPECT_EQ(verdict(FetchChunk{1, "s", kMost - 1}), "taken");
    EXPECT_EQ(verdict(FetchChunk{1, "s", kMost}), "malformed_frame index");
    EXPECT_EQ(verdict(Done{1, hashes(kHashesMax)}), "taken");
    EXPECT_EQ(verdict(Done{1, hashes(kHashesMax + 1)}), "malformed_frame path");
    EXPECT_EQ(verdict(Fetch{"", 0, 0, 0}), "malformed_frame consumer");
    EXPECT_EQ(verdict(Failure{static_cast<Code>(0), {}, {}, {}}), "malformed_frame code");
    EXPECT_EQ(verdict(Failure{static_cast<Code>(999), {}, {}, {}}), "malformed_frame code");
    // encode() cuts, so a longer detail is another program's.
    Builder out;
    const auto detail = out.CreateString(text(kDetailBytesMax + 1));
    const auto body = fb::CreateFailure(out, 80, detail).Union();
    EXPECT_EQ(verdict(finish(out, fb::Body::Failure, body)), "malformed_frame detail");
}

}  // namespace
}  // namespace lienthong::wire
