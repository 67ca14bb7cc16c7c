// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/commit_agent.hpp"

#include <algorithm>

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "security/proof/refusal.hpp"

namespace lienthong::broker {
namespace {

constexpr std::chrono::seconds kCollectEvery{60};

}  // namespace

CommitAgent::CommitAgent(CommitOptions options,
                         core::Machine& machine,
                         journal::Journal& journal,
                         keys::Signer& log_key,
                         Epoch epoch,
                         WorkQueue& in,
                         OutgoingQueue& out,
                         LatestPublished& published,
                         const Clock& clock,
                         Counters& counters)
    : options_(options),
      machine_(machine),
      journal_(journal),
      log_key_(log_key),
      epoch_(epoch),
      in_(in),
      out_(out),
      published_(published),
      clock_(clock),
      counters_(counters),
      time_(clock) {}

Result<void> CommitAgent::start(const std::vector<Bytes>& genesis) {
    auto txn = journal_.begin_write();
    if (!txn) return std::unexpected(txn.error());
    const core::ReadState state(**txn, machine_.vault());
    auto last = state.last_time();
    if (!last) return std::unexpected(last.error());
    time_.start(*last);
    auto loaded = machine_.load(state);
    if (!loaded) return loaded;
    const bool empty = (*txn)->log_size() == 0;
    core::Group group(machine_, **txn, time_.now(), epoch_);
    auto started = group.start_epoch();
    if (!started) return started;
    for (const Bytes& document : empty ? genesis : std::vector<Bytes>{}) {
        auto adopted = group.adopt(document);
        if (!adopted) return std::unexpected(adopted.error());
        if (!*adopted) return std::unexpected(adopted->error());
    }
    if (!machine_.documents().complete()) {
        return fail(Code::malformed_config, "the log holds no registry or no policy");
    }
    auto counted = count_witnessed(group);
    if (!counted) return counted;
    auto finished = finish(group);
    if (!finished) return finished;
    FAILPOINT_OR_FAIL(broker_start_commit, before);
    auto committed = (*txn)->commit();
    if (!committed) return committed;
    FAILPOINT_OR_FAIL(broker_start_commit, after);
    collect_not_before_ = clock_.monotonic() + kCollectEvery;
    publish_state();
    return {};
}

int CommitAgent::do_work() {
    if (broken_) return 0;
    std::vector<Work> works = in_.pop_all(options_.group_max);
    const auto now = clock_.monotonic();
    const bool due =
        collect_not_before_ <= now || (!waiting_.empty() && waiting_.front().until <= now);
    if (works.empty() && !due) return 0;
    const int done = static_cast<int>(works.size()) + (due ? 1 : 0);
    auto ran = run_group(std::move(works));
    if (!ran) {
        broken_ = ran.error();
        log::error("commit_failed code={} detail={}", info(broken_->code).name, broken_->detail);
    }
    return done;
}

Result<void> CommitAgent::run_group(std::vector<Work> works) {
    const auto begun = clock_.monotonic();
    pending_.clear();
    delivered_bytes_ = 0;
    upload_bytes_ = 0;
    look_at_disk();
    const std::vector<Asked> asked = asked_in(works);
    auto txn = journal_.begin_write();
    if (!txn) return std::unexpected(txn.error());
    core::Group group(machine_,
                      **txn,
                      time_.now(),
                      epoch_,
                      refuse_entries_ ? core::Group::Reading::without_entries
                                      : core::Group::Reading::with_entries);
    auto filled = fill_group(group, works);
    if (!filled && filled.error().code == Code::disk_full) {
        txn->reset();
        return drop_group(asked);
    }
    if (!filled) return filled;
    FAILPOINT_OR_FAIL(broker_group_commit, before);
    auto committed = (*txn)->commit();
    if (!committed) return committed;
    FAILPOINT_OR_FAIL(broker_group_commit, after);

    publish_state();
    FAILPOINT(broker_answers_queued, before);
    for (Pending& pending : pending_) {
        if (const auto* receipt = std::get_if<wire::Receipt>(&pending.body))
            count_verdicts(*receipt);
        CHECK(out_.try_push(Outgoing{std::move(pending.peer),
                                     pending.request,
                                     std::move(pending.body),
                                     std::move(pending.data)}));
    }
    FAILPOINT(broker_answers_queued, after);
    counters_.commits.fetch_add(1);
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(clock_.monotonic() - begun).count();
    const auto longest = static_cast<std::uint64_t>(took);
    if (longest > counters_.commit_longest_us) counters_.commit_longest_us = longest;
    return {};
}

Result<void> CommitAgent::fill_group(core::Group& group, std::vector<Work>& works) {
    counters_.clock_held = time_.held() ? 1 : 0;
    for (Work& work : works) {
        auto done = carry_out(group, work);
        if (!done) return done;
    }
    auto served = serve_waiting(group);
    if (!served) return served;
    auto collected = collect(group);
    if (!collected) return collected;
    return finish(group);
}

std::vector<CommitAgent::Asked> CommitAgent::asked_in(const std::vector<Work>& works) const {
    std::vector<Asked> asked;
    asked.reserve(works.size() + waiting_.size());
    for (const Work& work : works) asked.push_back({work.peer, work.request});
    for (const Waiting& waiting : waiting_) asked.push_back({waiting.peer, waiting.request});
    return asked;
}

Result<void> CommitAgent::drop_group(const std::vector<Asked>& asked) {
    pending_.clear();
    waiting_.clear();
    full_until_ = clock_.monotonic() + options_.full_pause;
    auto txn = journal_.begin_read();
    if (!txn) return std::unexpected(txn.error());
    // A document of the dropped group was in force already.
    auto loaded = machine_.load(core::ReadState(**txn, machine_.vault()));
    if (!loaded) return loaded;
    log::warning("group_dropped code=disk_full requests={}", asked.size());
    counters_.groups_dropped.fetch_add(1);
    for (const Asked& one : asked) {
        counters_.refuse(Code::disk_full);
        const Error error{Code::disk_full, "the store is full", {}, {}};
        CHECK(out_.try_push(Outgoing{one.peer, one.request, wire::to_failure(error), {}}));
    }
    return {};
}

Result<void> CommitAgent::carry_out(core::Group& group, Work& work) {
    if (auto* verified = std::get_if<Result<core::VerifiedBatch>>(&work.what)) {
        if (!*verified && group.may_record()) {
            return refuse_batch(group, work, verified->error());
        }
        if (refuse_publishing_) {
            refuse(work, Error{Code::disk_full, "the disk is nearly full", {}, {}});
            return {};
        }
        FAILPOINT_OR_FAIL(broker_decide, before);
        auto receipt = group.publish(**verified);
        if (!receipt) return std::unexpected(receipt.error());
        FAILPOINT_OR_FAIL(broker_decide, after);
        if (!*receipt) return refuse_batch(group, work, receipt->error());
        (*receipt)->asked_size = work.asked.command.head_size;
        answer(work, std::move(**receipt));
        return {};
    }
    if (const auto* document = std::get_if<RawDocument>(&work.what)) {
        FAILPOINT_OR_FAIL(broker_document, before);
        auto adopted = group.adopt(document->bytes);
        if (!adopted) return std::unexpected(adopted.error());
        FAILPOINT_OR_FAIL(broker_document, after);
        if (!*adopted) {
            refuse(work, adopted->error());
            return {};
        }
        log::info("document_adopted position={}", **adopted);
        answer(work, wire::Adopted{0, **adopted, {}});
        return {};
    }
    if (auto* chunk = std::get_if<RawChunk>(&work.what)) return take_chunk(group, work, *chunk);
    const auto* body = std::get_if<wire::Body>(&work.what);
    CHECK(body != nullptr);
    if (const auto* cosign = std::get_if<wire::Cosign>(body)) {
        return take_cosignature(group, work, *cosign);
    }
    if (const auto* request = std::get_if<wire::WitnessRequest>(body)) {
        return answer_witnessed(group, work, *request);
    }
    return carry_out_body(group, work, *body);
}

Result<wire::Welcome> CommitAgent::welcome(const core::Group& group,
                                           const core::Session& session) const {
    wire::Welcome welcome;
    welcome.version = wire::kProtocolVersion;
    welcome.node = session.node;
    welcome.agency = session.agency;
    welcome.epoch = epoch_;
    auto head = group.state().newest_head();
    if (!head) return std::unexpected(head.error());
    welcome.head = head->value_or("");
    auto streams = group.state().streams_of(session.node, wire::kStreamsMax);
    if (!streams) return std::unexpected(streams.error());
    for (const auto& [stream, row] : *streams) {
        welcome.streams.push_back({stream, row.last, row.closed});
    }
    using registry::DocumentKind;
    const core::Documents& documents = machine_.documents();
    welcome.registry_version = documents.version(DocumentKind::registry);
    welcome.policy_version = documents.version(DocumentKind::policy);
    welcome.procedure_version = documents.version(DocumentKind::procedure);
    welcome.administrators_version = documents.version(DocumentKind::administrators);
    return welcome;
}

Result<void> CommitAgent::carry_out_body(core::Group& group, Work& work, const wire::Body& body) {
    if (const auto* hello = std::get_if<wire::Hello>(&body)) {
        if (std::ranges::find(hello->versions, wire::kProtocolVersion) == hello->versions.end()) {
            refuse(work, Error{Code::unknown_version, "no common protocol version", {}, {}});
            return {};
        }
        auto made = welcome(group, work.session);
        if (!made) return std::unexpected(made.error());
        answer(work, std::move(*made));
    } else if (const auto* request = std::get_if<wire::Fetch>(&body)) {
        Waiting asked{
            work.peer,
            work.request,
            work.session,
            core::FetchRequest{
                request->consumer, request->from, request->credit_bytes, request->credit_messages},
            clock_.monotonic() + options_.fetch_wait};
        end_older_fetch(asked);
        return fetch(group, std::move(asked), false);
    } else if (const auto* query = std::get_if<wire::Query>(&body)) {
        counters_.queries.fetch_add(1);
        auto answered = group.query(work.session, *query);
        if (!answered) return std::unexpected(answered.error());
        if (*answered) {
            answer(work, std::move(**answered));
        } else {
            refuse(work, answered->error());
        }
    } else if (const auto* asked = std::get_if<wire::ConsistencyRequest>(&body)) {
        if (asked->from > asked->to || asked->to > group.state().log_size()) {
            refuse(work, Error{Code::bad_argument, "no such sizes", {}, {}});
            return {};
        }
        auto path = proof::consistency_path(asked->from, asked->to, group.state().tree());
        if (!path) return std::unexpected(path.error());
        answer(work, wire::ConsistencyProof{asked->from, asked->to, std::move(*path)});
    } else if (const auto* wanted = std::get_if<wire::InclusionRequest>(&body)) {
        if (wanted->position >= wanted->size || wanted->size > group.state().log_size()) {
            refuse(work, Error{Code::bad_argument, "no such position", {}, {}});
            return {};
        }
        auto path = proof::inclusion_path(wanted->position, wanted->size, group.state().tree());
        if (!path) return std::unexpected(path.error());
        answer(work, wire::InclusionProof{wanted->position, wanted->size, std::move(*path)});
    } else if (const auto* document = std::get_if<wire::DocumentRequest>(&body)) {
        auto bytes = group.state().maybe_document(
            static_cast<registry::DocumentKind>(document->kind), document->version);
        if (!bytes) return std::unexpected(bytes.error());
        if (!*bytes) {
            refuse(work, Error{Code::not_found, "no such document", {}, {}});
        } else {
            answer(work, wire::Done{}, std::move(**bytes));
        }
    } else if (const auto* chunk = std::get_if<wire::FetchChunk>(&body)) {
        return give_chunk(group, work, *chunk);
    } else {
        refuse(work, Error{Code::unknown_operation, {}, {}, {}});
    }
    return {};
}

// A node that asks again does not wait for its older question any more.
void CommitAgent::end_older_fetch(const Waiting& newer) {
    const auto older = std::ranges::find_if(waiting_, [&](const Waiting& one) {
        return one.peer == newer.peer && one.fetch.consumer == newer.fetch.consumer;
    });
    if (older == waiting_.end()) return;
    pending_.push_back(
        {older->peer, older->request, wire::to_failure(Error{Code::timeout, {}, {}, {}}), {}});
    waiting_.erase(older);
}

Result<void> CommitAgent::fetch(core::Group& group, Waiting waiting, bool answer_if_empty) {
    if (delivered_bytes_ >= options_.delivered_bytes_max) {
        const Error error{Code::overloaded, "too much is being delivered", {}, {}};
        pending_.push_back({waiting.peer, waiting.request, wire::to_failure(error), {}});
        return {};
    }
    FAILPOINT_OR_FAIL(broker_fetch, before);
    auto delivery = group.fetch(waiting.session, waiting.fetch);
    if (!delivery) return std::unexpected(delivery.error());
    FAILPOINT_OR_FAIL(broker_fetch, after);
    if (!*delivery) {
        pending_.push_back(
            {waiting.peer, waiting.request, wire::to_failure(delivery->error()), {}});
        return {};
    }
    // A cursor behind the end is told at once that nothing up to there is its own.
    const bool at_end = (*delivery)->to == waiting.fetch.from;
    if ((*delivery)->entries.empty() && at_end && !answer_if_empty &&
        waiting_.size() < options_.fetches_waiting_max) {
        waiting_.push_back(std::move(waiting));
        return {};
    }
    counters_.entries_delivered.fetch_add((*delivery)->entries.size());
    delivered_bytes_ += message::size_of(**delivery);
    pending_.push_back({waiting.peer, waiting.request, std::move(**delivery), {}});
    return {};
}

// Fetches that waited are answered when something came for their agency, or empty when they are
// due.
Result<void> CommitAgent::serve_waiting(core::Group& group) {
    const auto now = clock_.monotonic();
    std::deque<Waiting> waiting = std::move(waiting_);
    waiting_.clear();
    for (Waiting& one : waiting) {
        const bool due = one.until <= now;
        if (!due && !group.touched_everybody() && !group.touched().contains(one.session.agency)) {
            waiting_.push_back(std::move(one));
            continue;
        }
        auto fetched = fetch(group, std::move(one), due);
        if (!fetched) return fetched;
    }
    return {};
}

// Signs the head of the group and completes what waits for it.
Result<void> CommitAgent::finish(core::Group& group) {
    auto head = group.head_to_sign();
    if (!head) return std::unexpected(head.error());
    if (*head) {
        FAILPOINT_OR_FAIL(broker_head, before);
        auto note = proof::sign_head(**head, log_key_);
        if (!note) return std::unexpected(note.error());
        auto kept = group.set_head(**head, *note);
        if (!kept) return kept;
        FAILPOINT_OR_FAIL(broker_head, after);
        root_ = (*head)->root;
    }
    for (Pending& pending : pending_) {
        if (auto* receipt = std::get_if<wire::Receipt>(&pending.body)) {
            auto completed = group.complete(*receipt);
            if (!completed) return completed;
        } else if (auto* delivery = std::get_if<wire::Delivery>(&pending.body)) {
            auto statement = group.statement_for(*delivery);
            if (!statement) return std::unexpected(statement.error());
            FAILPOINT_OR_FAIL(broker_statement, before);
            auto signature = log_key_.sign(*statement);
            if (!signature) return std::unexpected(signature.error());
            FAILPOINT_OR_FAIL(broker_statement, after);
            delivery->signature = std::move(*signature);
        } else if (auto* adopted = std::get_if<wire::Adopted>(&pending.body)) {
            auto newest = group.state().newest_head();
            if (!newest) return std::unexpected(newest.error());
            adopted->head = newest->value_or("");
        }
    }
    return {};
}

void CommitAgent::answer(const Work& work, wire::Body body, Bytes data) {
    pending_.push_back({work.peer, work.request, std::move(body), std::move(data)});
}

void CommitAgent::refuse(const Work& work, const Error& error) {
    counters_.refuse(error.code);
    answer(work, wire::to_failure(error));
}

// Nothing of the batch stands in the log, no number is consumed: so that the attempt is on the
// record all the same, it is counted among the denials. A final refusal is signed: its node gives
// the messages up on this word alone, and keeps it.
Result<void> CommitAgent::refuse_batch(core::Group& group, const Work& work, const Error& error) {
    if (error.retriable()) {
        refuse(work, error);
        return {};
    }
    counters_.refuse(error.code);
    wire::Failure failure = wire::to_failure(error);
    failure.time = time_.now();
    failure.batch = work.asked.frame;
    const wire::Publish& publish = work.asked.command;
    auto signature =
        log_key_.sign(proof::encode_refusal({.bus = machine_.documents().registry->data().bus,
                                             .agency = work.session.agency,
                                             .stream = publish.stream,
                                             .first = publish.first,
                                             .count = publish.count,
                                             .batch = failure.batch,
                                             .code = failure.code,
                                             .time = failure.time}));
    if (!signature) return std::unexpected(signature.error());
    failure.signature = std::move(*signature);
    answer(work, std::move(failure));
    return group.record_denial(work.session.agency, info(error.code).name);
}

void CommitAgent::count_verdicts(const message::Receipt& receipt) {
    for (const message::Verdict& verdict : receipt.verdicts) {
        if (!verdict.refused) {
            counters_.messages_accepted.fetch_add(1);
        } else {
            counters_.messages_refused.fetch_add(1);
            counters_.refuse(*verdict.refused);
        }
    }
}

void CommitAgent::publish_state() {
    const core::Documents& documents = machine_.documents();
    published_.set(Published{documents.registry,
                             journal_.confirmed(),
                             documents.version(registry::DocumentKind::policy),
                             root_});
    counters_.log_size = journal_.confirmed();
}

void CommitAgent::look_at_disk() {
    // What cannot be measured is not to be trusted with more.
    refuse_publishing_ = true;
    refuse_entries_ = true;
    auto bytes = journal_.bytes_used_and_max();
    if (!bytes) return;
    counters_.bytes_used = bytes->first;
    counters_.bytes_max = bytes->second;
    const std::uint64_t reserve = std::min(options_.reserve_bytes, bytes->second / 8);
    const bool met_limit = clock_.monotonic() < full_until_;
    refuse_publishing_ = met_limit || bytes->first + reserve > bytes->second;
    refuse_entries_ = met_limit || bytes->first + reserve / 4 > bytes->second;
}

}  // namespace lienthong::broker
