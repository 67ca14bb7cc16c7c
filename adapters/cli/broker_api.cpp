// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/broker_api.hpp"

#include <optional>
#include <utility>

#include "bus/base/file.hpp"
#include "bus/broker/log_page.hpp"
#include "bus/core/state.hpp"
#include "bus/journal/lmdb_journal.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

class RunningBroker final : public BrokerApi {
  public:
    explicit RunningBroker(broker::Broker& broker) : broker_(broker) {}

    bool running() const override { return true; }
    Result<broker::BrokerStatus> status() override { return broker_.status(); }
    Result<std::vector<core::Entry>> read_entries(Position from, std::size_t count_max) override {
        return broker_.read_entries(from, count_max);
    }
    Result<broker::BundleReply> import_bundle(
        BytesView file, const broker::Broker::ImportProgress& progress) override {
        return broker_.import_bundle(file, progress);
    }

  private:
    broker::Broker& broker_;
};

class DataAtRest final : public BrokerApi {
  public:
    // Without a journal: the broker never ran.
    DataAtRest(std::optional<FileLock> lock,
               std::unique_ptr<journal::Journal> journal,
               Random& random)
        : lock_(std::move(lock)), journal_(std::move(journal)), random_(random) {}

    bool running() const override { return false; }

    Result<broker::BrokerStatus> status() override {
        broker::BrokerStatus status;
        if (!journal_) return status;
        auto txn = journal_->begin_read();
        if (!txn) return std::unexpected(txn.error());
        // Documents and heads are not encrypted; nothing else is read, so any key will do.
        core::Vault vault(seal::StorageKey::generate(random_), random_);
        const core::ReadState state(**txn, vault);
        status.log_size = (*txn)->log_size();
        auto note = state.newest_head();
        if (!note) return std::unexpected(note.error());
        if (*note) {
            auto head = proof::parse_head(**note);
            if (!head) return std::unexpected(head.error());
            status.root = head->root;
        }
        auto documents = state.documents();
        if (!documents) return std::unexpected(documents.error());
        status.registry_version = documents->version(registry::DocumentKind::registry);
        status.policy_version = documents->version(registry::DocumentKind::policy);
        return status;
    }

    Result<std::vector<core::Entry>> read_entries(Position from, std::size_t count_max) override {
        if (!journal_) return std::vector<core::Entry>();
        auto txn = journal_->begin_read();
        if (!txn) return std::unexpected(txn.error());
        return broker::read_page(**txn, from, count_max);
    }

    Result<broker::BundleReply> import_bundle(BytesView,
                                              const broker::Broker::ImportProgress&) override {
        return fail(Code::unreachable, "the broker does not run; start it: lienthong broker");
    }

  private:
    const std::optional<FileLock> lock_;
    const std::unique_ptr<journal::Journal> journal_;
    Random& random_;
};

}  // namespace

std::unique_ptr<BrokerApi> api_of(broker::Broker& broker) {
    return std::make_unique<RunningBroker>(broker);
}

Result<std::unique_ptr<BrokerApi>> open_broker_data(const fs::path& home, Random& random) {
    journal::LmdbOptions options;
    options.directory = home / "data";
    options.tables = core::kTableNames;
    options.read_only = true;
    std::error_code error;
    if (!fs::exists(options.directory / "data.mdb", error)) {
        return std::make_unique<DataAtRest>(std::nullopt, nullptr, random);
    }
    // Reading without a lock what a broker writes would show torn pages.
    auto lock = FileLock::acquire(options.directory / "lock.owner");
    if (!lock) return std::unexpected(lock.error());
    auto journal = journal::open_lmdb(options);
    if (!journal) return std::unexpected(journal.error());
    return std::make_unique<DataAtRest>(std::move(*lock), std::move(*journal), random);
}

}  // namespace lienthong::cli
