// SPDX-License-Identifier: MIT
// One screendump, with the VM's processors standing still where that is asked for.
#pragma once

#include "qmp/client.h"
#include "qmp/commands.h"

#include <asio/awaitable.hpp>

namespace qmpshot::capture {

struct Dump {
  Dump() = default;

  qmp::Screendump what;
  bool freeze = false;  // the VM runs, and a FreezeGuard holds the connection
};

// Has QEMU write one frame to `dump.what.filename`. Frozen, the VM stands still from just before to
// just after: "stop", the dump and "cont" are one message.
//   errors  as qmp::Client::execute
asio::awaitable<void> run_dump(qmp::Client& client, Dump dump, qmp::Deadline deadline);

}  // namespace qmpshot::capture
