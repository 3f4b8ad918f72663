// SPDX-License-Identifier: MIT
#include "capture/one_shot.h"

#include "capture/cleanup.h"
#include "capture/grabber.h"
#include "capture/leftovers.h"
#include "capture/watching.h"
#include "encode/content.h"
#include "qmp/commands.h"

#include <exception>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// What the steps of one shot share. It lives in shoot(), which waits for each of them.
struct Shot {
  Shot(qmp::Client connected, GrabRequest what, const AsyncCamera::OnFrame* work, Stopwatch times,
       qmp::Deadline until)
      : client(std::move(connected)),
        request(std::move(what)),
        on_frame(work),
        watch(std::move(times)),
        deadline(until) {}

  qmp::Client client;
  GrabRequest request;
  const AsyncCamera::OnFrame* on_frame;
  Stopwatch watch;
  qmp::Deadline deadline;
  std::vector<RouteRefusal> refusals;
};

// Whether nothing need be known of the VM before the dump is asked for.
bool fits_one_message(const GrabRequest& request) {
  const bool by_fd = request.route == Route::automatic || request.route == Route::fd;
  return by_fd && is_plain(request) && request.display.is_first_console();
}

// Lend, dump, take back, in one message. The memory's name says whose it is.
asio::awaitable<qmp::SentCommands> send_dump(Shot& shot, const FrameSlot& slot) {
  const qmp::FdsetId fdset = random_fdset_id(Lent::for_one_dump);
  qmp::Screendump what;
  what.filename = qmp::fdset_path(fdset);
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::add_fd(fdset));
  commands.push_back(qmp::screendump(what));
  commands.push_back(qmp::remove_fd(fdset));
  co_return co_await shot.client.send_all(std::move(commands), slot.writer(), shot.deadline);
}

asio::awaitable<Frame> shoot_step_by_step(Shot shot) {
  Grabber grabber(std::move(shot.client));
  for (RouteRefusal& refusal : shot.refusals) grabber.remember_refusal(std::move(refusal));
  std::exception_ptr failure;
  Frame frame;
  try {
    frame = co_await fulfil(grabber, std::move(shot.request), std::move(shot.watch), shot.deadline);
  } catch (...) {
    failure = std::current_exception();
  }
  const auto close = [&grabber](qmp::Deadline grace) { return grabber.close(grace); };
  co_await within_grace(close);
  if (failure) std::rethrow_exception(failure);
  co_return frame;
}

// Whether QEMU wrote the frame, or why this route gave none and another may; remove-fd's reply is
// still to come.
asio::awaitable<Result<void>> await_dump(Shot& shot, qmp::SentCommands& sent) {
  co_await shot.client.handshake(shot.deadline);
  const qmp::Reply added = co_await shot.client.next_reply(sent, shot.deadline);
  const qmp::Reply dumped = co_await shot.client.next_reply(sent, shot.deadline);
  if (!added.ok()) co_return added.error();
  if (!dumped.ok()) co_return dumped.error();
  co_return Result<void>();
}

// A QEMU that hangs or dies after it wrote the frame takes nothing away from it.
void rethrow_unless_settled(const std::exception_ptr& failure, bool written) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    const bool qemu_is_gone =
        error.code() == Errc::timed_out || error.code() == Errc::connection_lost;
    if (!written || !qemu_is_gone) throw;
  }
}

// Takes what QEMU wrote.
Result<void> take(Shot& shot, FrameSlot& slot, Frame& frame) {
  Result<Image> image = slot.seal_and_map();
  shot.watch.lap("map");
  if (!image) return image.error();
  frame.image = std::move(*image);
  frame.content = encode::classify(frame.image.view());
  frame.qemu_version = shot.client.greeting()->version.text();
  shot.watch.lap("judge");
  return {};
}

// The caller's own work.
//   return  what it threw, which is no fault of QEMU's
std::exception_ptr work_on(Shot& shot, const Frame& frame) {
  if (shot.on_frame == nullptr || !satisfies(shot.request, frame)) return nullptr;
  try {
    (*shot.on_frame)(frame);
  } catch (...) {
    return std::current_exception();
  }
  shot.watch.skip();
  return nullptr;
}

// Has QEMU write one frame into `slot`, by commands that it gets before it has greeted, and takes
// it. When this ends, QEMU has taken back what it was lent, if it still answers.
//   left    set where it then has no connection to us any more
asio::awaitable<Result<void>> dump_into(FrameSlot& slot, Shot& shot, Frame& frame, bool& left) {
  Result<void> taken = Error(Errc::connection_lost, "asking for the frame");
  bool written = false;
  std::exception_ptr failure;
  std::exception_ptr failure_of_caller;
  try {
    qmp::SentCommands sent = co_await send_dump(shot, slot);
    taken = co_await await_dump(shot, sent);
    frame.taken_at = std::chrono::system_clock::now();
    frame.qemu_time = shot.watch.lap("dump");
    written = taken.ok();
    // QEMU tidies up meanwhile: it reads its last command byte by byte, on a CPU of its own. Where
    // it has none, all of this is to be done anyway. A second monitor waits 1.03 times as long.
    if (written) taken = take(shot, slot, frame);
    if (taken) failure_of_caller = work_on(shot, frame);
    (void)co_await shot.client.next_reply(sent, shot.deadline);
  } catch (const Error& error) {
    failure = std::current_exception();
    left = error.code() == Errc::monitor_busy;  // and never had us
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure && !left) {
    const auto leave = [&shot](qmp::Deadline grace) { return shot.client.leave(grace); };
    co_await within_grace(leave);
    left = true;
  }
  if (failure) rethrow_unless_settled(failure, written);
  if (failure_of_caller) std::rethrow_exception(failure_of_caller);
  shot.watch.lap("take back");
  co_return taken;
}

// nullopt where the route did not work but another may; why is among the refusals.
asio::awaitable<std::optional<Frame>> shoot_by_fd(Shot& shot) {
  Result<FrameSlot> slot = FrameSlot::create();
  if (!slot) {
    shot.refusals.emplace_back(Route::fd, slot.error());
    co_await shot.client.handshake(shot.deadline);
    co_return std::nullopt;
  }
  Frame frame;
  bool left = false;
  const Result<void> taken = co_await dump_into(*slot, shot, frame, left);
  if (!taken && left) throw taken.error();
  if (!taken) {
    shot.refusals.emplace_back(Route::fd, taken.error());
    co_return std::nullopt;
  }
  frame.steps = shot.watch.take_steps();
  co_return frame;
}

}  // namespace

asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request,
                             const AsyncCamera::OnFrame* on_frame) {
  const qmp::Deadline deadline = qmp::Deadline::after(request.timeout);
  Stopwatch watch;
  qmp::Client client = co_await qmp::Client::connect(std::move(socket_path), deadline);
  watch.lap("connect");
  Shot shot(std::move(client), std::move(request), on_frame, std::move(watch), deadline);
  co_await shot.client.begin_handshake(deadline);

  if (fits_one_message(shot.request) && holds_frame_memory(shot.client.native_handle()) == false) {
    std::optional<Frame> frame = co_await shoot_by_fd(shot);
    if (frame) {
      check_content(shot.request, *frame);
      co_return std::move(*frame);
    }
    if (shot.request.route == Route::fd) throw shot.refusals.front().why;
  } else {
    co_await shot.client.handshake(deadline);
    co_await reclaim_leftovers(shot.client, deadline);
    shot.watch.lap("greeting");
  }
  co_return co_await shoot_step_by_step(std::move(shot));
}

}  // namespace qmpshot::capture
