// SPDX-License-Identifier: MIT
// One screendump, with the VM's processors standing still where that is asked for.
#pragma once

#include "capture/freezer.h"
#include "qmp/client.h"
#include "qmp/commands.h"

#include <asio/awaitable.hpp>

namespace qmpshot::capture {

struct Dump {
  Dump() = default;

  qmp::Screendump what;
  Freezer* freezer = nullptr;  // prepared: the VM is to stand still. Outlives the dump
};

// Has QEMU write one frame to `dump.what.filename`. Frozen, the VM stands still from just before to
// just after: "stop", the dump and "cont" are one message.
//
// A VM that was stopped after we saw it run, by another client or by an error of its own, is
// stopped again. QEMU knows one kind of pause and not whose it is, so this cannot be told from our
// own:
//   - a "stop" of another client that QEMU runs between two commands of that message, the question
//     whether the VM runs and our "stop", or while it stands by ours: our "cont" undoes it;
//   - a "cont" of another client that had stopped the VM in the moment before our message, where
//     QEMU runs it right before or after our "cont": we stop the VM again. Two of us would meet so
//     now and then, hence freeze_lock.h.
// And a VM that we continue wrongly runs on where we cannot stop it again: we are killed before we
// see QEMU's answers, or our time is up, or QEMU is gone, which is then the error.
//
//   errors  as qmp::Client::execute
asio::awaitable<void> run_dump(qmp::Client& client, Dump dump, qmp::Deadline deadline);

}  // namespace qmpshot::capture
