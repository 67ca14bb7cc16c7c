// SPDX-License-Identifier: Apache-2.0
#include "bus/wire/inproc_link.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <ranges>
#include <set>

#include "bus/base/check.hpp"
#include "bus/wire/command.hpp"

namespace lienthong::wire {
namespace {

struct Parcel {
    std::uint64_t due = 0;  // step from which it can be received
    Bytes command;
    Bytes data;
};

// One direction of one connection.
using Pipe = std::deque<Parcel>;

std::size_t size_max(Channel channel) {
    return channel == Channel::control ? kControlBytesMax : kDataBytesMax;
}

std::optional<Parcel> maybe_take(Pipe& pipe, std::uint64_t now) {
    // A parcel that is still under way is overtaken by later ones.
    for (auto at = pipe.begin(); at != pipe.end(); ++at) {
        if (at->due > now) continue;
        Parcel parcel = std::move(*at);
        pipe.erase(at);
        return parcel;
    }
    return std::nullopt;
}

// As libzmq's: 00 and a number.
Bytes routing_of(std::uint32_t number) { return ByteWriter().u8(0).u32(number).take(); }

}  // namespace

struct InprocHub::Impl final : ServerLink {
    struct Connection {
        Bytes curve_key;
        bool open = true;  // the client still has it
        Pipe to_server;
        Pipe to_client;
    };

    explicit Impl(InprocOptions given) : options(std::move(given)), random(options.seed) {}

    std::optional<Incoming> maybe_receive() override;
    Result<void> send(const PeerId& peer, BytesView command, BytesView data) override;

    bool chance(std::uint32_t permille) { return permille != 0 && random.next() % 1000 < permille; }
    void travel(Pipe& pipe, Parcel parcel);
    // Puts the message on its way, with what happens to it there.
    Result<void> put(Pipe& pipe, const Bytes& curve_key, BytesView command, BytesView data);
    // Connections that nobody holds and nothing waits in.
    void forget_closed();

    InprocOptions options;
    SeededRandom random;
    LinkFaults faults;
    InprocCounts counts;
    std::uint64_t now = 0;
    std::uint32_t routing_next = 1;
    std::map<PeerId, Connection> connections;  // in the order in which they were made, by channel
    PeerId served_last;
    std::set<Bytes> cut;
};

void InprocHub::Impl::travel(Pipe& pipe, Parcel parcel) {
    parcel.due = now;
    if (chance(faults.delay_permille)) {
        ++counts.delayed;
        parcel.due += 1 + random.next() % std::max<std::uint32_t>(1, faults.delay_steps_max);
    }
    auto at = pipe.end();
    if (!pipe.empty() && chance(faults.reorder_permille)) {
        ++counts.reordered;
        at = pipe.begin() + static_cast<std::ptrdiff_t>(random.next() % pipe.size());
    }
    pipe.insert(at, std::move(parcel));
}

Result<void> InprocHub::Impl::put(Pipe& pipe,
                                  const Bytes& curve_key,
                                  BytesView command,
                                  BytesView data) {
    if (pipe.size() >= options.waiting_max) {
        return fail(Code::overloaded, "the peer takes no more now");
    }
    ++counts.sent;
    if (cut.contains(curve_key) || chance(faults.lose_permille)) {
        ++counts.lost;
        return {};
    }
    const Parcel parcel{0, to_bytes(command), to_bytes(data)};
    travel(pipe, parcel);
    if (pipe.size() < options.waiting_max && chance(faults.repeat_permille)) {
        ++counts.repeated;
        travel(pipe, parcel);
    }
    return {};
}

void InprocHub::Impl::forget_closed() {
    std::erase_if(connections, [](const auto& item) {
        return !item.second.open && item.second.to_server.empty();
    });
}

// Fair among peers: the search starts behind the one that was served last.
std::optional<Incoming> InprocHub::Impl::maybe_receive() {
    auto at = connections.upper_bound(served_last);
    for (std::size_t i = 0; i < connections.size(); ++i, ++at) {
        if (at == connections.end()) at = connections.begin();
        auto parcel = maybe_take(at->second.to_server, now);
        if (!parcel) continue;
        served_last = at->first;
        Incoming incoming{
            at->first, at->second.curve_key, std::move(parcel->command), std::move(parcel->data)};
        forget_closed();
        return incoming;
    }
    return std::nullopt;
}

Result<void> InprocHub::Impl::send(const PeerId& peer, BytesView command, BytesView data) {
    CHECK(!command.empty());
    if (command.size() > size_max(peer.channel) || data.size() > size_max(peer.channel)) {
        return fail(Code::oversized, "larger than its channel allows");
    }
    const auto at = connections.find(peer);
    if (at == connections.end() || !at->second.open) {
        return fail(Code::unreachable, "the peer is gone");
    }
    return put(at->second.to_client, at->second.curve_key, command, data);
}

namespace {

class InprocClient final : public ClientLink {
  public:
    using Hub = InprocHub::Impl;

    InprocClient(Hub& hub, BytesView curve_key) : hub_(hub), curve_key_(to_bytes(curve_key)) {}
    ~InprocClient() override { hang_up(); }

    std::optional<Frames> maybe_receive() override {
        for (const Channel channel : {Channel::control, Channel::data}) {
            const auto at = hub_.connections.find(peer(channel));
            if (at == hub_.connections.end()) continue;
            auto parcel = maybe_take(at->second.to_client, hub_.now);
            if (!parcel) continue;
            return Frames{channel, std::move(parcel->command), std::move(parcel->data)};
        }
        return std::nullopt;
    }

    Result<void> send(const Frames& frames) override {
        CHECK(!frames.command.empty());
        const std::size_t bytes_max = size_max(frames.channel);
        if (frames.command.size() > bytes_max || frames.data.size() > bytes_max) {
            return fail(Code::oversized, "larger than its channel allows");
        }
        Hub::Connection* connection = maybe_connection(frames.channel);
        if (connection == nullptr) return {};  // silence, as a refused handshake gives
        return hub_.put(connection->to_server, curve_key_, frames.command, frames.data);
    }

    Result<void> reconnect() override {
        hang_up();
        return {};
    }

  private:
    PeerId peer(Channel channel) const { return {channel, routing_[std::to_underlying(channel)]}; }

    // Dials when no connection stands.
    Hub::Connection* maybe_connection(Channel channel) {
        const auto at = hub_.connections.find(peer(channel));
        if (at != hub_.connections.end()) return &at->second;
        if (hub_.options.admit && !hub_.options.admit(curve_key_)) {
            ++hub_.counts.refused;
            return nullptr;
        }
        routing_[std::to_underlying(channel)] = routing_of(hub_.routing_next++);
        return &hub_.connections.emplace(peer(channel), Hub::Connection{curve_key_, true, {}, {}})
                    .first->second;
    }

    // What was sent before is still on its way; nothing comes back.
    void hang_up() {
        for (const Channel channel : {Channel::control, Channel::data}) {
            const auto at = hub_.connections.find(peer(channel));
            if (at == hub_.connections.end()) continue;
            at->second.open = false;
            at->second.to_client.clear();
            routing_[std::to_underlying(channel)].clear();
        }
        hub_.forget_closed();
    }

    Hub& hub_;
    const Bytes curve_key_;
    std::array<Bytes, 2> routing_;  // by channel; empty: no connection
};

}  // namespace

InprocHub::InprocHub(InprocOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
InprocHub::~InprocHub() = default;

ServerLink& InprocHub::server() { return *impl_; }

std::unique_ptr<ClientLink> InprocHub::connect(BytesView curve_key) {
    return std::make_unique<InprocClient>(*impl_, curve_key);
}

void InprocHub::step() { ++impl_->now; }
std::uint64_t InprocHub::now() const { return impl_->now; }
void InprocHub::set_faults(const LinkFaults& faults) { impl_->faults = faults; }

void InprocHub::cut(BytesView curve_key) {
    const Bytes key = to_bytes(curve_key);
    for (auto& [peer, connection] : impl_->connections) {
        if (connection.curve_key != key) continue;
        impl_->counts.lost += connection.to_server.size() + connection.to_client.size();
        connection.to_server.clear();
        connection.to_client.clear();
    }
    impl_->cut.insert(key);
    impl_->forget_closed();
}

void InprocHub::heal(BytesView curve_key) { impl_->cut.erase(to_bytes(curve_key)); }

void InprocHub::restart_server() {
    for (const auto& [peer, connection] : impl_->connections) {
        impl_->counts.lost += connection.to_server.size() + connection.to_client.size();
    }
    impl_->connections.clear();
}

bool InprocHub::idle() const {
    return std::ranges::all_of(impl_->connections | std::views::values, [](const auto& connection) {
        return connection.to_server.empty() && connection.to_client.empty();
    });
}

const InprocCounts& InprocHub::counts() const { return impl_->counts; }

}  // namespace lienthong::wire
