// SPDX-License-Identifier: Apache-2.0
// Audit of a broker's data directory: honest traffic verifies; each alteration is found, at its
// position, although whoever altered it kept every checksum of the journal right.
#include "bus/audit/audit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "bus/base/file.hpp"
#include "bus/core/rows.hpp"
#include "bus/core/tables.hpp"
#include "bus/journal/lmdb_journal.hpp"
#include "security/keys/digest.hpp"
#include "tests/support/small_log.hpp"
#include "tests/support/temporary_folder.hpp"

namespace lienthong::audit {
namespace {

using core::Entry;
using core::Tables;
using message::Kind;
using test::SmallLog;
using test::world;

std::unique_ptr<journal::Journal> open_in(const std::filesystem::path& directory) {
    journal::LmdbOptions options;
    options.directory = directory;
    options.tables = core::kTableNames;
    auto journal = journal::open_lmdb(options);
    CHECK(journal.has_value());
    return std::move(*journal);
}

class AuditOfALog : public testing::Test {
  protected:
    // Figures with a refusal in their middle, a case, a policy, a disclosure.
    AuditOfALog() {
        SmallLog log({}, open_in(directory));
        std::vector<message::Envelope> batch;
        for (std::uint64_t n = 1; n <= 3; ++n) {
            batch.push_back(log.compose("police", test::draft(Kind::outreach_report), {9, n}));
        }
        batch[1].sections.clear();
        first_message = log.size();
        CHECK(log.offer("police", 9, 1, std::move(batch)).has_value());
        const CaseId id = log.open_case();
        log.move_case(id, core::CaseState::notified);
        CHECK(log.fetch("police", 0).has_value());
        CHECK(log.adopt(world().policy_document(world().policy, 2)).has_value());
        log.accept("labour", test::draft(Kind::province_summary));
        size = log.size();
    }

    Verdict audited() {
        auto verdict = verify(directory, anchor, {});
        EXPECT_TRUE(verdict.has_value());
        return verdict ? *verdict : Verdict{};
    }
    void expect_fault(Code code, Position position) {
        const Verdict verdict = audited();
        EXPECT_FALSE(verdict.ok);
        ASSERT_TRUE(verdict.first_fault.has_value());
        EXPECT_EQ(info(verdict.first_fault->code).name, info(code).name)
            << verdict.first_fault->detail;
        EXPECT_EQ(verdict.first_fault->position, position);
    }
    void alter(const std::function<void(journal::WriteTxn&)>& change) {
        const auto journal = open_in(directory);
        ASSERT_TRUE(journal->acquire().has_value());
        const auto txn = journal->begin_write().value();
        change(*txn);
        ASSERT_TRUE(txn->commit().has_value());
    }
    void alter_entry(Position position, const std::function<void(Entry&)>& change) {
        alter([&](journal::WriteTxn& txn) {
            Entry entry = core::parse_entry(txn.entry(position).value()).value();
            change(entry);
            ASSERT_TRUE(txn.replace(position, core::encode_entry(entry)).has_value());
        });
    }
    // Every row of the table goes through `change`; nothing: the row goes.
    void alter_rows(Tables table, const std::function<std::optional<Bytes>(Bytes)>& change) {
        alter([&](journal::WriteTxn& txn) {
            std::vector<std::pair<Bytes, Bytes>> rows;
            ASSERT_TRUE(txn.scan(core::id(table),
                                 {},
                                 [&](BytesView key, BytesView value) {
                                     rows.emplace_back(to_bytes(key), to_bytes(value));
                                     return true;
                                 })
                            .has_value());
            ASSERT_FALSE(rows.empty());
            for (const auto& [key, value] : rows) {
                const auto changed = change(value);
                if (changed) {
                    ASSERT_TRUE(txn.put(core::id(table), key, *changed).has_value());
                } else {
                    ASSERT_TRUE(txn.erase(core::id(table), key).has_value());
                }
            }
        });
    }
    static Bytes head_with(const Bytes& note, keys::Signer& signer, bool change_root) {
        auto head = proof::parse_head(as_text(note)).value();
        if (change_root) head.root.bytes[0] ^= 1;
        const std::string forged = proof::sign_head(head, signer).value();
        return to_bytes(as_bytes(forged));
    }

    test::TemporaryFolder folder;
    const std::filesystem::path directory = folder.path() / "data";
    std::optional<Hash> anchor;
    Position first_message = 0;
    std::uint64_t size = 0;
};

TEST_F(AuditOfALog, FindsHonestTrafficGood) {
    std::vector<std::uint64_t> progress;
    const auto verdict = verify(directory, {}, [&](std::uint64_t done, std::uint64_t all) {
        progress.push_back(done);
        EXPECT_EQ(all, size);
    });
    ASSERT_TRUE(verdict.has_value());
    EXPECT_TRUE(verdict->ok) << (verdict->first_fault ? verdict->first_fault->detail : "");
    EXPECT_EQ(verdict->entries, size);
    EXPECT_FALSE(verdict->first_fault.has_value());
    ASSERT_FALSE(progress.empty());
    EXPECT_EQ(progress.back(), size);
}

TEST_F(AuditOfALog, GivesTheRootOfTheNewestHead) {
    std::string newest;
    {
        const auto journal = open_in(directory);
        const auto txn = journal->begin_read().value();
        SeededRandom random(1);
        core::Vault vault(test::TestWorld::master(""), random);
        newest = core::ReadState(*txn, vault).newest_head().value().value();
    }
    EXPECT_EQ(audited().root, proof::parse_head(newest)->root);
}

TEST_F(AuditOfALog, TakesAHomeDirectoryToo) {
    const auto verdict = verify(folder.path(), {}, {});
    ASSERT_TRUE(verdict.has_value());
    EXPECT_TRUE(verdict->ok);
}

TEST_F(AuditOfALog, FindsAnAlteredHeader) {
    alter_entry(first_message, [](Entry& entry) {
        auto header = message::parse_header(entry.content).value();
        header.created += 1;
        entry.content = message::encode_header(header);
    });
    expect_fault(Code::bad_digest, first_message);
}

TEST_F(AuditOfALog, FindsAnAlteredTime) {
    alter_entry(size - 1, [](Entry& entry) { entry.time += 1; });
    expect_fault(Code::bad_root, size - 1);
}

TEST_F(AuditOfALog, FindsATimeThatGoesBack) {
    alter_entry(first_message, [](Entry& entry) { entry.time -= 1; });
    expect_fault(Code::corrupt, first_message);
}

TEST_F(AuditOfALog, FindsAnotherProofDigest) {
    alter_entry(first_message, [](Entry& entry) { entry.proof_digest.bytes[0] ^= 1; });
    expect_fault(Code::bad_digest, first_message);
}

TEST_F(AuditOfALog, FindsAHeaderOfAnotherBus) {
    alter_entry(first_message, [](Entry& entry) {
        auto header = message::parse_header(entry.content).value();
        header.bus = BusId::of("another-bus");
        entry.content = message::encode_header(header);
    });
    expect_fault(Code::wrong_bus, first_message);
}

TEST_F(AuditOfALog, FindsAlteredRefusals) {
    alter_entry(first_message + 2, [](Entry& entry) {
        auto refusals = core::parse_refusals(entry.content).value();
        refusals.refused.front().code = Code::wrong_bus;
        entry.content = core::encode_refusals(refusals);
    });
    expect_fault(Code::bad_root, first_message + 2);
}

TEST_F(AuditOfALog, FindsAMissingBatch) {
    alter_rows(Tables::batches, [](const Bytes&) { return std::nullopt; });
    expect_fault(Code::corrupt, first_message);
}

TEST_F(AuditOfALog, FindsASpoiledBatchSignature) {
    // The proof's digest follows, as a careful forger's would: the signature itself does not hold.
    Bytes proof;
    alter([&](journal::WriteTxn& txn) {
        const Bytes key = core::rows::key(std::uint64_t{9}, std::uint64_t{1});
        auto row =
            core::rows::parse_batch(txn.maybe_get(core::id(Tables::batches), key)->value()).value();
        row.proof.back() ^= 1;
        proof = row.proof;
        ASSERT_TRUE(txn.put(core::id(Tables::batches), key, core::rows::encode(row)).has_value());
    });
    alter_entry(first_message, [&](Entry& entry) { entry.proof_digest = keys::sha256(proof); });
    expect_fault(Code::bad_signature, first_message);
}

TEST_F(AuditOfALog, FindsANumberThatIsMissingFromItsStream) {
    alter_rows(Tables::refused, [](const Bytes&) { return std::nullopt; });
    expect_fault(Code::stream_gap, first_message + 1);
}

TEST_F(AuditOfALog, FindsAHeadOfAnotherKey) {
    const auto stranger = keys::PrivateKey::generate(keys::Algorithm::ed25519).value().signer();
    alter_rows(Tables::heads, [&](const Bytes& note) { return head_with(note, *stranger, false); });
    expect_fault(Code::bad_signature, 3);  // the first head covers epoch and genesis
}

TEST_F(AuditOfALog, FindsAHeadOverAnotherTree) {
    const auto signer = world().log.signer();
    alter_rows(Tables::heads, [&](const Bytes& note) { return head_with(note, *signer, true); });
    expect_fault(Code::bad_root, 3);
}

TEST_F(AuditOfALog, FindsThatNoHeadCoversTheEnd) {
    alter([&](journal::WriteTxn& txn) {
        ASSERT_TRUE(txn.erase(core::id(Tables::heads), core::rows::key(size)).has_value());
    });
    const Verdict verdict = audited();
    EXPECT_FALSE(verdict.ok);
    ASSERT_TRUE(verdict.first_fault.has_value());
    EXPECT_EQ(verdict.first_fault->code, Code::bad_root);
}

TEST_F(AuditOfALog, FindsADocumentThatNobodySigned) {
    Position adopted = 0;
    alter([&](journal::WriteTxn& txn) {
        for (Position position = 4; position < size; ++position) {
            const Entry entry = core::parse_entry(txn.entry(position).value()).value();
            if (entry.kind == proof::EntryKind::document) adopted = position;
        }
    });
    alter_entry(adopted, [](Entry& entry) {
        auto document = registry::parse_document(entry.content).value();
        document.expires += 1;
        entry.content = registry::encode_document(document);
    });
    expect_fault(Code::bad_signature, adopted);
}

TEST_F(AuditOfALog, HangsFromTheAdministratorsListThatWasGiven) {
    EXPECT_TRUE(audited().ok);
    EXPECT_EQ(audited().administrators, world().pinned);
    anchor = world().pinned;
    EXPECT_TRUE(audited().ok);
    anchor = keys::sha256(as_bytes("another bus's list"));
    expect_fault(Code::threshold_not_met, 0);
    EXPECT_EQ(audited().administrators, world().pinned) << "which one the copy begins with";
}

TEST_F(AuditOfALog, FindsAFlippedByte) {
    const std::filesystem::path file = directory / "data.mdb";
    Bytes bytes = read_file(file, 1u << 30).value();
    const std::string_view wanted = "outreach-reporter";
    // Wherever it stands, in pages in use and in old ones.
    std::size_t flipped = 0;
    for (auto at = bytes.begin();; ++flipped) {
        at = std::search(at, bytes.end(), wanted.begin(), wanted.end());
        if (at == bytes.end()) break;
        *at ^= 1;
    }
    ASSERT_GT(flipped, 0U);
    ASSERT_TRUE(write_file(file, bytes).has_value());
    const Verdict verdict = audited();
    EXPECT_FALSE(verdict.ok);
    ASSERT_TRUE(verdict.first_fault.has_value());
    EXPECT_EQ(info(verdict.first_fault->code).errc, Errc::corrupt);
}

TEST_F(AuditOfALog, SaysThatADirectoryIsNotThere) {
    const auto verdict = verify(folder.path() / "nowhere", {}, {});
    ASSERT_FALSE(verdict.has_value());
    EXPECT_EQ(verdict.error().code, Code::no_such_file);
}

}  // namespace
}  // namespace lienthong::audit
