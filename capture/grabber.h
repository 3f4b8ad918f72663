// SPDX-License-Identifier: MIT
// Grabs frames of one VM over one connection: finds the display, takes the first route that works.
#pragma once

#include "capture/fd_route.h"
#include "capture/file_route.h"
#include "capture/freezer.h"
#include "qmp/client.h"

#include <qmpshot/camera.h>

#include <asio/awaitable.hpp>

#include <vector>

namespace qmpshot::capture {

class Grabber {
 public:
  // `client` has shaken hands.
  explicit Grabber(qmp::Client client) : client_(std::move(client)) {}
  Grabber(const Grabber&) = delete;
  Grabber& operator=(const Grabber&) = delete;
  ~Grabber();

  // One frame, by the route asked for or the first that works; each refusal is remembered, so that
  // the next frame does not ask for it again.
  //   errors  as Camera::grab
  asio::awaitable<Frame> grab(GrabRequest request, Stopwatch watch, qmp::Deadline deadline);

  asio::awaitable<std::vector<Display>> displays(qmp::Deadline deadline);

  // Shift, down and up: it wakes a blanked console and types nothing.
  //   errors  refused: the VM does not run
  asio::awaitable<void> press_harmless_key(qmp::Deadline deadline);

  asio::awaitable<VmFacts> vm_facts(qmp::Deadline deadline);

  // Takes back from QEMU what was lent to it, and leaves.
  //   errors  as qmp::Client::execute; unless QEMU is gone, the guard stays until it is done
  asio::awaitable<void> close(qmp::Deadline deadline);

  // Before the first grab: this route is known not to work.
  void remember_refusal(RouteRefusal refusal) { refusals_.push_back(std::move(refusal)); }

 private:
  asio::awaitable<Frame> grab_display(GrabRequest request, Stopwatch watch, qmp::Deadline deadline);
  void remember(const std::vector<RouteRefusal>& refusals);
  asio::awaitable<qmp::Screendump> find_display(const DisplayChoice& choice, Frame& frame,
                                                qmp::Deadline deadline);
  asio::awaitable<void> grab_by(Route route, Dump dump, Frame& frame, Stopwatch& watch,
                                qmp::Deadline deadline);
  // The routes to try, best first.
  asio::awaitable<std::vector<Route>> routes(Route asked, Frame& frame, qmp::Deadline deadline);

  qmp::Client client_;
  FdRoute fd_route_;
  PendingFiles pending_;
  std::vector<RouteRefusal> refusals_;
  Freezer freezer_;
};

}  // namespace qmpshot::capture
