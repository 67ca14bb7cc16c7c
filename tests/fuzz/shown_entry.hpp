// SPDX-License-Identifier: Apache-2.0
// An entry as a broker shows it, in a delivery or as evidence, of an agency of the corpus: signed
// and committed anew around whatever bytes its sections have.
#pragma once

#include "bus/message/exchange.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"
#include "security/proof/merkle.hpp"
#include "security/registry/registry.hpp"
#include "security/seal/commitment.hpp"
#include "tests/fuzz/fixed_keys.hpp"

namespace lienthong::fuzz {

inline constexpr Millis kShown = 1'639'467'000'123;

// Knows the agency with the node's key of the corpus. The authority is new in each process: only
// its own certificates hang on it.
inline const registry::Registry& signing_registry() {
    static const registry::Registry built = [] {
        const keys::Validity validity{1'609'459'200'000, 1'672'531'200'000};
        const auto authority = keys::PrivateKey::generate(keys::Algorithm::p256).value();
        registry::RegistryData data;
        data.bus = kBus;
        data.version = 1;
        data.authority_certificate =
            keys::make_authority_certificate(authority, kBus.text(), validity).value();
        registry::Agency agency;
        agency.id = kAgency;
        agency.slug = "police";
        agency.names = {{"Công an tỉnh", "Provincial police", ""}};
        agency.nodes = {NodeId::of("n-police")};
        registry::KeyEntry key;
        key.id = node_key().public_key().id();
        key.use = keys::Use::sign;
        key.node = agency.nodes.front();
        key.certificate = keys::issue_certificate(authority,
                                                  data.authority_certificate,
                                                  "ag-1/n-police/sign",
                                                  keys::Use::sign,
                                                  node_key().public_key().spki(),
                                                  validity,
                                                  Bytes(16, 7))
                              .value();
        key.validity = validity;
        agency.keys = {key};
        data.agencies = {agency};
        return registry::Registry::build(std::move(data)).value();
    }();
    return built;
}

// Descriptors say what the bodies are, the header commits to the descriptors, the batch is signed.
inline void sign_anew(message::DeliveredEntry& entry) {
    auto header = message::parse_header(entry.header);
    if (!header) return;
    const message::KindInfo& kind = message::info(header->kind);
    for (message::Section& section : entry.sections) {
        if (section.index >= kind.sections.size()) continue;
        const seal::CommitmentContext context{
            header->suite, header->bus, header->id, kind.sections[section.index].name};
        if (auto descriptor = message::parse_descriptor(section.descriptor)) {
            descriptor->padded_bytes = static_cast<std::uint32_t>(section.body.size());
            descriptor->section_digest = keys::sha256(section.body);
            if (section.plaintext_salt) {
                descriptor->plaintext_commitment =
                    seal::commit_plaintext(context, *section.plaintext_salt, section.body);
            }
            section.descriptor = message::encode_descriptor(*descriptor);
        }
        header->commitments[section.index] =
            seal::commit_descriptor(context, section.descriptor_salt, section.descriptor);
    }
    entry.header = message::encode_header(*header);
    const std::vector<Hash> leaves{proof::leaf_hash(entry.header)};
    entry.proof = proof::encode_batch_proof(
        proof::sign_batch(*node_key().signer(), header->bus, header->sender, leaves).value());
    entry.batch_index = 0;
    entry.batch_path.clear();
}

}  // namespace lienthong::fuzz
