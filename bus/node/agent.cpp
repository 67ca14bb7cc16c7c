// SPDX-License-Identifier: Apache-2.0
#include "bus/node/agent.hpp"

#include <algorithm>

#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::node {
namespace {

// A broker may give any number of reasons for one alarm; it must not hide another one.
constexpr std::size_t kAlarmsOfNameMax = 256;
constexpr const char* kAndMore = " and_more";
constexpr std::chrono::milliseconds kCompareAgain{5'000};
constexpr int kFramesMax = 256;  // taken in one step

std::string name_of(std::string_view alarm) {
    return std::string(alarm.substr(0, alarm.find(' ')));
}

}  // namespace

NodeAgent::NodeAgent(NodeOptions options,
                     NodeKeys keys,
                     journal::Journal& journal,
                     wire::ClientLink& link,
                     const Clock& clock,
                     Random& random)
    : options_(std::move(options)),
      keys_(std::move(keys)),
      journal_(journal),
      link_(link),
      clock_(clock),
      random_(random) {}

Result<void> NodeAgent::start() {
    auto loaded = load_documents();
    if (!loaded) return loaded;
    if (!documents_.registry) {
        auto learnt = write([&](WriteStore& store) -> Result<void> {
            for (const Bytes& document : options_.genesis) {
                auto one = learn_document(store, 0, document);
                if (!one) return one;
            }
            return {};
        });
        if (!learnt) return learnt;
    }
    if (!documents_.registry || !documents_.policy) {
        return fail(Code::malformed_config, "no registry or no policy to start from", "genesis");
    }
    auto found = read([&](const ReadStore& store) -> Result<void> {
        auto cursor = store.cursor();
        if (!cursor) return std::unexpected(cursor.error());
        cursor_ = *cursor;
        auto drafts = store.last_draft();
        if (!drafts) return std::unexpected(drafts.error());
        last_draft_at_start_ = *drafts;
        auto note = store.head();
        if (!note) return std::unexpected(note.error());
        if (*note) {
            auto head = proof::parse_head(**note);
            if (!head) return std::unexpected(head.error());
            head_ = *head;
            head_stored(std::move(**note));
        }
        auto doubtful = store.count(Tables::doubtful);
        if (!doubtful) return std::unexpected(doubtful.error());
        doubtful_ = *doubtful;
        auto started = start_witness(store);
        if (!started) return started;
        return resume_restore(store);
    });
    if (!found || witnesses_since_ != 0) return found;
    witnesses_since_ = clock_.wall();
    return write([&](WriteStore& store) { return store.set_witnesses_since(witnesses_since_); });
}

void NodeAgent::note_document(const registry::SignedDocument& document,
                              BytesView bytes,
                              Position position) {
    document_digests_[keys::sha256(bytes)] = position;
    Position& newest = newest_document_[document.kind];
    newest = std::max(newest, position);  // older ones may come again
}

Result<void> NodeAgent::load_documents() {
    auto all = read([](const ReadStore& store) { return store.documents(); });
    if (!all) return std::unexpected(all.error());
    for (const auto& [position, bytes] : *all) {
        auto document = registry::parse_document(bytes);
        if (!document) return std::unexpected(document.error());
        auto taken = documents_.take(*document, bytes);
        if (!taken) return taken;
        note_document(*document, bytes, position);
    }
    return {};
}

// A document takes effect only if enough administrators signed it and it is the next version. One
// that is known already must be the same bytes.
Result<void> NodeAgent::learn_document(WriteStore& store, Position position, BytesView bytes) {
    auto parsed = registry::parse_document(bytes);
    if (!parsed) return std::unexpected(parsed.error());
    if (parsed->version <= documents_.version(parsed->kind)) {
        auto known = store.maybe_document(parsed->kind, parsed->version);
        if (!known) return std::unexpected(known.error());
        if (!*known || !equal((*known)->second, bytes)) {
            return fail(Code::rollback, "another document of a version that is in force");
        }
        note_document(*parsed, bytes, position);
        return store.put_document(position, *parsed, bytes);
    }
    auto document = documents_.judge(bytes, options_.bus, options_.pinned_administrators);
    if (!document) return std::unexpected(document.error());
    FAILPOINT_OR_FAIL(node_document, before);
    auto stored = store.put_document(position, *document, bytes);
    if (!stored) return stored;
    FAILPOINT_OR_FAIL(node_document, after);
    note_document(*document, bytes, position);
    return documents_.take(*document, bytes);
}

int NodeAgent::do_work() {
    if (broken_) return 0;
    int done = 0;
    while (done < kFramesMax && receive_one()) ++done;
    expire_calls();
    if (connection_ == Connection::down && clock_.monotonic() >= connect_not_before_) connect();
    if (connection_ == Connection::up) {
        step_compare();
        step_publish();
        step_fetch();
        step_witness();
        step_chunks();
        step_mend();
    }
    watch_witnesses();
    serve_watches();
    store_alarms();
    return done;
}

void NodeAgent::send(
    wire::Channel channel, wire::Body body, Bytes data, Clock::Monotonic until, OnReply done) {
    const std::uint64_t request = next_request_++;
    const bool publishes = std::holds_alternative<wire::Publish>(body);
    wire::Frames frames;
    frames.channel = channel;
    frames.command = wire::encode(wire::Command{request, std::move(body)});
    frames.data = std::move(data);
    FAILPOINT(node_send, before);
    auto sent = link_.send(frames);
    FAILPOINT(node_send, after);
    if (!sent) {
        done(std::unexpected(sent.error()));
        return;
    }
    calls_.emplace(request, Call{until, std::move(done), publishes});
}

bool NodeAgent::receive_one() {
    auto frames = link_.maybe_receive();
    if (!frames) return false;
    auto command = wire::parse_command(frames->command, wire::kDataBytesMax);
    if (!command) {
        alarm(fmt::format("unreadable_answer code={}", info(command.error().code).name));
        return true;
    }
    const auto found = calls_.find(command->request);
    if (found == calls_.end()) return true;  // too late, or twice: its time-out was handled
    const OnReply done = std::move(found->second.done);
    const bool keeps_failures = found->second.keeps_failures;
    calls_.erase(found);
    FAILPOINT(node_receive, before);
    const auto* failure = std::get_if<wire::Failure>(&command->body);
    if (failure != nullptr && !keeps_failures) {
        done(std::unexpected(wire::to_error(*failure)));
    } else {
        done(Reply{std::move(command->body), std::move(frames->data), std::move(frames->command)});
    }
    FAILPOINT(node_receive, after);
    return true;
}

void NodeAgent::expire_calls() {
    const auto now = clock_.monotonic();
    std::vector<OnReply> late;
    for (auto call = calls_.begin(); call != calls_.end();) {
        if (call->second.until <= now) {
            late.push_back(std::move(call->second.done));
            call = calls_.erase(call);
        } else {
            ++call;
        }
    }
    for (const OnReply& done : late) done(fail(Code::timeout, "the broker did not answer"));
}

void NodeAgent::serve_watches() {
    const auto now = clock_.monotonic();
    std::vector<Watch> watches = std::move(watches_);
    watches_.clear();
    for (Watch& watch : watches) {
        if (!watch.ready(watch.until <= now)) watches_.push_back(std::move(watch));
    }
}

wire::Hello NodeAgent::hello() const {
    wire::Hello hello;
    hello.versions = {wire::kProtocolVersion};
    hello.bus = options_.bus;
    hello.software = "lienthong";
    hello.head_size = head_ ? head_->size : 0;
    return hello;
}

void NodeAgent::connect() {
    connection_ = Connection::greeting;
    send(wire::Channel::control,
         hello(),
         {},
         after(options_.answer_timeout),
         [this](Result<Reply> reply) { greeted(std::move(reply)); });
}

void NodeAgent::greeted(Result<Reply> reply) {
    if (!reply) {
        lose_connection(reply.error());
        return;
    }
    const auto* welcome = std::get_if<wire::Welcome>(&reply->body);
    if (welcome == nullptr || welcome->agency != options_.agency ||
        welcome->node != options_.node) {
        alarm("wrong_welcome");
        lose_connection(Error{Code::wrong_sender, {}, {}, {}});
        return;
    }
    connection_ = Connection::up;
    streams_compared_ = false;
    take_welcome(*welcome);
    known_unreachable_ = false;
    cosigned_size_ = 0;
    chunks_idle_ = false;
    connect_pause_ = std::chrono::milliseconds{100};
    log::info("connected node={} epoch={}", options_.node.text(), welcome->epoch);
}

// What it says of streams counts once its head is led to: it can hold up the outbox.
void NodeAgent::take_welcome(const wire::Welcome& welcome) {
    compare_again_at_ = after(kCompareAgain);
    auto head = check_head(welcome.head, options_.bus, *documents_.registry);
    if (!head) {
        alarm(fmt::format("bad_head code={}", info(head.error().code).name));
        return;
    }
    follow_head(*head, nullptr, [this, welcome, head = *head](Followed followed) {
        if (followed != Followed::yes) return;
        // A reply on a stick may have claimed more, and nobody led to that.
        restore_until_ = std::min(restore_until_, head_->size);
        FAILPOINT(node_welcome, before);
        auto compared = compare_streams(welcome, head.size);
        if (compared) compared = keep_head(welcome.head, head);
        if (!compared) {
            fail_with(compared.error());
            return;
        }
        FAILPOINT(node_welcome, after);
        streams_compared_ = true;
    });
}

void NodeAgent::step_compare() {
    if (streams_compared_ || clock_.monotonic() < compare_again_at_) return;
    compare_again_at_ = after(kCompareAgain);
    send(wire::Channel::control,
         hello(),
         {},
         after(options_.answer_timeout),
         [this](Result<Reply> reply) {
             const auto* welcome = reply ? std::get_if<wire::Welcome>(&reply->body) : nullptr;
             if (welcome != nullptr) take_welcome(*welcome);
         });
}

// Numbers that the broker has and the outbox has not: the outbox was restored from a backup. Its
// streams are closed; what waits goes out under new ids, once its own entries are back.
Result<void> NodeAgent::compare_streams(const wire::Welcome& welcome, std::uint64_t log_size) {
    return write([&](WriteStore& store) -> Result<void> {
        bool restored = false;
        std::set<std::uint64_t> named;
        for (const wire::StreamPosition& theirs : welcome.streams) {
            auto next = store.next_of_stream(theirs.stream);
            if (!next) return std::unexpected(next.error());
            auto arrived = store.last_of_stream(theirs.stream);
            if (!arrived) return std::unexpected(arrived.error());
            const bool ahead = *next == 0 ? theirs.last > *arrived : theirs.last >= *next;
            restored = restored || ahead;
            named.insert(theirs.stream);
            if (*next != 0 && (theirs.closed || ahead)) {
                auto forgotten = store.forget_stream(theirs.stream);
                if (!forgotten) return forgotten;
            }
            if (!ahead) continue;
            auto ended = store.end_stream(theirs.stream, theirs.last + 1);  // known from now on
            if (!ended) return ended;
        }
        if (!restored || log_size <= cursor_) return {};
        // A full list names the streams in which this node was last active. A stream that it does
        // not name may be ahead too, but then all that are named were used after the backup as
        // well, and have shown it: so none that is not named can be trusted.
        if (named.size() >= wire::kStreamsMax) {
            auto forgotten = store.forget_streams_but(named);
            if (!forgotten) return forgotten;
        }
        auto before = store.restore();
        if (!before) return std::unexpected(before.error());
        RestoreRow restore{cursor_, log_size, last_draft_at_start_};
        if (before->until != 0) restore = {before->from, log_size, before->last_draft};
        auto kept = store.set_restore(restore);
        return kept ? begin_restore(store, restore) : kept;
    });
}

void NodeAgent::lose_connection(const Error& error) {
    if (connection_ == Connection::up) {
        log::warning("disconnected node={} code={}", options_.node.text(), info(error.code).name);
    }
    connection_ = Connection::down;
    known_unreachable_ = true;
    connect_not_before_ = after(connect_pause_);
    connect_pause_ = std::min(connect_pause_ * 2, options_.reconnect_max);
    const std::map<std::uint64_t, Call> calls = std::move(calls_);
    calls_.clear();
    auto again = link_.reconnect();
    if (!again) alarm(fmt::format("reconnect_failed code={}", info(again.error().code).name));
    for (auto& [request, call] : calls) call.done(fail(Code::unreachable, "connection lost"));
}

// An alarm is kept, shown by `status`, and said once in each run. Stored with the next change, in
// the same transaction: what raised it may not be noticed a second time.
void NodeAgent::alarm(std::string text) {
    const std::string name = name_of(text);
    std::size_t& raised = alarms_of_[name];
    if (raised >= kAlarmsOfNameMax) text = name + kAndMore;
    if (!alarms_raised_.insert(text).second) return;
    ++raised;
    log::error("alarm {}", text);
    alarms_to_store_.push_back(std::move(text));
}

Result<void> NodeAgent::keep_alarms(WriteStore& store) {
    if (alarms_to_store_.empty()) return {};
    const auto known = store.alarms();
    if (!known) return std::unexpected(known.error());
    std::set<std::string> kept(known->begin(), known->end());  // of earlier runs too
    std::map<std::string, std::size_t> of_name;
    for (const std::string& text : kept) ++of_name[name_of(text)];
    for (const std::string& said : alarms_to_store_) {
        const std::string name = name_of(said);
        const std::string& text = of_name[name] < kAlarmsOfNameMax ? said : name + kAndMore;
        if (!kept.insert(text).second) continue;
        ++of_name[name];
        auto one = store.add_alarm(text);
        if (!one) return one;
    }
    return {};
}

void NodeAgent::store_alarms() {
    if (alarms_to_store_.empty()) return;
    auto stored = write([](WriteStore&) { return Result<void>(); });
    if (!stored) fail_with(stored.error());
}

void NodeAgent::fail_with(Error error) {
    if (broken_) return;
    log::error("node_failed code={} detail={}", info(error.code).name, error.detail);
    broken_ = std::move(error);
}

}  // namespace lienthong::node
