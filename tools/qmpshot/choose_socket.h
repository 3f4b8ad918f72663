// SPDX-License-Identifier: MIT
// Which socket is meant where more than one may be.
#pragma once

#include <qmpshot/error.h>

#include <chrono>
#include <string>
#include <vector>

namespace qmpshot::tools {

// The socket to grab from. One path stands for itself, and nothing is asked of it. Of several, and
// of those that a pattern (*, ?, [...]) finds, the first whose monitor is free: in the order given
// where they answer within 300 ms, else whichever is free first; of more than 256, only one that
// answers in that time. `vm` is a running VM's name, uuid or pid, the first of these that fits, and
// means all its monitors; then there are no sockets. A monitor that has a client is not touched
// before that left, where the kernel tells.
//   errors  bad_argument: several VMs are called so; cannot_connect: none is, or nothing listens;
//           monitor_busy: one that is there never became free; bad_peer; cannot_write: no
//           descriptors left. Each names every reason, fit for a terminal.
Result<std::string> choose_socket(const std::vector<std::string>& sockets, const std::string& vm,
                                  std::chrono::milliseconds timeout);

// Why that socket's monitor did not greet, which is monitor_busy's `error`: whether it serves
// another client, or hangs, or its process is stopped. The error itself where /proc does not tell.
Error why_no_greeting(const std::string& socket, const Error& error);

}  // namespace qmpshot::tools
