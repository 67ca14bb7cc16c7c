// SPDX-License-Identifier: Apache-2.0
// `lienthong registry`: who takes part, and changes to it.
#include <fmt/format.h>

#include "adapters/cli/adoption.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/run.hpp"

namespace lienthong::cli {
namespace {

Json agency_row(const registry::Agency& agency) {
    Json row;
    row["id"] = agency.id.text();
    row["slug"] = agency.slug;
    row["vi"] = agency.names.empty() ? "" : agency.names.back().vi;
    row["en"] = agency.names.empty() ? "" : agency.names.back().en;
    row["roles"] = Json::array();
    for (const auto& holding : agency.roles) row["roles"].push_back(holding.role.text());
    row["units"] = Json::array();
    for (const auto& unit : agency.units) row["units"].push_back(unit.id.text());
    row["officers"] = Json::array();
    for (const auto& officer : agency.officers) row["officers"].push_back(officer.id.text());
    row["nodes"] = Json::array();
    for (const auto& node : agency.nodes) row["nodes"].push_back(node.text());
    return row;
}

Result<Answer> adopt_text(Session& session, const Invocation& invocation, const std::string& toml) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    const registry::Registry& known = *documents->registry;
    auto data = registry::compile_registry(toml, known.data().bus, known.version() + 1);
    if (!data) return std::unexpected(data.error());
    auto adopted = adopt_registry(session, std::move(*data), invocation.wait);
    if (!adopted) return std::unexpected(adopted.error());
    return adopted_answer(*adopted, "registry");
}

}  // namespace

Result<Answer> registry_show(Session& session, const Invocation&) {
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    const registry::RegistryData& data = documents->registry->data();
    Answer answer;
    answer.body["bus"] = data.bus.text();
    answer.body["version"] = data.version;
    answer.body["issued"] = time_to_json(data.issued);
    answer.body["expires"] = time_to_json(data.expires);
    answer.body["agencies"] = Json::array();
    for (const auto& agency : data.agencies) answer.body["agencies"].push_back(agency_row(agency));
    answer.body["toml"] = registry::to_toml(data);
    return answer;
}

// A piece of TOML ([[agency]], [[territory]], [[succession]]) put at the end of the present
// registry.
Result<Answer> registry_add(Session& session, const Invocation& invocation) {
    auto text = invocation.input("file");
    if (!text) return std::unexpected(text.error());
    catch_up(session, invocation);
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    return adopt_text(session,
                      invocation,
                      fmt::format("{}\n{}", registry::to_toml(documents->registry->data()), *text));
}

Result<Answer> registry_adopt(Session& session, const Invocation& invocation) {
    auto text = invocation.input("file");
    if (!text) return std::unexpected(text.error());
    catch_up(session, invocation);
    return adopt_text(session, invocation, std::string(*text));
}

}  // namespace lienthong::cli
