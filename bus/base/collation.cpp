// SPDX-License-Identifier: Apache-2.0
#include "bus/base/collation.hpp"

#include <unicode/coll.h>
#include <unicode/locid.h>
#include <unicode/stringpiece.h>

#include <memory>
#include <string>

#include "bus/base/check.hpp"
#include "bus/base/text.hpp"

namespace lienthong {
namespace {

// Comparing is const and safe from any thread once it is made.
const icu::Collator& vietnamese() {
    static const std::unique_ptr<const icu::Collator> collator = [] {
        UErrorCode status = U_ZERO_ERROR;
        std::unique_ptr<icu::Collator> made(
            icu::Collator::createInstance(icu::Locale("vi"), status));
        CHECK(U_SUCCESS(status) != 0 && made != nullptr);
        made->setAttribute(UCOL_NORMALIZATION_MODE, UCOL_ON, status);
        CHECK(U_SUCCESS(status) != 0);
        return made;
    }();
    return *collator;
}

icu::StringPiece piece(std::string_view text) {
    return {text.data(), static_cast<std::int32_t>(text.size())};
}

}  // namespace

bool stands_before(std::string_view first, std::string_view second) {
    UErrorCode status = U_ZERO_ERROR;
    const UCollationResult order = vietnamese().compareUTF8(piece(first), piece(second), status);
    if (U_FAILURE(status) != 0 || order == UCOL_EQUAL) return first < second;
    return order == UCOL_LESS;
}

Match match_of(std::string_view typed, std::string_view name) {
    const auto wanted = to_folded(typed);
    const auto known = to_folded(name);
    if (!wanted || !known || wanted->empty()) return Match::none;
    if (*wanted == *known) return Match::full;
    const auto bare_wanted = without_diacritics(typed);
    const auto bare_known = without_diacritics(name);
    if (!bare_wanted || !bare_known) return Match::none;
    // Who types marks means them: "xã Yên Mỳ" is not "xã Yên Mỹ".
    return *bare_wanted == *wanted && *bare_wanted == *bare_known ? Match::bare : Match::none;
}

}  // namespace lienthong
