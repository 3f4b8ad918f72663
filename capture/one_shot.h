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
#include <utility>
#include <vector>

namespace qmpshot::capture {

// Encodes a frame's rows, which last until it returns; nullopt where it does not. Called with rows
// that are coming, or that are there; a second time, with those that are there, where one of the
// coming did not come, or it threw. A file is made of all rows, the last one included.
using RowEncoder = std::function<std::optional<std::vector<std::byte>>(encode::RowSource&)>;

struct OneShot {
  OneShot() = default;
  OneShot(Frame shot, std::optional<std::vector<std::byte>> encoded)
      : frame(std::move(shot)), file(std::move(encoded)) {}

  Frame frame;  // its qemu_time holds the encoding that went on meanwhile
  std::optional<std::vector<std::byte>> file;
};

// Sends everything before the greeting is read, memory included, and looks at the replies
// afterwards: the handshake first, so that QEMU has work while we look at what it holds. Goes step
// by step on the same connection where QEMU takes no descriptor, where a display must be found
// first, and where QEMU still holds an earlier frame (leftovers.h).
//   encode  may be empty. Called while QEMU writes the frame, where we have a CPU more, or else
//           while it takes back what it was lent, which takes it a third of a millisecond; others
//           wait for the monitor until it is done. Not where it goes step by step
//   errors  as Camera::shoot; what `encode` throws, when QEMU has taken back what it was lent
asio::awaitable<OneShot> shoot(std::string socket_path, GrabRequest request, RowEncoder encode);

}  // namespace qmpshot::capture
