// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/session_agent.hpp"

#include "bus/base/check.hpp"
#include "bus/base/failpoint.hpp"
#include "bus/base/log.hpp"

namespace lienthong::broker {
namespace {

// Peers are forgotten once there are more: a peer's row is made anew with its next frame.
constexpr std::size_t kPeersMax = 8192;

// Keys of the registry only get a row; more than this do not stand there.
constexpr std::size_t kOffendersMax = 8192;

// Faults that an honest node cannot have, whatever became of its keys and of the documents.
bool is_offence(Code code) {
    return code == Code::bad_signature || code == Code::malformed_proof ||
           code == Code::malformed_frame || code == Code::oversized || code == Code::too_deep;
}

std::size_t command_bytes_max(wire::Channel channel) {
    return channel == wire::Channel::control ? wire::kControlBytesMax : wire::kDataBytesMax;
}

}  // namespace

SessionAgent::SessionAgent(SessionOptions options,
                           wire::ServerLink& link,
                           const LatestPublished& published,
                           std::vector<WorkQueue*> to_verify,
                           WorkQueue& to_commit,
                           OutgoingQueue& outgoing,
                           const Clock& clock,
                           Counters& counters)
    : options_(std::move(options)),
      link_(link),
      published_(published),
      to_verify_(std::move(to_verify)),
      to_commit_(to_commit),
      outgoing_(outgoing),
      clock_(clock),
      counters_(counters) {}

int SessionAgent::do_work() {
    int done = flush_waiting();
    while (auto out = outgoing_.maybe_pop()) {
        ++done;
        const auto found = peers_.find(out->peer);
        CHECK(found != peers_.end());  // rows with something under way stay
        release(found->second, out->request);
        // A key that was revoked while its request was inside the broker gets no answer.
        if (!admits(*published_.get().registry, found->second.curve_key)) continue;
        if (const auto* failure = std::get_if<wire::Failure>(&out->body);
            failure != nullptr && is_offence(failure->code)) {
            count_offence(found->second, failure->code);
        }
        answer(out->peer, found->second, out->request, std::move(out->body), out->data);
    }
    for (std::size_t i = 0; i < options_.frames_per_cycle_max && read_one(); ++i) ++done;
    return done;
}

bool SessionAgent::admits(const registry::Registry& registry, BytesView curve_key) {
    const auto id = keys::key_id_of_raw(keys::Algorithm::x25519, curve_key);
    const auto* key = registry.maybe_key(id).key;
    std::optional<Code> refused;
    if (registry.maybe_curve(curve_key).agency == nullptr) {
        refused = key != nullptr && key->revoked ? Code::revoked_key : Code::unknown_key;
    } else if (!registry::holds_at(key->validity.from, key->validity.until, clock_.wall())) {
        refused = Code::expired_key;
    }
    if (!refused) return true;
    counters_.frames_refused.fetch_add(1);
    counters_.refuse(*refused);
    return false;
}

bool SessionAgent::read_one() {
    if (in_flight_ >= kInFlightMax) return false;
    auto incoming = link_.maybe_receive();
    if (!incoming) return false;
    counters_.frames_in.fetch_add(1);
    const auto published = published_.get();
    // Unknown, or revoked since its handshake: not a word.
    if (!admits(*published.registry, incoming->curve_key)) return true;
    if (is_shut_out(incoming->curve_key)) {
        counters_.frames_refused.fetch_add(1);
        return true;
    }
    const auto owner = published.registry->maybe_curve(incoming->curve_key);
    Peer* known = maybe_peer(incoming->peer, *published.registry, owner.agency->id);
    if (known == nullptr) return true;
    Peer& peer = *known;
    peer.curve_key = incoming->curve_key;
    FAILPOINT(broker_receive, before);
    handle(*incoming, peer);
    FAILPOINT(broker_receive, after);
    return true;
}

std::size_t SessionAgent::connections_of(const AgencyId& agency) const {
    std::size_t connections = 0;
    for (const auto& [id, peer] : peers_) {
        if (peer.agency == agency) ++connections;
    }
    return connections;
}

SessionAgent::Peer* SessionAgent::maybe_peer(const wire::PeerId& id,
                                             const registry::Registry& registry,
                                             const AgencyId& agency) {
    const auto found = peers_.find(id);
    if (found != peers_.end()) return &found->second;
    const auto full = [&] {
        return peers_.size() >= kPeersMax ||
               connections_of(agency) >= registry.data().limits.connections_per_agency_max;
    };
    if (full()) {  // connections end without a word: rows with nothing to do make room
        std::erase_if(peers_, [&](const auto& entry) {
            return entry.second.agency == agency && entry.second.in_flight == 0 &&
                   entry.second.waiting.empty();
        });
    }
    if (full()) {
        counters_.refuse(Code::overloaded);
        const Error error{Code::overloaded, "too many connections of this agency", {}, {}};
        // Best effort: a peer that takes no answer either learns it by its time-out.
        (void)link_.send(id, wire::encode(wire::Command{0, wire::to_failure(error)}), {});
        return nullptr;
    }
    Peer& peer = peers_[id];
    peer.agency = agency;
    peer.worker = next_worker_++ % to_verify_.size();
    return &peer;
}

void SessionAgent::handle(const wire::Incoming& incoming, Peer& peer) {
    auto command = wire::parse_command(incoming.command, command_bytes_max(incoming.peer.channel));
    if (!command) {
        offend(incoming.peer, peer, 0, command.error());
        return;
    }
    const auto published = published_.get();
    const auto owner = published.registry->maybe_curve(incoming.curve_key);
    CHECK(owner.agency != nullptr);
    const core::Session session{owner.agency->id, owner.key->node};
    if (const auto* hello = std::get_if<wire::Hello>(&command->body)) {
        if (hello->bus != options_.bus) {
            offend(incoming.peer, peer, command->request, Error{Code::wrong_bus, {}, "hello", {}});
            return;
        }
    }
    if (auto full = full_for(peer, incoming.command.size() + incoming.data.size())) {
        counters_.refuse(full->code);
        answer(incoming.peer, peer, command->request, wire::to_failure(*full), {});
        return;
    }
    hand_on(incoming, peer, session, std::move(*command));
}

void SessionAgent::hand_on(const wire::Incoming& incoming,
                           Peer& peer,
                           const core::Session& session,
                           wire::Command command) {
    Work work;
    work.peer = incoming.peer;
    work.request = command.request;
    work.session = session;
    WorkQueue* queue = &to_commit_;
    if (const auto* publish = std::get_if<wire::Publish>(&command.body)) {
        const auto published = published_.get();
        work.what = RawBatch{
            *publish, incoming.data, published.registry, clock_.wall(), published.log_size};
        queue = to_verify_[peer.worker];
    } else if (std::holds_alternative<wire::Adopt>(command.body)) {
        work.what = RawDocument{incoming.data};
    } else if (auto* chunk = std::get_if<wire::UploadChunk>(&command.body)) {
        work.what = RawChunk{std::move(*chunk), incoming.data};
    } else {
        work.what = std::move(command.body);
    }
    const std::uint64_t request = work.request;
    if (!queue->try_push(std::move(work))) {
        answer(incoming.peer,
               peer,
               request,
               wire::to_failure(Error{Code::overloaded, "the broker is busy", {}, {}}),
               {});
        return;
    }
    hold(peer, request, incoming.command.size() + incoming.data.size());
}

std::optional<Error> SessionAgent::full_for(const Peer& peer, std::size_t bytes) const {
    const auto overloaded = [](const char* detail) {
        return Error{Code::overloaded, detail, {}, {}};
    };
    if (peer.in_flight >= kInFlightPerPeerMax) return overloaded("too many requests in flight");
    if (peer.in_flight_bytes + bytes > options_.in_flight_bytes_per_peer_max) {
        return overloaded("too many bytes in flight");
    }
    if (in_flight_bytes_ + bytes > options_.in_flight_bytes_max) {
        return overloaded("the broker holds too many bytes");
    }
    return std::nullopt;
}

void SessionAgent::hold(Peer& peer, std::uint64_t request, std::size_t bytes) {
    ++peer.in_flight;
    ++in_flight_;
    peer.in_flight_bytes += bytes;
    in_flight_bytes_ += bytes;
    peer.held.emplace(request, bytes);
    counters_.in_flight_bytes = in_flight_bytes_;
}

// Two requests of one number are released in either order: their sum is right again with the second
// answer.
void SessionAgent::release(Peer& peer, std::uint64_t request) {
    const auto held = peer.held.find(request);
    CHECK(held != peer.held.end() && peer.in_flight > 0 && in_flight_ > 0);
    --peer.in_flight;
    --in_flight_;
    peer.in_flight_bytes -= held->second;
    in_flight_bytes_ -= held->second;
    peer.held.erase(held);
    counters_.in_flight_bytes = in_flight_bytes_;
}

void SessionAgent::offend(const wire::PeerId& id,
                          Peer& peer,
                          std::uint64_t request,
                          const Error& error) {
    counters_.frames_refused.fetch_add(1);
    counters_.refuse(error.code);
    if (is_offence(error.code) && count_offence(peer, error.code)) return;
    answer(id, peer, request, wire::to_failure(error), {});
}

bool SessionAgent::is_shut_out(BytesView curve_key) const {
    if (offenders_.empty()) return false;
    const auto found = offenders_.find(to_bytes(curve_key));
    return found != offenders_.end() && found->second.shut_out_until > clock_.monotonic();
}

bool SessionAgent::count_offence(const Peer& peer, Code code) {
    const auto now = clock_.monotonic();
    if (offenders_.size() >= kOffendersMax && !offenders_.contains(peer.curve_key)) {
        std::erase_if(offenders_, [&](const auto& entry) {
            const Offender& one = entry.second;
            return one.shut_out_until <= now && now - one.since >= options_.offences_window;
        });
        if (offenders_.size() >= kOffendersMax) return false;
    }
    Offender& offender = offenders_[peer.curve_key];
    if (offender.offences == 0 || now - offender.since >= options_.offences_window) {
        offender.offences = 0;
        offender.since = now;
    }
    ++offender.offences;
    if (offender.offences <= options_.offences_max) return false;
    offender.offences = 0;
    offender.shut_out_until = now + options_.shut_out;
    counters_.peers_dropped.fetch_add(1);
    log::warning("peer_dropped agency={} code={}", peer.agency.text(), info(code).name);
    return true;
}

void SessionAgent::answer(
    const wire::PeerId& id, Peer& peer, std::uint64_t request, wire::Body body, BytesView data) {
    Answer one{request, wire::encode(wire::Command{request, std::move(body)}), to_bytes(data)};
    if (peer.waiting.empty() && try_send(id, one) != Sent::later) return;
    if (peer.waiting.size() >= options_.answers_waiting_max ||
        peer.waiting_bytes + one.size() > options_.answers_waiting_bytes_max) {
        counters_.answers_dropped.fetch_add(1);
        log::warning("answer_dropped agency={} reason=peer_does_not_read", peer.agency.text());
        return;
    }
    peer.waiting_bytes += one.size();
    peer.waiting.push_back(std::move(one));
}

// What no channel carries would stand before all later answers for ever: its asker is told instead.
SessionAgent::Sent SessionAgent::try_send(const wire::PeerId& id, const Answer& answer) {
    FAILPOINT(broker_answer, before);
    auto sent = link_.send(id, answer.command, answer.data);
    FAILPOINT(broker_answer, after);
    if (!sent && sent.error().code == Code::oversized) {
        log::error("answer_oversized bytes={}", answer.size());
        const wire::Failure failure = wire::to_failure(sent.error());
        sent = link_.send(id, wire::encode(wire::Command{answer.request, failure}), {});
    }
    if (sent) return Sent::done;
    if (sent.error().code != Code::unreachable) return Sent::later;
    counters_.answers_dropped.fetch_add(1);  // the node repeats its request when it is back
    return Sent::gone;
}

int SessionAgent::flush_waiting() {
    int done = 0;
    for (auto& [id, peer] : peers_) {
        while (!peer.waiting.empty() && try_send(id, peer.waiting.front()) != Sent::later) {
            peer.waiting_bytes -= peer.waiting.front().size();
            peer.waiting.pop_front();
            ++done;
        }
    }
    return done;
}

}  // namespace lienthong::broker
