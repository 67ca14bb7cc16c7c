// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/faulty_journal.hpp"

namespace lienthong::sim {

using journal::Table;
using journal::Visit;

bool DiskFaults::strikes(bool is_commit) {
    ++steps;
    if (dead) return true;
    if (!armed || (which == Which::commit && !is_commit) || steps_left-- > 0) return false;
    armed = false;
    dead = after == Then::is_dead;
    return true;
}

namespace {

std::unexpected<Error> broken_disk() { return fail(Code::io, "a fault of the simulator", "disk"); }

// What reading and writing transactions share.
template <class Base>
class FaultyTxn : public Base {
  public:
    FaultyTxn(std::unique_ptr<Base> inner, DiskFaults& faults)
        : inner_(std::move(inner)), faults_(faults) {}

    Result<std::optional<Bytes>> maybe_get(Table table, BytesView key) const override {
        if (read_fails()) return broken_disk();
        return inner_->maybe_get(table, key);
    }
    Result<void> scan(Table table, BytesView from, const Visit& visit) const override {
        if (read_fails()) return broken_disk();
        return inner_->scan(table, from, visit);
    }
    Result<void> scan_back(Table table, BytesView before, const Visit& visit) const override {
        if (read_fails()) return broken_disk();
        return inner_->scan_back(table, before, visit);
    }
    Position log_size() const override { return inner_->log_size(); }
    Result<Bytes> entry(Position position) const override {
        if (read_fails()) return broken_disk();
        return inner_->entry(position);
    }

  protected:
    bool read_fails() const {
        if (!faults_.strikes(false)) return false;
        ++faults_.reads_failed;
        return true;
    }

    std::unique_ptr<Base> inner_;
    DiskFaults& faults_;
};

class FaultyWriteTxn final : public FaultyTxn<journal::WriteTxn> {
  public:
    FaultyWriteTxn(std::unique_ptr<journal::WriteTxn> inner, DiskFaults& faults, bool& failed)
        : FaultyTxn(std::move(inner), faults), failed_(failed) {}

    Result<void> put(Table table, BytesView key, BytesView value) override {
        if (write_fails()) return broken_disk();
        return inner_->put(table, key, value);
    }
    Result<void> erase(Table table, BytesView key) override {
        if (write_fails()) return broken_disk();
        return inner_->erase(table, key);
    }
    Result<Position> append(BytesView entry) override {
        if (write_fails()) return broken_disk();
        return inner_->append(entry);
    }
    Result<void> replace(Position position, BytesView entry) override {
        if (write_fails()) return broken_disk();
        return inner_->replace(position, entry);
    }
    Result<void> commit() override {
        if (spent_ || !faults_.strikes(true)) {
            return spent_ ? Result<void>(broken_disk()) : inner_->commit();
        }
        failed_ = true;
        if (faults_.commit_is_durable) {
            ++faults_.commits_unanswered;
            // Its answer is the one that never came.
            (void)inner_->commit();
        } else {
            ++faults_.commits_lost;
        }
        return broken_disk();
    }

  private:
    bool write_fails() {
        if (!faults_.strikes(false)) return false;
        ++faults_.writes_failed;
        spent_ = true;
        return true;
    }

    bool& failed_;
    bool spent_ = false;
};

class FaultyJournal final : public journal::Journal {
  public:
    FaultyJournal(std::unique_ptr<journal::Journal> inner, DiskFaults& faults)
        : inner_(std::move(inner)), faults_(faults) {}

    Result<Epoch> acquire() override { return inner_->acquire(); }
    Result<std::unique_ptr<journal::ReadTxn>> begin_read() override {
        if (failed_ || faults_.dead) return broken_disk();
        auto txn = inner_->begin_read();
        if (!txn) return txn;
        return std::make_unique<FaultyTxn<journal::ReadTxn>>(std::move(*txn), faults_);
    }
    Result<std::unique_ptr<journal::WriteTxn>> begin_write() override {
        if (failed_ || faults_.dead) return broken_disk();
        auto txn = inner_->begin_write();
        if (!txn) return txn;
        return std::make_unique<FaultyWriteTxn>(std::move(*txn), faults_, failed_);
    }
    Position confirmed() const override { return inner_->confirmed(); }
    Result<std::pair<std::uint64_t, std::uint64_t>> bytes_used_and_max() const override {
        return inner_->bytes_used_and_max();
    }

  private:
    std::unique_ptr<journal::Journal> inner_;
    DiskFaults& faults_;
    bool failed_ = false;  // a commit failed: this process commits no more
};

}  // namespace

std::unique_ptr<journal::Journal> open_faulty(std::shared_ptr<journal::MemoryDisk> disk,
                                              DiskFaults& faults) {
    faults.dead = false;
    return std::make_unique<FaultyJournal>(journal::open_memory(std::move(disk)), faults);
}

}  // namespace lienthong::sim
