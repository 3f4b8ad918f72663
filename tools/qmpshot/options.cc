// SPDX-License-Identifier: MIT
#include "tools/qmpshot/options.h"

#include "tools/qmpshot/exit_status.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <vector>

namespace qmpshot::tools {
namespace {

constexpr const char* description =
    "Shows the screen of a QEMU virtual machine, straight from its QMP socket.\n"
    "On a terminal it draws a preview; with -o, or into a pipe, it gives the picture.\n";

constexpr const char* footer =
    "Examples:\n"
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
    "A QEMU has a QMP socket when started with -qmp unix:vm.sock,server=on,wait=off.";

constexpr const char* vms_description =
    "Lists the virtual machines of this host and their QMP monitors, as this user sees them.";

constexpr const char* vms_footer =
    "States:\n"
    "  free           qmpshot --socket MONITOR, or --vm NAME, gives a picture\n"
    "  busy           another client is connected, and a monitor serves one at a time\n"
    "  silent         nobody is connected, but QEMU does not greet: stopped, or its loop hangs\n"
    "  dead           nobody listens there any more, or it has no path\n"
    "  no_permission  this user may not connect\n"
    "  bad_peer       something else than a virtual machine's QMP answers there\n"
    "\n"
    "Monitors that are known to have a client are left alone: the kernel tells of one's own VMs,\n"
    "and root of all. The others are asked, and are free again after.";

const char* const which = "Which screen";
const char* const where = "Where the picture goes";
const char* const picture = "What is made of it";
const char* const guest = "What the guest shows";
const char* const how = "How";

const std::map<std::string, Route> route_names = {
    {"auto", Route::automatic},
    {"fd", Route::fd},
    {"png-file", Route::png_file},
    {"ppm-file", Route::ppm_file},
};

const std::map<std::string, encode::Filter> filter_names = {
    {"auto", encode::Filter::automatic},
    {"area", encode::Filter::area},
    {"lanczos", encode::Filter::lanczos3},
    {"nearest", encode::Filter::nearest},
};

// "5s", "500ms", "1m", or a number of seconds such as "2.5".
std::chrono::milliseconds parse_duration(const std::string& option, const std::string& text) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  const std::string unit = text.substr(used);
  const double scale = unit == "ms"                  ? 1
                       : unit == "s" || unit.empty() ? 1000
                       : unit == "m"                 ? 60000
                                                     : 0;
  const double milliseconds = value * scale;
  if (used == 0 || !(milliseconds >= 1) || milliseconds > 86'400'000) {
    throw CLI::ValidationError(option,
                               "'" + text + "' is no time between 1ms and a day: try 5s or 500ms");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const encode::Encoder& encoder : encode::encoders()) names.emplace_back(encoder.name);
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : "|") + word;
  return out;
}

class HelpText : public CLI::Formatter {
 public:
  HelpText() {
    column_width(26);
    label("REQUIRED", "");
  }
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string help = CLI::Formatter::make_help(app, std::move(name), mode);
    for (std::size_t at; (at = help.find("\n\n\n")) != std::string::npos;) help.erase(at, 1);
    return help;
  }
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, positional);
    if (const std::size_t comma = name.find(','); comma != std::string::npos) {
      name.insert(comma + 1, " ");
    }
    return name;
  }
  std::string make_usage(const CLI::App*, std::string) const override {
    return "\nUsage: qmpshot --socket PATH [-o FILE] [options]\n"
           "       qmpshot --vm NAME [-o FILE] [options]\n"
           "       qmpshot vms [--json]\n";
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
  }
};

// What CLI11 fills, before it becomes Options.
struct Raw {
  Options options;
  std::string timeout = "5s";
  std::string wait_content;
  std::string crop;
  std::string scale;
  std::string filter = "auto";
  std::string format;
  std::string route = "auto";
  bool base64 = false;
  bool json = false;
};

// A check that `name` is a key of `table`.
template <class Table>
auto one_of(const Table& table) {
  return [&table](const std::string& name) {
    std::string all;
    for (const auto& [key, value] : table) all += (all.empty() ? "" : "|") + key;
    return table.contains(name) ? std::string() : "'" + name + "' is none of " + all;
  };
}

void add_picture_options(CLI::App& app, Raw& raw) {
  Options& options = raw.options;
  app.add_option("-q,--quality", options.encode_options.quality, "Of a JPEG, 1 to 100; 85")
      ->type_name("N")
      ->check(CLI::Range(1, 100).description(""))
      ->group(picture);
  app.add_flag("--small", options.encode_options.small,
               "The smallest PNG, whatever time that takes")
      ->group(picture);
  app.add_flag("--text", options.text, "Writes the VM's name, the time and qmpshot into a PNG")
      ->group(picture);
  app.add_option("--crop", raw.crop, "Only this box; what reaches over the edge is cut off")
      ->type_name("WxH+X+Y")
      ->group(picture);
  CLI::Option* scale =
      app.add_option("--scale", raw.scale, "Exactly this size")->type_name("WxH")->group(picture);
  app.add_option("--max-size", options.shape.max_side_px,
                 "No side longer than this, the shape kept; never enlarges")
      ->type_name("N")
      ->check(CLI::Range(1U, max_side_px).description(""))
      ->excludes(scale)
      ->group(picture);
  app.add_option("--filter", raw.filter,
                 "auto|area|lanczos|nearest, for scaling; auto is area down, lanczos up")
      ->type_name("FILTER")
      ->check(one_of(filter_names))
      ->group(picture);
}

void add_guest_options(CLI::App& app, Raw& raw) {
  GrabRequest& request = raw.options.request;
  app.add_flag("--freeze", request.freeze, "Stops the VM's processors for the dump: no torn frame")
      ->group(guest);
  app.add_flag("--wake", request.wake, "Presses Shift and waits for the picture to change")
      ->group(guest);
  app.add_flag("--require-content", request.require_content,
               "Status 8 for a blank screen or one of QEMU's placeholders")
      ->group(guest);
  app.add_option("--wait-content", raw.wait_content, "The same, but looks again for so long: 30s")
      ->type_name("TIME")
      ->group(guest);
}

void add_options(CLI::App& app, Raw& raw) {
  Options& options = raw.options;
  CLI::Option* sockets =
      app.add_option("-s,--socket", options.sockets,
                     "The VM's QMP socket; of several, or of a pattern's, the first free one")
          ->type_name("PATH")
          ->allow_extra_args(false)
          ->group(which);
  app.add_option("--vm", options.vm, "The running VM with this name, uuid or pid: see qmpshot vms")
      ->type_name("NAME")
      ->excludes(sockets)
      ->group(which);
  CLI::Option* device =
      app.add_option("-d,--device", options.request.display.device_id,
                     "The display device with this id; without it, the first console")
          ->type_name("ID")
          ->check([](const std::string& id) { return id.empty() ? "the id is empty" : ""; })
          ->group(which);
  app.add_option("--head", options.request.display.head, "Which output of that device; 0")
      ->type_name("N")
      ->needs(device)
      ->group(which);
  CLI::Option* all =
      app.add_flag("-a,--all", options.all,
                   "Every display that can be asked for: -o vm.png gives vm-0.png, ...")
          ->excludes(device)
          ->group(which);
  app.add_flag("-l,--list", options.list, "Lists the displays instead; with --json as JSON")
      ->excludes(device)
      ->excludes(all)
      ->group(which);

  app.add_option("-o,--output", options.output, "The file, whole or not at all; - is stdout")
      ->type_name("FILE")
      ->group(where);
  app.add_option("-f,--format", raw.format,
                 joined(format_names()) + "; else what FILE's name ends in, else png")
      ->type_name("FORMAT")
      ->check([](const std::string& name) {
        return encode::find_encoder(name) != nullptr
                   ? std::string()
                   : "'" + name + "' is none of " + joined(format_names());
      })
      ->group(where);
  CLI::Option* json =
      app.add_flag("-j,--json", raw.json, "As JSON: the picture in base64 and what is known of it")
          ->group(where);
  app.add_flag("--base64", raw.base64, "The picture in base64, nothing else")
      ->excludes(json)
      ->group(where);

  add_picture_options(app, raw);
  add_guest_options(app, raw);

  app.add_option("--route", raw.route, "auto|fd|png-file|ppm-file: how QEMU hands over the frame")
      ->type_name("ROUTE")
      ->check(one_of(route_names))
      ->group(how);
  app.add_option("-t,--timeout", raw.timeout, "For everything QEMU does: 5s, 500ms, 1m; 5s")
      ->type_name("TIME")
      ->group(how);
  app.add_flag("--stats", options.stats, "What each step took, on stderr")->group(how);
  app.add_flag("-v,--verbose", options.verbose, "What is done, on stderr")->group(how);
  app.set_help_flag("-h,--help", "This text")->group(how);
  app.set_version_flag("-V,--version", "qmpshot " QMPSHOT_VERSION, "The version")->group(how);
}

const encode::Encoder* encoder_for(const Raw& raw) {
  if (!raw.format.empty()) return encode::find_encoder(raw.format);
  const encode::Encoder* by_name = encode::find_encoder_for_path(raw.options.output);
  return by_name != nullptr ? by_name : &encode::encoders().front();
}

void finish(Raw& raw) {
  Options& options = raw.options;
  if (options.sockets.empty() && options.vm.empty()) {
    throw CLI::RequiredError("--socket PATH, or --vm NAME,");
  }
  options.request.timeout = parse_duration("--timeout", raw.timeout);
  if (!raw.wait_content.empty()) {
    options.request.wait_content = parse_duration("--wait-content", raw.wait_content);
  }
  if (!raw.crop.empty()) options.shape.crop = encode::parse_box(raw.crop).value();
  if (!raw.scale.empty()) options.shape.scale = encode::parse_size(raw.scale).value();
  options.shape.filter = filter_names.at(raw.filter);
  options.request.vm_facts = raw.json || options.text;
  options.request.route = route_names.at(raw.route);
  options.encoder = encoder_for(raw);
  if (options.text && options.encoder->name != "png") {
    throw CLI::ValidationError("--text", "only a PNG holds it");
  }
  options.form = raw.json ? Form::json : raw.base64 ? Form::base64 : Form::file;
  if (options.all && options.form != Form::json &&
      (options.output.empty() || options.output == "-")) {
    throw CLI::ValidationError("--all", "needs -o FILE, or --json");
  }
}

// CLI11 lists what it did not know from the end, an option's value before it.
std::string unknown_argument(const CLI::App& app, int argc, char** argv) {
  const std::vector<std::string> unknown = app.remaining();
  const auto first = std::find_first_of(argv + 1, argv + argc, unknown.begin(), unknown.end());
  const std::string word = first == argv + argc ? unknown.front() : *first;
  if (word.starts_with('-')) return "there is no option " + word;
  return word + " belongs to no option: a socket is named by --socket " + word;
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  CLI::App app(description, "qmpshot");
  app.formatter(std::make_shared<HelpText>());
  app.footer(footer);
  Raw raw;
  add_options(app, raw);
  try {
    app.parse(argc, argv);
    finish(raw);
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked);
    return exit_status::done;
  } catch (const CLI::ExtrasError&) {
    std::fprintf(stderr, "qmpshot: reading the options: %s: see qmpshot --help\n",
                 unknown_argument(app, argc, argv).c_str());
    return exit_status::bad_usage;
  } catch (const std::exception& error) {  // CLI11's, and ours for sizes and boxes
    std::fprintf(stderr, "qmpshot: reading the options: %s: see qmpshot --help\n", error.what());
    return exit_status::bad_usage;
  }
  return std::move(raw.options);
}

std::variant<VmsOptions, int> parse_vms_options(int argc, char** argv) {
  CLI::App app(vms_description, "qmpshot vms");
  app.footer(vms_footer);
  VmsOptions options;
  app.add_flag("-j,--json", options.json,
               "As JSON: [{name, pid, uuid, binary, monitors: [{path, state, why}]}]");
  app.set_help_flag("-h,--help", "This text");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);
    return exit_status::done;
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "qmpshot: reading the options: %s: see qmpshot vms --help\n",
                 error.what());
    return exit_status::bad_usage;
  }
  return options;
}

}  // namespace qmpshot::tools
