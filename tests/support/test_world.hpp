// SPDX-License-Identifier: Apache-2.0
// TestWorld: the bus of the example with real keys, and what its agencies might send. Agencies and
// grants are those of examples/ninh-binh, so that tests and example cannot drift apart; payloads
// are the samples of the schemas, about invented people.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bus/node/node.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/document.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::test {

inline constexpr Millis kNow = 1'609'459'200'000;  // 2021-01-01: where a ManualClock starts
inline constexpr Millis kDay = 86'400'000;

// An agency's node with its private keys.
struct Member {
    AgencyId id;
    NodeId node;
    keys::PrivateKey sign;
    keys::PrivateKey seal;
    Bytes seal_certificate;
    keys::PrivateKey curve;
    keys::PrivateKey witness;
};

struct TestWorld {
    BusId bus;
    registry::RegistryData registry;  // version 1
    policy::PolicyData policy;        // version 1
    keys::PrivateKey authority;
    keys::PrivateKey administrator;
    keys::PrivateKey log;
    keys::PrivateKey broker_curve;
    std::map<std::string, Member, std::less<>> members;  // by slug
    std::vector<Bytes> genesis;                          // administrators, registry, policy
    Hash pinned;

    const Member& member(std::string_view slug) const;
    AgencyId id(std::string_view slug) const { return member(slug).id; }
    std::vector<AgencyId> ids(const std::vector<std::string_view>& slugs) const;  // ascending

    // Signed by the administrator.
    Bytes document(registry::DocumentKind kind,
                   std::uint32_t version,
                   Bytes body,
                   Millis expires = kNow + 365 * kDay) const;
    // The data as the next version, signed.
    Bytes registry_document(registry::RegistryData data, std::uint32_t version) const;
    Bytes policy_document(policy::PolicyData data, std::uint32_t version) const;

    // Another signing key of the agency's node, by the same authority.
    registry::KeyEntry certify_signing_key(std::string_view slug,
                                           const keys::PrivateKey& key,
                                           keys::Validity validity) const;

    // Another sealing key of the agency.
    registry::KeyEntry certify_sealing_key(std::string_view slug,
                                           const keys::PrivateKey& key,
                                           keys::Validity validity) const;

    node::NodeKeys node_keys(std::string_view slug) const;
    node::NodeOptions node_options(std::string_view slug) const;
    // Of the broker (empty slug) or a node: always the same, as a master key file would be.
    static seal::StorageKey master(std::string_view slug);
};

// Keys are made once for the whole program.
const TestWorld& world();
// Before the first world(): of these agencies alone, for programs that read registries often.
void only_agencies(std::vector<std::string> slugs);

// A row of the registry to change: the first key of this use of an agency.
registry::KeyEntry& key_of(registry::RegistryData& data, const AgencyId& agency, keys::Use use);

// The sample of a section's root table, as bytes.
Bytes sample_section(std::string_view root_table);
// An Identity of exactly so many bytes (from 4 KiB on), no two of its chunks alike.
Bytes large_identity(std::size_t bytes);
// All required sections of the kind but `facts`.
node::Draft draft(message::Kind kind);
node::Draft case_draft(message::Kind kind, const CaseId& case_id, message::CaseFacts facts = {});
// Border guard opens a case; the parties are the agencies of these slugs.
node::Draft opening(const std::vector<std::string_view>& parties);
// The same, with so many bytes of identity.
node::Draft large_opening(const std::vector<std::string_view>& parties, std::size_t bytes);

}  // namespace lienthong::test
