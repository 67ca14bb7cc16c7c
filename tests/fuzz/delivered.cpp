// SPDX-License-Identifier: Apache-2.0
// Entries that a broker delivers, or shows as evidence of who is a party (the bytes are those of
// the inbox). What is believed was signed by its sender with all that it says: any other header,
// proof, descriptor, salt or body is refused, whether or not the batch is known already.
//
// Half of the altered inputs are signed anew, so that what stands behind the signature is reached.
#include "bus/node/check.hpp"
#include "bus/node/draft_bytes.hpp"
#include "tests/fuzz/again.hpp"
#include "tests/fuzz/shown_entry.hpp"

namespace lienthong::fuzz {
namespace {

using message::DeliveredEntry;

Result<node::CheckedEntry> check(const DeliveredEntry& entry, node::ProvenBatch* proven = nullptr) {
    return node::check_signed(entry, kBus, signing_registry(), proven);
}

void check_believed(const DeliveredEntry& entry, const node::CheckedEntry& checked) {
    CHECK(checked.header.bus == kBus && checked.header.sender == kAgency);
    CHECK(checked.descriptors.size() == entry.sections.size());
    node::ProvenBatch proven;
    CHECK(check(entry, &proven).has_value() && proven.is(entry, kAgency));
    const auto refused = [&](auto change) {
        DeliveredEntry other = entry;
        change(other);
        node::ProvenBatch known = proven;
        return !check(other).has_value() && !check(other, &known).has_value();
    };
    CHECK(refused([](DeliveredEntry& e) { e.header.back() ^= 1; }));
    CHECK(refused([](DeliveredEntry& e) { e.proof.back() ^= 1; }));
    CHECK(refused([](DeliveredEntry& e) { ++e.batch_index; }));
    CHECK(refused([](DeliveredEntry& e) { e.batch_path.emplace_back(); }));
    CHECK(refused([](DeliveredEntry& e) { e.time = kShown + 100LL * 365 * 86'400'000; }));
    for (std::size_t i = 0; i < entry.sections.size(); ++i) {
        CHECK(refused([&](DeliveredEntry& e) { e.sections[i].descriptor.back() ^= 1; }));
        CHECK(refused([&](DeliveredEntry& e) { e.sections[i].descriptor_salt.bytes[0] ^= 1; }));
        CHECK(refused([&](DeliveredEntry& e) { e.sections[i].body.push_back(0); }));
        CHECK(refused([&](DeliveredEntry& e) { e.sections.push_back(e.sections[i]); }));
    }
}

void run(BytesView input) {
    const auto entry = node::parse_delivered(input);
    if (!entry) return;
    judge(input, [](BytesView bytes) -> std::optional<Error> {
        const auto again = node::parse_delivered(bytes);
        return again ? error_of(check(*again)) : std::nullopt;
    });
    if (const auto checked = check(*entry)) check_believed(*entry, *checked);
}

Bytes alter(BytesView input, std::size_t bytes_max, Alteration& by) {
    auto entry = node::parse_delivered(input);
    if (!entry || by.one_in(4)) return by.alter(input, bytes_max);
    if (entry->sections.empty() || by.one_in(3)) {
        entry->header = alter_flat(entry->header, entry->header.size() + 64, by);
    } else {
        message::Section& section = entry->sections[by.below(entry->sections.size())];
        Bytes& part = by.one_in(2) ? section.body : section.descriptor;
        part = alter_flat(part, part.size() + 64, by);
    }
    if (!by.one_in(4)) sign_anew(*entry);
    Bytes altered = node::encode(*entry);
    return altered.size() <= bytes_max ? altered : by.alter(input, bytes_max);
}

const Registered registered({"delivered", run, 32 * 1024, alter});

}  // namespace
}  // namespace lienthong::fuzz
