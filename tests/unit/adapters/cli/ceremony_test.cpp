// SPDX-License-Identifier: Apache-2.0
// A new bus on disk: who has which secret, and who may read it.
#include "adapters/cli/ceremony.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>

#include "adapters/cli/key_files.hpp"
#include "adapters/cli/open_home.hpp"
#include "adapters/cli/run.hpp"
#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"
#include "security/registry/document.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

fs::path bus() { return made_bus().path(); }

mode_t mode_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 0777;
}

std::set<std::string> names_in(const fs::path& path) {
    std::set<std::string> names;
    for (const auto& item : fs::directory_iterator(path)) {
        names.insert(item.path().filename().string());
    }
    return names;
}

TEST(Ceremony, HasAHomeForTheBrokerTheAdministratorsAndElevenAgencies) {
    EXPECT_EQ(made_bus().result.bus, "ninh-binh-2021");
    EXPECT_EQ(made_bus().result.node_homes.size(), 11U);
    EXPECT_EQ(names_in(bus() / "nodes"),
              (std::set<std::string>{"police",
                                     "border-guard",
                                     "labour",
                                     "fatherland-front",
                                     "womens-union",
                                     "information",
                                     "social-protection-centre",
                                     "trade-union",
                                     "hotline-111",
                                     "broadcaster",
                                     "peoples-committee"}));
    EXPECT_TRUE(is_broker_home(bus() / "broker"));
    EXPECT_TRUE(is_node_home(bus() / "admin"));
    EXPECT_TRUE(is_node_home(bus() / "nodes/police"));
}

TEST(Ceremony, TheBrokerHoldsNoAgencysPrivateKey) {
    EXPECT_EQ(names_in(bus() / "broker/keys"),
              (std::set<std::string>{"log.pem", "curve.pem", "master.key"}));
}

TEST(Ceremony, NoTwoHomesHoldTheSameSecret) {
    std::set<std::string> secrets;
    std::size_t count = 0;
    for (const auto& item : fs::recursive_directory_iterator(bus())) {
        const bool secret = item.path().filename() == "passphrase" ||
                            item.path().extension() == ".pem" || item.path().extension() == ".key";
        if (!secret) continue;
        const auto bytes = read_private_file(item.path(), 65536);
        ASSERT_TRUE(bytes.has_value()) << item.path();
        secrets.insert(std::string(as_text(*bytes)));
        ++count;
    }
    EXPECT_EQ(secrets.size(), count);
    EXPECT_EQ(count, 4U + 12U * 6U + 2U);
}

TEST(Ceremony, OnlyTheOwnerMayReadSecretsAndEnter) {
    for (const auto& item : fs::recursive_directory_iterator(bus())) {
        const fs::path& path = item.path();
        if (item.is_directory()) {
            const bool home = path.parent_path() != bus() || path.filename() != "nodes";
            if (home) {
                EXPECT_EQ(mode_of(path), 0700U) << path;
            }
        } else if (path.extension() == ".pem" || path.extension() == ".key" ||
                   path.filename() == "passphrase") {
            EXPECT_EQ(mode_of(path), 0600U) << path;
        }
    }
    EXPECT_EQ(mode_of(bus()), 0700U);
}

TEST(Ceremony, EveryHomeOpensWithItsOwnPassphrase) {
    const auto broker = load_broker_home(bus() / "broker", {});
    ASSERT_TRUE(broker.has_value()) << broker.error().detail;
    EXPECT_EQ(broker->options.control_endpoint, made_bus().result.control_endpoint);
    const auto node = load_node_home(bus() / "nodes/police", {});
    ASSERT_TRUE(node.has_value()) << node.error().detail;
    EXPECT_EQ(node->options.server_key, broker->keys.curve.public_key);
    EXPECT_EQ(node->options.data_endpoint, made_bus().result.data_endpoint);
    EXPECT_EQ(node->keys.seal.size(), 1U);
    EXPECT_TRUE(load_node_home(bus() / "admin", {}).has_value());
}

TEST(Ceremony, TheGenesisDocumentsAreSignedByThePinnedList) {
    const auto node = load_node_home(bus() / "nodes/labour", {});
    ASSERT_TRUE(node.has_value());
    ASSERT_EQ(node->options.genesis.size(), 3U);
    EXPECT_EQ(keys::sha256(node->options.genesis[0]), node->options.pinned_administrators);
    const auto first = registry::parse_document(node->options.genesis[0]);
    ASSERT_TRUE(first.has_value());
    const auto list = registry::parse_administrators(first->body);
    ASSERT_TRUE(list.has_value());
    for (const Bytes& bytes : node->options.genesis) {
        const auto document = registry::parse_document(bytes);
        ASSERT_TRUE(document.has_value());
        EXPECT_TRUE(
            registry::verify_document(*document, BusId::of("ninh-binh-2021"), *list).has_value());
    }
}

TEST(Ceremony, TheRegistryHasTheKeysOfTheHomes) {
    const auto node = load_node_home(bus() / "nodes/labour", {});
    ASSERT_TRUE(node.has_value());
    const auto document = registry::parse_document(node->options.genesis[1]);
    auto data = registry::parse_registry(document->body);
    ASSERT_TRUE(data.has_value());
    const auto built = registry::Registry::build(std::move(*data));
    ASSERT_TRUE(built.has_value()) << built.error().detail;
    const Millis now = SystemClock().wall();
    const AgencyId agency = node->options.agency;
    EXPECT_TRUE(built->signing_key(agency, node->keys.sign->public_key().id(), now, 0).has_value());
    EXPECT_EQ(built->maybe_curve(node->keys.curve.public_key).agency->id, agency);
    EXPECT_EQ(built->sealing_certificate(agency, now), node->keys.seal[0].certificate);
    EXPECT_EQ(built->maybe_key(node->keys.witness->public_key().id()).agency->id, agency);
    EXPECT_NE(built->log_key(now), nullptr);
}

TEST(Ceremony, AFullDirectoryIsLeftAlone) {
    Surroundings around;
    const int exit = run({"init",
                          "--home",
                          bus().string(),
                          "--setup",
                          std::string(LT_SOURCE_DIR) + "/examples/ninh-binh",
                          "--json"},
                         around.environment);
    EXPECT_EQ(exit, 5);
    EXPECT_EQ(maybe_json(around.out.str())->at("error").at("code"), "already_exists");
}

TEST(Ceremony, LooserModesAreRefused) {
    TemporaryFolder copy;
    const fs::path home = copy.path() / "police";
    copy_home(bus() / "nodes/police", home);
    const auto private_again = [&] {
        fs::permissions(home, fs::perms::owner_all);
        fs::permissions(home / "keys", fs::perms::owner_all);
        for (const char* name : {"passphrase", "keys/sign.pem", "keys/master.key"}) {
            fs::permissions(home / name, fs::perms::owner_read | fs::perms::owner_write);
        }
    };
    private_again();
    ASSERT_TRUE(load_node_home(home, {}).has_value());
    for (const char* name : {".", "keys", "passphrase", "keys/sign.pem", "keys/master.key"}) {
        fs::permissions(home / name, fs::perms::group_read, fs::perm_options::add);
        const auto loaded = load_node_home(home, {});
        ASSERT_FALSE(loaded.has_value()) << name;
        EXPECT_EQ(loaded.error().code, Code::unsafe_mode) << name;
        private_again();
    }
}

TEST(Ceremony, ASystemdCredentialTakesThePlaceOfThePassphrase) {
    TemporaryFolder credentials;
    const auto bytes = read_file(bus() / "nodes/police/passphrase", 1000);
    ASSERT_TRUE(write_file(credentials.path() / "lienthong-passphrase", *bytes, 0600).has_value());
    const auto labour = load_node_home(bus() / "nodes/labour", credentials.path());
    ASSERT_FALSE(labour.has_value());
    EXPECT_EQ(labour.error().code, Code::bad_passphrase);
    EXPECT_TRUE(load_node_home(bus() / "nodes/police", credentials.path()).has_value());
}

TEST(Ceremony, AKeyThatIsNotYetInTheRegistryWaits) {
    TemporaryFolder copy;
    const fs::path home = copy.path() / "labour";
    copy_home(bus() / "nodes/labour", home);
    const auto passphrase = load_passphrase(home, {});
    ASSERT_TRUE(passphrase.has_value());
    const auto path = make_waiting_key(home, keys::Use::sign, *passphrase);
    ASSERT_TRUE(path.has_value());
    EXPECT_EQ(*path, "keys/sign-2.pem");
    const auto document =
        registry::parse_document(*read_file(home / "genesis/registry.doc", 1 << 22));
    const auto built = registry::Registry::build(*registry::parse_registry(document->body));
    const auto installed = install_keys(home, *built, SystemClock().wall());
    ASSERT_TRUE(installed.has_value());
    EXPECT_TRUE(installed->empty());
    EXPECT_EQ(load_node_config(home)->sign_key, "keys/sign.pem");
}

TEST(Ceremony, ASourceOfAnotherBusIsRefused) {
    TemporaryFolder folder;
    CeremonyOptions options;
    options.directory = folder.path() / "bus";
    options.registry_toml = registry_source();
    options.policy_toml = "bus = \"another\"\n";
    const SystemClock clock;
    SystemRandom random;
    const auto made = make_bus(options, clock, random, [](const Words&) {});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, Code::wrong_bus);
}

TEST(Ceremony, ABadLineOfASourceIsNamed) {
    TemporaryFolder folder;
    CeremonyOptions options;
    options.directory = folder.path() / "bus";
    options.registry_toml = "bus = \"ninh-binh-2021\"\ncolour = \"red\"\n";
    options.policy_toml = policy_source();
    const SystemClock clock;
    SystemRandom random;
    const auto made = make_bus(options, clock, random, [](const Words&) {});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, Code::malformed_document);
    EXPECT_NE(made.error().where.find("line 2"), std::string::npos);
}

}  // namespace
}  // namespace lienthong::cli
