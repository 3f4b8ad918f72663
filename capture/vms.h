// SPDX-License-Identifier: MIT
// The virtual machines of a host, with the state of their monitors.
#pragma once

#include "capture/monitor_probe.h"
#include "capture/qemu_processes.h"

#include <qmpshot/vms.h>

#include <asio/awaitable.hpp>

#include <chrono>
#include <vector>

namespace qmpshot::capture {

// Whether it takes a question to know how it is: nobody is known to be connected, and it can be
// reached.
bool must_be_asked(const KnownMonitor& known);

// What is known without one.
Monitor judge_unasked(const QemuProcess& process, const KnownMonitor& known);

// What the answer means for this process's monitor.
//   check_listener  whether pids are of this host, so that who listens must be who was named
Monitor judge(const QemuProcess& process, const KnownMonitor& known, Probe probe,
              bool check_listener);

// Looks again at processes whose monitors have a client, for a tenth of a second: one that is gone
// by then, as another that lists the VMs is, keeps nobody from a monitor. Drops who ended
// meanwhile.
//   errors  cancelled; as find_qemu_processes()
asio::awaitable<void> outwait_visitors(std::vector<QemuProcess>& processes);

// Asks the monitors of these processes how they are; only those that must be.
//   check_listener  as in judge()
//   errors          cancelled; cannot_write: no descriptor or memory left here
asio::awaitable<std::vector<Vm>> ask_monitors(std::vector<QemuProcess> processes,
                                              std::chrono::milliseconds patience,
                                              bool check_listener);

}  // namespace qmpshot::capture
