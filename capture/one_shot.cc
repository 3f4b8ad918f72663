// SPDX-License-Identifier: MIT
#include "capture/one_shot.h"

#include "capture/cleanup.h"
#include "capture/grabber.h"
#include "capture/leftovers.h"
#include "capture/watching.h"
#include "encode/content.h"
#include "encode/threads.h"
#include "qmp/commands.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// Whether nothing need be known of the VM before the dump is asked for.
bool fits_one_message(const GrabRequest& request) {
  const bool by_fd = request.route == Route::automatic || request.route == Route::fd;
  return by_fd && is_plain(request) && request.display.is_first_console();
}

// Shake hands, lend, dump, take back, in one message. The memory's name says whose it is.
asio::awaitable<qmp::SentCommands> send_dump(qmp::Client& client, const FrameSlot& slot,
                                             qmp::Deadline deadline) {
  const qmp::FdsetId fdset = random_fdset_id(Lent::for_one_dump);
  qmp::Screendump what;
  what.filename = qmp::fdset_path(fdset);
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::add_fd(fdset));
  commands.push_back(qmp::screendump(what));
  commands.push_back(qmp::remove_fd(fdset));
  co_return co_await client.begin_by_fdset(std::move(commands), slot.writer(), deadline);
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
//   rows  what it was read from, which another may go on with
Result<void> take(FrameSlot& slot, Frame& frame, std::unique_ptr<encode::RowSource>& rows,
                  Stopwatch& watch) {
  Result<FrameSlot::Sealed> sealed = slot.seal();
  watch.lap("map");
  if (!sealed) return sealed.error();
  frame.image = std::move(sealed->image);
  rows = std::move(sealed->rows);
  frame.content = encode::classify(*rows);
  watch.lap("judge");
  return {};
}

// One dump, and what came of it.
struct Shot {
  explicit Shot(FrameSlot memory) : slot(std::move(memory)) {}

  FrameSlot slot;
  Frame frame;
  Result<void> taken = Error(Errc::connection_lost, "asking for the frame");
  bool unclear = false;  // QEMU refused something, and maybe to a client before us
  bool written = false;  // QEMU wrote the frame
  std::optional<std::vector<std::byte>> file;  // of the frame, where it was taken
  std::exception_ptr encoding_failed;
};

// Encodes the frame while QEMU writes it, where that does not take the CPU from QEMU.
//   return  whether all of it came that was asked for; it may still be declined
bool encode_what_comes(const RowEncoder& encode, Shot& shot, const qmp::Client& client,
                       qmp::Deadline deadline) {
  // So long at most this keeps the loop, and others who wait for the monitor. A frame that takes
  // longer is not a console's, or its host has no CPU for us.
  constexpr auto longest = std::chrono::milliseconds(50);
  if (!encode || encode::usable_threads() < 2 || client.has_unread()) return false;
  // And half of the time there is, so that the reply can be read.
  const auto now = std::chrono::steady_clock::now();
  const auto until = std::min(now + longest, now + (deadline.at() - now) / 2);
  const auto rows = shot.slot.arriving(client.native_handle(), until);
  if (!rows) return false;
  try {
    shot.file = encode(*rows);
  } catch (...) {  // so it will when the frame is there
    return false;
  }
  return rows->came();
}

// QEMU first: where its reply woke us on its own CPU, it has yet to read our last command. Without
// this a second monitor waits 1.2 times as long while we encode.
//   return  what it threw
std::exception_ptr encode_what_is_there(const RowEncoder& encode, Shot& shot,
                                        encode::RowSource& rows, Stopwatch& watch) {
  if (!encode) return {};
  (void)::sched_yield();
  try {
    shot.file = encode(rows);
    if (shot.file) watch.lap("encode");
  } catch (...) {
    return std::current_exception();
  }
  return {};
}

// Has QEMU write one frame, by commands that it gets before it has greeted, and takes it. When this
// ends without an exception, QEMU has taken back what it was lent.
asio::awaitable<void> dump_into(Shot& shot, qmp::Client& client, Stopwatch& watch,
                                const RowEncoder& encode, qmp::Deadline deadline) {
  qmp::SentCommands sent = co_await send_dump(client, shot.slot, deadline);
  const qmp::Reply added = co_await client.next_reply(sent, deadline);
  if (!added.ok()) {
    shot.taken = added.error();
    shot.unclear = true;
    co_await client.handshake(deadline);  // by which all of ours has been run, too
    co_await reclaim_leftovers(client, deadline);
    co_return;
  }
  const bool encoded = encode_what_comes(encode, shot, client, deadline);
  const qmp::Reply dumped = co_await client.next_reply(sent, deadline);
  shot.frame.taken_at = std::chrono::system_clock::now();
  shot.frame.qemu_time = watch.lap("dump");
  shot.written = dumped.ok();
  std::unique_ptr<encode::RowSource> rows;
  shot.taken = shot.written ? take(shot.slot, shot.frame, rows, watch) : dumped.error();
  if (shot.taken && !encoded) {
    shot.encoding_failed = encode_what_is_there(encode, shot, *rows, watch);
  }
  (void)co_await client.next_reply(sent, deadline);
  watch.lap("take back");
}

// The same; where it fails, we have left QEMU, which takes back what it was lent by what it was
// sent, or by the end of the connection.
//   return  whether it is so
asio::awaitable<bool> dump_or_leave(Shot& shot, qmp::Client& client, Stopwatch& watch,
                                    const RowEncoder& encode, qmp::Deadline deadline) {
  std::exception_ptr failure;
  bool left = false;
  try {
    co_await dump_into(shot, client, watch, encode, deadline);
  } catch (const Error& error) {
    failure = std::current_exception();
    left = error.code() == Errc::monitor_busy;  // and never had us
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return false;
  if (!left) {
    const auto leave = [&client](qmp::Deadline grace) { return client.leave(grace); };
    co_await within_grace(leave);
  }
  rethrow_unless_settled(failure, shot.written);
  watch.lap("take back");
  co_return true;
}

// nullopt where the route did not work but another may, or it again; why is in `refusals`, where
// that is known.
asio::awaitable<std::optional<OneShot>> shoot_by_fd(qmp::Client& client, Stopwatch& watch,
                                                    std::vector<RouteRefusal>& refusals,
                                                    const RowEncoder& encode,
                                                    qmp::Deadline deadline) {
  Result<FrameSlot> slot = FrameSlot::create();
  if (!slot) {
    refusals.emplace_back(Route::fd, slot.error());
    co_await client.handshake(deadline);
    co_return std::nullopt;
  }
  Shot shot(std::move(*slot));
  const bool left = co_await dump_or_leave(shot, client, watch, encode, deadline);
  if (shot.encoding_failed) std::rethrow_exception(shot.encoding_failed);
  if (!shot.taken) {
    if (left) throw shot.taken.error();
    if (!shot.unclear) refusals.emplace_back(Route::fd, shot.taken.error());
    co_return std::nullopt;
  }
  shot.frame.qemu_version = client.greeting()->version.text();
  shot.frame.steps = watch.take_steps();
  co_return OneShot(std::move(shot.frame), std::move(shot.file));
}

}  // namespace

asio::awaitable<OneShot> shoot(std::string socket_path, GrabRequest request, RowEncoder encode) {
  const qmp::Deadline deadline = qmp::Deadline::after(request.timeout);
  Stopwatch watch;
  qmp::Client client = co_await qmp::Client::connect(std::move(socket_path), deadline);
  watch.lap("connect");

  std::vector<RouteRefusal> refusals;
  co_await client.announce(deadline);
  if (fits_one_message(request) && holds_frame_memory(client.native_handle()) == false) {
    std::optional<OneShot> shot = co_await shoot_by_fd(client, watch, refusals, encode, deadline);
    if (shot) {
      check_content(request, shot->frame);
      co_return std::move(*shot);
    }
    if (request.route == Route::fd && !refusals.empty()) throw refusals.front().why;
  } else {
    co_await client.handshake(deadline);
    co_await reclaim_leftovers(client, deadline);
    watch.lap("greeting");
  }
  Frame frame = co_await shoot_step_by_step(std::move(client), std::move(request), std::move(watch),
                                            std::move(refusals), deadline);
  co_return OneShot(std::move(frame), std::nullopt);
}

}  // namespace qmpshot::capture
