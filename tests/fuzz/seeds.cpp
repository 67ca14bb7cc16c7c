// SPDX-License-Identifier: Apache-2.0
// Makes the first corpus: fuzz_seeds FOLDER writes FOLDER/<target>/seed-<n>. P-256 keys are new
// each time, so a corpus that is in the repository is not made again without need.
#include "tests/fuzz/seeds.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>

#include "bus/base/check.hpp"
#include "bus/base/file.hpp"
#include "bus/core/entry.hpp"
#include "bus/message/facts.hpp"
#include "security/policy/policy.hpp"
#include "security/proof/batch.hpp"
#include "security/proof/bundle.hpp"
#include "security/proof/head.hpp"
#include "security/registry/document.hpp"
#include "security/seal/seal.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/section_types.hpp"
#include "tests/unit/bus/message/payload_from_json.hpp"
#include "tests/unit/bus/wire/samples.hpp"
#include "tests/unit/security/policy/fixture.hpp"
#include "tests/unit/security/registry/fixture.hpp"

namespace lienthong::fuzz {
namespace {

using namespace message;

Header full_header() {
    Header header;
    header.bus = kBus;
    header.id = {1, 2};
    header.sender = kAgency;
    header.unit = UnitId::of("kim-son");
    header.kind = Kind::initial_check;
    header.case_id.bytes.fill(1);
    header.case_version = CaseVersion{1, 2, wire::sample_hash(3)};
    header.refers_to = Reference{{3, 4}, wire::sample_hash(4), Relation::answers};
    header.registry_version = 1;
    header.policy_version = 2;
    header.procedure_version = 3;
    header.created = 1'609'459'200'000;
    header.expires = 1'640'995'200'000;
    header.commitments.resize(info(header.kind).sections.size());
    return header;
}

Descriptor sealed_descriptor(bool chunked) {
    Descriptor descriptor;
    descriptor.name = "findings";
    descriptor.form = chunked ? Form::chunked : Form::sealed;
    descriptor.audience = {AgencyId::of("ag-1"), AgencyId::of("ag-2")};
    descriptor.sealed_to = {wire::sample_hash(5), wire::sample_hash(6)};
    descriptor.plaintext_commitment = wire::sample_hash(7);
    if (chunked) {
        descriptor.chunk_root = wire::sample_hash(9);
        descriptor.section_digest = descriptor.chunk_root;
        descriptor.chunk_count = 3;
        descriptor.padded_bytes = 3 * kChunkBytes;
    } else {
        descriptor.section_digest = wire::sample_hash(8);
        descriptor.padded_bytes = 4096;
    }
    return descriptor;
}

Section full_section() {
    Section section = wire::sample_section(0);
    section.descriptor = encode_descriptor(sealed_descriptor(false));
    return section;
}

void add_envelopes(Seeds& seeds) {
    Header small;
    small.bus = kBus;
    small.id = {5, 6};
    small.sender = kAgency;
    small.kind = Kind::outreach_report;
    small.created = 1;
    small.commitments.resize(info(small.kind).sections.size());
    seeds["header"] = {encode_header(full_header()), encode_header(small)};
    seeds["descriptor"] = {encode_descriptor(sealed_descriptor(false)),
                           encode_descriptor(sealed_descriptor(true))};
    Section other = full_section();
    other.index = 2;
    other.plaintext_salt.reset();
    seeds["sections"] = {encode_sections({full_section()}),
                         encode_sections({full_section(), other})};
    Batch batch;
    batch.proof = Bytes(120, 1);
    batch.envelopes = {{encode_header(full_header()), {full_section(), other}},
                       {encode_header(small), {}}};
    seeds["batch"] = {encode_batch(batch)};
    SealedBody body;
    body.bus = kBus;
    body.message = {1, 2};
    body.sender = kAgency;
    body.kind = Kind::initial_check;
    body.section = "findings";
    body.audience = {AgencyId::of("ag-1"), AgencyId::of("ag-2")};
    body.plaintext_salt = wire::sample_hash(1);
    body.plaintext = payload("lienthong.fb.Findings", sample("lienthong.fb.Findings"));
    seeds["sealed_body"] = {encode_sealed_body(body)};
    body.chunk_index = 1;
    body.chunk_count = 2;
    seeds["sealed_body"].push_back(encode_sealed_body(body));
    CaseFacts facts;
    facts.opens = true;
    facts.parties = body.audience;
    facts.holder = kAgency;
    facts.due = 1'609'459'200'000;
    facts.persons = 2;
    facts.opening_nonce.fill(7);
    seeds["facts"] = {encode_facts(facts)};
    facts = {};
    facts.parties = body.audience;
    facts.consent = ConsentState::given;
    facts.consent_for = body.audience;
    seeds["facts"].push_back(encode_facts(facts));
}

void add_sections(Seeds& seeds) {
    for (std::size_t i = 0; i < section_types().size(); ++i) {
        const std::string root(section_types()[i].type->root_table);
        const std::string text = sample(root);
        seeds["section"].push_back(chosen(i, payload(root, text)));
        seeds["json"].push_back(chosen(i, as_bytes(text)));
    }
}

void add_documents(Seeds& seeds) {
    const registry::Administrators list{
        1,
        1,
        {{OfficerId::of("admin-1"), administrator().public_key().spki()},
         {OfficerId::of("admin-2"), witness_key().public_key().spki()}}};
    auto registry_data = registry::test::small_registry();
    registry_data.bus = kBus;
    auto policy_data = policy::test::small_policy();
    seeds["administrators"] = {registry::encode_administrators(list)};
    seeds["registry_body"] = {registry::encode_registry(registry_data)};
    seeds["policy_body"] = {policy::encode_policy(policy_data)};
    seeds["registry_toml"] = {to_bytes(as_bytes(registry::to_toml(registry_data)))};
    seeds["policy_toml"] = {to_bytes(as_bytes(policy::to_toml(policy_data)))};
    using registry::DocumentKind;
    for (const auto& [kind, body] :
         {std::pair(DocumentKind::administrators, seeds["administrators"].front()),
          std::pair(DocumentKind::registry, seeds["registry_body"].front()),
          std::pair(DocumentKind::policy, seeds["policy_body"].front())}) {
        registry::SignedDocument document{kBus, kind, 1, 1'700'000'000'000, body, {}};
        CHECK(registry::add_signature(document, *administrator().signer()).has_value());
        seeds["document"].push_back(registry::encode_document(document));
    }
}

void add_proofs(Seeds& seeds) {
    proof::Head head{.bus = kBus,
                     .size = 44,
                     .root = wire::sample_hash(1),
                     .time = 1'639'467'000'123,
                     .epoch = 3,
                     .administrators = wire::sample_hash(2),
                     .registry = wire::sample_hash(3),
                     .policy = wire::sample_hash(4)};
    const std::string note = proof::sign_head(head, *log_key().signer()).value();
    const std::string line =
        proof::cosign_head(note, kWitness, 1'639'467'001'999, *witness_key().signer()).value();
    seeds["note"] = {
        to_bytes(as_bytes(note)), to_bytes(as_bytes(note + line)), to_bytes(as_bytes(line))};
    std::vector<Hash> headers;
    for (std::uint8_t i = 0; i < 5; ++i) headers.push_back(proof::leaf_hash(Bytes(3, i)));
    seeds["batch_proof"] = {proof::encode_batch_proof(
        proof::sign_batch(*node_key().signer(), kBus, kAgency, headers).value())};
    for (std::uint8_t i = 0; i < 4; ++i) {
        Bytes numbers(64);
        for (std::size_t at = 0; at < numbers.size(); ++at) {
            numbers[at] = static_cast<std::uint8_t>(at * 37 + i * 101);
        }
        seeds["merkle"].push_back(numbers);
        numbers.resize(16);
        seeds["receipt"].push_back(numbers);
    }
    const auto commands = wire::sample_commands();
    for (const auto& command : commands) seeds["command"].push_back(wire::encode(command));
    proof::Bundle bundle{.bus = kBus,
                         .agency = kAgency,
                         .node = NodeId::of("n-police"),
                         .created = 1'639'467'000'123,
                         .number = 3,
                         .cursor = 40,
                         .head_size = 44,
                         .frames = {{0, wire::encode(commands[0]), {}, {}},
                                    {1, wire::encode(commands[2]), seeds["batch"].front(), {}}}};
    seeds["bundle"] = {proof::sign_bundle(bundle, *node_key().signer()).value()};
    bundle.direction = proof::Direction::reply;
    bundle.answers = wire::sample_hash(8);
    bundle.more = true;
    bundle.frames = {{1, wire::encode(commands[3]), {}, wire::encode(commands[2])}};
    seeds["bundle"].push_back(proof::sign_bundle(bundle, *node_key().signer()).value());
}

void add_keys(Seeds& seeds) {
    const auto folder = std::filesystem::temp_directory_path() / fmt::format("keys-{}", getpid());
    CHECK(make_private_directory(folder).has_value());
    const auto pem_of = [&](const keys::PrivateKey& key) {
        const auto path = folder / "key.pem";
        CHECK(key.save(path, Secret(to_bytes(as_bytes("fuzzing")))).has_value());
        const Bytes pem = read_file(path, 64 * 1024).value();
        std::filesystem::remove(path);
        return pem;
    };
    const auto p256 = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    const auto authority = keys::PrivateKey::generate(keys::Algorithm::p256).value();
    const keys::Validity validity{1'609'459'200'000, 1'640'995'200'000};
    const Bytes root = keys::make_authority_certificate(authority, kBus.text(), validity).value();
    const auto issued = [&](std::string_view subject, keys::Use use) {
        return keys::issue_certificate(
                   authority, root, subject, use, p256.public_key().spki(), validity, Bytes(16, 7))
            .value();
    };
    const Bytes seal_certificate = issued("ag-1/seal", keys::Use::seal);
    seeds["private_key"] = {pem_of(p256), pem_of(administrator())};
    seeds["public_key"] = {p256.public_key().spki(),
                           administrator().public_key().spki(),
                           administrator().public_key().raw(),
                           root,
                           seal_certificate,
                           issued("ag-1/n-police/sign", keys::Use::sign)};
    const Bytes plaintext = to_bytes(as_bytes("sealed for a test, about nobody at all"));
    const Bytes pem = pem_of(p256);
    const Bytes other =
        keys::issue_certificate(
            authority,
            root,
            "ag-2/seal",
            keys::Use::seal,
            keys::PrivateKey::generate(keys::Algorithm::p256).value().public_key().spki(),
            validity,
            Bytes(16, 8))
            .value();
    std::vector<Bytes> recipients{seal_certificate};
    for (int i = 0; i < 2; ++i) {
        ByteWriter input;
        input.prefixed(BytesView(pem)).prefixed(BytesView(seal_certificate));
        input.raw(seal::seal(plaintext, recipients).value());
        seeds["cms"].push_back(input.take());
        recipients.push_back(other);
    }
    std::filesystem::remove_all(folder);
}

void add_entries(Seeds& seeds) {
    core::Entry entry;
    entry.epoch = 1;
    entry.time = 1'639'467'000'123;
    entry.content = encode_header(full_header());
    entry.proof_digest = wire::sample_hash(1);
    entry.sender = kAgency;
    entry.node = NodeId::of("n-police");
    entry.batch_first = 2;
    entry.class_id = 3;
    entry.new_class = {AgencyId::of("ag-1"), AgencyId::of("ag-2")};
    entry.sealed_under.bytes.fill(4);
    entry.sections = encode_sections({full_section()});
    const NodeId node = entry.node;
    seeds["entry"] = {
        chosen(0, core::encode_entry(entry)),
        chosen(1, core::encode_refusals({kAgency, node, 7, 3, {{1, Code::forbidden}}})),
        chosen(2, core::encode_stream_closed({kAgency, node, 7, 9, Code::stale_audience})),
        chosen(3, core::encode_delivered({kAgency, node, "default", 1, 9, {1, 2}, 4})),
        chosen(4,
               core::encode_queried({kAgency,
                                     OfficerId::of("o-1"),
                                     Purpose::of("verification"),
                                     entry.sealed_under,
                                     1})),
        chosen(5, core::encode_denied({kAgency, "query", 27'324'450, 3}))};
}

int write(const std::filesystem::path& folder) {
    Seeds seeds;
    add_envelopes(seeds);
    add_sections(seeds);
    add_documents(seeds);
    add_proofs(seeds);
    add_keys(seeds);
    add_entries(seeds);
    add_row_seeds(seeds);
    add_text_seeds(seeds);
    for (const auto& [target, inputs] : seeds) {
        std::filesystem::create_directories(folder / target);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            const auto path = folder / target / fmt::format("seed-{:02}", i);
            if (!write_file(path, inputs[i])) return 1;
        }
    }
    return 0;
}

}  // namespace

Bytes chosen(std::size_t choice, BytesView rest) {
    Bytes bytes{static_cast<std::uint8_t>(choice)};
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
}

}  // namespace lienthong::fuzz

int main(int count, char** words) { return count == 2 ? lienthong::fuzz::write(words[1]) : 2; }
