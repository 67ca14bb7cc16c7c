// SPDX-License-Identifier: Apache-2.0
// Policy: default deny; a list of grants to roles. A decision is a pure function of policy,
// registry and what is known of the message: the sender's node, the broker and a test all call this
// one.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <vector>

#include "bus/base/ids.hpp"
#include "bus/message/kind.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::policy {

// Stands for every agency that holds a role; and for every section, or purpose.
inline constexpr std::string_view kAnyAgency = "agency";
inline constexpr std::string_view kAll = "*";

enum class Action : std::uint8_t { publish = 1, read = 2, query = 3 };
std::string_view name(Action action);
std::optional<Action> maybe_action(std::string_view text);

struct Conditions {
    bool party = false;     // the agency is a party to the case
    bool named = false;     // the message names the agency (partner in a joint activity; addressee)
    bool consent = false;   // the person's consent for this agency is in force
    bool sender = false;    // the agency sent the message that this one answers
    std::string territory;  // "own": of the agency's territory; else in this one; empty: any
    Millis until = 0;       // first moment after; 0: no end
    bool operator==(const Conditions&) const = default;
};

// A grant holds for an agency that holds one of its roles, by itself or through a unit, if all
// conditions hold. The role `agency` is every agency that holds any role, but no pseudo-agency.
struct Grant {
    std::string id;
    std::vector<Role> roles;
    std::vector<Action> actions;
    std::vector<message::Kind> kinds;   // empty is not "all": it is refused when compiled
    std::vector<std::string> sections;  // for read; "*" = every section of the kind
    std::vector<Purpose> purposes;      // for query; "*" = any
    Conditions conditions;
    std::string reason;  // legal basis in words
    bool operator==(const Grant&) const = default;
};

struct PolicyData {
    BusId bus;
    std::uint32_t version = 0;
    Millis issued = 0;
    Millis expires = 0;
    // The roles that grants may name, so that a misspelt one is an error. Empty: not checked; a
    // compiled policy always has them. `agency` needs no mention.
    std::vector<Role> roles;
    std::vector<Grant> grants;
    bool operator==(const PolicyData&) const = default;
};

inline constexpr std::size_t kGrantsMax = 4096;
inline constexpr std::size_t kRolesMax = 256;

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
    std::string grant;  // id of the grant that allows it; the first in the order of ids
    // Else, in words for the administrators: "publish outreach-report". Empty where
    // depends_on_case: no grant is missing then, and who is no party learns no more than that.
    std::string missing;
    // A grant exists, but its condition on the case (party, named, consent, sender) does not hold.
    bool depends_on_case = false;
};

class Policy {
  public:
    // malformed_document, with "grant <id>" in `where`; unknown_kind.
    static Result<Policy> build(PolicyData data);
    const PolicyData& data() const { return data_; }
    std::uint32_t version() const { return data_.version; }

    Decision may_publish(const registry::Registry& registry,
                         const AgencyId& agency,
                         message::Kind kind,
                         const Context& context) const;
    // The section `facts` may be read by whoever may read any other section of the kind.
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

    // Agencies to which a section goes: all that may read it, and the sender. Ascending, no
    // repeats. Whether one of them has a certificate to seal to is for the caller.
    std::vector<AgencyId> audience(const registry::Registry& registry,
                                   const AgencyId& sender,
                                   message::Kind kind,
                                   std::string_view section,
                                   const Context& context) const;

  private:
    // A grant as one action on one kind needs it. Roles and sections are bits: those of roles_, and
    // those of the kind's table.
    using RoleSet = std::bitset<kRolesMax>;
    struct Rule {
        std::size_t grant = 0;
        RoleSet roles;
        std::uint64_t sections = 0;
    };

    explicit Policy(PolicyData data);
    void index();
    static std::size_t slot(Action action, std::size_t kind_index);
    RoleSet roles_of(const registry::Agency& agency, Millis at) const;
    Decision decide(const registry::Registry& registry,
                    const AgencyId& agency,
                    Action action,
                    message::Kind kind,
                    std::string_view detail,
                    const Context& context) const;

    PolicyData data_;
    std::vector<Role> roles_;               // all that grants name, ascending
    std::vector<std::vector<Rule>> rules_;  // by slot(); in the order of the grants' ids
};

// TOML source → data; malformed_document with `where` = "line 12: grant.kinds"; wrong_bus.
Result<PolicyData> compile_policy(std::string_view toml, const BusId& bus, std::uint32_t version);
// What compile_policy() reads back to the same data.
std::string to_toml(const PolicyData& data);
Bytes encode_policy(const PolicyData& data);
// oversized, malformed_document, unknown_kind (made for a newer program).
Result<PolicyData> parse_policy(BytesView body);

}  // namespace lienthong::policy
