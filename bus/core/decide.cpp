// SPDX-License-Identifier: Apache-2.0
#include "bus/core/decide.hpp"

#include <algorithm>
#include <iterator>

#include "security/keys/digest.hpp"
#include "security/seal/cms_shape.hpp"
#include "security/seal/opening.hpp"

namespace lienthong::core {
namespace {

void insert(std::vector<AgencyId>& agencies, const AgencyId& agency) {
    const auto place = std::ranges::lower_bound(agencies, agency);
    if (place == agencies.end() || *place != agency) agencies.insert(place, agency);
}

Ruling refuse(Code code, std::string grant_missing = {}) {
    Ruling ruling;
    ruling.refused = code;
    ruling.grant_missing = std::move(grant_missing);
    return ruling;
}

// What decide_message learns on its way.
struct Situation {
    const ReadState& state;
    const Documents& documents;
    const VerifiedEnvelope& envelope;
    const message::KindInfo& kind;
    Millis time = 0;
    CaseRecord record;  // of the case before this message
    policy::Context context;

    const message::Header& header() const { return envelope.header; }
    bool knows_newest() const {
        return header().registry_version == documents.registry->version() &&
               header().policy_version == documents.policy->version();
    }
};

// To a sender that is not a party, an existing, an absent and an erased case are one and the same:
// the look-up in the index of parties misses, and nothing else is read.
Result<std::optional<Ruling>> judge_case(Situation& at) {
    const message::Header& header = at.header();
    if (header.case_id.is_none()) {
        if (at.kind.needs_case) return refuse(Code::malformed_header);
        return std::optional<Ruling>();
    }
    if (at.kind.kind_class != message::Class::personal || !at.envelope.facts) {
        return refuse(Code::malformed_header);
    }
    const message::CaseFacts& facts = *at.envelope.facts;
    if (facts.opens &&
        header.case_id != seal::case_id_of(header.bus, header.sender, facts.opening_nonce)) {
        return refuse(Code::forbidden);
    }
    auto party = at.state.is_party(header.sender, header.case_id);
    if (!party) return std::unexpected(party.error());
    if (*party == facts.opens) return refuse(facts.opens ? Code::case_conflict : Code::forbidden);
    if (*party) {
        auto record = at.state.maybe_case(header.case_id);
        if (!record) return std::unexpected(record.error());
        if (!*record) return refuse(Code::forbidden);  // erased
        at.record = std::move(**record);
        if (message::maybe_section(at.kind, "facts") && moves_case(header.kind)) {
            const auto& known = header.case_version;
            if (!known || known->position != at.record.position || known->leaf != at.record.leaf) {
                return refuse(Code::case_conflict);
            }
        }
    }
    if (!maybe_next(at.record.state, header.kind, facts)) return refuse(Code::illegal_move);
    for (const AgencyId& agency : facts.parties) {
        if (at.documents.registry->maybe_agency(agency) == nullptr) {
            return refuse(Code::unknown_agency);
        }
    }
    at.context.parties = parties_with(at.record.parties, header.sender, facts);
    if (at.context.parties.size() > message::kAudienceMax) return refuse(Code::oversized);
    at.context.consented = consented_with(at.record.consented, facts);
    return std::optional<Ruling>();
}

Result<std::optional<Ruling>> judge_capacity(const Situation& at) {
    if (at.header().kind != message::Kind::shelter_intake) return std::optional<Ruling>();
    const message::CaseFacts& facts = *at.envelope.facts;
    if (facts.answer != message::Answer::accepted) return std::optional<Ruling>();
    auto shelter = at.state.maybe_shelter(at.header().sender);
    if (!shelter) return std::unexpected(shelter.error());
    if (!*shelter) return std::optional<Ruling>();  // it never published a capacity
    const std::uint32_t wanted = (*shelter)->taken + facts.persons;
    if (wanted > (*shelter)->capacity_max) return refuse(Code::over_capacity);
    if (wanted > (*shelter)->capacity_normal && !facts.capacity_yes) {
        return refuse(Code::over_capacity);
    }
    return std::optional<Ruling>();
}

// The message that this one refers to must be one that its sender was sent or has sent; all else is
// `forbidden`, whether it exists or not.
Result<std::optional<Ruling>> judge_reference(Situation& at) {
    const auto& reference = at.header().refers_to;
    if (!reference) return std::optional<Ruling>();
    auto position = at.state.maybe_position(reference->message);
    if (!position) return std::unexpected(position.error());
    if (!*position) return refuse(Code::forbidden);
    auto entry = at.state.entry(**position);
    if (!entry) return std::unexpected(entry.error());
    auto row = at.state.maybe_class(entry->class_id);
    if (!row) return std::unexpected(row.error());
    if (!*row || !std::ranges::binary_search((*row)->agencies, at.header().sender)) {
        return refuse(Code::forbidden);
    }
    if (keys::sha256(entry->content) != reference->header_digest) return refuse(Code::bad_digest);
    if (reference->relation == message::Relation::supersedes &&
        entry->sender != at.header().sender) {
        return refuse(Code::forbidden);
    }
    at.context.answered = entry->sender;
    return std::optional<Ruling>();
}

bool sealed_to_audience(const Situation& at, const message::Descriptor& descriptor, Millis when) {
    if (descriptor.form == message::Form::open || descriptor.form == message::Form::facts) {
        return descriptor.sealed_to.empty();
    }
    if (descriptor.sealed_to.size() != descriptor.audience.size()) return false;
    for (std::size_t i = 0; i < descriptor.audience.size(); ++i) {
        const auto owner = at.documents.registry->maybe_key(descriptor.sealed_to[i]);
        if (owner.agency == nullptr || owner.agency->id != descriptor.audience[i] ||
            owner.key->use != keys::Use::seal || owner.key->revoked ||
            when < owner.key->validity.from || when > owner.key->validity.until) {
            return false;
        }
    }
    return true;
}

// Who can open the section by its CMS must be who can by its descriptor: else somebody could read
// what no grant gives, or an agency of the audience could not.
bool is_sealed_as_it_says(const Situation& at, std::size_t section) {
    const message::Descriptor& descriptor = at.envelope.descriptors[section];
    if (descriptor.form != message::Form::sealed) return true;
    std::vector<Bytes> names;
    for (const keys::KeyId& id : descriptor.sealed_to) {
        const auto owner = at.documents.registry->maybe_key(id);
        if (owner.key == nullptr) return false;
        auto name = seal::recipient_name(owner.key->certificate);
        if (!name) return false;
        names.push_back(std::move(*name));
    }
    std::ranges::sort(names);
    return names == at.envelope.recipients[section];
}

// Whether the documents in force give the section this audience at that time.
bool is_audience_at(const Situation& at, const message::Descriptor& descriptor, Millis when) {
    policy::Context context = at.context;
    context.at = when;
    context.named = descriptor.audience;
    const auto expected = at.documents.policy->audience(
        *at.documents.registry, at.header().sender, at.header().kind, descriptor.name, context);
    return expected == descriptor.audience && sealed_to_audience(at, descriptor, when);
}

// The broker cannot read whom a report names, and takes its audience for it: so that audience says
// nothing of older rules under which somebody needed not to be named.
bool depends_on_names(const Situation& at, const message::Descriptor& descriptor) {
    policy::Context context = at.context;
    context.named.clear();
    return at.documents.policy->audience(*at.documents.registry,
                                         at.header().sender,
                                         at.header().kind,
                                         descriptor.name,
                                         context) != descriptor.audience;
}

// The audience of each section must be the policy's. If the sender chose under older rules, for an
// older state of the case, or by a clock on the other side of the beginning or end of a grant or a
// key, it may choose again; else it is wrong. A sender that lies about when it chose gains that it
// may choose again.
Ruling judge_audience(Situation& at) {
    Ruling ruling;
    for (std::size_t i = 0; i < at.envelope.descriptors.size(); ++i) {
        const message::Descriptor& descriptor = at.envelope.descriptors[i];
        if (!is_audience_at(at, descriptor, at.time)) {
            const bool stale_case = at.header().case_version &&
                                    at.header().case_version->position != at.record.position;
            const Millis created = at.header().created;
            const bool was_right = created != at.time && is_audience_at(at, descriptor, created);
            ruling = refuse(at.knows_newest() && !stale_case && !was_right ? Code::wrong_audience
                                                                           : Code::stale_audience);
            ruling.parties = at.record.parties;
            ruling.consented = at.record.consented;
            return ruling;
        }
        if (!at.knows_newest() && depends_on_names(at, descriptor)) {
            ruling = refuse(Code::stale_audience);
            ruling.parties = at.record.parties;
            ruling.consented = at.record.consented;
            return ruling;
        }
        if (!is_sealed_as_it_says(at, i)) return refuse(Code::malformed_section);
        for (const AgencyId& agency : descriptor.audience) insert(ruling.recipients, agency);
    }
    insert(ruling.recipients, at.header().sender);
    return ruling;
}

}  // namespace

std::vector<AgencyId> parties_with(const std::vector<AgencyId>& parties,
                                   const AgencyId& sender,
                                   const message::CaseFacts& facts) {
    std::vector<AgencyId> all = parties;
    insert(all, sender);
    for (const AgencyId& agency : facts.parties) insert(all, agency);
    return all;
}

std::vector<AgencyId> consented_with(const std::vector<AgencyId>& consented,
                                     const message::CaseFacts& facts) {
    std::vector<AgencyId> all = consented;
    for (const AgencyId& agency : facts.consent_for) {
        if (facts.consent == message::ConsentState::given) insert(all, agency);
        if (facts.consent == message::ConsentState::withdrawn) std::erase(all, agency);
    }
    return all;
}

Result<Ruling> decide_message(const ReadState& state,
                              const Documents& documents,
                              const VerifiedEnvelope& envelope,
                              Millis time) {
    const message::Header& header = envelope.header;
    Situation at{state, documents, envelope, message::info(header.kind), time, {}, {}};
    at.context.at = time;
    if (header.expires != 0 && header.expires < time) return refuse(Code::expired_message);
    if (header.registry_version > documents.registry->version() ||
        header.policy_version > documents.policy->version()) {
        return refuse(Code::stale_policy);
    }
    auto judged = judge_case(at);
    if (!judged) return std::unexpected(judged.error());
    if (*judged) return std::move(**judged);
    judged = judge_reference(at);
    if (!judged) return std::unexpected(judged.error());
    if (*judged) return std::move(**judged);
    const auto decision =
        documents.policy->may_publish(*documents.registry, header.sender, header.kind, at.context);
    if (!decision.allowed) {
        return refuse(Code::forbidden, decision.depends_on_case ? "" : decision.missing);
    }
    judged = judge_capacity(at);
    if (!judged) return std::unexpected(judged.error());
    if (*judged) return std::move(**judged);
    Ruling ruling = judge_audience(at);
    if (ruling.refused) return ruling;
    auto whole = has_chunks(state, envelope);
    if (!whole) return std::unexpected(whole.error());
    if (!*whole) return refuse(Code::chunks_missing);
    return ruling;
}

Result<registry::SignedDocument> decide_document(const Documents& documents,
                                                 const BusId& bus,
                                                 BytesView bytes,
                                                 const Hash& pinned,
                                                 Millis time) {
    auto document = documents.judge(bytes, bus, pinned);
    if (document && document->expires <= time) {
        return fail(Code::rollback, "the document has expired");
    }
    return document;
}

Result<std::shared_ptr<const Documents>> EarlierRules::maybe_of(const ReadState& state,
                                                                std::uint32_t registry_version,
                                                                std::uint32_t policy_version) {
    const std::pair versions{registry_version, policy_version};
    const auto known = kept_.find(versions);
    if (known != kept_.end()) return known->second;
    auto rules = std::make_shared<Documents>();
    using Kind = registry::DocumentKind;
    for (const auto& [kind, version] :
         {std::pair{Kind::registry, registry_version}, std::pair{Kind::policy, policy_version}}) {
        auto bytes =
            version == 0 ? Result<std::optional<Bytes>>() : state.maybe_document(kind, version);
        if (!bytes) return std::unexpected(bytes.error());
        if (!*bytes) return std::shared_ptr<const Documents>();
        auto document = registry::parse_document(**bytes);
        if (!document) return std::unexpected(document.error());
        auto taken = rules->take(*document, **bytes);
        if (!taken) return std::unexpected(taken.error());
    }
    if (kept_.size() >= kKeptMax) kept_.erase(kept_.begin());
    return kept_[versions] = std::move(rules);
}

namespace {

// Whom the message names, as far as its audience shows that: not those who could be in it anyhow
// under the rules by which it was chosen. The broker can read no more of it. Who consented then is
// not known any more, so anybody may have.
Result<std::vector<AgencyId>> named_in(const ReadState& state,
                                       const Documents& documents,
                                       EarlierRules& earlier,
                                       const message::Header& header,
                                       const message::Descriptor& descriptor,
                                       policy::Context context) {
    const bool is_newest = header.registry_version == documents.registry->version() &&
                           header.policy_version == documents.policy->version();
    std::shared_ptr<const Documents> then;
    if (!is_newest) {
        auto rules = earlier.maybe_of(state, header.registry_version, header.policy_version);
        if (!rules) return std::unexpected(rules.error());
        if (*rules == nullptr) return std::vector<AgencyId>();
        then = std::move(*rules);
    }
    const Documents& rules = is_newest ? documents : *then;
    context.at = header.created;
    context.named.clear();
    context.consented = descriptor.audience;
    const auto anyhow = rules.policy->audience(
        *rules.registry, header.sender, header.kind, descriptor.name, context);
    std::vector<AgencyId> named;
    std::ranges::set_difference(descriptor.audience, anyhow, std::back_inserter(named));
    return named;
}

}  // namespace

Result<bool> may_read_section(const ReadState& state,
                              const Documents& documents,
                              EarlierRules& earlier,
                              const AgencyId& agency,
                              const message::Header& header,
                              const message::Descriptor& descriptor,
                              policy::Context context) {
    if (agency == header.sender) return true;
    const auto may_read = [&](std::vector<AgencyId> named) {
        context.named = std::move(named);
        return documents.policy
            ->may_read(*documents.registry, agency, header.kind, descriptor.name, context)
            .allowed;
    };
    if (may_read({})) return true;
    if (!may_read({agency})) return false;
    auto named = named_in(state, documents, earlier, header, descriptor, context);
    if (!named) return std::unexpected(named.error());
    return may_read(std::move(*named));
}

namespace {

// What is known of a message's case and of the message that it refers to, now.
Result<policy::Context> context_of(const ReadState& state,
                                   const message::Header& header,
                                   Millis time) {
    policy::Context context;
    context.at = time;
    if (!header.case_id.is_none()) {
        auto record = state.maybe_case(header.case_id);
        if (!record) return std::unexpected(record.error());
        if (*record) {
            context.parties = (*record)->parties;
            context.consented = (*record)->consented;
        }
    }
    if (header.refers_to) {
        auto position = state.maybe_position(header.refers_to->message);
        if (!position) return std::unexpected(position.error());
        if (*position) {
            auto entry = state.entry(**position);
            if (!entry) return std::unexpected(entry.error());
            context.answered = entry->sender;
        }
    }
    return context;
}

}  // namespace

Result<Release> decide_release(const ReadState& state,
                               const Documents& documents,
                               EarlierRules& earlier,
                               const AgencyId& agency,
                               const message::Header& header,
                               const std::vector<message::Section>& sections,
                               Millis time) {
    Release release;
    release.whole = agency == header.sender;
    auto context = context_of(state, header, time);
    if (!context) return std::unexpected(context.error());
    for (std::size_t i = 0; i < sections.size(); ++i) {
        auto descriptor = message::parse_descriptor(sections[i].descriptor);
        if (!descriptor) return std::unexpected(descriptor.error());
        if (!std::ranges::binary_search(descriptor->audience, agency)) continue;
        auto allowed =
            may_read_section(state, documents, earlier, agency, header, *descriptor, *context);
        if (!allowed) return std::unexpected(allowed.error());
        if (!*allowed) continue;
        release.whole = true;
        release.sections.push_back(i);
    }
    return release;
}

}  // namespace lienthong::core
