// SPDX-License-Identifier: Apache-2.0
// What agencies do: publish figures, take cases through their steps, read what came; and what
// strangers to a case try.
#include <fmt/format.h>

#include <array>
#include <span>

#include "bus/base/check.hpp"
#include "tests/sim/province.hpp"
#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::sim {
namespace {

using message::Kind;
using test::world;

struct CaseStep {
    std::string_view slug;
    Kind kind;
};
// The second case is none of the border guard's.
constexpr CaseStep kSecondCase[] = {
    {"police", Kind::intake_record},
    {"peoples-committee", Kind::commune_notice},
    {"labour", Kind::initial_check},
    {"labour", Kind::verification_request},
    {"police", Kind::verification_acknowledgement},
    {"police", Kind::verification_result},
    {"police", Kind::victim_certificate},
    {"police", Kind::consent},
    {"labour", Kind::support_referral},
};
constexpr CaseStep kFirstCase[] = {
    {"border-guard", Kind::intake_record},
    {"peoples-committee", Kind::commune_notice},
    {"labour", Kind::initial_check},
    {"labour", Kind::verification_request},
    {"police", Kind::verification_acknowledgement},
    {"police", Kind::information_request},
    {"border-guard", Kind::information_reply},
    {"police", Kind::verification_extension},
    {"police", Kind::verification_result},
    {"police", Kind::victim_certificate},
    {"labour", Kind::consent},
    {"labour", Kind::support_referral},
};

std::span<const CaseStep> steps_of(int case_number) {
    if (case_number == 0) return kFirstCase;
    return kSecondCase;
}

const std::vector<std::string> kReporters = {
    "labour", "police", "border-guard", "information", "womens-union"};

constexpr std::chrono::hours kPatience{24 * 100};
constexpr std::size_t kLargeBytes = 300 * 1024;  // more than one chunk

// Figures that nobody else reports: no two drafts of a run say the same.
Bytes report_of(std::string_view root_table, Tag tag) {
    std::string json = message::sample(std::string(root_table));
    const std::string old = "\"source_number\": 11";
    const std::size_t at = json.find(old);
    CHECK(at != std::string::npos);
    json.replace(at, old.size(), "\"source_number\": " + std::to_string(1000 + tag));
    return message::payload(std::string(root_table), json);
}

}  // namespace

node::Draft Province::tagged(node::Draft draft, Tag tag) const {
    draft.expires = expiry_of(tag);
    draft.key = fmt::format("draft-{}", tag);
    if (draft.kind == Kind::outreach_report) {
        draft.sections.front().second = report_of("lienthong.fb.OutreachReport", tag);
    }
    return draft;
}

void Province::submit(Submitted submitted) {
    Said said{submitted.slug, submitted.draft.kind, {}, submitted.case_number};
    for (const auto& [name, bytes] : submitted.draft.sections) said.sections.push_back(name);
    if (submitted.draft.facts) said.sections.emplace_back("facts");
    submitted.tag = model_.submit(std::move(said));
    submitted.draft = tagged(std::move(submitted.draft), submitted.tag);
    submitted_.push_back(std::move(submitted));
    ask(submitted_.size() - 1);
}

void Province::publish_figures() {
    const std::string& slug = kReporters[below(kReporters.size())];
    if (away_.contains(slug)) return;
    const std::size_t drafts = 1 + below(4);
    for (std::size_t i = 0; i < drafts; ++i) {
        const bool summary = slug == "labour" && chance(150);
        Submitted made;
        made.slug = slug;
        made.draft = test::draft(summary ? Kind::province_summary : Kind::outreach_report);
        submit(std::move(made));
    }
}

// The next step of the case once the one before is through; a step that somebody's restored node
// does not know of any more is seen in the log, as its agency would see it in its inbox.
void Province::go_on_with(CaseCourse& course) {
    if (course.waits) {
        const Submitted& one = submitted_[*course.waits];
        if (!one.is_final()) {
            ask(*course.waits);
            return;
        }
        // What a node sent before it was restored may still be on its way.
        constexpr std::size_t kUnderWay = 30;
        if (one.abandoned && (steps_ < one.abandoned_in + kUnderWay || !bus_->hub().idle())) {
            return;
        }
        course.step = model_.steps_of(course.number);
        course.id = model_.case_id(course.number);
        course.waits.reset();
    }
    if (course.step == steps_of(course.number).size()) return;
    const CaseStep& step = steps_of(course.number)[course.step];
    if (away_.contains(std::string(step.slug))) return;
    if (bus_->maybe_node(std::string(step.slug)) == nullptr) return;
    Submitted made;
    made.slug = step.slug;
    made.case_number = course.number;
    message::CaseFacts facts;
    if (step.kind == Kind::intake_record) {
        std::vector<std::string_view> parties = {"labour", "peoples-committee"};
        if (course.number == 0) parties.emplace_back("police");
        made.draft =
            plan_.large ? test::large_opening(parties, kLargeBytes) : test::opening(parties);
    } else {
        if (step.kind == Kind::verification_result) facts.outcome = message::Outcome::confirmed;
        if (step.kind == Kind::consent) {
            facts.consent = message::ConsentState::given;
            facts.consent_for = {world().id("womens-union")};
        }
        made.draft = test::case_draft(step.kind, course.id, std::move(facts));
    }
    if (step.kind == Kind::support_referral) {
        made.draft.sections.emplace_back("limited-view",
                                         test::sample_section("lienthong.fb.LimitedView"));
    }
    submit(std::move(made));
    course.waits = submitted_.size() - 1;
}

void Province::ask(std::size_t index) {
    Submitted& one = submitted_[index];
    node::NodeAgent* node = bus_->maybe_node(one.slug);
    if (node == nullptr || one.asked || one.is_final()) return;
    one.asked = one.offered = true;
    node->submit({one.draft},
                 clocks_.at(one.slug).monotonic() + kPatience,
                 [this, index](Result<std::vector<node::Outcome>> outcomes) {
                     Submitted& mine = submitted_[index];
                     mine.asked = false;
                     if (!outcomes) return;
                     mine.outcome = outcomes->front();
                     if (!liar_) model_.saw_outcome(mine.tag, *mine.outcome);
                 });
    one.taken = one.taken || one.asked || one.outcome.has_value();
}

void Province::ask_all() {
    for (std::size_t i = 0; i < submitted_.size(); ++i) ask(i);
}

// Its process is gone, and with it who was to answer.
void Province::forget_questions(const std::string& slug) {
    for (Submitted& one : submitted_) {
        if (one.slug == slug) one.asked = false;
    }
    if (change_ && change_->asked_at == slug) change_->asked = false;
}

bool Province::all_settled() const {
    for (const Submitted& one : submitted_) {
        if (!one.is_final()) return false;
    }
    for (const CaseCourse& course : cases_) {
        if (course.step != steps_of(course.number).size()) return false;
    }
    return !change_;
}

// The agency's program takes what is new in the inbox; its own position is never lost.
void Province::consume(const std::string& slug) {
    node::NodeAgent* node = bus_->maybe_node(slug);
    if (node == nullptr || (liar_ && liar_->has_begun())) return;
    const auto entries = node->consume(app_cursors_[slug], 64);
    if (!entries) return;  // a fault of its disk
    for (const node::InboxEntry& entry : *entries) {
        model_.applied(slug, entry);
        app_cursors_[slug] = entry.position + 1;
    }
}

// A case that there is and one that there is not: the answers must be the same.
void Province::ask_as_a_stranger() {
    const bool by_information = chance(300);
    const std::string slug = by_information ? "information" : "border-guard";
    const CaseCourse& course = cases_.back();
    node::NodeAgent* node = bus_->maybe_node(slug);
    if (node == nullptr || course.id.is_none() || course.number == 0) return;
    message::Query query;
    constexpr std::array kinds = {message::QueryKind::case_status,
                                  message::QueryKind::case_timeline,
                                  message::QueryKind::case_parties};
    query.kind = kinds[below(kinds.size())];
    query.case_id = chance(500) ? course.id : random_.case_id();
    query.officer = OfficerId::of(by_information ? "o-tt-01" : "o-bp-01");
    query.purpose = Purpose::of("verification");
    query.count_max = 10;
    const std::string which = fmt::format("{} {}", slug, static_cast<int>(query.kind));
    node->query(query,
                clocks_.at(slug).monotonic() + std::chrono::seconds{20},
                [this, which](Result<message::QueryAnswer> answer) {
                    if (answer) {
                        model_.fail("a stranger was told of a case");
                    } else if (!answer.error().retriable()) {
                        model_.saw_denial(which, answer.error());
                    }
                });
    count("questions of strangers");
}

}  // namespace lienthong::sim
