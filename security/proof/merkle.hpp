// SPDX-License-Identifier: Apache-2.0
// Merkle trees as RFC 9162 section 2 has them: leaf SHA-256(0x00 ‖ bytes), node SHA-256(0x01 ‖ left
// ‖ right). One implementation for batches, chunks and the log.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bus/base/bytes.hpp"

namespace lienthong::proof {

// No tree is larger; sizes, indices and their sums stay within 64 bits.
inline constexpr std::uint64_t kTreeSizeMax = std::uint64_t{1} << 63;

Hash leaf_hash(BytesView bytes);
Hash node_hash(const Hash& left, const Hash& right);

// A complete subtree: `level` 0 is a leaf, `index` counts subtrees of that level from the left.
struct NodeId {
    std::uint8_t level = 0;
    std::uint64_t index = 0;
    auto operator<=>(const NodeId&) const = default;
};

// Gives the hash of a complete subtree of the tree; for the log it reads the table of nodes.
using NodeSource = std::function<Result<Hash>(NodeId)>;
// Source over leaf hashes in memory, which it borrows; not_found beyond them.
NodeSource over(std::span<const Hash> leaves);

// Adding a leaf to a tree of `size` leaves completes these subtrees: for each, `put` is called
// once, children before parents (the leaf itself is the first). `source` gives the left siblings,
// all of them complete before this leaf. bad_argument if the tree is full.
Result<void> append_leaf(std::uint64_t size,
                         const Hash& leaf,
                         const NodeSource& source,
                         const std::function<Result<void>(NodeId, const Hash&)>& put);

// Root of the first `size` leaves; the empty tree has SHA-256("").
// Here and below: bad_argument for a size, index or range that no tree has, else the source's
// error.
Result<Hash> root(std::uint64_t size, const NodeSource& source);
Hash root(std::span<const Hash> leaves);

// RFC 9162 2.1.3: inclusion.
Result<std::vector<Hash>> inclusion_path(std::uint64_t index,
                                         std::uint64_t size,
                                         const NodeSource& source);
bool verify_inclusion(const Hash& leaf,
                      std::uint64_t index,
                      std::uint64_t size,
                      std::span<const Hash> path,
                      const Hash& root);

// RFC 9162 2.1.4: consistency.
Result<std::vector<Hash>> consistency_path(std::uint64_t first,
                                           std::uint64_t second,
                                           const NodeSource& source);
bool verify_consistency(std::uint64_t first,
                        std::uint64_t second,
                        const Hash& first_root,
                        const Hash& second_root,
                        std::span<const Hash> path);

// A range [first, first + count): hashes of the maximal complete subtrees left and right of it,
// from left to right. Verifying rebuilds the root from left ‖ leaves ‖ right, and takes exactly as
// many hashes as the sizes ask for. An empty range proves that left ‖ right give the root.
struct RangeProof {
    std::vector<Hash> left{};
    std::vector<Hash> right{};
    bool operator==(const RangeProof&) const = default;
};
Result<RangeProof> range_proof(std::uint64_t first,
                               std::uint64_t count,
                               std::uint64_t size,
                               const NodeSource& source);
bool verify_range(std::span<const Hash> leaves,
                  std::uint64_t first,
                  std::uint64_t size,
                  const RangeProof& proof,
                  const Hash& root);

}  // namespace lienthong::proof
