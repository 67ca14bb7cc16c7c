// SPDX-License-Identifier: Apache-2.0
// Entries and rows come back as they were written, and nothing else is taken for one.
#include <gtest/gtest.h>

#include "bus/core/rows.hpp"

namespace lienthong::core {
namespace {

const AgencyId kAgency = AgencyId::of("ag-1");
const NodeId kNode = NodeId::of("n-1");

Entry message_entry() {
    Entry entry;
    entry.epoch = 3;
    entry.time = 1'609'459'200'000;
    entry.content = {1, 2, 3};
    entry.proof_digest.bytes.fill(7);
    entry.sender = kAgency;
    entry.node = kNode;
    entry.batch_first = 9;
    entry.class_id = 4;
    entry.new_class = {kAgency, AgencyId::of("ag-2")};
    entry.sealed_under.bytes.fill(5);
    entry.sections = {8, 8};
    return entry;
}

// Every shortened or lengthened form must be refused as corrupt.
template <class Parse>
void expect_exact(const Bytes& bytes, Parse parse) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto parsed = parse(BytesView(bytes).first(size));
        ASSERT_FALSE(parsed.has_value()) << size;
        EXPECT_EQ(parsed.error().code, Code::corrupt);
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_FALSE(parse(longer).has_value());
}

TEST(Entry, AMessageComesBack) {
    const Entry entry = message_entry();
    EXPECT_EQ(parse_entry(encode_entry(entry)), entry);
    expect_exact(encode_entry(entry), parse_entry);
}

TEST(Entry, ANoteComesBackWithoutTheFieldsOfAMessage) {
    Entry entry;
    entry.kind = proof::EntryKind::epoch;
    entry.epoch = 2;
    entry.content = {9};
    EXPECT_EQ(parse_entry(encode_entry(entry)), entry);
    expect_exact(encode_entry(entry), parse_entry);
}

TEST(Entry, TheLeafBindsBusPositionTimeKindEpochContentAndProof) {
    const BusId bus = BusId::of("a-bus");
    const Entry entry = message_entry();
    const Hash leaf = leaf_of(bus, 5, entry);
    EXPECT_NE(leaf, leaf_of(BusId::of("b-bus"), 5, entry));
    EXPECT_NE(leaf, leaf_of(bus, 6, entry));
    for (const auto change :
         std::vector<void (*)(Entry&)>{[](Entry& one) { one.time += 1; },
                                       [](Entry& one) { one.kind = proof::EntryKind::tick; },
                                       [](Entry& one) { one.epoch += 1; },
                                       [](Entry& one) { one.content[0] ^= 1; },
                                       [](Entry& one) { one.proof_digest.bytes[0] ^= 1; }}) {
        Entry changed = entry;
        change(changed);
        EXPECT_NE(leaf, leaf_of(bus, 5, changed));
    }
}

TEST(Entry, TheLeafSaysNothingOfWhatMayBeErased) {
    const BusId bus = BusId::of("a-bus");
    Entry entry = message_entry();
    const Hash leaf = leaf_of(bus, 5, entry);
    entry.sections.clear();
    entry.sealed_under = {};
    EXPECT_EQ(leaf, leaf_of(bus, 5, entry));
}

TEST(Entry, NotesComeBack) {
    const Refusals refusals{kAgency, kNode, 7, 2, {{1, Code::forbidden}, {3, Code::bad_digest}}};
    EXPECT_EQ(parse_refusals(encode_refusals(refusals)), refusals);
    expect_exact(encode_refusals(refusals), parse_refusals);

    const StreamClosed closed{kAgency, kNode, 7, 2, Code::stale_audience};
    EXPECT_EQ(parse_stream_closed(encode_stream_closed(closed))->last, 2U);
    expect_exact(encode_stream_closed(closed), parse_stream_closed);

    const Delivered delivered{kAgency, kNode, "node", 1, 9, {2, 3}, 4};
    EXPECT_EQ(parse_delivered(encode_delivered(delivered))->classes, delivered.classes);
    expect_exact(encode_delivered(delivered), parse_delivered);

    Queried queried{kAgency, OfficerId::of("o-1"), Purpose::of("support"), {}, 3};
    EXPECT_EQ(parse_queried(encode_queried(queried))->repeats, 3U);
    expect_exact(encode_queried(queried), parse_queried);
    queried.shown.assign(kShownMax, Queried::Shown{});
    EXPECT_EQ(parse_queried(encode_queried(queried))->shown.size(), kShownMax);
    queried.shown.emplace_back();
    EXPECT_FALSE(parse_queried(encode_queried(queried)).has_value()) << "more than a page";

    const Denied denied{kAgency, "query", 26'824'320, 2};
    EXPECT_EQ(parse_denied(encode_denied(denied))->minute, denied.minute);
    expect_exact(encode_denied(denied), parse_denied);
}

TEST(Rows, ComeBack) {
    const StreamRow stream{kAgency, kNode, 3, 9, true};
    expect_exact(rows::encode(stream), rows::parse_stream);
    EXPECT_TRUE(rows::parse_stream(rows::encode(stream))->closed);

    BatchRow batch;
    batch.proof = {1, 2};
    batch.headers.resize(3);
    batch.verdicts = {0, 81};
    batch.head_size = 12;
    expect_exact(rows::encode(batch), rows::parse_batch);
    EXPECT_EQ(rows::parse_batch(rows::encode(batch))->verdicts, batch.verdicts);

    const ClassRow row{message::Kind::outreach_report, {kAgency}, 8};
    expect_exact(rows::encode(row), rows::parse_class);
    EXPECT_EQ(rows::parse_class(rows::encode(row))->agencies, row.agencies);

    CaseRecord record;
    record.state = CaseState::certified;
    record.parties = {kAgency};
    record.places = 2;
    EXPECT_EQ(rows::parse_case(rows::encode(record)), record);
    expect_exact(rows::encode(record), rows::parse_case);

    CaseStepRecord step;
    step.kind = message::Kind::consent;
    step.state = CaseState::received;
    EXPECT_EQ(rows::parse_case_step(rows::encode(step)), step);
    expect_exact(rows::encode(step), rows::parse_case_step);
}

TEST(Rows, KeysSortAsTheirNumbersDo) {
    EXPECT_LT(rows::key(std::uint64_t{255}), rows::key(std::uint64_t{256}));
    EXPECT_LT(rows::key(std::uint32_t{1}, Position{900}), rows::key(std::uint32_t{2}, Position{0}));
    EXPECT_LT(rows::key(AgencyId::of("ag"), 5U), rows::key(AgencyId::of("ag-1"), 1U));
}

}  // namespace
}  // namespace lienthong::core
