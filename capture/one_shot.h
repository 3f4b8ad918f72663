// SPDX-License-Identifier: MIT
// Connect, one frame, disconnect: everything is said before QEMU's greeting is read.
#pragma once

#include <qmpshot/async_camera.h>

#include <asio/awaitable.hpp>

#include <string>

namespace qmpshot::capture {

// Sends everything before the greeting is read, memory included, and looks at the replies
// afterwards: the handshake first, so that QEMU has work while we look at what it holds. Goes step
// by step on the same connection where QEMU takes no descriptor, where a display must be found
// first, and where QEMU still holds an earlier frame (leftovers.h).
//   on_frame  as AsyncCamera::shoot; nullptr: none
//   errors    as AsyncCamera::shoot
asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request,
                             const AsyncCamera::OnFrame* on_frame);

}  // namespace qmpshot::capture
