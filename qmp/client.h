// SPDX-License-Identifier: MIT
// One QMP conversation over one socket, as coroutines.
#pragma once

#include "qmp/deadline.h"
#include "qmp/session.h"
#include "qmp/transport.h"

#include <qmpshot/error.h>
#include <qmpshot/unique_fd.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qmpshot::qmp {

// Used by one coroutine at a time, on one strand. After connection_lost or bad_peer it is of no
// more use; after timed_out or cancelled a late reply is dropped and the next command works.
class Client {
 public:
  // Connects; nothing is sent or awaited yet.
  //   errors  cannot_connect, cannot_write, monitor_busy, cancelled; but for the last they name it
  static asio::awaitable<Client> connect(std::string path, Deadline deadline);

  // Takes over a connected stream socket on which nothing was read yet.
  Client(asio::any_io_executor executor, UniqueFd connected);

  // Leaves negotiation mode; afterwards there is a greeting().
  //   errors  monitor_busy: connected, but never greeted; bad_peer: QEMU's monitor for people, a
  //           guest agent or something else, by its name; connection_lost, cancelled
  asio::awaitable<void> handshake(Deadline deadline);

  // Runs one command and returns its value.
  //   errors  refused: with QEMU's class and words; connection_lost, timed_out, bad_peer, cancelled
  asio::awaitable<Json> execute(Command command, Deadline deadline);

  // Sends all commands in one message, `fd` with them where it is not negative (add-fd and getfd
  // take it), and returns a reply for each, in order. On a connection without handshake the first
  // command is qmp_capabilities, and the greeting is not awaited before sending.
  //   errors  as execute(), but a command refused is a reply
  asio::awaitable<std::vector<Reply>> execute_all(std::vector<Command> commands, int fd,
                                                  Deadline deadline);

  // The oldest event not taken yet.
  std::optional<Event> take_event() { return session_.take_event(); }

  // The oldest event not taken yet, or the next to come.
  asio::awaitable<Event> next_event(Deadline deadline);

  // Tells the peer that no more comes and reads to the end: the peer first runs every command it
  // was sent. One that is simply closed drops those it has not begun.
  //   errors  timed_out, connection_lost
  asio::awaitable<void> leave(Deadline deadline);

  // Nothing before the peer greeted.
  [[nodiscard]] const std::optional<Greeting>& greeting() const noexcept {
    return session_.greeting();
  }

  [[nodiscard]] int native_handle() const noexcept { return transport_.native_handle(); }

 private:
  // Reads one line and lets the session take it.
  asio::awaitable<void> pump(Deadline deadline);
  asio::awaitable<Reply> reply_to(std::int64_t id, std::string name, Deadline deadline);

  Transport transport_;
  Session session_;
  std::optional<std::int64_t> handshake_id_;
};

}  // namespace qmpshot::qmp
