// SPDX-License-Identifier: Apache-2.0
#include "overlay/ctl/completion.h"

#include <algorithm>
#include <vector>

namespace overlay::ctl {

namespace {

/// One word on the command line that leads further, and what may follow it.
struct Place {
  struct Word {
    std::string text;  // "status", "--output"
    std::string summary;
    std::string values;  // of an option: what may follow it, as a shell word list; "<file>", "<peer>"
    bool takes_value = false;
  };
  std::string path;  // "overlayctl ipam"
  std::vector<Word> commands;
  std::vector<Word> options;
  std::string arguments;  // as Word::values
};

constexpr const char* file_values = "<file>";
constexpr const char* peer_values = "<peer>";

/// What an option of this type takes.
std::string values_of(const std::string& type) {
  if (type == "PATH" || type == "FILE" || type == "NETNS") return file_values;
  if (type == "NAME" || type == "NODE") return peer_values;
  if (type == "FORMAT") return "table wide json";
  if (type == "SHELL") return "bash zsh fish";
  if (type == "CONDITION") return "ready synced peers= path=";
  return {};
}

void add_option(const CLI::Option& option, Place& place) {
  const bool takes_value = option.get_items_expected_max() > 0;
  const auto values = takes_value ? values_of(option.get_type_name()) : "";
  if (option.get_positional()) {
    if (!values.empty()) place.arguments = values;
    return;
  }
  for (const auto& name : option.get_lnames()) {
    place.options.push_back({"--" + name, option.get_description(), values, takes_value});
  }
  for (const auto& name : option.get_snames()) {
    place.options.push_back({"-" + name, option.get_description(), values, takes_value});
  }
}

void add_places(const CLI::App& app, const std::string& path, const std::vector<Place::Word>& inherited,
                std::vector<Place>& out) {
  Place place{path, {}, {}, {}};
  for (const auto* option : app.get_options()) add_option(*option, place);
  // The options of all commands may also come behind a command; its own --help comes before theirs.
  for (const auto& word : inherited) {
    const bool has = std::ranges::find(place.options, word.text, &Place::Word::text) != place.options.end();
    if (!has) place.options.push_back(word);
  }
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* command : commands) {
    place.commands.push_back({command->get_name(), command->get_description(), "", false});
  }
  out.push_back(place);
  for (const auto* command : commands) {
    add_places(*command, path + " " + command->get_name(), place.options, out);
  }
}

std::vector<Place> places_of(const CLI::App& parser) {
  std::vector<Place> out;
  add_places(parser, parser.get_name(), {}, out);
  return out;
}

std::string words(const Place& place) {
  std::string out;
  for (const auto* list : {&place.commands, &place.options}) {
    for (const auto& word : *list) out += (out.empty() ? "" : " ") + word.text;
  }
  return out;
}

/// In single quotes, for all three shells.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string all_paths(const std::vector<Place>& places) {
  std::string out;
  for (const auto& place : places) {
    if (place.path.find(' ') != std::string::npos) out += (out.empty() ? "" : " | ") + quoted(place.path);
  }
  return out;
}

constexpr const char* peer_names = "$(overlayctl peers 2>/dev/null | awk 'NR > 1 {print $1}')";

/// The reply for a kind of values, in bash.
std::string bash_values(const std::string& values) {
  if (values == file_values) return "COMPREPLY=($(compgen -f -- \"$current\"))";
  return "COMPREPLY=($(compgen -W \"" + (values == peer_values ? peer_names : values) +
         "\" -- \"$current\"))";
}

std::string bash_script(const std::vector<Place>& places) {
  std::string out =
      "# Completion of overlayctl for bash; made by: overlayctl completion bash\n"
      "_overlayctl() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} path=overlayctl i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"$path ${COMP_WORDS[i]}\" in\n      " +
      all_paths(places) +
      ") path+=\" ${COMP_WORDS[i]}\" ;;\n    esac\n  done\n"
      "  case \"$path ${COMP_WORDS[COMP_CWORD - 1]}\" in\n";
  for (const auto& place : places) {
    for (const auto& option : place.options) {
      if (!option.takes_value) continue;
      const auto reply = option.values.empty() ? "COMPREPLY=()" : bash_values(option.values);
      out += "    " + quoted(place.path + " " + option.text) + ") " + reply + "; return ;;\n";
    }
  }
  out += "  esac\n  case $path in\n";
  for (const auto& place : places) {
    auto offered = words(place);
    const bool names_peers = place.arguments == peer_values;
    if (!place.arguments.empty() && !names_peers && place.arguments != file_values)
      offered += " " + place.arguments;
    out += "    " + quoted(place.path) + ") COMPREPLY=($(compgen -W \"" + offered +
           (names_peers ? " " + std::string(peer_names) : "") + "\" -- \"$current\")" +
           (place.arguments == file_values ? " $(compgen -f -- \"$current\")" : "") + ") ;;\n";
  }
  return out + "  esac\n}\ncomplete -F _overlayctl overlayctl\n";
}

/// 'word:summary' as _describe wants it.
std::string zsh_word(const Place::Word& word) {
  std::string text = word.text;
  for (std::size_t at = 0; (at = text.find(':', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return quoted(text + ":" + word.summary);
}

std::string zsh_values(const std::string& values) {
  if (values == file_values) return "_files";
  return "compadd -- " + (values == peer_values ? peer_names : values);
}

std::string zsh_script(const std::vector<Place>& places) {
  std::string out =
      "#compdef overlayctl\n"
      "# Completion of overlayctl for zsh; made by: overlayctl completion zsh\n"
      "local path_=overlayctl word\n"
      "local -a offered\n"
      "for word in ${words[2,CURRENT-1]}; do\n"
      "  case \"$path_ $word\" in\n    (" +
      all_paths(places) + ") path_+=\" $word\" ;;\n  esac\ndone\ncase \"$path_ ${words[CURRENT-1]}\" in\n";
  for (const auto& place : places) {
    for (const auto& option : place.options) {
      if (!option.takes_value) continue;
      out += "  (" + quoted(place.path + " " + option.text) + ") " +
             (option.values.empty() ? "" : zsh_values(option.values) + "; ") + "return ;;\n";
    }
  }
  out += "esac\ncase $path_ in\n";
  for (const auto& place : places) {
    out += "  (" + quoted(place.path) + ")\n    offered=(\n";
    for (const auto* list : {&place.commands, &place.options}) {
      for (const auto& word : *list) out += "      " + zsh_word(word) + "\n";
    }
    out += "    )\n";
    if (!place.arguments.empty()) out += "    " + zsh_values(place.arguments) + "\n";
    out += "    ;;\n";
  }
  return out + "esac\n_describe overlayctl offered\n";
}

std::string fish_values(const Place::Word& option) {
  if (!option.takes_value) return {};
  if (option.values == file_values) return " -r -F";
  if (option.values == peer_values)
    return " -x -a \"(overlayctl peers 2>/dev/null | awk 'NR > 1 {print \\$1}')\"";
  return " -x" + (option.values.empty() ? "" : " -a " + quoted(option.values));
}

/// True where the words typed so far lead to this place and no further.
std::string fish_condition(const Place& place) {
  const auto space = place.path.find(' ');
  if (space == std::string::npos) return " -n __fish_use_subcommand";
  return " -n " + quoted("__fish_seen_subcommand_from " + place.path.substr(place.path.rfind(' ') + 1));
}

std::string fish_script(const std::vector<Place>& places) {
  std::string out =
      "# Completion of overlayctl for fish; made by: overlayctl completion fish\n"
      "complete -c overlayctl -f\n";
  for (const auto& place : places) {
    const auto start = "complete -c overlayctl" + fish_condition(place);
    for (const auto& command : place.commands) {
      out += start + " -a " + command.text + " -d " + quoted(command.summary) + "\n";
    }
    for (const auto& option : place.options) {
      const bool is_long = option.text.starts_with("--");
      out += start + (is_long ? " -l " + option.text.substr(2) : " -s " + option.text.substr(1)) +
             fish_values(option) + " -d " + quoted(option.summary) + "\n";
    }
    if (!place.arguments.empty()) {
      const Place::Word argument{"", "", place.arguments, true};
      out += start + fish_values(argument) + "\n";
    }
  }
  return out;
}

}  // namespace

Result<std::string> completion(const CLI::App& parser, const std::string& shell) {
  const auto places = places_of(parser);
  if (shell == "bash") return bash_script(places);
  if (shell == "zsh") return zsh_script(places);
  if (shell == "fish") return fish_script(places);
  return fail(Errc::invalid, "there is no completion for \"" + shell + "\": give bash, zsh or fish");
}

}  // namespace overlay::ctl
