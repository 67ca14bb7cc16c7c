// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/publish_lines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "adapters/cli/invocation.hpp"
#include "adapters/cli/places.hpp"
#include "adapters/codec/codec.hpp"
#include "bus/outreach/figure.hpp"
#include "security/keys/digest.hpp"

namespace lienthong::cli {
namespace {

using message::Kind;

constexpr std::size_t kMintedDigits = 26;
constexpr std::array<const char*, 3> kPartyLists = {"implementers", "funders", "partners"};
constexpr std::string_view kCapacity = "shelter-capacity";

// Everything by which a spreadsheet may call an agency or a place.
class Directory {
  public:
    explicit Directory(const registry::Registry& registry)
        : registry_(registry), places_(registry) {
        for (const registry::Agency& agency : registry.data().agencies) {
            for (const registry::Names& names : agency.names) {
                agencies_.emplace(names.vi, agency.id);
                agencies_.emplace(names.en, agency.id);
            }
        }
    }

    std::optional<AgencyId> maybe_agency(std::string_view text) const {
        if (const auto* agency = registry_.maybe_agency_by_slug(text)) return agency->id;
        const auto found = agencies_.find(text);
        if (found == agencies_.end()) return std::nullopt;
        return found->second;
    }
    std::optional<codec::PlaceCode> maybe_territory(std::string_view text,
                                                    std::string_view day) const {
        const auto date = outreach::parse_date(day);
        if (!date) return std::nullopt;
        const auto* found = places_.maybe_called(text, *date);
        if (found == nullptr) return std::nullopt;
        return codec::PlaceCode{found->code, found->vintage};
    }

    // A unit of the agency by its id or name.
    UnitId unit(const AgencyId& agency, std::string_view text) const {
        const auto* known = registry_.maybe_agency(agency);
        if (known == nullptr || text.empty()) return {};
        for (const registry::Unit& unit : known->units) {
            if (unit.id.text() == text) return unit.id;
            for (const registry::Names& names : unit.names) {
                if (names.vi == text || names.en == text) return unit.id;
            }
        }
        return {};
    }

  private:
    const registry::Registry& registry_;
    std::map<std::string, AgencyId, std::less<>> agencies_;
    Places places_;
};

std::string mint(std::string_view identity) {
    return "joint-" + to_hex(keys::sha256(as_bytes(identity)).view()).substr(0, kMintedDigits);
}

// ---- JSON Lines: what the codec does not know is taken out or resolved first ----

// {"agency": "labour"} to the id; a slug is for people, the message carries the id.
void resolve_party(Json& party, const Directory& directory) {
    if (!party.is_object()) return;
    const auto agency = party.find("agency");
    if (agency == party.end() || !agency->is_string()) return;
    if (const auto id = directory.maybe_agency(agency->get<std::string>())) *agency = id->text();
}

void resolve_parties(Json& line, const Directory& directory) {
    const auto sections = line.find("sections");
    if (sections == line.end() || !sections->is_object() || !sections->contains("report")) return;
    Json& report = (*sections)["report"];
    if (!report.is_object() || !report.contains("figures") || !report["figures"].is_array()) return;
    for (Json& figure : report["figures"]) {
        if (!figure.is_object()) continue;
        if (figure.contains("lead")) resolve_party(figure["lead"], directory);
        for (const char* list : kPartyLists) {
            if (!figure.contains(list) || !figure[list].is_array()) continue;
            for (Json& party : figure[list]) resolve_party(party, directory);
        }
    }
}

struct References {
    std::map<std::size_t, Result<message::Reference>> by_line;
};

Result<message::Reference> to_reference(const Json& value) {
    if (!value.is_string()) return fail(Code::malformed_input, "must be a message id");
    auto id = MessageId::parse(value.get<std::string>());
    if (!id) return std::unexpected(id.error());
    return message::Reference{*id, Hash{}, message::Relation::answers};
}

// Lines that need no change, and those that are no JSON at all, stay as they are, letter for
// letter.
std::string prepare(std::string_view text, const Directory& directory, References& references) {
    std::string prepared;
    prepared.reserve(text.size());
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        auto json = line.size() > codec::kJsonBytesMax ? std::nullopt
                                                       : maybe_json(line, codec::kJsonDepthMax);
        if (json && json->is_object()) {
            const Json before = *json;
            resolve_parties(*json, directory);
            if (const auto reference = json->find("refers_to"); reference != json->end()) {
                references.by_line.emplace(number, to_reference(*reference));
                json->erase(reference);
            }
            prepared += *json == before ? std::string(line) : to_line(*json);
        } else {
            prepared += line;
        }
        prepared += '\n';
    }
    return prepared;
}

// ---- from the codec's draft to the node's ----

void add_named(const Json& party, const AgencyId& self, std::vector<AgencyId>& named) {
    if (!party.is_object() || !party.contains("agency")) return;
    const auto id = AgencyId::parse(party["agency"].get<std::string>());
    if (!id || *id == self) return;
    const auto place = std::ranges::lower_bound(named, *id);
    if (place == named.end() || *place != *id) named.insert(place, *id);
}

// The partners of every figure, as far as the registry knows them.
std::vector<AgencyId> named_in(const Json& report,
                               const AgencyId& self,
                               const registry::Registry& registry) {
    std::vector<AgencyId> named;
    for (const Json& figure : report.value("figures", Json::array())) {
        if (figure.contains("lead")) add_named(figure["lead"], self, named);
        for (const char* list : kPartyLists) {
            for (const Json& party : figure.value(list, Json::array())) {
                add_named(party, self, named);
            }
        }
    }
    std::erase_if(named, [&](const AgencyId& id) { return registry.maybe_agency(id) == nullptr; });
    return named;
}

// What the broker must know to judge intakes: the places that a shelter has.
std::optional<message::CaseFacts> capacity_of(const Json& report) {
    std::optional<std::int64_t> normal;
    std::optional<std::int64_t> most;
    const auto number = [](const Json& object, const char* key) -> std::optional<std::int64_t> {
        const auto found = object.find(key);
        if (found == object.end() || !found->is_number_integer()) return std::nullopt;
        return found->get<std::int64_t>();
    };
    normal = number(report, "capacity_normal");
    most = number(report, "capacity_max");
    for (const Json& figure : report.value("figures", Json::array())) {
        if (figure.value("activity", "") != kCapacity) continue;
        if (!normal) normal = number(figure, "low");
        if (!most) most = number(figure, "high");
    }
    if (!normal || !most || *normal < 0 || *most < *normal || *most > UINT16_MAX)
        return std::nullopt;
    message::CaseFacts facts;
    facts.capacity_normal = static_cast<std::uint16_t>(*normal);
    facts.capacity_max = static_cast<std::uint16_t>(*most);
    return facts;
}

Result<node::Draft> to_node_draft(codec::Draft&& read,
                                  const PublishSource& source,
                                  const Directory& directory,
                                  const registry::Registry& registry) {
    node::Draft draft;
    draft.kind = read.kind;
    draft.sections = std::move(read.sections);
    draft.corrects = source.corrects;
    // A key of the text's own counts within its kind; a made one holds the whole line.
    const message::KindInfo& kind = message::info(read.kind);
    draft.key = read.has_key ? fmt::format("{}:{}", kind.name, read.key)
                             : "line-" + to_hex(keys::sha256(as_bytes(read.key)).view());
    if (kind.kind_class != message::Class::personal) {
        draft.unit = directory.unit(source.agency, read.unit);
    }
    if (!outreach::has_figures(read.kind)) return draft;
    for (const auto& [name, plaintext] : draft.sections) {
        const auto index = message::maybe_section(kind, name);
        if (name != "report" || !index) continue;
        auto text = codec::section_to_json(kind.sections[*index], plaintext);
        if (!text) return std::unexpected(text.error());
        const auto report = maybe_json(*text);
        if (!report) continue;
        draft.named = named_in(*report, source.agency, registry);
        if (read.kind == Kind::shelter_capacity) draft.facts = capacity_of(*report);
    }
    return draft;
}

std::optional<MessageId> message_of(const std::optional<message::Reference>& reference) {
    return reference ? std::optional(reference->message) : std::nullopt;
}

// Within one file a key names one message: the first line under it. A later line with the same
// content is that message again; one with other content has no way to be told from it.
void refuse_repeated_keys(std::vector<PublishLine>& lines) {
    std::map<std::string, const PublishLine*, std::less<>> first;
    for (PublishLine& line : lines) {
        if (!line.draft) continue;
        const node::Draft& draft = *line.draft;
        const auto [place, added] = first.try_emplace(draft.key, &line);
        if (added) continue;
        const node::Draft& earlier = *place->second->draft;
        const bool same = draft.sections == earlier.sections && draft.facts == earlier.facts &&
                          draft.unit == earlier.unit && draft.named == earlier.named &&
                          message_of(draft.refers_to) == message_of(earlier.refers_to);
        if (same) continue;
        line.draft = fail(Code::key_conflict,
                          fmt::format("line {}", place->second->line),
                          fmt::format("line {}", line.line));
    }
}

}  // namespace

Result<std::vector<PublishLine>> read_lines(const PublishSource& source,
                                            const registry::Registry& registry) {
    if (message::info(source.kind).needs_case) {
        return fail(Code::bad_argument, "a message of a case: see lienthong case", "--kind");
    }
    const Directory directory(registry);
    References references;
    Result<std::vector<codec::LineResult>> read;
    if (source.csv) {
        codec::CsvOptions options;
        options.agency = [&](std::string_view text) { return directory.maybe_agency(text); };
        options.territory = [&](std::string_view text, std::string_view day) {
            return directory.maybe_territory(text, day);
        };
        options.mint = mint;
        options.reporter = source.agency;
        options.skip_others = source.skip_others;
        read = codec::read_csv(source.kind, source.text, options);
    } else {
        read = codec::read_jsonl(source.kind, prepare(source.text, directory, references));
    }
    if (!read) return std::unexpected(read.error());
    std::vector<PublishLine> lines;
    for (codec::LineResult& one : *read) {
        PublishLine line{one.line, std::unexpected(Error{})};
        if (!one.draft) {
            line.draft = std::unexpected(std::move(one.draft.error()));
        } else {
            line.draft = to_node_draft(std::move(*one.draft), source, directory, registry);
        }
        if (const auto found = references.by_line.find(one.line);
            found != references.by_line.end() && line.draft) {
            if (found->second) {
                line.draft->refers_to = *found->second;
                // Equal lines about different messages are different.
                if (line.draft->key.starts_with("line-")) {
                    line.draft->key += "@" + found->second->message.text();
                }
            } else {
                line.draft = std::unexpected(found->second.error());
                line.draft.error().where = fmt::format("line {}, refers_to", one.line);
            }
        }
        lines.push_back(std::move(line));
    }
    refuse_repeated_keys(lines);
    return lines;
}

}  // namespace lienthong::cli
