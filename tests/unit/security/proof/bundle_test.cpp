// SPDX-License-Identifier: Apache-2.0
// The format of bundles: what is signed, what is refused, and that hostile bytes do no harm.
#include "security/proof/bundle.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "bus/base/random.hpp"

namespace lienthong::proof {
namespace {

using keys::Algorithm;
using keys::PrivateKey;

const PrivateKey& key() {
    static const PrivateKey made = PrivateKey::generate(Algorithm::p256).value();
    return made;
}

Bundle sample() {
    Bundle bundle;
    bundle.bus = BusId::of("ninh-binh");
    bundle.direction = Direction::reply;
    bundle.agency = AgencyId::of("ag-1");
    bundle.node = lienthong::NodeId::of("node-1");
    bundle.created = 1'640'995'200'000;
    bundle.number = 7;
    bundle.cursor = 41;
    bundle.head_size = 42;
    bundle.answers = Hash{{1, 2, 3}};
    bundle.more = true;
    bundle.frames = {{0, {1, 2, 3}, {}, {9}}, {1, {4}, Bytes(1000, 5), {}}};
    return bundle;
}

Bytes file_of(Bundle bundle) { return sign_bundle(std::move(bundle), *key().signer()).value(); }

TEST(BundleFile, ComesBackAsItWasSigned) {
    Bundle made = sample();
    auto read = parse_bundle(file_of(made));
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_TRUE(verify_bundle(*read, key().public_key()).has_value());
    made.key_id = key().public_key().id();
    made.signature = read->signature;
    EXPECT_EQ(*read, made);
    EXPECT_EQ(digest(*read), digest(made));
}

TEST(BundleFile, BindsEverythingThatItSays) {
    const Bundle made = parse_bundle(file_of(sample())).value();
    const std::vector<std::function<void(Bundle&)>> changes = {
        [](Bundle& b) { b.bus = BusId::of("other"); },
        [](Bundle& b) { b.direction = Direction::request; },
        [](Bundle& b) { b.agency = AgencyId::of("ag-2"); },
        [](Bundle& b) { b.node = lienthong::NodeId::of("node-2"); },
        [](Bundle& b) { ++b.created; },
        [](Bundle& b) { ++b.number; },
        [](Bundle& b) { ++b.cursor; },
        [](Bundle& b) { ++b.head_size; },
        [](Bundle& b) { b.answers.bytes[31] ^= 1; },
        [](Bundle& b) { b.more = false; },
        [](Bundle& b) { b.frames[0].channel = 1; },
        [](Bundle& b) { b.frames[0].command[0] ^= 1; },
        [](Bundle& b) { b.frames[1].data[999] ^= 1; },
        [](Bundle& b) { b.frames[0].answers[0] ^= 1; },
        [](Bundle& b) { std::swap(b.frames[0].data, b.frames[0].answers); },
        [](Bundle& b) { std::swap(b.frames[0], b.frames[1]); },
        [](Bundle& b) { b.frames.pop_back(); },
        [](Bundle& b) { b.frames.push_back(b.frames.back()); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Bundle changed = made;
        changes[i](changed);
        const auto verified = verify_bundle(changed, key().public_key());
        ASSERT_FALSE(verified.has_value()) << i;
        EXPECT_EQ(verified.error().code, Code::bad_signature) << i;
        EXPECT_NE(digest(changed), digest(made)) << i;
    }
}

TEST(BundleFile, OfAnotherKeyIsBadSignature) {
    const PrivateKey other = PrivateKey::generate(Algorithm::p256).value();
    const Bundle made = parse_bundle(file_of(sample())).value();
    EXPECT_EQ(verify_bundle(made, other.public_key()).error().code, Code::bad_signature);
    Bundle renamed = made;
    renamed.key_id = other.public_key().id();
    EXPECT_EQ(verify_bundle(renamed, other.public_key()).error().code, Code::bad_signature);
}

TEST(BundleFile, IsTakenAtItsSizeAndRefusedOneByteAbove) {
    const Bytes file = file_of(sample());
    EXPECT_TRUE(parse_bundle(file, file.size()).has_value());
    EXPECT_EQ(parse_bundle(file, file.size() - 1).error().code, Code::oversized);
    // The limit of everybody: judged before anything is read.
    EXPECT_EQ(parse_bundle(Bytes(kBundleBytesMax + 1)).error().code, Code::oversized);
    EXPECT_EQ(parse_bundle(Bytes(kBundleBytesMax)).error().code, Code::malformed_frame);
}

TEST(BundleFile, HoldsSoManyFramesAndNoMore) {
    Bundle bundle = sample();
    bundle.frames.assign(kBundleFramesMax, {0, {1}, {}, {}});
    EXPECT_TRUE(parse_bundle(file_of(bundle)).has_value());
    bundle.frames.push_back({0, {1}, {}, {}});
    EXPECT_EQ(sign_bundle(bundle, *key().signer()).error().code, Code::oversized);
}

TEST(BundleFile, HoldsFramesOfTheirSizeAndNoLarger) {
    Bundle bundle = sample();
    bundle.frames = {{1, {1}, Bytes(kBundleFrameBytesMax), {}}};
    EXPECT_TRUE(parse_bundle(file_of(bundle)).has_value());
    bundle.frames.front().data.push_back(0);
    EXPECT_EQ(sign_bundle(bundle, *key().signer()).error().code, Code::oversized);
    // All together: seven of eight MiB fit beside the rest of the file, eight do not.
    bundle.frames.assign(7, {1, {1}, Bytes(kBundleFrameBytesMax), {}});
    EXPECT_TRUE(sign_bundle(bundle, *key().signer()).has_value());
    bundle.frames.push_back(bundle.frames.front());
    EXPECT_EQ(sign_bundle(bundle, *key().signer()).error().code, Code::oversized);
}

TEST(BundleFile, WithoutFramesOrWithEmptyOnesIsJudged) {
    Bundle bundle = sample();
    bundle.frames.clear();
    EXPECT_TRUE(parse_bundle(file_of(bundle)).has_value()) << "nothing new is an answer too";
    bundle.frames = {{0, {}, {1}, {}}};
    EXPECT_EQ(sign_bundle(bundle, *key().signer()).error().code, Code::oversized);
}

TEST(BundleFile, ThatStartsAtNumberZeroOrOnAnotherChannelIsMalformed) {
    Bundle bundle = sample();
    bundle.number = 0;
    EXPECT_EQ(parse_bundle(file_of(bundle)).error().code, Code::malformed_frame);
    bundle = sample();
    bundle.frames[0].channel = 2;
    EXPECT_EQ(parse_bundle(file_of(bundle)).error().code, Code::malformed_frame);
}

TEST(BundleFile, WithAnyByteFlippedNeverVerifiesAsSomethingElse) {
    const Bundle made = parse_bundle(file_of(sample())).value();
    const Bytes file = file_of(sample());
    std::size_t refused = 0;
    for (std::size_t at = 0; at < file.size(); ++at) {
        for (const int bit : {1, 16, 128}) {
            Bytes flipped = file;
            flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ bit);
            const auto read = parse_bundle(flipped);
            if (!read || !verify_bundle(*read, key().public_key())) {
                ++refused;
                continue;
            }
            // A byte that says nothing: what was signed is still what is read.
            EXPECT_EQ(digest(*read), digest(made)) << at;
        }
    }
    EXPECT_GT(refused, file.size());
}

TEST(BundleFile, CutAnywhereIsRefusedOrSaysTheSame) {
    const Bundle made = parse_bundle(file_of(sample())).value();
    const Bytes file = file_of(sample());
    for (std::size_t size = 0; size < file.size(); ++size) {
        const auto read = parse_bundle(BytesView(file).first(size));
        if (!read || !verify_bundle(*read, key().public_key())) continue;
        EXPECT_GT(size + 8, file.size()) << "only padding at the end says nothing";
        EXPECT_EQ(digest(*read), digest(made)) << size;
    }
}

TEST(BundleFile, SurvivesHostileBytes) {
    SeededRandom random(5);
    const Bytes file = file_of(sample());
    for (int i = 0; i < 20'000; ++i) {
        Bytes spoilt = file;
        for (int n = 0; n < 8; ++n) {
            spoilt[random.next() % spoilt.size()] = static_cast<std::uint8_t>(random.next());
        }
        spoilt.resize(1 + random.next() % spoilt.size());
        const auto read = parse_bundle(spoilt);
        if (read) {
            EXPECT_FALSE(verify_bundle(*read, key().public_key()).has_value());
        }
    }
}

}  // namespace
}  // namespace lienthong::proof
