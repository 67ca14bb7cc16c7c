// SPDX-License-Identifier: Apache-2.0
// LargeSections: a small bus whose border guard sends sections that travel in chunks.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "bus/base/check.hpp"
#include "security/proof/merkle.hpp"
#include "security/seal/seal.hpp"
#include "tests/support/small_bus.hpp"

namespace lienthong::node {

using message::Form;
using message::kChunkBytes;
using message::Kind;
using test::SmallBus;
using test::world;
using State = Outcome::State;
using std::chrono::seconds;

inline constexpr std::size_t kLarge = 3 * kChunkBytes + 1;  // four chunks

inline Bytes identity_of(const Draft& draft) {
    for (const auto& [name, bytes] : draft.sections) {
        if (name == "identity") return bytes;
    }
    return {};
}

class LargeSections : public testing::Test {
  protected:
    static Draft draft(std::string key = {}, std::size_t bytes = kLarge) {
        Draft made = test::large_opening({"police"}, bytes);
        made.key = std::move(key);
        return made;
    }
    Outcome publish(std::size_t bytes = kLarge) {
        return bus.submit_one("border-guard", draft({}, bytes));
    }
    Result<Secret> read(std::string_view slug, const MessageId& id) {
        return bus.node(std::string(slug)).section(id, "identity");
    }
    bool arrives(std::string_view slug, const MessageId& id, std::size_t steps_max = 2000) {
        return bus.step_until(
            [&] {
                return bus.maybe_node(std::string(slug)) != nullptr && read(slug, id).has_value();
            },
            steps_max);
    }
    Code code_of(std::string_view slug, const MessageId& id) {
        const auto section = read(slug, id);
        return section ? Code{} : section.error().code;
    }
    std::uint64_t taken() { return bus.broker().counters.chunks_taken; }
    std::uint64_t delivered() { return bus.broker().counters.chunks_delivered; }
    std::size_t messages() {
        std::size_t count = 0;
        bus.look([&](const core::ReadState& state, const journal::ReadTxn&) {
            for (Position position = 0; position < state.log_size(); ++position) {
                if (state.entry(position)->kind == proof::EntryKind::message) ++count;
            }
        });
        return count;
    }
    std::size_t rows(const std::string& slug, Tables table) {
        const auto journal = journal::open_memory(bus.node_disk_shared(slug));
        const auto txn = journal->begin_read().value();
        std::size_t count = 0;
        EXPECT_TRUE(txn->scan(id(table),
                              {},
                              [&](BytesView, BytesView) {
                                  ++count;
                                  return true;
                              })
                        .has_value());
        return count;
    }
    // Applies to chunks that come to police.
    void tamper_chunks(std::function<void(wire::Done&, Bytes&)> change) {
        bus.set_tamper([change = std::move(change)](wire::Command& answer, Bytes& data) {
            auto* done = std::get_if<wire::Done>(&answer.body);
            if (done != nullptr && !data.empty()) change(*done, data);
        });
    }

    SmallBus bus{{.nodes = {"border-guard", "police", "labour"}, .tampered_node = "police"}};
};

}  // namespace lienthong::node
