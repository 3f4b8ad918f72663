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
// where they answer within 300 ms, else whichever is free first. `vm` is a running VM's name, uuid
// or pid and means all its monitors; then there are no sockets.
//   errors  bad_argument: several VMs are called so; cannot_connect: none is, or nothing listens;
//           monitor_busy: one that is there never became free; bad_peer. Each names every reason.
Result<std::string> choose_socket(const std::vector<std::string>& sockets, const std::string& vm,
                                  std::chrono::milliseconds timeout);

}  // namespace qmpshot::tools
