// SPDX-License-Identifier: Apache-2.0
// Places: territories by their names, as they were on a day. Districts are abolished and names
// move, so a name means what it meant in the figure's own time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/base/error.hpp"
#include "bus/outreach/period.hpp"
#include "security/registry/registry.hpp"

namespace lienthong::cli {

class Places {
  public:
    // The registry is borrowed and outlives this.
    explicit Places(const registry::Registry& registry);

    // Every place with that code or name on that day, without repeats; there may be several of one
    // name. Borrowed from the registry.
    std::vector<const registry::Territory*> called(std::string_view text, outreach::Date day) const;

    // The one place of that name; nothing if there is none or more than one.
    const registry::Territory* maybe_called(std::string_view text, outreach::Date day) const;

    // The same for who looks for a place: if none is called so, those whose name it is in another
    // normal form or case, or without diacritics.
    std::vector<const registry::Territory*> sought(std::string_view text, outreach::Date day) const;

    // What somebody means who looks for `text`, at whatever time: itself if a place has that code
    // or name; the code (or the name, if it moved) of the one place that has it behind "tỉnh",
    // "huyện", "xã" and the like, or before "province" and the like. not_found; bad_argument, with
    // the candidates in the detail, if several have it.
    Result<std::string> meant(std::string_view text) const;

    // The reported place (its code, else its text) is, on that day, one sought as `outer` or lies
    // in one.
    bool lies_within(std::string_view code,
                     std::string_view text,
                     std::string_view outer,
                     outreach::Date day) const;

  private:
    const registry::Registry& registry_;
    struct Called {
        const registry::Territory* row = nullptr;
        std::string_view name_vi;  // the same name in Vietnamese; borrowed from the registry
        std::string from;          // of the name, yyyy-mm-dd; empty: always
    };
    std::multimap<std::string, Called, std::less<>> by_name_;
};

}  // namespace lienthong::cli
