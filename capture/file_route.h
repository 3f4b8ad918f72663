// SPDX-License-Identifier: MIT
// The ways through a file: for a QEMU that takes no descriptors, and for its own PNG.
#pragma once

#include "capture/dump.h"
#include "capture/private_file.h"
#include "capture/stopwatch.h"
#include "qmp/client.h"
#include "qmp/commands.h"

#include <qmpshot/image.h>

#include <asio/awaitable.hpp>

#include <vector>

namespace qmpshot::capture {

// Files whose dump we did not see the end of. QEMU may still open them: until it has, or is gone,
// their names must not be free for anybody else to put something else there (D4, D5).
using PendingFiles = std::vector<PrivateFile>;

// One frame as PPM through a private temporary file.
//   errors  refused, cannot_write, bad_image, timed_out, connection_lost, cancelled, bad_peer
asio::awaitable<Image> grab_ppm_file(qmp::Client& client, Dump dump, PendingFiles& pending,
                                     Stopwatch& watch, qmp::Deadline deadline);

// One frame as PNG, encoded by QEMU in its main loop: the guest's timers and devices stand still
// meanwhile.
struct QemuPng {
  QemuPng() = default;
  Image image;
  std::vector<std::byte> png;  // empty where QEMU's file was not trustworthy
};

// A PNG from a version that may swap colours is compared with a PPM taken right after it; unless
// they are equal, the PPM's picture is returned and no PNG.
//   errors  unsupported: this QEMU writes no PNG; as grab_ppm_file
asio::awaitable<QemuPng> grab_png_file(qmp::Client& client, Dump dump, PendingFiles& pending,
                                       Stopwatch& watch, qmp::Deadline deadline);

}  // namespace qmpshot::capture
