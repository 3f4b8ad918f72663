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

// Something to do with a frame while QEMU has to do anyway.
struct FrameWork {
  enum class Rows { coming, there };
  // Does it with the frame's pixels, which are there until it returns; says what it did, for
  // Frame::steps, or nothing. Called while the frame comes, and where that came to nothing, when it
  // is there: then what was done before does not count.
  std::function<std::string_view(encode::RowSource&, Rows)> start;
  // What was done does not count: the frame comes by another way, or not at all.
  std::function<void()> forget;
};

// Sends everything before the greeting is read, memory included, and looks at the replies
// afterwards: the handshake first, so that QEMU has work while we look at what it holds. Goes step
// by step on the same connection where QEMU takes no descriptor, where a display must be found
// first, and where QEMU still holds an earlier frame (leftovers.h).
//   work    gets the frame while QEMU writes it, where we have a CPU more, or else while it takes
//           back what it was lent, which takes it a third of a millisecond; others wait for the
//           monitor until the work is done. Not where it goes step by step. The frame may still be
//           refused for its content
//   errors  as Camera::shoot; what `work` throws, when QEMU has taken back what it was lent
asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request, FrameWork work);

}  // namespace qmpshot::capture
