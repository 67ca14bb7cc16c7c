// SPDX-License-Identifier: Apache-2.0
// Details: what an error says beside its code, in the reader's language. Modules below say it in
// English; what people meet when they write files and command lines is put into Vietnamese here.
#pragma once

#include <string>
#include <string_view>

#include "adapters/cli/invocation.hpp"

namespace lienthong::cli {

// The code's words, then the detail.
std::string words_of(const Error& error, Lang lang);
// A detail that is not in the table stays as it is.
std::string detail_in(std::string_view detail, Lang lang);
// "line 3, column low" → "dòng 3, cột low".
std::string place_in(std::string_view where, Lang lang);
// "publish outreach-report" → "gửi outreach-report".
std::string grant_in(std::string_view grant, Lang lang);

}  // namespace lienthong::cli
