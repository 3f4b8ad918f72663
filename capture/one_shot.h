// SPDX-License-Identifier: MIT
// Connect, one frame, disconnect: everything is said before QEMU's greeting is read.
#pragma once

#include "encode/row_source.h"

#include <qmpshot/camera.h>

#include <asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace qmpshot::capture {

// Makes a file of a frame's rows, which are there until it returns; nullopt where it does not.
// Called with rows that are still coming, and where one did not come again, when all are there.
using FileMaker = std::function<std::optional<std::vector<std::byte>>(encode::RowSource&)>;

struct OneShot {
  Frame frame;
  std::optional<std::vector<std::byte>> file;  // of that frame
};

// Sends everything before the greeting is read, memory included, and looks at the replies
// afterwards: the handshake first, so that QEMU has work while we look at what it holds. Goes step
// by step on the same connection where QEMU takes no descriptor, where a display must be found
// first, and where QEMU still holds an earlier frame (leftovers.h).
//   make_file  may be empty. Called while QEMU writes the frame, where we have a CPU more, or else
//              while it takes back what it was lent, which takes it a third of a millisecond;
//              others wait for the monitor until it is done. Not where it goes step by step
//   errors     as Camera::shoot; what make_file throws, when QEMU has taken back what it was lent
asio::awaitable<OneShot> shoot(std::string socket_path, GrabRequest request, FileMaker make_file);

}  // namespace qmpshot::capture
