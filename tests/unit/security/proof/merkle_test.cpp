// SPDX-License-Identifier: Apache-2.0
#include "security/proof/merkle.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "bus/base/random.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::proof {
namespace {

constexpr std::uint64_t kExhaustiveSizeMax = 64;

Hash from_hex_or_die(std::string_view text) { return hash_from_hex(text).value(); }

std::vector<Hash> hashes(const std::vector<std::string>& texts) {
    std::vector<Hash> all;
    for (const auto& text : texts) all.push_back(from_hex_or_die(text));
    return all;
}

std::vector<Hash> some_leaves(std::uint64_t count) {
    std::vector<Hash> leaves;
    for (std::uint64_t i = 0; i < count; ++i) {
        leaves.push_back(leaf_hash(as_bytes("leaf " + std::to_string(i))));
    }
    return leaves;
}

// The eight leaves and the results that implementations of Certificate Transparency share.
std::vector<Hash> known_leaves() {
    std::vector<Hash> leaves;
    for (const std::string_view text : {"",
                                        "00",
                                        "10",
                                        "2021",
                                        "3031",
                                        "40414243",
                                        "5051525354555657",
                                        "606162636465666768696a6b6c6d6e6f"}) {
        leaves.push_back(leaf_hash(from_hex(text).value()));
    }
    return leaves;
}

const std::vector<std::string> kKnownRoots{
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(Merkle, GivesTheKnownRoots) {
    const auto leaves = known_leaves();
    for (std::size_t size = 0; size <= leaves.size(); ++size) {
        const auto first = std::span(leaves).first(size);
        EXPECT_EQ(root(first), from_hex_or_die(kKnownRoots[size])) << size;
        EXPECT_EQ(root(size, over(leaves)).value(), from_hex_or_die(kKnownRoots[size])) << size;
    }
}

TEST(Merkle, GivesTheKnownInclusionPaths) {
    const auto leaves = known_leaves();
    const auto source = over(leaves);
    EXPECT_TRUE(inclusion_path(0, 1, source)->empty());
    EXPECT_EQ(inclusion_path(0, 8, source).value(),
              hashes({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
    EXPECT_EQ(inclusion_path(5, 8, source).value(),
              hashes({"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
    EXPECT_EQ(inclusion_path(2, 3, source).value(),
              hashes({"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}));
    EXPECT_EQ(inclusion_path(1, 5, source).value(),
              hashes({"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
}

TEST(Merkle, GivesTheKnownConsistencyPaths) {
    const auto leaves = known_leaves();
    const auto source = over(leaves);
    EXPECT_TRUE(consistency_path(1, 1, source)->empty());
    EXPECT_EQ(consistency_path(1, 8, source).value(),
              hashes({"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
    EXPECT_EQ(consistency_path(6, 8, source).value(),
              hashes({"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
    EXPECT_EQ(consistency_path(2, 5, source).value(),
              hashes({"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
}

// Calls `check` with every way to spoil a list of hashes: one changed, one missing, one more.
template <class Check>
void for_each_mutation(const std::vector<Hash>& path, const Check& check) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        auto changed = path;
        changed[i].bytes[i % kHashBytes] ^= 1;
        check(changed);
        auto shorter = path;
        shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
        check(shorter);
    }
    auto longer = path;
    longer.push_back(Hash{});
    check(longer);
    longer.back() = path.empty() ? longer.back() : path.back();
    check(longer);
    longer = path;
    longer.insert(longer.begin(), Hash{});
    check(longer);
}

TEST(Merkle, ProvesEveryLeafOfEverySmallTreeAndNothingElse) {
    const auto leaves = some_leaves(kExhaustiveSizeMax + 1);
    const auto source = over(leaves);
    for (std::uint64_t size = 1; size <= kExhaustiveSizeMax; ++size) {
        const Hash head = root(size, source).value();
        for (std::uint64_t i = 0; i < size; ++i) {
            const auto path = inclusion_path(i, size, source).value();
            ASSERT_TRUE(verify_inclusion(leaves[i], i, size, path, head)) << i << " of " << size;
            ASSERT_FALSE(verify_inclusion(leaves[i + 1], i, size, path, head));
            ASSERT_FALSE(verify_inclusion(leaves[i], i + 1, size, path, head));
            ASSERT_FALSE(verify_inclusion(leaves[i], i, size, path, Hash{}));
            for_each_mutation(path, [&](const std::vector<Hash>& bad) {
                ASSERT_FALSE(verify_inclusion(leaves[i], i, size, bad, head)) << i << " " << size;
            });
        }
    }
}

TEST(Merkle, ProvesThatEverySmallTreeGrewFromEverySmallerOneAndNothingElse) {
    const auto leaves = some_leaves(kExhaustiveSizeMax);
    const auto source = over(leaves);
    std::vector<Hash> roots;
    for (std::uint64_t size = 0; size <= kExhaustiveSizeMax; ++size) {
        roots.push_back(root(size, source).value());
    }
    for (std::uint64_t second = 0; second <= kExhaustiveSizeMax; ++second) {
        for (std::uint64_t first = 0; first <= second; ++first) {
            const auto path = consistency_path(first, second, source).value();
            const auto verify = [&](const std::vector<Hash>& given) {
                return verify_consistency(first, second, roots[first], roots[second], given);
            };
            ASSERT_TRUE(verify(path)) << first << " " << second;
            ASSERT_FALSE(verify_consistency(first, second, Hash{}, roots[second], path));
            if (first > 0) {
                ASSERT_FALSE(verify_consistency(first, second, roots[first], Hash{}, path));
            }
            for_each_mutation(path, [&](const std::vector<Hash>& bad) {
                ASSERT_FALSE(verify(bad)) << first << " " << second;
            });
        }
    }
}

TEST(Merkle, ProvesEveryRangeOfEverySmallTree) {
    const auto leaves = some_leaves(kExhaustiveSizeMax);
    const auto source = over(leaves);
    for (std::uint64_t size = 0; size <= kExhaustiveSizeMax; ++size) {
        const Hash head = root(size, source).value();
        for (std::uint64_t first = 0; first <= size; ++first) {
            for (std::uint64_t count = 0; count <= size - first; ++count) {
                const auto range = std::span(leaves).subspan(first, count);
                const auto proof = range_proof(first, count, size, source).value();
                ASSERT_TRUE(verify_range(range, first, size, proof, head))
                    << first << " " << count << " " << size;
            }
        }
    }
}

TEST(Merkle, RefusesEveryAlteredRange) {
    const auto leaves = some_leaves(33);
    const auto source = over(leaves);
    for (const std::uint64_t size : {1U, 2U, 7U, 8U, 13U, 32U, 33U}) {
        const Hash head = root(size, source).value();
        for (std::uint64_t first = 0; first < size; ++first) {
            for (std::uint64_t count = 1; count <= size - first; ++count) {
                const std::vector<Hash> range(
                    leaves.begin() + static_cast<std::ptrdiff_t>(first),
                    leaves.begin() + static_cast<std::ptrdiff_t>(first + count));
                const auto proof = range_proof(first, count, size, source).value();
                const auto refuse = [&](const std::vector<Hash>& bad, const RangeProof& given) {
                    ASSERT_FALSE(verify_range(bad, first, size, given, head))
                        << first << " " << count << " " << size;
                };
                for_each_mutation(range, [&](const auto& bad) { refuse(bad, proof); });
                for_each_mutation(proof.left,
                                  [&](const auto& bad) { refuse(range, {bad, proof.right}); });
                for_each_mutation(proof.right,
                                  [&](const auto& bad) { refuse(range, {proof.left, bad}); });
                ASSERT_FALSE(verify_range(range, first, size, proof, Hash{}));
                ASSERT_FALSE(verify_range(range, first + 1, size, proof, head));
            }
        }
    }
}

TEST(Merkle, CompletesEachSubtreeOnceAndChildrenBeforeParents) {
    const auto leaves = some_leaves(100);
    std::map<NodeId, Hash> nodes;
    const NodeSource stored = [&](NodeId id) -> Result<Hash> {
        const auto found = nodes.find(id);
        if (found == nodes.end()) return fail(Code::not_found);
        return found->second;
    };
    for (std::uint64_t size = 0; size < leaves.size(); ++size) {
        const auto done = append_leaf(
            size, leaves[size], stored, [&](NodeId id, const Hash& hash) -> Result<void> {
                EXPECT_TRUE(
                    id.level == 0 ||
                    nodes.contains({static_cast<std::uint8_t>(id.level - 1), id.index * 2 + 1}));
                EXPECT_TRUE(nodes.emplace(id, hash).second);
                return {};
            });
        ASSERT_TRUE(done);
        ASSERT_EQ(root(size + 1, stored).value(), root(std::span(leaves).first(size + 1)));
    }
    std::size_t complete = 0;
    for (std::size_t count = leaves.size(); count > 0; count /= 2) complete += count;
    EXPECT_EQ(nodes.size(), complete);
    const auto in_memory = over(leaves);
    for (const auto& [id, hash] : nodes) EXPECT_EQ(in_memory(id).value(), hash);
}

TEST(Merkle, ReturnsTheErrorsOfItsSourceAndOfPut) {
    const NodeSource broken = [](NodeId) -> Result<Hash> { return fail(Code::bad_checksum); };
    const auto put = [](NodeId, const Hash&) -> Result<void> { return {}; };
    EXPECT_EQ(root(3, broken).error().code, Code::bad_checksum);
    EXPECT_EQ(root(4, broken).error().code, Code::bad_checksum);
    EXPECT_EQ(inclusion_path(1, 3, broken).error().code, Code::bad_checksum);
    EXPECT_EQ(consistency_path(3, 7, broken).error().code, Code::bad_checksum);
    EXPECT_EQ(range_proof(1, 1, 2, broken).error().code, Code::bad_checksum);
    EXPECT_EQ(range_proof(0, 1, 2, broken).error().code, Code::bad_checksum);
    EXPECT_EQ(append_leaf(1, Hash{}, broken, put).error().code, Code::bad_checksum);
    const auto full = [](NodeId, const Hash&) -> Result<void> { return fail(Code::disk_full); };
    EXPECT_EQ(append_leaf(0, Hash{}, broken, full).error().code, Code::disk_full);
}

TEST(Merkle, RefusesSizesIndicesAndRangesThatNoTreeHas) {
    const auto leaves = some_leaves(4);
    const auto source = over(leaves);
    const auto put = [](NodeId, const Hash&) -> Result<void> { return {}; };
    constexpr std::uint64_t kMax = kTreeSizeMax;
    constexpr std::uint64_t kHuge = ~std::uint64_t{0};

    EXPECT_EQ(source({2, 1}).error().code, Code::not_found);
    EXPECT_EQ(source({64, 0}).error().code, Code::not_found);
    EXPECT_EQ(source({0, kHuge}).error().code, Code::not_found);
    EXPECT_EQ(append_leaf(kMax, Hash{}, source, put).error().code, Code::bad_argument);
    EXPECT_EQ(root(kMax + 1, source).error().code, Code::bad_argument);
    EXPECT_EQ(inclusion_path(4, 4, source).error().code, Code::bad_argument);
    EXPECT_EQ(inclusion_path(0, kMax + 1, source).error().code, Code::bad_argument);
    EXPECT_EQ(consistency_path(5, 4, source).error().code, Code::bad_argument);
    EXPECT_EQ(consistency_path(1, kMax + 1, source).error().code, Code::bad_argument);
    EXPECT_EQ(range_proof(5, 0, 4, source).error().code, Code::bad_argument);
    EXPECT_EQ(range_proof(2, 3, 4, source).error().code, Code::bad_argument);
    EXPECT_EQ(range_proof(2, kHuge, 4, source).error().code, Code::bad_argument);
    EXPECT_EQ(range_proof(0, 1, kMax + 1, source).error().code, Code::bad_argument);

    const Hash head = root(leaves);
    EXPECT_FALSE(verify_inclusion(leaves[0], 4, 4, {}, head));
    EXPECT_FALSE(verify_inclusion(leaves[0], 0, 0, {}, head));
    EXPECT_FALSE(verify_inclusion(leaves[0], 0, kHuge, {}, head));
    EXPECT_FALSE(verify_consistency(5, 4, head, head, {}));
    EXPECT_FALSE(verify_consistency(kHuge, kHuge, head, head, {}));
    EXPECT_FALSE(verify_range(leaves, 1, 4, {}, head));
    EXPECT_FALSE(verify_range(leaves, kHuge - 1, kHuge, {}, head));
    EXPECT_FALSE(verify_range(leaves, 5, 4, {}, head));
    EXPECT_FALSE(verify_range({}, 0, kMax + 1, {}, head));
}

// A tree whose leaves are all the same: one hash a level stands for every complete subtree.
TEST(Merkle, WorksUpToTheLargestTree) {
    std::vector<Hash> by_level{leaf_hash({})};
    while (by_level.size() < 64) by_level.push_back(node_hash(by_level.back(), by_level.back()));
    const NodeSource source = [&](NodeId id) -> Result<Hash> {
        if (id.level > 63 || id.index >= (kTreeSizeMax >> id.level)) return fail(Code::not_found);
        return by_level[id.level];
    };
    const Hash& leaf = by_level[0];
    EXPECT_EQ(root(kTreeSizeMax, source).value(), by_level[63]);
    for (const std::uint64_t size : {kTreeSizeMax, kTreeSizeMax - 1, kTreeSizeMax / 2 + 1}) {
        const Hash head = root(size, source).value();
        const std::vector<Hash> three(3, leaf);
        for (const std::uint64_t index : {std::uint64_t{0}, size / 3, size - 3}) {
            const auto path = inclusion_path(index, size, source).value();
            EXPECT_TRUE(verify_inclusion(leaf, index, size, path, head));
            const auto range = range_proof(index, 3, size, source).value();
            EXPECT_TRUE(verify_range(three, index, size, range, head));
        }
        const std::uint64_t first = size / 5;
        const auto path = consistency_path(first, size, source).value();
        EXPECT_TRUE(verify_consistency(first, size, root(first, source).value(), head, path));
    }
    std::uint8_t top = 0;
    const auto put = [&](NodeId id, const Hash&) -> Result<void> {
        top = id.level;
        return {};
    };
    EXPECT_TRUE(append_leaf(kTreeSizeMax - 1, leaf, source, put));
    EXPECT_EQ(top, 63);
}

TEST(Merkle, KeepsLeavesAndNodesApart) {
    const auto leaves = some_leaves(2);
    ByteWriter writer;
    writer.hash(leaves[0]).hash(leaves[1]);
    EXPECT_NE(leaf_hash(writer.bytes()), node_hash(leaves[0], leaves[1]));
    EXPECT_NE(leaf_hash(writer.bytes()), keys::sha256(writer.bytes()));
}

}  // namespace
}  // namespace lienthong::proof
