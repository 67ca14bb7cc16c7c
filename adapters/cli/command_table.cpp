// SPDX-License-Identifier: Apache-2.0
// The one table of commands and their options.
// tidy: long because it is one table, in two languages.
#include <algorithm>
#include <array>

#include "adapters/cli/commands.hpp"

namespace lienthong::cli {
namespace {

using enum Option::Kind;

constexpr Option argument(std::string_view name, Words help, Option::Kind kind = text) {
    return {name, kind, help, true, true};
}
constexpr Option needed(Option option) {
    option.required = true;
    return option;
}

constexpr std::array kCommon = {
    Option{"home", text, {"thư mục của nút hoặc của máy chủ trục", "home of the node or broker"}},
    Option{"json", flag, {"in một đối tượng JSON", "print one JSON object"}},
    Option{"lang", text, {"ngôn ngữ: vi hoặc en", "language: vi or en"}},
    Option{"wait",
           number,
           {"số giây chờ máy chủ trục (mặc định 10)", "seconds to wait for the broker (10)"}},
};

// ---- options that several commands share ----

constexpr Option kFile =
    argument("file", {"tệp, hoặc - là đầu vào chuẩn", "file, or - for standard input"}, input);
constexpr Option kOut = {
    "out", output, {"tệp kết quả, chưa có sẵn", "file to write, must not exist"}};
constexpr Option kCase = argument("case", {"mã hồ sơ", "case id"});
constexpr Option kId = argument("id", {"mã thông điệp", "message id"});
constexpr Option kAgency = {"agency", text, {"cơ quan (slug hoặc mã)", "agency (slug or id)"}};
constexpr Option kKind = {
    "kind",
    text,
    {"loại thông điệp, ví dụ outreach-report", "kind of message, as outreach-report"}};
constexpr Option kUse = {
    "use", text, {"dùng để: sign, seal, curve, witness", "use: sign, seal, curve, witness"}};
constexpr Option kPeriod = {"period",
                            text,
                            {"kỳ: 2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 hoặc TỪ/ĐẾN",
                             "period: 2021, 2021-H1, 2021-Q1, 2021-03, admin-2021 or FROM/TO"}};
constexpr Option kYear = {"year", number, {"năm", "year"}};
constexpr Option kMax = {"max", number, {"nhiều nhất bao nhiêu", "at most so many"}};
constexpr Option kFrom = {
    "from", number, {"từ vị trí này trong nhật ký", "from this position of the log"}};
constexpr Option kUntil = {
    "until", number, {"chờ đến khi đã nhận vị trí này", "wait until this position has arrived"}};
constexpr Option kOfficer =
    needed({"officer", text, {"mã cán bộ hỏi", "id of the officer who asks"}});
constexpr Option kPurpose = {"purpose", text, {"mục đích", "purpose"}};

// ---- options of each command ----

constexpr std::array kInit = {
    needed(Option{
        "setup",
        text,
        {"tệp bus.toml, hoặc thư mục chứa nó", "file bus.toml, or the directory that holds it"}}),
    Option{"policy",
           text,
           {"tệp policy.toml (mặc định: trong thư mục setup)",
            "file policy.toml (default: in the setup directory)"}},
    Option{"control-endpoint",
           text,
           {"địa chỉ điều khiển, ví dụ tcp://10.0.0.1:5701",
            "control address, as tcp://10.0.0.1:5701"}},
    Option{"data-endpoint", text, {"địa chỉ dữ liệu", "data address"}},
};
constexpr std::array kPublish = {
    kFile,
    needed(kKind),
    Option{"correct",
           flag,
           {"nội dung khác với cùng khóa là đính chính",
            "other content under a known key is a correction"}},
    Option{"all-or-nothing",
           flag,
           {"có dòng sai thì không gửi dòng nào", "send nothing if a line is bad"}},
    Option{"skip-others",
           flag,
           {"bỏ qua dòng của loại hoặc cơ quan khác", "pass over rows of other kinds or agencies"}},
    Option{"format",
           text,
           {"csv hoặc jsonl (mặc định theo tên tệp)", "csv or jsonl (default by the file's name)"}},
};
constexpr std::array kBench = {
    Option{"count", number, {"số thông điệp (mặc định 1000)", "number of messages (1000)"}},
    Option{"size", number, {"số byte của nội dung (mặc định 1024)", "bytes of the content (1024)"}},
    Option{"in-flight",
           number,
           {"số thông điệp gửi cùng lúc (mặc định 100)", "messages under way at once (100)"}},
    Option{"yes-this-is-a-test-bus",
           flag,
           {"xác nhận rằng đây là trục thử nghiệm",
            "say that this is a test bus: the messages stay in its log"}},
};
constexpr std::array kOutreach = {
    kYear,
    kPeriod,
    kAgency,
    Option{"activity", text, {"hoạt động", "activity"}},
    Option{"territory", text, {"địa bàn: mã hoặc tên", "territory: code or name"}},
    kUntil,
};
constexpr std::array kCompleteness = {kYear, kPeriod, kUntil};
constexpr std::array kConsume = {kFrom, kMax, kUntil};
constexpr std::array kInbox = {kMax, kUntil};

constexpr Option kData =
    needed({"data", input, {"tệp JSON có các mục (sections)", "JSON file with the sections"}});
constexpr Option kTo = {"to",
                        list,
                        {"cơ quan trở thành bên tham gia hồ sơ; có thể lặp lại",
                         "agency that becomes a party; may be repeated"}};
constexpr Option kHolder = {
    "holder", text, {"cơ quan có việc tiếp theo", "agency that has the next duty"}};
constexpr Option kDue = {"due", text, {"hạn, yyyy-mm-dd", "due date, yyyy-mm-dd"}};
constexpr Option kAnswers = {
    "answers", text, {"mã thông điệp được trả lời", "id of the message that this one answers"}};
constexpr Option kKey = {"key", text, {"khóa chống gửi trùng", "key against sending twice"}};
constexpr Option kPersons = {"persons", number, {"số người", "number of persons"}};
constexpr Option kAdults = {"adults", number, {"số người lớn", "number of adults"}};
constexpr Option kMinors = {"minors", number, {"số người chưa thành niên", "number of minors"}};

constexpr std::array kCaseOpen = {kData, kTo, kHolder, kDue, kKey, kPersons, kAdults, kMinors};
constexpr std::array kCaseStep = {
    kCase, kData, kTo, kHolder, kDue, kAnswers, kKey, kPersons, kAdults, kMinors};
constexpr std::array kCaseResult = {
    kCase,
    kData,
    kTo,
    kHolder,
    kDue,
    kAnswers,
    kKey,
    needed(Option{
        "outcome",
        text,
        {"confirmed, not-a-victim, insufficient-grounds, withdrawn, transferred hoặc duplicate",
         "confirmed, not-a-victim, insufficient-grounds, withdrawn, transferred or duplicate"}}),
};
constexpr std::array kCaseAccept = {
    kCase,
    kData,
    kTo,
    kHolder,
    kDue,
    kAnswers,
    kKey,
    kPersons,
    kAdults,
    kMinors,
    Option{"yes",
           flag,
           {"đồng ý rõ ràng khi vượt sức chứa thường", "explicit yes above the normal capacity"}},
    Option{"decline", flag, {"từ chối tiếp nhận", "decline"}},
};
constexpr std::array kCaseConsent = {
    kCase,
    kData,
    kTo,
    kKey,
    Option{"given", flag, {"đồng ý", "consent is given"}},
    Option{"withdrawn", flag, {"rút lại đồng ý", "consent is withdrawn"}},
    Option{
        "for",
        list,
        {"cơ quan được đồng ý; có thể lặp lại", "agency that the consent is for; may be repeated"}},
};
constexpr std::array kCaseCorrect = {
    kCase,
    kData,
    needed(Option{
        "answers", text, {"mã thông điệp được đính chính", "id of the message that is corrected"}}),
    kTo,
    kKey,
};
constexpr std::array kCaseStatus = {kCase, kOfficer, needed(kPurpose)};
constexpr std::array kCaseList = {kOfficer, needed(kPurpose)};

constexpr std::array kExplain = {
    needed(kAgency),
    needed(Option{"action", text, {"publish, read hoặc query", "publish, read or query"}}),
    needed(kKind),
    Option{"section", text, {"mục của thông điệp", "section of the message"}},
    kPurpose,
};
constexpr std::array kOneFile = {kFile};
constexpr std::array kMaybeFile = {Option{
    "file",
    input,
    {"tệp nguồn (mặc định: bản đang có hiệu lực)", "source file (default: the one in force)"},
    true}};
constexpr std::array kKeyRequest = {needed(kUse), needed(kOut)};
constexpr std::array kKeyList = {kAgency};
constexpr std::array kKeyIssue = {kFile};
constexpr std::array kKeyRotate = {
    kFile,
    kAgency,
    kUse,
    Option{
        "overlap",
        number,
        {"số giờ khóa cũ còn hiệu lực (mặc định 24)", "hours for which the old key goes on (24)"}},
};
constexpr std::array kKeyRevoke = {argument("id", {"mã khóa", "id of the key"})};
constexpr std::array kMessageShow = {kId, kUntil};
constexpr std::array kMessageSection = {
    kId,
    argument("name", {"tên mục", "name of the section"}),
    kOut,
    Option{"plain", flag, {"nội dung đã mở, dạng JSON", "the opened content, as JSON"}},
};
constexpr std::array kAudit = {
    argument("directory", {"bản sao thư mục dữ liệu của máy chủ trục", "a broker's data, copied"}),
    Option{"administrators",
           input,
           {"danh sách quản trị viên đầu tiên, như đã ký (genesis/administrators.doc của một nút)",
            "the first administrators' list, as signed (a node's genesis/administrators.doc)"}},
    Option{"administrators-sha256",
           text,
           {"hoặc SHA-256 của nó (xem node.toml)", "or its SHA-256 (see node.toml)"}},
};
constexpr std::array kCompare = {
    argument("first",
             {"một đầu cây cùng chữ ký của các bên chứng kiến", "a head with its co-signatures"},
             input),
    argument("second", {"một đầu cây khác", "another one"}, input),
    needed(Option{"registry", input, {"sổ đăng ký, dạng TOML", "the registry, as TOML"}}),
};
constexpr std::array kLog = {kFrom, kMax, kUntil};
constexpr std::array kExport = {needed(kOut)};
constexpr std::array kImport = {
    kFile,
    Option{"out",
           output,
           {"ở trục: tệp trả lời để mang về", "at the broker: the reply to carry back"}}};
constexpr std::array kCompletion = {argument("shell", {"bash", "bash"})};

constexpr Command step(std::string_view name, Words help, std::span<const Option> options) {
    Command command;
    command.name = name;
    command.help = help;
    command.options = options;
    command.node = send_case_message;
    command.render = render_case_message;
    return command;
}

using NodeFunction = Result<Answer> (*)(Session&, const Invocation&);
using BrokerFunction = Result<Answer> (*)(BrokerSession&, const Invocation&);
using LocalFunction = Result<Answer> (*)(Environment&, const Invocation&);
using Render = std::string (*)(const Json&, Lang);

constexpr Command of_node(std::string_view name,
                          Words help,
                          std::span<const Option> options,
                          NodeFunction function,
                          Render render = nullptr) {
    Command command;
    command.name = name;
    command.help = help;
    command.options = options;
    command.node = function;
    command.render = render;
    return command;
}

constexpr Command local(std::string_view name,
                        Words help,
                        std::span<const Option> options,
                        LocalFunction function,
                        Render render = nullptr) {
    Command command;
    command.name = name;
    command.help = help;
    command.options = options;
    command.local = function;
    command.render = render;
    return command;
}

constexpr Command with_broker(Command command, BrokerFunction function) {
    command.broker = function;
    return command;
}
constexpr Command with_lines(Command command) {
    command.json_lines = true;
    return command;
}
constexpr Command without_home(Command command, bool hidden = false) {
    command.needs_home = false;
    command.hidden = hidden;
    return command;
}

constexpr std::array kCommands = {
    local("init",
          {"tạo trục mới: khóa, sổ đăng ký, chính sách, thư mục của máy chủ trục và các nút",
           "make a new bus: keys, registry, policy, homes of broker and nodes"},
          kInit,
          init,
          render_init),
    local("broker",
          {"chạy máy chủ trục cho đến khi được lệnh dừng", "run the broker until told to end"},
          {},
          run_broker),
    local("node",
          {"chạy nút của một cơ quan cho đến khi được lệnh dừng",
           "run an agency's node until told to end"},
          {},
          run_node),
    with_broker(of_node("status",
                        {"tình trạng của nút hoặc của máy chủ trục", "how a node or broker stands"},
                        {},
                        show_status,
                        render_status),
                show_broker_status),
    of_node("publish",
            {"gửi các dòng của một tệp CSV hoặc JSON Lines",
             "publish the lines of a CSV or JSON Lines file"},
            kPublish,
            publish,
            render_publish),
    of_node("bench",
            {"đo tốc độ của một trục thử nghiệm", "measure how fast a test bus is"},
            kBench,
            bench,
            render_bench),
    of_node("report outreach",
            {"số liệu tuyên truyền của các cơ quan, đã cộng", "what the agencies did, added up"},
            kOutreach,
            report_outreach,
            render_outreach),
    of_node("report completeness",
            {"cơ quan nào chưa báo cáo", "who has not reported yet"},
            kCompleteness,
            report_completeness,
            render_completeness),
    with_lines(of_node("consume",
                       {"thông điệp đến, dạng JSON Lines, theo thứ tự nhật ký",
                        "messages that arrived, as JSON Lines, in the order of the log"},
                       kConsume,
                       consume)),
    of_node(
        "inbox", {"thông điệp mới nhất", "the newest messages"}, kInbox, show_inbox, render_inbox),
    step(
        "case open", {"lập biên bản tiếp nhận, mở hồ sơ", "intake record: open a case"}, kCaseOpen),
    step("case handover", {"biên bản bàn giao", "record of handover"}, kCaseStep),
    step("case notify", {"thông báo của cấp xã", "notice of the commune"}, kCaseStep),
    step("case check", {"xác minh ban đầu", "initial check"}, kCaseStep),
    step("case request", {"đề nghị xác minh", "request verification"}, kCaseStep),
    step("case acknowledge", {"xác nhận đã nhận đề nghị", "acknowledge the request"}, kCaseStep),
    step("case ask", {"hỏi thêm thông tin", "ask for information"}, kCaseStep),
    step("case reply", {"trả lời thông tin", "reply with information"}, kCaseStep),
    step("case extend", {"gia hạn xác minh", "extend the verification"}, kCaseStep),
    step("case result", {"kết quả xác minh", "result of the verification"}, kCaseResult),
    step("case certify", {"cấp giấy xác nhận", "issue the certificate"}, kCaseStep),
    step("case refer", {"chuyển tuyến hỗ trợ", "refer to support"}, kCaseStep),
    step("case accept", {"cơ sở tiếp nhận trả lời", "answer of the shelter"}, kCaseAccept),
    step(
        "case consent", {"đồng ý hoặc rút lại đồng ý", "consent given or withdrawn"}, kCaseConsent),
    step("case correct", {"đính chính một thông điệp", "correct a message"}, kCaseCorrect),
    of_node("case status",
            {"hồ sơ đang ở đâu", "where a case stands"},
            kCaseStatus,
            case_status,
            render_case),
    of_node(
        "case list",
        {"các hồ sơ mà cơ quan là một bên tham gia", "the cases to which the agency is a party"},
        kCaseList,
        case_list,
        render_cases),
    of_node("case timeline",
            {"diễn biến của hồ sơ", "the steps of a case"},
            kCaseStatus,
            case_timeline,
            render_timeline),
    of_node(
        "message show",
        {"phần đầu, các mục và những gì đã kiểm chứng", "header, sections and what was verified"},
        kMessageShow,
        show_message,
        render_message),
    of_node("message section",
            {"một mục như đã gửi (CMS, DER) hoặc đã mở",
             "a section as it was sent (CMS, DER), or opened"},
            kMessageSection,
            take_section),
    with_broker(of_node("log show",
                        {"các bản ghi của nhật ký", "entries of the log"},
                        kLog,
                        show_log,
                        render_log),
                show_broker_log),
    without_home(local("audit verify",
                       {"kiểm tra toàn bộ nhật ký đã sao chép", "check a copied log as a whole"},
                       kAudit,
                       verify_audit,
                       render_audit)),
    without_home(local("audit compare",
                       {"so hai đầu cây đã được chứng kiến", "compare two witnessed heads"},
                       kCompare,
                       compare_heads,
                       render_comparison)),
    of_node("bundle export",
            {"ghi hộp gửi ra tệp để mang đi", "write the outbox to a file for a stick"},
            kExport,
            export_bundle,
            render_export),
    with_broker(of_node("bundle import",
                        {"nhập tệp mang đến", "take in a file that was brought"},
                        kImport,
                        import_bundle,
                        render_import),
                import_bundle_at_broker),
    of_node("policy show",
            {"chính sách đang có hiệu lực", "the policy in force"},
            {},
            policy_show,
            render_source),
    of_node("policy explain",
            {"vì sao được hoặc không được phép", "why something is allowed or denied"},
            kExplain,
            policy_explain,
            render_explain),
    of_node("policy check",
            {"những điểm bất thường của chính sách", "what is odd in a policy"},
            kMaybeFile,
            policy_check,
            render_findings),
    of_node("policy diff",
            {"điều gì thay đổi nếu ban hành tệp này", "what would change with this file"},
            kOneFile,
            policy_diff,
            render_difference),
    of_node("policy adopt",
            {"ký và ban hành chính sách", "sign and adopt a policy"},
            kOneFile,
            policy_adopt,
            render_adopted),
    of_node("registry show",
            {"sổ đăng ký đang có hiệu lực", "the registry in force"},
            {},
            registry_show,
            render_source),
    of_node(
        "registry add",
        {"thêm cơ quan, địa bàn, kế thừa vào sổ đăng ký", "add agencies, territories, successions"},
        kOneFile,
        registry_add,
        render_adopted),
    of_node("registry adopt",
            {"ký và ban hành sổ đăng ký", "sign and adopt a registry"},
            kOneFile,
            registry_adopt,
            render_adopted),
    of_node("key list",
            {"các khóa trong sổ đăng ký", "keys of the registry"},
            kKeyList,
            key_list,
            render_keys),
    of_node("key request",
            {"tạo khóa mới và tệp đề nghị", "make a new key and a request for it"},
            kKeyRequest,
            key_request),
    of_node(
        "key install",
        {"dùng khóa mới đã được cấp từ lần khởi động sau", "use a new key from the next start on"},
        {},
        key_install),
    of_node("key issue",
            {"cấp khóa theo đề nghị", "issue a key for a request"},
            kKeyIssue,
            key_issue,
            render_adopted),
    of_node("key rotate",
            {"cấp khóa mới, khóa cũ hết hạn sau thời gian chồng",
             "issue a key and let the old one end"},
            kKeyRotate,
            key_rotate,
            render_adopted),
    of_node("key revoke",
            {"thu hồi khóa từ lúc này", "revoke a key from now on"},
            kKeyRevoke,
            key_revoke,
            render_adopted),
    without_home(local("completion",
                       {"in phần bổ sung lệnh cho bash", "print the completion for bash"},
                       kCompletion,
                       print_completion,
                       render_completion),
                 true),
};

}  // namespace

std::span<const Command> all_commands() { return kCommands; }
std::span<const Option> common_options() { return kCommon; }

const Command* maybe_command(std::string_view name) {
    const auto* found = std::ranges::find(kCommands, name, &Command::name);
    return found == kCommands.end() ? nullptr : found;
}

}  // namespace lienthong::cli
