// SPDX-License-Identifier: MIT
// A command line by a table of its options, through getopt_long(3). It costs a start some
// microseconds; a library that builds its options at run time cost more than all else before the
// first word to QEMU.
#pragma once

#include <qmpshot/error.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace qmpshot::tools {

struct Argument {
  const char* group;  // the heading in the help under which it stands, with the others of it
  char letter;        // '\0': none
  const char* name;
  const char* value;  // what its value is called in the help; nullptr: it takes none
  const char* help;
  bool may_repeat = false;
};

// Takes the one at `index`, whose value is empty where it has none.
//   throws  Error: why the value will not do
using TakeArgument = std::function<void(std::size_t index, const std::string& value)>;

// Hands over each of the arguments in their order, up to the first that will not do. Names are not
// abbreviated. getopt's state is the process's: one call at a time.
//   stray   the advice for a word that belongs to no option, which will follow it; may be empty
//   errors  bad_argument: names the option, or the word that is none; a value is missing, or one
//           too many; what `take` threw
Result<void> read_arguments(std::span<const Argument> known, int argc, char** argv,
                            std::string_view stray, const TakeArgument& take);

// A line for each, by groups.
std::string arguments_help(std::span<const Argument> known);

// "--NAME: WHY"
Error argument_error(std::string_view name, const std::string& why);

}  // namespace qmpshot::tools
