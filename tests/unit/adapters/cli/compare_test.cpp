// SPDX-License-Identifier: Apache-2.0
// `audit compare`: two notes and a registry tell a fork, and who helped it.
#include <gtest/gtest.h>

#include "adapters/cli/run.hpp"
#include "bus/base/check.hpp"
#include "bus/base/file.hpp"
#include "security/proof/witness.hpp"
#include "security/registry/registry.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

using keys::PrivateKey;

registry::KeyEntry raw_key(const PrivateKey& key, keys::Use use, std::string_view node) {
    registry::KeyEntry entry;
    entry.id = key.public_key().id();
    entry.use = use;
    entry.node = node.empty() ? NodeId{} : NodeId::of(node);
    entry.raw = key.public_key().raw();
    return entry;
}

// Three agencies with a witness each.
class Compare : public testing::Test {
  protected:
    Compare() {
        registry::RegistryData data;
        data.bus = BusId::of("bus");
        data.version = 1;
        data.bus_keys = {raw_key(log, keys::Use::log, "")};
        for (const char* slug : {"one", "two", "three"}) {
            witnesses.emplace(slug, PrivateKey::generate(keys::Algorithm::ed25519).value());
            registry::Agency agency;
            agency.id = AgencyId::of(std::string("ag-") + slug);
            agency.slug = slug;
            agency.names = {{slug, slug, ""}};
            agency.nodes = {NodeId::of(slug)};
            agency.keys = {raw_key(witnesses.at(slug), keys::Use::witness, slug)};
            data.agencies.push_back(std::move(agency));
        }
        write("registry.toml", registry::to_toml(data));
    }
    void write(const char* name, const std::string& text) {
        std::filesystem::remove(folder.path() / name);
        CHECK(write_file(folder.path() / name, as_bytes(text)).has_value());
    }
    std::string note(std::uint64_t size,
                     std::uint8_t root,
                     const std::vector<std::string>& slugs,
                     std::string_view bus = "bus") {
        proof::Head head;
        head.bus = BusId::of(bus);
        head.size = size;
        head.root.bytes[0] = root;
        const auto signer = log.signer();
        const std::string text = proof::sign_head(head, *signer).value();
        std::string all = text;
        for (const std::string& slug : slugs) {
            const auto witness = witnesses.at(slug).signer();
            all += proof::cosign_head(text, slug, 1000, *witness).value();
        }
        return all;
    }
    int compare(const std::string& first, const std::string& second, bool json = true) {
        write("a.note", first);
        write("b.note", second);
        around.out.str("");
        std::vector<std::string> words = {"audit",
                                          "compare",
                                          (folder.path() / "a.note").string(),
                                          (folder.path() / "b.note").string(),
                                          "--registry",
                                          (folder.path() / "registry.toml").string()};
        if (json) words.emplace_back("--json");
        return run(words, around.environment);
    }
    Json answer() { return maybe_json(around.out.str()).value(); }

    TemporaryFolder folder;
    Surroundings around;
    PrivateKey log = PrivateKey::generate(keys::Algorithm::ed25519).value();
    std::map<std::string, PrivateKey> witnesses;
};

TEST_F(Compare, TwoRootsOfOneSizeAreAForkThatNamesWhoCoSignedBoth) {
    EXPECT_EQ(compare(note(7, 1, {"one", "two"}), note(7, 2, {"two", "three"})), 7);
    const Json body = answer();
    EXPECT_EQ(body["verdict"], "fork");
    EXPECT_EQ(body["signed_both"], Json::array({"two"}));
    EXPECT_EQ(body["first"]["witnesses"], Json::array({"one", "two"}));
    EXPECT_EQ(body["first"]["witnessed"], true);
    EXPECT_EQ(body["second"]["of"], 3);
}

TEST_F(Compare, TheSameHeadAndAnotherSizeAreNoFork) {
    EXPECT_EQ(compare(note(7, 1, {"one"}), note(7, 1, {"two"})), 0);
    EXPECT_EQ(answer()["verdict"], "same");
    EXPECT_EQ(answer()["first"]["witnessed"], false);
    EXPECT_EQ(compare(note(7, 1, {"one"}), note(8, 2, {"one"})), 0);
    EXPECT_EQ(answer()["verdict"], "other-sizes");
}

TEST_F(Compare, WhatDoesNotVerifyIsNoEvidence) {
    const std::string good = note(7, 1, {"one"});
    EXPECT_EQ(compare(good, "rubbish"), 3);
    EXPECT_EQ(compare(good, note(7, 2, {}, "other")), 4) << "of another bus";
    std::string spoiled = note(7, 2, {});
    const auto at = spoiled.find("epoch 0");
    ASSERT_NE(at, std::string::npos);
    spoiled[at + 6] = '1';
    EXPECT_EQ(compare(good, spoiled), 4) << "not signed by the log";
    const std::string other = note(7, 2, {"one"});
    const std::string moved = note(7, 1, {}) + other.substr(note(7, 2, {}).size());
    EXPECT_EQ(compare(moved, good), 4) << "a co-signature of another head";
}

TEST_F(Compare, IsToldToPeopleInBothLanguages) {
    const std::string one = note(7, 1, {"one", "two"});
    const std::string two = note(7, 2, {"two", "three"});
    EXPECT_EQ(compare(one, two, false), 7);
    EXPECT_NE(around.out.str().find("two"), std::string::npos);
    EXPECT_EQ(compare(one, note(8, 1, {}), false), 0);
    EXPECT_EQ(compare(one, one, false), 0);
    EXPECT_FALSE(around.out.str().empty());
}

}  // namespace
}  // namespace lienthong::cli
