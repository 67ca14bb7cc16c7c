// SPDX-License-Identifier: Apache-2.0
// The conformance suite for the journals that this module has.
#include "tests/unit/bus/journal/conformance.hpp"

#include "bus/journal/memory_journal.hpp"

namespace lienthong::journal {
namespace {

class MemoryBackend final : public Backend {
  public:
    std::unique_ptr<Journal> open() override { return open_memory(disk_); }

  private:
    std::shared_ptr<MemoryDisk> disk_ = make_memory_disk();
};

class LmdbBackend final : public Backend {
  public:
    std::unique_ptr<Journal> open() override {
        auto journal = open_lmdb(options_in(folder_.path()));
        CHECK(journal.has_value());
        return std::move(*journal);
    }

  private:
    TemporaryFolder folder_;
};

template <class T>
std::unique_ptr<Backend> make_backend() {
    return std::make_unique<T>();
}

INSTANTIATE_TEST_SUITE_P(Memory, JournalConformance, testing::Values(&make_backend<MemoryBackend>));
INSTANTIATE_TEST_SUITE_P(Lmdb, JournalConformance, testing::Values(&make_backend<LmdbBackend>));

}  // namespace
}  // namespace lienthong::journal
