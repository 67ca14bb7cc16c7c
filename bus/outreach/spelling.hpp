// SPDX-License-Identifier: Apache-2.0
// Spelling: the activities as Vietnamese reports call them. One word is written in several ways
// (băng rôn, băng zôn; pano, panô, panoo, pa nô), in either normal form, in capitals or not, and
// composite things stand in any order; all of that means one activity. The one table of names.
#pragma once

#include <optional>
#include <string_view>

namespace lienthong::outreach {

// The activity id that the name stands for ("Băng Zôn, khẩu hiệu" → "banner-slogan"). Nothing for a
// name that the table does not have: it is never guessed.
std::optional<std::string_view> maybe_activity_called(std::string_view name);

// The same for who looks for something: also the name without its diacritics ("to roi"), if it is
// one activity's alone.
std::optional<std::string_view> maybe_activity_sought(std::string_view name);

}  // namespace lienthong::outreach
