// SPDX-License-Identifier: Apache-2.0
#include "security/seal/commitment.hpp"

#include <gtest/gtest.h>

#include <set>

namespace lienthong::seal {
namespace {

Hash salt(std::uint8_t value = 0xab) {
    Hash hash;
    hash.bytes.fill(value);
    return hash;
}

CommitmentContext context() {
    return {.suite = 1,
            .bus = BusId::of("ninh-binh"),
            .message = {.stream = 0x0123456789abcdef, .sequence = 7},
            .section = "identity"};
}

TEST(Commitment, IsTheDigestThatAnotherProgramComputes) {
    // Computed with Python's hashlib and struct from the words of the header file.
    EXPECT_EQ(to_hex(commit_plaintext(context(), salt(), as_bytes("words")).view()),
              "83bf36f6a08d469024846a74999135fa0d493ba2d8b3d1b9ed32b58ab3f4deef");
    EXPECT_EQ(to_hex(commit_descriptor(context(), salt(), as_bytes("words")).view()),
              "91954773c96137fd4fd757791e6bcc7e58ba4f0cb3d2a8a4302b762d92a1b482");
}

TEST(Commitment, BindsEveryPartOfItsContext) {
    std::set<Hash> seen;
    const auto add = [&seen](const CommitmentContext& changed, const Hash& with = salt()) {
        seen.insert(commit_plaintext(changed, with, as_bytes("words")));
        seen.insert(commit_descriptor(changed, with, as_bytes("words")));
    };
    add(context());
    CommitmentContext changed = context();
    changed.suite = 2;
    add(changed);
    changed = context();
    changed.bus = BusId::of("ha-nam");
    add(changed);
    changed = context();
    changed.message.stream += 1;
    add(changed);
    changed = context();
    changed.message.sequence += 1;
    add(changed);
    changed = context();
    changed.section = "contact";
    add(changed);
    add(context(), salt(0xac));
    EXPECT_EQ(seen.size(), 14U);
}

TEST(Commitment, DoesNotMoveBytesBetweenItsParts) {
    CommitmentContext left = context();
    left.bus = BusId::of("ab");
    left.section = "c";
    CommitmentContext right = context();
    right.bus = BusId::of("a");
    right.section = "bc";
    EXPECT_NE(commit_plaintext(left, salt(), as_bytes("x")),
              commit_plaintext(right, salt(), as_bytes("x")));
}

}  // namespace
}  // namespace lienthong::seal
