// SPDX-License-Identifier: Apache-2.0
// Answers the cases of tests/support/merkle_reference.py, one a line; checks its own proofs too.
#include <fmt/format.h>

#include <iostream>

#include "bus/base/check.hpp"
#include "security/proof/merkle.hpp"

namespace lienthong::proof {
namespace {

std::string list(std::span<const Hash> hashes) {
    std::string text;
    for (const Hash& hash : hashes) text += (text.empty() ? "" : ",") + to_hex(hash.view());
    return text.empty() ? "-" : text;
}

void answer(const std::string& name,
            std::uint64_t size,
            std::uint64_t index,
            std::uint64_t first,
            std::uint64_t second,
            std::uint64_t from,
            std::uint64_t count) {
    std::vector<Hash> leaves;
    for (std::uint64_t i = 0; i < size; ++i) {
        leaves.push_back(leaf_hash(as_bytes(fmt::format("{}/{}", name, i))));
    }
    const auto source = over(leaves);
    const Hash head = root(leaves);
    const auto inclusion = inclusion_path(index, size, source).value();
    const auto consistency = consistency_path(first, second, source).value();
    const auto range = range_proof(from, count, size, source).value();
    CHECK(verify_inclusion(leaves[index], index, size, inclusion, head));
    CHECK(verify_consistency(first, second, root(first, source).value(), head, consistency));
    CHECK(verify_range(std::span(leaves).subspan(from, count), from, size, range, head));
    fmt::print("{} {} {} {} {}\n",
               to_hex(head.view()),
               list(inclusion),
               list(consistency),
               list(range.left),
               list(range.right));
}

}  // namespace
}  // namespace lienthong::proof

int main() {
    std::string name;
    std::uint64_t size = 0;
    std::uint64_t index = 0;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::uint64_t from = 0;
    std::uint64_t count = 0;
    while (std::cin >> name >> size >> index >> first >> second >> from >> count) {
        lienthong::proof::answer(name, size, index, first, second, from, count);
    }
    return std::cin.eof() ? 0 : 1;
}
