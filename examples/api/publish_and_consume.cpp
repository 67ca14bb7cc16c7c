// SPDX-License-Identifier: Apache-2.0
#include "examples/api/publish_and_consume.hpp"

#include "adapters/codec/codec.hpp"

namespace lienthong::examples {
namespace {

constexpr std::chrono::seconds kPatience{30};

// A draft holds plaintexts; audience, sealing, id and signature are the node's work.
Result<node::Draft> draft_of(const std::string& key, const std::string& report_json) {
    const message::KindInfo& kind = message::info(message::Kind::outreach_report);
    auto report = codec::section_from_json(kind.sections[0], report_json);
    if (!report) return std::unexpected(report.error());
    node::Draft draft;
    draft.kind = kind.kind;
    draft.key = key;
    draft.sections.emplace_back("report", std::move(*report));
    return draft;
}

}  // namespace

Result<Heard> publish_and_consume(node::Api& node,
                                  const std::string& key,
                                  const std::string& report_json,
                                  Position from) {
    auto draft = draft_of(key, report_json);
    if (!draft) return std::unexpected(draft.error());

    // Durable in the outbox when this returns, and accepted if the broker answered in time. A draft
    // that still waits is no error: it goes out by itself, and the same key asks after it.
    auto outcomes = node.submit({std::move(*draft)}, kPatience);
    if (!outcomes) return std::unexpected(outcomes.error());
    const node::Outcome& outcome = outcomes->front();
    if (outcome.refusal) return std::unexpected(*outcome.refusal);
    if (outcome.state == node::Outcome::State::waiting) {
        return fail(Code::timeout, "still in the outbox", "draft 0");
    }

    // An agency's own messages come back to it: proof that everybody could have got them.
    auto arrived = node.catch_up(outcome.position, kPatience);
    if (!arrived) return std::unexpected(arrived.error());
    Heard heard{outcome.id, outcome.position, {}, from};
    auto entries = node.consume(from, 1000);
    if (!entries) return std::unexpected(entries.error());
    for (const node::InboxEntry& entry : *entries) {
        heard.kinds.emplace_back(message::info(entry.header.kind).name);
        heard.next = entry.position + 1;  // stored by the caller together with what it made of it
    }
    return heard;
}

}  // namespace lienthong::examples
