// SPDX-License-Identifier: MIT
// What answers on a socket: a free monitor of a virtual machine, or why not.
#pragma once

#include "qmp/deadline.h"

#include <qmpshot/vms.h>

#include <asio/awaitable.hpp>
#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace qmpshot::capture {

struct Probe {
  Probe() = default;
  Probe(MonitorState found, std::string reason) : state(found), why(std::move(reason)) {}

  MonitorState state = MonitorState::dead;
  std::string why;     // empty for a free one
  pid_t listener = 0;  // who listens there; 0 where the kernel does not tell
};

// Shakes hands and asks whether there is a machine, then leaves: a free monitor is free again when
// this returns. A busy one is left with a closed connection in its queue, which QEMU drops when it
// comes to it. What failed is in the probe; throws only cancelled.
asio::awaitable<Probe> probe_monitor(std::string path, qmp::Deadline deadline);

// All of them at once, in the order of `paths`; beyond 256, as descriptors become free.
asio::awaitable<std::vector<Probe>> probe_monitors(std::vector<std::string> paths,
                                                   std::chrono::milliseconds patience);

}  // namespace qmpshot::capture
