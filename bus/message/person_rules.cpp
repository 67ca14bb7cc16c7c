// SPDX-License-Identifier: Apache-2.0
// Rules of persons and of the hotline. Forms are often incomplete, so little is required; what is
// there must be possible.
#include <algorithm>
#include <array>

#include "bus/message/checker.hpp"
#include "bus/message/document_rules.hpp"
#include "bus/message/section_rules.hpp"
#include "schemas/hotline_generated.h"
#include "schemas/person_generated.h"

namespace lienthong::message {

void check_address(Checker& checker, const fb::Address& address) {
    checker.text("text", address.text());
    checker.text("commune", address.commune());
    checker.text("district", address.district());
    checker.text("province", address.province());
    checker.country("country", address.country());
    checker.name("territory", address.territory());
    checker.date("vintage", address.vintage());
}

void check_needs(Checker& checker, const fb::SupportNeeds& needs) {
    checker.code("danger", needs.danger());
    checker.note("danger_note", needs.danger_note());
    checker.text("interpreter", needs.interpreter());
    checker.note("wishes", needs.wishes());
    checker.note("support_asked", needs.support_asked());
    checker.code("shelter_wanted", needs.shelter_wanted());
}

void check_contact(Checker& checker, const fb::Contact& contact) {
    checker.each("phones", contact.phones(), [&](const fb::Phone& phone) {
        checker.phone("number", phone.number());
        checker.note("note", phone.note());
    });
    checker.table("address", contact.address(), [&](const fb::Address& address) {
        check_address(checker, address);
    });
    checker.text("relative", contact.relative());
    checker.phone("relative_phone", contact.relative_phone());
    checker.code("safe_to_call", contact.safe_to_call());
    checker.note("note", contact.note());
}

namespace {

void check_name(Checker& checker, const fb::PersonName& name) {
    checker.stated("full", name.full());
    checker.text("family", name.family());
    checker.text("given", name.given());
    checker.text("other", name.other());
}

// A citizen's card has 12 digits, the older card 9.
void check_paper(Checker& checker, const fb::IdentityPaper& paper) {
    checker.stated_code("kind", paper.kind());
    checker.stated("number", paper.number());
    const std::string_view number = text_of(paper.number());
    const bool digits = std::ranges::all_of(number, [](char c) { return c >= '0' && c <= '9'; });
    checker.require(paper.kind() != fb::IdentityPaperKind::cccd || (digits && number.size() == 12),
                    "number",
                    "must have 12 digits");
    checker.require(paper.kind() != fb::IdentityPaperKind::cmnd || (digits && number.size() == 9),
                    "number",
                    "must have 9 digits");
    checker.date("issued", paper.issued());
    checker.text("issuer", paper.issuer());
}

void check_person(Checker& checker, const fb::Person& person) {
    const auto address = [&](const fb::Address& one) { check_address(checker, one); };
    checker.code("legal_class", person.legal_class());
    checker.table(
        "name", person.name(), [&](const fb::PersonName& name) { check_name(checker, name); });
    checker.partial_date("date_of_birth", person.date_of_birth());
    checker.code("gender", person.gender());
    checker.text("ethnicity", person.ethnicity());
    checker.country("nationality", person.nationality());
    checker.each("papers", person.papers(), [&](const fb::IdentityPaper& paper) {
        check_paper(checker, paper);
    });
    checker.table("permanent_address", person.permanent_address(), address);
    checker.table("last_address", person.last_address(), address);
    checker.text("education", person.education());
    checker.text("occupation", person.occupation());
    checker.code("marital_status", person.marital_status());
    checker.text("relation", person.relation());
    checker.code("status", person.status());
    checker.note("note", person.note());
}

void check_root(Checker& checker, const fb::Identity& identity) {
    checker.require(identity.persons()->size() != 0, "persons", "needs a person or more");
    checker.each("persons", identity.persons(), [&](const fb::Person& person) {
        check_person(checker, person);
    });
    checker.date("recorded_on", identity.recorded_on());
    checker.text("source", identity.source());
}

void check_root(Checker& checker, const fb::Circumstances& event) {
    const auto address = [&](const fb::Address& one) { check_address(checker, one); };
    checker.code("entry_channel", event.entry_channel());
    checker.partial_date("departed_on", event.departed_on());
    checker.table("departed_from", event.departed_from(), address);
    checker.text("recruiter", event.recruiter());
    checker.note("recruitment", event.recruitment());
    checker.codes<fb::RecruitmentMethod>("recruitment_methods", event.recruitment_methods());
    checker.note("route", event.route());
    checker.text("border_gate", event.border_gate());
    checker.table("destination", event.destination(), address);
    checker.codes<fb::Exploitation>("exploitation", event.exploitation());
    checker.codes<fb::ControlMethod>("control", event.control());
    checker.note("exploitation_note", event.exploitation_note());
    checker.partial_date("returned_on", event.returned_on());
    checker.text("returned_how", event.returned_how());
    checker.date("received_on", event.received_on());
    checker.text("received_at", event.received_at());
    checker.note("companions_note", event.companions_note());
    checker.note("statement", event.statement());
    checker.table("needs", event.needs(), [&](const fb::SupportNeeds& needs) {
        check_needs(checker, needs);
    });
    checker.note("note", event.note());
}

void check_root(Checker& checker, const fb::Contact& contact) { check_contact(checker, contact); }

void check_root(Checker& checker, const fb::Medical& medical) {
    checker.note("health", medical.health());
    checker.note("injury", medical.injury());
    checker.code("pregnant", medical.pregnant());
    checker.note("mental_health", medical.mental_health());
    checker.code("treatment_needed", medical.treatment_needed());
    checker.text("medication", medical.medication());
    checker.date("examined_on", medical.examined_on());
    checker.text("examined_by", medical.examined_by());
    checker.note("note", medical.note());
}

void check_root(Checker& checker, const fb::Tip& tip) {
    checker.require(
        tip.received_at() > 0 && tip.received_at() <= kMillisMax, "received_at", "must be a time");
    checker.name("reference", tip.reference());
    checker.table(
        "caller", tip.caller(), [&](const fb::PersonName& name) { check_name(checker, name); });
    checker.phone("caller_phone", tip.caller_phone());
    checker.require(!tip.anonymous() || (tip.caller() == nullptr && tip.caller_phone() == nullptr),
                    "caller",
                    "an anonymous caller is not named");
    checker.each(
        "about", tip.about(), [&](const fb::Person& person) { check_person(checker, person); });
    checker.table("where_now", tip.where_now(), [&](const fb::Address& address) {
        check_address(checker, address);
    });
    checker.note("account", tip.account());
    checker.code("danger", tip.danger());
    checker.codes<fb::Exploitation>("exploitation", tip.exploitation());
    checker.text("action_asked", tip.action_asked());
    checker.note("note", tip.note());
}

void check_root(Checker& checker, const fb::OutcomeCode& outcome) {
    checker.name("reference", outcome.reference());
    checker.stated_code("outcome", outcome.outcome());
    checker.date("decided_on", outcome.decided_on());
}

template <class Root>
Result<void> check(BytesView aligned) {
    Checker checker(aligned.size());
    check_root(checker, *flatbuffers::GetRoot<Root>(aligned.data()));
    return std::move(checker).result();
}

constexpr std::array kRules{
    SectionRule{"lienthong.fb.Identity", &check<fb::Identity>},
    SectionRule{"lienthong.fb.Circumstances", &check<fb::Circumstances>},
    SectionRule{"lienthong.fb.Contact", &check<fb::Contact>},
    SectionRule{"lienthong.fb.Medical", &check<fb::Medical>},
    SectionRule{"lienthong.fb.Tip", &check<fb::Tip>},
    SectionRule{"lienthong.fb.OutcomeCode", &check<fb::OutcomeCode>},
};

}  // namespace

std::span<const SectionRule> person_rules() { return kRules; }

}  // namespace lienthong::message
