// SPDX-License-Identifier: Apache-2.0
// Chunks of large sections: taken before the header that names them, asked for when a message is
// admitted, given to whom a delivery showed the section, and collected when nobody claims them.
#include <algorithm>

#include "bus/core/machine.hpp"

namespace lienthong::core {
namespace {

// The rule under which refused requests for chunks are counted, whatever the reason.
constexpr std::string_view kChunkRule = "chunk";

UploadId upload_of(const message::Header& header, std::string_view section) {
    return {header.sender, header.id, std::string(section)};
}

std::vector<Hash> hashes_of(const std::vector<std::pair<std::uint32_t, ChunkLeaf>>& leaves) {
    std::vector<Hash> hashes;
    hashes.reserve(leaves.size());
    for (const auto& [index, leaf] : leaves) hashes.push_back(leaf.leaf);
    return hashes;
}

// All chunks that the descriptor counts, of its size, under its root.
bool are_whole(const std::vector<std::pair<std::uint32_t, ChunkLeaf>>& leaves,
               const message::Descriptor& descriptor) {
    std::uint64_t bytes = 0;
    for (const auto& [index, leaf] : leaves) bytes += leaf.bytes;
    return leaves.size() == descriptor.chunk_count &&
           leaves.back().first + 1 == descriptor.chunk_count && bytes == descriptor.padded_bytes &&
           proof::root(hashes_of(leaves)) == descriptor.chunk_root;
}

}  // namespace

Result<bool> has_chunks(const ReadState& state, const VerifiedEnvelope& envelope) {
    for (const message::Descriptor& descriptor : envelope.descriptors) {
        if (descriptor.form != message::Form::chunked) continue;
        const UploadId upload = upload_of(envelope.header, descriptor.name);
        auto row = state.maybe_upload(upload);
        if (!row) return std::unexpected(row.error());
        if (!*row || (*row)->count != descriptor.chunk_count) return false;
        auto leaves = state.chunk_leaves(upload);
        if (!leaves) return std::unexpected(leaves.error());
        if (leaves->empty() || !are_whole(*leaves, descriptor)) return false;
    }
    return true;
}

Result<std::optional<Error>> decide_upload(const ReadState& state,
                                           const Documents& documents,
                                           const Session& session,
                                           const ChunkOffer& offer) {
    using Refusal = std::optional<Error>;
    if (offer.sent.empty()) return Refusal(Error{Code::malformed_section, "no chunk", {}, {}});
    if (offer.sent.size() > message::kChunkSentBytesMax) {
        return Refusal(Error{Code::oversized, {}, "chunk", {}});
    }
    if (offer.count > message::kChunksMax || offer.index >= offer.count) {
        return Refusal(Error{Code::malformed_frame, "no such place", "index", {}});
    }
    const UploadId upload{session.agency, offer.message, offer.section};
    auto earlier = state.maybe_chunk_leaf(upload, offer.index);
    if (!earlier) return std::unexpected(earlier.error());
    auto stream = state.maybe_stream(offer.message.stream);
    if (!stream) return std::unexpected(stream.error());
    if (*stream) {
        if ((*stream)->agency != session.agency || (*stream)->node != session.node) {
            return Refusal(Error{Code::wrong_stream, {}, {}, {}});
        }
        // A consumed number takes no other chunks; the very same one is there already.
        if (offer.message.sequence <= (*stream)->last) {
            const bool same = *earlier && (*earlier)->leaf == proof::leaf_hash(offer.sent);
            return same ? Refusal() : Refusal(Error{Code::id_conflict, {}, {}, {}});
        }
        if ((*stream)->closed) return Refusal(Error{Code::stream_closed, {}, {}, {}});
    }
    auto charged = state.upload_bytes(session.agency);
    if (!charged) return std::unexpected(charged.error());
    const std::uint64_t more = message::chunk_charge(offer.sent.size());
    const std::uint64_t less = *earlier ? message::chunk_charge((*earlier)->bytes) : 0;
    const std::uint64_t quota = documents.registry->data().limits.chunk_quota_bytes;
    if (more > less && (quota < more - less || *charged > quota - (more - less))) {
        return Refusal(Error{Code::overloaded, "the agency's quota of uploads is full", {}, {}});
    }
    return Refusal();
}

Judged<std::monostate> Group::upload(const Session& session, const ChunkOffer& offer) {
    auto refusal = decide_upload(state_, machine_.documents_, session, offer);
    if (!refusal) return std::unexpected(refusal.error());
    if (*refusal) return refused<std::monostate>(std::move(**refusal));
    auto stored = state_.put_chunk({session.agency, offer.message, offer.section}, offer, time_);
    if (!stored) return std::unexpected(stored.error());
    return std::monostate{};
}

Result<void> Group::claim_chunks(const VerifiedEnvelope& envelope, const CaseId& sealed_under) {
    for (const message::Descriptor& descriptor : envelope.descriptors) {
        if (descriptor.form != message::Form::chunked) continue;
        auto claimed =
            state_.claim_upload(upload_of(envelope.header, descriptor.name), sealed_under);
        if (!claimed) return claimed;
    }
    return {};
}

Result<void> Group::abandon_uploads(const AgencyId& agency,
                                    const MessageId& first,
                                    std::uint64_t last) {
    auto uploads = state_.unclaimed_uploads(agency, first, last);
    if (!uploads) return std::unexpected(uploads.error());
    for (const UploadId& upload : *uploads) {
        auto abandoned = state_.abandon_upload(upload);
        if (!abandoned) return abandoned;
    }
    return {};
}

Result<std::size_t> Group::collect_uploads(std::size_t chunks_max) {
    const Millis before = std::max<Millis>(time_ - kUploadKeptMs, 1);
    auto uploads = state_.uploads_before(before, chunks_max);
    if (!uploads) return std::unexpected(uploads.error());
    std::size_t collected = 0;
    for (const UploadId& upload : *uploads) {
        if (collected >= chunks_max) break;
        auto erased = state_.erase_chunks(upload, chunks_max - collected);
        if (!erased) return erased;
        collected += *erased;
    }
    return collected;
}

// A delivery that shows a chunked section entitles its node to the chunks: this row and the entry
// `delivered` are committed together, before the delivery leaves.
Result<void> Group::grant_chunks(const Session& session, const message::DeliveredEntry& entry) {
    std::vector<std::uint8_t> sections;
    for (const message::Section& section : entry.sections) {
        if (!section.body.empty()) continue;
        auto descriptor = message::parse_descriptor(section.descriptor);
        if (!descriptor) return std::unexpected(descriptor.error());
        if (descriptor->form == message::Form::chunked) sections.push_back(section.index);
    }
    if (sections.empty()) return {};
    auto known = state_.chunk_grant(session.agency, session.node, entry.position);
    if (!known) return std::unexpected(known.error());
    if (*known == sections) return {};
    return state_.put_chunk_grant(session.agency, session.node, entry.position, sections);
}

// What the node may have of the entry now: nothing is read of an entry that was not delivered to
// it, so that an absent position, a case of others and a section without a grant look alike.
Result<std::optional<ChunkSource>> Group::find_chunks(const Session& session,
                                                      const ChunkRequest& request) {
    using Found = std::optional<ChunkSource>;
    auto granted = state_.chunk_grant(session.agency, session.node, request.position);
    if (!granted) return std::unexpected(granted.error());
    if (granted->empty()) return Found();
    auto entry = state_.entry(request.position);
    if (!entry) return std::unexpected(entry.error());
    auto header = message::parse_header(entry->content);
    if (!header) return std::unexpected(header.error());
    const auto index = message::maybe_section(message::info(header->kind), request.section);
    if (!index || std::ranges::find(*granted, *index) == granted->end()) return Found();
    auto sections = state_.sections(*entry);
    if (!sections) return std::unexpected(sections.error());
    auto release = decide_release(
        state_, machine_.documents_, machine_.earlier_, session.agency, *header, *sections, time_);
    if (!release) return std::unexpected(release.error());
    for (const std::size_t i : release->sections) {
        if ((*sections)[i].index != *index) continue;
        auto descriptor = message::parse_descriptor((*sections)[i].descriptor);
        if (!descriptor) return std::unexpected(descriptor.error());
        return Found(ChunkSource{upload_of(*header, descriptor->name), descriptor->chunk_count});
    }
    return Found();  // policy has changed since the delivery
}

Judged<ChunkAnswer> Group::fetch_chunk(const Session& session, const ChunkRequest& request) {
    auto source = find_chunks(session, request);
    if (!source && source.error().code == Code::erased) {
        return refused<ChunkAnswer>(Error{Code::erased, {}, {}, {}});
    }
    if (!source) return std::unexpected(source.error());
    if (!*source) {
        if (!may_record()) return refused<ChunkAnswer>(Error{Code::disk_full, {}, {}, {}});
        auto denied = record_denial(session.agency, kChunkRule);
        if (!denied) return std::unexpected(denied.error());
        return refused<ChunkAnswer>(Error{Code::forbidden, {}, {}, {}});
    }
    if (request.index >= (*source)->count) {
        return refused<ChunkAnswer>(Error{Code::bad_argument, "no such chunk", {}, {}});
    }
    auto leaves = state_.chunk_leaves((*source)->upload);
    if (!leaves) return std::unexpected(leaves.error());
    const std::vector<Hash> hashes = hashes_of(*leaves);
    auto path = proof::inclusion_path(request.index, hashes.size(), proof::over(hashes));
    if (!path) return fail(Code::corrupt, "the chunks of a message are missing");
    auto sent = state_.chunk((*source)->upload, request.index);
    if (!sent) return std::unexpected(sent.error());
    return ChunkAnswer{std::move(*sent), std::move(*path)};
}

}  // namespace lienthong::core
