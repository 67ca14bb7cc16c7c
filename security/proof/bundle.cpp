// SPDX-License-Identifier: Apache-2.0
#include "security/proof/bundle.hpp"

#include <flatbuffers/flatbuffers.h>

#include <utility>

#include "bus/message/envelope.hpp"
#include "bus/message/flat.hpp"
#include "schemas/bundle_generated.h"
#include "security/keys/digest.hpp"
#include "security/proof/batch.hpp"

namespace lienthong::proof {
namespace {

constexpr std::string_view kLabel = "lienthong/bundle/v1";

std::unexpected<Error> malformed(const char* what, const char* where) {
    return fail(Code::malformed_frame, what, where);
}

Hash digest_of(const BundleFrame& frame) {
    ByteWriter out;
    out.u8(frame.channel).prefixed(frame.command).prefixed(frame.data).prefixed(frame.answers);
    return keys::sha256(out.bytes());
}

Bytes signed_bytes(const Bundle& bundle) {
    ByteWriter frames;
    for (const BundleFrame& frame : bundle.frames) frames.hash(digest_of(frame));
    ByteWriter out;
    out.prefixed(kLabel)
        .u16(message::kSuite)
        .prefixed(bundle.bus.text())
        .u8(std::to_underlying(bundle.direction))
        .prefixed(bundle.agency.text())
        .prefixed(bundle.node.text())
        .i64(bundle.created)
        .u64(bundle.number)
        .u64(bundle.cursor)
        .u64(bundle.head_size)
        .hash(bundle.answers)
        .u8(bundle.more ? 1 : 0)
        .u32(static_cast<std::uint32_t>(bundle.frames.size()))
        .hash(keys::sha256(frames.bytes()));
    return out.take();
}

bool fits(const Bundle& bundle) {
    std::size_t size = kBundleOverhead;
    for (const BundleFrame& frame : bundle.frames) {
        if (frame.command.empty() || frame.command.size() > kBundleFrameBytesMax ||
            frame.data.size() > kBundleFrameBytesMax ||
            frame.answers.size() > kBundleFrameBytesMax) {
            return false;
        }
        size += frame.size();
    }
    return bundle.frames.size() <= kBundleFramesMax && size <= kBundleBytesMax;
}

Bytes encode(const Bundle& bundle) {
    flatbuffers::FlatBufferBuilder builder;
    const auto maybe_vector = [&](const Bytes& bytes) {
        return bytes.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>()
                             : builder.CreateVector(bytes);
    };
    std::vector<flatbuffers::Offset<fb::BundleFrame>> frames;
    for (const BundleFrame& frame : bundle.frames) {
        const auto command = builder.CreateVector(frame.command);
        const auto data = maybe_vector(frame.data);
        const auto answers = maybe_vector(frame.answers);
        frames.push_back(fb::CreateBundleFrame(builder, frame.channel, command, data, answers));
    }
    const auto all = builder.CreateVector(frames);
    const auto bus = builder.CreateString(bundle.bus.text());
    const auto agency = builder.CreateString(bundle.agency.text());
    const auto node = builder.CreateString(bundle.node.text());
    const auto signature = builder.CreateVector(bundle.signature);
    const auto answers = message::flat_of<fb::Bytes32>(bundle.answers.view());
    const auto key_id = message::flat_of<fb::Bytes32>(bundle.key_id.view());
    const auto direction = static_cast<fb::BundleDirection>(bundle.direction);
    builder.Finish(fb::CreateBundle(builder,
                                    kBundleFormat,
                                    message::kSuite,
                                    bus,
                                    direction,
                                    agency,
                                    node,
                                    bundle.created,
                                    bundle.number,
                                    bundle.cursor,
                                    bundle.head_size,
                                    &answers,
                                    bundle.more,
                                    all,
                                    &key_id,
                                    signature));
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

// Copies the frames out. Those of a hostile file may all point at the same bytes, so what is copied
// in all may not exceed the file.
Result<std::vector<BundleFrame>> read_frames(const fb::Bundle& flat, std::size_t bytes_max) {
    std::vector<BundleFrame> frames;
    const std::size_t count = flat.frames() == nullptr ? 0 : flat.frames()->size();
    if (count > kBundleFramesMax) return malformed("too many", "frames");
    std::size_t rest = bytes_max;
    bool fine = true;
    const auto copy = [&](const flatbuffers::Vector<std::uint8_t>* vector) {
        const BytesView view = message::bytes_of(vector);
        fine = fine && view.size() <= rest && view.size() <= kBundleFrameBytesMax;
        if (!fine) return Bytes{};
        rest -= view.size();
        return to_bytes(view);
    };
    for (std::uint32_t i = 0; i < count; ++i) {
        const fb::BundleFrame& from = *flat.frames()->Get(i);
        if (from.channel() > 1) return malformed("no such channel", "frames");
        BundleFrame frame{
            from.channel(), copy(from.command()), copy(from.data()), copy(from.answers())};
        if (!fine) return malformed("too large, or overlapping", "frames");
        if (frame.command.empty()) return malformed("empty", "frames");
        frames.push_back(std::move(frame));
    }
    return frames;
}

}  // namespace

Hash digest(const Bundle& bundle) { return keys::sha256(signed_bytes(bundle)); }

Result<Bytes> sign_bundle(Bundle bundle, keys::Signer& signer) {
    if (!fits(bundle)) return fail(Code::oversized, "more than a bundle holds");
    bundle.key_id = signer.public_key().id();
    auto signature = signer.sign(signed_bytes(bundle));
    if (!signature) return std::unexpected(signature.error());
    bundle.signature = std::move(*signature);
    return encode(bundle);
}

Result<Bundle> parse_bundle(BytesView file, std::size_t bytes_max) {
    if (file.size() > bytes_max) return fail(Code::oversized, "larger than a bundle may be");
    const message::AlignedCopy aligned(file);
    const auto verdict = message::verify_root<fb::Bundle, flatbuffers::Verifier>(
        aligned.view(), message::kTablesMaxLarge);
    if (verdict == message::Verdict::too_complex) return fail(Code::too_deep, "a bundle");
    if (verdict != message::Verdict::ok) return malformed("not the structure of a bundle", "file");
    const fb::Bundle& flat = *flatbuffers::GetRoot<fb::Bundle>(aligned.view().data());
    if (flat.format() != kBundleFormat) return fail(Code::unknown_version, "a bundle", "format");
    if (flat.suite() != message::kSuite) return fail(Code::unknown_suite, "a bundle", "suite");
    Bundle bundle;
    switch (flat.direction()) {
        case fb::BundleDirection::request:
            bundle.direction = Direction::request;
            break;
        case fb::BundleDirection::reply:
            bundle.direction = Direction::reply;
            break;
        default:
            return malformed("neither request nor reply", "direction");
    }
    const std::string_view bus = message::text_of(flat.bus());
    const std::string_view agency = message::text_of(flat.agency());
    const std::string_view node = message::text_of(flat.node());
    if (!is_name(bus) || !is_name(agency) || !is_name(node)) return malformed("no name", "names");
    if (flat.number() == 0) return malformed("numbers start at 1", "number");
    const BytesView signature = message::bytes_of(flat.signature());
    if (signature.empty() || signature.size() > kSignatureBytesMax) {
        return malformed("absent or too long", "signature");
    }
    auto frames = read_frames(flat, file.size());
    if (!frames) return std::unexpected(frames.error());
    bundle.bus = BusId::of(bus);
    bundle.agency = AgencyId::of(agency);
    bundle.node = lienthong::NodeId::of(node);
    bundle.created = flat.created();
    bundle.number = flat.number();
    bundle.cursor = flat.cursor();
    bundle.head_size = flat.head_size();
    bundle.answers = message::hash_of(flat.answers());
    bundle.more = flat.more();
    bundle.frames = std::move(*frames);
    bundle.key_id = message::hash_of(flat.key_id());
    bundle.signature = to_bytes(signature);
    return bundle;
}

Result<void> verify_bundle(const Bundle& bundle, const keys::PublicKey& key) {
    if (bundle.key_id != key.id()) return fail(Code::bad_signature, "made with another key");
    return key.verify(signed_bytes(bundle), bundle.signature);
}

}  // namespace lienthong::proof
