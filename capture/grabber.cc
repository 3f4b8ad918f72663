// SPDX-License-Identifier: MIT
#include "capture/grabber.h"

#include "capture/displays.h"
#include "capture/file_route.h"
#include "capture/leftovers.h"
#include "capture/quirks.h"
#include "encode/content.h"

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

// Whether there is such a device, which this QEMU would not list even where it is a display.
asio::awaitable<bool> may_be_hidden(qmp::Client& client, std::string device_id,
                                    qmp::Deadline deadline) {
  if (!client.greeting() || !has_quirk(client.greeting()->version, Quirk::hides_hot_plugged)) {
    co_return false;
  }
  std::vector<qmp::Command> question;
  question.push_back(qmp::qom_list("/machine/peripheral"));
  const std::vector<qmp::Reply> replies =
      co_await client.execute_all(std::move(question), -1, deadline);
  if (!replies[0].ok()) co_return false;
  const std::vector<qmp::QomEntry> devices = qmp::parse_qom_list(*replies[0]);
  co_return std::ranges::find(devices, device_id, &qmp::QomEntry::name) != devices.end();
}

}  // namespace

asio::awaitable<std::vector<Route>> Grabber::routes(Route asked, Frame& frame,
                                                    qmp::Deadline deadline) {
  std::vector<Route> routes{asked};
  if (asked != Route::automatic) co_return routes;
  routes = {Route::fd, Route::png_file, Route::ppm_file};
  if (!fd_route_.lent() && co_await would_keep_descriptor(client_, deadline)) {
    // The VM is paused: PNG's time in the main loop is nobody's loss, but nobody's gain either.
    routes = {Route::ppm_file, Route::fd};
    frame.notes.push_back(quirk_note(client_.greeting()->version, Quirk::keeps_descriptors));
  }
  const auto refused = [this](Route route) {
    return std::ranges::find(refusals_, route, &RouteRefusal::route) != refusals_.end();
  };
  std::erase_if(routes, refused);
  co_return routes;
}

// What QEMU cannot do it will not do next time. What we could not (no descriptors left, say) we
// may.
void Grabber::remember(const std::vector<RouteRefusal>& refusals) {
  refusals_.clear();
  for (const RouteRefusal& refusal : refusals) {
    const Errc code = refusal.why.code();
    if (code == Errc::refused || code == Errc::unsupported) refusals_.push_back(refusal);
  }
}

Grabber::~Grabber() {
  for (PrivateFile& file : pending_) file.abandon();
}

asio::awaitable<Frame> Grabber::grab(GrabRequest request, Stopwatch watch, qmp::Deadline deadline) {
  try {
    Frame frame = co_await grab_display(std::move(request), std::move(watch), deadline);
    freezer_.done();
    co_return frame;
  } catch (...) {
    freezer_.done();
    throw;
  }
}

asio::awaitable<Frame> Grabber::grab_display(GrabRequest request, Stopwatch watch,
                                             qmp::Deadline deadline) {
  Frame frame;
  Dump dump;
  dump.what = co_await find_display(request.display, frame, deadline);
  if (!request.display.is_first_console()) watch.lap("find display");

  if (request.freeze && co_await freezer_.prepare(client_, frame.notes, deadline)) {
    dump.freezer = &freezer_;
  }

  std::vector<RouteRefusal> refusals =
      request.route == Route::automatic ? refusals_ : std::vector<RouteRefusal>();
  const std::vector<Route> to_try = co_await routes(request.route, frame, deadline);
  for (const Route route : to_try) {
    std::optional<Error> failed;
    try {
      co_await grab_by(route, dump, frame, watch, deadline);
    } catch (const Error& error) {
      failed = error;
    }
    if (!failed) {
      frame.content = encode::classify(frame.image.view());
      watch.lap("judge");
      frame.steps = watch.take_steps();
      if (request.route == Route::automatic) remember(refusals);
      frame.refusals = std::move(refusals);
      co_return frame;
    }
    if (request.route != Route::automatic || !another_route_may_help(*failed)) throw *failed;
    refusals.emplace_back(route, std::move(*failed));
  }
  throw all_failed(refusals);
}

asio::awaitable<void> Grabber::press_harmless_key(qmp::Deadline deadline) {
  // A key wakes a suspended VM, not its screen; while one is paused QEMU keeps none.
  const qmp::Json value = co_await client_.execute(qmp::query_status(), deadline);
  const qmp::VmStatus status = qmp::parse_status(value);
  if (!status.running) {
    throw Error(Errc::refused,
                "pressing Shift: the VM does not run, its state is " + status.status);
  }
  constexpr std::string_view key = "shift";
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::key_event(key, true));
  commands.push_back(qmp::key_event(key, false));
  const std::vector<qmp::Reply> replies =
      co_await client_.execute_all(std::move(commands), -1, deadline);
  for (const qmp::Reply& reply : replies) (void)reply.value();
}

asio::awaitable<VmFacts> Grabber::vm_facts(qmp::Deadline deadline) {
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::query_name());
  commands.push_back(qmp::query_uuid());
  commands.push_back(qmp::query_status());
  const std::vector<qmp::Reply> replies =
      co_await client_.execute_all(std::move(commands), -1, deadline);
  VmFacts facts;
  facts.name = qmp::parse_name(replies[0].value());
  facts.uuid = qmp::parse_uuid(replies[1].value());
  facts.status = qmp::parse_status(replies[2].value()).status;
  co_return facts;
}

asio::awaitable<qmp::Screendump> Grabber::find_display(const DisplayChoice& choice, Frame& frame,
                                                       qmp::Deadline deadline) {
  qmp::Screendump what;
  if (choice.is_first_console()) co_return what;
  const Result<Display> chosen = choose_display(co_await displays(deadline), choice);
  if (!chosen.ok() && co_await may_be_hidden(client_, choice.device_id, deadline)) {
    throw Error(chosen.error().code(),
                chosen.error().message() + ", and QEMU " + client_.greeting()->version.text() +
                    " does not tell of displays plugged in while it runs: start it with them");
  }
  const Display& display = chosen.value();
  frame.display_index = display.index;
  frame.device_id = display.device_id;
  frame.head = display.head;
  if (display.index != 0) {  // the first console needs no name: one lookup less inside QEMU
    what.device = display.device_id;
    what.head = display.head;
  }
  co_return what;
}

asio::awaitable<void> Grabber::grab_by(Route route, Dump dump, Frame& frame, Stopwatch& watch,
                                       qmp::Deadline deadline) {
  const auto begin = std::chrono::steady_clock::now();
  frame.route = route;
  if (route == Route::fd) {
    frame.image = co_await fd_route_.grab(client_, std::move(dump), watch, deadline);
  } else if (route == Route::ppm_file) {
    frame.image = co_await grab_ppm_file(client_, std::move(dump), pending_, watch, deadline);
  } else {
    QemuPng png = co_await grab_png_file(client_, std::move(dump), pending_, watch, deadline);
    frame.image = std::move(png.image);
    frame.qemu_png = std::move(png.png);
  }
  if (route == Route::png_file && client_.greeting() &&
      has_quirk(client_.greeting()->version, Quirk::png_swaps_colours)) {
    frame.notes.push_back(quirk_note(client_.greeting()->version, Quirk::png_swaps_colours) +
                          (frame.qemu_png.empty() ? ", and was not used" : ""));
  }
  frame.taken_at = std::chrono::system_clock::now();
  frame.qemu_time = std::chrono::steady_clock::now() - begin;
  if (client_.greeting()) frame.qemu_version = client_.greeting()->version.text();
}

asio::awaitable<std::vector<Display>> Grabber::displays(qmp::Deadline deadline) {
  co_return co_await list_displays(client_, deadline);
}

asio::awaitable<void> Grabber::close(qmp::Deadline deadline) {
  std::optional<Error> failed;
  try {
    co_await fd_route_.close(client_, deadline);
    co_await client_.leave(deadline);
    pending_.clear();
  } catch (const Error& error) {
    if (error.code() != Errc::connection_lost) throw;
    failed = error;
  }
  co_await freezer_.dismiss();
  if (failed) throw *failed;
}

}  // namespace qmpshot::capture
