// SPDX-License-Identifier: Apache-2.0
// `lienthong audit compare`: two heads with their co-signatures, as two agencies keep them, against
// the registry. Needs no key and no bus. Two heads of one size with different roots are a fork; who
// co-signed both has a witness that lied or was taken over.
#include <fmt/format.h>

#include "adapters/cli/commands.hpp"
#include "adapters/cli/names.hpp"
#include "security/proof/witness.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::cli {
namespace {

// Keys that have ended since count too: they were valid, or nobody could have been fooled by them.
std::vector<proof::Witness> witnesses_of(const registry::Registry& registry) {
    std::vector<proof::Witness> witnesses;
    for (const auto& owner : registry.witnesses(std::nullopt)) {
        auto key = keys::PublicKey::from_raw_ed25519(owner.key->raw);
        if (key) witnesses.push_back({owner.agency->id, owner.key->node.text(), std::move(*key)});
    }
    return witnesses;
}

Result<proof::WitnessedHead> read_head(std::string_view note, const registry::Registry& registry) {
    auto claimed = proof::parse_head(note);
    if (!claimed) return std::unexpected(claimed.error());
    const registry::KeyEntry* entry = registry.log_key(claimed->time);
    if (entry == nullptr) return fail(Code::unknown_key, "the registry has no log key", "head");
    auto key = keys::PublicKey::from_raw_ed25519(entry->raw);
    if (!key) return std::unexpected(key.error());
    auto head = proof::verify_head(note, registry.data().bus, *key);
    if (!head) return std::unexpected(head.error());
    return proof::count_witnesses(note, witnesses_of(registry));
}

Json head_to_json(const proof::WitnessedHead& counted, const registry::Registry& registry) {
    Json witnesses = Json::array();
    for (const AgencyId& agency : counted.agencies) witnesses.push_back(slug_of(registry, agency));
    return Json{{"size", counted.head.size},
                {"root", to_hex(counted.head.root.view())},
                {"time", time_to_json(counted.head.time)},
                {"witnessed", counted.is_witnessed()},
                {"witnesses", witnesses},
                {"of", counted.of}};
}

}  // namespace

Result<Answer> compare_heads(Environment& /*environment*/, const Invocation& invocation) {
    auto toml = invocation.input("registry");
    if (!toml) return std::unexpected(toml.error());
    std::array<proof::WitnessedHead, 2> heads;
    std::optional<registry::Registry> registry;
    for (std::size_t i = 0; i < heads.size(); ++i) {
        const char* const name = i == 0 ? "first" : "second";
        auto note = invocation.input(name);
        if (!note) return std::unexpected(note.error());
        if (!registry) {
            auto head = proof::parse_head(*note);
            if (!head) return std::unexpected(head.error());
            auto data = registry::compile_registry(*toml, head->bus, 1);
            if (!data) return std::unexpected(data.error());
            auto built = registry::Registry::build(std::move(*data));
            if (!built) return std::unexpected(built.error());
            registry = std::move(*built);
        }
        auto counted = read_head(*note, *registry);
        if (!counted) {
            Error error = counted.error();
            error.where = name;
            return std::unexpected(std::move(error));
        }
        heads[i] = std::move(*counted);
    }
    const bool fork = proof::is_fork(heads[0].head, heads[1].head);
    const bool same =
        heads[0].head.root == heads[1].head.root && heads[0].head.size == heads[1].head.size;
    Answer answer;
    answer.body["verdict"] = same ? "same" : "other-sizes";
    if (fork) answer.body["verdict"] = "fork";
    answer.body["first"] = head_to_json(heads[0], *registry);
    answer.body["second"] = head_to_json(heads[1], *registry);
    answer.body["signed_both"] = Json::array();
    for (const AgencyId& agency : proof::signed_both(heads[0], heads[1])) {
        answer.body["signed_both"].push_back(slug_of(*registry, agency));
    }
    answer.exit = fork ? exit_code(Errc::corrupt) : 0;
    return answer;
}

std::string render_comparison(const Json& body, Lang lang) {
    const std::string verdict = body.value("verdict", "");
    std::string text;
    if (verdict == "fork") {
        text += Words{"Nhật ký bị rẽ nhánh: hai gốc khác nhau cho cùng một độ dài",
                      "The log was forked: two roots for one size"}
                    .in(lang);
    } else if (verdict == "same") {
        text += Words{"Cùng một đầu cây", "The same head"}.in(lang);
    } else {
        text += Words{"Hai độ dài khác nhau: so với bản sao nhật ký bằng audit verify",
                      "Two sizes: compare each with a copy of the log, by audit verify"}
                    .in(lang);
    }
    text += "\n";
    for (const char* which : {"first", "second"}) {
        const Json& head = body[which];
        text += fmt::format("{} {}, {}/{}\n",
                            Words{"Độ dài", "Size"}.in(lang),
                            cell(head, "size"),
                            head["witnesses"].size(),
                            cell(head, "of"));
    }
    if (verdict != "fork") return text;
    for (const Json& agency : body["signed_both"]) {
        text += fmt::format(
            "! {}: {}\n", Words{"Ký cả hai", "Co-signed both"}.in(lang), agency.get<std::string>());
    }
    return text;
}

}  // namespace lienthong::cli
