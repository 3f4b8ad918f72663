// SPDX-License-Identifier: MIT
// The virtual machines of a host, with the state of their monitors.
#pragma once

#include "capture/qemu_processes.h"

#include <qmpshot/vms.h>

#include <asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace qmpshot::capture {

// Asks the monitors of these processes how they are. Only those that have no client are asked.
//   check_listener  whether pids are of this host, so that who listens must be who was named
asio::awaitable<std::vector<Vm>> ask_monitors(std::vector<QemuProcess> processes,
                                              std::chrono::milliseconds patience,
                                              bool check_listener);

}  // namespace qmpshot::capture
