// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bus/wire/samples.hpp"

namespace lienthong::wire {
namespace {

CaseId sample_case() {
    CaseId id;
    for (std::uint8_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<std::uint8_t>(i + 1);
    return id;
}

AgencyId agency(std::string_view text) { return AgencyId::of(text); }

DeliveredEntry sample_entry(Position position) {
    DeliveredEntry entry;
    entry.position = position;
    entry.kind = 1;
    entry.epoch = 3;
    entry.time = 1'609'459'200'001;
    entry.header = {1, 2, 3};
    entry.proof = {4, 5};
    entry.batch_index = 6;
    entry.batch_path = {sample_hash(7), sample_hash(8)};
    entry.sections = {sample_section(0), sample_section(2)};
    entry.skipped = {{38, 4, Code::forbidden}, {42, 1, Code::bad_signature}};
    return entry;
}

}  // namespace

Hash sample_hash(std::uint8_t first) {
    Hash hash;
    for (std::uint8_t i = 0; i < kHashBytes; ++i) {
        hash.bytes[i] = static_cast<std::uint8_t>(first + i);
    }
    return hash;
}

message::Section sample_section(std::uint8_t index) {
    message::Section section;
    section.index = index;
    section.descriptor = {9, 8, 7};
    section.descriptor_salt = sample_hash(11);
    if (index == 0) section.plaintext_salt = sample_hash(12);
    section.body = {1, 1, 2, 3, 5};
    return section;
}

Receipt sample_receipt() {
    Receipt receipt;
    receipt.stream = 77;
    receipt.first = 5;
    receipt.verdicts = {{}, {Code::forbidden, "publish-intake"}, {Code::not_reached, ""}};
    receipt.first_position = 900;
    receipt.accepted_count = 1;
    receipt.time = 1'609'459'200'002;
    receipt.epoch = 2;
    receipt.head = "ninh-binh\n901\nroot\n";
    receipt.proof_hash = sample_hash(20);
    receipt.left = {sample_hash(21), sample_hash(22)};
    receipt.right = {sample_hash(23)};
    receipt.case_parties = {agency("labour"), agency("police")};
    receipt.consented = {agency("womens-union")};
    receipt.asked_size = 24;
    receipt.consistency = {sample_hash(25), sample_hash(26)};
    return receipt;
}

Delivery sample_delivery() {
    Delivery delivery;
    delivery.consumer = "default";
    delivery.agency = agency("police");
    delivery.from = 10;
    delivery.to = 20;
    delivery.epoch = 4;
    delivery.head = "ninh-binh\n20\nroot\n";
    delivery.entries = {sample_entry(11), sample_entry(15)};
    delivery.signature = {1, 9, 9, 6};
    return delivery;
}

QueryAnswer sample_answer() {
    QueryAnswer answer;
    answer.cases = {{sample_case(),
                     "in-verification",
                     agency("police"),
                     1'609'459'200'003,
                     12,
                     1'609'459'300'000,
                     2,
                     sample_hash(30)}};
    answer.steps = {{12,
                     1'609'459'200'004,
                     message::Kind::intake_record,
                     agency("border-guard"),
                     "received",
                     {88, 1}}};
    answer.parties = {agency("border-guard"), agency("police")};
    answer.consented = {agency("womens-union")};
    answer.more = true;
    answer.evidence = {{sample_entry(12), {sample_hash(31), sample_hash(32)}}};
    return answer;
}

std::vector<Command> sample_commands() {
    std::vector<Body> bodies;
    bodies.emplace_back(Hello{{1, 2}, BusId::of("ninh-binh"), "lienthong 0.1.0", 44});
    bodies.emplace_back(Welcome{1,
                                NodeId::of("police-1"),
                                agency("police"),
                                "ninh-binh\n3\nroot\n",
                                {{7, 8, true}, {9, 10, false}},
                                11,
                                12,
                                13,
                                14,
                                15});
    bodies.emplace_back(Publish{77, 5, 3, 44});
    bodies.emplace_back(sample_receipt());
    bodies.emplace_back(Fetch{"default", 10, 65'536, 100});
    bodies.emplace_back(sample_delivery());
    bodies.emplace_back(Query{QueryKind::case_timeline,
                              sample_case(),
                              OfficerId::of("officer-7"),
                              Purpose::of("verification"),
                              3,
                              50});
    bodies.emplace_back(sample_answer());
    bodies.emplace_back(ConsistencyRequest{5, 9});
    bodies.emplace_back(ConsistencyProof{5, 9, {sample_hash(1), sample_hash(2)}});
    bodies.emplace_back(InclusionRequest{5, 9});
    bodies.emplace_back(InclusionProof{5, 9, {sample_hash(3)}});
    bodies.emplace_back(DocumentRequest{3, 17});
    bodies.emplace_back(Adopt{2});
    bodies.emplace_back(Adopted{18, 19, "ninh-binh\n20\nroot\n"});
    bodies.emplace_back(Cosign{"\u2014 police-1 AAAA\n", 20});
    bodies.emplace_back(UploadChunk{77, 6, "attachments", 2, 3});
    bodies.emplace_back(FetchChunk{12, "attachments", 2});
    bodies.emplace_back(Failure{Code::stale_audience,
                                "a detail",
                                "a field",
                                "a-grant",
                                1'609'459'200'005,
                                sample_hash(42),
                                Bytes(64, 7)});
    bodies.emplace_back(Done{21, {sample_hash(40), sample_hash(41)}});
    bodies.emplace_back(WitnessRequest{22});
    bodies.emplace_back(Witnessed{"ninh-binh\n20\nroot\n"});
    std::vector<Command> commands;
    std::uint64_t request = 1000;
    for (Body& body : bodies) commands.push_back({request++, std::move(body)});
    return commands;
}

}  // namespace lienthong::wire
