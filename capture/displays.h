// SPDX-License-Identifier: MIT
// Which displays a VM has, and which of them may be asked for.
#pragma once

#include "qmp/client.h"

#include <qmpshot/display.h>
#include <qmpshot/error.h>

#include <asio/awaitable.hpp>

#include <vector>

namespace qmpshot::capture {

// Asks QEMU for its consoles, by index, in two round trips. Consoles that could not be asked for
// say why.
//   errors  as qmp::Client::execute
asio::awaitable<std::vector<Display>> list_displays(qmp::Client& client, qmp::Deadline deadline);

// Says of each display, in order of index, why it cannot be grabbed. No I/O.
//   source  QEMU ui/console.c:qemu_console_lookup_by_device walks over the consoles in order of
//           index; Quirk::lookup_aborts and Quirk::secondary_qxl_hangs
void mark_unreachable(std::vector<Display>& displays, const qmp::Version& version);

// The display that is meant.
//   errors  refused: no such device, or not that head; unsupported: it cannot be grabbed
Result<Display> choose_display(const std::vector<Display>& displays, const DisplayChoice& choice);

}  // namespace qmpshot::capture
