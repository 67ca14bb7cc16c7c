// SPDX-License-Identifier: Apache-2.0
// NodeAgent: the methods of Api.
#include <fmt/format.h>

#include <algorithm>

#include "bus/base/failpoint.hpp"
#include "bus/message/facts_agree.hpp"
#include "bus/node/agent.hpp"
#include "bus/node/draft_bytes.hpp"
#include "security/keys/digest.hpp"
#include "security/proof/delivered.hpp"
#include "security/seal/opening.hpp"

namespace lienthong::node {
namespace {

constexpr std::chrono::milliseconds kReachablePause{2'000};

std::string place_of(std::size_t index) { return fmt::format("draft {}", index); }

}  // namespace

// One draft into the outbox, or, under a key that was used for the same content, the one that is
// there.
Result<Ordinal> NodeAgent::take_draft(WriteStore& store, Draft draft, bool& known) {
    const Hash content = keys::sha256(content_of(draft));
    known = false;
    if (!draft.key.empty()) {
        auto row = store.maybe_key(draft.key);
        if (!row) return std::unexpected(row.error());
        std::optional<DraftRow> earlier;
        if (*row) {
            auto found = store.maybe_draft((*row)->ordinal);
            if (!found) return std::unexpected(found.error());
            earlier = std::move(*found);
        }
        // What was refused may be tried again once its cause is mended: a new key, a new grant.
        const bool taken = earlier && earlier->outcome.state != Outcome::State::refused;
        if (taken && (*row)->content == content) {
            known = true;
            return (*row)->ordinal;
        }
        if (taken && !draft.corrects) return fail(Code::key_conflict);
        if (taken) {
            if (earlier->outcome.state != Outcome::State::accepted) {
                return fail(Code::key_conflict, "the message to correct has not been accepted yet");
            }
            draft.refers_to =
                message::Reference{earlier->outcome.id, Hash{}, message::Relation::supersedes};
        } else {
            draft.corrects = false;
        }
    }
    Outcome outcome;
    if (draft.facts && draft.facts->opens && draft.case_id.is_none()) {
        random_.fill(draft.facts->opening_nonce);
        draft.case_id = seal::case_id_of(options_.bus, options_.agency, draft.facts->opening_nonce);
    }
    outcome.case_id = draft.case_id;
    auto ordinal = store.add_draft(draft, outcome);
    if (!ordinal || draft.key.empty()) return ordinal;
    auto put = store.put_key(draft.key, KeyRow{*ordinal, content});
    if (!put) return std::unexpected(put.error());
    return ordinal;
}

void NodeAgent::submit(std::vector<Draft> drafts,
                       Clock::Monotonic until,
                       std::function<void(Result<std::vector<Outcome>>)> done) {
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        auto checked = check_draft(drafts[i]);
        if (!checked) {
            Error error = checked.error();
            error.where = place_of(i) + (error.where.empty() ? "" : ": " + error.where);
            done(std::unexpected(std::move(error)));
            return;
        }
    }
    auto waiting = read([](const ReadStore& store) { return store.count(Tables::waiting); });
    if (!waiting || *waiting + drafts.size() > options_.drafts_waiting_max) {
        done(waiting ? fail(Code::overloaded, "the outbox is full")
                     : Result<std::vector<Outcome>>(std::unexpected(waiting.error())));
        return;
    }
    std::vector<Ordinal> ordinals;
    std::size_t at = 0;
    FAILPOINT(node_outbox_commit, before);
    auto taken = write([&](WriteStore& store) -> Result<void> {
        for (at = 0; at < drafts.size(); ++at) {
            bool known = false;
            auto ordinal = take_draft(store, std::move(drafts[at]), known);
            if (!ordinal) return std::unexpected(ordinal.error());
            ordinals.push_back(*ordinal);
        }
        return {};
    });
    if (!taken) {
        Error error = taken.error();
        if (error.errc() == Errc::corrupt || error.errc() == Errc::io) fail_with(error);
        error.where = place_of(at);
        done(std::unexpected(std::move(error)));
        return;
    }
    FAILPOINT(node_outbox_commit, after);
    watches_.push_back(
        Watch{[this, ordinals = std::move(ordinals), done = std::move(done)](bool overdue) {
                  std::vector<Outcome> outcomes;
                  auto final = has_final_outcomes(ordinals, outcomes);
                  if (!final) {
                      done(std::unexpected(final.error()));
                      return true;
                  }
                  if (!*final && !overdue) return false;
                  done(std::move(outcomes));
                  return true;
              },
              until});
}

std::optional<Code> NodeAgent::why_waiting(Ordinal ordinal, const MessageId& id) const {
    if (const auto why = turns_.maybe_why(id)) return why;
    if (stale_.contains(ordinal)) return Code::stale_audience;
    return publish_waits_for_;
}

Result<bool> NodeAgent::has_final_outcomes(const std::vector<Ordinal>& ordinals,
                                           std::vector<Outcome>& outcomes) {
    return read([&](const ReadStore& store) -> Result<bool> {
        bool final = true;
        for (const Ordinal ordinal : ordinals) {
            auto row = store.maybe_draft(ordinal);
            if (!row) return std::unexpected(row.error());
            if (!*row) return fail(Code::corrupt, "a draft is missing");
            const bool waits = (*row)->outcome.state == Outcome::State::waiting;
            final = final && !waits;
            outcomes.push_back(std::move((*row)->outcome));
            if (!waits) continue;
            outcomes.back().waits_for = why_waiting(ordinal, outcomes.back().id);
        }
        return final;
    });
}

Result<InboxEntry> NodeAgent::inbox_entry(const message::DeliveredEntry& entry) {
    auto header = message::parse_header(entry.header);
    if (!header) return std::unexpected(header.error());
    InboxEntry found;
    found.position = entry.position;
    found.epoch = entry.epoch;
    found.time = entry.time;
    found.header_digest = keys::sha256(entry.header);
    const message::KindInfo& kind = message::info(header->kind);
    for (std::size_t i = 0; i < kind.sections.size(); ++i) {
        InboxEntry::Section section;
        section.name = std::string(kind.sections[i].name);
        section.form = kind.sections[i].form;
        for (const message::Section& granted : entry.sections) {
            if (granted.index != i) continue;
            auto descriptor = message::parse_descriptor(granted.descriptor);
            if (!descriptor) return std::unexpected(descriptor.error());
            section.granted = true;
            section.form = descriptor->form;
            section.digest = descriptor->section_digest;
        }
        found.sections.push_back(std::move(section));
    }
    found.header = std::move(*header);
    return found;
}

Result<std::vector<InboxEntry>> NodeAgent::consume(Position from, std::size_t count_max) {
    return read([&](const ReadStore& store) -> Result<std::vector<InboxEntry>> {
        auto positions = store.inbox_positions(from, count_max);
        if (!positions) return std::unexpected(positions.error());
        std::vector<InboxEntry> entries;
        for (const Position position : *positions) {
            auto entry = store.maybe_inbox(position);
            if (!entry) return std::unexpected(entry.error());
            if (!*entry) continue;  // erased
            auto found = inbox_entry(**entry);
            if (!found) return std::unexpected(found.error());
            entries.push_back(std::move(*found));
        }
        return entries;
    });
}

Result<message::DeliveredEntry> NodeAgent::delivered(const MessageId& id) {
    return read([&](const ReadStore& store) -> Result<message::DeliveredEntry> {
        auto position = store.maybe_position(id);
        if (!position) return std::unexpected(position.error());
        if (!*position) return fail(Code::not_found, {}, "message");
        auto entry = store.maybe_inbox(**position);
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) return fail(Code::erased, {}, "message");
        return std::move(**entry);
    });
}

Result<InboxEntry> NodeAgent::message(const MessageId& id) {
    auto entry = delivered(id);
    if (!entry) return std::unexpected(entry.error());
    return inbox_entry(*entry);
}

Result<std::pair<message::Header, const message::Section*>> NodeAgent::find_section(
    const message::DeliveredEntry& entry, std::string_view name) {
    auto header = message::parse_header(entry.header);
    if (!header) return std::unexpected(header.error());
    const auto index = message::maybe_section(message::info(header->kind), name);
    if (!index) return fail(Code::not_found, "the kind has no such section", "section");
    for (const message::Section& section : entry.sections) {
        if (section.index == *index) return std::pair(std::move(*header), &section);
    }
    return fail(Code::forbidden, "not granted, or not in this message", "section");
}

Result<Secret> NodeAgent::section(const MessageId& id, std::string_view name) {
    auto entry = delivered(id);
    if (!entry) return std::unexpected(entry.error());
    auto found = find_section(*entry, name);
    if (!found) return std::unexpected(found.error());
    auto descriptor = message::parse_descriptor(found->second->descriptor);
    if (!descriptor) return std::unexpected(descriptor.error());
    auto opened = read([&](const ReadStore& store) {
        return open_stored(store, entry->position, found->first, *found->second, *descriptor);
    });
    if (opened) compare_with_facts(*entry, found->first, name, opened->view());
    return opened;
}

// The section is what its sender committed to, so it is shown; but a sender that told the broker
// something else must not go unnoticed.
void NodeAgent::compare_with_facts(const message::DeliveredEntry& entry,
                                   const message::Header& header,
                                   std::string_view name,
                                   BytesView plaintext) {
    const auto stated = find_section(entry, "facts");
    if (!stated || name == "facts") return;
    const auto facts = message::parse_facts(stated->second->body);
    const auto index = message::maybe_section(message::info(header.kind), name);
    if (!facts || !index) return;
    const message::SectionType& type = message::info(header.kind).sections[*index];
    if (!message::check_section(type, plaintext)) return;
    if (message::facts_agree(header.kind, *facts, name, plaintext)) return;
    alarm(fmt::format("facts_contradicted message={}", header.id.text()));
}

Result<Bytes> NodeAgent::section_as_sent(const MessageId& id, std::string_view name) {
    auto entry = delivered(id);
    if (!entry) return std::unexpected(entry.error());
    auto found = find_section(*entry, name);
    if (!found) return std::unexpected(found.error());
    auto descriptor = message::parse_descriptor(found->second->descriptor);
    if (!descriptor) return std::unexpected(descriptor.error());
    if (descriptor->form != message::Form::chunked) return found->second->body;
    return read([&](const ReadStore& store) -> Result<Bytes> {
        auto chunks = stored_chunks(store, entry->position, *found->second, *descriptor);
        if (!chunks) return std::unexpected(chunks.error());
        ByteWriter out;
        for (const Bytes& chunk : *chunks) out.raw(chunk);
        return out.take();
    });
}

// Signature and commitments, from what is stored.
Result<Verification> NodeAgent::verify_stored(const message::DeliveredEntry& entry) {
    Verification result;
    auto checked = check_entry(entry, options_.bus, options_.agency, *documents_.registry);
    result.signature = checked.has_value();
    if (!checked) return result;
    result.commitments = true;
    for (std::size_t i = 0; i < entry.sections.size(); ++i) {
        auto opened = read([&](const ReadStore& store) {
            return open_stored(
                store, entry.position, checked->header, entry.sections[i], checked->descriptors[i]);
        });
        if (!opened) result.commitments = false;
    }
    return result;
}

void NodeAgent::verify(const MessageId& id,
                       Clock::Monotonic until,
                       const std::function<void(Result<Verification>)>& done) {
    auto entry = delivered(id);
    if (!entry) {
        done(std::unexpected(entry.error()));
        return;
    }
    auto result = verify_stored(*entry);
    if (!result) {
        done(result);
        return;
    }
    auto kept = verify_kept_receipt(*entry, id);
    if (!kept) {
        done(std::unexpected(kept.error()));
        return;
    }
    if (*kept) {
        result->receipt = (*kept)->receipt;
        result->consistency = (*kept)->consistency;
        done(result);
        return;
    }
    if (!head_ || head_->size <= entry->position) {
        done(result);
        return;
    }
    const Hash leaf = proof::hash(proof::leaf_of(options_.bus, *entry));
    const proof::Head head = *head_;
    wire::InclusionRequest request{entry->position, head.size};
    // It was stored only after the head of its delivery had been proven consistent with the newest;
    // that the log holds it where it says is what the broker has to prove now.
    result->consistency = true;
    send(wire::Channel::control,
         request,
         {},
         until,
         [leaf, head, position = entry->position, verified = *result, done](Result<Reply> reply) {
             Verification all = verified;
             const auto* proof = reply ? std::get_if<wire::InclusionProof>(&reply->body) : nullptr;
             if (proof != nullptr) {
                 all.receipt =
                     proof::verify_inclusion(leaf, position, head.size, proof->hashes, head.root);
             }
             done(all);
         });
}

void NodeAgent::query(const message::Query& query,
                      Clock::Monotonic until,
                      std::function<void(Result<message::QueryAnswer>)> done) {
    watches_.push_back(
        Watch{[this, query, until, done = std::move(done)](bool overdue) {
                  if (connection_ != Connection::up && !overdue) return false;
                  if (overdue) {
                      done(fail(Code::unreachable, "no connection to the broker"));
                      return true;
                  }
                  send(wire::Channel::control, query, {}, until, [done](Result<Reply> reply) {
                      if (!reply) {
                          done(std::unexpected(reply.error()));
                          return;
                      }
                      auto* answer = std::get_if<wire::QueryAnswer>(&reply->body);
                      if (answer == nullptr) {
                          done(fail(Code::malformed_frame, "not the answer to a query"));
                      } else {
                          done(std::move(*answer));
                      }
                  });
                  return true;
              },
              until});
}

// A lost connection shows as silence, so the broker is asked.
void NodeAgent::status(Clock::Monotonic until, std::function<void(Result<Status>)> done) {
    const auto answered = std::make_shared<std::optional<bool>>();
    const auto answer_by = std::min(until, after(kReachablePause));
    if (connection_ == Connection::up && clock_.monotonic() < until) {
        send(
            wire::Channel::control, hello(), {}, answer_by, [answered](const Result<Reply>& reply) {
                *answered = reply.has_value() && std::holds_alternative<wire::Welcome>(reply->body);
            });
    } else {
        *answered = true;  // no time to ask; or it is asked when the connection comes up
    }
    watches_.push_back(Watch{[this, answered, done = std::move(done)](bool overdue) {
                                 const bool up = connection_ == Connection::up;
                                 const bool unknown =
                                     up ? !answered->has_value() : !known_unreachable_;
                                 if (unknown && !overdue) return false;
                                 done(read([&](const ReadStore& store) -> Result<Status> {
                                     Status status;
                                     status.agency = options_.agency;
                                     status.node = options_.node;
                                     status.registry_version = documents_.registry->version();
                                     status.policy_version = documents_.policy->version();
                                     if (head_) {
                                         status.log_size = head_->size;
                                         status.root = head_->root;
                                     }
                                     status.witnessed = witness_status();
                                     status.broker_reachable = up && answered->value_or(false);
                                     auto waiting = store.count(Tables::waiting);
                                     auto batches = store.count(Tables::outbox);
                                     auto inbox = store.count(Tables::inbox);
                                     auto alarms = store.alarms();
                                     if (!waiting) return std::unexpected(waiting.error());
                                     if (!batches) return std::unexpected(batches.error());
                                     if (!inbox) return std::unexpected(inbox.error());
                                     if (!alarms) return std::unexpected(alarms.error());
                                     status.outbox = *waiting + *batches;
                                     status.inbox = *inbox;
                                     status.alarms = std::move(*alarms);
                                     status.doubtful = doubtful_;
                                     return status;
                                 }));
                                 return true;
                             },
                             until});
}

void NodeAgent::catch_up(Position position,
                         Clock::Monotonic until,
                         const std::function<void(Result<void>)>& done) {
    if (cursor_ <= position) fetch_again_ = true;
    watches_.push_back(Watch{[this, position, done](bool overdue) {
                                 if (cursor_ > position) {
                                     done({});
                                     return true;
                                 }
                                 if (!overdue) return false;
                                 done(fail(Code::timeout, "the inbox has not come so far"));
                                 return true;
                             },
                             until});
}

// A Hello on a standing connection is answered with the newest head: so far the log was when the
// broker was asked, and so far the cursor has to come.
void NodeAgent::catch_up_to_now(Clock::Monotonic until, std::function<void(Result<void>)> done) {
    struct Progress {
        bool asked = false;
        std::optional<Position> target;
    };
    const auto ask = [this, until](const std::shared_ptr<Progress>& progress) {
        progress->asked = true;
        send(wire::Channel::control, hello(), {}, until, [this, progress](Result<Reply> reply) {
            const auto* welcome = reply ? std::get_if<wire::Welcome>(&reply->body) : nullptr;
            const auto head = welcome != nullptr
                                  ? check_head(welcome->head, options_.bus, *documents_.registry)
                                  : Result<proof::Head>(fail(Code::unreachable));
            progress->asked = head.has_value();
            if (!head) return;
            progress->target = head->size;
            if (cursor_ < head->size) fetch_again_ = true;
        });
    };
    watches_.push_back(Watch{[this, ask, progress = std::make_shared<Progress>(), done](bool late) {
                                 if (progress->target && cursor_ >= *progress->target) {
                                     done({});
                                     return true;
                                 }
                                 const bool up = connection_ == Connection::up;
                                 if (late || (!up && known_unreachable_)) {
                                     done(fail(up ? Code::timeout : Code::unreachable));
                                     return true;
                                 }
                                 if (up && !progress->asked) ask(progress);
                                 return false;
                             },
                             until});
}

void NodeAgent::adopt(BytesView document,
                      Clock::Monotonic until,
                      std::function<void(Result<Position>)> done) {
    auto parsed = registry::parse_document(document);
    if (!parsed) {
        done(std::unexpected(parsed.error()));
        return;
    }
    const auto kind = static_cast<std::uint8_t>(parsed->kind);
    watches_.push_back(Watch{
        [this, kind, bytes = to_bytes(document), until, done = std::move(done)](bool overdue) {
            if (connection_ != Connection::up && !overdue) return false;
            if (overdue) {
                done(fail(Code::unreachable, "no connection to the broker"));
                return true;
            }
            send(wire::Channel::data, wire::Adopt{kind}, bytes, until, [done](Result<Reply> reply) {
                if (!reply) {
                    done(std::unexpected(reply.error()));
                    return;
                }
                const auto* adopted = std::get_if<wire::Adopted>(&reply->body);
                if (adopted == nullptr) {
                    done(fail(Code::malformed_frame, "not the answer to an adoption"));
                } else {
                    done(adopted->position);
                }
            });
            return true;
        },
        until});
}

}  // namespace lienthong::node
