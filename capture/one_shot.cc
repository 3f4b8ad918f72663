// SPDX-License-Identifier: MIT
#include "capture/one_shot.h"

#include "capture/cleanup.h"
#include "capture/grabber.h"
#include "capture/leftovers.h"
#include "capture/watching.h"
#include "encode/content.h"
#include "qmp/commands.h"

#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// The replies to the messages of one session, in the order they were asked.
struct Answers {
  explicit Answers(std::vector<qmp::Reply> in)
      : capabilities(std::move(in[0])), add_fd(std::move(in[1])), screendump(std::move(in[2])) {}

  qmp::Reply capabilities, add_fd, screendump;
};

// Sends the one message and waits for all its replies. However that ends, a QEMU that still answers
// has run remove-fd by then.
asio::awaitable<Answers> converse(qmp::Client& client, const FrameSlot& slot,
                                  qmp::Deadline deadline) {
  const qmp::FdsetId fdset = random_fdset_id();
  qmp::Screendump what;
  what.filename = qmp::fdset_path(fdset);
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::qmp_capabilities());
  commands.push_back(qmp::add_fd(fdset, owner_tag()));
  commands.push_back(qmp::screendump(what));
  commands.push_back(qmp::remove_fd(fdset));

  std::exception_ptr failure;
  try {
    co_return Answers(co_await client.execute_all(std::move(commands), slot.writer(), deadline));
  } catch (...) {
    failure = std::current_exception();
  }
  const auto leave = [&client](qmp::Deadline grace) { return client.leave(grace); };
  co_await within_grace(leave);
  std::rethrow_exception(failure);
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

// The frame by one message; nothing where that did not work but another route may, and why is in
// `refusals`.
asio::awaitable<std::optional<Frame>> shoot_by_fd(qmp::Client& client, Stopwatch& watch,
                                                  std::vector<RouteRefusal>& refusals,
                                                  qmp::Deadline deadline) {
  Result<FrameSlot> slot = FrameSlot::create();
  if (!slot) {
    refusals.emplace_back(Route::fd, slot.error());
    co_await client.handshake(deadline);
    co_return std::nullopt;
  }
  const Answers answers = co_await converse(client, *slot, deadline);
  const std::chrono::nanoseconds dump_time = watch.lap("dump");
  (void)answers.capabilities.value();
  const qmp::Reply& dumped = answers.add_fd.ok() ? answers.screendump : answers.add_fd;
  Result<Image> image = dumped.ok() ? slot->seal_and_map() : Result<Image>(dumped.error());
  watch.lap("map");
  if (!image) {
    refusals.emplace_back(Route::fd, image.error());
    co_return std::nullopt;
  }
  Frame frame;
  frame.taken_at = std::chrono::system_clock::now();
  frame.qemu_time = dump_time;
  frame.qemu_version = client.greeting()->version.text();
  frame.image = std::move(*image);
  frame.content = encode::classify(frame.image.view());
  watch.lap("judge");
  frame.steps = watch.take_steps();
  co_return frame;
}

}  // namespace

asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request) {
  const qmp::Deadline deadline = qmp::Deadline::after(request.timeout);
  Stopwatch watch;
  qmp::Client client = co_await qmp::Client::connect(std::move(socket_path), deadline);
  watch.lap("connect");

  std::vector<RouteRefusal> refusals;
  const bool by_fd = request.route == Route::automatic || request.route == Route::fd;
  if (by_fd && is_plain(request) && request.display.is_first_console() &&
      holds_frame_memory(client.native_handle()) == false) {
    std::optional<Frame> frame = co_await shoot_by_fd(client, watch, refusals, deadline);
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
