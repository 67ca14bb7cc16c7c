// SPDX-License-Identifier: Apache-2.0
// SmallLog: the broker's state machine alone, over a memory journal (or any other): no agents, no
// links. It composes and signs messages as a node would, so that a test can spoil exactly one thing
// of them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "bus/base/random.hpp"
#include "bus/core/machine.hpp"
#include "bus/journal/memory_journal.hpp"
#include "bus/node/compose.hpp"
#include "tests/support/test_world.hpp"

namespace lienthong::test {

template <class T>
using Answer = std::expected<T, Error>;

// Spoils one thing of a message and keeps the rest in agreement with it: the header's commitments
// follow a changed descriptor.
void change_header(message::Envelope& envelope,
                   const std::function<void(message::Header&)>& change);
void change_descriptor(message::Envelope& envelope,
                       std::size_t section,
                       const std::function<void(message::Descriptor&)>& change);

class SmallLog {
  public:
    // With the genesis of the world, at kNow.
    explicit SmallLog(std::function<void(core::MachineOptions&)> tweak = {},
                      std::unique_ptr<journal::Journal> journal = nullptr);

    Millis time = kNow;
    SeededRandom random{1};

    static core::Session session(std::string_view slug);
    AgencyId id(std::string_view slug) const { return world().id(slug); }
    const core::Documents& documents() const { return machine_->documents(); }

    // One group commit: runs `act`, signs the head, commits.
    void in_group(const std::function<void(core::Group&)>& act);
    // A look at the committed state.
    void look(const std::function<void(const core::ReadState&)>& at) const;
    std::uint64_t size() const;
    core::Entry entry(Position position) const;
    std::vector<core::Entry> entries_of(proof::EntryKind kind) const;
    core::CaseRecord record(const CaseId& case_id) const;

    // What a node knows of the draft's case and of the message that it refers to.
    node::Scene scene(std::string_view slug, const node::Draft& draft) const;
    node::Draft with_case_id(std::string_view slug, node::Draft draft);  // for drafts that open one
    // Composed against the present documents and case, or against `scene`.
    message::Envelope compose(std::string_view slug, const node::Draft& draft, const MessageId& id);
    message::Envelope compose(const node::Draft& draft,
                              const node::Scene& scene,
                              const MessageId& id);
    // The chunks of the message that was composed last.
    const std::vector<node::OutChunk>& chunks() const { return chunks_; }
    // One of them, offered as a node would.
    Answer<std::monostate> upload(std::string_view slug,
                                  const MessageId& id,
                                  const node::OutChunk& chunk);
    void upload_all(std::string_view slug, const MessageId& id);
    Answer<core::ChunkAnswer> fetch_chunk(std::string_view slug,
                                          Position position,
                                          std::string section,
                                          std::uint32_t index);
    std::size_t collect(std::size_t chunks_max = 64);
    // A batch signed by the agency's node, as a frame.
    Bytes sign(std::string_view slug, std::vector<message::Envelope> envelopes);
    static Bytes frame(const proof::BatchProof& proof, std::vector<message::Envelope> envelopes);

    // As the verification worker and the committer would: the batch's receipt, or why it was
    // refused.
    Answer<message::Receipt> offer(std::string_view slug,
                                   std::uint64_t stream,
                                   std::uint64_t first,
                                   std::uint32_t count,
                                   const Bytes& frame);
    Answer<message::Receipt> offer(std::string_view slug,
                                   std::uint64_t stream,
                                   std::uint64_t first,
                                   std::vector<message::Envelope> envelopes);
    // A batch of one in a stream of its own, after its chunks.
    Answer<message::Receipt> publish(std::string_view slug, const node::Draft& draft);
    // The one verdict: nothing if it was accepted.
    std::optional<Code> verdict(std::string_view slug, const node::Draft& draft);
    // Publishes and insists on acceptance; the message's id and position.
    std::pair<MessageId, Position> accept(std::string_view slug, const node::Draft& draft);

    // A case opened by border guard for these parties, moved on to a state by the usual messages.
    CaseId open_case(const std::vector<std::string_view>& parties = {
                         "police", "labour", "peoples-committee"});
    void move_case(const CaseId& case_id, core::CaseState until);

    Answer<message::QueryAnswer> query(std::string_view slug, const message::Query& query);
    Answer<message::Delivery> fetch(std::string_view slug,
                                    Position from,
                                    std::uint32_t credit_messages = 1024,
                                    std::uint32_t credit_bytes = 4u << 20);
    Answer<Position> adopt(BytesView document);

    std::uint64_t new_stream() { return random.u64(); }

  private:
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<core::Vault> vault_;
    std::unique_ptr<core::Machine> machine_;
    Epoch epoch_ = 0;
    std::vector<node::OutChunk> chunks_;
};

}  // namespace lienthong::test
