// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/adapters/cli/fake_api.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

#include "adapters/cli/parse.hpp"
#include "adapters/cli/run.hpp"
#include "bus/base/check.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/document.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::cli {
namespace {

constexpr std::uint64_t kStream = 0x1122334455667788;
const BusId kBus = BusId::of("ninh-binh-2021");

}  // namespace

std::string read_source_file(std::string_view path) {
    std::ifstream file(std::filesystem::path(LT_SOURCE_DIR) / path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string registry_source() { return read_source_file("examples/ninh-binh/bus.toml"); }
std::string policy_source() { return read_source_file("examples/ninh-binh/policy.toml"); }

TemporaryFolder::TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "lt-cli-XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr);
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

const MadeBus& made_bus() {
    static const std::unique_ptr<const MadeBus> made = [] {
        auto bus = std::make_unique<MadeBus>();
        CeremonyOptions options;
        options.directory = bus->path();
        options.registry_toml = registry_source();
        options.policy_toml = policy_source();
        const SystemClock clock;
        SystemRandom random;
        auto result = make_bus(options, clock, random, [](const Words&) {});
        CHECK(result.has_value());
        bus->result = std::move(*result);
        return bus;
    }();
    return *made;
}

void copy_home(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::filesystem::create_directories(to.parent_path());
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    for (const auto& path : {to, to / "keys", to / "genesis", to / "data"}) {
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    }
}

FakeApi::FakeApi(std::string_view slug) {
    auto registry_data = registry::compile_registry(registry_source(), kBus, 1);
    CHECK(registry_data.has_value());
    auto registry = registry::Registry::build(std::move(*registry_data));
    CHECK(registry.has_value());
    documents_in_force.registry = std::make_shared<const registry::Registry>(std::move(*registry));
    auto policy_data = policy::compile_policy(policy_source(), kBus, 1);
    CHECK(policy_data.has_value());
    auto policy = policy::Policy::build(std::move(*policy_data));
    CHECK(policy.has_value());
    documents_in_force.policy = std::make_shared<const policy::Policy>(std::move(*policy));
    agency = id_of(slug);
}

AgencyId FakeApi::id_of(std::string_view slug) const {
    const auto* found = documents_in_force.registry->maybe_agency_by_slug(slug);
    CHECK(found != nullptr);
    return found->id;
}

Result<std::vector<node::Outcome>> FakeApi::submit(std::vector<node::Draft> given, Timeout) {
    if (given.size() > drafts_max) return fail(Code::overloaded, {}, "draft 0");
    ++submits;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const auto known = by_key_.find(given[i].key);
        if (given[i].key.empty() || known == by_key_.end() || given[i].corrects) continue;
        if (inbox_[known->second].draft.sections != given[i].sections) {
            return fail(Code::key_conflict, {}, "draft " + std::to_string(i));
        }
    }
    std::vector<node::Outcome> outcomes;
    for (node::Draft& draft : given) {
        node::Outcome outcome;
        outcome.state = state;
        outcome.refusal = refusal;
        if (state == node::Outcome::State::waiting) outcome.waits_for = waits_for;
        const auto known = by_key_.find(draft.key);
        const bool same = !draft.key.empty() && known != by_key_.end() &&
                          inbox_[known->second].draft.sections == draft.sections;
        if (same) {
            outcome.id = inbox_[known->second].entry.header.id;
            outcome.position = inbox_[known->second].entry.position;
            outcomes.push_back(std::move(outcome));
            continue;
        }
        drafts.push_back(draft);
        Stored stored;
        stored.draft = draft;
        node::InboxEntry& entry = stored.entry;
        entry.position = inbox_.size();
        entry.time = 1'640'000'000'000;
        entry.header.bus = kBus;
        entry.header.id = {kStream, inbox_.size() + 1};
        entry.header.sender = agency;
        entry.header.kind = draft.kind;
        entry.header.case_id = draft.case_id;
        if (draft.facts && draft.facts->opens) entry.header.case_id.bytes.fill(0xab);
        entry.header.refers_to = draft.refers_to;
        entry.header_digest.bytes.fill(0x5a);
        for (const auto& type : message::info(draft.kind).sections) {
            const auto found = std::ranges::find(
                draft.sections, type.name, [](const auto& section) { return section.first; });
            node::InboxEntry::Section section;
            section.name = type.name;
            section.granted = found != draft.sections.end();
            if (section.granted) section.form = type.form;
            entry.sections.push_back(std::move(section));
        }
        outcome.id = entry.header.id;
        outcome.position = entry.position;
        outcome.case_id = entry.header.case_id;
        if (!draft.key.empty()) by_key_[draft.key] = inbox_.size();
        inbox_.push_back(std::move(stored));
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

Result<std::vector<node::InboxEntry>> FakeApi::consume(Position from, std::size_t count_max) {
    std::vector<node::InboxEntry> entries;
    for (const Stored& stored : inbox_) {
        if (stored.entry.position >= from && entries.size() < count_max) {
            entries.push_back(stored.entry);
        }
    }
    return entries;
}

Result<node::InboxEntry> FakeApi::message(const MessageId& id) {
    if (is_behind) return fail(Code::not_found);
    for (const Stored& stored : inbox_) {
        if (stored.entry.header.id == id) return stored.entry;
    }
    return fail(Code::not_found);
}

Result<Secret> FakeApi::section(const MessageId& id, std::string_view name) {
    if (is_behind) return fail(Code::not_found);
    for (const Stored& stored : inbox_) {
        if (stored.entry.header.id != id) continue;
        for (const auto& [known, plaintext] : stored.draft.sections) {
            if (known == name) return Secret::copy_of(plaintext);
        }
    }
    return fail(Code::not_found);
}

Result<Bytes> FakeApi::section_as_sent(const MessageId& id, std::string_view name) {
    auto plaintext = section(id, name);
    if (!plaintext) return std::unexpected(plaintext.error());
    return to_bytes(plaintext->view());
}

Result<node::Verification> FakeApi::verify(const MessageId&, Timeout) { return verification; }

Result<message::QueryAnswer> FakeApi::query(const message::Query&, Timeout) {
    if (query_error) return std::unexpected(*query_error);
    return query_answer;
}

Result<node::Status> FakeApi::status(Timeout) {
    node::Status status;
    status.agency = agency;
    status.node = NodeId::of("node-1");
    status.log_size = inbox_.size();
    status.registry_version = documents_in_force.registry->version();
    status.policy_version = documents_in_force.policy->version();
    status.inbox = inbox_.size();
    status.broker_reachable = broker_reachable;
    return status;
}

Result<node::Documents> FakeApi::documents() { return documents_in_force; }

Result<void> FakeApi::catch_up(Position position, Timeout) {
    if (position >= inbox_.size()) return fail(Code::timeout);
    return {};
}

Result<void> FakeApi::catch_up_to_now(Timeout) {
    if (!broker_reachable) return fail(Code::unreachable);
    is_behind = false;
    return {};
}

// Takes a document as the broker and the other nodes would.
Result<Position> FakeApi::adopt(BytesView bytes, Timeout) {
    auto document = registry::parse_document(bytes);
    if (!document) return std::unexpected(document.error());
    if (document->kind == registry::DocumentKind::registry) {
        auto data = registry::parse_registry(document->body);
        if (!data) return std::unexpected(data.error());
        auto built = registry::Registry::build(std::move(*data));
        if (!built) return std::unexpected(built.error());
        documents_in_force.registry = std::make_shared<const registry::Registry>(std::move(*built));
    } else {
        auto data = policy::parse_policy(document->body);
        if (!data) return std::unexpected(data.error());
        auto built = policy::Policy::build(std::move(*data));
        if (!built) return std::unexpected(built.error());
        documents_in_force.policy = std::make_shared<const policy::Policy>(std::move(*built));
    }
    adopted.push_back(to_bytes(bytes));
    return 100 + adopted.size();
}

Result<node::ExportedBundle> FakeApi::export_bundle(const BundleProgress& progress) {
    progress(32, 64);
    return node::ExportedBundle{bytes_of("bundle"), 2, 3, 4, 5};
}

Result<node::ImportedBundle> FakeApi::import_bundle(BytesView reply, const BundleProgress&) {
    if (as_text(reply) != "bundle") return fail(Code::malformed_frame);
    return node::ImportedBundle{2, 3, 4, 5, 6, 7, true};
}

Answer FakeSession::run(const std::vector<std::string>& words, const Contents& inputs) {
    auto all = words;
    all.insert(all.end(), {"--home", "unused", "--lang", "en"});
    auto parsed = parse(all, "en");
    if (!parsed) return failed(parsed.error(), Lang::en);
    parsed->invocation.inputs = inputs;
    return carry_out(session, parsed->invocation);
}

Bytes bytes_of(std::string_view text) { return to_bytes(as_bytes(text)); }

}  // namespace lienthong::cli
