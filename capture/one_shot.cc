// SPDX-License-Identifier: MIT
#include "capture/one_shot.h"

#include "capture/cleanup.h"
#include "capture/grabber.h"
#include "capture/leftovers.h"
#include "capture/watching.h"
#include "encode/content.h"
#include "qmp/commands.h"

#include <exception>
#include <functional>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// Lend, dump, take back, in one message.
asio::awaitable<qmp::SentCommands> send_dump(qmp::Client& client, const FrameSlot& slot,
                                             qmp::Deadline deadline) {
  const qmp::FdsetId fdset = random_fdset_id();
  qmp::Screendump what;
  what.filename = qmp::fdset_path(fdset);
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::add_fd(fdset, owner_tag()));
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

// The frame, once QEMU says that it wrote it; remove-fd's reply is still to come.
//   return  the image, or why this route gave none and another may
asio::awaitable<Result<Image>> await_image(qmp::Client& client, qmp::SentCommands& sent,
                                           FrameSlot& slot, Frame& frame, Stopwatch& watch,
                                           qmp::Deadline deadline) {
  co_await client.handshake(deadline);
  const qmp::Reply added = co_await client.next_reply(sent, deadline);
  const qmp::Reply dumped = co_await client.next_reply(sent, deadline);
  frame.taken_at = std::chrono::system_clock::now();
  frame.qemu_time = watch.lap("dump");
  if (!added.ok()) co_return added.error();
  if (!dumped.ok()) co_return dumped.error();
  Result<Image> image = slot.seal_and_map();
  watch.lap("map");
  co_return image;
}

enum class Outcome { taken, another_route };

// A QEMU that hangs or dies after it gave the frame takes nothing away from it.
void rethrow_unless_settled(const std::exception_ptr& failure, Outcome outcome) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    const bool qemu_is_gone =
        error.code() == Errc::timed_out || error.code() == Errc::connection_lost;
    if (outcome != Outcome::taken || !qemu_is_gone) throw;
  }
}

// The frame, by commands that QEMU gets before it has greeted.
asio::awaitable<Outcome> shoot_by_fd(qmp::Client& client, const GrabRequest& request,
                                     const std::function<void(Frame)>& take, Stopwatch& watch,
                                     std::vector<RouteRefusal>& refusals, qmp::Deadline deadline) {
  Result<FrameSlot> slot = FrameSlot::create();
  if (!slot) {
    refusals.emplace_back(Route::fd, slot.error());
    co_await client.handshake(deadline);
    co_return Outcome::another_route;
  }
  Outcome outcome = Outcome::another_route;
  std::exception_ptr failure;
  try {
    qmp::SentCommands sent = co_await send_dump(client, *slot, deadline);
    Frame frame;
    Result<Image> image = co_await await_image(client, sent, *slot, frame, watch, deadline);
    if (image) {
      frame.image = std::move(*image);
      frame.qemu_version = client.greeting()->version.text();
      frame.content = encode::classify(frame.image.view());
      watch.lap("judge");
      frame.steps = watch.take_steps();
      check_content(request, frame);
      take(std::move(frame));
      outcome = Outcome::taken;
    } else {
      refusals.emplace_back(Route::fd, image.error());
    }
    (void)co_await client.next_reply(sent, deadline);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) {
    // A QEMU that still answers has run remove-fd before it lets us go.
    const auto leave = [&client](qmp::Deadline grace) { return client.leave(grace); };
    co_await within_grace(leave);
    rethrow_unless_settled(failure, outcome);
  }
  co_return outcome;
}

}  // namespace

asio::awaitable<void> shoot(std::string socket_path, GrabRequest request,
                            std::function<void(Frame)> take) {
  const qmp::Deadline deadline = qmp::Deadline::after(request.timeout);
  Stopwatch watch;
  qmp::Client client = co_await qmp::Client::connect(std::move(socket_path), deadline);
  watch.lap("connect");
  co_await client.begin_handshake(deadline);

  std::vector<RouteRefusal> refusals;
  const bool by_fd = request.route == Route::automatic || request.route == Route::fd;
  if (by_fd && is_plain(request) && request.display.is_first_console() &&
      holds_frame_memory(client.native_handle()) == false) {
    const Outcome outcome = co_await shoot_by_fd(client, request, take, watch, refusals, deadline);
    if (outcome == Outcome::taken) co_return;
    if (request.route == Route::fd) throw refusals.front().why;
  } else {
    co_await client.handshake(deadline);
    co_await reclaim_leftovers(client, deadline);
    watch.lap("greeting");
  }
  take(co_await shoot_step_by_step(std::move(client), std::move(request), std::move(watch),
                                   std::move(refusals), deadline));
}

asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request) {
  Frame taken;
  std::function<void(Frame)> take = [&taken](Frame frame) { taken = std::move(frame); };
  co_await shoot(std::move(socket_path), std::move(request), std::move(take));
  co_return taken;
}

}  // namespace qmpshot::capture
