// SPDX-License-Identifier: Apache-2.0
// Names: how ids, kinds and times are written for programs and for people.
#pragma once

#include <string>
#include <string_view>

#include "adapters/cli/command.hpp"
#include "bus/message/kind.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::cli {

// The agency's slug; its id if the registry does not know it; empty for none.
std::string slug_of(const registry::Registry& registry, const AgencyId& agency);
Json agency_to_json(const registry::Registry& registry, const AgencyId& agency);  // {id, slug}
// By slug or id. What is looked for (`--agency`) also by a name that is one agency's alone, in any
// normal form and without diacritics; whom a message goes to is never found so. unknown_agency.
Result<AgencyId> to_agency(const registry::Registry& registry,
                           std::string_view text,
                           std::string_view option);
Result<message::Kind> to_kind(std::string_view text);  // unknown_kind
// Of an error of Api::submit: without its "draft N", where there was only one.
Error of_one_draft(Error error);
Result<node::Documents> documents_of(Session& session);  // expired_policy if none is known yet

Json time_to_json(Millis time);           // "2021-12-14T07:30:00Z"; 0 is null
std::string local_time(const Json& utc);  // the same as "14/12/2021 14:30" in Viet Nam
// A civil date, yyyy-mm-dd: the last second of that day in Asia/Ho_Chi_Minh. bad_argument.
Result<Millis> end_of_day(std::string_view date, std::string_view option);

// Texts under one another in columns, as wide as their longest (counted in characters).
class TextTable {
  public:
    explicit TextTable(std::vector<std::string> headings) { add(std::move(headings)); }
    void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    std::string text() const;

  private:
    std::vector<std::vector<std::string>> rows_;
};

// A value of a JSON object as text for a table: null and absent are "–".
std::string cell(const Json& object, std::string_view key);

}  // namespace lienthong::cli
