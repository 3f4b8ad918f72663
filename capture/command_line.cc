// SPDX-License-Identifier: MIT
#include "capture/command_line.h"

#include "qmp/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

using Properties = std::map<std::string, std::string>;

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

// Takes a value up to the next comma; a doubled one stands for itself.
std::string take_value(std::string_view& rest) {
  std::string value;
  while (!rest.empty()) {
    const bool doubled = rest.starts_with(",,");
    if (rest.front() == ',' && !doubled) break;
    value.push_back(rest.front());
    rest.remove_prefix(doubled ? 2 : 1);
  }
  return value;
}

// "PATH,server=on,nowait": the first value may come without its key, which is `implied` then; a
// word alone is a switch, and "no" before it turns it off. Of two with one key the last one counts.
//   source  util/qemu-option.c:opts_do_parse
Properties parse_properties(std::string_view text, const char* implied) {
  Properties properties;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("=,"), text.size());
    std::string key(text.substr(0, end));
    std::string value = "on";
    if (end < text.size() && text[end] == '=') {
      text.remove_prefix(end + 1);
      value = take_value(text);
    } else if (first) {
      key = implied;
      value = take_value(text);
    } else {
      text.remove_prefix(end);
      if (key.starts_with("no")) {
        key.erase(0, 2);
        value = "off";
      }
    }
    properties[key] = std::move(value);
    if (!text.empty()) text.remove_prefix(1);  // the comma
    first = false;
  }
  return properties;
}

std::string value_of(const Properties& properties, const char* key) {
  const auto found = properties.find(key);
  return found == properties.end() ? "" : found->second;
}

// As QEMU reads a switch.
bool is_on(const Properties& properties, const char* key) {
  const std::string value = value_of(properties, key);
  return value == "on" || value == "yes" || value == "true" || value == "y";
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::optional<MonitorSocket> listening_socket(const Properties& properties) {
  if (!is_on(properties, "server") || is_on(properties, "abstract")) return std::nullopt;
  MonitorSocket out;
  out.path = value_of(properties, "path");
  if (!out.path.empty()) return out;
  const std::optional<int> fd = number(value_of(properties, "fd"));
  if (!fd) return std::nullopt;
  out.fd = *fd;
  return out;
}

// As in QMP's chardev-add.
//   source  QEMU qapi/char.json, qapi/sockets.json
std::optional<MonitorSocket> listening_socket(const qmp::Json& chardev) {
  const qmp::Json backend = chardev["backend"];
  const qmp::Json data = backend["data"];
  if (backend["type"].string() != "socket" || !data["server"].boolean().value_or(true)) {
    return std::nullopt;
  }
  const qmp::Json address = data["addr"];
  MonitorSocket out;
  if (address["type"].string() == "unix" &&
      !address["data"]["abstract"].boolean().value_or(false)) {
    out.path = address["data"]["path"].string().value_or("");
  } else if (address["type"].string() == "fd") {
    out.fd = number(address["data"]["str"].string().value_or("")).value_or(-1);
  }
  if (out.path.empty() && out.fd < 0) return std::nullopt;
  return out;
}

// Goes through the options once; -mon may stand before the -chardev it names.
class Reader {
 public:
  void take(std::string_view option, const std::string& argument);
  CommandLine finish();

 private:
  // A monitor's socket itself, or the id of the chardev that is it.
  struct Monitor {
    std::optional<MonitorSocket> socket;
    std::string chardev;
  };

  void take_chardev(const std::string& argument);
  void take_qmp(std::string_view argument);

  CommandLine out_;
  std::vector<Monitor> monitors_;
  std::map<std::string, MonitorSocket> sockets_;  // by the chardev's id
};

void Reader::take(std::string_view option, const std::string& argument) {
  if (option == "name") {
    out_.name = value_of(parse_properties(argument, "guest"), "guest");
  } else if (option == "uuid") {
    out_.uuid = argument;
  } else if (option == "chardev") {
    take_chardev(argument);
  } else if (option == "qmp" || option == "qmp-pretty") {
    take_qmp(argument);
  } else if (option == "mon") {
    const Properties properties = parse_properties(argument, "chardev");
    if (value_of(properties, "mode") != "control") return;
    monitors_.push_back({std::nullopt, value_of(properties, "chardev")});
  }
}

void Reader::take_chardev(const std::string& argument) {
  if (argument.starts_with('{')) {
    const Result<qmp::Json> json = qmp::Json::parse(argument);
    if (!json) return;
    const auto socket = listening_socket(*json);
    if (socket) sockets_[std::string((*json)["id"].string().value_or(""))] = *socket;
    return;
  }
  const Properties properties = parse_properties(argument, "backend");
  if (value_of(properties, "backend") != "socket") return;
  const auto socket = listening_socket(properties);
  if (socket) sockets_[value_of(properties, "id")] = *socket;
}

void Reader::take_qmp(std::string_view argument) {
  constexpr std::string_view by_id = "chardev:";
  constexpr std::string_view unix_socket = "unix:";
  if (argument.starts_with(by_id)) {
    monitors_.push_back({std::nullopt, std::string(argument.substr(by_id.size()))});
  } else if (argument.starts_with(unix_socket)) {
    const auto properties = parse_properties(argument.substr(unix_socket.size()), "path");
    const auto socket = listening_socket(properties);
    if (socket) monitors_.push_back({socket, ""});
  }
}

CommandLine Reader::finish() {
  for (Monitor& monitor : monitors_) {
    const auto socket = sockets_.find(monitor.chardev);
    if (monitor.socket) {
      out_.monitors.push_back(std::move(*monitor.socket));
    } else if (socket != sockets_.end()) {
      out_.monitors.push_back(socket->second);
    }
  }
  return std::move(out_);
}

// Of the options we know, all take an argument, whatever it looks like. Of the others it is enough
// to know that -append's may look like one of ours.
bool always_takes_argument(std::string_view option) {
  static constexpr std::array<std::string_view, 7> options = {"append", "chardev",    "mon", "name",
                                                              "qmp",    "qmp-pretty", "uuid"};
  return std::ranges::find(options, option) != options.end();
}

bool is_dynamic_linker(std::string_view program) {
  const std::string_view name = base_name(program);  // ld-linux-x86-64.so.2, ld-2.31.so, ld64.so.1
  return name.starts_with("ld") && name.find(".so") != std::string_view::npos;
}

}  // namespace

std::vector<std::string> split_words(std::string_view cmdline) {
  std::vector<std::string> words;
  while (!cmdline.empty()) {
    const std::size_t end = std::min(cmdline.find('\0'), cmdline.size());
    words.emplace_back(cmdline.substr(0, end));
    cmdline.remove_prefix(std::min(end + 1, cmdline.size()));
  }
  return words;
}

bool is_qemu(std::string_view program) {
  std::string_view name = base_name(program);
  if (name.starts_with('.')) name.remove_prefix(1);   // NixOS: .qemu-system-x86_64-wrapped
  constexpr std::string_view deleted = " (deleted)";  // /proc/PID/exe after an upgrade
  if (name.ends_with(deleted)) name.remove_suffix(deleted.size());
  return name.starts_with("qemu-system-") || name == "qemu-kvm" || name == "kvm";
}

std::size_t program_word(std::span<const std::string> words) {
  if (words.empty() || !is_dynamic_linker(words.front())) return 0;
  static constexpr std::array<std::string_view, 7> with_argument = {
      // source: ld.so(8)
      "--argv0",   "--audit",         "--glibc-hwcaps-mask", "--glibc-hwcaps-prepend",
      "--preload", "--inhibit-rpath", "--library-path"};
  std::size_t i = 1;
  while (i < words.size() && words[i].starts_with("--")) {
    const bool argument = std::ranges::find(with_argument, words[i]) != with_argument.end();
    i += argument ? 2 : 1;
  }
  return std::min(i, words.size());
}

CommandLine parse_command_line(std::span<const std::string> arguments) {
  Reader reader;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view option = arguments[i];
    if (!option.starts_with('-')) continue;  // a disk image
    option.remove_prefix(option.starts_with("--") ? 2 : 1);
    const bool has_next = i + 1 < arguments.size();
    if (has_next && (always_takes_argument(option) || !arguments[i + 1].starts_with('-'))) {
      reader.take(option, arguments[++i]);
    }
  }
  return reader.finish();
}

}  // namespace qmpshot::capture
