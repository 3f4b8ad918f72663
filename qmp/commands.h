// SPDX-License-Identifier: MIT
// The commands we use, typed: how to ask, and how to read the answer. No I/O.
//   source  QEMU qapi/*.json
#pragma once

#include "qmp/message.h"

#include <qmpshot/error.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::qmp {

using FdsetId = std::int64_t;  // 0 to 2^31-1, one name space for all monitors of a VM

// Where QEMU opens the descriptors of a set.
std::string fdset_path(FdsetId id);

Command qmp_capabilities();

// Adds the descriptor sent along to the set `id`, which is made where it is not there yet.
//   opaque  what query_fdsets() is to say beside it
Command add_fd(FdsetId id, std::string_view opaque = {});
Command remove_fd(FdsetId id);

// One descriptor of a set.
struct FdsetEntry {
  FdsetId id = 0;
  std::int64_t fd = -1;  // QEMU's number for it
  std::string opaque;    // what add-fd was told
};
Command query_fdsets();
std::vector<FdsetEntry> parse_fdsets(const Json& value);

enum class DumpFormat { ppm, png };  // png: QEMU >= 7.1

struct Screendump {
  std::string filename;
  std::string device;  // a qdev id; empty: the first console
  std::int64_t head = 0;
  DumpFormat format = DumpFormat::ppm;
};
Command screendump(const Screendump& what);

struct VmStatus {
  std::string status;  // "running", "paused", "prelaunch", "inmigrate", ...
  bool running = false;
};
Command query_status();
VmStatus parse_status(const Json& value);

// Whether the VM is on its way to another QEMU, or from one; also while that is being cancelled.
Command query_migrate();
bool is_migrating(const Json& value);

struct QomEntry {
  std::string name;
  std::string type;  // "child<qemu-console>", "link<...>", "string", ...
};
// Stops and continues the VM's processors; both are accepted in any state they make no sense in.
Command stop();
Command cont();

// One key down or up, by QEMU's name for it. Refused while the VM does not run.
Command key_event(std::string_view qcode, bool down);

Command query_name();
Command query_uuid();
std::string parse_name(const Json& value);  // empty where the VM has none
std::string parse_uuid(const Json& value);

// The VM's processors, without disturbing them; 2.12 was the first.
Command query_cpus_fast();
// The host's thread that runs the first one, as QEMU's own PID namespace numbers it.
std::optional<std::int64_t> parse_first_thread(const Json& value);

Command qom_list(std::string_view path);
std::vector<QomEntry> parse_qom_list(const Json& value);
Command qom_get(std::string_view path, std::string_view property);

}  // namespace qmpshot::qmp
