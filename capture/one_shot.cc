// SPDX-License-Identifier: MIT
#include "capture/one_shot.h"

#include "capture/cleanup.h"
#include "capture/grabber.h"
#include "capture/leftovers.h"
#include "capture/watching.h"
#include "encode/content.h"
#include "qmp/commands.h"

#include <sched.h>

#include <exception>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// Whether nothing need be known of the VM before the dump is asked for.
bool fits_one_message(const GrabRequest& request) {
  const bool by_fd = request.route == Route::automatic || request.route == Route::fd;
  return by_fd && is_plain(request) && request.display.is_first_console();
}

// Lend, dump, take back, in one message. The memory's name says whose it is.
asio::awaitable<qmp::SentCommands> send_dump(qmp::Client& client, const FrameSlot& slot,
                                             qmp::Deadline deadline) {
  const qmp::FdsetId fdset = random_fdset_id(Lent::for_one_dump);
  qmp::Screendump what;
  what.filename = qmp::fdset_path(fdset);
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::add_fd(fdset));
  commands.push_back(qmp::screendump(what));
  commands.push_back(qmp::remove_fd(fdset));
  co_return co_await client.send_all(std::move(commands), slot.writer(), deadline);
}

asio::awaitable<Frame> shoot_step_by_step(qmp::Client client, GrabRequest request, Stopwatch watch,
                                          std::vector<RouteRefusal> refusals,
                                          qmp::Deadline deadline) {
  Grabber grabber(std::move(client));
  for (RouteRefusal& refusal : refusals) grabber.remember_refusal(std::move(refusal));
  std::exception_ptr failure;
  Frame frame;
  try {
    frame = co_await fulfil(grabber, std::move(request), std::move(watch), deadline);
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
asio::awaitable<Result<void>> await_dump(qmp::Client& client, qmp::SentCommands& sent,
                                         qmp::Deadline deadline) {
  co_await client.handshake(deadline);
  const qmp::Reply added = co_await client.next_reply(sent, deadline);
  const qmp::Reply dumped = co_await client.next_reply(sent, deadline);
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
Result<void> take(FrameSlot& slot, Frame& frame, Stopwatch& watch) {
  Result<Image> image = slot.seal_and_map();
  watch.lap("map");
  if (!image) return image.error();
  frame.image = std::move(*image);
  frame.content = encode::classify(frame.image.view());
  watch.lap("judge");
  return {};
}

// QEMU first: where its reply woke us on its own CPU, it has yet to read our last command. Without
// this a second monitor waits 1.2 times as long while we encode.
void do_meanwhile(const FrameWork& work, const Frame& frame, Stopwatch& watch) {
  if (!work) return;
  (void)::sched_yield();
  const std::string_view step = work(frame);
  if (!step.empty()) watch.lap(step);
}

// Has QEMU write one frame into `slot`, by commands that it gets before it has greeted, and takes
// it. When this ends, QEMU has taken back what it was lent, if it still answers.
//   left    set where it then has no connection to us any more
asio::awaitable<Result<void>> dump_into(FrameSlot& slot, qmp::Client& client, Frame& frame,
                                        Stopwatch& watch, bool& left, const FrameWork& meanwhile,
                                        qmp::Deadline deadline) {
  Result<void> taken = Error(Errc::connection_lost, "asking for the frame");
  bool written = false;
  std::exception_ptr failure;
  try {
    qmp::SentCommands sent = co_await send_dump(client, slot, deadline);
    taken = co_await await_dump(client, sent, deadline);
    frame.taken_at = std::chrono::system_clock::now();
    frame.qemu_time = watch.lap("dump");
    written = taken.ok();
    if (written) taken = take(slot, frame, watch);
    if (taken) do_meanwhile(meanwhile, frame, watch);
    (void)co_await client.next_reply(sent, deadline);
  } catch (const Error& error) {
    failure = std::current_exception();
    left = error.code() == Errc::monitor_busy;  // and never had us
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure && !left) {
    const auto leave = [&client](qmp::Deadline grace) { return client.leave(grace); };
    co_await within_grace(leave);
    left = true;
  }
  if (failure) rethrow_unless_settled(failure, written);
  watch.lap("take back");
  co_return taken;
}

// nullopt where the route did not work but another may; why is in `refusals`.
asio::awaitable<std::optional<Frame>> shoot_by_fd(qmp::Client& client, Stopwatch& watch,
                                                  std::vector<RouteRefusal>& refusals,
                                                  const FrameWork& meanwhile,
                                                  qmp::Deadline deadline) {
  Result<FrameSlot> slot = FrameSlot::create();
  if (!slot) {
    refusals.emplace_back(Route::fd, slot.error());
    co_await client.handshake(deadline);
    co_return std::nullopt;
  }
  Frame frame;
  bool left = false;
  const Result<void> taken =
      co_await dump_into(*slot, client, frame, watch, left, meanwhile, deadline);
  if (!taken && left) throw taken.error();
  if (!taken) {
    refusals.emplace_back(Route::fd, taken.error());
    co_return std::nullopt;
  }
  frame.qemu_version = client.greeting()->version.text();
  frame.steps = watch.take_steps();
  co_return frame;
}

}  // namespace

asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request, FrameWork meanwhile) {
  const qmp::Deadline deadline = qmp::Deadline::after(request.timeout);
  Stopwatch watch;
  qmp::Client client = co_await qmp::Client::connect(std::move(socket_path), deadline);
  watch.lap("connect");
  co_await client.begin_handshake(deadline);

  std::vector<RouteRefusal> refusals;
  if (fits_one_message(request) && holds_frame_memory(client.native_handle()) == false) {
    std::optional<Frame> frame = co_await shoot_by_fd(client, watch, refusals, meanwhile, deadline);
    if (frame) {
      check_content(request, *frame);
      co_return std::move(*frame);
    }
    if (request.route == Route::fd) throw refusals.front().why;
  } else {
    co_await client.handshake(deadline);
    co_await reclaim_leftovers(client, deadline);
    watch.lap("greeting");
  }
  co_return co_await shoot_step_by_step(std::move(client), std::move(request), std::move(watch),
                                        std::move(refusals), deadline);
}

}  // namespace qmpshot::capture
