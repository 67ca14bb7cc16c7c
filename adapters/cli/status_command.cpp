// SPDX-License-Identifier: Apache-2.0
// `lienthong status`: how a node or a broker stands.
#include <fmt/format.h>

#include "adapters/cli/broker_api.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/run.hpp"

namespace lienthong::cli {

namespace {

// The notes are texts that `audit compare` takes.
Json witnessed_to_json(const node::WitnessStatus& witnessed) {
    const auto text = [](const std::string& note) { return note.empty() ? Json() : Json(note); };
    return Json{{"size", witnessed.size},
                {"time", time_to_json(witnessed.time)},
                {"agencies", witnessed.agencies},
                {"of", witnessed.of},
                {"note", text(witnessed.note)},
                {"conflicting", text(witnessed.conflicting)}};
}

}  // namespace

Result<Answer> show_status(Session& session, const Invocation& invocation) {
    if (session.just_started) catch_up(session, invocation);
    auto status = session.api.status(invocation.wait);
    if (!status) return std::unexpected(status.error());
    Answer answer;
    answer.body = Json{{"role", "node"},
                       {"agency", status->agency.text()},
                       {"node", status->node.text()},
                       {"log_size", status->log_size},
                       {"root", to_hex(status->root.view())},
                       {"registry_version", status->registry_version},
                       {"policy_version", status->policy_version},
                       {"outbox", status->outbox},
                       {"inbox", status->inbox},
                       {"doubtful", status->doubtful},
                       {"broker_reachable", status->broker_reachable},
                       {"alarms", status->alarms},
                       {"witnessed", witnessed_to_json(status->witnessed)}};
    const auto documents = session.api.documents();
    if (documents && documents->registry) {
        answer.body["slug"] = slug_of(*documents->registry, status->agency);
    }
    return answer;
}

Result<Answer> show_broker_status(BrokerSession& session, const Invocation&) {
    auto seen = session.broker.status();
    if (!seen) return std::unexpected(seen.error());
    Answer answer;
    answer.body["role"] = "broker";
    answer.body["log_size"] = seen->log_size;
    const bool empty = seen->log_size == 0;  // a broker that never ran
    answer.body["root"] = empty ? Json(nullptr) : Json(to_hex(seen->root.view()));
    const auto version = [](std::uint32_t number) {
        return number == 0 ? Json(nullptr) : Json(number);
    };
    answer.body["registry_version"] = version(seen->registry_version);
    answer.body["policy_version"] = version(seen->policy_version);
    answer.body["outbox"] = nullptr;
    answer.body["inbox"] = nullptr;
    answer.body["broker_reachable"] = session.broker.running();
    return answer;
}

std::string render_status(const Json& body, Lang lang) {
    const bool broker = body.value("role", "") == "broker";
    const auto yes_no = [&](const char* key) {
        return std::string(body.value(key, false) ? Words{"có", "yes"}.in(lang)
                                                  : Words{"không", "no"}.in(lang));
    };
    TextTable table(
        {std::string(Words{"Vai trò", "Role"}.in(lang)),
         broker ? std::string(Words{"máy chủ trục", "broker"}.in(lang)) : cell(body, "slug")});
    const auto row = [&](Words words, const char* key) {
        if (body.contains(key) && !body[key].is_null()) {
            table.add({std::string(words.in(lang)), cell(body, key)});
        }
    };
    row({"Số bản ghi", "Log size"}, "log_size");
    row({"Gốc cây băm", "Root"}, "root");
    row({"Sổ đăng ký, bản", "Registry version"}, "registry_version");
    row({"Chính sách, bản", "Policy version"}, "policy_version");
    row({"Hộp gửi", "Outbox"}, "outbox");
    row({"Hộp nhận", "Inbox"}, "inbox");
    if (body.value("doubtful", 0) != 0) row({"Đáng ngờ, hỏi lại", "Doubtful"}, "doubtful");
    table.add({std::string(broker ? Words{"Đang chạy", "Running"}.in(lang)
                                  : Words{"Kết nối máy chủ trục", "Broker reachable"}.in(lang)),
               yes_no("broker_reachable")});
    if (body.contains("witnessed")) {
        const Json& witnessed = body["witnessed"];
        table.add({std::string(Words{"Được chứng kiến", "Witnessed"}.in(lang)),
                   fmt::format("{} ({}/{})",
                               cell(witnessed, "size"),
                               cell(witnessed, "agencies"),
                               cell(witnessed, "of"))});
    }
    std::string text = table.text();
    for (const Json& alarm : body.value("alarms", Json::array())) {
        text += fmt::format("! {}\n", alarm.get<std::string>());
    }
    return text;
}

}  // namespace lienthong::cli
