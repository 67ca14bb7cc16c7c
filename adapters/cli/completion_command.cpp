// SPDX-License-Identifier: Apache-2.0
// The bash completion, made from the table of commands; completion/lienthong.bash is this output,
// and a test compares them.
#include <fmt/format.h>

#include <map>
#include <vector>

#include "adapters/cli/commands.hpp"

namespace lienthong::cli {
namespace {

std::string words_of(std::span<const Option> options) {
    std::string words;
    for (const Option& option : options) {
        if (!option.positional) words += fmt::format(" --{}", option.name);
    }
    return words;
}

}  // namespace

std::string bash_completion() {
    std::vector<std::string> groups;
    std::map<std::string, std::string> members;
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        const std::size_t space = command.name.find(' ');
        const std::string first(command.name.substr(0, space));
        if (!members.contains(first)) groups.push_back(first);
        std::string& list = members[first];
        if (space != std::string_view::npos)
            list += fmt::format(" {}", command.name.substr(space + 1));
    }
    std::string text =
        "# SPDX-License-Identifier: Apache-2.0\n"
        "# Bash completion of lienthong; made by: lienthong completion bash\n"
        "_lienthong() {\n"
        "    local current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
        "    local words=\"\" command=\"\" skip=0 i\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        if ((skip)); then skip=0; continue; fi\n"
        "        case \"${COMP_WORDS[i]}\" in\n"
        "            --home | --lang | --wait) skip=1 ;;\n"
        "            -*) ;;\n"
        "            *) command=\"${command:+$command }${COMP_WORDS[i]}\" ;;\n"
        "        esac\n"
        "    done\n"
        "    case \"$command\" in\n"
        "        \"\") words=\"";
    for (std::size_t i = 0; i < groups.size(); ++i) text += (i == 0 ? "" : " ") + groups[i];
    text += "\" ;;\n";
    for (const std::string& group : groups) {
        if (members[group].empty()) continue;
        text += fmt::format("        \"{}\") words=\"{}\" ;;\n", group, members[group].substr(1));
    }
    for (const Command& command : all_commands()) {
        if (command.hidden) continue;
        text += fmt::format("        \"{}\"*) words=\"{}\" ;;\n",
                            command.name,
                            (words_of(command.options) + words_of(common_options())).substr(1));
    }
    text +=
        "    esac\n"
        "    if [[ \"$current\" == -* || \"$words\" != -* ]]; then\n"
        "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
        "    else\n"
        "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
        "    fi\n"
        "}\n"
        "complete -o filenames -F _lienthong lienthong\n";
    return text;
}

Result<Answer> print_completion(Environment&, const Invocation& invocation) {
    if (invocation.text("shell") != "bash") return fail(Code::bad_argument, "only bash", "SHELL");
    Answer answer;
    answer.body["completion"] = bash_completion();
    return answer;
}

std::string render_completion(const Json& body, Lang) { return body.value("completion", ""); }

}  // namespace lienthong::cli
