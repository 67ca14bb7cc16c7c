// SPDX-License-Identifier: Apache-2.0
// Co-signatures at the broker: each fault has its own code, one vote an agency, and what is kept of
// them is bounded.
#include <gtest/gtest.h>

#include "security/proof/witness.hpp"
#include "tests/support/small_log.hpp"

namespace lienthong::core {
namespace {

using message::Kind;
using test::SmallLog;
using test::world;

class Cosigning : public testing::Test {
  protected:
    std::string head(std::uint64_t size) {
        std::string note;
        log.look([&](const ReadState& state) { note = state.maybe_head(size).value().value(); });
        return note;
    }
    std::string line(std::string_view slug, const std::string& note, Millis at) {
        const auto& member = world().member(slug);
        const auto signer = member.witness.signer();
        return proof::cosign_head(note, member.node.text(), at, *signer).value();
    }
    std::optional<Code> offer(std::string_view slug, std::uint64_t size, std::string_view text) {
        std::optional<Code> refused;
        log.in_group([&](Group& group) {
            const auto judged = group.cosign(SmallLog::session(slug), size, text);
            ASSERT_TRUE(judged.has_value());
            if (!*judged) refused = judged->error().code;
        });
        return refused;
    }
    std::optional<Code> cosign(std::string_view slug, std::uint64_t size) {
        return offer(slug, size, line(slug, head(size), log.time));
    }
    std::optional<WitnessedNote> witnessed() {
        std::optional<WitnessedNote> note;
        log.in_group([&](Group& group) { note = group.newest_witnessed().value(); });
        return note;
    }
    std::vector<std::uint64_t> sizes() {
        std::vector<std::uint64_t> all;
        log.look([&](const ReadState& state) { all = state.cosigned_sizes().value(); });
        return all;
    }
    // Slugs of so many agencies as are more than half of those that have a witness.
    static std::vector<std::string> majority() {
        std::vector<std::string> slugs;
        for (const auto& [slug, member] : world().members) {
            if (2 * slugs.size() <= world().members.size()) slugs.push_back(slug);
        }
        return slugs;
    }
    std::uint64_t grow() {
        EXPECT_FALSE(log.verdict("police", test::draft(Kind::outreach_report)).has_value());
        return log.size();
    }
    void adopt(registry::RegistryData data) {
        ASSERT_TRUE(log.adopt(world().registry_document(std::move(data), 2)).has_value());
    }

    SmallLog log;
};

TEST_F(Cosigning, MakesAHeadWitnessedWithMoreThanHalfOfTheAgencies) {
    const std::uint64_t size = log.size();
    const auto slugs = majority();
    for (std::size_t i = 0; i + 1 < slugs.size(); ++i) {
        EXPECT_EQ(cosign(slugs[i], size), std::nullopt);
        EXPECT_FALSE(witnessed().has_value()) << i;
    }
    const std::uint64_t before = log.size();
    EXPECT_EQ(cosign(slugs.back(), size), std::nullopt);
    const auto note = witnessed();
    ASSERT_TRUE(note.has_value());
    EXPECT_EQ(note->size, size);
    EXPECT_EQ(note->agencies, slugs.size());
    EXPECT_EQ(note->of, world().members.size());
    EXPECT_EQ(note->time, log.time / 1000 * 1000);
    EXPECT_EQ(log.size(), before) << "never as entries";
    EXPECT_TRUE(proof::verify_head(note->note, world().bus, world().log.public_key()).has_value());
    std::vector<proof::Witness> witnesses;
    for (const auto& [slug, member] : world().members) {
        witnesses.push_back({member.id, member.node.text(), member.witness.public_key()});
    }
    const auto counted = proof::count_witnesses(note->note, witnesses);
    ASSERT_TRUE(counted.has_value());
    EXPECT_TRUE(counted->is_witnessed());
    EXPECT_EQ(counted->agencies.size(), slugs.size());
}

TEST_F(Cosigning, EachFaultHasItsOwnCode) {
    const std::uint64_t size = log.size();
    const std::string note = head(size);
    EXPECT_EQ(offer("police", size, "rubbish"), Code::malformed_proof);
    EXPECT_EQ(offer("police", size, line("labour", note, log.time)), Code::wrong_sender);
    const auto stranger = keys::PrivateKey::generate(keys::Algorithm::ed25519).value();
    const auto signer = stranger.signer();
    const std::string& name = world().member("police").node.text();
    EXPECT_EQ(offer("police", size, proof::cosign_head(note, name, log.time, *signer).value()),
              Code::unknown_key);
    auto forged = proof::parse_head(note).value();
    forged.root.bytes[0] ^= 1;
    const auto log_signer = world().log.signer();
    const std::string other = proof::sign_head(forged, *log_signer).value();
    EXPECT_EQ(offer("police", size, line("police", other, log.time)), Code::bad_signature);
    EXPECT_EQ(offer("police", size + 1, line("police", note, log.time)), Code::not_found);
    const std::uint64_t later = grow();
    EXPECT_EQ(offer("police", later, line("police", note, log.time)), Code::bad_signature)
        << "of another size";
    EXPECT_EQ(offer("police", size, line("police", note, log.time + 6 * 60 * 1000)),
              Code::bad_argument);
    EXPECT_TRUE(sizes().empty()) << "nothing of it is kept";
}

TEST_F(Cosigning, ARevokedKeyAndAnExpiredOneAreRefusedAndCountNoMore) {
    const std::uint64_t size = log.size();
    for (const std::string& slug : majority()) EXPECT_EQ(cosign(slug, size), std::nullopt);
    ASSERT_TRUE(witnessed().has_value());
    const std::string revoked = majority().front();
    const std::string expired = majority().back();
    auto data = world().registry;
    test::key_of(data, log.id(revoked), keys::Use::witness).revoked = true;
    test::key_of(data, log.id(expired), keys::Use::witness).validity.until = log.time;
    adopt(std::move(data));
    EXPECT_EQ(cosign(revoked, log.size()), Code::revoked_key);
    EXPECT_EQ(cosign(expired, log.size()), Code::expired_key);
    EXPECT_FALSE(witnessed().has_value()) << "two of them are gone";
}

TEST_F(Cosigning, RepeatingOneIsHarmlessAndAnOlderOneTakesNothingBack) {
    const std::uint64_t size = log.size();
    const std::string first = line("police", head(size), log.time);
    log.time += 60'000;
    EXPECT_EQ(cosign("police", size), std::nullopt);
    EXPECT_EQ(offer("police", size, first), std::nullopt);
    log.look([&](const ReadState& state) {
        const auto rows = state.cosignatures(size).value();
        ASSERT_EQ(rows.size(), 1U);
        EXPECT_EQ(rows.at(log.id("police")).time, log.time / 1000 * 1000);
    });
}

TEST_F(Cosigning, KeepsTheNewestHeadsAndTheNewestWitnessedOne) {
    const std::uint64_t first = log.size();
    for (const std::string& slug : majority()) ASSERT_EQ(cosign(slug, first), std::nullopt);
    std::vector<std::uint64_t> later;
    for (std::size_t i = 0; i < kCosignedHeadsMax; ++i) {
        later.push_back(grow());
        ASSERT_EQ(cosign("police", later.back()), std::nullopt);
    }
    EXPECT_EQ(sizes().size(), kCosignedHeadsMax + 1);
    EXPECT_EQ(witnessed()->size, first);
    const std::uint64_t last = grow();
    ASSERT_EQ(cosign("police", last), std::nullopt);
    EXPECT_EQ(sizes().size(), kCosignedHeadsMax + 1);
    EXPECT_EQ(sizes().front(), last);
    EXPECT_EQ(sizes().back(), first);
    EXPECT_EQ(cosign("labour", later.front()), Code::rollback);
    for (const std::string& slug : majority()) cosign(slug, last);
    const std::uint64_t newest = grow();
    ASSERT_EQ(cosign("police", newest), std::nullopt);
    EXPECT_EQ(sizes().size(), kCosignedHeadsMax) << "the older witnessed head is not needed";
    EXPECT_EQ(witnessed()->size, last);
}

}  // namespace
}  // namespace lienthong::core
