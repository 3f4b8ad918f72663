// SPDX-License-Identifier: MIT
#include "tools/qmpshot/grab.h"

#include <qmpshot/async_camera.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <exception>
#include <optional>
#include <utility>

namespace qmpshot::tools {
namespace {

int caught_signal = 0;

bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Runs `work` to its end. A signal cancels it, which takes at most the library's second for
// cleaning up; a second signal ends the process as it always would.
//   meanwhile  called when the work first waits, unless it ends without waiting
Result<void> run_to_its_end(asio::awaitable<void> work, const std::function<void()>& meanwhile) {
  asio::io_context loop{1};
  asio::cancellation_signal cancel;
  asio::signal_set signals(loop);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(number)) signals.add(number);  // such as SIGHUP under nohup(1)
  }
  signals.async_wait([&](const asio::error_code& error, int number) {
    if (error) return;
    caught_signal = number;
    signals.clear();
    cancel.emit(asio::cancellation_type::terminal);
  });

  std::exception_ptr failure;
  bool done = false;
  auto on_done = [&](std::exception_ptr thrown) {
    failure = std::move(thrown);
    done = true;
    loop.stop();
  };
  asio::co_spawn(loop, std::move(work), asio::bind_cancellation_slot(cancel.slot(), on_done));
  asio::post(loop, [&] {
    if (meanwhile && !done) meanwhile();
  });
  loop.run();
  loop.restart();
  loop.poll();  // a signal that came at the same time as the end
  if (caught_signal != 0) return Error(Errc::cancelled, "interrupted");
  if (failure) return Error::from_exception(failure);
  return {};
}

Result<void> run(asio::awaitable<void> work, const std::function<void()>& meanwhile = {}) {
  try {
    return run_to_its_end(std::move(work), meanwhile);
  } catch (...) {  // no descriptors for the loop, or no memory
    return Error::from_exception(std::current_exception()).within("starting");
  }
}

asio::awaitable<void> one(std::string socket, GrabRequest request, capture::RowEncoder encode,
                          capture::OneShot& shot) {
  shot = co_await capture::shoot(std::move(socket), std::move(request), std::move(encode));
}

asio::awaitable<void> list(std::string socket, GrabRequest request, std::vector<Display>& out) {
  AsyncCamera camera = co_await AsyncCamera::open(std::move(socket), request.timeout);
  out = co_await camera.displays(request.timeout);
}

bool concerns_one_display(Errc code) {
  return code == Errc::refused || code == Errc::unsupported || code == Errc::bad_image ||
         code == Errc::no_picture;
}

asio::awaitable<void> grab_each(AsyncCamera& camera, GrabRequest request, Gallery& gallery) {
  gallery.displays = co_await camera.displays(request.timeout);
  for (const Display& display : gallery.displays) {
    if (!display.can_be_grabbed()) continue;
    request.display =
        display.index == 0 ? DisplayChoice() : DisplayChoice(display.device_id, display.head);
    std::optional<Error> failed;
    try {
      Frame frame = co_await camera.grab(request);
      frame.display_index = display.index;
      frame.device_id = display.device_id;
      frame.head = display.head;
      gallery.frames.push_back(std::move(frame));
    } catch (const Error& error) {
      failed = error.within("display " + std::to_string(display.index));
    }
    if (!failed) continue;
    if (!concerns_one_display(failed->code())) throw *failed;
    gallery.errors.push_back(std::move(*failed));
  }
}

asio::awaitable<void> all(std::string socket, GrabRequest request, Gallery& gallery) {
  AsyncCamera camera = co_await AsyncCamera::open(std::move(socket), request.timeout);
  std::exception_ptr failure;
  try {
    co_await grab_each(camera, std::move(request), gallery);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await camera.close();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Result<capture::OneShot> grab_one(const std::string& socket, const GrabRequest& request,
                                  const Meanwhile& meanwhile) {
  capture::OneShot shot;
  const Result<void> done = run(one(socket, request, meanwhile.encode, shot), meanwhile.it_dumps);
  if (!done) return done.error();
  return shot;
}

Result<std::vector<Display>> list_displays(const std::string& socket, const GrabRequest& request) {
  std::vector<Display> displays;
  Result<void> done = run(list(socket, request, displays));
  if (!done) return done.error();
  return displays;
}

Result<Gallery> grab_all(const std::string& socket, const GrabRequest& request) {
  Gallery gallery;
  Result<void> done = run(all(socket, request, gallery));
  if (!done) return done.error();
  return gallery;
}

int interrupted_by() noexcept {
  return caught_signal;
}

}  // namespace qmpshot::tools
