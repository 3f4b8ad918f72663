// SPDX-License-Identifier: MIT
// The ways through a file: for a QEMU that takes no descriptors, and for its own PNG.
#pragma once

#include "capture/stopwatch.h"
#include "qmp/client.h"
#include "qmp/commands.h"

#include <qmpshot/image.h>

#include <asio/awaitable.hpp>

#include <vector>

namespace qmpshot::capture {

// Since 7.1 screendump has "format".
//   source  QEMU qapi/ui.json
inline constexpr qmp::Version png_since{7, 1, 0};

// Up to here an unpatched QEMU swaps red and blue in its PNG. Distributions carry the fix in
// versions of any number, so the number alone condemns nobody.
//   source  QEMU issue 1622, fixed in 8.1.0
inline constexpr qmp::Version png_trusted_since{8, 1, 0};

// One frame as PPM through a private temporary file.
//   errors  refused, cannot_write, bad_image, timed_out, connection_lost, cancelled, bad_peer
asio::awaitable<Image> grab_ppm_file(qmp::Client& client, qmp::Screendump what, Stopwatch& watch,
                                     qmp::Deadline deadline);

// One frame as PNG, encoded by QEMU in its main loop: the guest's timers and devices stand still
// meanwhile.
struct QemuPng {
  QemuPng() = default;
  Image image;
  std::vector<std::byte> png;  // empty where QEMU's file was not trustworthy
};

// A PNG from a doubtful version is compared with a PPM taken right after it; unless they are
// equal, the PPM's picture is returned and no PNG.
//   errors  unsupported: before 7.1; as grab_ppm_file
asio::awaitable<QemuPng> grab_png_file(qmp::Client& client, qmp::Screendump what, Stopwatch& watch,
                                       qmp::Deadline deadline);

}  // namespace qmpshot::capture
