// SPDX-License-Identifier: MIT
#include "capture/watching.h"

#include "encode/compare.h"
#include "qmp/pause.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace qmpshot::capture {
namespace {

using std::chrono::milliseconds;

// How long a guest may take to draw after a key. A Linux console is back within one frame; a screen
// that has to be switched on again takes a second or so.
constexpr milliseconds wake_time{2000};

// Pauses between looks at a screen, each longer than the one before: a VM that boots for minutes is
// not asked a hundred times a second.
class Pauses {
 public:
  milliseconds next() { return std::exchange(next_, std::min(next_ * 3 / 2, milliseconds(3000))); }

 private:
  milliseconds next_{100};
};

asio::awaitable<void> pause(milliseconds time, qmp::Deadline deadline) {
  co_await qmp::pause_until(std::min(std::chrono::steady_clock::now() + time, deadline.at()));
}

// One more look, with a time of its own: the request's is for the first.
//   began  when the first began: all since is the step "wait"
asio::awaitable<Frame> look_again(Grabber& grabber, GrabRequest request,
                                  Stopwatch::TimePoint began) {
  const qmp::Deadline deadline = qmp::Deadline::after(request.timeout);
  Stopwatch watch(began);
  watch.lap("wait");
  co_return co_await grabber.grab(std::move(request), std::move(watch), deadline);
}

// A key, then looks until the picture is another one.
asio::awaitable<Frame> wake(Grabber& grabber, GrabRequest request, Frame before,
                            Stopwatch::TimePoint began, qmp::Deadline deadline) {
  std::optional<Error> refused;
  try {
    co_await grabber.press_harmless_key(deadline);
  } catch (const Error& error) {
    if (error.code() != Errc::refused) throw;
    refused = error;
  }
  if (refused) {
    before.notes.push_back("not woken: " + refused->message());
    co_return before;
  }
  const qmp::Deadline awake = qmp::Deadline::after(wake_time);
  Frame after = before;
  Pauses pauses;
  while (!awake.passed() && encode::equal(before.image.view(), after.image.view())) {
    co_await pause(pauses.next(), awake);
    after = co_await look_again(grabber, request, began);
  }
  co_return after;
}

}  // namespace

bool is_plain(const GrabRequest& request) noexcept {
  return !request.freeze && !request.wake && !request.vm_facts && request.wait_content.count() == 0;
}

void check_content(const GrabRequest& request, const Frame& frame) {
  const bool required = request.require_content || request.wait_content.count() > 0;
  if (!required || frame.content == Content::picture) return;
  std::string why = "the screen is blank";
  if (frame.content == Content::not_initialized) why = "the guest has not initialized the display";
  if (frame.content == Content::not_active) why = "the guest has switched the display off";
  throw Error(Errc::no_picture, "looking for the guest's own picture: " + why +
                                    (request.wait_content.count() > 0 ? " still" : ""));
}

asio::awaitable<Frame> fulfil(Grabber& grabber, GrabRequest request, Stopwatch watch,
                              qmp::Deadline deadline) {
  const Stopwatch::TimePoint began = watch.began();
  Frame frame = co_await grabber.grab(request, std::move(watch), deadline);
  if (request.wake) frame = co_await wake(grabber, request, std::move(frame), began, deadline);
  const qmp::Deadline until = qmp::Deadline::after(request.wait_content);
  Pauses pauses;
  while (frame.content != Content::picture && !until.passed()) {
    co_await pause(pauses.next(), until);
    frame = co_await look_again(grabber, request, began);
  }
  check_content(request, frame);
  if (request.vm_facts) {
    frame.vm = co_await grabber.vm_facts(qmp::Deadline::after(request.timeout));
  }
  co_return frame;
}

}  // namespace qmpshot::capture
