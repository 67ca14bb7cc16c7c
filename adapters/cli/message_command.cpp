// SPDX-License-Identifier: Apache-2.0
// `lienthong message`, `audit` and, at a broker, `log show`: single messages, what can be proven of
// them, and the log.
#include <fmt/format.h>

#include <array>
#include <utility>

#include "adapters/cli/broker_api.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/details.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/run.hpp"
#include "adapters/codec/codec.hpp"
#include "bus/message/envelope.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLogRowsMax = 100'000;  // in one answer

std::string_view name_of(message::Relation relation) {
    switch (relation) {
        case message::Relation::none:
            return "none";
        case message::Relation::answers:
            return "answers";
        case message::Relation::supersedes:
            return "supersedes";
        case message::Relation::countersigns:
            return "countersigns";
        case message::Relation::re_seals:
            return "re-seals";
    }
    return "none";
}

std::string_view name_of(message::Form form) {
    switch (form) {
        case message::Form::none:
            return "none";
        case message::Form::open:
            return "open";
        case message::Form::facts:
            return "facts";
        case message::Form::sealed:
            return "sealed";
        case message::Form::chunked:
            return "chunked";
    }
    return "none";
}

std::string_view name_of(proof::EntryKind kind) {
    switch (kind) {
        case proof::EntryKind::message:
            return "message";
        case proof::EntryKind::refusals:
            return "refusals";
        case proof::EntryKind::document:
            return "document";
        case proof::EntryKind::delivered:
            return "delivered";
        case proof::EntryKind::queried:
            return "queried";
        case proof::EntryKind::denied:
            return "denied";
        case proof::EntryKind::tick:
            return "tick";
        case proof::EntryKind::stream_closed:
            return "stream-closed";
        case proof::EntryKind::erase:
            return "erase";
        case proof::EntryKind::epoch:
            return "epoch";
        case proof::EntryKind::opened:
            return "opened";
        case proof::EntryKind::backup_mark:
            return "backup-mark";
    }
    return "none";
}

Json header_to_json(const registry::Registry& registry, const node::InboxEntry& entry) {
    const message::Header& header = entry.header;
    Json json;
    json["bus"] = header.bus.text();
    json["id"] = header.id.text();
    json["digest"] = to_hex(entry.header_digest.view());
    json["agency"] = agency_to_json(registry, header.sender);
    json["unit"] = header.unit.empty() ? Json(nullptr) : Json(header.unit.text());
    json["kind"] = message::info(header.kind).name;
    json["kind_version"] = header.kind_version;
    json["case"] = header.case_id.is_none() ? Json(nullptr) : Json(header.case_id.text());
    json["case_version"] = nullptr;
    if (header.case_version) {
        json["case_version"] = Json{{"epoch", header.case_version->epoch},
                                    {"position", header.case_version->position},
                                    {"leaf", to_hex(header.case_version->leaf.view())}};
    }
    json["refers_to"] = nullptr;
    if (header.refers_to) {
        json["refers_to"] = Json{{"message", header.refers_to->message.text()},
                                 {"relation", name_of(header.refers_to->relation)}};
    }
    json["registry_version"] = header.registry_version;
    json["policy_version"] = header.policy_version;
    json["created"] = time_to_json(header.created);
    json["expires"] = time_to_json(header.expires);
    json["commitments"] = Json::array();
    for (const Hash& commitment : header.commitments) {
        json["commitments"].push_back(to_hex(commitment.view()));
    }
    return json;
}

constexpr auto kChecks = std::to_array<std::pair<const char*, Words>>({
    {"signature", {"chữ ký", "signature"}},
    {"receipt", {"biên nhận", "receipt"}},
    {"consistency", {"nhất quán với nhật ký", "consistency with the log"}},
    {"commitments", {"cam kết", "commitments"}},
});

std::string form_words(const std::string& form, Lang lang) {
    if (form == "open") return std::string(Words{"công khai", "open"}.in(lang));
    if (form == "facts") return std::string(Words{"dữ kiện", "facts"}.in(lang));
    if (form == "sealed" || form == "chunked") {
        return std::string(Words{"niêm phong", "sealed"}.in(lang));
    }
    return form;
}

Result<MessageId> message_id(const Invocation& invocation) {
    auto id = MessageId::parse(invocation.text("id"));
    if (!id) return fail(Code::bad_argument, "must be a message id", "ID");
    return id;
}

Json log_row(Position position, const core::Entry& entry) {
    Json json{{"position", position},
              {"time", time_to_json(entry.time)},
              {"kind", name_of(entry.kind)},
              {"agency", nullptr},
              {"message_kind", nullptr}};
    if (entry.kind != proof::EntryKind::message) return json;
    json["agency"] = entry.sender.text();
    if (const auto header = message::parse_header(entry.content)) {
        json["message_kind"] = message::info(header->kind).name;
        json["message_id"] = header->id.text();
    }
    return json;
}

// It may be on its way: then once more when the inbox is up to date. What is not for this agency
// and what does not exist give the same bytes, whatever was asked for.
Result<node::InboxEntry> message_of(Session& session,
                                    const Invocation& invocation,
                                    const MessageId& id) {
    auto entry = session.api.message(id);
    if (!entry) {
        catch_up(session, invocation);
        entry = session.api.message(id);
    }
    if (!entry) return std::unexpected(entry.error());
    return entry;
}

}  // namespace

Result<Answer> show_message(Session& session, const Invocation& invocation) {
    auto id = message_id(invocation);
    if (!id) return std::unexpected(id.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    auto entry = message_of(session, invocation, *id);
    if (!entry) return std::unexpected(entry.error());
    auto verified = session.api.verify(*id, invocation.wait);
    if (!verified) return std::unexpected(verified.error());
    Answer answer;
    answer.body["position"] = entry->position;
    answer.body["time"] = time_to_json(entry->time);
    answer.body["header"] = header_to_json(*documents->registry, *entry);
    answer.body["sections"] = Json::array();
    for (const auto& section : entry->sections) {
        Json json{{"name", section.name}, {"granted", section.granted}};
        const bool sealed =
            section.form == message::Form::sealed || section.form == message::Form::chunked;
        json["sealed"] = section.granted ? Json(sealed) : Json(nullptr);
        json["form"] = section.granted ? Json(name_of(section.form)) : Json(nullptr);
        json["digest"] = section.granted ? Json(to_hex(section.digest.view())) : Json(nullptr);
        answer.body["sections"].push_back(std::move(json));
    }
    answer.body["verified"] = Json{{"signature", verified->signature},
                                   {"receipt", verified->receipt},
                                   {"consistency", verified->consistency},
                                   {"commitments", verified->commitments}};
    const bool all =
        verified->signature && verified->receipt && verified->consistency && verified->commitments;
    answer.exit = all ? 0 : 1;
    return answer;
}

std::string render_message(const Json& body, Lang lang) {
    const Json& header = body["header"];
    TextTable table({std::string(Words{"Thông điệp", "Message"}.in(lang)), cell(header, "id")});
    table.add({std::string(Words{"Loại", "Kind"}.in(lang)), cell(header, "kind")});
    table.add({std::string(Words{"Cơ quan", "Agency"}.in(lang)), cell(header["agency"], "slug")});
    table.add({std::string(Words{"Vị trí", "Position"}.in(lang)), cell(body, "position")});
    table.add({std::string(Words{"Thời điểm", "Time"}.in(lang)), local_time(body["time"])});
    table.add({std::string(Words{"Hồ sơ", "Case"}.in(lang)), cell(header, "case")});
    for (const Json& section : body["sections"]) {
        const bool granted = section.value("granted", false);
        table.add({fmt::format("  {}", cell(section, "name")),
                   granted ? form_words(cell(section, "form"), lang)
                           : std::string(Words{"không được xem", "not granted"}.in(lang))});
    }
    for (const auto& [check, words] : kChecks) {
        const bool holds = body["verified"].value(check, false);
        table.add({fmt::format("  {}", words.in(lang)), holds ? "✓" : "✗"});
    }
    return table.text();
}

Result<Answer> take_section(Session& session, const Invocation& invocation) {
    auto id = message_id(invocation);
    if (!id) return std::unexpected(id.error());
    const std::string name = invocation.text("name");
    Answer answer;
    Bytes bytes;
    auto entry = message_of(session, invocation, *id);
    if (!entry) return std::unexpected(entry.error());
    if (invocation.flag("plain")) {
        const message::KindInfo& kind = message::info(entry->header.kind);
        const auto index = message::maybe_section(kind, name);
        if (!index) return fail(Code::bad_argument, "the kind has no such section", name);
        auto plaintext = session.api.section(*id, name);
        if (!plaintext) return std::unexpected(plaintext.error());
        auto text = codec::section_to_json(kind.sections[*index], plaintext->view());
        if (!text) return std::unexpected(text.error());
        if (!invocation.has("out")) {
            auto json = maybe_json(*text);
            if (!json) return fail(Code::malformed_section, {}, name);
            answer.body = std::move(*json);
            return answer;
        }
        bytes = to_bytes(as_bytes(*text + "\n"));
    } else {
        if (!invocation.has("out"))
            return fail(Code::bad_argument, "a file must be named", "--out");
        auto sent = session.api.section_as_sent(*id, name);
        if (!sent) return std::unexpected(sent.error());
        bytes = std::move(*sent);
    }
    answer.body = Json{{"message", id->text()},
                       {"section", name},
                       {"out", invocation.text("out")},
                       {"bytes", bytes.size()}};
    answer.outputs.emplace("out", std::move(bytes));
    return answer;
}

Result<Answer> show_broker_log(BrokerSession& session, const Invocation& invocation) {
    const std::int64_t wanted = invocation.number("max", 100);
    if (wanted < 0 || wanted > kLogRowsMax) {
        return fail(Code::bad_argument, "at most 100000", "--max");
    }
    const auto count = static_cast<std::size_t>(wanted);
    auto from = static_cast<Position>(invocation.number("from", 0));
    Answer answer;
    answer.body["entries"] = Json::array();
    Json& entries = answer.body["entries"];
    while (entries.size() < count) {
        auto page = session.broker.read_entries(from, count - entries.size());
        if (!page) return std::unexpected(page.error());
        if (page->empty()) break;
        for (const core::Entry& entry : *page) entries.push_back(log_row(from++, entry));
    }
    return answer;
}

// The first administrators' list as the caller knows it; nothing if the copy's own is to be
// believed.
Result<std::optional<Hash>> anchor_of(const Invocation& invocation) {
    const std::string digest = invocation.text("administrators-sha256");
    const bool as_file = invocation.inputs.contains("administrators");
    if (digest.empty() && !as_file) return std::optional<Hash>();
    if (!digest.empty() && as_file) {
        return fail(Code::bad_argument,
                    "either --administrators or --administrators-sha256",
                    "--administrators-sha256");
    }
    if (as_file) {
        auto list = invocation.input("administrators");
        if (!list) return std::unexpected(list.error());
        return std::optional(keys::sha256(as_bytes(*list)));
    }
    const auto hash = hash_from_hex(digest);
    if (!hash) {
        return fail(Code::bad_argument, "must be 64 hexadecimal digits", "--administrators-sha256");
    }
    return std::optional(*hash);
}

Result<Answer> verify_audit(Environment& environment, const Invocation& invocation) {
    fs::path directory = invocation.text("directory");
    std::error_code error;
    // A copied home serves as well as a copied data directory.
    if (!fs::exists(directory / "data.mdb", error) && fs::is_directory(directory / "data", error)) {
        directory /= "data";
    }
    const auto anchor = anchor_of(invocation);
    if (!anchor) return std::unexpected(anchor.error());
    if (!fs::is_directory(directory, error)) {
        return fail(Code::bad_argument, "no such directory", directory.string());
    }
    auto verdict =
        environment.verify_log(directory, *anchor, [&](std::uint64_t done, std::uint64_t all) {
            environment.progress(fmt::format("{}/{}", done, all));
        });
    if (!verdict && verdict.error().code == Code::no_such_file) {
        return fail(Code::bad_argument, "no log of a broker in this directory", directory.string());
    }
    if (!verdict) return std::unexpected(verdict.error());
    Answer answer;
    answer.body = Json{{"ok", verdict->ok},
                       {"entries", verdict->entries},
                       {"root", to_hex(verdict->root.view())},
                       {"first_fault", nullptr},
                       {"anchor", *anchor ? "given" : "from_the_copy"},
                       {"administrators", to_hex(verdict->administrators.view())}};
    if (verdict->first_fault) {
        answer.body["first_fault"] = Json{{"position", verdict->first_fault->position},
                                          {"code", info(verdict->first_fault->code).name},
                                          {"what", verdict->first_fault->detail}};
    }
    // Whatever the fault is called: a log that does not prove itself is corrupt.
    answer.exit = verdict->ok ? 0 : exit_code(Errc::corrupt);
    return answer;
}

std::string render_audit(const Json& body, Lang lang) {
    std::string text = fmt::format("{}\n{}: {}\n{}: {}\n",
                                   body.value("ok", false)
                                       ? Words{"Nhật ký nguyên vẹn", "The log is intact"}.in(lang)
                                       : Words{"Nhật ký có lỗi", "The log has a fault"}.in(lang),
                                   Words{"Số bản ghi", "Entries"}.in(lang),
                                   cell(body, "entries"),
                                   Words{"Gốc cây băm", "Root"}.in(lang),
                                   cell(body, "root"));
    const bool given = body.value("anchor", "") == "given";
    text += fmt::format(
        "{}: {} ({})\n",
        Words{"Danh sách quản trị viên đầu tiên", "First administrators' list"}.in(lang),
        cell(body, "administrators"),
        given ? (body.value("ok", false)
                     ? Words{"đúng bản đã cho", "the one that was given"}.in(lang)
                     : Words{"so với bản đã cho", "compared with the one that was given"}.in(lang))
              : Words{"tin theo chính bản sao, chưa so với bản nào khác",
                      "believed from the copy itself, compared with no other"}
                    .in(lang));
    if (body["first_fault"].is_object()) {
        text += fmt::format("{} {}: {} ({})\n",
                            Words{"Lỗi đầu tiên ở vị trí", "First fault at position"}.in(lang),
                            cell(body["first_fault"], "position"),
                            detail_in(cell(body["first_fault"], "what"), lang),
                            cell(body["first_fault"], "code"));
    }
    return text;
}

}  // namespace lienthong::cli
