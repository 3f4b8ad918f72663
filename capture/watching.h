// SPDX-License-Identifier: MIT
// From a request to its frame: waking the guest, waiting until there is something to see.
#pragma once

#include "capture/grabber.h"

#include <qmpshot/camera.h>

#include <asio/awaitable.hpp>

namespace qmpshot::capture {

// Whether one dump is all that is asked for.
bool is_plain(const GrabRequest& request) noexcept;

// Refuses a frame that is not the guest's own picture, where one is required.
//   errors  no_picture
void check_content(const GrabRequest& request, const Frame& frame);

// Everything the request asks for, over a connection that has shaken hands. `deadline` is for the
// first frame; each later look at the screen has the request's timeout of its own.
//   errors  as Camera::grab
asio::awaitable<Frame> fulfil(Grabber& grabber, GrabRequest request, Stopwatch watch,
                              qmp::Deadline deadline);

}  // namespace qmpshot::capture
