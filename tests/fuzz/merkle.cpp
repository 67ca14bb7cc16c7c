// SPDX-License-Identifier: Apache-2.0
// Proofs of trees that the input builds: a good proof verifies; one that was altered in its hashes,
// sizes or places verifies only if it says the same.
#include "security/proof/merkle.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

using proof::RangeProof;

constexpr std::uint64_t kLeavesMax = 70;

std::vector<Hash> leaves_of(std::uint64_t size) {
    std::vector<Hash> leaves;
    for (std::uint64_t i = 0; i < size; ++i) {
        leaves.push_back(proof::leaf_hash(ByteWriter().u64(i).bytes()));
    }
    return leaves;
}

// Perhaps changes a list of hashes; says nothing of whether it did.
void alter_hashes(std::vector<Hash>& hashes, Choices& choices) {
    switch (choices.below(8)) {
        case 0:
            if (!hashes.empty()) hashes.pop_back();
            break;
        case 1:
            hashes.push_back(hashes.empty() ? Hash{} : hashes.front());
            break;
        case 2:
            if (!hashes.empty()) {
                hashes[choices.below(hashes.size())].bytes[choices.below(kHashBytes)] ^=
                    choices.byte();
            }
            break;
        case 3:
            if (hashes.size() > 1) std::swap(hashes.front(), hashes.back());
            break;
        default:
            break;
    }
}

// Sizes far from the truth, to the ends of 64 bits.
std::uint64_t altered(std::uint64_t value, Choices& choices) {
    switch (choices.below(8)) {
        case 0:
            return value + 1;
        case 1:
            return value - 1;
        case 2:
            return std::uint64_t{1} << choices.below(64);
        case 3:
            return UINT64_MAX - choices.below(4);
        default:
            return value;
    }
}

void check_inclusion(Choices& choices, const std::vector<Hash>& leaves, const Hash& root) {
    const std::uint64_t index = choices.below(leaves.size());
    const auto good = proof::inclusion_path(index, leaves.size(), proof::over(leaves)).value();
    auto path = good;
    alter_hashes(path, choices);
    const std::uint64_t place = altered(index, choices);
    const std::uint64_t size = altered(leaves.size(), choices);
    const bool holds = proof::verify_inclusion(leaves[index], place, size, path, root);
    // Of another size some trees have the same path to the same root: then its place is the truth.
    const bool is_same = path == good && place == index && size == leaves.size();
    CHECK(!is_same || holds);
    if (holds && size == leaves.size()) CHECK(place == index && path == good);
}

void check_consistency(Choices& choices, const std::vector<Hash>& leaves, const Hash& root) {
    const auto source = proof::over(leaves);
    const std::uint64_t first = choices.below(leaves.size() + 1);
    const Hash first_root = proof::root(first, source).value();
    const auto good = proof::consistency_path(first, leaves.size(), source).value();
    auto path = good;
    alter_hashes(path, choices);
    const std::uint64_t from = altered(first, choices);
    const std::uint64_t to = altered(leaves.size(), choices);
    const bool holds = proof::verify_consistency(from, to, first_root, root, path);
    const bool is_same = path == good && from == first && to == leaves.size();
    CHECK(!is_same || holds);
    if (holds && from == first && to == leaves.size()) CHECK(path == good);
}

void check_range(Choices& choices, std::vector<Hash> leaves, const Hash& root) {
    const std::uint64_t first = choices.below(leaves.size());
    const std::uint64_t count = choices.below(leaves.size() - first + 1);
    const auto good = proof::range_proof(first, count, leaves.size(), proof::over(leaves)).value();
    RangeProof range = good;
    alter_hashes(range.left, choices);
    alter_hashes(range.right, choices);
    std::vector<Hash> claimed(leaves.begin() + static_cast<std::ptrdiff_t>(first),
                              leaves.begin() + static_cast<std::ptrdiff_t>(first + count));
    const std::vector<Hash> truth = claimed;
    alter_hashes(claimed, choices);
    const std::uint64_t place = altered(first, choices);
    const std::uint64_t size = altered(leaves.size(), choices);
    const bool holds = proof::verify_range(claimed, place, size, range, root);
    const bool is_same =
        range == good && claimed == truth && place == first && size == leaves.size();
    CHECK(!is_same || holds);
    if (holds && size == leaves.size() && place == first && claimed.size() == truth.size()) {
        CHECK(claimed == truth && range == good);
    }
}

void run(BytesView input) {
    Choices choices(input);
    const std::vector<Hash> leaves = leaves_of(1 + choices.below(kLeavesMax));
    const Hash root = proof::root(leaves);
    check_inclusion(choices, leaves, root);
    check_consistency(choices, leaves, root);
    check_range(choices, leaves, root);
}

const Registered registered({"merkle", run, 128});

}  // namespace
}  // namespace lienthong::fuzz
