// SPDX-License-Identifier: MIT
// Connect, one frame, disconnect: everything is said before QEMU's greeting is read.
#pragma once

#include "encode/row_source.h"

#include <qmpshot/camera.h>

#include <asio/awaitable.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace qmpshot::capture {

// Does something with a frame; says what, for Frame::steps, or nothing. The rows are the frame's
// pixels too, and cheaper to read once; they are there until it returns.
using FrameWork = std::function<std::string_view(const Frame&, encode::RowSource&)>;

// Sends everything before the greeting is read, memory included, and looks at the replies
// afterwards: the handshake first, so that QEMU has work while we look at what it holds. Goes step
// by step on the same connection where QEMU takes no descriptor, where a display must be found
// first, and where QEMU still holds an earlier frame (leftovers.h).
//   meanwhile  gets the frame while QEMU takes back what it was lent, which takes it a
//              third of a millisecond; others wait for the monitor until it is done. Not where it
//              goes step by step. The frame may still be refused for its content
//   errors     as Camera::shoot; what `meanwhile` throws, when QEMU has taken back what it was lent
asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request, FrameWork meanwhile);

}  // namespace qmpshot::capture
