// SPDX-License-Identifier: Apache-2.0
// What every journal must do, whatever stands behind it. An implementation gives a Backend and
// instantiates the suite: INSTANTIATE_TEST_SUITE_P(Name, JournalConformance,
// Values(&make_backend)).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "bus/journal/scrub.hpp"
#include "tests/unit/bus/journal/support.hpp"

namespace lienthong::journal {

// One place that keeps its data while journals on it are opened and closed, one at a time.
class Backend {
  public:
    virtual ~Backend() = default;
    virtual std::unique_ptr<Journal> open() = 0;
};

using MakeBackend = std::unique_ptr<Backend> (*)();

class JournalConformance : public testing::TestWithParam<MakeBackend> {
  protected:
    JournalConformance() : backend_(GetParam()()), journal_(backend_->open()) {}

    void reopen() {
        journal_.reset();
        journal_ = backend_->open();
    }
    std::unique_ptr<WriteTxn> write() {
        auto txn = journal_->begin_write();
        CHECK(txn.has_value());
        return std::move(*txn);
    }
    std::unique_ptr<ReadTxn> read() {
        auto txn = journal_->begin_read();
        CHECK(txn.has_value());
        return std::move(*txn);
    }
    void put(Table table, std::string_view key, std::string_view value) {
        auto txn = write();
        ASSERT_TRUE(txn->put(table, as_bytes(key), as_bytes(value)).has_value());
        ASSERT_TRUE(txn->commit().has_value());
    }
    Position append(std::string_view entry) {
        auto txn = write();
        const auto position = txn->append(as_bytes(entry));
        CHECK(position.has_value());
        CHECK(txn->commit().has_value());
        return *position;
    }

    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Journal> journal_;
};

TEST_P(JournalConformance, IsEmptyWhenNew) {
    EXPECT_EQ(journal_->confirmed(), 0U);
    const auto txn = read();
    EXPECT_EQ(txn->log_size(), 0U);
    EXPECT_EQ(code_of(txn->entry(0)), Code::not_found);
    EXPECT_EQ(txn->maybe_get(kCats, text("tom")).value(), std::nullopt);
    EXPECT_EQ(all_of(*txn, kCats), Records{});
    EXPECT_EQ(all_back(*txn, kCats), Records{});
    EXPECT_EQ(all_back(*txn, kCats, "x"), Records{});
}

TEST_P(JournalConformance, ReadsWhatWasAppendedInOrder) {
    EXPECT_EQ(append("first"), 0U);
    EXPECT_EQ(append("second"), 1U);
    const auto txn = read();
    EXPECT_EQ(txn->log_size(), 2U);
    EXPECT_EQ(txn->entry(0).value(), text("first"));
    EXPECT_EQ(txn->entry(1).value(), text("second"));
    EXPECT_EQ(code_of(txn->entry(2)), Code::not_found);
}

TEST_P(JournalConformance, NumbersTheEntriesOfOneTransactionWithoutGap) {
    append("before");
    auto txn = write();
    for (Position position = 1; position <= 1000; ++position) {
        ASSERT_EQ(txn->append(as_bytes(std::to_string(position))).value(), position);
    }
    EXPECT_EQ(txn->log_size(), 1001U);
    EXPECT_EQ(txn->entry(1000).value(), text("1000"));
    ASSERT_TRUE(txn->commit().has_value());
    EXPECT_EQ(read()->entry(256).value(), text("256"));
}

TEST_P(JournalConformance, ConfirmsOnlyWhatIsCommitted) {
    auto txn = write();
    ASSERT_TRUE(txn->append(as_bytes("entry")).has_value());
    EXPECT_EQ(journal_->confirmed(), 0U);
    ASSERT_TRUE(txn->commit().has_value());
    EXPECT_EQ(journal_->confirmed(), 1U);
    txn.reset();
    reopen();
    EXPECT_EQ(journal_->confirmed(), 1U);
}

TEST_P(JournalConformance, LeavesNoTraceOfATransactionThatIsDropped) {
    put(kCats, "tom", "grey");
    append("kept");
    {
        auto txn = write();
        ASSERT_TRUE(txn->append(as_bytes("dropped")).has_value());
        ASSERT_TRUE(txn->put(kCats, as_bytes("tom"), as_bytes("black")).has_value());
        ASSERT_TRUE(txn->put(kDogs, as_bytes("rex"), as_bytes("brown")).has_value());
        ASSERT_TRUE(txn->replace(0, as_bytes("altered")).has_value());
    }
    const auto txn = read();
    EXPECT_EQ(txn->log_size(), 1U);
    EXPECT_EQ(txn->entry(0).value(), text("kept"));
    EXPECT_EQ(all_of(*txn, kCats), (Records{{"tom", "grey"}}));
    EXPECT_EQ(all_of(*txn, kDogs), Records{});
    EXPECT_EQ(journal_->confirmed(), 1U);
}

TEST_P(JournalConformance, KeepsEverythingWhenItIsOpenedAgain) {
    put(kCats, "tom", "grey");
    put(kDogs, "tom", "brown");
    append("entry");
    reopen();
    const auto txn = read();
    EXPECT_EQ(txn->maybe_get(kCats, text("tom")).value(), text("grey"));
    EXPECT_EQ(txn->maybe_get(kDogs, text("tom")).value(), text("brown"));
    EXPECT_EQ(txn->entry(0).value(), text("entry"));
}

TEST_P(JournalConformance, SeesItsOwnWritesBeforeTheCommit) {
    put(kCats, "a", "1");
    put(kCats, "c", "3");
    auto txn = write();
    ASSERT_TRUE(txn->put(kCats, as_bytes("b"), as_bytes("2")).has_value());
    ASSERT_TRUE(txn->put(kCats, as_bytes("c"), as_bytes("4")).has_value());
    ASSERT_TRUE(txn->erase(kCats, as_bytes("a")).has_value());
    EXPECT_EQ(txn->maybe_get(kCats, text("a")).value(), std::nullopt);
    EXPECT_EQ(txn->maybe_get(kCats, text("b")).value(), text("2"));
    EXPECT_EQ(all_of(*txn, kCats), (Records{{"b", "2"}, {"c", "4"}}));
    EXPECT_EQ(all_back(*txn, kCats), (Records{{"c", "4"}, {"b", "2"}}));
}

TEST_P(JournalConformance, ScansFromItsBoundUpwards) {
    for (const auto* key : {"b", "a", "d", "ca", "c"}) put(kCats, key, key);
    const auto txn = read();
    EXPECT_EQ(all_of(*txn, kCats),
              (Records{{"a", "a"}, {"b", "b"}, {"c", "c"}, {"ca", "ca"}, {"d", "d"}}));
    EXPECT_EQ(all_of(*txn, kCats, "c"), (Records{{"c", "c"}, {"ca", "ca"}, {"d", "d"}}));
    EXPECT_EQ(all_of(*txn, kCats, "bb"), (Records{{"c", "c"}, {"ca", "ca"}, {"d", "d"}}));
    EXPECT_EQ(all_of(*txn, kCats, "e"), Records{});
}

TEST_P(JournalConformance, ScansBackFromBelowItsBound) {
    for (const auto* key : {"b", "a", "c"}) put(kCats, key, key);
    const auto txn = read();
    EXPECT_EQ(all_back(*txn, kCats), (Records{{"c", "c"}, {"b", "b"}, {"a", "a"}}));
    EXPECT_EQ(all_back(*txn, kCats, "c"), (Records{{"b", "b"}, {"a", "a"}}));
    EXPECT_EQ(all_back(*txn, kCats, "bb"), (Records{{"b", "b"}, {"a", "a"}}));
    EXPECT_EQ(all_back(*txn, kCats, "a"), Records{});
}

TEST_P(JournalConformance, OrdersKeysAsUnsignedBytes) {
    put(kCats, "\x7f", "low");
    put(kCats, "\x80", "high");
    const auto txn = read();
    EXPECT_EQ(all_of(*txn, kCats), (Records{{"\x7f", "low"}, {"\x80", "high"}}));
}

TEST_P(JournalConformance, StopsAScanWhenTheVisitSaysSo) {
    for (const auto* key : {"a", "b", "c"}) put(kCats, key, key);
    const auto txn = read();
    int visits = 0;
    const auto stop_at_second = [&](BytesView, BytesView) { return ++visits < 2; };
    ASSERT_TRUE(txn->scan(kCats, {}, stop_at_second).has_value());
    EXPECT_EQ(visits, 2);
    visits = 0;
    ASSERT_TRUE(txn->scan_back(kCats, {}, stop_at_second).has_value());
    EXPECT_EQ(visits, 2);
}

TEST_P(JournalConformance, LetsAVisitReadTheSameTransaction) {
    put(kCats, "a", "1");
    put(kDogs, "a", "2");
    const auto txn = read();
    Bytes other;
    ASSERT_TRUE(txn->scan(kCats,
                          {},
                          [&](BytesView key, BytesView) {
                              other = txn->maybe_get(kDogs, key).value().value_or(Bytes{});
                              return all_of(*txn, kDogs).size() > 1;
                          })
                    .has_value());
    EXPECT_EQ(other, text("2"));
}

TEST_P(JournalConformance, EndsTheProcessWhenAVisitWrites) {
    put(kCats, "a", "1");
    auto txn = write();
    const auto erase_visited = [&] {
        // The result does not matter: the call must not come back.
        (void)txn->scan(kCats, {}, [&](BytesView key, BytesView) {
            (void)txn->erase(kCats, key);
            return true;
        });
    };
    GTEST_FLAG_SET(death_test_style, "fast");
    EXPECT_DEATH(erase_visited(), "scanning");
}

TEST_P(JournalConformance, EndsTheProcessWhenASecondWriteBegins) {
    const auto txn = write();
    GTEST_FLAG_SET(death_test_style, "fast");
    EXPECT_DEATH((void)journal_->begin_write(), "writing");
}

TEST_P(JournalConformance, ErasesAKeyAndNothingElse) {
    put(kCats, "a", "1");
    put(kCats, "b", "2");
    auto txn = write();
    ASSERT_TRUE(txn->erase(kCats, as_bytes("a")).has_value());
    ASSERT_TRUE(txn->erase(kCats, as_bytes("absent")).has_value());
    ASSERT_TRUE(txn->commit().has_value());
    EXPECT_EQ(all_of(*read(), kCats), (Records{{"b", "2"}}));
    put(kCats, "a", "again");
    EXPECT_EQ(all_of(*read(), kCats), (Records{{"a", "again"}, {"b", "2"}}));
}

TEST_P(JournalConformance, ReplacesAnEntryInPlace) {
    append("first");
    append("second");
    auto txn = write();
    ASSERT_TRUE(txn->replace(0, as_bytes("another, longer")).has_value());
    EXPECT_EQ(code_of(txn->replace(2, as_bytes("absent"))), Code::not_found);
    ASSERT_TRUE(txn->commit().has_value());
    txn.reset();
    reopen();
    const auto reader = read();
    EXPECT_EQ(reader->log_size(), 2U);
    EXPECT_EQ(reader->entry(0).value(), text("another, longer"));
    EXPECT_EQ(reader->entry(1).value(), text("second"));
}

TEST_P(JournalConformance, TakesValuesFromEmptyToTheLimit) {
    const std::string large(std::size_t{1} << 20, 'x');
    const Bytes largest(kValueBytesMax, 7);
    auto txn = write();
    ASSERT_TRUE(txn->put(kCats, as_bytes("empty"), {}).has_value());
    ASSERT_TRUE(txn->put(kCats, as_bytes("large"), as_bytes(large)).has_value());
    ASSERT_TRUE(txn->put(kCats, as_bytes("largest"), largest).has_value());
    ASSERT_TRUE(txn->append({}).has_value());
    ASSERT_TRUE(txn->append(as_bytes(large)).has_value());
    ASSERT_TRUE(txn->commit().has_value());
    txn.reset();
    reopen();
    const auto reader = read();
    EXPECT_EQ(reader->maybe_get(kCats, text("empty")).value(), Bytes{});
    EXPECT_EQ(reader->maybe_get(kCats, text("large")).value(), text(large));
    EXPECT_TRUE(reader->maybe_get(kCats, text("largest")).value() == largest);
    EXPECT_EQ(reader->entry(0).value(), Bytes{});
    EXPECT_EQ(reader->entry(1).value(), text(large));
}

TEST_P(JournalConformance, RefusesAValueOverTheLimitAndGoesOn) {
    const Bytes value(kValueBytesMax + 1);
    auto txn = write();
    EXPECT_EQ(code_of(txn->put(kCats, text("a"), value)), Code::oversized);
    EXPECT_EQ(code_of(txn->append(value)), Code::oversized);
    EXPECT_EQ(txn->append(as_bytes("small")).value(), 0U);
    EXPECT_EQ(code_of(txn->replace(0, value)), Code::oversized);
    EXPECT_TRUE(txn->commit().has_value());
    EXPECT_EQ(read()->entry(0).value(), text("small"));
}

TEST_P(JournalConformance, TakesKeysUpToTheLimit) {
    const std::string key(kKeyBytesMax, 'k');
    put(kCats, key, "value");
    EXPECT_EQ(read()->maybe_get(kCats, text(key)).value(), text("value"));
}

TEST_P(JournalConformance, RefusesEmptyKeysAndKeysOverTheLimitAndGoesOn) {
    auto txn = write();
    for (const Bytes& key : {Bytes(kKeyBytesMax + 1), Bytes{}}) {
        EXPECT_EQ(code_of(txn->put(kCats, key, text("value"))), Code::bad_argument);
        EXPECT_EQ(code_of(txn->erase(kCats, key)), Code::bad_argument);
        EXPECT_EQ(code_of(txn->maybe_get(kCats, key)), Code::bad_argument);
    }
    ASSERT_TRUE(txn->put(kCats, text("good"), text("value")).has_value());
    EXPECT_TRUE(txn->commit().has_value());
    EXPECT_EQ(all_of(*read(), kCats), (Records{{"good", "value"}}));
}

TEST_P(JournalConformance, ShowsAReaderTheSnapshotAtItsBegin) {
    put(kCats, "kept", "old");
    put(kCats, "gone", "old");
    append("first");
    const auto before = read();
    for (int round = 0; round < 3; ++round) {
        auto txn = write();
        ASSERT_TRUE(txn->put(kCats, as_bytes("kept"), as_bytes("new")).has_value());
        ASSERT_TRUE(txn->put(kCats, as_bytes("more"), as_bytes("new")).has_value());
        ASSERT_TRUE(txn->erase(kCats, as_bytes("gone")).has_value());
        ASSERT_TRUE(txn->append(as_bytes("another")).has_value());
        ASSERT_TRUE(txn->replace(0, as_bytes("replaced")).has_value());
        ASSERT_TRUE(txn->commit().has_value());
    }
    EXPECT_EQ(all_of(*before, kCats), (Records{{"gone", "old"}, {"kept", "old"}}));
    EXPECT_EQ(all_back(*before, kCats), (Records{{"kept", "old"}, {"gone", "old"}}));
    EXPECT_EQ(before->log_size(), 1U);
    EXPECT_EQ(before->entry(0).value(), text("first"));
    EXPECT_EQ(code_of(before->entry(1)), Code::not_found);
    const auto after = read();
    EXPECT_EQ(all_of(*after, kCats), (Records{{"kept", "new"}, {"more", "new"}}));
    EXPECT_EQ(after->log_size(), 4U);
    EXPECT_EQ(after->entry(0).value(), text("replaced"));
}

TEST_P(JournalConformance, DoesNotShowAnOpenTransactionToReaders) {
    auto txn = write();
    ASSERT_TRUE(txn->put(kCats, as_bytes("a"), as_bytes("1")).has_value());
    const auto reader = read();
    ASSERT_TRUE(txn->commit().has_value());
    EXPECT_EQ(all_of(*reader, kCats), Records{});
}

TEST_P(JournalConformance, GivesGrowingEpochs) {
    EXPECT_EQ(journal_->acquire().value(), 1U);
    EXPECT_EQ(journal_->acquire().value(), 2U);
    reopen();
    EXPECT_EQ(journal_->acquire().value(), 3U);
}

TEST_P(JournalConformance, WritesAfterItHasAcquired) {
    ASSERT_TRUE(journal_->acquire().has_value());
    EXPECT_EQ(append("mine"), 0U);
}

TEST_P(JournalConformance, RefusesWhoDidNotAcquireALogThatHadAnOwner) {
    ASSERT_TRUE(journal_->acquire().has_value());
    append("mine");
    reopen();
    {
        auto txn = write();
        EXPECT_EQ(code_of(txn->append(as_bytes("not mine"))), Code::already_running);
        ASSERT_TRUE(txn->put(kCats, as_bytes("a"), as_bytes("1")).has_value());
        EXPECT_EQ(code_of(txn->commit()), Code::already_running);
    }
    EXPECT_EQ(read()->log_size(), 1U);
    EXPECT_EQ(all_of(*read(), kCats), Records{});
    ASSERT_TRUE(journal_->acquire().has_value());
    EXPECT_EQ(append("mine again"), 1U);
}

TEST_P(JournalConformance, SaysHowManyBytesAreUsed) {
    const auto before = journal_->bytes_used_and_max().value();
    auto txn = write();
    ASSERT_TRUE(txn->append(Bytes(100'000)).has_value());
    ASSERT_TRUE(txn->commit().has_value());
    const auto after = journal_->bytes_used_and_max().value();
    EXPECT_GE(after.first, before.first + 100'000);
    EXPECT_LT(after.first, before.first + 200'000);
    EXPECT_LE(after.first, after.second);
}

TEST_P(JournalConformance, ScrubsEveryRecord) {
    put(kCats, "a", "1");
    put(kDogs, "a", "1");
    put(kDogs, "b", "1");
    append("entry");
    const auto fault = [](const ScrubFault&) { ADD_FAILURE() << "there is no fault"; };
    EXPECT_EQ(scrub(*read(), kTableNames.size(), fault).value(), 4U);
}

}  // namespace lienthong::journal
