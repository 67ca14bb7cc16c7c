// SPDX-License-Identifier: Apache-2.0
// NodeAgent's way out without a network: what waits is composed by what the inbox says, and all
// that is in the outbox goes into one signed file. It stays in the outbox until a receipt has come.
#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "bus/node/agent.hpp"

namespace lienthong::node {
namespace {

constexpr std::size_t kProgressBatches = 32;
// Of a bundle, for frames: its rest and the greeting have their own.
constexpr std::size_t kFramesBytesMax = proof::kBundleBytesMax - 2 * proof::kBundleOverhead;
constexpr std::size_t kBatchesMax = proof::kBundleFramesMax - 1;

proof::BundleFrame frame_of(wire::Channel channel,
                            std::uint64_t request,
                            wire::Body body,
                            Bytes data) {
    return {static_cast<std::uint8_t>(channel),
            wire::encode(wire::Command{request, std::move(body)}),
            std::move(data),
            {}};
}

// A greeting is smaller than a batch's command and its overhead; a command is at most this.
std::size_t size_in_bundle(const OutboxRow& row) {
    return row.frame.size() + 256 + proof::kBundleFrameOverhead;
}

}  // namespace

// What the broker would say of the case, as far as this node can know. Nothing while an answer is
// under way that moves it: a message that names an older version would be refused for good.
Result<std::optional<CaseKnowledge>> NodeAgent::knowledge_for(const Draft& draft,
                                                              const std::set<CaseId>& under_way) {
    if (!needs_knowledge(draft)) return std::optional(CaseKnowledge{});
    if (under_way.contains(draft.case_id)) return std::optional<CaseKnowledge>();
    auto known = read([&](const ReadStore& store) -> Result<std::optional<CaseKnowledge>> {
        auto own = store.own_case_end();
        if (!own) return std::unexpected(own.error());
        return *own > cursor_ ? std::optional<CaseKnowledge>() : store.maybe_case(draft.case_id);
    });
    if (!known || !*known) return known;
    if ((*known)->parties.empty()) return std::optional<CaseKnowledge>();  // only shown as evidence
    // The broker counts what it took: where that makes a difference, only a connection can tell.
    CaseKnowledge claimed = **known;
    claimed.consented = consents(claimed.proven, Word::of_anybody);
    (*known)->consented = consents(claimed.proven, Word::of_parties);
    auto same = same_audience(draft, claimed, **known);
    if (!same) return std::unexpected(same.error());
    if (!*same) return std::optional<CaseKnowledge>();
    return known;
}

// Composes what waits until the bundle is full; adds it to `outbox`.
Result<void> NodeAgent::compose_waiting(Outbox& outbox, const Api::BundleProgress& progress) {
    if (is_restoring()) return {};
    auto waiting = read([](const ReadStore& store) { return store.waiting(SIZE_MAX); });
    if (!waiting) return std::unexpected(waiting.error());
    std::size_t size = 0;
    std::set<CaseId> under_way;
    const auto note = [&](const OutboxRow& row) -> Result<void> {
        size += size_in_bundle(row);
        auto cases = read([&](const ReadStore& store) { return cases_of(store, row); });
        if (!cases) return std::unexpected(cases.error());
        under_way.merge(*cases);
        return {};
    };
    for (const auto& [first, row] : outbox) {
        auto noted = note(row);
        if (!noted) return noted;
    }
    std::size_t reported = 0;
    for (std::size_t at = 0; at < waiting->size();) {
        if (size + message::kBatchBytesMax > kFramesBytesMax || outbox.size() >= kBatchesMax) break;
        if (at / kProgressBatches != reported / kProgressBatches) progress(at, waiting->size());
        reported = at;
        auto draft = read([&](const ReadStore& store) { return store.body((*waiting)[at]); });
        if (!draft) return std::unexpected(draft.error());
        auto knowledge = knowledge_for(*draft, under_way);
        if (!knowledge) return std::unexpected(knowledge.error());
        if (!*knowledge) {
            ++at;
            continue;
        }
        const std::size_t count = needs_knowledge(*draft) ? 1 : message::kBatchMessagesMax;
        const auto begin = waiting->begin() + static_cast<std::ptrdiff_t>(at);
        const std::vector<Ordinal> ordinals(
            begin, begin + static_cast<std::ptrdiff_t>(std::min(count, waiting->size() - at)));
        auto made = make_batch(ordinals, std::move(*draft), **knowledge);
        if (!made) return std::unexpected(made.error());
        if (!*made || (*made)->waits) {
            ++at;
            continue;
        }
        at += (*made)->row.ordinals.size();
        auto noted = note((*made)->row);
        if (!noted) return noted;
        outbox.emplace_back((*made)->first, std::move((*made)->row));
    }
    return {};
}

Result<ExportedBundle> NodeAgent::export_bundle(const Api::BundleProgress& progress) {
    auto outbox = read([](const ReadStore& store) { return store.outbox(); });
    if (!outbox) return std::unexpected(outbox.error());
    auto composed = compose_waiting(*outbox, progress);
    if (!composed) {
        fail_with(composed.error());
        return std::unexpected(composed.error());
    }
    ExportedBundle exported;
    proof::Bundle bundle;
    wire::Hello greeting = hello();
    bundle.head_size = greeting.head_size;
    bundle.frames.push_back(frame_of(wire::Channel::control, 1, std::move(greeting), {}));
    std::size_t size = 0;
    for (auto& [first, row] : *outbox) {
        // What travels in chunks waits for a connection: a bundle has no place for them.
        auto chunked = read([&](const ReadStore& store) { return store.has_out_chunks(first); });
        if (!chunked) return std::unexpected(chunked.error());
        if (*chunked) {
            exported.waiting += row.ordinals.size();
            continue;
        }
        size += size_in_bundle(row);
        if (size > kFramesBytesMax || bundle.frames.size() > kBatchesMax) break;
        const wire::Publish publish = publish_of(first, row);
        bundle.frames.push_back(
            frame_of(wire::Channel::data, bundle.frames.size() + 1, publish, std::move(row.frame)));
        ++exported.batches;
        exported.messages += row.ordinals.size();
    }
    auto last = read([](const ReadStore& store) { return store.last_bundle(); });
    if (!last) return std::unexpected(last.error());
    bundle.number = exported.number = *last + 1;
    bundle.bus = options_.bus;
    bundle.agency = options_.agency;
    bundle.node = options_.node;
    bundle.created = clock_.wall();
    bundle.cursor = cursor_;
    const Hash digest = proof::digest(bundle);
    auto file = proof::sign_bundle(std::move(bundle), *keys_.sign);
    if (!file) return std::unexpected(file.error());
    // Only a number that is kept may leave: its reply must be known again.
    FAILPOINT_OR_FAIL(node_bundle_export, before);
    auto stored =
        write([&](WriteStore& store) { return store.put_bundle(exported.number, digest); });
    FAILPOINT_OR_FAIL(node_bundle_export, after);
    if (!stored) {
        fail_with(stored.error());
        return std::unexpected(stored.error());
    }
    auto waiting = read([](const ReadStore& store) { return store.count(Tables::waiting); });
    if (!waiting) return std::unexpected(waiting.error());
    exported.waiting += *waiting;
    exported.file = std::move(*file);
    log::info("bundle_exported node={} number={} batches={} messages={}",
              options_.node.text(),
              exported.number,
              exported.batches,
              exported.messages);
    return exported;
}

}  // namespace lienthong::node
