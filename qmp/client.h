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

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qmpshot::qmp {

// Commands that are under way. Whatever ends the wait for their replies, those that come later are
// nobody's. Neither outlives nor moves with the Client it came from.
class SentCommands {
 public:
  explicit SentCommands(Session& session) : session_(&session) {}
  SentCommands(SentCommands&& other) noexcept
      : session_(other.session_), waiting_(std::exchange(other.waiting_, {})) {}
  SentCommands& operator=(SentCommands&&) = delete;
  ~SentCommands();

 private:
  friend class Client;
  struct Waiting {
    std::int64_t number;  // the session's
    std::string name;
  };

  Session* session_;
  std::deque<Waiting> waiting_;
};

// A reply, and the events that came before it and were not taken yet, in order: for one command
// after another, what QEMU did between them.
struct Answer {
  Answer(Reply in, std::vector<Event> before) : reply(std::move(in)), events(std::move(before)) {}

  Reply reply;
  std::vector<Event> events;
};

// Used by one coroutine at a time, on one strand. After connection_lost or bad_peer it is of no
// more use; after timed_out or cancelled a late reply is dropped and the next command works.
class Client {
 public:
  // Connects; nothing is sent or awaited yet.
  //   errors  cannot_connect, cannot_write, monitor_busy, cancelled; but for the last they name it
  static asio::awaitable<Client> connect(std::string path, Deadline deadline);

  // Takes over a connected stream socket on which nothing was read yet.
  //   errors  cannot_write: no descriptor left here
  Client(asio::any_io_executor executor, UniqueFd connected);

  Client(Client&&) noexcept = default;
  Client& operator=(Client&&) = delete;
  // The peer sees us leave when it has read everything. Where it owes a reply, and so may hang, it
  // sees it at once, serves the next, and drops what it has not begun; unless that must be run, see
  // Session::must_run_more().
  ~Client();

  // Sends the front of the first command, which runs nothing yet: QEMU takes its time to accept a
  // client and to greet it, and then reads byte by byte. begin_by_fdset() or handshake() is next.
  //   errors  connection_lost, timed_out, cancelled
  asio::awaitable<void> announce(Deadline deadline);

  // Leaves negotiation mode and sends all commands, in one message and without awaiting anything.
  // The first command is add_fd(), which takes `fd`; if it is answered, all is as after
  // handshake(). If it is refused, so may another client's have been: handshake() comes next.
  //   errors  connection_lost, timed_out, cancelled
  asio::awaitable<SentCommands> begin_by_fdset(std::vector<Command> commands, int fd,
                                               Deadline deadline);

  // Leaves negotiation mode; afterwards there is a greeting(), and no reply is owed.
  //   errors  monitor_busy: connected, but never greeted; bad_peer: QEMU's monitor for people, a
  //           guest agent or something else, by its name; timed_out: greeted, but not answered;
  //           refused, connection_lost, cancelled
  asio::awaitable<void> handshake(Deadline deadline);

  // Runs one command and returns its value.
  //   errors  refused: with QEMU's class and words; connection_lost, timed_out, bad_peer, cancelled
  asio::awaitable<Json> execute(Command command, Deadline deadline);

  // Sends all commands in one message, `fd` with them where it is not negative (add-fd and getfd
  // take it). On a connection without handshake the first command is qmp_capabilities, and the
  // greeting is not awaited before sending.
  //   errors  connection_lost, timed_out, cancelled
  asio::awaitable<SentCommands> send_all(std::vector<Command> commands, int fd, Deadline deadline);

  // The reply to the first of them that has not been taken yet; there is one.
  //   errors  as execute(), but a command refused is a reply
  asio::awaitable<Reply> next_reply(SentCommands& sent, Deadline deadline);

  // Both: a reply for each command, in order.
  asio::awaitable<std::vector<Reply>> execute_all(std::vector<Command> commands, int fd,
                                                  Deadline deadline);

  // As execute_all, without a descriptor; takes the events.
  asio::awaitable<std::vector<Answer>> execute_watching(std::vector<Command> commands,
                                                        Deadline deadline);

  // The oldest event not taken yet.
  std::optional<Event> take_event() { return session_.take_event(); }

  // The oldest event not taken yet, or the next to come.
  asio::awaitable<Event> next_event(Deadline deadline);

  // Tells the peer that no more comes and reads to the end: the peer first runs every command it
  // was sent.
  //   errors  timed_out, connection_lost, cancelled
  asio::awaitable<void> leave(Deadline deadline);

  // Nothing before the peer greeted.
  [[nodiscard]] const std::optional<Greeting>& greeting() const noexcept {
    return session_.greeting();
  }

  // Whether the peer said more than was taken. Else its next word makes the handle readable.
  [[nodiscard]] bool has_unread() const noexcept { return transport_.has_unread(); }

  [[nodiscard]] int native_handle() const noexcept { return transport_.native_handle(); }

 private:
  // Reads one line and lets the session take it.
  asio::awaitable<void> pump(Deadline deadline);
  // Sends all commands behind `bytes`. Nothing is unsent before.
  asio::awaitable<SentCommands> send_behind(std::string bytes, std::vector<Command> commands,
                                            int fd, Deadline deadline);
  // Sends what the session has begun, but for what was announced of it. Where none of it goes, its
  // commands were never sent.
  asio::awaitable<void> send(std::string bytes, std::vector<std::int64_t> numbers, int fd,
                             Deadline deadline);
  asio::awaitable<Reply> reply_to(std::int64_t number, std::string name, Deadline deadline);

  Transport transport_;
  Session session_;
  std::optional<std::int64_t> handshake_;  // the session's number
  std::size_t announced_ = 0;              // bytes of the first command that went ahead of it
};

}  // namespace qmpshot::qmp
