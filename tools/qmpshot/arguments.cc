// SPDX-License-Identifier: MIT
#include "tools/qmpshot/arguments.h"

#include "qmp/json.h"

#include <getopt.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace qmpshot::tools {
namespace {

constexpr std::size_t help_column = 26;
constexpr int first_long = 256;  // above every letter
constexpr int no_option = 1;     // what getopt calls a word that belongs to none

// As getopt wants them.
struct Getopt {
  explicit Getopt(std::span<const Argument> known) {
    for (std::size_t i = 0; i < known.size(); ++i) {
      const int has_value = known[i].value != nullptr ? required_argument : no_argument;
      longs.push_back({known[i].name, has_value, nullptr, first_long + static_cast<int>(i)});
      if (known[i].letter == '\0') continue;
      letters += known[i].letter;
      if (has_value == required_argument) letters += ':';
    }
    longs.push_back({});
  }

  // Words that belong to no option come in their place, and a missing value is told by ':'.
  std::string letters = "-:";
  std::vector<option> longs;
};

const Argument* find(std::span<const Argument> known, int code) {
  if (code >= first_long) return &known[static_cast<std::size_t>(code - first_long)];
  const auto has_letter = [&](const Argument& one) {
    return one.letter != '\0' && one.letter == code;
  };
  const auto found = std::ranges::find_if(known, has_letter);
  return found == known.end() ? nullptr : &*found;
}

Error unknown(const std::string& word) {
  return Error(Errc::bad_argument, "there is no option " + word);
}

Error belongs_to_none(const std::string& word, std::string_view stray) {
  std::string why = word + " belongs to no option";
  if (!stray.empty()) why += ": " + std::string(stray) + " " + word;
  return Error(Errc::bad_argument, why);
}

// "--NAME" of "--NAME=VALUE"
std::string_view without_value(std::string_view word) {
  return word.substr(0, word.find('='));
}

// getopt takes an abbreviation too, which another option might need one day.
bool is_whole_name(std::string_view word, const Argument& argument) {
  return !word.starts_with("--") || without_value(word).substr(2) == argument.name;
}

// What getopt complains about by '?' or ':', in this word.
Error complaint(std::span<const Argument> known, int code, std::string_view word) {
  const Argument* const of = ::optopt == 0 ? nullptr : find(known, ::optopt);
  if (of == nullptr) {
    const bool is_letter = ::optopt > ' ' && ::optopt <= '~';
    return unknown(is_letter ? std::string("-") + static_cast<char>(::optopt)
                             : qmp::printable(without_value(word)));
  }
  if (!is_whole_name(word, *of)) return unknown(qmp::printable(without_value(word)));
  if (code == ':') return argument_error(of->name, "its " + std::string(of->value) + " is missing");
  return argument_error(of->name, "it takes no value");
}

}  // namespace

Error argument_error(std::string_view name, const std::string& why) {
  return Error(Errc::bad_argument, "--" + std::string(name) + ": " + why);
}

Result<void> read_arguments(std::span<const Argument> known, int argc, char** argv,
                            std::string_view stray, const TakeArgument& take) {
  const Getopt getopt(known);
  std::vector<bool> seen(known.size());
  ::optind = 0;  // from the start, whatever was read before
  ::opterr = 0;
  for (;;) {
    const int at = std::max(::optind, 1);
    const std::string_view word = at < argc ? argv[at] : "";
    const int code =
        ::getopt_long(argc, argv, getopt.letters.c_str(), getopt.longs.data(), nullptr);
    if (code == -1) break;
    if (code == no_option) return belongs_to_none(::optarg, stray);
    if (code == '?' || code == ':') return complaint(known, code, word);
    const Argument* const argument = find(known, code);
    if (!is_whole_name(word, *argument)) return unknown(qmp::printable(without_value(word)));
    const auto index = static_cast<std::size_t>(argument - known.data());
    if (argument->value != nullptr && !argument->may_repeat && seen[index]) {
      return argument_error(argument->name, "it is given twice");
    }
    seen[index] = true;
    try {
      take(index, argument->value != nullptr ? ::optarg : "");
    } catch (const Error& error) {
      return argument_error(argument->name, error.message());
    }
  }
  if (::optind < argc) return belongs_to_none(argv[::optind], stray);  // behind "--"
  return {};
}

std::string arguments_help(std::span<const Argument> known) {
  std::string out;
  const char* group = "";
  for (const Argument& argument : known) {
    if (std::strcmp(group, argument.group) != 0) {
      group = argument.group;
      out += (out.empty() ? "" : "\n") + std::string(group) + ":\n";
    }
    std::string line = "  ";
    if (argument.letter != '\0') line += std::string("-") + argument.letter + ", ";
    line += std::string("--") + argument.name;
    if (argument.value != nullptr) line += std::string(" ") + argument.value;
    line.resize(std::max(line.size() + 2, help_column), ' ');
    out += line + argument.help + "\n";
  }
  return out;
}

}  // namespace qmpshot::tools
