// SPDX-License-Identifier: Apache-2.0
// Policy: default deny; a list of grants to roles. A decision is a pure function of policy,
// registry and what is known of the message: the sender's node, the broker and a test all call this
// one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bus/base/ids.hpp"
#include "bus/message/kind.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::policy {

enum class Action : std::uint8_t { publish = 1, read = 2, query = 3 };
std::string_view name(Action action);
std::optional<Action> maybe_action(std::string_view name);

struct Conditions {
    bool party = false;     // the agency is a party to the case
    bool named = false;     // the message names the agency (partner in a joint activity; addressee)
    bool consent = false;   // the person's consent for this agency is in force
    bool sender = false;    // the agency sent the message that this one answers
    std::string territory;  // "own": of the agency's territory; empty: any
    Millis until = 0;       // 0: no end
};

struct Grant {
    std::string id;
    std::vector<Role> roles;
    std::vector<Action> actions;
    std::vector<message::Kind> kinds;   // empty is not "all": it is refused when compiled
    std::vector<std::string> sections;  // for read; "*" = every section of the kind
    std::vector<Purpose> purposes;      // for query; "*" = any
    Conditions conditions;
    std::string reason;  // legal basis in words
};

struct PolicyData {
    BusId bus;
    std::uint32_t version = 0;
    Millis issued = 0;
    Millis expires = 0;
    std::vector<Grant> grants;
};

// What is known of the message and the case at the moment of the decision.
struct Context {
    Millis at = 0;
    std::vector<AgencyId> parties;    // of the case, with those that this message adds
    std::vector<AgencyId> named;      // whom the message names
    std::vector<AgencyId> consented;  // for whom consent is in force
    AgencyId answered;                // sender of the message that this one answers
    std::string territory;
};

struct Decision {
    bool allowed = false;
    std::string grant;    // id of the grant that allows it; the first in the order of ids
    std::string missing;  // else, in words for the administrators: "publish outreach-report"
    bool depends_on_case = false;  // a grant exists, but its condition on the case does not hold
};

class Policy {
  public:
    static Result<Policy> build(PolicyData data);  // malformed_document
    const PolicyData& data() const { return data_; }
    std::uint32_t version() const { return data_.version; }

    Decision may_publish(const registry::Registry& registry,
                         const AgencyId& agency,
                         message::Kind kind,
                         const Context& context) const;
    Decision may_read(const registry::Registry& registry,
                      const AgencyId& agency,
                      message::Kind kind,
                      std::string_view section,
                      const Context& context) const;
    Decision may_query(const registry::Registry& registry,
                       const AgencyId& agency,
                       message::Kind kind,
                       const Purpose& purpose,
                       const Context& context) const;

    // Agencies to which a section goes: all that may read it, and the sender. Ascending.
    std::vector<AgencyId> audience(const registry::Registry& registry,
                                   const AgencyId& sender,
                                   message::Kind kind,
                                   std::string_view section,
                                   const Context& context) const;

  private:
    explicit Policy(PolicyData data);
    PolicyData data_;
};

Result<PolicyData> compile_policy(std::string_view toml, const BusId& bus, std::uint32_t version);
Bytes encode_policy(const PolicyData& data);
Result<PolicyData> parse_policy(BytesView body);

}  // namespace lienthong::policy
