// SPDX-License-Identifier: MIT
// The virtual machines that run on this host, as /proc shows them to this user. Nobody is asked.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace qmpshot::capture {

// A socket on which a QEMU said it would listen, and what is known of it without connecting.
struct KnownMonitor {
  std::string path;                // where this process reaches it; empty where it cannot be told
  std::optional<bool> has_client;  // whether somebody is connected, where the kernel tells
  bool bound_by_vm = true;         // by QEMU itself, not by who started it
  std::string unknown_why;         // why the path is empty, and what to do about it
  bool forbidden = false;          // whether that is because this user may not look
};

struct QemuProcess {
  pid_t pid = 0;
  std::string name;    // -name; empty where none was given
  std::string uuid;    // -uuid
  std::string binary;  // the program, such as "/usr/bin/qemu-system-x86_64"
  bool stopped = false;
  std::vector<KnownMonitor> monitors;
};

// By pid. A process that ends meanwhile, or that this user may not see, is left out.
//   proc    where proc(5) is mounted
//   throws  Error cannot_write: no descriptor left to look at it with
std::vector<QemuProcess> find_qemu_processes(const std::string& proc = "/proc");

// One of them as it is now; nothing where it ended, or is a QEMU no more.
//   throws  as find_qemu_processes()
std::optional<QemuProcess> find_qemu_process(pid_t pid, const std::string& proc = "/proc");

}  // namespace qmpshot::capture
