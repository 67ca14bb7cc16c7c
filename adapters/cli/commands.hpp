// SPDX-License-Identifier: Apache-2.0
// The functions that the table of commands names, by subject. A render_ function makes the text for
// people from the JSON of the answer.
#pragma once

#include <string>

#include "adapters/cli/command.hpp"

namespace lienthong::cli {

// Processes and homes.
Result<Answer> init(Environment& environment, const Invocation& invocation);
std::string render_init(const Json& body, Lang lang);
Result<Answer> run_broker(Environment& environment, const Invocation& invocation);
Result<Answer> run_node(Environment& environment, const Invocation& invocation);
Result<Answer> print_completion(Environment& environment, const Invocation& invocation);
std::string render_completion(const Json& body, Lang lang);
std::string bash_completion();

Result<Answer> show_status(Session& session, const Invocation& invocation);
Result<Answer> show_broker_status(BrokerSession& session, const Invocation& invocation);
std::string render_status(const Json& body, Lang lang);

// How fast a test bus is: one of whose name's words, between hyphens, is `test`. forbidden: it is
// none.
bool is_test_bus(const BusId& bus);
Result<Answer> bench(Session& session, const Invocation& invocation);
std::string render_bench(const Json& body, Lang lang);

// Statistics and other messages of no case.
Result<Answer> publish(Session& session, const Invocation& invocation);
std::string render_publish(const Json& body, Lang lang);
Result<Answer> report_outreach(Session& session, const Invocation& invocation);
std::string render_outreach(const Json& body, Lang lang);
Result<Answer> report_completeness(Session& session, const Invocation& invocation);
std::string render_completeness(const Json& body, Lang lang);

// The inbox.
Result<Answer> consume(Session& session, const Invocation& invocation);
Result<Answer> show_inbox(Session& session, const Invocation& invocation);
std::string render_inbox(const Json& body, Lang lang);
Result<Answer> show_message(Session& session, const Invocation& invocation);
std::string render_message(const Json& body, Lang lang);
Result<Answer> take_section(Session& session, const Invocation& invocation);
Result<Answer> show_log(Session& session, const Invocation& invocation);
Result<Answer> show_broker_log(BrokerSession& session, const Invocation& invocation);
std::string render_log(const Json& body, Lang lang);
Result<Answer> verify_audit(Environment& environment, const Invocation& invocation);
std::string render_audit(const Json& body, Lang lang);
Result<Answer> compare_heads(Environment& environment, const Invocation& invocation);
std::string render_comparison(const Json& body, Lang lang);

// Bundles on a stick.
Result<Answer> export_bundle(Session& session, const Invocation& invocation);
Result<Answer> import_bundle(Session& session, const Invocation& invocation);
Result<Answer> import_bundle_at_broker(BrokerSession& session, const Invocation& invocation);
std::string render_export(const Json& body, Lang lang);
std::string render_import(const Json& body, Lang lang);

// Cases. One function for every step: the command's name says which.
Result<Answer> send_case_message(Session& session, const Invocation& invocation);
std::string render_case_message(const Json& body, Lang lang);
Result<Answer> case_status(Session& session, const Invocation& invocation);
Result<Answer> case_list(Session& session, const Invocation& invocation);
Result<Answer> case_timeline(Session& session, const Invocation& invocation);
std::string render_case(const Json& body, Lang lang);
std::string render_cases(const Json& body, Lang lang);
std::string render_timeline(const Json& body, Lang lang);

// Rules and keys.
Result<Answer> policy_explain(Session& session, const Invocation& invocation);
Result<Answer> policy_check(Session& session, const Invocation& invocation);
Result<Answer> policy_diff(Session& session, const Invocation& invocation);
Result<Answer> policy_adopt(Session& session, const Invocation& invocation);
Result<Answer> policy_show(Session& session, const Invocation& invocation);
Result<Answer> registry_show(Session& session, const Invocation& invocation);
Result<Answer> registry_add(Session& session, const Invocation& invocation);
Result<Answer> registry_adopt(Session& session, const Invocation& invocation);
std::string render_source(const Json& body, Lang lang);
std::string render_explain(const Json& body, Lang lang);
std::string render_findings(const Json& body, Lang lang);
std::string render_difference(const Json& body, Lang lang);
std::string render_adopted(const Json& body, Lang lang);
Result<Answer> key_request(Session& session, const Invocation& invocation);
Result<Answer> key_install(Session& session, const Invocation& invocation);
Result<Answer> key_list(Session& session, const Invocation& invocation);
Result<Answer> key_issue(Session& session, const Invocation& invocation);
Result<Answer> key_rotate(Session& session, const Invocation& invocation);
Result<Answer> key_revoke(Session& session, const Invocation& invocation);
std::string render_keys(const Json& body, Lang lang);

}  // namespace lienthong::cli
