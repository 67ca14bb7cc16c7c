// SPDX-License-Identifier: Apache-2.0
// The policy as the bytes of a document. Whatever is built below another is built before it, in one
// fixed order, so that equal data gives equal bytes.
#include <flatbuffers/flatbuffers.h>

#include "schemas/policy_generated.h"
#include "security/policy/policy.hpp"
#include "security/policy/rules.hpp"
#include "security/registry/aligned_bytes.hpp"
#include "security/registry/document.hpp"

namespace lienthong::policy {

namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using Texts = flatbuffers::Vector<Offset<flatbuffers::String>>;

constexpr flatbuffers::uoffset_t kDepthMax = 16;
constexpr flatbuffers::uoffset_t kTablesMax = 20'000;

std::string_view text_of(std::string_view text) { return text; }
template <class Tag>
std::string_view text_of(const NameId<Tag>& id) {
    return id.text();
}

template <class Value>
Offset<Texts> put_texts(FlatBufferBuilder& out, const std::vector<Value>& values) {
    std::vector<Offset<flatbuffers::String>> rows;
    rows.reserve(values.size());
    for (const Value& value : values) rows.push_back(out.CreateString(text_of(value)));
    return out.CreateVector(rows);
}

Offset<fb::policy::Grant> put_grant(FlatBufferBuilder& out, const Grant& grant) {
    std::vector<fb::policy::Action> actions;
    actions.reserve(grant.actions.size());
    for (const Action action : grant.actions) {
        actions.push_back(static_cast<fb::policy::Action>(action));
    }
    std::vector<fb::Kind> kinds;
    kinds.reserve(grant.kinds.size());
    for (const message::Kind kind : grant.kinds) kinds.push_back(static_cast<fb::Kind>(kind));
    const auto id = out.CreateString(grant.id);
    const auto roles = put_texts(out, grant.roles);
    const auto action_list = out.CreateVector(actions);
    const auto kind_list = out.CreateVector(kinds);
    const auto sections = put_texts(out, grant.sections);
    const auto purposes = put_texts(out, grant.purposes);
    const Conditions& given = grant.conditions;
    const auto territory =
        given.territory.empty() ? Offset<flatbuffers::String>{} : out.CreateString(given.territory);
    const auto conditions = fb::policy::CreateConditions(
        out, given.party, given.named, given.consent, given.sender, territory, given.until);
    const auto reason = out.CreateString(grant.reason);
    return fb::policy::CreateGrant(
        out, id, roles, action_list, kind_list, sections, purposes, conditions, reason);
}

std::string take_text(const flatbuffers::String* text) {
    return text != nullptr ? text->str() : std::string();
}

template <class Id>
std::vector<Id> take_ids(const Texts* texts) {
    std::vector<Id> ids;
    if (texts == nullptr) return ids;
    for (const auto* text : *texts) ids.push_back(Id::of(text->string_view()));
    return ids;
}

// Numbers and names are judged afterwards, by the rules.
Grant take_grant(const fb::policy::Grant& row) {
    Grant grant;
    grant.id = take_text(row.id());
    grant.roles = take_ids<Role>(row.roles());
    for (const auto action : *row.actions()) grant.actions.push_back(static_cast<Action>(action));
    for (const auto kind : *row.kinds()) grant.kinds.push_back(static_cast<message::Kind>(kind));
    if (row.sections() != nullptr) {
        for (const auto* section : *row.sections()) grant.sections.push_back(section->str());
    }
    grant.purposes = take_ids<Purpose>(row.purposes());
    const auto& conditions = *row.conditions();
    grant.conditions = {conditions.party(),
                        conditions.named(),
                        conditions.consent(),
                        conditions.sender(),
                        take_text(conditions.territory()),
                        conditions.until()};
    grant.reason = take_text(row.reason());
    return grant;
}

}  // namespace

Bytes encode_policy(const PolicyData& data) {
    FlatBufferBuilder out(4096);
    const auto bus = out.CreateString(data.bus.text());
    const auto roles = put_texts(out, data.roles);
    std::vector<Offset<fb::policy::Grant>> rows;
    rows.reserve(data.grants.size());
    for (const Grant& grant : data.grants) rows.push_back(put_grant(out, grant));
    const auto grants = out.CreateVector(rows);
    out.Finish(
        fb::policy::CreatePolicy(out, bus, data.version, data.issued, data.expires, roles, grants));
    return to_bytes({out.GetBufferPointer(), out.GetSize()});
}

Result<PolicyData> parse_policy(BytesView body) {
    if (body.size() > registry::kDocumentBytesMax) {
        return fail(Code::oversized, "a document is at most 4 MiB", "policy");
    }
    const registry::AlignedBytes aligned(body);
    flatbuffers::Verifier verifier(aligned.data(), aligned.size(), kDepthMax, kTablesMax);
    if (!fb::policy::VerifyPolicyBuffer(verifier)) {
        return fail(Code::malformed_document, "not a policy", "policy");
    }
    const auto& root = *fb::policy::GetPolicy(aligned.data());
    PolicyData data;
    data.bus = BusId::of(root.bus()->string_view());
    data.version = root.version();
    data.issued = root.issued();
    data.expires = root.expires();
    data.roles = take_ids<Role>(root.roles());
    data.grants.reserve(root.grants()->size());
    for (const auto* row : *root.grants()) data.grants.push_back(take_grant(*row));
    auto checked = check_rules(data);
    if (!checked) return std::unexpected(checked.error());
    return data;
}

}  // namespace lienthong::policy
