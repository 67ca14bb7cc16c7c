// SPDX-License-Identifier: Apache-2.0
// Small texts: normal forms, Vietnamese numbers, dates and periods, office hours, base64, digits,
// ids. What is read is written as the one text that means it, and read again.
#include "bus/base/text.hpp"

#include "bus/base/base64.hpp"
#include "bus/base/ids.hpp"
#include "bus/outreach/period.hpp"
#include "security/registry/office_hours.hpp"
#include "tests/fuzz/target.hpp"

namespace lienthong::fuzz {
namespace {

void check_normal_forms(std::string_view text) {
    const auto composed = to_nfc(text);
    const auto folded = to_folded(text);
    CHECK(composed.has_value() == folded.has_value());
    if (!composed) return;
    CHECK(to_nfc(*composed).value() == *composed);
    CHECK(to_folded(*composed).value() == *folded);
}

void check_numbers(std::string_view text) {
    if (const auto count = parse_vietnamese_count(text)) {
        CHECK(*count >= 0);
        CHECK(parse_vietnamese_count(std::to_string(*count)).value() == *count);
    }
    if (const auto date = outreach::parse_date(text)) CHECK(outreach::format_date(*date) == text);
    if (const auto period = outreach::parse_period(text)) {
        CHECK(period->from <= period->to);
        CHECK(outreach::parse_period(period->text()).value() == *period);
    }
    if (const auto span = registry::parse_office_span(text)) {
        CHECK(registry::to_text(*span) == text);
        CHECK(span->from <= registry::kMinutesOfDay && span->until <= registry::kMinutesOfDay);
    }
}

void check_ids(std::string_view text) {
    if (const auto bytes = from_base64(text)) CHECK(to_base64(*bytes) == text);
    if (const auto bytes = from_hex(text)) CHECK(from_hex(to_hex(*bytes)).value() == *bytes);
    if (const auto id = CaseId::parse(text)) CHECK(CaseId::parse(id->text()).value() == *id);
    if (const auto id = MessageId::parse(text)) CHECK(MessageId::parse(id->text()).value() == *id);
    if (const auto id = AgencyId::parse(text)) CHECK(id->text() == text);
}

void run(BytesView input) {
    const std::string_view text = as_text(input);
    check_normal_forms(text);
    check_numbers(text);
    check_ids(text);
    judge(input, [](BytesView b) { return error_of(parse_vietnamese_count(as_text(b))); });
    judge(input, [](BytesView b) { return error_of(outreach::parse_period(as_text(b))); });
    judge(input, [](BytesView b) { return error_of(from_base64(as_text(b))); });
    judge(input, [](BytesView b) { return error_of(MessageId::parse(as_text(b))); });
    judge(input, [](BytesView b) { return error_of(registry::parse_office_span(as_text(b))); });
}

const Registered registered({"text", run, 256});

}  // namespace
}  // namespace lienthong::fuzz
