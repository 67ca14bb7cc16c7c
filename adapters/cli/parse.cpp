// SPDX-License-Identifier: Apache-2.0
#include "adapters/cli/parse.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <deque>
#include <map>

#include "bus/base/text.hpp"

#ifndef LT_VERSION
#define LT_VERSION "0"
#endif

namespace lienthong::cli {
namespace {

constexpr std::int64_t kWaitSecondsMax = 3600;

constexpr Words kHelp = {"in hướng dẫn này", "print this help"};
constexpr Words kVersion = {"in phiên bản", "print the version"};
constexpr Words kOptionsGroup = {"Tùy chọn", "Options"};
constexpr Words kCommandsGroup = {"Lệnh", "Commands"};
constexpr Words kCommonGroup = {"Tùy chọn của mọi lệnh", "Options of every command"};
constexpr int kOptionColumn = 28;  // of CLI11's help
// What CLI11's help calls its parts.
constexpr std::array<std::pair<std::string_view, Words>, 6> kLabels = {{
    {"Usage", {"Cách dùng", "Usage"}},
    {"OPTIONS", {"TÙY CHỌN", "OPTIONS"}},
    {"SUBCOMMAND", {"LỆNH", "COMMAND"}},
    {"SUBCOMMANDS", {"LỆNH", "COMMAND"}},
    {"Positionals", {"Tham số", "Arguments"}},
    {"REQUIRED", {"(bắt buộc)", "(required)"}},
}};

// The words that an option was given, in place until the parser has gone.
struct Given {
    const Option* option = nullptr;
    bool flag = false;
    std::vector<std::string> texts;
};
using Givens = std::deque<Given>;

std::unexpected<Error> usage(std::string what, std::string where) {
    return fail(Code::bad_argument, std::move(what), std::move(where));
}

std::string shown(const Option& option) {
    return option.positional ? std::string(option.name) : fmt::format("--{}", option.name);
}

void add_option(CLI::App& app, const Option& option, Lang lang, Givens& givens) {
    Given& given = givens.emplace_back();
    given.option = &option;
    const std::string help(option.help.in(lang));
    if (option.kind == Option::Kind::flag) {
        app.add_flag(shown(option), given.flag, help);
        return;
    }
    CLI::Option* added = app.add_option(shown(option), given.texts, help);
    added->type_name("")->allow_extra_args(false)->required(option.required);
    added->option_text(option.positional                     ? std::string()
                       : option.kind == Option::Kind::number ? "N"
                       : option.kind == Option::Kind::input || option.kind == Option::Kind::output
                           ? "FILE"
                           : "TEXT");
    if (option.kind != Option::Kind::list)
        added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
}

Result<std::int64_t> to_number(const std::string& text, const Option& option) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) {
        return usage("must be a whole number", shown(option));
    }
    return number;
}

Result<void> take(const Given& given, Json& args) {
    const Option& option = *given.option;
    const std::string name(option.name);
    if (option.kind == Option::Kind::flag) {
        if (given.flag) args[name] = true;
        return {};
    }
    std::vector<std::string> texts;
    for (const std::string& text : given.texts) {
        auto normal = to_nfc(text);
        if (!normal) return usage("must be UTF-8", shown(option));
        texts.push_back(std::move(*normal));
    }
    if (texts.empty()) return {};
    if (option.kind == Option::Kind::number) {
        auto number = to_number(texts.front(), option);
        if (!number) return std::unexpected(number.error());
        args[name] = *number;
    } else if (option.kind == Option::Kind::list) {
        args[name] = texts;
    } else {
        args[name] = texts.front();
    }
    return {};
}

bool takes_a_value(std::string_view word) {
    const auto named = [&](const Option& option) {
        return option.kind != Option::Kind::flag && !option.positional && shown(option) == word;
    };
    return std::ranges::any_of(common_options(), named) ||
           std::ranges::any_of(all_commands(), [&](const Command& command) {
               return std::ranges::any_of(command.options, named);
           });
}

// The first word, or the first two, that begin no command of the table; CLI11 says only that a
// command is missing.
std::optional<std::string> maybe_unknown_command(const std::vector<std::string>& words) {
    std::string path;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i].starts_with('-')) {
            if (takes_a_value(words[i])) ++i;
            continue;
        }
        path += (path.empty() ? "" : " ") + words[i];
        if (maybe_command(path) != nullptr) return std::nullopt;
        const bool is_group = std::ranges::any_of(all_commands(), [&](const Command& command) {
            return command.name.starts_with(path + " ");
        });
        if (!is_group) return path;
    }
    return std::nullopt;
}

// The commands of the table as CLI11 has them: groups ("case") with commands below.
class Parser {
  public:
    explicit Parser(Lang lang)
        : lang_(lang),
          app_(std::string(Words{"Liên Thông: trục trao đổi dữ liệu giữa các cơ quan",
                                 "Liên Thông: data exchange between agencies"}
                               .in(lang)),
               "lienthong") {
        app_.set_help_flag("--help,-h", std::string(kHelp.in(lang)));
        const auto formatter = app_.get_formatter();
        for (const auto& [label, words] : kLabels) {
            formatter->label(std::string(label), std::string(words.in(lang)));
        }
        const std::string options(kOptionsGroup.in(lang));
        app_.get_help_ptr()->group(options);
        app_.option_defaults()->group(options);
        app_.require_subcommand(1);
        app_.fallthrough();
        app_.set_version_flag("--version", "lienthong " LT_VERSION, std::string(kVersion.in(lang)));
        for (const Option& option : common_options()) add_option(app_, option, lang_, common_);
        for (const Command& command : all_commands()) add(command);
    }

    Result<Parsed> parse(std::vector<std::string> words) {
        Parsed parsed;
        words_ = words;
        std::ranges::reverse(words);  // as CLI11 takes them
        try {
            app_.parse(std::move(words));
        } catch (const CLI::Success& success) {
            std::ostringstream text;
            app_.exit(success, text, text);
            parsed.text = text.str();
            return parsed;
        } catch (const CLI::ParseError& error) {
            if (auto word = maybe_unknown_command(words_)) {
                return usage("no such command", std::move(*word));
            }
            return usage(error.what(), path_of(&app_));
        }
        for (auto& [command, slot] : slots_) {
            if (!slot.app->parsed()) continue;
            parsed.command = command;
            parsed.invocation.command = command->name;
            auto taken = take_all(slot.givens, parsed);
            if (!taken) return std::unexpected(taken.error());
        }
        auto taken = take_all(common_, parsed);
        if (!taken) return std::unexpected(taken.error());
        return parsed;
    }

  private:
    struct Slot {
        CLI::App* app = nullptr;
        Givens givens;
    };

    void add(const Command& command) {
        CLI::App* parent = &app_;
        std::string_view name = command.name;
        if (const std::size_t space = name.find(' '); space != std::string_view::npos) {
            const std::string group(name.substr(0, space));
            if (!groups_.contains(group)) {
                groups_[group] = app_.add_subcommand(group, group_help(group))->fallthrough();
                groups_[group]->require_subcommand(1);
                dress(*groups_[group]);
            }
            parent = groups_[group];
            name = name.substr(space + 1);
        }
        Slot& slot = slots_[&command];
        slot.app = parent->add_subcommand(std::string(name), std::string(command.help.in(lang_)));
        slot.app->fallthrough();
        dress(*slot.app);
        if (command.hidden) slot.app->group("");
        for (const Option& option : command.options) {
            add_option(*slot.app, option, lang_, slot.givens);
        }
    }

    // Headings in the reader's language, and below them the options that CLI11 shows only once, at
    // the program itself.
    void dress(CLI::App& app) const {
        app.group(std::string(kCommandsGroup.in(lang_)));
        app.get_help_ptr()->group(std::string(kOptionsGroup.in(lang_)));
        std::string text = fmt::format("{}:", kCommonGroup.in(lang_));
        for (const Option& option : common_options()) {
            const std::string_view value = option.kind == Option::Kind::flag     ? ""
                                           : option.kind == Option::Kind::number ? " N"
                                                                                 : " TEXT";
            text += fmt::format("\n  {:<{}}{}",
                                shown(option) + std::string(value),
                                kOptionColumn,
                                option.help.in(lang_));
        }
        app.footer(text);
    }

    // The first sentence of each of the group's commands would be too long.
    static std::string group_help(const std::string& group) {
        std::string names;
        for (const Command& command : all_commands()) {
            if (!command.name.starts_with(group + " ")) continue;
            if (!names.empty()) names += ", ";
            names += command.name.substr(group.size() + 1);
        }
        return names;
    }

    static Result<void> take_all(const Givens& givens, Parsed& parsed) {
        for (const Given& given : givens) {
            auto taken = take(given, parsed.invocation.args);
            if (!taken) return taken;
        }
        return {};
    }

    static std::string path_of(const CLI::App* app) {
        std::string path;
        for (;;) {
            const auto chosen = app->get_subcommands();
            if (chosen.empty()) return path;
            app = chosen.front();
            if (!path.empty()) path += " ";
            path += app->get_name();
        }
    }

    const Lang lang_;
    std::vector<std::string> words_;
    CLI::App app_;
    Givens common_;
    std::map<std::string, CLI::App*> groups_;
    std::map<const Command*, Slot> slots_;
};

}  // namespace

Manners manners_of(const std::vector<std::string>& words, std::string_view locale) {
    Manners manners;
    if (locale.starts_with("en")) manners.lang = Lang::en;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (words[i] == "--json") manners.json = true;
        std::string lang;
        if (words[i].starts_with("--lang=")) lang = words[i].substr(7);
        if (words[i] == "--lang" && i + 1 < words.size()) lang = words[i + 1];
        if (lang == "vi") manners.lang = Lang::vi;
        if (lang == "en") manners.lang = Lang::en;
    }
    return manners;
}

Result<Parsed> parse(const std::vector<std::string>& words, std::string_view locale) {
    const Manners manners = manners_of(words, locale);
    auto parsed = Parser(manners.lang).parse(words);
    if (!parsed || parsed->command == nullptr) return parsed;
    Invocation& invocation = parsed->invocation;
    invocation.lang = manners.lang;
    parsed->json = invocation.flag("json");
    if (const std::string lang = invocation.text("lang");
        !lang.empty() && lang != "vi" && lang != "en") {
        return usage("must be vi or en", "--lang");
    }
    const std::int64_t wait = invocation.number("wait", invocation.wait.count() / 1000);
    if (wait > kWaitSecondsMax) return usage("at most 3600 seconds", "--wait");
    invocation.wait = std::chrono::seconds(wait);
    parsed->home = invocation.text("home");
    if (parsed->command->needs_home && parsed->home.empty()) {
        return usage("the home of a node or broker must be given", "--home");
    }
    // These are the client's own; the command is the same without them.
    for (const char* name : {"json", "lang", "wait"}) invocation.args.erase(name);
    return parsed;
}

}  // namespace lienthong::cli
