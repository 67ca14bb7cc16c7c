// SPDX-License-Identifier: Apache-2.0
#include "bus/broker/bundle_import.hpp"

#include <algorithm>

#include "bus/base/check.hpp"
#include "security/proof/head.hpp"

namespace lienthong::broker {
namespace {

constexpr std::chrono::seconds kAnswerTimeout{30};
constexpr std::uint32_t kCreditBytes = 4 * 1024 * 1024;
constexpr std::uint32_t kCreditMessages = 1024;
constexpr std::uint64_t kRequestMax = std::uint64_t{1} << 62;

std::size_t frame_bytes_max(wire::Channel channel) {
    return channel == wire::Channel::control ? wire::kControlBytesMax : wire::kDataBytesMax;
}

// The key that the node would open a connection with.
Result<Bytes> curve_key_of(const registry::Registry& registry,
                           const AgencyId& agency,
                           const NodeId& node,
                           Millis now) {
    const registry::Agency* found = registry.maybe_agency(agency);
    CHECK(found != nullptr);
    Code refused = Code::unknown_key;
    for (const registry::KeyEntry& key : found->keys) {
        if (key.use != keys::Use::curve || key.node != node) continue;
        if (key.revoked) {
            refused = Code::revoked_key;
        } else if (!registry::holds_at(key.validity.from, key.validity.until, now)) {
            refused = Code::expired_key;
        } else {
            return key.raw;
        }
    }
    return fail(refused, "no valid transport key of this node", "curve");
}

// What a bundle may hold: questions that only bring something. Everything else needs a connection.
Result<std::vector<wire::Command>> parse_frames(const std::vector<proof::BundleFrame>& frames) {
    std::vector<wire::Command> commands;
    std::uint64_t last = 0;
    for (const proof::BundleFrame& frame : frames) {
        const auto channel = static_cast<wire::Channel>(frame.channel);
        auto command = wire::parse_command(frame.command, frame_bytes_max(channel));
        if (!command) return std::unexpected(command.error());
        const bool greets = std::holds_alternative<wire::Hello>(command->body);
        if (!greets && !std::holds_alternative<wire::Publish>(command->body)) {
            return fail(Code::unknown_operation, "has no place in a bundle", "frames");
        }
        if (greets != commands.empty() || !frame.answers.empty() || command->request <= last ||
            command->request > kRequestMax) {
            return fail(Code::malformed_frame, "not a greeting and then batches", "frames");
        }
        last = command->request;
        commands.push_back(std::move(*command));
    }
    if (commands.empty()) return fail(Code::malformed_frame, "no greeting", "frames");
    return commands;
}

}  // namespace

Result<BundleImport> BundleImport::begin(BytesView file,
                                         const BusId& bus,
                                         const Published& published,
                                         Millis now,
                                         std::uint64_t visit,
                                         std::size_t reply_bytes_max) {
    auto bundle = proof::parse_bundle(file);
    if (!bundle) return std::unexpected(bundle.error());
    if (bundle->bus != bus) return fail(Code::wrong_bus, "a bundle of another bus");
    if (bundle->direction != proof::Direction::request) {
        return fail(Code::malformed_frame, "a reply is for its node, not for the broker", "file");
    }
    const registry::Registry& registry = *published.registry;
    auto key = registry.signing_key(bundle->agency, bundle->key_id, now, published.log_size);
    if (!key) return std::unexpected(key.error());
    if (registry.maybe_key(bundle->key_id).key->node != bundle->node) {
        return fail(Code::wrong_sender, "the key is another node's");
    }
    auto signed_well = proof::verify_bundle(*bundle, *key);
    if (!signed_well) return std::unexpected(signed_well.error());
    auto curve_key = curve_key_of(registry, bundle->agency, bundle->node, now);
    if (!curve_key) return std::unexpected(curve_key.error());
    auto commands = parse_frames(bundle->frames);
    if (!commands) return std::unexpected(commands.error());

    BundleImport import;
    import.next_request_ = commands->back().request + 1;
    import.commands_ = std::move(*commands);
    import.curve_key_ = std::move(*curve_key);
    import.visit_ = visit;
    import.reply_bytes_max_ = reply_bytes_max;
    import.cursor_ = bundle->cursor;
    import.target_ = published.log_size;
    if (bundle->head_size != 0) import.heads_.push_back(bundle->head_size);
    import.request_ = std::move(*bundle);
    return import;
}

int BundleImport::do_work(LocalDoor& door, Clock::Monotonic now) {
    int done = 0;
    while (auto answer = door.maybe_take()) {
        take(std::move(*answer));
        ++done;
    }
    if (failed_ || phase_ == Phase::done) return done;
    for (const auto& [request, pending] : pending_) {
        if (pending.until <= now) failed_ = Error{Code::timeout, "no answer inside", {}, {}};
    }
    while (!failed_ && try_send(door, now)) ++done;
    return done;
}

// True if something was handed in, or the next phase has begun.
bool BundleImport::try_send(LocalDoor& door, Clock::Monotonic now) {
    switch (phase_) {
        case Phase::frames:
            return send_frame(door, now);
        case Phase::fetching:
            return fetch(door, now);
        case Phase::proving:
            return prove(door, now);
        case Phase::done:
            break;
    }
    return false;
}

bool BundleImport::has_room() const {
    return answers_bytes_ + kRoomBytes <= reply_bytes_max_ &&
           answers_.size() + heads_.size() + 2 * kInFlightMax <= proof::kBundleFramesMax;
}

// One batch of a stream at a time: behind one that must be repeated no later number may come.
bool BundleImport::send_frame(LocalDoor& door, Clock::Monotonic now) {
    if (next_ < commands_.size() && !has_room()) {
        counts_.more = true;
        next_ = commands_.size();
    }
    if (next_ == commands_.size()) {
        if (!pending_.empty()) return false;
        phase_ = Phase::fetching;
        return true;
    }
    const wire::Command& command = commands_[next_];
    const auto* publish = std::get_if<wire::Publish>(&command.body);
    if (publish != nullptr) {
        if (stopped_.contains(publish->stream)) {
            counts_.more = true;
            ++next_;
            return true;
        }
        const bool greeting = next_ == 1 && pending_.contains(commands_.front().request);
        if (greeting || pending_.size() >= kInFlightMax || busy_.contains(publish->stream)) {
            return false;
        }
    }
    const proof::BundleFrame& frame = request_.frames[next_];
    if (!hand_in(door,
                 now,
                 static_cast<wire::Channel>(frame.channel),
                 command.request,
                 command.body,
                 frame.command,
                 frame.data)) {
        return false;
    }
    if (publish != nullptr) busy_.insert(publish->stream);
    ++next_;
    return true;
}

// At the end of the log the broker would keep a fetch waiting, and there nothing is asked. A cursor
// beyond it is refused at once: the node has to hear of a log that is shorter than what it knows.
bool BundleImport::fetch(LocalDoor& door, Clock::Monotonic now) {
    if (!pending_.empty()) return false;
    const bool beyond = cursor_ > target_ && cursor_ == request_.cursor;
    if ((cursor_ < target_ || beyond) && has_room()) {
        const wire::Fetch body{"node", cursor_, kCreditBytes, kCreditMessages};
        const std::uint64_t request = next_request_;
        if (!hand_in(door,
                     now,
                     wire::Channel::data,
                     request,
                     body,
                     wire::encode(wire::Command{request, body}),
                     {})) {
            return false;
        }
        ++next_request_;
        return true;
    }
    counts_.more = counts_.more || cursor_ < target_;
    // Receipts of repeated batches have heads of their time.
    std::ranges::sort(heads_);
    phase_ = Phase::proving;
    return true;
}

bool BundleImport::prove(LocalDoor& door, Clock::Monotonic now) {
    if (!pending_.empty()) return false;
    while (proven_ + 1 < heads_.size() && heads_[proven_] >= heads_[proven_ + 1]) {
        heads_.erase(heads_.begin() + static_cast<std::ptrdiff_t>(proven_) + 1);
    }
    if (proven_ + 1 >= heads_.size()) {
        phase_ = Phase::done;
        return true;
    }
    const wire::ConsistencyRequest body{heads_[proven_], heads_[proven_ + 1]};
    const std::uint64_t request = next_request_;
    if (!hand_in(door,
                 now,
                 wire::Channel::control,
                 request,
                 body,
                 wire::encode(wire::Command{request, body}),
                 {})) {
        return false;
    }
    ++next_request_;
    ++proven_;
    return true;
}

bool BundleImport::hand_in(LocalDoor& door,
                           Clock::Monotonic now,
                           wire::Channel channel,
                           std::uint64_t request,
                           wire::Body body,
                           Bytes command,
                           Bytes data) {
    wire::Incoming incoming{LocalDoor::peer(channel, visit_), curve_key_, command, std::move(data)};
    if (!door.try_put(std::move(incoming))) return false;
    pending_.emplace(request, Pending{std::move(command), std::move(body), now + kAnswerTimeout});
    return true;
}

void BundleImport::take(LocalDoor::Answer answer) {
    if (answer.peer != LocalDoor::peer(answer.peer.channel, visit_)) return;  // who was here before
    auto command = wire::parse_command(answer.command, wire::kDataBytesMax);
    if (!command) {
        failed_ = command.error();
        return;
    }
    const auto found = pending_.find(command->request);
    if (found == pending_.end()) {
        // Said to a peer, not of a request: it has too many connections.
        const auto* refused = std::get_if<wire::Failure>(&command->body);
        if (refused != nullptr && command->request == 0) failed_ = wire::to_error(*refused);
        return;
    }
    const Pending asked = std::move(found->second);
    pending_.erase(found);
    const auto* publish = std::get_if<wire::Publish>(&asked.body);
    if (publish != nullptr) busy_.erase(publish->stream);
    if (const auto* failure = std::get_if<wire::Failure>(&command->body)) {
        take_failure(asked.body, *failure);
    } else if (const auto* receipt = std::get_if<wire::Receipt>(&command->body)) {
        CHECK(publish != nullptr);
        take_receipt(*publish, *receipt);
    } else if (const auto* welcome = std::get_if<wire::Welcome>(&command->body)) {
        note_head(welcome->head);
    } else if (const auto* delivery = std::get_if<wire::Delivery>(&command->body)) {
        take_delivery(*delivery);
    }
    answers_.push_back({static_cast<std::uint8_t>(answer.peer.channel),
                        std::move(answer.command),
                        std::move(answer.data),
                        asked.command});
    answers_bytes_ += answers_.back().size();
}

void BundleImport::take_receipt(const wire::Publish& asked, const wire::Receipt& receipt) {
    ++counts_.receipts;
    counts_.accepted += receipt.accepted_count;
    note_head(receipt.head);
    note_proven(receipt.head);
    for (const message::Verdict& verdict : receipt.verdicts) {
        if (!verdict.refused) continue;
        if (!info(*verdict.refused).retriable) {
            ++counts_.refused;
            continue;
        }
        // What comes behind a closed stream is told so; behind any other repetition it has to wait.
        if (*verdict.refused != Code::stale_audience) stopped_.insert(asked.stream);
        break;
    }
}

void BundleImport::take_failure(const wire::Body& asked, const wire::Failure& failure) {
    const Error error = wire::to_error(failure);
    if (std::holds_alternative<wire::Hello>(asked)) {
        failed_ = error;
    } else if (const auto* publish = std::get_if<wire::Publish>(&asked)) {
        if (error.retriable()) {
            stopped_.insert(publish->stream);
        } else if (error.errc() != Errc::conflict) {  // of a stream: they go out anew
            counts_.refused += publish->count;
        }
    } else if (std::holds_alternative<wire::Fetch>(asked)) {
        target_ = cursor_;  // the reply says why there is nothing
    }
}

void BundleImport::take_delivery(const wire::Delivery& delivery) {
    for (const message::DeliveredEntry& entry : delivery.entries) {
        if (static_cast<proof::EntryKind>(entry.kind) == proof::EntryKind::message) {
            ++counts_.entries;
        }
    }
    if (delivery.to <= cursor_) target_ = cursor_;  // no progress: never ask for ever
    cursor_ = delivery.to;
    note_proven(delivery.head);
}

// The node is led from the head that it keeps over each of these to the newest.
void BundleImport::note_proven(std::string_view note) {
    const auto head = proof::parse_head(note);
    CHECK(head.has_value());
    if (heads_.empty() || heads_.back() != head->size) heads_.push_back(head->size);
}

void BundleImport::note_head(std::string_view note) {
    const auto head = proof::parse_head(note);
    CHECK(head.has_value());
    target_ = std::max(target_, head->size);
}

Result<BundleReply> BundleImport::reply(keys::Signer& log_key, Millis now) {
    CHECK(phase_ == Phase::done && !failed_);
    proof::Bundle bundle;
    bundle.bus = request_.bus;
    bundle.direction = proof::Direction::reply;
    bundle.agency = request_.agency;
    bundle.node = request_.node;
    bundle.created = now;
    bundle.number = request_.number;
    bundle.cursor = cursor_;
    bundle.head_size = heads_.empty() ? 0 : heads_.back();
    bundle.answers = proof::digest(request_);
    bundle.more = counts_.more;
    bundle.frames = std::move(answers_);
    auto file = proof::sign_bundle(std::move(bundle), log_key);
    if (!file) return std::unexpected(file.error());
    return BundleReply{std::move(*file), request_.agency, request_.node, request_.number, counts_};
}

}  // namespace lienthong::broker
