// SPDX-License-Identifier: Apache-2.0
#include "security/proof/merkle.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "bus/base/check.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::proof {
namespace {

// Largest power of two below n (RFC 9162's k); n > 1.
std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

unsigned level_of(std::uint64_t complete) {
    return static_cast<unsigned>(std::countr_zero(complete));
}

// Leaves of the maximal complete subtree that starts at `position` and ends by `end`.
std::uint64_t complete_from(std::uint64_t position, std::uint64_t end) {
    const std::uint64_t fits = std::bit_floor(end - position);
    const std::uint64_t aligned = position & (~position + 1);  // lowest set bit; 0 for 0
    return aligned == 0 ? fits : std::min(fits, aligned);
}

std::size_t count_complete(std::uint64_t position, std::uint64_t end) {
    std::size_t count = 0;
    while (position < end) {
        position += complete_from(position, end);
        ++count;
    }
    return count;
}

Result<Hash> complete_hash(std::uint64_t position, std::uint64_t leaves, const NodeSource& source) {
    const unsigned level = level_of(leaves);
    return source({static_cast<std::uint8_t>(level), position >> level});
}

Result<void> push_complete(std::uint64_t position,
                           std::uint64_t end,
                           const NodeSource& source,
                           std::vector<Hash>& out) {
    while (position < end) {
        const std::uint64_t leaves = complete_from(position, end);
        const auto hash = complete_hash(position, leaves, source);
        if (!hash) return std::unexpected(hash.error());
        out.push_back(*hash);
        position += leaves;
    }
    return {};
}

// Rebuilds a root from complete subtrees given from left to right: one hash for each node above
// them, and no memory but a hash for each level.
class RootBuilder {
  public:
    void add(const Hash& subtree, std::uint64_t leaves) {
        Hash hash = subtree;
        // A pending subtree of the same size on the left is completed by this one.
        while ((size_ & leaves) != 0) {
            hash = node_hash(pending_[--pending_count_], hash);
            size_ -= leaves;
            leaves *= 2;
        }
        CHECK(pending_count_ < pending_.size());
        pending_[pending_count_++] = hash;
        size_ += leaves;
    }

    Hash root() const {
        if (pending_count_ == 0) return keys::sha256(BytesView{});
        Hash hash = pending_[pending_count_ - 1];
        for (std::size_t i = pending_count_ - 1; i > 0; --i)
            hash = node_hash(pending_[i - 1], hash);
        return hash;
    }

  private:
    std::array<Hash, 64> pending_;  // sizes are the bits of size_, descending
    std::size_t pending_count_ = 0;
    std::uint64_t size_ = 0;
};

// Hash of leaves [first, end), where `first` is aligned as RFC 9162's recursion aligns it.
Result<Hash> subtree_hash(std::uint64_t first, std::uint64_t end, const NodeSource& source) {
    if (std::has_single_bit(end - first)) return complete_hash(first, end - first, source);
    RootBuilder builder;
    for (std::uint64_t position = first; position < end;) {
        const std::uint64_t leaves = complete_from(position, end);
        const auto hash = complete_hash(position, leaves, source);
        if (!hash) return std::unexpected(hash.error());
        builder.add(*hash, leaves);
        position += leaves;
    }
    return builder.root();
}

}  // namespace

Hash leaf_hash(BytesView bytes) {
    static constexpr std::array<std::uint8_t, 1> kLeaf{0x00};
    return keys::sha256({BytesView(kLeaf), bytes});
}

Hash node_hash(const Hash& left, const Hash& right) {
    std::array<std::uint8_t, 1 + 2 * kHashBytes> input{0x01};
    std::ranges::copy(left.bytes, input.begin() + 1);
    std::ranges::copy(right.bytes, input.begin() + 1 + kHashBytes);
    return keys::sha256(BytesView(input));
}

NodeSource over(std::span<const Hash> leaves) {
    return [leaves](NodeId node) -> Result<Hash> {
        const std::uint64_t size = leaves.size();
        if (node.level > 63 || node.index >= (size >> node.level)) {
            return fail(Code::not_found, "no such complete subtree");
        }
        if (node.level == 0) return leaves[node.index];
        return root(leaves.subspan(node.index << node.level, std::uint64_t{1} << node.level));
    };
}

Result<void> append_leaf(std::uint64_t size,
                         const Hash& leaf,
                         const NodeSource& source,
                         const std::function<Result<void>(NodeId, const Hash&)>& put) {
    if (size >= kTreeSizeMax) return fail(Code::bad_argument, "the tree is full");
    Hash hash = leaf;
    auto done = put({0, size}, hash);
    for (std::uint8_t level = 0; done && ((size >> level) & 1) != 0; ++level) {
        const std::uint64_t index = size >> level;
        const auto left = source({level, index - 1});
        if (!left) return std::unexpected(left.error());
        hash = node_hash(*left, hash);
        done = put({static_cast<std::uint8_t>(level + 1), index >> 1}, hash);
    }
    return done;
}

Result<Hash> root(std::uint64_t size, const NodeSource& source) {
    if (size > kTreeSizeMax) return fail(Code::bad_argument, "the tree is too large");
    if (size == 0) return RootBuilder().root();
    return subtree_hash(0, size, source);
}

Hash root(std::span<const Hash> leaves) {
    RootBuilder builder;
    for (const Hash& leaf : leaves) builder.add(leaf, 1);
    return builder.root();
}

Result<std::vector<Hash>> inclusion_path(std::uint64_t index,
                                         std::uint64_t size,
                                         const NodeSource& source) {
    if (size > kTreeSizeMax || index >= size) {
        return fail(Code::bad_argument, "the leaf is not in the tree");
    }
    std::vector<Hash> path;
    std::uint64_t first = 0;
    std::uint64_t end = size;
    while (end - first > 1) {
        const std::uint64_t middle = first + split(end - first);
        const bool on_left = index < middle;
        const auto sibling =
            on_left ? subtree_hash(middle, end, source) : subtree_hash(first, middle, source);
        if (!sibling) return std::unexpected(sibling.error());
        path.push_back(*sibling);
        (on_left ? end : first) = middle;
    }
    std::ranges::reverse(path);
    return path;
}

// RFC 9162 2.1.3.2, with its names.
bool verify_inclusion(const Hash& leaf,
                      std::uint64_t index,
                      std::uint64_t size,
                      std::span<const Hash> path,
                      const Hash& root) {
    if (size > kTreeSizeMax || index >= size) return false;
    std::uint64_t fn = index;
    std::uint64_t sn = size - 1;
    Hash r = leaf;
    for (const Hash& p : path) {
        if (sn == 0) return false;
        if ((fn & 1) != 0 || fn == sn) {
            r = node_hash(p, r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = node_hash(r, p);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && r == root;
}

Result<std::vector<Hash>> consistency_path(std::uint64_t first,
                                           std::uint64_t second,
                                           const NodeSource& source) {
    if (second > kTreeSizeMax || first > second) {
        return fail(Code::bad_argument, "the first tree is larger than the second");
    }
    std::vector<Hash> path;
    if (first == 0 || first == second) return path;
    // RFC 9162's SUBPROOF, from the root down to the subtree that ends where the first tree ends.
    std::uint64_t start = 0;
    std::uint64_t end = second;
    while (end != first) {
        const std::uint64_t middle = start + split(end - start);
        const bool on_left = first <= middle;
        const auto sibling =
            on_left ? subtree_hash(middle, end, source) : subtree_hash(start, middle, source);
        if (!sibling) return std::unexpected(sibling.error());
        path.push_back(*sibling);
        (on_left ? end : start) = middle;
    }
    // If that subtree is the whole first tree, the verifier has its hash already.
    if (start != 0) {
        const auto hash = subtree_hash(start, end, source);
        if (!hash) return std::unexpected(hash.error());
        path.push_back(*hash);
    }
    std::ranges::reverse(path);
    return path;
}

// RFC 9162 2.1.4.2, with its names.
bool verify_consistency(std::uint64_t first,
                        std::uint64_t second,
                        const Hash& first_root,
                        const Hash& second_root,
                        std::span<const Hash> path) {
    if (second > kTreeSizeMax || first > second) return false;
    if (first == second) return path.empty() && first_root == second_root;
    if (first == 0) return path.empty() && first_root == RootBuilder().root();
    std::uint64_t fn = first - 1;
    std::uint64_t sn = second - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    Hash fr = first_root;
    if (!std::has_single_bit(first)) {
        if (path.empty()) return false;
        fr = path.front();
        path = path.subspan(1);
    }
    Hash sr = fr;
    for (const Hash& c : path) {
        if (sn == 0) return false;
        if ((fn & 1) != 0 || fn == sn) {
            fr = node_hash(c, fr);
            sr = node_hash(c, sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = node_hash(sr, c);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && fr == first_root && sr == second_root;
}

Result<RangeProof> range_proof(std::uint64_t first,
                               std::uint64_t count,
                               std::uint64_t size,
                               const NodeSource& source) {
    if (size > kTreeSizeMax || first > size || count > size - first) {
        return fail(Code::bad_argument, "the range is not in the tree");
    }
    RangeProof proof;
    if (auto left = push_complete(0, first, source, proof.left); !left) {
        return std::unexpected(left.error());
    }
    if (auto right = push_complete(first + count, size, source, proof.right); !right) {
        return std::unexpected(right.error());
    }
    return proof;
}

bool verify_range(std::span<const Hash> leaves,
                  std::uint64_t first,
                  std::uint64_t size,
                  const RangeProof& proof,
                  const Hash& root) {
    if (size > kTreeSizeMax || first > size || leaves.size() > size - first) return false;
    const std::uint64_t end = first + leaves.size();
    if (proof.left.size() != count_complete(0, first)) return false;
    if (proof.right.size() != count_complete(end, size)) return false;

    RootBuilder builder;
    std::uint64_t position = 0;
    for (const Hash& hash : proof.left) {
        const std::uint64_t complete = complete_from(position, first);
        builder.add(hash, complete);
        position += complete;
    }
    for (const Hash& leaf : leaves) builder.add(leaf, 1);
    position = end;
    for (const Hash& hash : proof.right) {
        const std::uint64_t complete = complete_from(position, size);
        builder.add(hash, complete);
        position += complete;
    }
    return builder.root() == root;
}

}  // namespace lienthong::proof
