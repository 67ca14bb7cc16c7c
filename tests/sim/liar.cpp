// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/liar.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/core/rows.hpp"
#include "bus/core/tables.hpp"
#include "bus/node/store.hpp"
#include "bus/node/tables.hpp"
#include "security/keys/digest.hpp"
#include "tests/sim/province.hpp"

namespace lienthong::sim {

using std::chrono::hours;
using test::TestWorld;
using test::world;

namespace {

constexpr std::size_t kStepsBefore = 100;
constexpr std::size_t kLiesMax = 3;        // then the broker is honest again, and still found out
constexpr std::size_t kBoundSteps = 3000;  // within which the alarm must come
constexpr std::size_t kHours = 24 * 5;     // more than a working day after any weekend
constexpr std::size_t kGrowth = 12;        // entries that a log must have more

std::uint64_t size_of(const std::shared_ptr<journal::MemoryDisk>& disk) {
    return journal::open_memory(disk)->begin_read().value()->log_size();
}

// With the log; and, if wanted, with another time for one entry, and the tree that follows from it.
std::shared_ptr<journal::MemoryDisk> copy_of_broker(std::shared_ptr<journal::MemoryDisk> disk,
                                                    std::optional<Position> altered) {
    auto copy = test::copy_of_tables(disk, core::kTableNames.size());
    const auto from = journal::open_memory(std::move(disk));
    const auto read = from->begin_read().value();
    const auto to = journal::open_memory(copy);
    CHECK(to->acquire().has_value());
    const auto write = to->begin_write().value();
    SeededRandom random(1);
    core::Vault vault(TestWorld::master(""), random);
    const core::ReadState tree(*write, vault);
    for (Position position = 0; position < read->log_size(); ++position) {
        Bytes bytes = read->entry(position).value();
        core::Entry entry = core::parse_entry(bytes).value();
        if (altered && *altered == position) {
            entry.time += 1;
            bytes = core::encode_entry(entry);
        }
        CHECK(write->append(bytes).has_value());
        if (!altered) continue;
        CHECK(proof::append_leaf(position,
                                 core::leaf_of(world().bus, position, entry),
                                 tree.tree(),
                                 [&](proof::NodeId node, const Hash& hash) {
                                     return write->put(core::id(core::Tables::tree),
                                                       core::rows::key(node),
                                                       hash.view());
                                 })
                  .has_value());
    }
    CHECK(write->commit().has_value());
    return copy;
}

}  // namespace

Liar::Liar(Province& province, Lie lie)
    : province_(province), lie_(lie), variant_(province.chance(500)) {
    // Figures go to labour: there streams go on, and a gap shows soon.
    const bool of_streams = lie == Lie::drops || lie == Lie::reorders || lie == Lie::rewrites;
    victim_ = of_streams ? "labour" : province.any_node();
}

std::vector<std::string> Liar::alarms_wanted() const {
    switch (lie_) {
        case Lie::drops:
            return {"stream_gap", "own_entry_missing"};  // what it drops may be its victim's own
        case Lie::withholds:
            return {"head_not_witnessed"};
        case Lie::reorders:
            if (variant_) return {"bad_delivery code=bad_digest"};
            return {"stream_gap", "repeated_entry"};
        case Lie::forks:
            return {"head_conflict"};
        case Lie::rewrites:
            if (variant_) return {"bad_entry"};
            return {"head_conflict"};
        case Lie::rolls_back:
            return {"log_shorter_than_cursor"};
        case Lie::stale_policy:
            return {"stale_policy"};
        case Lie::none:
            break;
    }
    return {};
}

bool Liar::alarm_is_raised() const {
    const auto journal = journal::open_memory(province_.bus_->node_disk_shared(victim_));
    const auto txn = journal->begin_read().value();
    const seal::StorageKey master = TestWorld::master(victim_);
    const node::ReadStore store(*txn, master, province_.random_);
    const auto alarms = store.alarms().value();
    for (const std::string& wanted : alarms_wanted()) {
        for (const std::string& alarm : alarms) {
            if (alarm.starts_with(wanted)) return true;
        }
    }
    return false;
}

std::uint64_t Liar::cursor_of_victim() const {
    const auto journal = journal::open_memory(province_.bus_->node_disk_shared(victim_));
    const auto txn = journal->begin_read().value();
    const seal::StorageKey master = TestWorld::master(victim_);
    return node::ReadStore(*txn, master, province_.random_).cursor().value();
}

void Liar::go_on(std::size_t steps) {
    for (std::size_t i = 0; i < steps && !province_.model_.failed(); ++i) {
        province_.start_the_stopped(200);
        if (province_.chance(150)) province_.publish_figures();
        if (!log_is_false_) {
            for (auto& course : province_.cases_) province_.go_on_with(course);
            province_.administer();
        }
        province_.step();
    }
}

bool Liar::ready() const {
    if (lie_ == Lie::stale_policy) {
        const node::NodeAgent* node = province_.bus_->maybe_node(victim_);
        return node != nullptr && node->documents().policy->version() > 1;
    }
    const bool of_disk =
        lie_ == Lie::forks || lie_ == Lie::rolls_back || (lie_ == Lie::rewrites && !variant_);
    if (!of_disk) return true;
    const std::uint64_t cursor = cursor_of_victim();
    return cursor > size_of(copies_.at("")) + kGrowth;
}

void Liar::run() {
    go_on(kStepsBefore + province_.below(100));
    copy_disks();
    if (lie_ == Lie::stale_policy) province_.flip_reading();
    for (std::size_t i = 0; i < kBoundSteps && !ready() && !province_.model_.failed(); i += 5) {
        go_on(5);
    }
    if (province_.model_.failed()) return;
    if (!ready()) return province_.model_.fail("void: the broker never came to lie");
    province_.check_alarms();
    begin();
    if (lie_ == Lie::withholds) {
        for (std::size_t i = 0; i < kHours && !alarm_is_raised(); ++i) {
            province_.pass(hours{1});
            if (i % 4 == 0) province_.publish_figures();
            for (int step = 0; step < 8; ++step) province_.step();
        }
    } else {
        for (std::size_t i = 0; i < kBoundSteps && !alarm_is_raised(); i += 10) go_on(10);
    }
    if (!alarm_is_raised()) {
        province_.model_.fail(fmt::format(
            "the broker {} ({} lies told), and {} raised no alarm", name(lie_), told_, victim_));
    }
}

void Liar::begin() {
    begun_ = true;
    switch (lie_) {
        case Lie::forks:
            put_copies();
            return;
        case Lie::rolls_back:
            log_is_false_ = true;
            for (const std::string& slug : kSlugs) {
                if (slug == victim_) continue;
                province_.away_.insert(slug);
                province_.crash_node(slug);
            }
            province_.bus_->put_broker_disk(copies_.at(""));
            return;
        case Lie::rewrites:
            if (!variant_) rewrite_log();
            return;
        default:
            return;
    }
}

void Liar::copy_disks() {
    copies_[""] = copy_of_broker(province_.bus_->broker_disk_shared(), std::nullopt);
    for (const std::string& slug : kSlugs) {
        copies_[slug] =
            test::copy_of_tables(province_.bus_->node_disk_shared(slug), node::kTableNames.size());
    }
}

// The broker and all but the victim go on from where they stood, and the log becomes another one.
void Liar::put_copies() {
    log_is_false_ = true;
    const Bytes victim = world().member(victim_).curve.public_key().raw();
    const std::uint64_t seen = cursor_of_victim();
    province_.bus_->hub().cut(victim);
    province_.crash_broker();
    province_.bus_->put_broker_disk(copies_.at(""));
    for (const std::string& slug : kSlugs) {
        if (slug == victim_) continue;
        province_.crash_node(slug);
        province_.bus_->put_node_disk(slug, copies_.at(slug));
    }
    for (std::size_t i = 0; i < kBoundSteps; ++i) {
        if (size_of(province_.bus_->broker_disk_shared()) > seen + kGrowth) break;
        go_on(1);
    }
    province_.bus_->hub().heal(victim);
}

void Liar::rewrite_log() {
    log_is_false_ = true;
    const std::uint64_t size = size_of(province_.bus_->broker_disk_shared());
    const Position altered = 4 + province_.below(size - 6);
    auto other = copy_of_broker(province_.bus_->broker_disk_shared(), altered);
    province_.crash_broker();
    province_.bus_->put_broker_disk(std::move(other));
}

bool Liar::tamper(const std::string& slug, wire::Command& answer) {
    if (!begun_ || slug != victim_) return false;
    if (auto* witnessed = std::get_if<wire::Witnessed>(&answer.body)) {
        if (lie_ != Lie::withholds) return false;
        witnessed->note.clear();
        return true;
    }
    auto* delivery = std::get_if<message::Delivery>(&answer.body);
    return delivery != nullptr && spoil(*delivery);
}

// What the broker would have signed had it made the delivery like this.
bool Liar::spoil(message::Delivery& delivery) {
    auto& entries = delivery.entries;
    const auto is_message = [](const message::DeliveredEntry& entry) {
        return entry.kind == static_cast<std::uint8_t>(proof::EntryKind::message);
    };
    const auto first = std::ranges::find_if(entries, is_message);
    switch (lie_) {
        case Lie::drops:
            if (first == entries.end() || told_ == kLiesMax) return false;
            entries.erase(first);
            break;
        case Lie::withholds:
            if (variant_) {  // the log seems to stand still
                if (frozen_head_.empty()) frozen_head_ = delivery.head;
                delivery.head = frozen_head_;
                delivery.to = delivery.from;
            } else {  // nothing seems to be for this node, and no newer head is shown
                if (frozen_head_.empty()) frozen_head_ = delivery.head;
                delivery.head = frozen_head_;
                delivery.to = std::min(delivery.to, proof::parse_head(frozen_head_)->size);
            }
            std::erase_if(entries,
                          [&](const auto& entry) { return entry.position >= delivery.to; });
            break;
        case Lie::reorders:
            if (!reorder(delivery)) return false;
            break;
        case Lie::rewrites:
            if (!variant_ || first == entries.end()) return false;
            first->header.at(first->header.size() / 2) ^= 1;
            break;
        case Lie::stale_policy: {
            auto head = proof::parse_head(delivery.head).value();
            head.policy = keys::sha256(world().genesis[2]);
            delivery.head = test::sign_head(head);
            break;
        }
        default:
            return false;
    }
    ++told_;
    test::sign_delivery(delivery);
    return true;
}

// Two messages of one delivery change places: with their positions, or only what stands there.
bool Liar::reorder(message::Delivery& delivery) {
    auto& entries = delivery.entries;
    for (std::size_t i = 0; i + 1 < entries.size(); ++i) {
        auto& one = entries[i];
        auto& two = entries[i + 1];
        const auto a = message::parse_header(one.header);
        const auto b = message::parse_header(two.header);
        if (!a || !b || a->id.stream != b->id.stream) continue;
        std::swap(one, two);
        if (!variant_) std::swap(one.position, two.position);
        return true;
    }
    return false;
}

}  // namespace lienthong::sim
