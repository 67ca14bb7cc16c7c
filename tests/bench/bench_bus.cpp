// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/bench_bus.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "adapters/codec/codec.hpp"
#include "bus/base/check.hpp"
#include "bus/base/log.hpp"
#include "bus/broker/broker.hpp"
#include "security/keys/digest.hpp"
#include "tests/bench/load.hpp"

namespace lienthong::bench {
namespace {

using keys::Algorithm;
using keys::PrivateKey;
using test::kDay;
using test::kNow;
using test::world;

constexpr keys::Validity kValidity{kNow - 10 * kDay, kNow + 730 * kDay};
constexpr std::size_t kIdleOfAnAgency = 40;

template <class T>
T must(Result<T> result, std::string_view what) {
    if (!result) {
        give_up(fmt::format("{}: {} {} {}",
                            what,
                            info(result.error().code).name,
                            result.error().detail,
                            result.error().where));
    }
    return std::move(*result);
}

Bytes next_serial() {
    static std::uint32_t serial = 0;
    ++serial;
    Bytes made(16, 9);
    for (std::size_t i = 0; i < 4; ++i) made[12 + i] = static_cast<std::uint8_t>(serial >> 8 * i);
    return made;
}

registry::KeyEntry raw_key(keys::Use use, const PrivateKey& key, const NodeId& node) {
    registry::KeyEntry entry;
    entry.id = key.public_key().id();
    entry.use = use;
    entry.node = node;
    entry.raw = key.public_key().raw();
    entry.validity = kValidity;
    return entry;
}

// The node's own keys, into the agency's row.
Place add_node(registry::Agency& agency, const NodeId& node, const test::Member* seals_as) {
    Place place{agency.id,
                node,
                must(PrivateKey::generate(Algorithm::p256), "key"),
                must(PrivateKey::generate(Algorithm::x25519), "key"),
                must(PrivateKey::generate(Algorithm::ed25519), "key"),
                seals_as};
    registry::KeyEntry sign;
    sign.id = place.sign.public_key().id();
    sign.use = keys::Use::sign;
    sign.node = node;
    sign.certificate = must(keys::issue_certificate(world().authority,
                                                    world().registry.authority_certificate,
                                                    agency.id.text() + "/" + node.text() + "/sign",
                                                    keys::Use::sign,
                                                    place.sign.public_key().spki(),
                                                    kValidity,
                                                    next_serial()),
                            "certificate");
    sign.validity = kValidity;
    agency.nodes.push_back(node);
    agency.keys.push_back(std::move(sign));
    agency.keys.push_back(raw_key(keys::Use::curve, place.curve, node));
    agency.keys.push_back(raw_key(keys::Use::witness, place.witness, node));
    return place;
}

registry::Agency reporter(const std::string& name, const registry::Agency& like) {
    registry::Agency agency;
    agency.id = AgencyId::of(name);
    agency.slug = name;
    agency.names = like.names;
    agency.roles = {{Role::of("outreach-reporter"), {}, 0, 0}};
    return agency;
}

registry::Agency& agency_of(registry::RegistryData& data, std::string_view slug) {
    const auto found = std::ranges::find(data.agencies, slug, &registry::Agency::slug);
    CHECK(found != data.agencies.end());
    return *found;
}

void add_idle(BenchBus& bus, registry::RegistryData& data, std::size_t nodes) {
    const registry::Agency like = agency_of(data, "labour");
    for (std::size_t i = 0; i < nodes; ++i) {
        if (i % kIdleOfAnAgency == 0) {
            data.agencies.push_back(reporter(fmt::format("idle-{}", i / kIdleOfAnAgency), like));
        }
        registry::Agency& agency = data.agencies.back();
        const NodeId node = NodeId::of(fmt::format("idle-{}", i));
        const auto curve = must(PrivateKey::generate(Algorithm::x25519), "key");
        agency.nodes.push_back(node);
        agency.keys.push_back(raw_key(keys::Use::curve, curve, node));
        bus.idle_curve_keys.push_back(to_bytes(curve.raw().view()));
        bus.idle_public_keys.push_back(curve.public_key().raw());
    }
}

// What a clock of the bus shows when the steady clock shows nothing.
const std::chrono::steady_clock::time_point kBegan = std::chrono::steady_clock::now();

[[noreturn]] void run_broker(const BenchBus& bus,
                             const std::filesystem::path& directory,
                             int to_parent) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, nullptr);
    static const BenchClock clock;
    static SystemRandom random;
    broker::BrokerOptions options;
    options.bus = world().bus;
    options.data_directory = directory;
    options.pinned_administrators = world().pinned;
    options.genesis = bus.genesis;
    broker::BrokerKeys keys{world().log.signer(),
                            {world().broker_curve.public_key().raw(), world().broker_curve.raw()},
                            test::TestWorld::master("")};
    auto broker =
        must(broker::Broker::start(std::move(options), std::move(keys), clock, random), "broker");
    const std::string said = broker->control_endpoint() + "\n" + broker->data_endpoint() + "\n";
    CHECK(write(to_parent, said.data(), said.size()) == static_cast<ssize_t>(said.size()));
    close(to_parent);
    int signal = 0;
    sigwait(&ends, &signal);
    const auto failed = broker->failed();
    if (failed) fmt::print(stderr, "broker failed: {}\n", info(failed->code).name);
    broker.reset();
    std::_Exit(failed ? 1 : 0);
}

}  // namespace

node::NodeOptions BenchBus::node_options(const Place& place) const {
    node::NodeOptions options;
    options.bus = world().bus;
    options.agency = place.agency;
    options.node = place.node;
    options.server_key = world().broker_curve.public_key().raw();
    options.pinned_administrators = world().pinned;
    options.genesis = genesis;
    return options;
}

node::NodeKeys BenchBus::node_keys(const Place& place) {
    std::vector<node::SealingKey> sealing;
    sealing.push_back({place.seals_as->seal, place.seals_as->seal_certificate});
    return node::NodeKeys{place.sign.signer(),
                          std::move(sealing),
                          {place.curve.public_key().raw(), place.curve.raw()},
                          place.witness.signer(),
                          test::TestWorld::master(place.node.text())};
}

BenchBus make_bench_bus(std::size_t publishers, std::size_t readers, std::size_t idle_nodes) {
    registry::RegistryData data = world().registry;
    data.limits.connections_per_agency_max = 4096;
    BenchBus bus;
    registry::Agency& labour = agency_of(data, "labour");
    for (std::size_t i = 0; i < readers; ++i) {
        bus.readers.push_back(
            add_node(labour, NodeId::of(fmt::format("reader-{}", i)), &world().member("labour")));
    }
    const registry::Agency like = labour;
    for (std::size_t i = 0; i < publishers; ++i) {
        registry::Agency agency = reporter(fmt::format("reporter-{}", i), like);
        bus.publishers.push_back(
            add_node(agency, NodeId::of(fmt::format("writer-{}", i)), &world().member("labour")));
        data.agencies.push_back(std::move(agency));
    }
    add_idle(bus, data, idle_nodes);
    data.version = 1;
    bus.genesis = {world().genesis[0], world().registry_document(data, 1), world().genesis[2]};
    bus.registry = std::make_shared<const registry::Registry>(
        must(registry::Registry::build(std::move(data)), "registry"));
    policy::PolicyData grants = world().policy;
    grants.version = 1;
    bus.policy = std::make_shared<const policy::Policy>(
        must(policy::Policy::build(std::move(grants)), "policy"));
    return bus;
}

Millis BenchClock::wall() const {
    return kNow + std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::steady_clock::now() - kBegan)
                      .count();
}

Clock::Monotonic BenchClock::monotonic() const {
    return std::chrono::steady_clock::now().time_since_epoch();
}

Bytes make_report(std::size_t size, std::uint64_t seed) {
    const message::SectionType& type = message::info(message::Kind::outreach_report).sections[0];
    const std::string text = make_body(size, seed);
    std::string note;
    for (const char c : text) note += (c == '"' || c == '\\') ? '.' : c;
    for (std::size_t length = size;; --length) {
        const std::string json = fmt::format(
            R"({{"period":{{"from":"2021-01-01","to":"2021-01-31","kind":"month"}},)"
            R"("figures":[{{"activity":"leaflets","low":1,"high":1,"qualifier":"exact",)"
            R"("stock_or_flow":"flow"}}],)"
            R"("note":"{}"}})",
            note.substr(0, length));
        Bytes made = must(codec::section_from_json(type, json), "report");
        if (made.size() <= size) return made;
        if (length == 0) give_up("a report has more bytes than that");
    }
}

BrokerChild BrokerChild::start(const BenchBus& bus, const std::filesystem::path& directory) {
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) run_broker(bus, directory, ends[1]);
    close(ends[1]);
    FILE* const file = fdopen(ends[0], "r");
    char lines[2][256] = {};
    for (auto& line : lines) {
        if (fgets(line, sizeof line, file) == nullptr) give_up("the broker did not start");
        line[std::char_traits<char>::length(line) - 1] = '\0';
    }
    fclose(file);
    return {pid, lines[0], lines[1]};
}

void BrokerChild::stop() const {
    kill(pid, SIGTERM);
    int status = 0;
    waitpid(pid, &status, 0);
    if (status != 0) give_up("the broker ended with an error");
}

}  // namespace lienthong::bench
