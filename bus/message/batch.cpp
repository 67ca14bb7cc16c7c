// SPDX-License-Identifier: Apache-2.0
// Sections, batches and sealed bodies of envelope.hpp.
#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/message/envelope.hpp"
#include "bus/message/flat.hpp"
#include "schemas/envelope_generated.h"

namespace lienthong::message {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

// Gives memory back wiped: a builder grows by copying, and may hold the plaintext of a section.
class WipingAllocator final : public flatbuffers::Allocator {
  public:
    std::uint8_t* allocate(std::size_t size) override {
        return static_cast<std::uint8_t*>(::operator new(size));
    }
    void deallocate(std::uint8_t* memory, std::size_t size) override {
        explicit_bzero(memory, size);
        ::operator delete(memory);
    }
};

std::unexpected<Error> bad_frame(std::string_view what) {
    return fail(Code::malformed_frame, std::string(what));
}

Offset<fb::Section> write(FlatBufferBuilder& builder, const Section& section) {
    const auto descriptor = builder.CreateVector(section.descriptor);
    Offset<flatbuffers::Vector<std::uint8_t>> body;
    if (!section.body.empty()) body = builder.CreateVector(section.body);
    const auto descriptor_salt = flat_of<fb::Bytes32>(section.descriptor_salt.view());
    fb::SectionBuilder flat(builder);
    flat.add_index(section.index);
    flat.add_descriptor(descriptor);
    flat.add_descriptor_salt(&descriptor_salt);
    if (section.plaintext_salt) {
        const auto plaintext_salt = flat_of<fb::Bytes32>(section.plaintext_salt->view());
        flat.add_plaintext_salt(&plaintext_salt);
    }
    if (!section.body.empty()) flat.add_body(body);
    return flat.Finish();
}

Offset<flatbuffers::Vector<Offset<fb::Section>>> write(FlatBufferBuilder& builder,
                                                       const std::vector<Section>& sections) {
    std::vector<Offset<fb::Section>> flat;
    flat.reserve(sections.size());
    for (const Section& section : sections) flat.push_back(write(builder, section));
    return builder.CreateVector(flat);
}

Bytes bytes_of(const FlatBufferBuilder& builder) {
    return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

// Copies parts out of a frame. Parts of a hostile frame may all point at the same bytes, so what is
// copied in all may not exceed the frame.
class Copier {
  public:
    explicit Copier(std::size_t bytes_max) : rest_(bytes_max) {}

    template <class Vector>
    Bytes copy(const Vector* vector) {
        const BytesView view = message::bytes_of(vector);
        if (view.size() > rest_) {
            overlapping_ = true;
            return {};
        }
        rest_ -= view.size();
        return to_bytes(view);
    }
    bool overlapping() const { return overlapping_; }

  private:
    std::size_t rest_;
    bool overlapping_ = false;
};

Result<std::vector<Section>> read_sections(
    const flatbuffers::Vector<Offset<fb::Section>>* flat_sections, Copier& copier) {
    std::vector<Section> sections;
    if (flat_sections == nullptr) return sections;
    if (flat_sections->size() > kSectionsMax) return bad_frame("too many sections in an envelope");
    sections.reserve(flat_sections->size());
    for (const fb::Section* flat : *flat_sections) {
        if (flat->index() >= kSectionsMax ||
            (!sections.empty() && sections.back().index >= flat->index())) {
            return bad_frame("the indexes of sections ascend and are below 12");
        }
        if (flat->descriptor()->size() > kDescriptorBytesMax) {
            return fail(Code::oversized, {}, "descriptor");
        }
        Section section;
        section.index = flat->index();
        section.descriptor = copier.copy(flat->descriptor());
        section.descriptor_salt = hash_of(flat->descriptor_salt());
        if (flat->plaintext_salt() != nullptr) {
            section.plaintext_salt = hash_of(flat->plaintext_salt());
        }
        section.body = copier.copy(flat->body());
        if (copier.overlapping()) return bad_frame("parts overlap");
        sections.push_back(std::move(section));
    }
    return sections;
}

std::unexpected<Error> refused(Verdict verdict, std::string_view what) {
    return fail(verdict == Verdict::too_complex ? Code::too_deep : Code::malformed_frame,
                std::string(what));
}

std::size_t size_class(std::size_t size) {
    constexpr std::size_t kLargest = 16 * 1024;
    std::size_t bytes = 1024;
    while (bytes < size && bytes < kLargest) bytes *= 2;
    return size <= bytes ? bytes : (size + kLargest - 1) / kLargest * kLargest;
}

Bytes encode_with_padding(const SealedBody& body, std::size_t padding_bytes) {
    WipingAllocator allocator;
    FlatBufferBuilder builder(body.plaintext.size() + padding_bytes + 4096, &allocator);
    const Bytes zeros(padding_bytes);
    const auto padding = builder.CreateVector(zeros);
    const auto plaintext = builder.CreateVector(body.plaintext);
    std::vector<Offset<flatbuffers::String>> names;
    names.reserve(body.audience.size());
    for (const AgencyId& agency : body.audience) {
        names.push_back(builder.CreateString(agency.text()));
    }
    const auto audience = builder.CreateVector(names);
    const auto section = builder.CreateString(body.section);
    const auto sender = builder.CreateString(body.sender.text());
    const auto bus = builder.CreateString(body.bus.text());
    const fb::MessageId message(body.message.stream, body.message.sequence);
    const auto salt = flat_of<fb::Bytes32>(body.plaintext_salt.view());
    builder.Finish(fb::CreateSealedBody(builder,
                                        bus,
                                        &message,
                                        sender,
                                        fb::Kind{static_cast<std::uint16_t>(body.kind)},
                                        section,
                                        audience,
                                        &salt,
                                        body.chunk_index,
                                        body.chunk_count,
                                        plaintext,
                                        padding));
    return bytes_of(builder);
}

}  // namespace

Bytes encode_batch(const Batch& batch) {
    FlatBufferBuilder builder(64 * 1024);
    std::vector<Offset<fb::Envelope>> envelopes;
    envelopes.reserve(batch.envelopes.size());
    for (const Envelope& envelope : batch.envelopes) {
        const auto sections = write(builder, envelope.sections);
        const auto header = builder.CreateVector(envelope.header);
        envelopes.push_back(fb::CreateEnvelope(builder, header, sections));
    }
    const auto flat_envelopes = builder.CreateVector(envelopes);
    const auto proof = builder.CreateVector(batch.proof);
    builder.Finish(fb::CreateBatch(builder, proof, flat_envelopes));
    return bytes_of(builder);
}

Result<Batch> parse_batch(BytesView frame) {
    if (frame.size() > kBatchBytesMax) return fail(Code::oversized, {}, "batch");
    const AlignedCopy aligned(frame);
    const Verdict verdict =
        verify_root<fb::Batch, flatbuffers::Verifier>(aligned.view(), kTablesMaxLarge);
    if (verdict != Verdict::ok) return refused(verdict, "is no batch");
    const auto& flat = *flatbuffers::GetRoot<fb::Batch>(aligned.view().data());
    const std::size_t count = flat.envelopes()->size();
    if (count == 0) return bad_frame("a batch has a message or more");
    if (count > kBatchMessagesMax) return fail(Code::oversized, {}, "batch");
    Copier copier(frame.size());
    Batch batch;
    batch.proof = copier.copy(flat.proof());
    batch.envelopes.reserve(count);
    for (const fb::Envelope* envelope : *flat.envelopes()) {
        auto sections = read_sections(envelope->sections(), copier);
        if (!sections) return std::unexpected(sections.error());
        batch.envelopes.push_back({copier.copy(envelope->header()), std::move(*sections)});
        if (copier.overlapping()) return bad_frame("parts overlap");
    }
    return batch;
}

Bytes encode_sections(const std::vector<Section>& sections) {
    FlatBufferBuilder builder(4096);
    builder.Finish(fb::CreateSections(builder, write(builder, sections)));
    return bytes_of(builder);
}

Result<std::vector<Section>> parse_sections(BytesView bytes) {
    if (bytes.size() > kBatchBytesMax) return fail(Code::oversized, {}, "sections");
    const AlignedCopy aligned(bytes);
    const Verdict verdict =
        verify_root<fb::Sections, flatbuffers::Verifier>(aligned.view(), kTablesMax);
    if (verdict != Verdict::ok) return refused(verdict, "are no sections");
    Copier copier(bytes.size());
    return read_sections(flatbuffers::GetRoot<fb::Sections>(aligned.view().data())->sections(),
                         copier);
}

Bytes encode_sealed_body(const SealedBody& body) {
    CHECK(body.plaintext.size() <= kChunkBytes);
    CHECK(body.audience.size() <= kAudienceMax);
    // Without padding first, for its size; alignment may then make the sum miss the class by a few
    // bytes, so the padding is corrected by what it missed.
    const std::size_t bare = encode_with_padding(body, 0).size();
    std::size_t target = size_class(bare);
    std::size_t padding = target - bare;
    for (int attempt = 0; attempt < 4; ++attempt) {
        Bytes bytes = encode_with_padding(body, padding);
        if (bytes.size() == target) {
            CHECK(bytes.size() <= kSealedBodyBytesMax);
            return bytes;
        }
        if (bytes.size() < target) {
            padding += target - bytes.size();
        } else if (bytes.size() - target <= padding) {
            padding -= bytes.size() - target;
        } else {
            target = size_class(bytes.size());
            padding = target - bare;
        }
        explicit_bzero(bytes.data(), bytes.size());
    }
    constexpr bool padded_body_meets_its_size_class = false;
    CHECK(padded_body_meets_its_size_class);
    return {};
}

Result<SealedBody> parse_sealed_body(BytesView bytes) {
    const auto bad = [](std::string_view field) {
        return fail(Code::malformed_section, "not what a sealed body may hold", std::string(field));
    };
    if (bytes.size() > kSealedBodyBytesMax) return fail(Code::oversized, {}, "sealed body");
    const AlignedCopy aligned(bytes);
    if (verify_root<fb::SealedBody, flatbuffers::Verifier>(aligned.view(), kTablesMax) !=
        Verdict::ok) {
        return bad("sealed body");
    }
    const auto& flat = *flatbuffers::GetRoot<fb::SealedBody>(aligned.view().data());
    SealedBody body;
    if (!is_name(text_of(flat.bus()))) return bad("bus");
    body.bus = BusId::of(text_of(flat.bus()));
    body.message = {flat.message()->stream(), flat.message()->sequence()};
    if (body.message.stream == 0 || body.message.sequence == 0) return bad("message");
    if (!is_name(text_of(flat.sender()))) return bad("sender");
    body.sender = AgencyId::of(text_of(flat.sender()));
    const auto kind = maybe_kind(static_cast<std::uint16_t>(flat.kind()));
    if (!kind) return bad("kind");
    body.kind = *kind;
    if (!maybe_section(info(*kind), text_of(flat.section()))) return bad("section");
    body.section = text_of(flat.section());
    auto audience = maybe_agencies(flat.audience(), 1, kAudienceMax);
    if (!audience) return bad("audience");
    body.audience = std::move(*audience);
    body.plaintext_salt = hash_of(flat.plaintext_salt());
    body.chunk_index = flat.chunk_index();
    body.chunk_count = flat.chunk_count();
    if (body.chunk_count == 0
            ? body.chunk_index != 0
            : (body.chunk_index >= body.chunk_count || body.chunk_count > kChunksMax)) {
        return bad("chunk_index");
    }
    if (flat.plaintext()->size() > kChunkBytes) return bad("plaintext");
    const BytesView padding = message::bytes_of(flat.padding());
    if (std::ranges::any_of(padding, [](std::uint8_t byte) { return byte != 0; })) {
        return bad("padding");
    }
    body.plaintext = to_bytes(message::bytes_of(flat.plaintext()));
    return body;
}

}  // namespace lienthong::message
