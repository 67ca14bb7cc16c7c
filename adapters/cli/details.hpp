// SPDX-License-Identifier: Apache-2.0
// Details: what an error says beside its code, in the reader's language. Modules below say it in
// English; what people meet when they write files and command lines is put into Vietnamese here.
#pragma once

#include <string>
#include <string_view>

#include "adapters/cli/invocation.hpp"

namespace lienthong::cli {

// The code's words, then the detail.
// What to do about it: the code's words, or those for this very detail on a command line.
std::string advice_of(const Error& error, Lang lang);
std::string words_of(const Error& error, Lang lang);
// A detail that is not in the table stays as it is.
std::string detail_in(std::string_view detail, Lang lang);
// "line 3, column low" → "dòng 3, cột low".
std::string place_in(std::string_view where, Lang lang);
// "publish outreach-report" → "gửi outreach-report".
// What a broker says is missing of an officer who may not ask (bus/core/query.cpp).
inline constexpr std::string_view kOfficerGrant = "officer with the function query";
std::string grant_in(std::string_view grant, Lang lang);

}  // namespace lienthong::cli
