// SPDX-License-Identifier: MIT
#include "capture/grabber.h"

#include "capture/displays.h"
#include "capture/file_route.h"
#include "capture/leftovers.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

// Whether what failed may be the route's fault. A display that QEMU does not know is not, and
// neither is a QEMU that does not answer.
bool another_route_may_help(const Error& error) {
  switch (error.code()) {
    case Errc::refused:
      return error.qemu_class() != "DeviceNotFound" && error.qemu_class() != "CommandNotFound";
    case Errc::unsupported:
    case Errc::bad_image:
    case Errc::cannot_write: return true;
    default: return false;
  }
}

// All routes failed: the first one's error where all agree, else each with its own.
Error all_failed(const std::vector<RouteRefusal>& refusals) {
  const Error& first = refusals.front().why;
  const bool agree = std::ranges::all_of(refusals, [&](const RouteRefusal& refusal) {
    return refusal.why.message() == first.message();
  });
  if (agree) return first;
  std::string message;
  for (const RouteRefusal& refusal : refusals) {
    message += (message.empty() ? "" : "; ") + ("by route " + std::string(name(refusal.route))) +
               ": " + refusal.why.message();
  }
  return Error(first.code(), message).set_qemu_class(first.qemu_class());
}

}  // namespace

asio::awaitable<std::vector<Route>> Grabber::routes(Route asked, qmp::Deadline deadline) {
  std::vector<Route> routes{asked};
  if (asked != Route::automatic) co_return routes;
  routes = {Route::fd, Route::png_file, Route::ppm_file};
  if (!fd_route_.lent() && co_await would_keep_descriptor(client_, deadline)) {
    // The VM is paused: PNG's time in the main loop is nobody's loss, but nobody's gain either.
    routes = {Route::ppm_file, Route::fd};
  }
  const auto refused = [this](Route route) {
    return std::ranges::find(refusals_, route, &RouteRefusal::route) != refusals_.end();
  };
  std::erase_if(routes, refused);
  co_return routes;
}

asio::awaitable<Frame> Grabber::grab(GrabRequest request, Stopwatch watch, qmp::Deadline deadline) {
  Frame frame;
  const qmp::Screendump what = co_await find_display(request.display, frame, deadline);
  if (!request.display.is_first_console()) watch.lap("find display");

  std::vector<RouteRefusal> refusals =
      request.route == Route::automatic ? refusals_ : std::vector<RouteRefusal>();
  const std::vector<Route> to_try = co_await routes(request.route, deadline);
  for (const Route route : to_try) {
    std::optional<Error> failed;
    try {
      co_await grab_by(route, what, frame, watch, deadline);
    } catch (const Error& error) {
      failed = error;
    }
    if (!failed) {
      frame.steps = watch.take_steps();
      if (request.route == Route::automatic) refusals_ = refusals;
      frame.refusals = std::move(refusals);
      co_return frame;
    }
    if (request.route != Route::automatic || !another_route_may_help(*failed)) throw *failed;
    refusals.emplace_back(route, std::move(*failed));
  }
  throw all_failed(refusals);
}

asio::awaitable<qmp::Screendump> Grabber::find_display(const DisplayChoice& choice, Frame& frame,
                                                       qmp::Deadline deadline) {
  qmp::Screendump what;
  if (choice.is_first_console()) co_return what;
  const Display display = choose_display(co_await displays(deadline), choice).value();
  frame.display_index = display.index;
  frame.device_id = display.device_id;
  frame.head = display.head;
  if (display.index != 0) {  // the first console needs no name: one lookup less inside QEMU
    what.device = display.device_id;
    what.head = display.head;
  }
  co_return what;
}

asio::awaitable<void> Grabber::grab_by(Route route, qmp::Screendump what, Frame& frame,
                                       Stopwatch& watch, qmp::Deadline deadline) {
  const auto begin = std::chrono::steady_clock::now();
  frame.route = route;
  if (route == Route::fd) {
    frame.image = co_await fd_route_.grab(client_, std::move(what), watch, deadline);
  } else if (route == Route::ppm_file) {
    frame.image = co_await grab_ppm_file(client_, std::move(what), watch, deadline);
  } else {
    QemuPng png = co_await grab_png_file(client_, std::move(what), watch, deadline);
    frame.image = std::move(png.image);
    frame.qemu_png = std::move(png.png);
  }
  frame.taken_at = std::chrono::system_clock::now();
  frame.qemu_time = std::chrono::steady_clock::now() - begin;
  if (client_.greeting()) frame.qemu_version = client_.greeting()->version.text();
}

asio::awaitable<std::vector<Display>> Grabber::displays(qmp::Deadline deadline) {
  co_return co_await list_displays(client_, deadline);
}

asio::awaitable<void> Grabber::close(qmp::Deadline deadline) {
  co_await fd_route_.close(client_, deadline);
  co_await client_.leave(deadline);
}

}  // namespace qmpshot::capture
