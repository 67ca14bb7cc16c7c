// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/ceremony.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "adapters/cli/ceremony_material.hpp"
#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/document.hpp"
#include "security/registry/registry.hpp"
#include "security/registry/toml_tree.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;
using keys::Algorithm;
using keys::PrivateKey;
using registry::Agency;
using registry::DocumentKind;

constexpr Millis kDay = 24LL * 3600 * 1000;
constexpr Millis kKeyTime = 730 * kDay;
constexpr Millis kAuthorityTime = 3650 * kDay;
constexpr Millis kDocumentTime = 365 * kDay;
constexpr Millis kClockSlack = 300'000;  // clocks of other machines may be behind
constexpr Millis kSecond = 1000;         // certificates keep no less

// Two ports that were free a moment ago; both sockets stay open until both are known.
Result<std::vector<std::uint16_t>> find_free_ports(std::size_t count) {
    std::vector<int> sockets;
    std::vector<std::uint16_t> ports;
    bool ok = true;
    for (std::size_t i = 0; i < count && ok; ++i) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0) sockets.push_back(fd);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        ok = fd >= 0 && bind(fd, generic, size) == 0 && getsockname(fd, generic, &size) == 0;
        ports.push_back(ntohs(address.sin_port));
    }
    for (const int fd : sockets) close(fd);
    if (!ok) return fail(Code::io, "no free port on the loopback interface");
    return ports;
}

// The bus that a source names, before anything else of it is read.
Result<BusId> bus_of(std::string_view toml) {
    const auto parsed = registry::parse_toml(toml);
    if (!parsed) return std::unexpected(parsed.error());
    std::optional<Error> fault;
    registry::TomlReader root(*parsed, "", fault);
    auto bus = root.required_id<BusId>("bus");
    if (fault) return std::unexpected(*fault);
    return bus;
}

Bytes random_serial(Random& random) {
    Bytes serial(16);
    random.fill(serial);
    serial[0] &= 0x7f;
    serial[0] |= 0x01;
    return serial;
}

class Ceremony {
  public:
    Ceremony(const CeremonyOptions& options,
             const Clock& clock,
             Random& random,
             const std::function<void(const Words&)>& progress)
        : options_(options), random_(random), progress_(progress), now_(clock.wall()) {}

    Result<CeremonyResult> run();

  private:
    using Step = Result<void> (Ceremony::*)();
    Result<void> check_directory();
    Result<void> read_sources();
    Result<void> choose_endpoints();
    Result<void> make_bus_keys();
    Result<void> make_agency_keys();
    Result<void> make_documents();
    Result<void> write();

    Result<void> issue(registry::KeyEntry& entry,
                       const std::string& subject,
                       keys::Use use,
                       const PrivateKey& key);
    Result<void> make_node_keys(Agency& agency, NodePlan& plan);
    Result<Bytes> sign_document(DocumentKind kind, Bytes body, Millis expires);
    registry::KeyEntry raw_key(keys::Use use, const PrivateKey& key, const NodeId& node) const;

    const CeremonyOptions& options_;
    Random& random_;
    const std::function<void(const Words&)>& progress_;
    const Millis now_;

    BusMaterial made_;
};

keys::Validity validity(Millis now, Millis time) {
    const Millis from = (now - kClockSlack) / kSecond * kSecond;
    return {from, from + time};
}

Result<void> Ceremony::check_directory() {
    std::error_code error;
    if (fs::exists(options_.directory, error) && (!fs::is_directory(options_.directory, error) ||
                                                  !fs::is_empty(options_.directory, error))) {
        return fail(
            Code::already_exists, "the directory must be empty", options_.directory.string());
    }
    return make_private_directory(options_.directory);
}

Result<void> Ceremony::read_sources() {
    auto bus = bus_of(options_.registry_toml);
    if (!bus) return std::unexpected(bus.error());
    made_.bus = *bus;
    auto data = registry::compile_registry(options_.registry_toml, made_.bus, 1);
    if (!data) return std::unexpected(data.error());
    made_.registry = std::move(*data);
    auto rules = policy::compile_policy(options_.policy_toml, made_.bus, 1);
    if (!rules) return std::unexpected(rules.error());
    made_.policy = std::move(*rules);
    const auto complete = [&](Millis& issued, Millis& expires) {
        if (issued == 0) issued = now_;
        if (expires == 0) expires = now_ + kDocumentTime;
    };
    complete(made_.registry.issued, made_.registry.expires);
    complete(made_.policy.issued, made_.policy.expires);

    bool admin = false;
    for (const Agency& agency : made_.registry.agencies) {
        admin = admin || agency.id.text() == registry::kAdministratorsAgency;
    }
    if (!admin) {
        Agency agency;
        agency.id = AgencyId::of(registry::kAdministratorsAgency);
        agency.slug = registry::kAdministratorsAgency;
        agency.names = {{"Quản trị trục liên thông", "Administrators of the bus", ""}};
        agency.nodes = {NodeId::of("admin")};
        made_.registry.agencies.push_back(std::move(agency));
    }
    return {};
}

Result<void> Ceremony::choose_endpoints() {
    made_.control_endpoint = options_.control_endpoint;
    made_.data_endpoint = options_.data_endpoint;
    if (!made_.control_endpoint.empty() && !made_.data_endpoint.empty()) return {};
    auto ports = find_free_ports(2);
    if (!ports) return std::unexpected(ports.error());
    if (made_.control_endpoint.empty())
        made_.control_endpoint = fmt::format("tcp://127.0.0.1:{}", (*ports)[0]);
    if (made_.data_endpoint.empty())
        made_.data_endpoint = fmt::format("tcp://127.0.0.1:{}", (*ports)[1]);
    return {};
}

Result<void> generate(std::optional<PrivateKey>& key, Algorithm algorithm) {
    auto made = PrivateKey::generate(algorithm);
    if (!made) return std::unexpected(made.error());
    key.emplace(std::move(*made));
    return {};
}

registry::KeyEntry Ceremony::raw_key(keys::Use use,
                                     const PrivateKey& key,
                                     const NodeId& node) const {
    registry::KeyEntry entry;
    entry.id = key.public_key().id();
    entry.use = use;
    entry.node = node;
    entry.raw = key.public_key().raw();
    entry.validity = validity(now_, kKeyTime);
    return entry;
}

Result<void> Ceremony::make_bus_keys() {
    for (const auto& [key, algorithm] : {std::pair(&made_.authority, Algorithm::p256),
                                         std::pair(&made_.administrator, Algorithm::ed25519),
                                         std::pair(&made_.log, Algorithm::ed25519),
                                         std::pair(&made_.broker_curve, Algorithm::x25519)}) {
        auto made = generate(*key, algorithm);
        if (!made) return made;
    }
    auto certificate = keys::make_authority_certificate(
        *made_.authority, made_.bus.text(), validity(now_, kAuthorityTime));
    if (!certificate) return std::unexpected(certificate.error());
    made_.registry.authority_certificate = std::move(*certificate);
    made_.registry.bus_keys = {raw_key(keys::Use::log, *made_.log, {}),
                               raw_key(keys::Use::curve, *made_.broker_curve, {})};
    return {};
}

Result<void> Ceremony::issue(registry::KeyEntry& entry,
                             const std::string& subject,
                             keys::Use use,
                             const PrivateKey& key) {
    entry.id = key.public_key().id();
    entry.use = use;
    entry.validity = validity(now_, kKeyTime);
    auto certificate = keys::issue_certificate(*made_.authority,
                                               made_.registry.authority_certificate,
                                               subject,
                                               use,
                                               key.public_key().spki(),
                                               entry.validity,
                                               random_serial(random_));
    if (!certificate) return std::unexpected(certificate.error());
    entry.certificate = std::move(*certificate);
    return {};
}

Result<void> Ceremony::make_node_keys(Agency& agency, NodePlan& plan) {
    for (const auto& [key, algorithm] : {std::pair(&plan.keys.sign, Algorithm::p256),
                                         std::pair(&plan.keys.curve, Algorithm::x25519),
                                         std::pair(&plan.keys.witness, Algorithm::ed25519)}) {
        auto made = generate(*key, algorithm);
        if (!made) return made;
    }
    registry::KeyEntry sign;
    sign.node = plan.node;
    auto issued = issue(sign,
                        fmt::format("{}/{}/sign", agency.id.text(), plan.node.text()),
                        keys::Use::sign,
                        *plan.keys.sign);
    if (!issued) return issued;
    plan.keys.sign_certificate = sign.certificate;
    agency.keys.push_back(std::move(sign));
    agency.keys.push_back(raw_key(keys::Use::curve, *plan.keys.curve, plan.node));
    agency.keys.push_back(raw_key(keys::Use::witness, *plan.keys.witness, plan.node));
    return {};
}

Result<void> Ceremony::make_agency_keys() {
    made_.directory = options_.directory;
    made_.seals.resize(made_.registry.agencies.size());
    for (std::size_t i = 0; i < made_.registry.agencies.size(); ++i) {
        Agency& agency = made_.registry.agencies[i];
        // The broker speaks for the agency `bus` and keeps its keys; it has no node.
        if (agency.nodes.empty() || agency.id.text() == registry::kBusAgency) continue;
        AgencySeal& seal = made_.seals[i];
        auto made = generate(seal.key, Algorithm::p256);
        if (!made) return made;
        registry::KeyEntry entry;
        auto issued = issue(entry, agency.id.text() + "/seal", keys::Use::seal, *seal.key);
        if (!issued) return issued;
        seal.certificate = entry.certificate;
        agency.keys.push_back(std::move(entry));
        for (const NodeId& node : agency.nodes) {
            NodePlan plan;
            plan.agency = i;
            plan.node = node;
            const bool admin = agency.id.text() == registry::kAdministratorsAgency;
            plan.folder = node == agency.nodes.front()
                              ? agency.slug
                              : fmt::format("{}-{}", agency.slug, node.text());
            plan.path =
                admin ? options_.directory / "admin" : options_.directory / "nodes" / plan.folder;
            auto keyed = make_node_keys(agency, plan);
            if (!keyed) return keyed;
            made_.nodes.push_back(std::move(plan));
        }
    }
    return {};
}

Result<Bytes> Ceremony::sign_document(DocumentKind kind, Bytes body, Millis expires) {
    registry::SignedDocument document{made_.bus, kind, 1, expires, std::move(body), {}};
    auto added = registry::add_signature(document, *made_.administrator->signer());
    if (!added) return std::unexpected(added.error());
    return registry::encode_document(document);
}

Result<void> Ceremony::make_documents() {
    registry::Administrators list;
    list.version = 1;
    list.members = {{OfficerId::of("admin-1"), made_.administrator->public_key().spki()}};
    auto built = registry::Registry::build(made_.registry);
    if (!built) return std::unexpected(built.error());
    auto judged = policy::Policy::build(made_.policy);
    if (!judged) return std::unexpected(judged.error());
    auto administrators = sign_document(
        DocumentKind::administrators, registry::encode_administrators(list), now_ + kAuthorityTime);
    if (!administrators) return std::unexpected(administrators.error());
    made_.pinned = keys::sha256(*administrators);
    made_.documents.emplace_back("administrators.doc", std::move(*administrators));
    auto signed_registry = sign_document(
        DocumentKind::registry, registry::encode_registry(made_.registry), made_.registry.expires);
    if (!signed_registry) return std::unexpected(signed_registry.error());
    made_.documents.emplace_back("registry.doc", std::move(*signed_registry));
    auto signed_policy = sign_document(
        DocumentKind::policy, policy::encode_policy(made_.policy), made_.policy.expires);
    if (!signed_policy) return std::unexpected(signed_policy.error());
    made_.documents.emplace_back("policy.doc", std::move(*signed_policy));
    return {};
}

Result<void> Ceremony::write() { return write_homes(made_); }

Result<CeremonyResult> Ceremony::run() {
    const auto steps = std::to_array<std::pair<Step, Words>>({
        {&Ceremony::check_directory, {}},
        {&Ceremony::read_sources, {"đọc sổ đăng ký và chính sách", "reading registry and policy"}},
        {&Ceremony::choose_endpoints, {}},
        {&Ceremony::make_bus_keys, {"tạo khóa của trục", "making the keys of the bus"}},
        {&Ceremony::make_agency_keys, {}},
        {&Ceremony::make_documents, {"ký các văn bản", "signing the documents"}},
        {&Ceremony::write,
         {"ghi thư mục của máy chủ trục và các nút", "writing the homes of broker and nodes"}},
    });
    for (const auto& [step, words] : steps) {
        if (!words.en.empty()) progress_(words);
        auto done = (this->*step)();
        if (!done) return std::unexpected(done.error());
    }
    CeremonyResult result;
    result.bus = made_.bus.text();
    result.control_endpoint = made_.control_endpoint;
    result.data_endpoint = made_.data_endpoint;
    result.broker_home = (options_.directory / "broker").string();
    result.admin_home = (options_.directory / "admin").string();
    for (const NodePlan& plan : made_.nodes) {
        if (plan.path != options_.directory / "admin") {
            result.node_homes.emplace_back(plan.folder, plan.path.string());
        }
    }
    return result;
}

}  // namespace

Result<CeremonyResult> make_bus(const CeremonyOptions& options,
                                const Clock& clock,
                                Random& random,
                                const std::function<void(const Words&)>& progress) {
    return Ceremony(options, clock, random, progress).run();
}

}  // namespace lienthong::cli
