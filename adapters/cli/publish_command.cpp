// SPDX-License-Identifier: Apache-2.0
// `lienthong publish`: a file of figures or other messages of no case. Good lines go out, bad ones
// are named; the same file again gives the same ids and positions.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "adapters/cli/commands.hpp"
#include "adapters/cli/details.hpp"
#include "adapters/cli/names.hpp"
#include "adapters/cli/publish_lines.hpp"

namespace lienthong::cli {
namespace {

constexpr std::size_t kChunk = 512;  // drafts that enter the outbox in one durable step
using State = node::Outcome::State;

// One run: takes the lines chunk by chunk, collects what became of each.
class Publication {
  public:
    Publication(Session& session, const Invocation& invocation)
        : session_(session),
          lang_(invocation.lang),
          until_(session.clock.monotonic() + std::chrono::nanoseconds(invocation.wait)) {}

    void refuse(std::size_t line, const Error& error, bool proof = false) {
        Json row{{"line", line}, {"code", info(error.code).name}};
        std::string what = words_of(error, lang_);
        if (!error.where.empty()) what += " (" + place_in(error.where, lang_) + ")";
        row["what"] = std::move(what);
        row["do"] = advice_of(error, lang_);
        if (!error.grant_missing.empty()) row["grant_missing"] = error.grant_missing;
        if (proof) row["refusal_proof"] = true;  // the broker's signature over it is kept
        refused_.push_back(std::move(row));
        if (exit_ == 0) exit_ = exit_code(error.errc());
    }

    void send(std::vector<PublishLine>& lines) {
        std::size_t done = 0;
        for (auto first = lines.begin(); first != lines.end();) {
            const auto count = std::min<std::ptrdiff_t>(kChunk, lines.end() - first);
            send_chunk(std::vector<PublishLine>(std::make_move_iterator(first),
                                                std::make_move_iterator(first + count)));
            first += count;
            done += static_cast<std::size_t>(count);
            if (lines.size() > kChunk) {
                session_.progress(fmt::format("{}/{}", done, lines.size()));
            }
        }
    }

    Answer answer() {
        Answer answer;
        std::ranges::sort(refused_, {}, [](const Json& row) { return row.value("line", 0U); });
        answer.body = Json{{"accepted", std::move(accepted_)}, {"refused", std::move(refused_)}};
        answer.exit = exit_;
        if (waiting_ > 0) {
            answer.body["waiting"] = waiting_;
            const Words kept{"còn nằm trong hộp gửi và sẽ tự gửi đi",
                             "kept in the outbox; they go out by themselves"};
            const Error error{
                waits_for_, fmt::format("{} {}", waiting_, kept.in(lang_)), "outbox", {}};
            answer.body["error"] = error_to_json(error, lang_);
            answer.exit = exit_code(error.errc());
        }
        return answer;
    }

  private:
    node::Api::Timeout left() const {
        const auto now = session_.clock.monotonic();
        return now >= until_ ? node::Api::Timeout(0)
                             : std::chrono::duration_cast<node::Api::Timeout>(until_ - now);
    }

    void send_chunk(std::vector<PublishLine> chunk) {
        std::vector<node::Draft> drafts;
        std::vector<std::size_t> numbers;
        for (PublishLine& line : chunk) {
            if (!line.draft) continue;
            drafts.push_back(std::move(*line.draft));
            numbers.push_back(line.line);
        }
        if (drafts.empty()) return;
        auto outcomes = session_.api.submit(drafts, left());
        if (outcomes) {
            for (std::size_t i = 0; i < outcomes->size(); ++i) take((*outcomes)[i], numbers[i]);
        } else {
            send_each(std::move(drafts), numbers);
        }
    }

    // One draft spoilt it for all; each alone then says which. What entered the outbox that way is
    // in it whatever happens after, so its line is never called refused for another's fault.
    void send_each(std::vector<node::Draft> drafts, const std::vector<std::size_t>& numbers) {
        std::vector<node::Draft> entered;
        std::vector<node::Outcome> outcomes;
        std::vector<std::size_t> lines;
        for (std::size_t i = 0; i < drafts.size(); ++i) {
            auto alone = session_.api.submit({drafts[i]}, node::Api::Timeout(0));
            if (!alone) {
                refuse(numbers[i], of_one_draft(alone.error()));
                continue;
            }
            if (alone->front().state != State::waiting) {
                take(alone->front(), numbers[i]);
                continue;
            }
            entered.push_back(std::move(drafts[i]));
            outcomes.push_back(std::move(alone->front()));
            lines.push_back(numbers[i]);
        }
        if (entered.empty()) return;
        // The same content under the same keys is no new message: it only waits for the outcomes.
        if (auto waited = session_.api.submit(std::move(entered), left())) {
            outcomes = std::move(*waited);
        }
        for (std::size_t i = 0; i < outcomes.size(); ++i) take(outcomes[i], lines[i]);
    }

    void take(const node::Outcome& outcome, std::size_t line) {
        switch (outcome.state) {
            case State::accepted:
                accepted_.push_back(
                    Json{{"id", outcome.id.text()}, {"position", outcome.position}});
                break;
            case State::waiting:
                ++waiting_;
                waits_for_ = outcome.waits_for.value_or(waits_for_);
                break;
            case State::refused:
                refuse(line,
                       outcome.refusal.value_or(Error{Code::forbidden, {}, {}, {}}),
                       outcome.refusal_proof);
                break;
        }
    }

    Session& session_;
    const Lang lang_;
    const Clock::Monotonic until_;
    Json accepted_ = Json::array();
    std::vector<Json> refused_;
    std::size_t waiting_ = 0;
    Code waits_for_ = Code::timeout;
    int exit_ = 0;
};

}  // namespace

Result<Answer> publish(Session& session, const Invocation& invocation) {
    auto kind = to_kind(invocation.text("kind"));
    if (!kind) return std::unexpected(kind.error());
    auto text = invocation.input("file");
    if (!text) return std::unexpected(text.error());
    auto documents = documents_of(session);
    if (!documents) return std::unexpected(documents.error());
    auto status = session.api.status(node::Api::Timeout(0));
    if (!status) return std::unexpected(status.error());

    PublishSource source;
    source.kind = *kind;
    source.text = *text;
    source.agency = status->agency;
    const std::string file = invocation.text("file");
    const std::string format = invocation.text("format");
    if (!format.empty() && format != "csv" && format != "jsonl") {
        return fail(Code::bad_argument, "must be csv or jsonl", "--format");
    }
    source.csv = format == "csv" || (format.empty() && file.ends_with(".csv"));
    source.skip_others = invocation.flag("skip-others");
    source.corrects = invocation.flag("correct");
    auto lines = read_lines(source, *documents->registry);
    if (!lines) {
        Error error = lines.error();
        if (error.where.empty()) error.where = file;
        return std::unexpected(std::move(error));
    }

    Publication publication(session, invocation);
    bool faulty = false;
    for (const PublishLine& line : *lines) {
        if (line.draft) continue;
        publication.refuse(line.line, line.draft.error());
        faulty = true;
    }
    if (!faulty || !invocation.flag("all-or-nothing")) publication.send(*lines);
    return publication.answer();
}

std::string render_publish(const Json& body, Lang lang) {
    std::string text = fmt::format("{}: {}\n{}: {}\n",
                                   Words{"đã nhận", "accepted"}.in(lang),
                                   body["accepted"].size(),
                                   Words{"từ chối", "refused"}.in(lang),
                                   body["refused"].size());
    std::set<std::string> advices;
    for (const Json& row : body["refused"]) {
        text += fmt::format("  {} {}: {} ({})\n",
                            Words{"dòng", "line"}.in(lang),
                            cell(row, "line"),
                            cell(row, "what"),
                            cell(row, "code"));
        advices.insert(row.value("do", ""));
    }
    for (const std::string& advice : advices) {
        if (!advice.empty()) text += fmt::format("  → {}\n", advice);
    }
    return text;
}

}  // namespace lienthong::cli
