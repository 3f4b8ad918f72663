// SPDX-License-Identifier: MIT
// Connect, one frame, disconnect: everything is said before QEMU's greeting is read.
#pragma once

#include <qmpshot/camera.h>

#include <asio/awaitable.hpp>

#include <string>

namespace qmpshot::capture {

// Sends everything before the greeting is read, memory included, and looks at the replies
// afterwards: the handshake first, so that QEMU has work while we look at what it holds. Goes step
// by step on the same connection where QEMU takes no descriptor, where a display must be found
// first, and where QEMU still holds an earlier frame (leftovers.h).
//   errors  as Camera::shoot
asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request);

}  // namespace qmpshot::capture
