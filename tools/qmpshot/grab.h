// SPDX-License-Identifier: MIT
// Asks the VM, and lets Ctrl-C and SIGTERM end it without leaving anything behind.
#pragma once

#include "capture/one_shot.h"

#include <qmpshot/camera.h>

#include <functional>
#include <string>
#include <vector>

namespace qmpshot::tools {

// What to do while QEMU works.
struct Meanwhile {
  // Called once, when we first wait; a plain picture has been asked for by then. Not where that
  // failed. Does not throw.
  std::function<void()> it_dumps;
  // Where the frame is to be encoded, as capture/one_shot.h says.
  capture::RowEncoder encode;
};

// One connection, one frame.
//   errors  as Camera::shoot; cancelled: a signal came
Result<capture::OneShot> grab_one(const std::string& socket, const GrabRequest& request,
                                  const Meanwhile& meanwhile);

Result<std::vector<Display>> list_displays(const std::string& socket, const GrabRequest& request);

// One connection, a frame of every display that can be grabbed.
struct Gallery {
  std::vector<Display> displays;
  std::vector<Frame> frames;  // of those that could be grabbed, in the same order
  std::vector<Error> errors;  // of the others that can be asked for, each with its display
};
Result<Gallery> grab_all(const std::string& socket, const GrabRequest& request);

// The signal that ended the work, 0 where none did.
int interrupted_by() noexcept;

}  // namespace qmpshot::tools
