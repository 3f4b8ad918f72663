// SPDX-License-Identifier: MIT
#include "capture/fd_route.h"

#include "capture/owner.h"

#include <sys/random.h>

#include <cstdint>
#include <utility>

namespace qmpshot::capture {

qmp::FdsetId random_fdset_id(Lent how_long) {
  std::uint32_t bits = 0;
  (void)!::getrandom(&bits, sizeof bits, 0);  // cannot fail for so few bytes
  // Far above the numbers of who counts sets, as libvirt does. Five digits for one dump, because
  // QEMU reads the number three times, byte by byte: where two choose the same for one VM at one
  // moment, the memory of one stays empty, and it takes another route. Eight for a session, which
  // may last for years, and so never the five of another's one-shot.
  // add-fd takes 63 bits, but the number in "/dev/fdset/N" is read as an int (5.2 to 11.1).
  const qmp::FdsetId first = how_long == Lent::for_one_dump ? 10'000 : 10'000'000;
  return first + static_cast<qmp::FdsetId>(bits) % (9 * first);
}

asio::awaitable<void> FdRoute::open(qmp::Client& client, qmp::Deadline deadline) {
  slot_ = FrameSlot::create().value();
  fdset_ = random_fdset_id(Lent::for_a_session);
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::add_fd(fdset_, set_tag()));
  lent_ = true;  // from the moment it is sent, also where the reply never comes
  const std::vector<qmp::Reply> replies =
      co_await client.execute_all(std::move(commands), slot_->writer(), deadline);
  lent_ = replies.front().ok();
  replies.front().value();
}

asio::awaitable<Image> FdRoute::grab(qmp::Client& client, Dump dump, Stopwatch& watch,
                                     qmp::Deadline deadline) {
  // A dump that is still under way writes at the offset we would share with it.
  if (dumping_) co_await close(client, deadline);
  if (!lent_) {
    co_await open(client, deadline);
    watch.lap("lend");
  }
  dump.what.filename = qmp::fdset_path(fdset_);
  slot_->rewind();
  dumping_ = true;
  try {
    co_await run_dump(client, std::move(dump), deadline);
  } catch (const Error& error) {
    dumping_ = error.code() != Errc::refused;
    throw;
  }
  dumping_ = false;
  watch.lap("dump");
  Image image = slot_->read(memory_).value();
  watch.lap("read");
  co_return image;
}

asio::awaitable<void> FdRoute::close(qmp::Client& client, qmp::Deadline deadline) {
  if (!std::exchange(lent_, false)) co_return;
  dumping_ = false;
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::remove_fd(fdset_));
  co_await client.execute_all(std::move(commands), -1, deadline);
  slot_->release_pages();  // a paused QEMU before 10.0 keeps the descriptor until it runs again
  slot_.reset();
}

}  // namespace qmpshot::capture
