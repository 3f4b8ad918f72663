// SPDX-License-Identifier: MIT
// Whether a QEMU still holds memory that an earlier frame of ours was written into.
#pragma once

#include "qmp/client.h"

#include <asio/awaitable.hpp>
#include <sys/types.h>

#include <optional>
#include <string>

namespace qmpshot::capture {

// A paused QEMU before 10.0 keeps a descriptor after remove-fd until it runs again (D3). One is no
// harm; one for every picture of a VM that is paused all night ends with a QEMU out of descriptors,
// whose monitor can no longer accept who would continue it. So one-shots look first.
//
// Looks into /proc/PID/fd of the process that listens behind the connected unix socket.
//   return  nullopt where this user, or this PID namespace, may not look
std::optional<bool> holds_frame_memory(int connected_socket);

// Removes the sets of those of us that were killed before they could, or gave up on a QEMU that
// did not answer: since 8.0 QEMU would keep them for good (D2). A session's set is known by its
// `opaque`. A one-shot's has none, so that fewer bytes go out: it is known by its memory's name,
// which only those see who may look into QEMU's /proc/PID/fd.
//   errors  as qmp::Client::execute; what QEMU refuses is left alone
asio::awaitable<void> reclaim_leftovers(qmp::Client& client, qmp::Deadline deadline);

// Whether a descriptor given to this QEMU now would stay there. Asks only a QEMU before 10.0.
//   errors  as qmp::Client::execute
asio::awaitable<bool> would_keep_descriptor(qmp::Client& client, qmp::Deadline deadline);

// The user and process at the other end: who QEMU was when it began to listen.
struct Peer {
  pid_t pid = 0;  // 0: not visible from here
  uid_t uid = 0;
};
std::optional<Peer> peer_of(int connected_socket);

}  // namespace qmpshot::capture
