// SPDX-License-Identifier: MIT
#include "tools/qmpshot/options.h"

#include "tools/qmpshot/arguments.h"
#include "tools/qmpshot/exit_status.h"
#include "tools/qmpshot/output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace qmpshot::tools {
namespace {

constexpr const char* description =
    "Shows the screen of a QEMU virtual machine, straight from its QMP socket.\n"
    "On a terminal it draws a preview; with -o, or into a pipe, it gives the picture.\n"
    "\nUsage: qmpshot --socket PATH [-o FILE] [options]\n"
    "       qmpshot --vm NAME [-o FILE] [options]\n"
    "       qmpshot vms [--json]\n\n";

constexpr const char* footer =
    "\nExamples:\n"
    "  qmpshot --socket vm.sock                      look at it, here in the terminal\n"
    "  qmpshot --socket vm.sock -o console.png       save it\n"
    "  qmpshot --socket vm.sock | feh -              pass it on\n"
    "  qmpshot --socket vm.sock --list               which displays are there\n"
    "  qmpshot vms                                   which VMs run on this host\n"
    "  qmpshot --vm web -o web.png                   by a VM's name, not its socket\n"
    "  qmpshot --socket vm.sock --device gpu0 --head 1 -o second.png\n"
    "\n"
    "Exit status: 0 done, 2 bad usage, 3 cannot reach, lost or cannot write, 4 timed out or\n"
    "monitor busy, 5 QEMU refused, 6 not supported by this QEMU, 7 peer or bytes are wrong,\n"
    "8 the guest shows no picture of its own.\n"
    "\n"
    "A QEMU has a QMP socket when started with -qmp unix:vm.sock,server=on,wait=off.\n";

constexpr const char* vms_description =
    "Lists the virtual machines of this host and their QMP monitors, as this user sees them.\n"
    "\nUsage: qmpshot vms [--json]\n\n";

constexpr const char* vms_footer =
    "\nStates:\n"
    "  free           qmpshot --socket MONITOR, or --vm NAME, gives a picture\n"
    "  busy           another client is connected, and a monitor serves one at a time\n"
    "  silent         nobody is connected, but QEMU does not greet: stopped, or its loop hangs\n"
    "  dead           nobody listens there any more, or it has no path\n"
    "  no_permission  this user may not connect\n"
    "  bad_peer       something else than a virtual machine's QMP answers there\n"
    "\n"
    "Monitors that are known to have a client are left alone: the kernel tells of one's own VMs,\n"
    "and root of all. The others are asked, and are free again after.\n";

constexpr const char* which = "Which screen";
constexpr const char* where = "Where the picture goes";
constexpr const char* picture = "What is made of it";
constexpr const char* guest = "What the guest shows";
constexpr const char* how = "How";

template <class Value>
using Named = std::pair<std::string_view, Value>;

constexpr std::array<Named<Route>, 4> routes = {{
    {"auto", Route::automatic},
    {"fd", Route::fd},
    {"png-file", Route::png_file},
    {"ppm-file", Route::ppm_file},
}};

constexpr std::array<Named<encode::Filter>, 4> filters = {{
    {"auto", encode::Filter::automatic},
    {"area", encode::Filter::area},
    {"lanczos", encode::Filter::lanczos3},
    {"nearest", encode::Filter::nearest},
}};

// What a value is refused with; read_arguments() names its option.
Error no_good(const std::string& why) {
  return Error(Errc::bad_argument, why);
}

// `name` is none of the table's, whose rows `name_of` tells the names of.
template <class Table, class NameOf>
Error none_of(const std::string& name, const Table& table, NameOf name_of) {
  std::string all;
  for (const auto& row : table) all += (all.empty() ? "" : "|") + std::string(row.*name_of);
  return no_good("'" + name + "' is none of " + all);
}

template <class Value, std::size_t N>
Value chosen(const std::array<Named<Value>, N>& table, const std::string& name) {
  const auto found = std::ranges::find(table, name, &Named<Value>::first);
  if (found == table.end()) throw none_of(name, table, &Named<Value>::first);
  return found->second;
}

const encode::Encoder* chosen_encoder(const std::string& name) {
  if (const encode::Encoder* encoder = encode::find_encoder(name)) return encoder;
  throw none_of(name, encode::encoders(), &encode::Encoder::name);
}

template <class Number>
Number number(const std::string& text, Number least, Number most) {
  Number value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && end == text.data() + text.size() && value >= least &&
      value <= most) {
    return value;
  }
  throw no_good("'" + text + "' is no number from " + std::to_string(least) + " to " +
                std::to_string(most));
}

// "5s", "500ms", "1m", or a number of seconds such as "2.5".
std::chrono::milliseconds duration(const std::string& text) {
  char* unit_begin = nullptr;
  const double value = std::strtod(text.c_str(), &unit_begin);
  const std::string_view unit = unit_begin;
  const double scale = unit == "ms"                  ? 1
                       : unit == "s" || unit.empty() ? 1000
                       : unit == "m"                 ? 60000
                                                     : 0;
  const double milliseconds = value * scale;
  if (!(milliseconds >= 1) || milliseconds > 86'400'000) {
    throw no_good("'" + text + "' is no time between 1ms and a day: try 5s or 500ms");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

// What the arguments fill, before it becomes Options.
struct Raw {
  Options options;
  bool base64 = false;
  bool json = false;
  bool help = false;
  bool version = false;
};

using Text = std::string;

struct Option {
  Argument argument;
  void (*take)(Raw& raw, const Text& value);
};

// clang-format off
constexpr Option option_table[] = {
    {{which, 's', "socket", "PATH",
      "The VM's QMP socket; of several, or of a pattern's, the first free one", true},
     [](Raw& raw, const Text& value) { raw.options.sockets.push_back(value); }},
    {{which, 0, "vm", "NAME", "The running VM with this name, uuid or pid: see qmpshot vms"},
     [](Raw& raw, const Text& value) { raw.options.vm = value; }},
    {{which, 'd', "device", "ID", "The display device with this id; without it, the first console"},
     [](Raw& raw, const Text& value) {
       if (value.empty()) throw no_good("the id is empty");
       raw.options.request.display.device_id = value;
     }},
    {{which, 0, "head", "N", "Which output of that device; 0"},
     [](Raw& raw, const Text& value) {
       raw.options.request.display.head = number<std::uint32_t>(value, 0, UINT32_MAX);
     }},
    {{which, 'a', "all", nullptr,
      "Every display that can be asked for: -o vm.png gives vm-0.png, ..."},
     [](Raw& raw, const Text&) { raw.options.all = true; }},
    {{which, 'l', "list", nullptr, "Lists the displays instead; with --json as JSON"},
     [](Raw& raw, const Text&) { raw.options.list = true; }},

    {{where, 'o', "output", "FILE", "The file, whole or not at all; - is stdout"},
     [](Raw& raw, const Text& value) {
       if (value.empty()) throw no_good("the name is empty");
       raw.options.output = value;
     }},
    {{where, 'f', "format", "FORMAT",
      "png|jpeg|bmp|qoi|ppm|null; else what FILE's name ends in, else png"},
     [](Raw& raw, const Text& value) { raw.options.encoder = chosen_encoder(value); }},
    {{where, 'j', "json", nullptr, "As JSON: the picture in base64 and what is known of it"},
     [](Raw& raw, const Text&) { raw.json = true; }},
    {{where, 0, "base64", nullptr, "The picture in base64, nothing else"},
     [](Raw& raw, const Text&) { raw.base64 = true; }},

    {{picture, 'q', "quality", "N", "Of a JPEG, 1 to 100; 85"},
     [](Raw& raw, const Text& value) {
       raw.options.encode_options.quality = number(value, 1, 100);
     }},
    {{picture, 0, "small", nullptr, "The smallest PNG, whatever time that takes"},
     [](Raw& raw, const Text&) { raw.options.encode_options.small = true; }},
    {{picture, 0, "text", nullptr, "Writes the VM's name, the time and qmpshot into a PNG"},
     [](Raw& raw, const Text&) { raw.options.text = true; }},
    {{picture, 0, "crop", "WxH+X+Y", "Only this box; what reaches over the edge is cut off"},
     [](Raw& raw, const Text& value) { raw.options.shape.crop = encode::parse_box(value).value(); }},
    {{picture, 0, "scale", "WxH", "Exactly this size"},
     [](Raw& raw, const Text& value) {
       raw.options.shape.scale = encode::parse_size(value).value();
     }},
    {{picture, 0, "max-size", "N", "No side longer than this, the shape kept; never enlarges"},
     [](Raw& raw, const Text& value) {
       raw.options.shape.max_side_px = number<std::uint32_t>(value, 1, max_side_px);
     }},
    {{picture, 0, "filter", "FILTER",
      "auto|area|lanczos|nearest, for scaling; auto is area down, lanczos up"},
     [](Raw& raw, const Text& value) { raw.options.shape.filter = chosen(filters, value); }},

    {{guest, 0, "freeze", nullptr, "Stops the VM's processors for the dump: no torn frame"},
     [](Raw& raw, const Text&) { raw.options.request.freeze = true; }},
    {{guest, 0, "wake", nullptr, "Presses Shift and waits for the picture to change"},
     [](Raw& raw, const Text&) { raw.options.request.wake = true; }},
    {{guest, 0, "require-content", nullptr,
      "Status 8 for a blank screen or one of QEMU's placeholders"},
     [](Raw& raw, const Text&) { raw.options.request.require_content = true; }},
    {{guest, 0, "wait-content", "TIME", "The same, but looks again for so long: 30s"},
     [](Raw& raw, const Text& value) { raw.options.request.wait_content = duration(value); }},

    {{how, 0, "route", "ROUTE", "auto|fd|png-file|ppm-file: how QEMU hands over the frame"},
     [](Raw& raw, const Text& value) { raw.options.request.route = chosen(routes, value); }},
    {{how, 't', "timeout", "TIME", "For everything QEMU does: 5s, 500ms, 1m; 5s"},
     [](Raw& raw, const Text& value) { raw.options.request.timeout = duration(value); }},
    {{how, 0, "stats", nullptr, "What each step took, on stderr"},
     [](Raw& raw, const Text&) { raw.options.stats = true; }},
    {{how, 'v', "verbose", nullptr, "What is done, on stderr"},
     [](Raw& raw, const Text&) { raw.options.verbose = true; }},
    {{how, 'h', "help", nullptr, "This text"}, [](Raw& raw, const Text&) { raw.help = true; }},
    {{how, 'V', "version", nullptr, "The version"},
     [](Raw& raw, const Text&) { raw.version = true; }},
};
// clang-format on

std::vector<Argument> arguments_of(std::span<const Option> options) {
  std::vector<Argument> arguments;
  for (const Option& option : options) arguments.push_back(option.argument);
  return arguments;
}

// One that goes with no other, or only with another.
struct Rule {
  const char* name;
  const char* other;
};
constexpr Rule excludes[] = {{"socket", "vm"}, {"device", "all"},  {"device", "list"},
                             {"all", "list"},  {"json", "base64"}, {"scale", "max-size"}};
constexpr Rule needs[] = {{"head", "device"}};

// Those that were given, by name.
using Given = std::set<std::string_view>;

void check_rules(const Given& given) {
  for (const Rule& rule : excludes) {
    if (given.contains(rule.name) && given.contains(rule.other)) {
      throw argument_error(rule.name, "it does not go with --" + std::string(rule.other));
    }
  }
  for (const Rule& rule : needs) {
    if (given.contains(rule.name) && !given.contains(rule.other)) {
      throw argument_error(rule.name, "it needs --" + std::string(rule.other));
    }
  }
}

void finish(Raw& raw) {
  Options& options = raw.options;
  if (options.sockets.empty() && options.vm.empty()) {
    throw no_good("--socket PATH, or --vm NAME, is required");
  }
  options.request.vm_facts = raw.json || options.text;
  if (options.encoder == nullptr) options.encoder = encode::find_encoder_for_path(options.output);
  if (options.encoder == nullptr) options.encoder = &encode::encoders().front();
  if (options.text && options.encoder->name != "png") {
    throw argument_error("text", "only a PNG holds it");
  }
  options.form = raw.json ? Form::json : raw.base64 ? Form::base64 : Form::file;
  if (options.all && options.form != Form::json &&
      (options.output.empty() || options.output == "-")) {
    throw argument_error("all", "needs -o FILE, or --json");
  }
}

int say(const std::string& text) {
  const Result<void> said = write_stdout(std::as_bytes(std::span(text)));
  if (said) return exit_status::done;
  std::fprintf(stderr, "qmpshot: %s\n", said.error().what());
  return exit_status::of(said.error().code());
}

int refuse(const Error& error, const char* command) {
  std::fprintf(stderr, "qmpshot: reading the options: %s: see %s --help\n", error.what(), command);
  return exit_status::bad_usage;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  const std::vector<Argument> arguments = arguments_of(option_table);
  Raw raw;
  Given given;
  const auto take = [&](std::size_t index, const std::string& value) {
    given.insert(arguments[index].name);
    option_table[index].take(raw, value);
  };
  const Result<void> read =
      read_arguments(arguments, argc, argv, "a socket is named by --socket", take);
  if (raw.help) return say(std::string(description) + arguments_help(arguments) + footer);
  if (raw.version) return say("qmpshot " QMPSHOT_VERSION "\n");
  try {
    read.value();
    check_rules(given);
    finish(raw);
  } catch (const Error& error) {
    return refuse(error, "qmpshot");
  }
  return std::move(raw.options);
}

std::variant<VmsOptions, int> parse_vms_options(int argc, char** argv) {
  constexpr Argument arguments[] = {
      {"Options", 'j', "json", nullptr,
       "As JSON: [{name, pid, uuid, binary, monitors: [{path, state, why}]}]"},
      {"Options", 'h', "help", nullptr, "This text"},
  };
  VmsOptions options;
  bool help = false;
  const auto take = [&](std::size_t index, const std::string&) {
    (index == 0 ? options.json : help) = true;
  };
  const Result<void> read = read_arguments(arguments, argc, argv, "", take);
  if (help) return say(std::string(vms_description) + arguments_help(arguments) + vms_footer);
  if (!read) return refuse(read.error(), "qmpshot vms");
  return options;
}

}  // namespace qmpshot::tools
