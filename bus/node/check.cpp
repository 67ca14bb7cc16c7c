// SPDX-License-Identifier: Apache-2.0
#include "bus/node/check.hpp"

#include <algorithm>

#include "security/proof/batch.hpp"
#include "security/proof/delivered.hpp"
#include "security/proof/merkle.hpp"
#include "security/seal/commitment.hpp"
#include "security/seal/seal.hpp"
#include "security/seal/section_check.hpp"

namespace lienthong::node {
namespace {

struct OpenedBody {
    Secret plaintext;
    Hash salt;
};

// One CMS of a sealed or chunked section, by the first key that fits; what stands inside must be
// what header and descriptor say.
Result<OpenedBody> open_cms(BytesView cms,
                            const message::Header& header,
                            const message::Descriptor& descriptor,
                            std::uint32_t chunk_index,
                            std::span<const SealingKey> keys) {
    Result<Secret> opened = fail(Code::locked, "no sealing key fits");
    for (const SealingKey& key : keys) {
        opened = seal::open(cms, key.key, key.certificate);
        if (opened || opened.error().code != Code::locked) break;
    }
    if (!opened) return std::unexpected(opened.error());
    auto body = message::parse_sealed_body(opened->view());
    if (!body) return std::unexpected(body.error());
    OpenedBody made{Secret(std::move(body->plaintext)), body->plaintext_salt};
    if (body->bus != header.bus || body->message != header.id || body->sender != header.sender ||
        body->kind != header.kind || body->section != descriptor.name ||
        body->audience != descriptor.audience || body->chunk_index != chunk_index ||
        body->chunk_count != descriptor.chunk_count) {
        return fail(Code::bad_commitment, "what is inside belongs to another message or place");
    }
    return made;
}

Result<void> check_commitment(const message::Header& header,
                              const message::Descriptor& descriptor,
                              const Hash& salt,
                              const Secret& plaintext) {
    const seal::CommitmentContext context{header.suite, header.bus, header.id, descriptor.name};
    if (seal::commit_plaintext(context, salt, plaintext.view()) !=
        descriptor.plaintext_commitment) {
        return fail(Code::bad_commitment, "plaintext", descriptor.name);
    }
    return {};
}

}  // namespace

Result<CheckedEntry> check_signed(const message::DeliveredEntry& entry,
                                  const BusId& bus,
                                  const registry::Registry& registry,
                                  ProvenBatch* proven) {
    auto header = message::parse_header(entry.header);
    if (!header) return std::unexpected(header.error());
    if (header->bus != bus) return fail(Code::wrong_bus);
    auto proof = proof::parse_batch_proof(entry.proof);
    if (!proof) return std::unexpected(proof.error());
    auto key = registry.signing_key(header->sender, proof->key_id, entry.time, entry.position);
    if (!key) return std::unexpected(key.error());
    const Hash leaf = proof::leaf_hash(entry.header);
    const bool known = proven != nullptr && proven->is(entry, header->sender);
    auto verified =
        known ? proof::verify_place_in_batch(*proof, leaf, entry.batch_index, entry.batch_path)
              : proof::verify_in_batch(
                    *proof, *key, bus, header->sender, leaf, entry.batch_index, entry.batch_path);
    if (!verified) return std::unexpected(verified.error());
    if (proven != nullptr && !known) proven->set(entry, header->sender);
    auto sections = seal::check_sections(*header, entry.sections);
    if (!sections) return std::unexpected(sections.error());
    CheckedEntry checked;
    checked.descriptors = std::move(sections->descriptors);
    checked.facts = std::move(sections->facts);
    checked.header = std::move(*header);
    return checked;
}

Result<CheckedEntry> check_entry(const message::DeliveredEntry& entry,
                                 const BusId& bus,
                                 const AgencyId& agency,
                                 const registry::Registry& registry,
                                 ProvenBatch* proven) {
    auto checked = check_signed(entry, bus, registry, proven);
    if (!checked) return checked;
    for (const message::Descriptor& descriptor : checked->descriptors) {
        if (!std::ranges::binary_search(descriptor.audience, agency)) {
            return fail(Code::wrong_audience, "not for this agency", descriptor.name);
        }
    }
    return checked;
}

Result<Secret> open_section(const message::Header& header,
                            const message::Section& section,
                            const message::Descriptor& descriptor,
                            std::span<const SealingKey> keys) {
    if (descriptor.form == message::Form::open || descriptor.form == message::Form::facts) {
        return Secret::copy_of(section.body);
    }
    if (descriptor.form != message::Form::sealed) return fail(Code::chunks_missing);
    auto opened = open_cms(section.body, header, descriptor, 0, keys);
    if (!opened) return std::unexpected(opened.error());
    auto committed = check_commitment(header, descriptor, opened->salt, opened->plaintext);
    if (!committed) return std::unexpected(committed.error());
    return std::move(opened->plaintext);
}

Result<Secret> open_chunks(const message::Header& header,
                           const message::Descriptor& descriptor,
                           std::span<const Bytes> chunks,
                           std::span<const SealingKey> keys) {
    std::vector<Hash> leaves;
    leaves.reserve(chunks.size());
    for (const Bytes& chunk : chunks) leaves.push_back(proof::leaf_hash(chunk));
    if (chunks.size() != descriptor.chunk_count || proof::root(leaves) != descriptor.chunk_root) {
        return fail(Code::bad_digest, "chunks", descriptor.name);
    }
    std::vector<OpenedBody> opened;
    std::size_t size = 0;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        auto one = open_cms(chunks[i], header, descriptor, static_cast<std::uint32_t>(i), keys);
        if (!one) return std::unexpected(one.error());
        if (i > 0 && one->salt != opened.front().salt) {
            return fail(Code::bad_commitment, "chunks of different salts", descriptor.name);
        }
        size += one->plaintext.size();
        opened.push_back(std::move(*one));
    }
    Secret plaintext(size);
    std::span<std::uint8_t> rest = plaintext.writable();
    for (const OpenedBody& one : opened) {
        std::ranges::copy(one.plaintext.view(), rest.begin());
        rest = rest.subspan(one.plaintext.size());
    }
    auto committed = check_commitment(header, descriptor, opened.front().salt, plaintext);
    if (!committed) return std::unexpected(committed.error());
    return plaintext;
}

Result<keys::PublicKey> log_key(const registry::Registry& registry, Millis at) {
    const registry::KeyEntry* entry = registry.log_key(at);
    if (entry == nullptr) return fail(Code::unknown_key, "the registry has no log key");
    return keys::PublicKey::from_raw_ed25519(entry->raw);
}

Result<proof::Head> check_head(std::string_view note,
                               const BusId& bus,
                               const registry::Registry& registry) {
    auto claimed = proof::parse_head(note);
    if (!claimed) return claimed;
    auto key = log_key(registry, claimed->time);
    if (!key) return std::unexpected(key.error());
    return proof::verify_head(note, bus, *key);
}

Result<proof::Head> check_delivery(const message::Delivery& delivery,
                                   const BusId& bus,
                                   const AgencyId& agency,
                                   const registry::Registry& registry) {
    auto head = check_head(delivery.head, bus, registry);
    if (!head) return head;
    if (delivery.agency != agency) return fail(Code::wrong_audience, "a delivery for others");
    if (delivery.to > head->size || delivery.from > delivery.to) {
        return fail(Code::bad_digest, "the delivery is not within its head");
    }
    auto key = log_key(registry, head->time);
    if (!key) return std::unexpected(key.error());
    const Bytes statement = proof::encode_statement(proof::statement_of(bus, delivery));
    auto signed_well = key->verify(statement, delivery.signature);
    if (!signed_well) return std::unexpected(signed_well.error());
    Position next = delivery.from;
    for (const message::DeliveredEntry& entry : delivery.entries) {
        if (entry.position < next || entry.position >= delivery.to) {
            return fail(Code::bad_digest, "an entry is not where the delivery says");
        }
        next = entry.position + 1;
    }
    return head;
}

}  // namespace lienthong::node
