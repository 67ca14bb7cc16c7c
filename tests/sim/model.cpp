// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "security/keys/digest.hpp"
#include "security/proof/head.hpp"
#include "tests/support/test_world.hpp"

namespace lienthong::sim {
namespace {

using message::Kind;
using proof::EntryKind;
using test::kDay;
using test::kNow;
using test::world;

constexpr Millis kTags = kNow + 1000 * kDay;

Hash pair_hash(const Hash& left, const Hash& right) {
    return keys::sha256(ByteWriter().u8(1).hash(left).hash(right).take());
}

}  // namespace

Millis expiry_of(Tag tag) { return kTags + static_cast<Millis>(tag); }

Hash Frontier::push(const Hash& leaf) {
    Hash carried = leaf;
    std::size_t level = 0;
    for (; level < complete_.size() && complete_[level]; ++level) {
        carried = pair_hash(*complete_[level], carried);
        complete_[level].reset();
    }
    if (level == complete_.size()) complete_.emplace_back();
    complete_[level] = carried;
    std::optional<Hash> root;
    for (const auto& subtree : complete_) {
        if (subtree) root = root ? pair_hash(*subtree, *root) : *subtree;
    }
    return *root;
}

Model::Model() {
    roots_.emplace_back();
    rules_[0] = Rules{};
    for (const auto& [slug, member] : world().members) slugs_.emplace(member.id, slug);
}

void Model::fail(std::string what) {
    if (failure_.empty()) failure_ = std::move(what);
}

void Model::expect_document(const Bytes& document, std::function<void(Rules&)> effect) {
    documents_.insert_or_assign(keys::sha256(document), std::move(effect));
}

Tag Model::submit(Said said) {
    const Tag tag = said_.size() + 1;
    said_.emplace(tag, std::move(said));
    return tag;
}

std::string Model::slug_of(const AgencyId& id) const {
    const auto found = slugs_.find(id);
    return found == slugs_.end() ? id.text() : found->second;
}

std::optional<Position> Model::maybe_adopted(const Bytes& document) const {
    const auto found = adopted_.find(keys::sha256(document));
    if (found == adopted_.end()) return std::nullopt;
    return found->second;
}

std::size_t Model::steps_of(int case_number) const {
    const auto found = cases_.find(case_number);
    return found == cases_.end() ? 0 : found->second.steps;
}

CaseId Model::case_id(int case_number) const {
    const auto found = cases_.find(case_number);
    return found == cases_.end() ? CaseId{} : found->second.id;
}

CaseView Model::view_of(const Said& said) const {
    const auto found = cases_.find(said.case_number);
    return found == cases_.end() ? CaseView{} : found->second.view;
}

const Rules& Model::rules_at(Position position) const {
    return std::prev(rules_.upper_bound(position))->second;
}

void Model::follow(const core::ReadState& state) {
    const std::uint64_t size = state.log_size();
    if (size < entries_.size()) {
        fail(fmt::format("the log lost entries: {} of {} are left", size, entries_.size()));
        return;
    }
    for (Position position = entries_.size(); position < size && !failed(); ++position) {
        const auto entry = state.entry(position);
        if (!entry) return fail(fmt::format("entry {} cannot be read", position));
        if (entry->time < last_time_) fail(fmt::format("time went back at {}", position));
        if (entry->epoch < last_epoch_) fail(fmt::format("the epoch went back at {}", position));
        last_time_ = entry->time;
        last_epoch_ = entry->epoch;
        entries_.push_back({core::leaf_of(world().bus, position, *entry), false, 0, {}, {}, {}});
        roots_.push_back(frontier_.push(entries_.back().leaf));
        if (entry->kind == EntryKind::message) take_message(state, position, *entry);
        if (entry->kind == EntryKind::document) take_document(position, *entry);
        if (entry->kind != EntryKind::denied) continue;
        for (const auto& [number, one] : cases_) {
            if (std::ranges::search(entry->content, one.id.bytes).empty()) continue;
            fail(fmt::format("a denial names a case at {}", position));
        }
    }
}

void Model::take_document(Position position, const core::Entry& entry) {
    const Hash digest = keys::sha256(entry.content);
    const auto known = documents_.find(digest);
    const bool genesis = std::ranges::any_of(
        world().genesis, [&](const Bytes& one) { return equal(one, entry.content); });
    if (known == documents_.end() && !genesis) {
        return fail(fmt::format("a document that nobody made at {}", position));
    }
    if (!adopted_.emplace(digest, position).second) {
        return fail(fmt::format("a document came twice, at {}", position));
    }
    Rules rules = rules_at(position);
    if (known != documents_.end()) known->second(rules);
    rules_.insert_or_assign(position + 1, rules);
}

// Each message once, from who submitted it, to whom its rules give it and nobody else.
void Model::take_message(const core::ReadState& state,
                         Position position,
                         const core::Entry& entry) {
    const auto header = message::parse_header(entry.content);
    if (!header) return fail(fmt::format("no header at {}", position));
    const Tag tag = static_cast<Tag>(header->expires - kTags);
    const auto found = said_.find(tag);
    if (found == said_.end()) return fail(fmt::format("nobody submitted what is at {}", position));
    const Said& said = found->second;
    if (!logged_.emplace(tag, position).second) {
        return fail(fmt::format("message {} is there twice, at {}", tag, position));
    }
    if (slug_of(entry.sender) != said.slug || header->kind != said.kind) {
        return fail(fmt::format("message {} at {} is somebody else's", tag, position));
    }
    std::uint64_t& last = last_of_stream_[header->id.stream];
    if (header->id.sequence <= last) fail(fmt::format("its stream goes back at {}", position));
    last = header->id.sequence;
    const Rules& rules = rules_at(position);
    if (!may_publish(rules, said)) fail(fmt::format("published without a grant at {}", position));
    if (said.case_number >= 0) {
        Case& one = cases_[said.case_number];
        if (one.steps++ == 0) {
            one.view.parties = {said.slug, "police", "labour", "peoples-committee"};
            one.id = header->case_id;
        }
        if (one.id != header->case_id) fail(fmt::format("of another case at {}", position));
        if (said.kind == Kind::consent) one.view.union_has_consent = true;
    }
    Logged& logged = entries_.back();
    logged.is_message = true;
    logged.tag = tag;
    logged.id = header->id;
    logged.header = keys::sha256(entry.content);
    logged.readers = recipients(rules, view_of(said), said);
    const auto row = state.maybe_class(entry.class_id);
    if (!row || !*row) return fail(fmt::format("no delivery class at {}", position));
    Slugs agencies;
    for (const AgencyId& agency : (*row)->agencies) agencies.insert(slug_of(agency));
    if (agencies != logged.readers) {
        fail(fmt::format("at {} the readers are {}, and should be {}",
                         position,
                         fmt::join(agencies, ","),
                         fmt::join(logged.readers, ",")));
    }
}

void Model::saw_head(std::string_view note) {
    const auto head = proof::parse_head(note);
    if (!head) return fail("a head that is none");
    if (head->size >= roots_.size()) {
        return fail(fmt::format("a head of {} entries, {} are durable", head->size, log_size()));
    }
    if (head->root != roots_[head->size]) fail(fmt::format("a wrong head of size {}", head->size));
}

void Model::saw_receipt(const std::string& slug, const message::Receipt& receipt) {
    saw_head(receipt.head);
    Position position = receipt.first_position;
    for (std::size_t i = 0; i < receipt.verdicts.size() && !failed(); ++i) {
        if (receipt.verdicts[i].refused) continue;
        const MessageId id{receipt.stream, receipt.first + i};
        if (position >= log_size() || entries_[position].id != id) {
            return fail(fmt::format("{} was told that {} is at {}", slug, id.text(), position));
        }
        acknowledged_.emplace(position++, id);
    }
}

void Model::saw_outcome(Tag tag, const node::Outcome& outcome) {
    using State = node::Outcome::State;
    const Said& said = said_.at(tag);
    const auto found = logged_.find(tag);
    if (outcome.state == State::accepted &&
        (found == logged_.end() || found->second != outcome.position)) {
        fail(fmt::format("message {} of {} is not at {}", tag, said.slug, outcome.position));
    }
    if (outcome.state != State::refused) return;
    if (found != logged_.end()) {
        return fail(fmt::format("message {} of {} was refused and is there", tag, said.slug));
    }
    const bool lost_its_grant =
        said.slug == "information" && std::ranges::any_of(rules_, [](const auto& change) {
            return !change.second.information_reports;
        });
    const bool overtaken = said.case_number >= 0 && !abandoned_.empty();
    if (lost_its_grant || overtaken) return;
    fail(fmt::format("message {} of {} was refused: {}",
                     tag,
                     said.slug,
                     outcome.refusal ? info(outcome.refusal->code).name : std::string_view()));
}

bool Model::always_granted(const std::string& slug, Position position, Position until) const {
    const Said& said = said_.at(entries_[position].tag);
    for (auto at = std::prev(rules_.upper_bound(position)); at != rules_.end(); ++at) {
        if (at->first > until) break;
        if (!recipients(at->second, view_of(said), said).contains(slug)) return false;
    }
    return true;
}

// What a delivery holds and what it leaves out, both by the rules in force when it was made.
void Model::saw_delivery(const std::string& slug, const message::Delivery& delivery) {
    saw_head(delivery.head);
    if (failed()) return;
    if (delivery.to > log_size()) return fail(fmt::format("{} was told the future", slug));
    Reader& reader = readers_[slug];
    std::set<Position> given;
    for (const message::DeliveredEntry& entry : delivery.entries) {
        if (entry.position < delivery.from || entry.position >= delivery.to) {
            return fail(fmt::format("{} got {} out of range", slug, entry.position));
        }
        given.insert(entry.position);
        check_delivered_entry(slug, entry, delivery.to);
    }
    for (Position position = delivery.from; position < delivery.to && !failed(); ++position) {
        if (!entries_[position].readers.contains(slug)) continue;
        if (given.contains(position)) {
            if (reader.passed_over.contains(position)) {
                fail(fmt::format("{} got {} after it was passed over", slug, position));
            }
            continue;
        }
        if (always_granted(slug, position, delivery.to)) {
            fail(fmt::format("{} was not given {}", slug, position));
        }
        reader.passed_over.insert(position);
    }
}

void Model::check_delivered_entry(const std::string& slug,
                                  const message::DeliveredEntry& entry,
                                  Position to) {
    const Logged& logged = entries_[entry.position];
    if (!logged.is_message) {
        if (entry.kind != static_cast<std::uint8_t>(EntryKind::document)) {
            fail(fmt::format("{} got {}, which is for nobody", slug, entry.position));
        }
        return;
    }
    if (keys::sha256(entry.header) != logged.header) {
        return fail(fmt::format("{} got another message for {}", slug, entry.position));
    }
    const Said& said = said_.at(logged.tag);
    if (!logged.readers.contains(slug)) {
        return fail(fmt::format("{} got {} without a grant", slug, entry.position));
    }
    const CaseView view = view_of(said);
    bool any = said.slug == slug;
    const auto& types = message::info(said.kind).sections;
    for (const message::Section& section : entry.sections) {
        const std::string_view name = types[section.index].name;
        if (!may_read(rules_at(entry.position), view, said, slug, name) ||
            !may_read(rules_at(to), view, said, slug, name)) {
            fail(fmt::format("{} got {} of {} without a grant", slug, name, entry.position));
        }
        any = true;
    }
    if (!any) fail(fmt::format("{} got {} without any section", slug, entry.position));
    for (const std::string& name : said.sections) {
        const bool there = std::ranges::any_of(
            entry.sections, [&](const auto& section) { return types[section.index].name == name; });
        const bool granted = may_read(rules_at(entry.position), view, said, slug, name) &&
                             may_read(rules_at(to), view, said, slug, name);
        if (granted && !there) {
            fail(fmt::format("{} did not get {} of {}", slug, name, entry.position));
        }
    }
}

void Model::applied(const std::string& slug, const node::InboxEntry& entry) {
    Reader& reader = readers_[slug];
    if (entry.position < reader.cursor) {
        return fail(fmt::format("{} applied {} out of order", slug, entry.position));
    }
    reader.cursor = entry.position + 1;
    reader.applied.push_back(entry.position);
    if (entry.position >= log_size() || entries_[entry.position].id != entry.header.id ||
        entries_[entry.position].header != entry.header_digest) {
        fail(fmt::format("{} applied what is not at {}", slug, entry.position));
    }
}

void Model::saw_denial(const std::string& which, const Error& error) {
    const std::string shown = fmt::format(
        "{}|{}|{}|{}", info(error.code).name, error.detail, error.where, error.grant_missing);
    const auto [known, fresh] = denials_.emplace(which, shown);
    if (!fresh && known->second != shown) {
        fail(fmt::format("a stranger can tell cases apart: {} and {}", known->second, shown));
    }
}

void Model::check_log_again(const core::ReadState& state) {
    if (state.log_size() != log_size()) return fail("the log has another size than was followed");
    for (Position position = 0; position < log_size(); ++position) {
        const auto entry = state.entry(position);
        if (!entry || core::leaf_of(world().bus, position, *entry) != entries_[position].leaf) {
            return fail(fmt::format("entry {} is not what it was", position));
        }
    }
    for (const auto& [position, id] : acknowledged_) {
        if (entries_[position].id != id) fail(fmt::format("{} was acknowledged", position));
    }
    const auto note = state.newest_head();
    if (!note || !*note) return fail("the log has no head");
    saw_head(**note);
    if (proof::parse_head(**note)->size != log_size()) fail("the end of the log has no head");
}

// All that was its own all the time; of what was withheld once, nothing or, if it came before,
// that.
void Model::check_everything_arrived(const std::string& slug,
                                     const std::vector<node::InboxEntry>& inbox) {
    const Reader& reader = readers_[slug];
    std::vector<Position> arrived;
    for (const node::InboxEntry& entry : inbox) arrived.push_back(entry.position);
    if (!std::ranges::is_sorted(arrived)) fail(fmt::format("{}: inbox out of order", slug));
    for (const Position position : arrived) {
        if (!std::ranges::binary_search(reader.applied, position)) {
            fail(fmt::format("{} holds {} and never applied it", slug, position));
        }
    }
    // A restored inbox does not get back what is no longer granted.
    for (const Position position : reader.applied) {
        if (!std::ranges::binary_search(arrived, position) &&
            always_granted(slug, position, log_size())) {
            fail(fmt::format("{} applied {} and lost it", slug, position));
        }
    }
    for (Position position = 0; position < log_size(); ++position) {
        const Logged& logged = entries_[position];
        const bool there = std::ranges::binary_search(arrived, position);
        if (there && !logged.readers.contains(slug)) {
            fail(fmt::format("{} holds {} without a grant", slug, position));
        }
        if (!there && logged.readers.contains(slug) && always_granted(slug, position, log_size())) {
            fail(fmt::format("{} never got {}", slug, position));
        }
    }
}

void Model::check_all_said() {
    for (const auto& [tag, said] : said_) {
        if (logged_.contains(tag) || abandoned_.contains(tag)) continue;
        if (said.slug == "information" || said.case_number >= 0) continue;  // judged by its outcome
        fail(fmt::format("message {} of {} is lost", tag, said.slug));
    }
}

}  // namespace lienthong::sim
