// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/ceremony.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <thread>

#include "adapters/cli/config.hpp"
#include "adapters/cli/home.hpp"
#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"
#include "security/policy/policy.hpp"
#include "security/registry/document.hpp"
#include "security/registry/registry.hpp"
#include "security/registry/toml_tree.hpp"
#include "security/seal/case_vault.hpp"

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
    const auto bus = root.required_id<BusId>("bus");
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

struct NodeKeyset {
    std::optional<PrivateKey> sign;
    std::optional<PrivateKey> curve;
    std::optional<PrivateKey> witness;
    Bytes sign_certificate;
};

// One home to be made: a node of an agency.
struct NodePlan {
    std::size_t agency = 0;  // index in the registry
    NodeId node;
    std::string folder;
    fs::path path;
    NodeKeyset keys;
};

struct AgencySeal {
    std::optional<PrivateKey> key;
    Bytes certificate;
};

using KeyFile = std::pair<const char*, const PrivateKey*>;
using CertificateFile = std::pair<const char*, const Bytes*>;

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
    Result<void> write_broker();
    Result<void> write_nodes();
    Result<void> write_admin();

    Result<void> issue(registry::KeyEntry& entry,
                       const std::string& subject,
                       keys::Use use,
                       const PrivateKey& key);
    Result<void> make_node_keys(Agency& agency, NodePlan& plan);
    Result<Bytes> sign_document(DocumentKind kind, Bytes body, Millis expires);
    Result<Secret> write_passphrase(const fs::path& home);
    Result<void> write_genesis(const fs::path& home);
    Result<void> write_node(NodePlan& plan, Random& random);
    registry::KeyEntry raw_key(keys::Use use, const PrivateKey& key, const NodeId& node) const;

    const CeremonyOptions& options_;
    Random& random_;
    const std::function<void(const Words&)>& progress_;
    const Millis now_;

    BusId bus_;
    registry::RegistryData registry_;
    policy::PolicyData policy_;
    std::string control_;
    std::string data_;
    std::optional<PrivateKey> authority_;
    std::optional<PrivateKey> administrator_;
    std::optional<PrivateKey> log_;
    std::optional<PrivateKey> broker_curve_;
    std::vector<AgencySeal> seals_;  // by agency
    std::vector<NodePlan> nodes_;
    std::vector<std::pair<std::string, Bytes>> documents_;
    Hash pinned_;
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
    bus_ = *bus;
    auto data = registry::compile_registry(options_.registry_toml, bus_, 1);
    if (!data) return std::unexpected(data.error());
    registry_ = std::move(*data);
    auto rules = policy::compile_policy(options_.policy_toml, bus_, 1);
    if (!rules) return std::unexpected(rules.error());
    policy_ = std::move(*rules);
    const auto complete = [&](Millis& issued, Millis& expires) {
        if (issued == 0) issued = now_;
        if (expires == 0) expires = now_ + kDocumentTime;
    };
    complete(registry_.issued, registry_.expires);
    complete(policy_.issued, policy_.expires);

    bool admin = false;
    for (const Agency& agency : registry_.agencies) {
        admin = admin || agency.id.text() == registry::kAdministratorsAgency;
    }
    if (!admin) {
        Agency agency;
        agency.id = AgencyId::of(registry::kAdministratorsAgency);
        agency.slug = registry::kAdministratorsAgency;
        agency.names = {{"Quản trị trục liên thông", "Administrators of the bus", ""}};
        agency.nodes = {NodeId::of("admin")};
        registry_.agencies.push_back(std::move(agency));
    }
    return {};
}

Result<void> Ceremony::choose_endpoints() {
    control_ = options_.control_endpoint;
    data_ = options_.data_endpoint;
    if (!control_.empty() && !data_.empty()) return {};
    auto ports = find_free_ports(2);
    if (!ports) return std::unexpected(ports.error());
    if (control_.empty()) control_ = fmt::format("tcp://127.0.0.1:{}", (*ports)[0]);
    if (data_.empty()) data_ = fmt::format("tcp://127.0.0.1:{}", (*ports)[1]);
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
    for (const auto& [key, algorithm] : {std::pair(&authority_, Algorithm::p256),
                                         std::pair(&administrator_, Algorithm::ed25519),
                                         std::pair(&log_, Algorithm::ed25519),
                                         std::pair(&broker_curve_, Algorithm::x25519)}) {
        auto made = generate(*key, algorithm);
        if (!made) return made;
    }
    auto certificate =
        keys::make_authority_certificate(*authority_, bus_.text(), validity(now_, kAuthorityTime));
    if (!certificate) return std::unexpected(certificate.error());
    registry_.authority_certificate = std::move(*certificate);
    registry_.bus_keys = {raw_key(keys::Use::log, *log_, {}),
                          raw_key(keys::Use::curve, *broker_curve_, {})};
    return {};
}

Result<void> Ceremony::issue(registry::KeyEntry& entry,
                             const std::string& subject,
                             keys::Use use,
                             const PrivateKey& key) {
    entry.id = key.public_key().id();
    entry.use = use;
    entry.validity = validity(now_, kKeyTime);
    auto certificate = keys::issue_certificate(*authority_,
                                               registry_.authority_certificate,
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
    seals_.resize(registry_.agencies.size());
    for (std::size_t i = 0; i < registry_.agencies.size(); ++i) {
        Agency& agency = registry_.agencies[i];
        if (agency.nodes.empty()) continue;
        AgencySeal& seal = seals_[i];
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
            nodes_.push_back(std::move(plan));
        }
    }
    return {};
}

Result<Bytes> Ceremony::sign_document(DocumentKind kind, Bytes body, Millis expires) {
    registry::SignedDocument document{bus_, kind, 1, expires, std::move(body), {}};
    auto added = registry::add_signature(document, *administrator_->signer());
    if (!added) return std::unexpected(added.error());
    return registry::encode_document(document);
}

Result<void> Ceremony::make_documents() {
    registry::Administrators list;
    list.version = 1;
    list.members = {{OfficerId::of("admin-1"), administrator_->public_key().spki()}};
    auto built = registry::Registry::build(registry_);
    if (!built) return std::unexpected(built.error());
    auto judged = policy::Policy::build(policy_);
    if (!judged) return std::unexpected(judged.error());
    auto administrators = sign_document(
        DocumentKind::administrators, registry::encode_administrators(list), now_ + kAuthorityTime);
    if (!administrators) return std::unexpected(administrators.error());
    pinned_ = keys::sha256(*administrators);
    documents_.emplace_back("administrators.doc", std::move(*administrators));
    auto signed_registry = sign_document(
        DocumentKind::registry, registry::encode_registry(registry_), registry_.expires);
    if (!signed_registry) return std::unexpected(signed_registry.error());
    documents_.emplace_back("registry.doc", std::move(*signed_registry));
    auto signed_policy =
        sign_document(DocumentKind::policy, policy::encode_policy(policy_), policy_.expires);
    if (!signed_policy) return std::unexpected(signed_policy.error());
    documents_.emplace_back("policy.doc", std::move(*signed_policy));
    return {};
}

Result<Secret> Ceremony::write_passphrase(const fs::path& home) {
    for (const fs::path& directory : {home, home / "keys", home / "genesis", home / "data"}) {
        auto made = make_private_directory(directory);
        if (!made) return std::unexpected(made.error());
    }
    SystemRandom random;
    Secret passphrase = keys::make_passphrase(random);
    auto written = write_file(home / "passphrase", passphrase.view(), 0600);
    if (!written) return std::unexpected(written.error());
    return passphrase;
}

Result<void> Ceremony::write_genesis(const fs::path& home) {
    for (const auto& [name, bytes] : documents_) {
        auto written = write_file(home / "genesis" / name, bytes);
        if (!written) return written;
    }
    return {};
}

Result<void> Ceremony::write_broker() {
    const fs::path home = options_.directory / "broker";
    auto passphrase = write_passphrase(home);
    if (!passphrase) return std::unexpected(passphrase.error());
    auto written = write_genesis(home);
    if (!written) return written;
    written = log_->save(home / "keys/log.pem", *passphrase);
    if (!written) return written;
    written = broker_curve_->save(home / "keys/curve.pem", *passphrase);
    if (!written) return written;
    written = seal::save_master(
        home / "keys/master.key", seal::StorageKey::generate(random_), *passphrase, random_);
    if (!written) return written;
    BrokerConfig config;
    config.bus = bus_;
    config.control_endpoint = control_;
    config.data_endpoint = data_;
    config.administrators = pinned_;
    config.metrics_port = 0;
    return write_file(home / kBrokerFile, as_bytes(to_toml(config)), 0600);
}

Result<void> Ceremony::write_node(NodePlan& plan, Random& random) {
    auto passphrase = write_passphrase(plan.path);
    if (!passphrase) return std::unexpected(passphrase.error());
    auto written = write_genesis(plan.path);
    if (!written) return written;
    AgencySeal& seal = seals_[plan.agency];
    const fs::path keys = plan.path / "keys";
    for (const auto& [name, key] : {KeyFile("sign.pem", &*plan.keys.sign),
                                    KeyFile("seal-1.pem", &*seal.key),
                                    KeyFile("curve.pem", &*plan.keys.curve),
                                    KeyFile("witness.pem", &*plan.keys.witness)}) {
        written = key->save(keys / name, *passphrase);
        if (!written) return written;
    }
    for (const auto& [name, certificate] :
         {CertificateFile("sign.crt", &plan.keys.sign_certificate),
          CertificateFile("seal-1.crt", &seal.certificate)}) {
        written = write_file(keys / name, as_bytes(keys::to_pem(*certificate)));
        if (!written) return written;
    }
    written = seal::save_master(
        keys / "master.key", seal::StorageKey::generate(random), *passphrase, random);
    if (!written) return written;
    NodeConfig config;
    config.bus = bus_;
    config.agency = registry_.agencies[plan.agency].id;
    config.node = plan.node;
    config.control_endpoint = control_;
    config.data_endpoint = data_;
    config.broker_key = broker_curve_->public_key().raw();
    config.administrators = pinned_;
    return write_file(plan.path / kNodeFile, as_bytes(to_toml(config)), 0600);
}

// Encrypting a key file is slow on purpose, so the homes are written on all processors.
Result<void> Ceremony::write_nodes() {
    std::atomic<std::size_t> next = 0;
    std::vector<Result<void>> results(nodes_.size());
    {
        std::vector<std::jthread> workers;
        const unsigned count = std::max(2U, std::thread::hardware_concurrency());
        for (unsigned i = 0; i < count; ++i) {
            workers.emplace_back([&] {
                SystemRandom random;
                for (std::size_t n = next++; n < nodes_.size(); n = next++) {
                    results[n] = write_node(nodes_[n], random);
                }
            });
        }
    }
    for (const Result<void>& result : results) {
        if (!result) return result;
    }
    return {};
}

Result<void> Ceremony::write_admin() {
    const fs::path home = options_.directory / "admin";
    auto passphrase = load_passphrase(home, {});
    if (!passphrase) return std::unexpected(passphrase.error());
    auto written = administrator_->save(home / "keys/administrator.pem", *passphrase);
    if (!written) return written;
    written = authority_->save(home / "keys/authority.pem", *passphrase);
    if (!written) return written;
    written = write_file(home / "keys/authority.crt",
                         as_bytes(keys::to_pem(registry_.authority_certificate)));
    if (!written) return written;
    written = write_file(home / "registry.toml", as_bytes(registry::to_toml(registry_)), 0600);
    if (!written) return written;
    return write_file(home / "policy.toml", as_bytes(policy::to_toml(policy_)), 0600);
}

Result<CeremonyResult> Ceremony::run() {
    const std::pair<Step, Words> steps[] = {
        {&Ceremony::check_directory, {}},
        {&Ceremony::read_sources, {"đọc danh bạ và chính sách", "reading registry and policy"}},
        {&Ceremony::choose_endpoints, {}},
        {&Ceremony::make_bus_keys, {"tạo khóa của trục", "making the keys of the bus"}},
        {&Ceremony::make_agency_keys, {}},
        {&Ceremony::make_documents, {"ký các văn bản", "signing the documents"}},
        {&Ceremony::write_broker, {}},
        {&Ceremony::write_nodes, {"ghi thư mục các nút", "writing the homes of the nodes"}},
        {&Ceremony::write_admin, {}},
    };
    for (const auto& [step, words] : steps) {
        if (!words.en.empty()) progress_(words);
        auto done = (this->*step)();
        if (!done) return std::unexpected(done.error());
    }
    CeremonyResult result;
    result.bus = bus_.text();
    result.control_endpoint = control_;
    result.data_endpoint = data_;
    result.broker_home = (options_.directory / "broker").string();
    result.admin_home = (options_.directory / "admin").string();
    for (const NodePlan& plan : nodes_) {
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
