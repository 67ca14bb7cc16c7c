// SPDX-License-Identifier: Apache-2.0
// check_entry with a batch that is known: what is verified once must not be believed twice.
#include "bus/node/check.hpp"

#include <gtest/gtest.h>

#include "tests/support/small_log.hpp"

namespace lienthong::node {
namespace {

using test::SmallLog;
using test::world;

class KnownBatch : public testing::Test {
  protected:
    // Two batches of three reports each, as the labour department is sent them.
    KnownBatch() {
        for (const char* slug : {"police", "womens-union"}) {
            const std::uint64_t stream = log_.new_stream();
            std::vector<message::Envelope> envelopes;
            for (std::uint64_t i = 1; i <= 3; ++i) {
                envelopes.push_back(
                    log_.compose(slug, test::draft(message::Kind::outreach_report), {stream, i}));
            }
            EXPECT_TRUE(log_.offer(slug, stream, 1, std::move(envelopes)).has_value());
        }
        const auto delivery = log_.fetch("labour", 0);
        for (const message::DeliveredEntry& entry : delivery->entries) {
            if (static_cast<proof::EntryKind>(entry.kind) == proof::EntryKind::message) {
                entries_.push_back(entry);
            }
        }
        EXPECT_EQ(entries_.size(), 6U);
    }

    Result<CheckedEntry> check(const message::DeliveredEntry& entry) {
        return check_entry(
            entry, world().bus, world().id("labour"), *log_.documents().registry, &proven_);
    }
    // Of what is wrong with it; nothing if it passes.
    std::optional<Code> fault(const message::DeliveredEntry& entry) {
        const auto checked = check(entry);
        return checked ? std::nullopt : std::optional(checked.error().code);
    }

    SmallLog log_;
    std::vector<message::DeliveredEntry> entries_;
    ProvenBatch proven_;
};

TEST_F(KnownBatch, TakesEveryEntryOfEachBatch) {
    for (const message::DeliveredEntry& entry : entries_) {
        EXPECT_EQ(fault(entry), std::nullopt) << entry.position;
    }
}

TEST_F(KnownBatch, StillRefusesAHeaderThatIsNotInIt) {
    ASSERT_EQ(fault(entries_[0]), std::nullopt);
    message::DeliveredEntry other = entries_[1];
    other.batch_index = 2;
    EXPECT_EQ(fault(other), Code::bad_digest);
    message::DeliveredEntry changed = entries_[1];
    auto header = message::parse_header(changed.header).value();
    ++header.created;
    changed.header = message::encode_header(header);
    EXPECT_EQ(fault(changed), Code::bad_digest);
}

TEST_F(KnownBatch, DoesNotStandForAProofWithOtherBytes) {
    ASSERT_EQ(fault(entries_[0]), std::nullopt);
    message::DeliveredEntry spoiled = entries_[1];
    spoiled.proof.back() ^= 1U;
    EXPECT_EQ(fault(spoiled), Code::bad_signature);
    EXPECT_EQ(fault(spoiled), Code::bad_signature);  // what failed is not remembered
    EXPECT_EQ(fault(entries_[1]), std::nullopt);
}

TEST_F(KnownBatch, DoesNotStandForAnotherSender) {
    ASSERT_EQ(fault(entries_[0]), std::nullopt);
    message::DeliveredEntry foreign = entries_[3];
    foreign.proof = entries_[0].proof;
    EXPECT_EQ(fault(foreign), Code::wrong_sender);
}

TEST_F(KnownBatch, IsNotBelievedOnceItsKeyDoesNotCount) {
    ASSERT_EQ(fault(entries_[0]), std::nullopt);
    auto data = log_.documents().registry->data();
    registry::KeyEntry& key = test::key_of(data, world().id("police"), keys::Use::sign);
    key.revoked = true;
    key.revoked_from = entries_[1].position;
    const auto revoked = registry::Registry::build(std::move(data)).value();
    const auto checked =
        check_entry(entries_[1], world().bus, world().id("labour"), revoked, &proven_);
    ASSERT_FALSE(checked.has_value());
    EXPECT_EQ(checked.error().code, Code::revoked_key);
}

}  // namespace
}  // namespace lienthong::node
