// SPDX-License-Identifier: MIT
// The virtual machines of this host and their QMP monitors, for callers that block. For callers
// that own an io_context: async_vms.h.
#pragma once

#include <qmpshot/error.h>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot {

enum class MonitorState : std::uint8_t {
  free,           // it greeted: a picture can be asked for here
  busy,           // another client is connected, or likely is: it never greeted
  silent,         // no greeting, not for another client: QEMU is stopped, or its main loop hangs
  dead,           // nobody listens there, somebody else than this VM does, or it has no path
  no_permission,  // this user may not connect
  bad_peer,       // something else than a machine's QMP answered
};

// The enumerator's name, such as "no_permission".
constexpr std::string_view name(MonitorState state) noexcept {
  switch (state) {
    case MonitorState::free: return "free";
    case MonitorState::busy: return "busy";
    case MonitorState::silent: return "silent";
    case MonitorState::dead: return "dead";
    case MonitorState::no_permission: return "no_permission";
    case MonitorState::bad_peer: return "bad_peer";
  }
  return "unknown";
}

struct Monitor {
  std::string path;  // as Camera::open takes it; empty where it cannot be told
  MonitorState state = MonitorState::dead;
  std::string why;  // one line, without the path; empty for a free one
};

// A running QEMU.
struct Vm {
  pid_t pid = 0;
  std::string name;               // of -name; empty where none was given
  std::string uuid;               // of -uuid; empty where none was given
  std::string binary;             // the program, such as "/usr/bin/qemu-system-x86_64"
  std::vector<Monitor> monitors;  // the QMP sockets of its command line, in that order
};

// How long a monitor may take to greet. QEMU does within a millisecond unless its main loop works.
inline constexpr std::chrono::milliseconds default_patience{300};

// Every VM whose process this user may see, by pid, with the state of each monitor now. Monitors
// that are known to have a client, and still have one after a tenth of a second, are not touched;
// the others are asked all at once and are free again after. The kernel tells who is connected to
// this user's own QEMUs, to root for all.
//   patience  for each monitor, and so for all; only silent ones need it
//   errors    cannot_write: out of memory or descriptors
Result<std::vector<Vm>> list_vms(std::chrono::milliseconds patience = default_patience);

}  // namespace qmpshot
