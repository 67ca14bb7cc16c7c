// SPDX-License-Identifier: Apache-2.0
// What administrators do while traffic runs: they change the policy and the registry, rotate keys
// and revoke old ones. One document after the other; each is offered until it is in force.
// Erasure is not built in the product yet: when it is, it is one more change here, the model learns
// which cases are gone, and check_replay() compares the erased log's replay with the live state.
#include <algorithm>

#include "bus/base/check.hpp"
#include "tests/sim/province.hpp"

namespace lienthong::sim {

using registry::DocumentKind;
using test::world;

void Province::administer() {
    if (!change_ && phase_of_faults_ && chance(plan_.change)) start_change();
    if (change_) offer_change();
}

void Province::start_change() {
    const std::string& slug = any_node();
    switch (below(5)) {
        case 0:
            flip_reading();
            return;
        case 1:
            flip_reporting();
            return;
        case 2:
            rotate_sealing_key(slug);
            return;
        case 3:
            rotate_signing_key(slug);
            return;
        default:
            for (const auto& [owner, keys] : keys_) {
                if (keys.to_revoke) return revoke_old_key(owner);
            }
            rotate_signing_key(slug);
    }
}

void Province::offer_change() {
    if (model_.maybe_adopted(change_->document)) {
        const auto then = std::move(change_->once_adopted);
        change_.reset();
        if (then) then();
        return;
    }
    if (change_->asked) return;
    const std::string& slug = any_node();
    node::NodeAgent* node = bus_->maybe_node(slug);
    if (node == nullptr) return;
    change_->asked = true;
    change_->asked_at = slug;
    node->adopt(change_->document,
                clocks_.at(slug).monotonic() + std::chrono::seconds{20},
                [this](Result<Position>) {
                    if (change_) change_->asked = false;
                });
}

// The women's union may read all outreach reports, or only those that name it (none here does).
void Province::flip_reading() {
    bool now = false;
    for (policy::Grant& grant : policy_.grants) {
        if (grant.id != "outreach-read") continue;
        const Role role = Role::of("reintegration-partner");
        const auto found = std::ranges::find(grant.roles, role);
        now = found == grant.roles.end();
        if (now) {
            grant.roles.push_back(role);
        } else {
            grant.roles.erase(found);
        }
    }
    Change change;
    change.kind = DocumentKind::policy;
    change.document = world().policy_document(policy_, ++policy_version_);
    model_.expect_document(change.document,
                           [now](Rules& rules) { rules.union_reads_reports = now; });
    change_ = std::move(change);
    count("changes of the policy");
}

void Province::propose_registry(std::function<void(Rules&)> effect,
                                std::function<void()> once_adopted) {
    Change change;
    change.document = world().registry_document(registry_, ++registry_version_);
    change.once_adopted = std::move(once_adopted);
    model_.expect_document(change.document, std::move(effect));
    change_ = std::move(change);
    count("changes of the registry");
}

namespace {

registry::Agency& agency_of(registry::RegistryData& data, const std::string& slug) {
    const auto found = std::ranges::find(data.agencies, slug, &registry::Agency::slug);
    CHECK(found != data.agencies.end());
    return *found;
}

constexpr auto kNoEffect = [](Rules&) {};

}  // namespace

// The information department may report, or may no longer.
void Province::flip_reporting() {
    auto& roles = agency_of(registry_, "information").roles;
    const auto is_reporter = [](const registry::RoleHolding& holding) {
        return holding.role == Role::of("outreach-reporter");
    };
    const bool now = std::ranges::none_of(roles, is_reporter);
    if (now) {
        roles.push_back({Role::of("outreach-reporter"), {}, 0, 0});
    } else {
        std::erase_if(roles, is_reporter);
    }
    propose_registry([now](Rules& rules) { rules.information_reports = now; }, {});
}

// The node goes on with the new key once the registry has it.
void Province::rotate_signing_key(const std::string& slug) {
    Keys& own = keys_[slug];
    if (own.to_revoke) return;
    auto next = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    registry::Agency& agency = agency_of(registry_, slug);
    const auto old = std::ranges::find_if(agency.keys, [&](const registry::KeyEntry& key) {
        const keys::PrivateKey& signing = own.sign ? *own.sign : world().member(slug).sign;
        return key.id == signing.public_key().id();
    });
    CHECK(old != agency.keys.end());
    const keys::KeyId old_id = old->id;
    const keys::Validity validity = old->validity;
    agency.keys.push_back(world().certify_signing_key(slug, next, validity));
    // A copy from before would bring batches that the old key signed.
    not_restorable_.insert(slug);
    propose_registry(kNoEffect, [this, slug, next, old_id] {
        keys_[slug].sign = next;
        keys_[slug].to_revoke = old_id;
        crash_node(slug);
        count("signing keys rotated");
    });
}

// Only when nothing that the old key signed is under way any more: entries that it signs later do
// not count, and are refused at the latest from that position on.
void Province::revoke_old_key(const std::string& slug) {
    for (const Submitted& one : submitted_) {
        if (one.slug == slug && !one.is_final()) return;
    }
    const keys::KeyId old = *keys_[slug].to_revoke;
    for (registry::KeyEntry& key : agency_of(registry_, slug).keys) {
        if (key.id != old) continue;
        key.revoked = true;
        key.revoked_from = model_.log_size();
    }
    keys_[slug].to_revoke.reset();
    propose_registry(kNoEffect, [this] { count("signing keys revoked"); });
}

// The node has the new key before anybody can seal to it; it keeps the old one.
void Province::rotate_sealing_key(const std::string& slug) {
    auto next = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    registry::Agency& agency = agency_of(registry_, slug);
    const auto old = std::ranges::find(agency.keys, keys::Use::seal, &registry::KeyEntry::use);
    CHECK(old != agency.keys.end());
    registry::KeyEntry entry = world().certify_sealing_key(slug, next, old->validity);
    keys_[slug].seal.push_back({next, entry.certificate});
    agency.keys.push_back(std::move(entry));
    crash_node(slug);
    propose_registry(kNoEffect, [this] { count("sealing keys rotated"); });
}

}  // namespace lienthong::sim
