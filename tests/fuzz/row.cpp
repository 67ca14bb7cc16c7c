// SPDX-License-Identifier: Apache-2.0
// Rows of the tables of node and broker, as they come back from a disk or out of a backup (the
// first byte says which): read again as the same. A record of the journal gives what was written
// under this space and key, and nothing if a bit of it is another.
#include "bus/core/rows.hpp"
#include "bus/journal/record.hpp"
#include "bus/node/draft_bytes.hpp"
#include "tests/fuzz/again.hpp"

namespace lienthong::fuzz {
namespace {

void check_record(BytesView input) {
    Choices choices(input);
    const auto space = static_cast<std::uint32_t>(choices.below(24));
    const Bytes key = choices.bytes(32);
    const std::uint64_t flipped = choices.below(UINT16_MAX);
    const BytesView value = choices.rest();
    Bytes record(value.size() + journal::kChecksumBytes);
    journal::write_record(space, key, value, record);
    const auto read = [&](std::uint32_t from, BytesView under, BytesView bytes) {
        return journal::read_record(from, under, bytes, "row");
    };
    CHECK(equal(read(space, key, record).value(), value));
    CHECK(!read(space + 1, key, record).has_value());
    const std::uint64_t bit = flipped % (8 * record.size());
    record[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK(read(space, key, record).error().code == Code::bad_checksum);
    if (const auto as_it_is = read(space, key, input)) CHECK(as_it_is->size() + 4 == input.size());
}

void run(BytesView input) {
    if (input.empty()) return;
    const BytesView bytes = input.subspan(1);
    const auto of_node = [](const auto& row) { return node::encode(row); };
    const auto of_broker = [](const auto& row) { return core::rows::encode(row); };
    switch (input.front() % 15) {
        case 0:
            return check_again(bytes, node::parse_draft, of_node);
        case 1:
            return check_again(bytes, node::parse_draft_row, of_node);
        case 2:
            return check_again(bytes, node::parse_outbox, of_node);
        case 3:
            return check_again(bytes, node::parse_delivered, of_node);
        case 4:
            return check_again(bytes, node::parse_case, of_node);
        case 5:
            return check_again(bytes, node::parse_receipt, of_node);
        case 6:
            return check_again(bytes, node::parse_refusal, of_node);
        case 7:
            return check_again(bytes, core::rows::parse_stream, of_broker);
        case 8:
            return check_again(bytes, core::rows::parse_batch, of_broker);
        case 9:
            return check_again(bytes, core::rows::parse_class, of_broker);
        case 10:
            return check_again(bytes, core::rows::parse_case, of_broker);
        case 11:
            return check_again(bytes, core::rows::parse_case_step, of_broker);
        case 12:
            return check_again(bytes, core::rows::parse_upload, of_broker);
        case 13:
            return check_again(bytes, core::rows::parse_chunk_leaf, of_broker);
        default:
            return check_record(bytes);
    }
}

const Registered registered({"row", run, 16 * 1024});

}  // namespace
}  // namespace lienthong::fuzz
