// SPDX-License-Identifier: MIT
// What answers on a socket: a free monitor of a virtual machine, or why not.
#pragma once

#include "qmp/deadline.h"

#include <qmpshot/vms.h>

#include <asio/awaitable.hpp>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace qmpshot::capture {

struct Probe {
  Probe() = default;
  Probe(MonitorState found, std::string reason) : state(found), why(std::move(reason)) {}

  MonitorState state = MonitorState::dead;
  std::string why;     // empty for a free one; does not name the path
  pid_t listener = 0;  // who listens there; 0 where the kernel does not tell
};

// Shakes hands and asks whether there is a machine, then leaves: a free monitor is free again when
// this returns. A busy one is left with a closed connection in its queue, which QEMU drops when it
// comes to it. What failed is in the probe, but for what is no fault of the monitor's.
//   errors  cancelled; cannot_write: no descriptor or memory left here
asio::awaitable<Probe> probe_monitor(std::string path, qmp::Deadline deadline);

// Half of what a process may usually have open (RLIMIT_NOFILE, 1024), and room for the caller's.
inline constexpr std::size_t most_at_once = 256;

// Runs ask(i) for each i below `count`, in that order and up to `most_at_once` at a time; fewer
// where one says cannot_write, and it is asked again when others are done. They run on one strand,
// and may go on when this was cancelled: what `ask` uses, it must own.
//   errors  cancelled; cannot_write: one alone says so; what else the first says
asio::awaitable<void> ask_each(std::size_t count,
                               std::function<asio::awaitable<void>(std::size_t)> ask);

// All of them at once, in the order of `paths`; beyond `most_at_once`, as places become free.
//   errors  as probe_monitor()
asio::awaitable<std::vector<Probe>> probe_monitors(std::vector<std::string> paths,
                                                   std::chrono::milliseconds patience);

}  // namespace qmpshot::capture
