// SPDX-License-Identifier: Apache-2.0
// Rules of the official document, and of what each step of the procedure says.
#include <array>

#include "bus/message/checker.hpp"
#include "bus/message/document_info.hpp"
#include "bus/message/document_rules.hpp"
#include "bus/message/facts.hpp"
#include "bus/message/kind.hpp"
#include "bus/message/section_rules.hpp"
#include "schemas/document_info_generated.h"
#include "schemas/procedure_messages_generated.h"

namespace lienthong::message {

void check_document(Checker& checker, const fb::DocumentInfo& document) {
    checker.stated("number", document.number());
    checker.stated("symbol", document.symbol());
    checker.date("date", document.date());
    checker.stated("signer", document.signer());
    checker.stated("signer_title", document.signer_title());
    checker.stated_code("urgency", document.urgency());
    checker.code("classification", document.classification());
    checker.text("issuer", document.issuer());
    checker.text("place", document.place());
    checker.text("summary", document.summary());
    checker.text("form_number", document.form_number());
    checker.each("attachments", document.attachments(), [&](const fb::Attachment& attachment) {
        checker.stated("title", attachment.title());
        checker.require(attachment.sha256() == nullptr || attachment.sha256()->size() == kHashBytes,
                        "sha256",
                        "must have 32 bytes");
    });
}

namespace {

void check_officer(Checker& checker, const fb::OfficerName& officer) {
    checker.text("name", officer.name());
    checker.text("title", officer.title());
    checker.text("unit", officer.unit());
    checker.phone("phone", officer.phone());
}

// The rule of an officer, needs and so on as a callable for table() and each().
auto officer_of(Checker& checker) {
    return [&checker](const fb::OfficerName& officer) { check_officer(checker, officer); };
}
auto needs_of(Checker& checker) {
    return [&checker](const fb::SupportNeeds& needs) { check_needs(checker, needs); };
}
auto question_of(Checker& checker) {
    return [&checker](const fb::Question& question) {
        checker.stated("text", question.text());
        checker.text("about", question.about());
    };
}
auto support_of(Checker& checker) {
    return [&checker](const fb::SupportItem& item) {
        checker.stated_code("kind", item.kind());
        checker.text("text", item.text());
        checker.date("from", item.from());
        checker.date("to", item.to());
        checker.name("provider", item.provider());
    };
}

void check_root(Checker& checker, const fb::DocumentInfo& document) {
    check_document(checker, document);
}

void check_root(Checker& checker, const fb::Handover& handover) {
    checker.date("handed_over_on", handover.handed_over_on());
    checker.text("handed_over_at", handover.handed_over_at());
    checker.table("handed_over_by", handover.handed_over_by(), officer_of(checker));
    checker.table("received_by", handover.received_by(), officer_of(checker));
    checker.name("receiver", handover.receiver());
    checker.text("receiver_unit", handover.receiver_unit());
    checker.text("belongings", handover.belongings());
    checker.text("papers", handover.papers());
    checker.text("health_state", handover.health_state());
    checker.note("note", handover.note());
}

void check_root(Checker& checker, const fb::Findings& findings) {
    checker.date("checked_on", findings.checked_on());
    checker.each("checked_by", findings.checked_by(), officer_of(checker));
    checker.stated_code("conclusion", findings.conclusion());
    checker.note("indications", findings.indications());
    checker.text("papers_seen", findings.papers_seen());
    checker.note("support_given", findings.support_given());
    checker.table("needs", findings.needs(), needs_of(checker));
    checker.codes<fb::PersonClass>("persons_class", findings.persons_class());
    checker.note("note", findings.note());
}

void check_root(Checker& checker, const fb::VerificationRequest& request) {
    checker.text("addressed_to", request.addressed_to());
    checker.each("questions", request.questions(), question_of(checker));
    checker.date("answer_by", request.answer_by());
    checker.note("grounds", request.grounds());
    checker.note("note", request.note());
}

void check_root(Checker& checker, const fb::Acknowledgement& acknowledgement) {
    checker.date("received_on", acknowledgement.received_on());
    checker.table("officer", acknowledgement.officer(), officer_of(checker));
    checker.date("answer_by", acknowledgement.answer_by());
    checker.text("own_number", acknowledgement.own_number());
    checker.note("note", acknowledgement.note());
}

void check_root(Checker& checker, const fb::InformationQuestion& question) {
    checker.require(question.questions()->size() != 0, "questions", "needs a question or more");
    checker.each("questions", question.questions(), question_of(checker));
    checker.date("answer_by", question.answer_by());
    checker.table("officer", question.officer(), officer_of(checker));
    checker.note("note", question.note());
}

void check_root(Checker& checker, const fb::InformationAnswer& answer) {
    checker.require(answer.answers()->size() != 0, "answers", "needs an answer or more");
    checker.each("answers", answer.answers(), [&](const fb::QuestionAnswer& one) {
        checker.text("question", one.question());
        checker.note("text", one.text());
    });
    checker.table("officer", answer.officer(), officer_of(checker));
    checker.note("note", answer.note());
}

void check_root(Checker& checker, const fb::Extension& extension) {
    checker.stated("reason", extension.reason());
    checker.date("answer_by", extension.answer_by());
    checker.date("answer_by_before", extension.answer_by_before());
    checker.require(extension.answer_by_before() == nullptr ||
                        text_of(extension.answer_by_before()) < text_of(extension.answer_by()),
                    "answer_by",
                    "must be after the date before");
    checker.table("approved_by", extension.approved_by(), officer_of(checker));
    checker.note("note", extension.note());
}

void check_root(Checker& checker, const fb::VerificationResult& result) {
    checker.stated_code("outcome", result.outcome());
    checker.code("ground", result.ground());
    checker.require(
        result.outcome() != fb::Outcome::confirmed || result.ground() != fb::Ground::none,
        "ground",
        "a confirmation names its ground");
    checker.text("ground_text", result.ground_text());
    checker.note("reasons", result.reasons());
    checker.date("decided_on", result.decided_on());
    checker.code("decided_by", result.decided_by());
    checker.table("officer", result.officer(), officer_of(checker));
    checker.each("persons", result.persons(), [&](const fb::PersonOutcome& person) {
        checker.stated_code("outcome", person.outcome());
        checker.code("legal_class", person.legal_class());
    });
    checker.codes<fb::Exploitation>("exploitation", result.exploitation());
    checker.text("bodies_asked", result.bodies_asked());
    checker.note("note", result.note());
}

void check_root(Checker& checker, const fb::OutcomeNotice& notice) {
    checker.stated_code("outcome", notice.outcome());
    checker.date("decided_on", notice.decided_on());
}

void check_root(Checker& checker, const fb::Certificate& certificate) {
    checker.stated("number", certificate.number());
    checker.date("issued_on", certificate.issued_on());
    checker.table("signer", certificate.signer(), officer_of(checker));
    checker.stated_code("ground", certificate.ground());
    checker.text("ground_text", certificate.ground_text());
    checker.text("holder_name", certificate.holder_name());
    checker.date("valid_until", certificate.valid_until());
    checker.note("note", certificate.note());
}

void check_root(Checker& checker, const fb::SupportPlan& plan) {
    checker.require(plan.items()->size() != 0, "items", "needs an item or more");
    checker.each("items", plan.items(), support_of(checker));
    checker.date("shelter_from", plan.shelter_from());
    checker.table("needs", plan.needs(), needs_of(checker));
    checker.table("officer", plan.officer(), officer_of(checker));
    checker.code("case_status", plan.case_status());
    checker.note("note", plan.note());
}

void check_root(Checker& checker, const fb::LimitedView& view) {
    checker.text("call_name", view.call_name());
    checker.table("contact", view.contact(), [&](const fb::Contact& contact) {
        check_contact(checker, contact);
    });
    checker.each("support", view.support(), support_of(checker));
    checker.note("wishes", view.wishes());
    checker.note("note", view.note());
}

void check_root(Checker& checker, const fb::Intake& intake) {
    checker.stated_code("answer", intake.answer());
    checker.date("date", intake.date());
    checker.date("stay_until", intake.stay_until());
    checker.text("reason", intake.reason());
    checker.text("room", intake.room());
    checker.table("received_by", intake.received_by(), officer_of(checker));
    checker.table("handover", intake.handover(), [&](const fb::Handover& handover) {
        check_root(checker, handover);
    });
    checker.note("note", intake.note());
}

void check_root(Checker& checker, const fb::Consent& consent) {
    checker.stated_code("state", consent.state());
    checker.require(
        maybe_agencies(consent.agencies(), 1, 64).has_value(), "agencies", "1 to 64, ascending");
    checker.codes<fb::ConsentScope>("scope", consent.scope());
    checker.date("given_on", consent.given_on());
    checker.text("given_by", consent.given_by());
    checker.code("read_to", consent.read_to());
    checker.text("language", consent.language());
    checker.date("valid_until", consent.valid_until());
    checker.note("text", consent.text());
    checker.note("note", consent.note());
}

void check_root(Checker& checker, const fb::Correction& correction) {
    checker.stated("reason", correction.reason());
    checker.each("fields", correction.fields(), [&](const fb::FieldCorrection& field) {
        checker.name("section", field.section());
        checker.stated("field", field.field());
        checker.note("before", field.before());
        checker.note("after", field.after());
    });
    checker.date("corrected_on", correction.corrected_on());
    checker.table("officer", correction.officer(), officer_of(checker));
    checker.note("note", correction.note());
}

template <class Root>
Result<void> check(BytesView aligned) {
    Checker checker(aligned.size());
    check_root(checker, *flatbuffers::GetRoot<Root>(aligned.data()));
    return std::move(checker).result();
}

Result<void> check_facts(BytesView aligned) {
    const auto facts = parse_facts(aligned);
    if (!facts) return std::unexpected(facts.error());
    return {};
}

constexpr std::array kRules{
    SectionRule{"lienthong.fb.DocumentInfo", &check<fb::DocumentInfo>},
    SectionRule{"lienthong.fb.CaseFacts", &check_facts},
    SectionRule{"lienthong.fb.Handover", &check<fb::Handover>},
    SectionRule{"lienthong.fb.Findings", &check<fb::Findings>},
    SectionRule{"lienthong.fb.VerificationRequest", &check<fb::VerificationRequest>},
    SectionRule{"lienthong.fb.Acknowledgement", &check<fb::Acknowledgement>},
    SectionRule{"lienthong.fb.InformationQuestion", &check<fb::InformationQuestion>},
    SectionRule{"lienthong.fb.InformationAnswer", &check<fb::InformationAnswer>},
    SectionRule{"lienthong.fb.Extension", &check<fb::Extension>},
    SectionRule{"lienthong.fb.VerificationResult", &check<fb::VerificationResult>},
    SectionRule{"lienthong.fb.OutcomeNotice", &check<fb::OutcomeNotice>},
    SectionRule{"lienthong.fb.Certificate", &check<fb::Certificate>},
    SectionRule{"lienthong.fb.SupportPlan", &check<fb::SupportPlan>},
    SectionRule{"lienthong.fb.LimitedView", &check<fb::LimitedView>},
    SectionRule{"lienthong.fb.Intake", &check<fb::Intake>},
    SectionRule{"lienthong.fb.Consent", &check<fb::Consent>},
    SectionRule{"lienthong.fb.Correction", &check<fb::Correction>},
};

}  // namespace

std::span<const SectionRule> procedure_rules() { return kRules; }

Result<bool> is_classified(BytesView document_section) {
    const KindInfo& any_procedural = info(Kind::intake_record);
    const auto index = maybe_section(any_procedural, "document");
    if (const auto checked = check_section(any_procedural.sections[*index], document_section);
        !checked) {
        return std::unexpected(checked.error());
    }
    const AlignedCopy aligned(document_section);
    const auto& document = *flatbuffers::GetRoot<fb::DocumentInfo>(aligned.view().data());
    return document.classification() != fb::Classification::none_set;
}

}  // namespace lienthong::message
