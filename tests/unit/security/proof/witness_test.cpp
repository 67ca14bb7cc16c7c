// SPDX-License-Identifier: Apache-2.0
#include "security/proof/witness.hpp"

#include <gtest/gtest.h>

#include "bus/base/check.hpp"

namespace lienthong::proof {
namespace {

using keys::PrivateKey;

// Two nodes of one agency, and four agencies of one node each.
class Witnesses : public testing::Test {
  protected:
    Witnesses() {
        for (const char* node : {"a-1", "a-2", "b-1", "c-1", "d-1", "e-1"}) {
            auto key = PrivateKey::generate(keys::Algorithm::ed25519);
            CHECK(key.has_value());
            keys.emplace(node, std::move(*key));
            witnesses.push_back(
                {AgencyId::of(std::string_view(node, 1)), node, keys.at(node).public_key()});
        }
    }
    std::string note(std::uint64_t size, std::uint8_t root) {
        Head head;
        head.bus = BusId::of("bus");
        head.size = size;
        head.root.bytes[0] = root;
        const auto signer = log.signer();
        return sign_head(head, *signer).value();
    }
    std::string cosigned(std::string text,
                         const std::vector<std::pair<std::string, Millis>>& nodes) {
        const std::string head = text;
        for (const auto& [node, time] : nodes) {
            const auto signer = keys.at(node).signer();
            text += cosign_head(head, node, time, *signer).value();
        }
        return text;
    }
    static std::vector<AgencyId> agencies(std::string_view letters) {
        std::vector<AgencyId> ids;
        for (const char letter : letters) ids.push_back(AgencyId::of(std::string(1, letter)));
        return ids;
    }

    PrivateKey log = PrivateKey::generate(keys::Algorithm::ed25519).value();
    std::map<std::string, PrivateKey> keys;
    std::vector<Witness> witnesses;
};

TEST_F(Witnesses, EachAgencyHasOneVoteAndMoreThanHalfAreNeeded) {
    const auto half = count_witnesses(
        cosigned(note(7, 1), {{"a-1", 1000}, {"a-2", 2000}, {"b-1", 3000}}), witnesses);
    ASSERT_TRUE(half.has_value());
    EXPECT_EQ(half->agencies, agencies("ab"));
    EXPECT_EQ(half->of, 5U);
    EXPECT_FALSE(half->is_witnessed());
    EXPECT_EQ(half->head.size, 7U);
    const auto more = count_witnesses(
        cosigned(note(7, 1), {{"a-1", 1000}, {"b-1", 3000}, {"c-1", 9000}}), witnesses);
    ASSERT_TRUE(more.has_value());
    EXPECT_TRUE(more->is_witnessed());
    EXPECT_EQ(more->time, 1000) << "only then were they more than half";
    const auto all = count_witnesses(
        cosigned(note(7, 1), {{"a-1", 1000}, {"b-1", 3000}, {"c-1", 9000}, {"d-1", 5000}}),
        witnesses);
    EXPECT_EQ(all->time, 3000);
}

TEST_F(Witnesses, OfFourAgenciesTwoAreNotMoreThanHalf) {
    witnesses.pop_back();
    EXPECT_FALSE(count_witnesses(cosigned(note(7, 1), {{"a-1", 1000}, {"b-1", 1000}}), witnesses)
                     ->is_witnessed());
    EXPECT_TRUE(count_witnesses(cosigned(note(7, 1), {{"a-1", 1000}, {"b-1", 1000}, {"c-1", 1000}}),
                                witnesses)
                    ->is_witnessed());
    EXPECT_FALSE(count_witnesses(note(7, 1), {})->is_witnessed()) << "nobody is not more than half";
}

TEST_F(Witnesses, LinesOfOthersDoNotCount) {
    const auto stranger = PrivateKey::generate(keys::Algorithm::ed25519).value();
    const auto signer = stranger.signer();
    std::string text = note(7, 1);
    text += cosign_head(text, "x-1", 1000, *signer).value() +
            cosign_head(text, "b-1", 1000, *signer).value();
    const auto counted = count_witnesses(text, witnesses);
    ASSERT_TRUE(counted.has_value());
    EXPECT_TRUE(counted->agencies.empty());
}

TEST_F(Witnesses, ALineOverAnotherHeadIsBadSignature) {
    const std::string other = cosigned(note(7, 2), {{"b-1", 1000}});
    const std::string text = note(7, 1) + other.substr(note(7, 2).size());
    const auto counted = count_witnesses(text, witnesses);
    ASSERT_FALSE(counted.has_value());
    EXPECT_EQ(counted.error().code, Code::bad_signature);
    EXPECT_EQ(count_witnesses("no note", witnesses).error().code, Code::malformed_proof);
}

TEST_F(Witnesses, AForkNamesWhoCoSignedBothOfItsHeads) {
    const auto one = count_witnesses(
        cosigned(note(7, 1), {{"a-1", 1000}, {"b-1", 1000}, {"c-1", 1000}}), witnesses);
    const auto other = count_witnesses(
        cosigned(note(7, 2), {{"a-2", 1000}, {"c-1", 1000}, {"d-1", 1000}}), witnesses);
    EXPECT_TRUE(is_fork(one->head, other->head));
    EXPECT_EQ(signed_both(*one, *other), agencies("ac"));
    EXPECT_FALSE(is_fork(one->head, one->head));
    EXPECT_FALSE(is_fork(one->head, parse_head(note(8, 2)).value())) << "a longer log";
}

}  // namespace
}  // namespace lienthong::proof
