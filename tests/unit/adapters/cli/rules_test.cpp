// SPDX-License-Identifier: Apache-2.0
// `policy` and `registry`.
#include <gtest/gtest.h>

#include "bus/base/file.hpp"
#include "security/keys/keys.hpp"
#include "security/registry/document.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

// The administrators' home, with the key that signs.
struct Office {
    Office() {
        session.home = folder.path();
        EXPECT_TRUE(make_private_directory(folder.path() / "keys").has_value());
        SystemRandom random;
        const Secret passphrase = keys::make_passphrase(random);
        EXPECT_TRUE(write_file(folder.path() / "passphrase", passphrase.view(), 0600).has_value());
        const auto key = keys::PrivateKey::generate(keys::Algorithm::ed25519);
        EXPECT_TRUE(key->save(folder.path() / "keys/administrator.pem", passphrase).has_value());
        list.version = 1;
        list.members = {{OfficerId::of("admin-1"), key->public_key().spki()}};
    }

    TemporaryFolder folder;
    FakeSession session{"labour"};
    registry::Administrators list;
};

Contents file(std::string_view text) { return {{"file", bytes_of(text)}}; }

TEST(PolicyExplain, NamesTheGrantOrWhatIsMissing) {
    FakeSession session;
    const Answer allowed = session.run({"policy",
                                        "explain",
                                        "--agency",
                                        "labour",
                                        "--action",
                                        "publish",
                                        "--kind",
                                        "outreach-report"});
    ASSERT_EQ(allowed.exit, 0) << to_line(allowed.body);
    EXPECT_EQ(allowed.body["decision"], "allow");
    EXPECT_TRUE(allowed.body["grant"].is_string());
    EXPECT_TRUE(allowed.body["missing"].is_null());
    EXPECT_EQ(allowed.body["policy_version"], 1);
    const Answer denied = session.run({"policy",
                                       "explain",
                                       "--agency",
                                       "fatherland-front",
                                       "--action",
                                       "read",
                                       "--kind",
                                       "intake-record",
                                       "--section",
                                       "identity"});
    EXPECT_EQ(denied.body["decision"], "deny");
    EXPECT_TRUE(denied.body["missing"].is_string());
}

TEST(PolicyExplain, AsksForWhatTheActionNeeds) {
    FakeSession session;
    const auto exit = [&](const std::vector<std::string>& more) {
        std::vector<std::string> words = {"policy", "explain", "--agency", "labour"};
        words.insert(words.end(), more.begin(), more.end());
        return session.run(words).exit;
    };
    EXPECT_EQ(exit({"--action", "dance", "--kind", "consent"}), 2);
    EXPECT_EQ(exit({"--action", "read", "--kind", "consent"}), 2);
    EXPECT_EQ(exit({"--action", "read", "--kind", "consent", "--section", "nothing"}), 2);
    EXPECT_EQ(exit({"--action", "query", "--kind", "verification-request"}), 2);
    EXPECT_EQ(
        exit({"--action", "query", "--kind", "verification-request", "--purpose", "verification"}),
        0);
    EXPECT_EQ(exit({"--action", "publish", "--kind", "no-kind"}), 3);
}

TEST(PolicyCheck, LooksAtTheOneInForceOrAtAFile) {
    FakeSession session;
    EXPECT_EQ(session.run({"policy", "check"}).exit, 0);
    EXPECT_EQ(session.run({"policy", "check", "F"}, file(policy_source())).body["version"], 2);
    const Answer bad = session.run({"policy", "check", "F"}, file("colour = \"red\"\n"));
    EXPECT_EQ(bad.exit, 3);
    EXPECT_EQ(bad.body["error"]["code"], "malformed_document");
}

std::string without_grant(const std::string& id) {
    std::string text = policy_source();
    const std::size_t at = text.find("id = \"" + id + "\"");
    EXPECT_NE(at, std::string::npos);
    const std::size_t begin = text.rfind("[[grant]]", at);
    const std::size_t end = text.find("[[grant]]", at);
    return text.erase(begin, end == std::string::npos ? end : end - begin);
}

TEST(PolicyDiff, SaysWhoLosesWhat) {
    FakeSession session;
    EXPECT_TRUE(session.run({"policy", "diff", "F"}, file(policy_source())).body["lost"].empty());
    const Answer answer = session.run({"policy", "diff", "F"}, file(without_grant("consent-read")));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_TRUE(answer.body["gained"].empty());
    ASSERT_FALSE(answer.body["lost"].empty());
    EXPECT_EQ(answer.body["lost"][0]["kind"], "consent");
    EXPECT_EQ(answer.body["lost"][0]["conditions"], "party");
}

TEST(PolicyAdopt, SignsTheNextVersionAndKeepsItsSource) {
    Office office;
    const Answer answer =
        office.session.run({"policy", "adopt", "F"}, file(without_grant("consent-read")));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["version"], 2);
    EXPECT_EQ(answer.body["position"], 101);
    ASSERT_EQ(office.session.api.adopted.size(), 1U);
    const auto document = registry::parse_document(office.session.api.adopted[0]);
    ASSERT_TRUE(document.has_value());
    EXPECT_TRUE(
        registry::verify_document(*document, BusId::of("ninh-binh-2021"), office.list).has_value());
    EXPECT_GT(document->expires, office.session.clock.wall());
    EXPECT_TRUE(read_private_file(office.folder.path() / "policy.toml", 1 << 20).has_value());
}

TEST(PolicyAdopt, NeedsTheAdministratorsKey) {
    TemporaryFolder folder;
    FakeSession session;
    session.home = folder.path();
    const Answer answer = session.run({"policy", "adopt", "F"}, file(policy_source()));
    EXPECT_EQ(answer.exit, 6);
    EXPECT_EQ(answer.body["error"]["code"], "no_such_file");
    EXPECT_TRUE(session.api.adopted.empty());
}

TEST(Registry, IsShownAsData) {
    FakeSession session;
    const Answer answer = session.run({"registry", "show"});
    EXPECT_EQ(answer.body["version"], 1);
    EXPECT_GE(answer.body["agencies"].size(), 11U);
    const std::string toml = maybe_command("registry show")->render(answer.body, Lang::vi);
    EXPECT_TRUE(registry::compile_registry(toml, BusId::of("ninh-binh-2021"), 2).has_value());
}

constexpr std::string_view kNewAgency =
    "[[agency]]\nid = \"ag-new\"\nslug = \"health\"\n"
    "names = [{ vi = \"Sở Y tế\", en = \"Department of Health\" }]\nnodes = [\"node-health\"]\n";

TEST(Registry, TakesInAnotherAgency) {
    Office office;
    const Answer answer = office.session.run({"registry", "add", "F"}, file(kNewAgency));
    ASSERT_EQ(answer.exit, 0) << to_line(answer.body);
    EXPECT_EQ(answer.body["version"], 2);
    EXPECT_EQ(office.session.api.id_of("health").text(), "ag-new");
    const Answer again = office.session.run({"registry", "add", "F"}, file(kNewAgency));
    EXPECT_EQ(again.exit, 3);
}

TEST(Registry, IsAdoptedAsAWhole) {
    Office office;
    const std::string toml =
        registry::to_toml(office.session.api.documents_in_force.registry->data());
    EXPECT_EQ(office.session.run({"registry", "adopt", "F"}, file(toml)).body["version"], 2);
    EXPECT_EQ(office.session.run({"registry", "adopt", "F"}, file("x = 1\n")).exit, 3);
}

}  // namespace
}  // namespace lienthong::cli
