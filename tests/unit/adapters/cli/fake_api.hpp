// SPDX-License-Identifier: Apache-2.0
// FakeApi: a node of an agency of the example, in memory: what it is given comes back in its inbox.
// And what tests of the command line share: a surrounding, temporary folders, the example's
// sources.
#pragma once

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "adapters/cli/ceremony.hpp"
#include "adapters/cli/command.hpp"
#include "bus/base/clock.hpp"
#include "bus/base/random.hpp"
#include "bus/node/api.hpp"

namespace lienthong::cli {

std::string read_source_file(std::string_view path);  // in the source tree
std::string registry_source();
std::string policy_source();

class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

// A bus made by the ceremony from the example's sources, once for all tests (making keys is slow on
// purpose). Tests that change a home take a copy of it.
struct MadeBus {
    TemporaryFolder folder;
    CeremonyResult result;
    std::filesystem::path path() const { return folder.path() / "bus"; }
};
const MadeBus& made_bus();
void copy_home(const std::filesystem::path& from, const std::filesystem::path& to);

class FakeApi final : public node::Api {
  public:
    explicit FakeApi(std::string_view slug = "labour");

    Result<std::vector<node::Outcome>> submit(std::vector<node::Draft> drafts,
                                              Timeout timeout) override;
    Result<std::vector<node::InboxEntry>> consume(Position from, std::size_t count_max) override;
    Result<node::InboxEntry> message(const MessageId& id) override;
    Result<Secret> section(const MessageId& id, std::string_view name) override;
    Result<Bytes> section_as_sent(const MessageId& id, std::string_view name) override;
    Result<node::Verification> verify(const MessageId& id, Timeout timeout) override;
    Result<message::QueryAnswer> query(const message::Query& query, Timeout timeout) override;
    Result<node::Status> status(Timeout timeout) override;
    Result<node::Documents> documents() override;
    Result<void> catch_up(Position position, Timeout timeout) override;
    Result<void> catch_up_to_now(Timeout timeout) override;
    Result<Position> adopt(BytesView document, Timeout timeout) override;
    Result<node::ExportedBundle> export_bundle(const BundleProgress& progress) override;
    Result<node::ImportedBundle> import_bundle(BytesView reply,
                                               const BundleProgress& progress) override;

    AgencyId id_of(std::string_view slug) const;

    // What the test sets and looks at.
    node::Outcome::State state = node::Outcome::State::accepted;
    std::optional<Error> refusal;        // with `state` refused
    std::optional<Code> waits_for;       // with `state` waiting
    std::size_t drafts_max = 1'000'000;  // of one submit()
    std::size_t submits = 0;             // that were not refused for that
    bool broker_reachable = true;
    bool is_behind = false;  // messages are there once somebody has caught up
    node::Verification verification{true, true, true, true};
    message::QueryAnswer query_answer;
    std::optional<Error> query_error;
    std::vector<node::Draft> drafts;  // all that were taken
    std::vector<Bytes> adopted;
    node::Documents documents_in_force;
    AgencyId agency;

  private:
    struct Stored {
        node::InboxEntry entry;
        node::Draft draft;
    };
    std::vector<Stored> inbox_;
    std::map<std::string, std::size_t> by_key_;
};

// A process with its surroundings, for run().
struct Surroundings {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    ManualClock clock{1'640'995'200'000};  // 2022-01-01
    SeededRandom random{7};
    Environment environment{
        in, out, err, clock, random, {}, {}, {[] {}, [] { return true; }}, "en_GB.UTF-8", {}};
};

// A session with a FakeApi.
struct FakeSession {
    explicit FakeSession(std::string_view slug = "labour") : api(slug) {}
    FakeApi api;
    std::filesystem::path home;
    ManualClock clock{1'640'995'200'000};
    SeededRandom random{7};
    std::vector<std::string> lines;  // of progress
    Session session{
        api, home, clock, random, [this](std::string_view line) { lines.emplace_back(line); }};

    // Parses the words as the program does, reads no files; inputs by option.
    Answer run(const std::vector<std::string>& words, const Contents& inputs = {});
};

Bytes bytes_of(std::string_view text);

}  // namespace lienthong::cli
