// SPDX-License-Identifier: Apache-2.0
// What must hold of the nodes all the time, and of the whole at the end.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "bus/core/apply.hpp"
#include "bus/core/tables.hpp"
#include "bus/node/store.hpp"
#include "tests/sim/province.hpp"

namespace lienthong::sim {
namespace {

using test::TestWorld;
using test::world;

constexpr std::size_t kAcknowledgedMin = 20;  // less would be a test of silence
constexpr std::size_t kVerifiedEach = 6;

using Rows = std::vector<std::pair<Bytes, Bytes>>;

Rows rows_of(const journal::ReadTxn& txn, core::Tables table) {
    Rows rows;
    (void)txn.scan(core::id(table), {}, [&](BytesView key, BytesView value) {
        rows.emplace_back(to_bytes(key), to_bytes(value));
        return true;
    });
    return rows;
}

}  // namespace

// Alarms that are right although broker and node are honest: nobody can vouch for heads while all
// are switched off, and a node whose own clock is wrong is told so.
bool Province::is_excused(const std::string& slug, std::string_view alarm) const {
    if (alarm.starts_with("head_not_witnessed")) return plan_.nights || !clock_stepped_.empty();
    if (alarm == "cosignature_refused code=bad_argument") {
        return clock_stepped_.contains(slug) || clock_stepped_.contains("") || plan_.drifting;
    }
    return false;
}

void Province::check_alarms() {
    if (liar_ && liar_->has_begun()) return;
    for (const std::string& slug : kSlugs) {
        const auto journal = journal::open_memory(bus_->node_disk_shared(slug));
        const auto txn = journal->begin_read();
        if (!txn) continue;
        const seal::StorageKey master = TestWorld::master(slug);
        const node::ReadStore store(**txn, master, random_);
        const auto alarms = store.alarms();
        if (!alarms) continue;
        for (const std::string& alarm : *alarms) {
            if (!is_excused(slug, alarm)) {
                model_.fail(fmt::format("{} has a false alarm: {}", slug, alarm));
            }
        }
    }
}

void Province::check_end() {
    check_alarms();
    bus_->look([&](const core::ReadState& state, const journal::ReadTxn& txn) {
        model_.check_log_again(state);
        if (!model_.failed()) check_replay(state, txn);
    });
    for (const std::string& slug : kSlugs) {
        for (int i = 0; i < 100; ++i) consume(slug);
        const auto inbox = bus_->node(slug).consume(0, 100'000);
        if (!inbox) return model_.fail(slug + ": its inbox cannot be read");
        model_.check_everything_arrived(slug, *inbox);
    }
    model_.check_all_said();
    check_messages();
    if (model_.acknowledged() < kAcknowledgedMin) {
        model_.fail(fmt::format("void: only {} were acknowledged", model_.acknowledged()));
    }
}

// Signature, receipt, consistency and commitments of what arrived, some of each inbox.
void Province::check_messages() {
    std::size_t asked = 0;
    std::size_t good = 0;
    for (const std::string& slug : kSlugs) {
        const auto inbox = bus_->node(slug).consume(0, 100'000);
        if (!inbox || inbox->empty()) continue;
        for (std::size_t i = 0; i < kVerifiedEach; ++i) {
            const auto& entry = (*inbox)[below(inbox->size())];
            ++asked;
            bus_->node(slug).verify(entry.header.id,
                                    clocks_.at(slug).monotonic() + std::chrono::minutes{1},
                                    [&good](Result<node::Verification> found) {
                                        if (found && found->signature && found->receipt &&
                                            found->consistency && found->commitments) {
                                            ++good;
                                        }
                                    });
        }
    }
    step_until([&] { return good == asked; }, std::chrono::minutes{2});
    if (good != asked) model_.fail(fmt::format("{} of {} messages verify", good, asked));
}

// The log applied to nothing gives the same projections as the live broker has.
void Province::check_replay(const core::ReadState& state, const journal::ReadTxn& txn) {
    const auto journal = journal::open_memory(journal::make_memory_disk());
    if (!journal->acquire()) return model_.fail("no journal to replay in");
    const auto fresh = journal->begin_write().value();
    core::Vault vault(TestWorld::master("replay"), random_);
    core::State replayed(*fresh, vault);
    for (Position position = 0; position < state.log_size(); ++position) {
        const core::Entry entry = state.entry(position).value();
        const auto opened = core::open_facts(state, entry);
        if (!opened || replayed.append(world().bus, entry) != position ||
            !core::apply(replayed, world().bus, position, entry, *opened)) {
            return model_.fail(fmt::format("entry {} cannot be applied again", position));
        }
    }
    using enum core::Tables;
    for (const core::Tables table : {meta,
                                     tree,
                                     documents,
                                     streams,
                                     node_streams,
                                     class_makers,
                                     refused,
                                     classes,
                                     class_ids,
                                     agency_class,
                                     class_index,
                                     case_parties,
                                     shelters}) {
        if (rows_of(*fresh, table) != rows_of(txn, table)) {
            model_.fail(fmt::format("replay gives another {}", core::kTableNames[core::id(table)]));
        }
    }
    // Rows of a case stand under keys of their own: compared as they are opened.
    for (const CaseCourse& course : cases_) {
        if (replayed.maybe_case(course.id).value() != state.maybe_case(course.id).value() ||
            replayed.case_steps(course.id, 0, 1000).value() !=
                state.case_steps(course.id, 0, 1000).value()) {
            model_.fail("replay gives another case");
        }
    }
}

}  // namespace lienthong::sim
