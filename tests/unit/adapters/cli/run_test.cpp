// SPDX-License-Identifier: Apache-2.0
// The program as a whole: files, what is printed where, exit codes.
#include "adapters/cli/run.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "adapters/cli/socket.hpp"
#include "bus/base/file.hpp"
#include "security/keys/digest.hpp"
#include "tests/unit/adapters/cli/fake_api.hpp"

namespace lienthong::cli {
namespace {

// A home in which a process serves a FakeApi.
struct Served {
    Served() {
        auto opened = SocketServer::open(
            folder.path() / kSocketFile,
            [this](const Invocation& invocation, const std::function<void(std::string_view)>&) {
                return carry_out(session.session, invocation);
            });
        EXPECT_TRUE(opened.has_value());
        server = std::move(*opened);
    }
    int run(std::vector<std::string> words) {
        words.insert(words.end(), {"--home", folder.path().string()});
        return cli::run(words, around.environment);
    }
    std::filesystem::path file(const char* name) const { return folder.path() / name; }

    TemporaryFolder folder;
    FakeSession session;
    Surroundings around;
    std::unique_ptr<SocketServer> server;
};

TEST(Run, AsksTheProcessThatHoldsTheNode) {
    Served served;
    EXPECT_EQ(served.run({"status", "--json"}), 0);
    const auto json = maybe_json(served.around.out.str());
    ASSERT_TRUE(json.has_value()) << served.around.out.str();
    EXPECT_EQ(json->at("slug"), "labour");
    EXPECT_TRUE(served.around.err.str().empty());
}

TEST(Run, ReadsAFileOrStandardInput) {
    Served served;
    const std::string text =
        "activity,low,high,qualifier,period\nleaflet,1,1,exact,2021-01-01/2021-12-31\n";
    ASSERT_TRUE(write_file(served.file("f.csv"), as_bytes(text)).has_value());
    EXPECT_EQ(served.run({"publish", "--kind", "outreach-report", served.file("f.csv")}), 0);
    served.around.in.str(text);
    EXPECT_EQ(served.run({"publish", "--kind", "outreach-report", "-", "--format", "csv"}), 0);
    EXPECT_EQ(served.session.api.drafts.size(), 1U);  // the same line
}

// The process may write files of so many bytes, no more; longer writes fail as on a full disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
        EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
        const rlimit limit{bytes, before_.rlim_max};
        EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &before_), 0);
        (void)signal(SIGXFSZ, handler_);
    }

  private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST(Run, AnOutputThatCannotBeWrittenWholeIsNotThere) {
    Served served;
    const std::string out = served.file("stick");
    {
        const FileSizeLimit limit(3);
        EXPECT_EQ(served.run({"bundle", "export", "--out", out}), 6);
    }
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_EQ(served.run({"bundle", "export", "--out", out}), 0);  // so it can be tried again
    EXPECT_TRUE(std::filesystem::exists(out));
}

TEST(Run, AFileThatIsNotThereIsABadArgumentThatNamesIt) {
    Served served;
    const std::string path = served.file("none.csv");
    EXPECT_EQ(served.run({"publish", "--kind", "outreach-report", path, "--lang", "vi"}), 2);
    const std::string said = served.around.err.str();
    EXPECT_NE(said.find(path), std::string::npos) << said;
    EXPECT_NE(said.find("bad_argument"), std::string::npos) << said;
    EXPECT_NE(said.find("không có tệp này"), std::string::npos) << said;
}

TEST(Run, PrintsJsonLinesOneForEachItem) {
    Served served;
    const std::string text =
        "activity,low,high,qualifier,period\n"
        "leaflet,1,1,exact,2021-01-01/2021-12-31\n"
        "leaflet,2,2,exact,2021-01-01/2021-12-31\n";
    ASSERT_TRUE(write_file(served.file("f.csv"), as_bytes(text)).has_value());
    ASSERT_EQ(served.run({"publish", "--kind", "outreach-report", served.file("f.csv")}), 0);
    served.around.out.str("");
    EXPECT_EQ(served.run({"consume"}), 0);
    std::istringstream lines(served.around.out.str());
    std::string line;
    int count = 0;
    while (std::getline(lines, line)) {
        EXPECT_EQ(maybe_json(line)->at("position"), count);
        ++count;
    }
    EXPECT_EQ(count, 2);
}

TEST(Run, WritesNewFilesForTheOwnerAloneAndNeverOverOthers) {
    Served served;
    EXPECT_EQ(served.run({"bundle", "export", "--out", served.file("b")}), 0);
    struct stat status{};
    ASSERT_EQ(stat(served.file("b").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_EQ(served.run({"bundle", "export", "--out", served.file("b")}), 5);
    EXPECT_EQ(as_text(*read_file(served.file("b"), 100)), "bundle");
}

TEST(Run, AnErrorGoesToStandardErrorOrIntoTheJson) {
    Served served;
    EXPECT_EQ(served.run({"message", "show", "1122334455667788-1"}), 4);
    EXPECT_TRUE(served.around.out.str().empty());
    EXPECT_NE(served.around.err.str().find("not_found"), std::string::npos);
    EXPECT_EQ(served.run({"message", "show", "1122334455667788-1", "--json"}), 4);
    const auto json = maybe_json(served.around.out.str());
    ASSERT_TRUE(json.has_value());
    EXPECT_EQ(json->at("error").at("code"), "not_found");
}

TEST(Run, AUsageErrorExitsWithTwo) {
    Surroundings around;
    EXPECT_EQ(run({"dance", "--json"}, around.environment), 2);
    const auto json = maybe_json(around.out.str());
    ASSERT_TRUE(json.has_value()) << around.out.str();
    EXPECT_EQ(json->at("error").at("code"), "bad_argument");
    Surroundings vietnamese;
    EXPECT_EQ(run({"dance", "--json", "--lang", "vi"}, vietnamese.environment), 2);
    EXPECT_EQ(maybe_json(vietnamese.out.str())->at("error").at("do"), "xem --help");
}

TEST(Run, ADirectoryThatIsNoHomeIsNamed) {
    TemporaryFolder folder;
    for (const char* command : {"status", "broker", "node"}) {
        Surroundings around;
        EXPECT_EQ(run({command, "--home", folder.path().string(), "--json"}, around.environment), 2)
            << command;
        const auto json = maybe_json(around.out.str());
        EXPECT_EQ(json->at("error").at("code"), "bad_argument");
        EXPECT_EQ(json->at("error").at("where"), "--home");
    }
}

TEST(Run, AHomeThatIsNotThereIsSaidNotToBeThere) {
    const TemporaryFolder folder;
    const std::string nowhere = (folder.path() / "nowhere").string();
    for (const char* command : {"status", "broker", "node"}) {
        Surroundings around;
        EXPECT_EQ(run({command, "--home", nowhere, "--json"}, around.environment), 2) << command;
        const auto json = maybe_json(around.out.str());
        const Json& error = json->at("error");
        EXPECT_NE(error.at("what").get<std::string>().find("no such directory: " + nowhere),
                  std::string::npos)
            << to_line(error);
        EXPECT_NE(error.at("do").get<std::string>().find("lienthong init"), std::string::npos);
    }
}

TEST(Run, AnAuditOfADirectoryThatIsNotThereOrHoldsNoLogIsABadArgument) {
    const TemporaryFolder folder;
    Surroundings around;
    around.environment.verify_log =
        [](const std::filesystem::path&, const auto&, const audit::Progress&) {
            return Result<audit::Verdict>(fail(Code::no_such_file, "open"));
        };
    const std::string empty = folder.path().string();
    for (const std::string& path : {empty + "/nowhere", empty}) {
        around.out.str({});
        EXPECT_EQ(run({"audit", "verify", path, "--json"}, around.environment), 2);
        const auto json = maybe_json(around.out.str());
        EXPECT_EQ(json->at("error").at("code"), "bad_argument");
        EXPECT_EQ(json->at("error").at("where"), path);
    }
}

TEST(Run, InitNamesASourceThatIsNotThere) {
    const TemporaryFolder folder;
    Surroundings around;
    const std::string nowhere = (folder.path() / "nowhere").string();
    const std::string home = (folder.path() / "bus").string();
    EXPECT_EQ(run({"init", "--home", home, "--setup", nowhere, "--json"}, around.environment), 2);
    EXPECT_EQ(maybe_json(around.out.str())->at("error").at("where"), nowhere);
}

TEST(Run, AConfigurationWithAnUnknownKeyExitsWithTwo) {
    TemporaryFolder folder;
    ASSERT_TRUE(make_private_directory(folder.path() / "keys").has_value());
    ASSERT_TRUE(
        write_file(folder.path() / "node.toml", as_bytes("colour = \"red\"\n"), 0600).has_value());
    Surroundings around;
    EXPECT_EQ(run({"status", "--home", folder.path().string(), "--json"}, around.environment), 2);
    EXPECT_EQ(maybe_json(around.out.str())->at("error").at("code"), "malformed_config");
}

TEST(Run, AnAuditThatFindsAFaultExitsWithSeven) {
    Surroundings around;
    around.environment.verify_log =
        [](const std::filesystem::path&, const auto&, const audit::Progress&) {
            return Result<audit::Verdict>(
                audit::Verdict{false, 9, {}, {}, audit::Fault{4, Code::bad_checksum, "entry"}});
        };
    TemporaryFolder folder;
    EXPECT_EQ(run({"audit", "verify", folder.path().string(), "--json"}, around.environment), 7);
    const auto json = maybe_json(around.out.str());
    EXPECT_EQ(json->at("ok"), false);
    EXPECT_EQ(json->at("first_fault").at("position"), 4);
    EXPECT_EQ(json->at("first_fault").at("code"), "bad_checksum");
    around.environment.verify_log =
        [](const std::filesystem::path&, const auto&, const audit::Progress&) {
            return Result<audit::Verdict>(audit::Verdict{true, 9, {}, {}, std::nullopt});
        };
    EXPECT_EQ(run({"audit", "verify", folder.path().string()}, around.environment), 0);
}

TEST(Run, AnAuditSaysWhoseAdministratorsListItBelieved) {
    Surroundings around;
    std::optional<Hash> asked;
    around.environment.verify_log =
        [&](const std::filesystem::path&, const auto& list, const audit::Progress&) {
            asked = list;
            return Result<audit::Verdict>(audit::Verdict{true, 9, {}, {}, std::nullopt});
        };
    TemporaryFolder folder;
    const std::string list = (folder.path() / "administrators.doc").string();
    ASSERT_TRUE(write_file(list, as_bytes("a list"), 0600).has_value());
    const std::string digest = to_hex(keys::sha256(as_bytes("a list")).view());
    const auto audit = [&](std::vector<std::string> more) {
        around.out.str("");
        std::vector<std::string> words{"audit", "verify", folder.path().string()};
        words.insert(words.end(), more.begin(), more.end());
        return run(words, around.environment);
    };
    EXPECT_EQ(audit({"--json"}), 0);
    EXPECT_FALSE(asked.has_value());
    EXPECT_EQ(maybe_json(around.out.str())->at("anchor"), "from_the_copy");
    EXPECT_EQ(audit({"--json", "--administrators", list}), 0);
    EXPECT_EQ(to_hex(asked->view()), digest);
    EXPECT_EQ(maybe_json(around.out.str())->at("anchor"), "given");
    EXPECT_EQ(audit({"--json", "--administrators-sha256", digest}), 0);
    EXPECT_EQ(to_hex(asked->view()), digest);
    EXPECT_EQ(maybe_json(around.out.str())->at("anchor"), "given");
    EXPECT_EQ(audit({"--administrators-sha256", "12"}), 2);
    EXPECT_EQ(audit({"--administrators-sha256", digest, "--administrators", list}), 2);
    EXPECT_EQ(audit({"--lang", "en"}), 0);
    EXPECT_NE(around.out.str().find("believed from the copy itself"), std::string::npos);
    EXPECT_EQ(audit({"--lang", "vi", "--administrators", list}), 0);
    EXPECT_NE(around.out.str().find("đúng bản đã cho"), std::string::npos) << around.out.str();
}

TEST(Run, EveryTextForPeopleIsMadeInBothLanguages) {
    Served served;
    const std::vector<std::vector<std::string>> all = {
        {"status"},
        {"inbox"},
        {"report", "outreach"},
        {"report", "completeness", "--year", "2021"},
        {"log", "show"},
        {"key", "list"},
        {"policy", "check"},
        {"policy", "show"},
        {"registry", "show"},
        {"policy",
         "explain",
         "--agency",
         "labour",
         "--action",
         "publish",
         "--kind",
         "outreach-report"},
    };
    for (const char* lang : {"vi", "en"}) {
        for (std::vector<std::string> words : all) {
            served.around.out.str("");
            words.insert(words.end(), {"--lang", lang});
            EXPECT_EQ(served.run(words), 0) << words[0];
            EXPECT_FALSE(served.around.out.str().empty()) << words[0];
        }
    }
}

}  // namespace
}  // namespace lienthong::cli
