// SPDX-License-Identifier: Apache-2.0
// `lienthong bundle`: signed files on a stick between a node without a network and the broker.
#include <fmt/format.h>

#include "adapters/cli/broker_api.hpp"
#include "adapters/cli/commands.hpp"
#include "adapters/cli/names.hpp"

namespace lienthong::cli {
namespace {

node::Api::BundleProgress shown_by(const Progress& progress) {
    return [&progress](std::size_t done, std::size_t all) {
        progress(fmt::format("{}/{}", done, all));
    };
}

// The part of a bundle that an error is about means nothing without the file that was given.
Error in_bundle(Error error, const std::string& file) {
    const bool whole = error.where.empty() || error.where == "file";
    error.where = whole ? file : file + ": " + error.where;
    return error;
}

}  // namespace

Result<Answer> export_bundle(Session& session, const Invocation& invocation) {
    auto bundle = session.api.export_bundle(shown_by(session.progress));
    if (!bundle) return std::unexpected(bundle.error());
    Answer answer;
    answer.body = Json{{"number", bundle->number},
                       {"batches", bundle->batches},
                       {"messages", bundle->messages},
                       {"waiting", bundle->waiting},
                       {"bytes", bundle->file.size()},
                       {"out", invocation.text("out")}};
    answer.outputs.emplace("out", std::move(bundle->file));
    return answer;
}

Result<Answer> import_bundle(Session& session, const Invocation& invocation) {
    if (invocation.has("out")) {
        return fail(Code::bad_argument, "only the broker writes a reply", "--out");
    }
    auto file = invocation.input("file");
    if (!file) return std::unexpected(file.error());
    auto taken = session.api.import_bundle(as_bytes(*file), shown_by(session.progress));
    if (!taken) return std::unexpected(in_bundle(taken.error(), invocation.text("file")));
    Answer answer;
    answer.body = Json{{"number", taken->number},
                       {"receipts", taken->receipts},
                       {"accepted", taken->accepted},
                       {"refused", taken->refused},
                       {"again", taken->again},
                       {"entries", taken->entries},
                       {"more", taken->more}};
    return answer;
}

Result<Answer> import_bundle_at_broker(BrokerSession& session, const Invocation& invocation) {
    if (!invocation.has("out")) {
        return fail(Code::bad_argument, "a file for the reply must be named", "--out");
    }
    auto file = invocation.input("file");
    if (!file) return std::unexpected(file.error());
    auto reply = session.broker.import_bundle(as_bytes(*file), shown_by(session.progress));
    if (!reply) return std::unexpected(in_bundle(reply.error(), invocation.text("file")));
    Answer answer;
    answer.body = Json{{"agency", reply->agency.text()},
                       {"node", reply->node.text()},
                       {"number", reply->number},
                       {"receipts", reply->counts.receipts},
                       {"accepted", reply->counts.accepted},
                       {"refused", reply->counts.refused},
                       {"entries", reply->counts.entries},
                       {"more", reply->counts.more},
                       {"bytes", reply->file.size()},
                       {"out", invocation.text("out")}};
    answer.outputs.emplace("out", std::move(reply->file));
    return answer;
}

std::string render_export(const Json& body, Lang lang) {
    std::string text = fmt::format("{} {} → {}\n{}: {}, {}: {}, {}: {}\n",
                                   Words{"Gói", "Bundle"}.in(lang),
                                   cell(body, "number"),
                                   cell(body, "out"),
                                   Words{"lô", "batches"}.in(lang),
                                   cell(body, "batches"),
                                   Words{"thông điệp", "messages"}.in(lang),
                                   cell(body, "messages"),
                                   Words{"byte", "bytes"}.in(lang),
                                   cell(body, "bytes"));
    if (body.value("waiting", 0U) > 0) {
        text += fmt::format("{}: {}\n",
                            Words{"còn chờ gói sau", "waiting for a later bundle"}.in(lang),
                            cell(body, "waiting"));
    }
    return text;
}

std::string render_import(const Json& body, Lang lang) {
    std::string text =
        fmt::format("{} {}\n", Words{"Gói", "Bundle"}.in(lang), cell(body, "number"));
    const auto row = [&](Words words, const char* key) {
        if (body.contains(key)) text += fmt::format("{}: {}\n", words.in(lang), cell(body, key));
    };
    row({"biên nhận", "receipts"}, "receipts");
    row({"đã nhận", "accepted"}, "accepted");
    row({"từ chối", "refused"}, "refused");
    row({"gửi lại trong gói sau", "again in the next bundle"}, "again");
    row({"thông điệp đến", "entries that arrived"}, "entries");
    row({"tệp trả lời", "reply"}, "out");
    if (body.value("more", false)) {
        text += Words{"Còn nữa: xuất và nhập thêm một lần.\n",
                      "There is more: export and import once more.\n"}
                    .in(lang);
    }
    return text;
}

}  // namespace lienthong::cli
