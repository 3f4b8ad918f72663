// SPDX-License-Identifier: MIT
#include "tools/qmpshot/vms.h"

#include "qmp/json.h"
#include "tools/qmpshot/exit_status.h"
#include "tools/qmpshot/options.h"
#include "tools/qmpshot/output.h"
#include "tools/qmpshot/table.h"

#include <cstdio>
#include <span>

namespace qmpshot::tools {
namespace {

// Names and paths are other people's.
std::string shown(const std::string& text) {
  return text.empty() ? "-" : qmp::printable(text);
}

std::string state_text(const Monitor& monitor) {
  return std::string(name(monitor.state)) +
         (monitor.why.empty() ? "" : ": " + qmp::printable(monitor.why));
}

}  // namespace

std::string vms_table(const std::vector<Vm>& vms) {
  std::vector<std::vector<std::string>> rows = {{"NAME", "PID", "MONITOR", "STATE"}};
  for (const Vm& vm : vms) {
    const std::string pid = std::to_string(vm.pid);
    if (vm.monitors.empty()) {
      rows.push_back({shown(vm.name), pid, "-", "none: it was started without a QMP socket"});
    }
    for (const Monitor& monitor : vm.monitors) {
      rows.push_back({shown(vm.name), pid, shown(monitor.path), state_text(monitor)});
    }
  }
  return table(rows);
}

std::string vms_json(const std::vector<Vm>& vms) {
  qmp::JsonWriter writer;
  writer.begin_array();
  for (const Vm& vm : vms) {
    writer.begin_object();
    writer.key("name").string_or_null(vm.name);
    writer.key("pid").integer(vm.pid);
    writer.key("uuid").string_or_null(vm.uuid);
    writer.key("binary").string(vm.binary);
    writer.key("monitors").begin_array();
    for (const Monitor& monitor : vm.monitors) {
      writer.begin_object();
      writer.key("path").string_or_null(monitor.path);
      writer.key("state").string(name(monitor.state));
      writer.key("why").string_or_null(monitor.why);
      writer.end_object();
    }
    writer.end_array();
    writer.end_object();
  }
  return writer.end_array().text();
}

int run_vms(int argc, char** argv) {
  const auto options = parse_vms_options(argc, argv);
  if (const int* status = std::get_if<int>(&options)) return *status;
  const bool json = std::get<VmsOptions>(options).json;
  const Result<std::vector<Vm>> vms = list_vms();
  Result<void> done;
  if (vms) {
    const std::string text = json ? vms_json(*vms) + "\n" : vms_table(*vms);
    done = write_stdout(std::as_bytes(std::span(text)));
  } else {
    done = vms.error().within("looking for virtual machines");
  }
  if (done) return exit_status::done;
  std::fprintf(stderr, "qmpshot: %s\n", done.error().message().c_str());
  return exit_status::of(done.error().code());
}

}  // namespace qmpshot::tools
