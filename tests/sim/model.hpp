// SPDX-License-Identifier: Apache-2.0
// Model: what must be true of the bus at every moment, kept beside it and compared with it. It
// knows what was submitted (each message by a tag in its header), follows the log entry by entry,
// and is shown every answer that a node receives and every entry that an agency's program takes
// from its inbox. The first thing that does not fit is kept as the run's failure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bus/core/state.hpp"
#include "bus/node/api.hpp"
#include "tests/sim/rules.hpp"

namespace lienthong::sim {

using Tag = std::uint64_t;

// A tag travels as the moment at which the message expires: far away, and nobody else's.
Millis expiry_of(Tag tag);

// Grows leaf by leaf and gives the root at each size (RFC 9162), independently of security/proof.
class Frontier {
  public:
    Hash push(const Hash& leaf);

  private:
    std::vector<std::optional<Hash>> complete_;  // by level: a complete subtree that waits
};

class Model {
  public:
    Model();

    bool failed() const { return !failure_.empty(); }
    const std::string& failure() const { return failure_; }
    void fail(std::string what);

    // Before it is offered to the bus: a document, and what changes with it.
    void expect_document(const Bytes& document, std::function<void(Rules&)> effect);
    Tag submit(Said said);
    const Said& said(Tag tag) const { return said_.at(tag); }
    // Its sender was restored from an older copy that did not hold it: it may be in the log or not.
    void abandon(Tag tag) { abandoned_.insert(tag); }

    // Takes in what is durable now.
    void follow(const core::ReadState& state);

    // What a node received.
    void saw_head(std::string_view note);
    void saw_receipt(const std::string& slug, const message::Receipt& receipt);
    void saw_delivery(const std::string& slug, const message::Delivery& delivery);
    void saw_outcome(Tag tag, const node::Outcome& outcome);
    // What an agency's program took from its inbox, as a consumer that keeps its own position.
    void applied(const std::string& slug, const node::InboxEntry& entry);
    // The answer to somebody who is no party; `which` names the question, not the case.
    void saw_denial(const std::string& which, const Error& error);

    std::uint64_t log_size() const { return entries_.size(); }
    std::size_t acknowledged() const { return acknowledged_.size(); }
    std::optional<Position> maybe_adopted(const Bytes& document) const;
    bool is_logged(Tag tag) const { return logged_.contains(tag); }
    // Accepted steps of a case.
    std::size_t steps_of(int case_number) const;
    CaseId case_id(int case_number) const;

    // After everything has settled.
    void check_log_again(const core::ReadState& state);
    void check_everything_arrived(const std::string& slug,
                                  const std::vector<node::InboxEntry>& inbox);
    void check_all_said();

  private:
    struct Logged {
        Hash leaf;
        bool is_message = false;
        Tag tag = 0;
        MessageId id;
        Hash header;    // digest
        Slugs readers;  // as its own rules gave them
    };
    struct Case {
        CaseView view;
        std::size_t steps = 0;
        CaseId id;
    };
    struct Reader {
        Position cursor = 0;  // behind the last entry that was applied
        std::vector<Position> applied;
        std::set<Position> passed_over;  // in its classes, and a delivery went past them
    };

    void take_message(const core::ReadState& state, Position position, const core::Entry& entry);
    void take_document(Position position, const core::Entry& entry);
    void check_delivered_entry(const std::string& slug,
                               const message::DeliveredEntry& entry,
                               Position to);
    CaseView view_of(const Said& said) const;
    const Rules& rules_at(Position position) const;
    // Under all rules in force from the entry on until then.
    bool always_granted(const std::string& slug, Position position, Position until) const;
    std::string slug_of(const AgencyId& id) const;

    std::string failure_;
    std::map<Tag, Said> said_;
    std::set<Tag> abandoned_;
    std::map<Tag, Position> logged_;
    std::vector<Logged> entries_;
    Frontier frontier_;
    std::vector<Hash> roots_;  // by size
    Millis last_time_ = 0;
    Epoch last_epoch_ = 0;
    std::map<std::uint64_t, std::uint64_t> last_of_stream_;
    std::map<Hash, std::function<void(Rules&)>> documents_;
    std::map<Hash, Position> adopted_;
    std::map<Position, Rules> rules_;  // in force after this position
    std::map<int, Case> cases_;
    std::map<Position, MessageId> acknowledged_;
    std::map<std::string, Reader> readers_;
    std::map<std::string, std::string> denials_;
    std::map<AgencyId, std::string> slugs_;
};

}  // namespace lienthong::sim
