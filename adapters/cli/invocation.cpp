// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/invocation.hpp"

#include <fmt/format.h>

#include "adapters/cli/details.hpp"

namespace lienthong::cli {
namespace {

constexpr std::size_t kContentsMax = 16;

void put_contents(ByteWriter& out, const Contents& contents) {
    out.u32(static_cast<std::uint32_t>(contents.size()));
    for (const auto& [name, bytes] : contents) out.prefixed(name).prefixed(BytesView(bytes));
}

bool read_contents(ByteReader& in, Contents& contents) {
    const std::uint32_t count = in.u32();
    if (count > kContentsMax) return false;
    for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        std::string name = in.text();
        contents.insert_or_assign(std::move(name), to_bytes(in.prefixed()));
    }
    return in.done();
}

std::unexpected<Error> malformed(const char* what) { return fail(Code::malformed_frame, what); }

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string Invocation::text(std::string_view name) const {
    const auto found = args.find(name);
    return found != args.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t Invocation::number(std::string_view name, std::int64_t otherwise) const {
    const auto found = args.find(name);
    return found != args.end() && found->is_number_integer() ? found->get<std::int64_t>()
                                                             : otherwise;
}

std::vector<std::string> Invocation::texts(std::string_view name) const {
    std::vector<std::string> all;
    const auto found = args.find(name);
    if (found == args.end() || !found->is_array()) return all;
    for (const Json& item : *found) {
        if (item.is_string()) all.push_back(item.get<std::string>());
    }
    return all;
}

Result<std::string_view> Invocation::input(std::string_view name) const {
    const auto found = inputs.find(name);
    if (found == inputs.end()) {
        return fail(Code::bad_argument, "a file must be given", std::string(name));
    }
    return as_text(found->second);
}

Json error_to_json(const Error& error, Lang lang) {
    const CodeInfo& known = info(error.code);
    Json json;
    json["code"] = known.name;
    json["what"] = words_of(error, lang);
    json["where"] = or_null(error.where);
    json["do"] = advice_of(error, lang);
    json["grant_missing"] = or_null(error.grant_missing);
    return json;
}

std::string error_to_text(const Json& error, Lang lang) {
    std::string text = "lienthong: ";
    if (const std::string where = text_of(error, "where"); !where.empty()) {
        text += place_in(where, lang) + ": ";
    }
    text += fmt::format("{} ({})\n", text_of(error, "what"), text_of(error, "code"));
    if (const std::string grant = text_of(error, "grant_missing"); !grant.empty()) {
        text += fmt::format(
            "  {}: {}\n", Words{"thiếu quyền", "missing grant"}.in(lang), grant_in(grant, lang));
    }
    if (const std::string act = text_of(error, "do"); !act.empty()) text += "  → " + act + "\n";
    return text;
}

Answer failed(const Error& error, Lang lang) {
    Answer answer;
    answer.body["error"] = error_to_json(error, lang);
    // A configuration that cannot be used is the operator's to correct, like a wrong command line.
    const bool usage = error.code == Code::bad_argument || error.code == Code::malformed_config;
    answer.exit = usage ? 2 : exit_code(error.errc());
    return answer;
}

Bytes encode_invocation(const Invocation& invocation) {
    const Json json{{"command", invocation.command},
                    {"args", invocation.args},
                    {"lang", invocation.lang == Lang::vi ? "vi" : "en"},
                    {"wait_ms", invocation.wait.count()}};
    ByteWriter out;
    out.prefixed(to_line(json));
    put_contents(out, invocation.inputs);
    return out.take();
}

Result<Invocation> parse_invocation(BytesView bytes) {
    ByteReader in(bytes);
    const auto json = maybe_json(as_text(in.prefixed()));
    if (!in.ok() || !json || !json->is_object()) return malformed("not a request");
    const auto args = json->find("args");
    const auto wait = json->find("wait_ms");
    if (args == json->end() || !args->is_object() || wait == json->end() ||
        !wait->is_number_integer()) {
        return malformed("not a request");
    }
    Invocation invocation;
    invocation.command = text_of(*json, "command");
    invocation.args = *args;
    invocation.lang = text_of(*json, "lang") == "en" ? Lang::en : Lang::vi;
    invocation.wait = std::chrono::milliseconds(wait->get<std::int64_t>());
    if (!read_contents(in, invocation.inputs)) return malformed("not a request");
    return invocation;
}

Bytes encode_answer(const Answer& answer) {
    ByteWriter out;
    out.u32(static_cast<std::uint32_t>(answer.exit)).prefixed(to_line(answer.body));
    put_contents(out, answer.outputs);
    return out.take();
}

Result<Answer> parse_answer(BytesView bytes) {
    ByteReader in(bytes);
    Answer answer;
    answer.exit = static_cast<int>(in.u32());
    auto json = maybe_json(as_text(in.prefixed()));
    if (!in.ok() || !json || !read_contents(in, answer.outputs)) return malformed("not an answer");
    answer.body = std::move(*json);
    return answer;
}

std::string to_line(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_pretty(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::optional<Json> maybe_json(std::string_view text, std::size_t depth_max) {
    bool too_deep = false;
    // `depth` counts what is open around the value that begins.
    const auto watch = [&](int depth, Json::parse_event_t event, Json&) {
        const bool begins =
            event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
        too_deep = too_deep || (begins && static_cast<std::size_t>(depth) >= depth_max);
        return !too_deep;
    };
    Json json = Json::parse(text, watch, false);
    if (too_deep || json.is_discarded()) return std::nullopt;
    return json;
}

}  // namespace lienthong::cli
