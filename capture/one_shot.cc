// SPDX-License-Identifier: MIT
#include "capture/one_shot.h"

#include "capture/cleanup.h"
#include "capture/grabber.h"
#include "qmp/commands.h"

#include <exception>
#include <optional>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// The replies to the one message.
struct Session {
  explicit Session(std::vector<qmp::Reply> in)
      : capabilities(std::move(in[0])),
        status(std::move(in[1])),
        add_fd(std::move(in[2])),
        screendump(std::move(in[3])) {}

  qmp::Reply capabilities, status, add_fd, screendump;
};

// A paused QEMU before 10.0 keeps the descriptor after remove-fd until it runs again (D3), and with
// it every page that we could not give back any more once the memory is sealed.
bool keeps_descriptor(const Session& session, const qmp::Client& client) {
  constexpr qmp::Version closes_while_paused_since{10, 0, 0};
  const bool running = session.status.ok() && qmp::parse_status(*session.status).running;
  return !running && client.greeting() && client.greeting()->version < closes_while_paused_since;
}

Image take_frame(FrameSlot& slot, bool keeps) {
  if (!keeps) return slot.seal_and_map().value();
  PixelMemory memory;
  Result<Image> image = slot.read(memory);
  slot.release_pages();
  return std::move(image).value();
}

// Sends the one message and waits for all its replies. Whatever happens, QEMU is not left holding
// our memory while it still answers.
asio::awaitable<Session> converse(qmp::Client& client, const FrameSlot& slot,
                                  qmp::Deadline deadline) {
  const qmp::FdsetId fdset = random_fdset_id();
  qmp::Screendump what;
  what.filename = qmp::fdset_path(fdset);
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::qmp_capabilities());
  commands.push_back(qmp::query_status());
  commands.push_back(qmp::add_fd(fdset, fdset_opaque));
  commands.push_back(qmp::screendump(what));
  commands.push_back(qmp::remove_fd(fdset));

  std::exception_ptr failure;
  try {
    co_return Session(co_await client.execute_all(std::move(commands), slot.writer(), deadline));
  } catch (...) {
    failure = std::current_exception();
  }
  // The removal we sent is dropped by QEMU if we leave before it is reached. Commands run in order:
  // any answer to a second one says that the first is done.
  const auto remove_again = [&client, fdset](qmp::Deadline grace) -> asio::awaitable<void> {
    qmp::Command command = qmp::remove_fd(fdset);
    co_await client.execute(std::move(command), grace);
  };
  co_await within_grace(remove_again);
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
    frame = co_await grabber.grab(std::move(request), std::move(watch), deadline);
  } catch (...) {
    failure = std::current_exception();
  }
  const auto close = [&grabber](qmp::Deadline grace) { return grabber.close(grace); };
  co_await within_grace(close);
  if (failure) std::rethrow_exception(failure);
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
  if (!by_fd || !request.display.is_first_console()) {
    co_await client.handshake(deadline);
    watch.lap("greeting");
  } else {
    FrameSlot slot = FrameSlot::create().value();
    const Session session = co_await converse(client, slot, deadline);
    session.capabilities.value();
    const qmp::Reply& dumped = session.add_fd.ok() ? session.screendump : session.add_fd;
    const auto dump_time = watch.lap("dump");
    if (dumped.ok()) {
      Frame frame;
      frame.taken_at = std::chrono::system_clock::now();
      frame.qemu_time = dump_time;
      frame.qemu_version = client.greeting()->version.text();
      frame.image = take_frame(slot, keeps_descriptor(session, client));
      watch.lap("map");
      frame.steps = watch.take_steps();
      co_return frame;
    }
    if (request.route == Route::fd) throw dumped.error();
    refusals.emplace_back(Route::fd, dumped.error());
  }
  co_return co_await shoot_step_by_step(std::move(client), std::move(request), std::move(watch),
                                        std::move(refusals), deadline);
}

}  // namespace qmpshot::capture
