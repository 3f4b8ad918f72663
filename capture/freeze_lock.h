// SPDX-License-Identifier: MIT
// One freeze of a VM at a time: two would stop and continue it in each other's way.
#pragma once

#include "qmp/client.h"
#include "qmp/deadline.h"

#include <qmpshot/unique_fd.h>

#include <asio/awaitable.hpp>

#include <string>

namespace qmpshot::capture {

// The lock is a name of an abstract unix socket, see unix(7): whoever is bound to it has it, and
// the kernel takes it back when the last descriptor of that socket is closed, however that comes
// about.
//
// The name is made of what the VM says of itself through each of its monitors: its uuid, and the
// thread of its first processor, which no two QEMUs of a host share. Who listens at the socket
// (SO_PEERCRED) would be libvirt for one monitor and QEMU for the next. Where two VMs do give the
// same name, say two QEMUs that are process 1 of a container each, their freezes only wait for each
// other; the same holds for VMs that do not tell.
//
// What it does not cover: those of us in another network namespace or on another host, and clients
// that are none of ours. And anybody on this host may take the name and keep it: then there is no
// frozen picture, but an error that says so.

//   errors  as qmp::Client::execute, but what QEMU refuses is left out of the name
asio::awaitable<std::string> freeze_lock_name(qmp::Client& client, qmp::Deadline deadline);

// Waits for it.
//   errors  timed_out: somebody had it all the time; cannot_write: no descriptor left; cancelled
asio::awaitable<UniqueFd> take_freeze_lock(std::string name, qmp::Deadline deadline);

}  // namespace qmpshot::capture
