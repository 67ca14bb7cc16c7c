// SPDX-License-Identifier: Apache-2.0
#include "tests/support/watched_journal.hpp"

#include <fmt/format.h>

#include "bus/journal/memory_journal.hpp"

namespace lienthong::test {
namespace {

using journal::ReadTxn;
using journal::Table;
using journal::Visit;
using journal::WriteTxn;

class Watched : public WriteTxn {
  public:
    Watched(std::unique_ptr<WriteTxn> txn, Accesses& accesses)
        : txn_(std::move(txn)), accesses_(accesses) {}

    Result<std::optional<Bytes>> maybe_get(Table table, BytesView key) const override {
        note("get", table);
        return txn_->maybe_get(table, key);
    }
    Result<void> scan(Table table, BytesView from, const Visit& visit) const override {
        note("scan", table);
        return txn_->scan(table, from, [&](BytesView key, BytesView value) {
            note("row", table);
            return visit(key, value);
        });
    }
    Result<void> scan_back(Table table, BytesView before, const Visit& visit) const override {
        note("scan_back", table);
        return txn_->scan_back(table, before, [&](BytesView key, BytesView value) {
            note("row", table);
            return visit(key, value);
        });
    }
    Position log_size() const override { return txn_->log_size(); }
    Result<Bytes> entry(Position position) const override {
        accesses_.emplace_back("entry");
        return txn_->entry(position);
    }
    Result<void> put(Table table, BytesView key, BytesView value) override {
        note("put", table);
        return txn_->put(table, key, value);
    }
    Result<void> erase(Table table, BytesView key) override {
        note("erase", table);
        return txn_->erase(table, key);
    }
    Result<Position> append(BytesView entry) override {
        accesses_.emplace_back("append");
        return txn_->append(entry);
    }
    Result<void> replace(Position position, BytesView entry) override {
        accesses_.emplace_back("replace");
        return txn_->replace(position, entry);
    }
    Result<void> commit() override { return txn_->commit(); }

  private:
    void note(const char* what, Table table) const {
        accesses_.push_back(fmt::format("{} {}", what, table));
    }

    std::unique_ptr<WriteTxn> txn_;
    Accesses& accesses_;
};

class WatchedJournal : public journal::Journal {
  public:
    explicit WatchedJournal(Accesses& accesses)
        : journal_(journal::open_memory(journal::make_memory_disk())), accesses_(accesses) {}

    Result<Epoch> acquire() override { return journal_->acquire(); }
    Result<std::unique_ptr<ReadTxn>> begin_read() override { return journal_->begin_read(); }
    Result<std::unique_ptr<WriteTxn>> begin_write() override {
        auto txn = journal_->begin_write();
        if (!txn) return txn;
        return std::make_unique<Watched>(std::move(*txn), accesses_);
    }
    Position confirmed() const override { return journal_->confirmed(); }
    Result<std::pair<std::uint64_t, std::uint64_t>> bytes_used_and_max() const override {
        return journal_->bytes_used_and_max();
    }

  private:
    std::unique_ptr<journal::Journal> journal_;
    Accesses& accesses_;
};

}  // namespace

std::unique_ptr<journal::Journal> watched_memory_journal(Accesses& accesses) {
    return std::make_unique<WatchedJournal>(accesses);
}

}  // namespace lienthong::test
