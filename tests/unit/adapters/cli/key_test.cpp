// SPDX-License-Identifier: Apache-2.0
// A key's way: requested at a node, issued by the administrators, installed, revoked.
#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/cli/home.hpp"
#include "adapters/cli/key_request.hpp"
#include "bus/base/base64.hpp"
#include "bus/base/file.hpp"
#include "security/registry/document.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;
using registry::KeyEntry;

class KeyWay : public testing::Test {
  protected:
    void SetUp() override {
        copy_home(made_bus().path() / "admin", folder_.path() / "admin");
        copy_home(made_bus().path() / "nodes/labour", folder_.path() / "labour");
        const auto document = registry::parse_document(
            *read_file(folder_.path() / "admin/genesis/registry.doc", 1 << 22));
        auto built = registry::Registry::build(*registry::parse_registry(document->body));
        ASSERT_TRUE(built.has_value());
        admin_.api.documents_in_force.registry =
            std::make_shared<const registry::Registry>(std::move(*built));
        admin_.home = folder_.path() / "admin";
        const SystemClock clock;
        // The registry's keys begin now: the manual clock has to stand there too.
        admin_.clock = ManualClock(clock.wall());
        node_.home = folder_.path() / "labour";
        node_.clock = ManualClock(clock.wall());
    }

    const registry::Registry& registry() { return *admin_.api.documents_in_force.registry; }

    std::vector<KeyEntry> keys_of(std::string_view slug, keys::Use use) {
        std::vector<KeyEntry> keys = registry().maybe_agency_by_slug(slug)->keys;
        std::erase_if(keys, [&](const KeyEntry& key) { return key.use != use; });
        return keys;
    }

    Bytes request(const char* use) {
        const Answer answer = node_.run({"key", "request", "--use", use, "--out", "F"});
        EXPECT_EQ(answer.exit, 0) << to_line(answer.body);
        return answer.outputs.at("out");
    }

    TemporaryFolder folder_;
    FakeSession admin_{"labour"};
    FakeSession node_{"labour"};
};

TEST_F(KeyWay, AnIssuedKeyStandsBesideTheOldOneAndIsInstalled) {
    const Answer issued = admin_.run({"key", "issue", "F"}, {{"file", request("sign")}});
    ASSERT_EQ(issued.exit, 0) << to_line(issued.body);
    EXPECT_EQ(issued.body["version"], 2);
    const auto keys = keys_of("labour", keys::Use::sign);
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(to_hex(keys[1].id.view()), issued.body["key"]["id"]);
    node_.api.documents_in_force = admin_.api.documents_in_force;
    const Answer installed = node_.run({"key", "install"});
    EXPECT_EQ(installed.body["installed"], Json::array({"keys/sign-2.pem"}))
        << to_line(installed.body);
    EXPECT_EQ(load_node_config(node_.home)->sign_key, "keys/sign-2.pem");
    EXPECT_TRUE(fs::exists(node_.home / "keys/sign-2.crt"));
    EXPECT_TRUE(node_.run({"key", "install"}).body["installed"].empty());
}

TEST_F(KeyWay, ARotatedKeyEndsTheOldOneAfterTheOverlap) {
    const Millis end_before = keys_of("labour", keys::Use::sign)[0].validity.until;
    const Answer rotated =
        admin_.run({"key", "rotate", "F", "--overlap", "2", "--agency", "labour", "--use", "sign"},
                   {{"file", request("sign")}});
    ASSERT_EQ(rotated.exit, 0) << to_line(rotated.body);
    const auto keys = keys_of("labour", keys::Use::sign);
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_EQ(keys[0].validity.until, keys[1].validity.from + 2 * 3600 * 1000);
    EXPECT_LT(keys[0].validity.until, end_before);
}

TEST_F(KeyWay, EveryUseCanBeRenewed) {
    for (const char* use : {"seal", "curve", "witness"}) {
        const Answer rotated = admin_.run({"key", "rotate", "F"}, {{"file", request(use)}});
        ASSERT_EQ(rotated.exit, 0) << use << to_line(rotated.body);
        EXPECT_EQ(keys_of("labour", *keys::maybe_use(use)).size(), 2U) << use;
    }
    node_.api.documents_in_force = admin_.api.documents_in_force;
    EXPECT_EQ(node_.run({"key", "install"}).body["installed"].size(), 3U);
    const auto config = load_node_config(node_.home);
    EXPECT_EQ(config->seal_keys, (std::vector<std::string>{"keys/seal-1.pem", "keys/seal-2.pem"}));
    EXPECT_EQ(config->curve_key, "keys/curve-2.pem");
    EXPECT_EQ(config->witness_key, "keys/witness-2.pem");
}

TEST_F(KeyWay, ARevokedKeyCountsNoMoreFromThatPosition) {
    const auto id = keys_of("labour", keys::Use::sign)[0].id;
    const Answer revoked = admin_.run({"key", "revoke", to_hex(id.view())});
    ASSERT_EQ(revoked.exit, 0) << to_line(revoked.body);
    const auto key = keys_of("labour", keys::Use::sign)[0];
    EXPECT_TRUE(key.revoked);
    EXPECT_EQ(key.revoked_from, 0U);
    EXPECT_EQ(admin_.run({"key", "revoke", to_hex(id.view())}).body["error"]["code"],
              "revoked_key");
    EXPECT_EQ(admin_.run({"key", "revoke", std::string(64, '0')}).body["error"]["code"],
              "unknown_key");
    EXPECT_EQ(admin_.run({"key", "revoke", "x"}).exit, 2);
}

TEST_F(KeyWay, KeysAreListedByAgency) {
    EXPECT_EQ(admin_.run({"key", "list", "--agency", "labour"}).body["keys"].size(), 4U);
    EXPECT_EQ(admin_.run({"key", "list", "--agency", "bus"}).body["keys"].size(), 2U);
    EXPECT_EQ(admin_.run({"key", "list"}).body["keys"].size(), 2U + 12U * 4U);
    EXPECT_EQ(admin_.run({"key", "list", "--agency", "nobody"}).exit, 4);
}

TEST_F(KeyWay, ARequestIsTrustedOnlyIfTheNodeMadeIt) {
    const auto good = parse_key_request(as_text(request("sign")));
    ASSERT_TRUE(good.has_value());
    const Millis now = node_.clock.wall();
    ASSERT_TRUE(verify_key_request(*good, registry(), now).has_value());
    const auto code = [&](auto change) {
        KeyRequest bad = *good;
        change(bad);
        const auto verified = verify_key_request(bad, registry(), now);
        return verified ? Code::io : verified.error().code;
    };
    EXPECT_EQ(code([](KeyRequest& r) { r.bus = BusId::of("another"); }), Code::wrong_bus);
    EXPECT_EQ(code([](KeyRequest& r) { r.node = NodeId::of("nobody"); }), Code::unknown_agency);
    EXPECT_EQ(code([](KeyRequest& r) { r.agency = AgencyId::of("nobody"); }), Code::unknown_agency);
    EXPECT_EQ(code([](KeyRequest& r) { r.proof.back() ^= 1; }), Code::bad_signature);
    EXPECT_EQ(code([](KeyRequest& r) { r.voucher.back() ^= 1; }), Code::bad_signature);
    EXPECT_EQ(code([](KeyRequest& r) { r.voucher.clear(); }), Code::unknown_key);
    EXPECT_EQ(code([](KeyRequest& r) { r.spki.pop_back(); }), Code::malformed_key);
    EXPECT_EQ(code([](KeyRequest& r) { r.use = keys::Use::witness; }), Code::malformed_key);
}

TEST_F(KeyWay, ARequestThatIsNotOneIsMalformed) {
    const std::string good(as_text(request("curve")));
    ASSERT_TRUE(parse_key_request(good).has_value());
    for (const auto& [from, to] : {std::pair("\"curve\"", "\"log\""),
                                   std::pair("\"agency\"", "\"agencies\""),
                                   std::pair("\"spki\": \"", "\"spki\": \"!")}) {
        std::string bad = good;
        bad.replace(bad.find(from), std::string_view(from).size(), to);
        const auto parsed = parse_key_request(bad);
        ASSERT_FALSE(parsed.has_value()) << to;
        EXPECT_EQ(parsed.error().code, Code::malformed_input) << to;
    }
    EXPECT_EQ(admin_.run({"key", "issue", "F"}, {{"file", bytes_of("[]")}}).exit, 3);
}

TEST_F(KeyWay, TheRequestMustBeTheOneThatWasMeant) {
    const Bytes asked = request("sign");
    EXPECT_EQ(admin_.run({"key", "rotate", "F", "--agency", "police"}, {{"file", asked}}).exit, 2);
    EXPECT_EQ(admin_.run({"key", "rotate", "F", "--use", "seal"}, {{"file", asked}}).exit, 2);
    EXPECT_EQ(admin_.run({"key", "rotate", "F", "--overlap", "8761"}, {{"file", asked}}).exit, 2);
    EXPECT_EQ(node_.run({"key", "request", "--use", "log", "--out", "F"}).exit, 2);
}

}  // namespace
}  // namespace lienthong::cli
