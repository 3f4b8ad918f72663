// SPDX-License-Identifier: MIT
// A connected monitor socket: sends bytes with a descriptor, receives lines, never waits for ever.
#pragma once

#include "qmp/deadline.h"
#include "qmp/framing.h"

#include <qmpshot/error.h>
#include <qmpshot/unique_fd.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace qmpshot::qmp {

// Connects to the listening unix socket `path`, of any length, without ever blocking.
//   return  connected, non-blocking
//   errors  cannot_connect; cannot_write: no descriptor or memory left here; monitor_busy: its
//           backlog stayed full until the deadline; cancelled. They do not name the path.
asio::awaitable<UniqueFd> connect_unix(std::string path, Deadline deadline);

// Used by one coroutine at a time, on one strand. Asio's per-operation cancellation ends a wait
// with Errc::cancelled, once: the coroutine that caught it may wait again, to clean up.
class Transport {
 public:
  // Takes over a connected stream socket.
  //   errors  cannot_write: no descriptor left here
  Transport(asio::any_io_executor executor, UniqueFd connected);
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;
  ~Transport();

  // Sends all of `bytes`, and with the first of them `fd` where it is not negative; then two blanks
  // that keep the connection open until the peer has read `bytes`, see send_held(). Where a wait
  // ends it in the middle, the rest goes out before the next message: the peer reads one stream.
  //   errors  connection_lost, timed_out, cancelled
  asio::awaitable<void> send(std::string_view bytes, int fd, Deadline deadline);

  // The same for the front of a message, with which the peer can do nothing yet; without blanks.
  //   errors  as send()
  asio::awaitable<void> send_front(std::string_view bytes, Deadline deadline);

  // The next line, borrowed until the next call.
  //   errors  connection_lost, timed_out, cancelled, bad_peer
  asio::awaitable<std::string_view> receive_line(Deadline deadline);

  // Sends the end of a message whose sender gave up in its middle, if there is one.
  //   errors  connection_lost, timed_out, cancelled
  asio::awaitable<void> flush(Deadline deadline);

  // Whether there is such an end. After a send() that failed, and a flush() before it that did not:
  // whether any of it went.
  [[nodiscard]] bool has_unsent() const noexcept;

  // Half-closes, then drops what still comes until the peer closes too.
  //   errors  connection_lost, timed_out, cancelled
  asio::awaitable<void> finish(Deadline deadline);

  // The peer sees us leave when it has read everything, even where it has no descriptor left for
  // what would release the connection. False where that failed. Nothing on a moved-from one.
  bool half_close() noexcept;

  // The same, but now, whatever it has not read yet.
  void hang_up() noexcept;

  // Whether the peer ever said anything, be it that nobody has received it.
  [[nodiscard]] bool heard() const noexcept;

  // Whether something was received that no receive_line() gave yet.
  [[nodiscard]] bool has_unread() const noexcept;

  [[nodiscard]] int native_handle() const noexcept;

 private:
  struct State;
  // What came, 0 at the end of the stream.
  asio::awaitable<std::size_t> receive_some(Deadline deadline);

  enum class Hold { no, yes };
  asio::awaitable<void> send_whole(std::string_view bytes, int fd, Hold hold, Deadline deadline);

  enum class Until { readable, writable };
  asio::awaitable<void> wait(Until what, Deadline deadline);

  std::shared_ptr<State> state_;  // shared with the handler of a timer that may still be queued
};

}  // namespace qmpshot::qmp
