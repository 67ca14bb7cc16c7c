// SPDX-License-Identifier: Apache-2.0
// Bundles: frames between a node and the broker as one signed file, for a stick or a one-way link.
// What the frames say is judged by whoever takes them, as if they had come over the network; here
// they are opaque.
//
// Signed: label "lienthong/bundle/v1" ‖ suite u16 ‖ bus ‖ direction u8 ‖ agency ‖ node ‖ created
// i64 ‖ number u64 ‖ cursor u64 ‖ head size u64 ‖ answers 32 ‖ more u8 ‖ frames u32 ‖ SHA-256 over
// the frames' digests. A frame's digest is SHA-256(channel u8 ‖ command ‖ data ‖ answers). Texts,
// and the parts of a frame, are length-prefixed.
#pragma once

#include <vector>

#include "bus/base/ids.hpp"
#include "security/keys/keys.hpp"

namespace lienthong::proof {

inline constexpr std::uint16_t kBundleFormat = 1;
inline constexpr std::size_t kBundleBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kBundleFramesMax = 4096;
inline constexpr std::size_t kBundleFrameBytesMax = 8 * 1024 * 1024;  // of each part
// What a frame costs in the file beside its bytes, and the rest of the file, with room to spare.
inline constexpr std::size_t kBundleFrameOverhead = 64;
inline constexpr std::size_t kBundleOverhead = 4096;

enum class Direction : std::uint8_t { request = 1, reply = 2 };

struct BundleFrame {
    std::uint8_t channel = 0;  // 0: control, 1: data
    Bytes command{};
    Bytes data{};
    Bytes answers{};  // in a reply: the command that this one answers

    std::size_t size() const {
        return command.size() + data.size() + answers.size() + kBundleFrameOverhead;
    }
    bool operator==(const BundleFrame&) const = default;
};

struct Bundle {
    BusId bus{};
    Direction direction = Direction::request;
    AgencyId agency{};         // the node's, in both directions
    lienthong::NodeId node{};  // proof::NodeId is a place in a tree
    Millis created = 0;
    std::uint64_t number = 0;     // of the request, from 1
    Position cursor = 0;          // request: next position wanted; reply: end of what is here
    std::uint64_t head_size = 0;  // request: of the newest head that the node keeps, 0: none
    Hash answers{};               // reply: digest of the request; else zeros
    bool more = false;            // reply: more waits at the broker
    std::vector<BundleFrame> frames{};
    keys::KeyId key_id{};
    Bytes signature{};
    bool operator==(const Bundle&) const = default;
};

// Names a bundle by what is signed: files that say the same have the same digest.
Hash digest(const Bundle& bundle);

// The file. Frames and sizes within the limits (checked): else oversized. The signer's errors.
Result<Bytes> sign_bundle(Bundle bundle, keys::Signer& signer);

// Size, structure and fields; nothing of it is trusted before verify_bundle(). oversized,
// malformed_frame, too_deep, unknown_version, unknown_suite.
Result<Bundle> parse_bundle(BytesView file, std::size_t bytes_max = kBundleBytesMax);

// bad_signature, also if the bundle names another key.
Result<void> verify_bundle(const Bundle& bundle, const keys::PublicKey& key);

}  // namespace lienthong::proof
