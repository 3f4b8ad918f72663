// SPDX-License-Identifier: MIT
#include "qmp/commands.h"

namespace qmpshot::qmp {
namespace {

std::string owned(const Json& value) {
  return printable(value.string().value_or(""));
}

Command must_run(Command command) {
  command.must_run = true;
  return command;
}

}  // namespace

std::string fdset_path(FdsetId id) {
  return "/dev/fdset/" + std::to_string(id);
}

// Never with `oob`, though it is 5 % faster: QEMU's monitor thread then reads on while add-fd takes
// the descriptor that came, and one in some hundred one-shots ended with SIGSEGV (10.0) or a lost
// connection (5.2, 7.2). BadManners.NobodyIsAskedToReadAhead watches over it.
Command qmp_capabilities() {
  return Command("qmp_capabilities");
}

Command add_fd(FdsetId id, std::string_view opaque) {
  JsonWriter arguments;
  arguments.begin_object().key("fdset-id").integer(id);
  if (!opaque.empty()) arguments.key("opaque").string(opaque);
  arguments.end_object();
  Command command("add-fd", arguments.text());
  command.fdset_id = id;
  return command;
}

Command remove_fd(FdsetId id) {
  JsonWriter arguments;
  arguments.begin_object().key("fdset-id").integer(id).end_object();
  return must_run({"remove-fd", arguments.text()});
}

Command query_fdsets() {
  return Command("query-fdsets");
}

std::vector<FdsetEntry> parse_fdsets(const Json& value) {
  std::vector<FdsetEntry> entries;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::optional<FdsetId> id = value[i]["fdset-id"].integer();
    const Json fds = value[i]["fds"];
    for (std::size_t k = 0; id && k < fds.size(); ++k) {
      entries.push_back({*id, fds[k]["fd"].integer().value_or(-1), owned(fds[k]["opaque"])});
    }
  }
  return entries;
}

Command screendump(const Screendump& what) {
  JsonWriter arguments;
  arguments.begin_object().key("filename").string(what.filename);
  if (!what.device.empty()) {
    arguments.key("device").string(what.device).key("head").integer(what.head);
  }
  if (what.format == DumpFormat::png) arguments.key("format").string("png");
  arguments.end_object();
  return {"screendump", arguments.text()};
}

Command query_status() {
  return Command("query-status");
}

VmStatus parse_status(const Json& value) {
  return {owned(value["status"]), value["running"].boolean().value_or(false)};
}

Command query_migrate() {
  return Command("query-migrate");
}

bool is_migrating(const Json& value) {
  const std::optional<std::string_view> status = value["status"].string();
  for (const std::string_view idle : {"none", "completed", "failed", "cancelled"}) {
    if (status == idle) return false;
  }
  return status.has_value();  // absent: there never was a migration
}

Command stop() {
  return Command("stop");
}
Command cont() {
  return must_run(Command("cont"));
}

Command key_event(std::string_view qcode, bool down) {
  JsonWriter arguments;
  arguments.begin_object().key("events").begin_array().begin_object();
  arguments.key("type").string("key").key("data").begin_object().key("down").boolean(down);
  arguments.key("key").begin_object().key("type").string("qcode").key("data").string(qcode);
  arguments.end_object().end_object().end_object().end_array().end_object();
  Command command("input-send-event", arguments.text());
  return down ? command : must_run(std::move(command));
}

Command query_name() {
  return Command("query-name");
}
Command query_uuid() {
  return Command("query-uuid");
}
std::string parse_name(const Json& value) {
  return owned(value["name"]);
}
std::string parse_uuid(const Json& value) {
  return owned(value["UUID"]);
}

Command query_cpus_fast() {
  return Command("query-cpus-fast");
}
std::optional<std::int64_t> parse_first_thread(const Json& value) {
  return value[0]["thread-id"].integer();
}

Command qom_list(std::string_view path) {
  JsonWriter arguments;
  arguments.begin_object().key("path").string(path).end_object();
  return {"qom-list", arguments.text()};
}

std::vector<QomEntry> parse_qom_list(const Json& value) {
  std::vector<QomEntry> entries;
  for (std::size_t i = 0; i < value.size(); ++i) {
    entries.push_back({owned(value[i]["name"]), owned(value[i]["type"])});
  }
  return entries;
}

Command qom_get(std::string_view path, std::string_view property) {
  JsonWriter arguments;
  arguments.begin_object().key("path").string(path).key("property").string(property).end_object();
  return {"qom-get", arguments.text()};
}

}  // namespace qmpshot::qmp
