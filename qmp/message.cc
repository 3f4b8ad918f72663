// SPDX-License-Identifier: MIT
#include "qmp/message.h"

#include <algorithm>

namespace qmpshot::qmp {
namespace {

// The first bytes of what a peer sent, fit for one line of an error.
std::string quote(std::string_view line) {
  constexpr std::size_t shown = 48;
  std::string out(line.substr(0, shown));
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  return "'" + out + (line.size() > shown ? "...'" : "'");
}

// What a line that is no QMP tells about who said it.
Error not_qmp(std::string_view line) {
  // QEMU monitor/hmp.c: "QEMU 7.2.22 monitor - type 'help' for more information"
  if (line.starts_with("QEMU ") && line.find(" monitor - type 'help'") != std::string_view::npos) {
    return Error(Errc::bad_peer,
                 "it is QEMU's monitor for people (HMP), not QMP: give QEMU a -qmp socket, or -mon "
                 "with mode=control");
  }
  return Error(Errc::bad_peer, "the peer does not speak QMP, it said " + quote(line));
}

// The peer's words, fit for one line of an error and for a terminal.
std::string words(const Json& value) {
  return printable(value.string().value_or(""));
}

// Ours are integers above 0. Another kind was somebody else's, which is not the same as none.
std::optional<std::int64_t> id_of(const Json& object) {
  const Json id = object["id"];
  if (!id) return std::nullopt;
  return id.integer().value_or(0);
}

Greeting greeting(const Json& qmp) {
  const Json qemu = qmp["version"]["qemu"];
  Greeting out;
  out.version = {qemu["major"].integer().value_or(0), qemu["minor"].integer().value_or(0),
                 qemu["micro"].integer().value_or(0)};
  out.package = words(qmp["version"]["package"]);
  return out;
}

}  // namespace

std::string Version::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(micro);
}

Result<Message> parse_message(std::string_view line) {
  Result<Json> json = Json::parse(line);
  if (!json || !json->is_object()) return not_qmp(line);
  const Json& object = *json;
  if (const Json qmp = object["QMP"]; qmp.is_object()) return Message(greeting(qmp));
  if (const Json value = object["return"]) return Message(Return{id_of(object), value});
  if (const Json error = object["error"]; error["class"].string()) {
    return Message(Refusal{id_of(object), words(error["class"]), words(error["desc"])});
  }
  if (const Json event = object["event"]; event.string()) {
    return Message(Event{words(event), object["data"]});
  }
  return not_qmp(line);
}

std::string command_line(const Command& command, std::optional<std::int64_t> id) {
  JsonWriter writer;
  writer.begin_object().key("execute").string(command.name);
  if (id) writer.key("id").integer(*id);
  if (!command.arguments.empty()) writer.key("arguments").raw(command.arguments);
  writer.end_object();
  return writer.text() + "\n";
}

}  // namespace qmpshot::qmp
