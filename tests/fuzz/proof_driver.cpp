// SPDX-License-Identifier: Apache-2.0
// Answers the cases of tests/fuzz/differential, one a line: 1 accepted, 0 refused, or what was
// made.
#include <fmt/format.h>

#include <iostream>
#include <sstream>

#include "bus/base/check.hpp"
#include "security/proof/batch.hpp"
#include "security/proof/receipt.hpp"

namespace lienthong::proof {
namespace {

// The words of a line; "-" stands for an empty list or empty bytes.
class Line {
  public:
    explicit Line(const std::string& line) : words_(line) {}

    std::string word() {
        std::string word;
        CHECK(static_cast<bool>(words_ >> word));
        return word == "-" ? std::string() : word;
    }
    std::uint64_t number() { return std::stoull(word()); }
    Millis time() { return std::stoll(word()); }
    Bytes bytes() { return from_hex(word()).value(); }
    Hash hash() { return hash_from_hex(word()).value(); }
    std::vector<Hash> hashes() {
        std::vector<Hash> hashes;
        std::istringstream parts(word());
        for (std::string part; std::getline(parts, part, ',');) {
            hashes.push_back(hash_from_hex(part).value());
        }
        return hashes;
    }
    keys::PublicKey key() { return keys::PublicKey::from_raw_ed25519(bytes()).value(); }

  private:
    std::istringstream words_;
};

std::string said(bool accepted) { return accepted ? "1" : "0"; }

std::string list(std::span<const Hash> hashes) {
    std::string text;
    for (const Hash& hash : hashes) text += (text.empty() ? "" : ",") + to_hex(hash.view());
    return text.empty() ? "-" : text;
}

std::string make(Line& line) {
    const auto leaves = line.hashes();
    const auto source = over(leaves);
    const std::uint64_t index = line.number();
    const std::uint64_t first = line.number();
    const std::uint64_t from = line.number();
    const auto range = range_proof(from, line.number(), leaves.size(), source).value();
    return fmt::format("{} {} {} {} {}",
                       to_hex(root(leaves).view()),
                       list(inclusion_path(index, leaves.size(), source).value()),
                       list(consistency_path(first, leaves.size(), source).value()),
                       list(range.left),
                       list(range.right));
}

std::string judge_inclusion(Line& line) {
    const Hash leaf = line.hash();
    const std::uint64_t index = line.number();
    const std::uint64_t size = line.number();
    const auto path = line.hashes();
    return said(verify_inclusion(leaf, index, size, path, line.hash()));
}

std::string judge_consistency(Line& line) {
    const std::uint64_t first = line.number();
    const std::uint64_t second = line.number();
    const Hash first_root = line.hash();
    const Hash second_root = line.hash();
    return said(verify_consistency(first, second, first_root, second_root, line.hashes()));
}

std::string judge_range(Line& line) {
    const auto leaves = line.hashes();
    const std::uint64_t first = line.number();
    const std::uint64_t size = line.number();
    RangeProof range;
    range.left = line.hashes();
    range.right = line.hashes();
    return said(verify_range(leaves, first, size, range, line.hash()));
}

std::string judge_batch(Line& line) {
    const auto proof = parse_batch_proof(line.bytes());
    if (!proof) return said(false);
    const keys::PublicKey key = line.key();
    const BusId bus = BusId::of(line.word());
    const AgencyId agency = AgencyId::of(line.word());
    return said(verify_batch(*proof, key, bus, agency, line.hashes()).has_value());
}

std::string judge_member(Line& line) {
    const auto proof = parse_batch_proof(line.bytes());
    if (!proof) return said(false);
    const keys::PublicKey key = line.key();
    const BusId bus = BusId::of(line.word());
    const AgencyId agency = AgencyId::of(line.word());
    const Hash header = line.hash();
    const auto index = static_cast<std::uint32_t>(line.number());
    return said(
        verify_in_batch(*proof, key, bus, agency, header, index, line.hashes()).has_value());
}

std::string judge_receipt(Line& line) {
    const Bytes head = line.bytes();
    const keys::PublicKey key = line.key();
    const BusId bus = BusId::of(line.word());
    const auto accepted = line.hashes();
    ReceiptClaim claim;
    claim.head = as_text(head);
    claim.accepted = accepted;
    claim.first_position = line.number();
    claim.time = line.time();
    claim.epoch = line.number();
    claim.proof = line.hash();
    claim.range.left = line.hashes();
    claim.range.right = line.hashes();
    return said(verify_receipt(claim, bus, key).has_value());
}

std::string answer(const std::string& text) {
    Line line(text);
    const std::string what = line.word();
    if (what == "make") return make(line);
    if (what == "inclusion") return judge_inclusion(line);
    if (what == "consistency") return judge_consistency(line);
    if (what == "range_of") return judge_range(line);
    if (what == "batch") return judge_batch(line);
    if (what == "member") return judge_member(line);
    CHECK(what == "receipt");
    return judge_receipt(line);
}

}  // namespace
}  // namespace lienthong::proof

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        std::cout << lienthong::proof::answer(line) << '\n';
    }
    return std::cin.eof() ? 0 : 1;
}
