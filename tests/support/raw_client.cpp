// SPDX-License-Identifier: Apache-2.0
#include "tests/support/raw_client.hpp"

#include "bus/base/check.hpp"

namespace lienthong::test {

std::uint64_t RawClient::send(wire::Body body, Bytes data) {
    const bool bulk = std::holds_alternative<wire::Publish>(body) ||
                      std::holds_alternative<wire::Fetch>(body) ||
                      std::holds_alternative<wire::Adopt>(body);
    const std::uint64_t request = next_++;
    send_bytes(bulk ? wire::Channel::data : wire::Channel::control,
               wire::encode(wire::Command{request, std::move(body)}),
               std::move(data));
    return request;
}

void RawClient::send_bytes(wire::Channel channel, Bytes command, Bytes data) {
    CHECK(link_->send({channel, std::move(command), std::move(data)}).has_value());
}

void RawClient::take_all() {
    while (auto frames = link_->maybe_receive()) {
        auto command = wire::parse_command(frames->command, wire::kDataBytesMax);
        CHECK(command.has_value());
        const std::uint64_t request = command->request;
        answers_.emplace(request, std::move(*command));
    }
}

std::optional<wire::Command> RawClient::maybe_answer(std::uint64_t request) {
    take_all();
    const auto found = answers_.find(request);
    if (found == answers_.end()) return std::nullopt;
    wire::Command answer = std::move(found->second);
    answers_.erase(found);
    return answer;
}

std::optional<wire::Body> RawClient::ask(wire::Body body, Bytes data, std::size_t steps_max) {
    const std::uint64_t request = send(std::move(body), std::move(data));
    std::optional<wire::Command> answer;
    bus_.step_until(
        [&] {
            answer = maybe_answer(request);
            return answer.has_value();
        },
        steps_max);
    if (!answer) return std::nullopt;
    return std::move(answer->body);
}

std::optional<Code> RawClient::refusal(wire::Body body, Bytes data) {
    const auto answer = ask(std::move(body), std::move(data));
    if (!answer) return std::nullopt;
    const auto* failure = std::get_if<wire::Failure>(&*answer);
    return failure == nullptr ? std::nullopt : std::optional(failure->code);
}

}  // namespace lienthong::test
