// SPDX-License-Identifier: Apache-2.0
// `lienthong consume`, `inbox` and, at a node, `log show`: what has arrived.
#include <fmt/format.h>

#include <algorithm>

#include "adapters/cli/commands.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/run.hpp"
#include "adapters/codec/codec.hpp"

namespace lienthong::cli {
namespace {

constexpr std::int64_t kConsumeDefault = 100;
constexpr std::int64_t kConsumeMax = 1000;
constexpr std::size_t kBodyBytesMax = 128 * 1024 * 1024;

Result<std::size_t> count_of(const Invocation& invocation, std::int64_t otherwise) {
    const std::int64_t count = invocation.number("max", otherwise);
    if (count < 1 || count > kConsumeMax) {
        return fail(Code::bad_argument, "from 1 to 1000", "--max");
    }
    return static_cast<std::size_t>(count);
}

Json entry_to_json(const registry::Registry& registry, const node::InboxEntry& entry) {
    Json json;
    json["position"] = entry.position;
    json["id"] = entry.header.id.text();
    json["kind"] = message::info(entry.header.kind).name;
    json["agency"] = agency_to_json(registry, entry.header.sender);
    json["time"] = time_to_json(entry.time);
    json["case"] =
        entry.header.case_id.is_none() ? Json(nullptr) : Json(entry.header.case_id.text());
    if (entry.header.refers_to) json["refers_to"] = entry.header.refers_to->message.text();
    return json;
}

// A section that cannot be opened now (a key is missing, it was erased) does not hide the others.
Result<Json> section_of(Session& session,
                        const node::InboxEntry& entry,
                        const node::InboxEntry::Section& section,
                        Lang lang) {
    const message::KindInfo& kind = message::info(entry.header.kind);
    const auto index = message::maybe_section(kind, section.name);
    if (!index) return fail(Code::malformed_section, {}, section.name);
    auto plaintext = session.api.section(entry.header.id, section.name);
    if (!plaintext) return Json{{"error", error_to_json(plaintext.error(), lang)}};
    auto text = codec::section_to_json(kind.sections[*index], plaintext->view());
    if (!text) return std::unexpected(text.error());
    auto json = maybe_json(*text);
    if (!json) return fail(Code::malformed_section, {}, section.name);
    return std::move(*json);
}

// The newest entries: a window at the end of the log, widened until it holds enough.
Result<std::vector<node::InboxEntry>> newest_entries(Session& session, std::size_t count) {
    auto status = session.api.status(node::Api::Timeout(0));
    if (!status) return std::unexpected(status.error());
    std::uint64_t window = std::uint64_t{4} * count;
    for (;;) {
        const Position first = status->log_size > window ? status->log_size - window : 0;
        std::vector<node::InboxEntry> entries;
        Position from = first;
        for (;;) {
            auto page = session.api.consume(from, kConsumeMax);
            if (!page) return std::unexpected(page.error());
            const bool last = page->size() < static_cast<std::size_t>(kConsumeMax);
            if (!page->empty()) from = page->back().position + 1;
            std::ranges::move(*page, std::back_inserter(entries));
            if (last) break;
        }
        if (entries.size() >= count || first == 0) {
            if (entries.size() > count) {
                entries.erase(entries.begin(), entries.end() - static_cast<std::ptrdiff_t>(count));
            }
            std::ranges::reverse(entries);
            return entries;
        }
        window *= 4;
    }
}

}  // namespace

Result<Answer> consume(Session& session, const Invocation& invocation) {
    auto count = count_of(invocation, kConsumeDefault);
    if (!count) return std::unexpected(count.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    catch_up(session, invocation);
    const auto from = static_cast<Position>(invocation.number("from", 0));
    auto entries = session.api.consume(from, *count);
    if (!entries) return std::unexpected(entries.error());
    Answer answer;
    answer.body = Json::array();
    std::size_t bytes = 0;
    for (const node::InboxEntry& entry : *entries) {
        Json json = entry_to_json(*documents->registry, entry);
        json["sections"] = Json::object();
        for (const auto& section : entry.sections) {
            if (!section.granted) continue;
            auto opened = section_of(session, entry, section, invocation.lang);
            if (!opened) return std::unexpected(opened.error());
            json["sections"][section.name] = std::move(*opened);
        }
        // Fewer than asked for is no end: the next call goes on after the last position.
        bytes += to_line(json).size();
        if (bytes > kBodyBytesMax && !answer.body.empty()) break;
        answer.body.push_back(std::move(json));
    }
    return answer;
}

Result<Answer> show_inbox(Session& session, const Invocation& invocation) {
    constexpr std::int64_t kDefault = 20;
    auto count = count_of(invocation, kDefault);
    if (!count) return std::unexpected(count.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    catch_up(session, invocation);
    auto entries = newest_entries(session, *count);
    if (!entries) return std::unexpected(entries.error());
    Answer answer;
    answer.body["messages"] = Json::array();
    for (const node::InboxEntry& entry : *entries) {
        Json json = entry_to_json(*documents->registry, entry);
        json["sections"] = Json::array();
        for (const auto& section : entry.sections) {
            if (section.granted) json["sections"].push_back(section.name);
        }
        answer.body["messages"].push_back(std::move(json));
    }
    return answer;
}

std::string render_inbox(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Vị trí", "Position"}.in(lang)),
                     std::string(Words{"Thời điểm", "Time"}.in(lang)),
                     std::string(Words{"Loại", "Kind"}.in(lang)),
                     std::string(Words{"Cơ quan", "Agency"}.in(lang)),
                     std::string(Words{"Mã thông điệp", "Message"}.in(lang)),
                     std::string(Words{"Mục", "Sections"}.in(lang))});
    for (const Json& row : body["messages"]) {
        std::string sections;
        for (const Json& name : row["sections"]) {
            if (!sections.empty()) sections += ", ";
            sections += name.get<std::string>();
        }
        table.add({cell(row, "position"),
                   local_time(row["time"]),
                   cell(row, "kind"),
                   cell(row["agency"], "slug"),
                   cell(row, "id"),
                   sections});
    }
    return table.text();
}

Result<Answer> show_log(Session& session, const Invocation& invocation) {
    auto count = count_of(invocation, kConsumeDefault);
    if (!count) return std::unexpected(count.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    catch_up(session, invocation);
    const auto from = static_cast<Position>(invocation.number("from", 0));
    auto entries = session.api.consume(from, *count);
    if (!entries) return std::unexpected(entries.error());
    Answer answer;
    answer.body["entries"] = Json::array();
    for (const node::InboxEntry& entry : *entries) {
        answer.body["entries"].push_back(
            Json{{"position", entry.position},
                 {"time", time_to_json(entry.time)},
                 {"kind", "message"},
                 {"agency", slug_of(*documents->registry, entry.header.sender)},
                 {"message_kind", message::info(entry.header.kind).name},
                 {"message_id", entry.header.id.text()}});
    }
    return answer;
}

std::string render_log(const Json& body, Lang lang) {
    TextTable table({std::string(Words{"Vị trí", "Position"}.in(lang)),
                     std::string(Words{"Thời điểm", "Time"}.in(lang)),
                     std::string(Words{"Mục ghi", "Entry"}.in(lang)),
                     std::string(Words{"Cơ quan", "Agency"}.in(lang)),
                     std::string(Words{"Loại thông điệp", "Message kind"}.in(lang))});
    for (const Json& row : body["entries"]) {
        table.add({cell(row, "position"),
                   local_time(row["time"]),
                   cell(row, "kind"),
                   cell(row, "agency"),
                   cell(row, "message_kind")});
    }
    return table.text();
}

}  // namespace lienthong::cli
