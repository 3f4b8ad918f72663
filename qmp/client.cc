// SPDX-License-Identifier: MIT
#include "qmp/client.h"

#include <asio/this_coro.hpp>
#include <sys/random.h>

#include <cstdint>
#include <utility>

namespace qmpshot::qmp {
namespace {

constexpr const char* greeting_wait = "waiting for QEMU's greeting";

Error never_greeted() {
  return Error(Errc::monitor_busy,
               "none came: the monitor is busy with another client (it serves one at a time) or "
               "QEMU is stopped: give QEMU a second -qmp socket")
      .within(greeting_wait);
}

// Unlikely to be near another client's; a JSON number without loss.
std::int64_t random_id() {
  std::uint32_t bits = 0;
  (void)!::getrandom(&bits, sizeof bits, 0);  // cannot fail for so few bytes
  return std::int64_t{bits} << 16;
}

// Whatever ends the wait for replies, those that come later are nobody's.
class Waiting {
 public:
  explicit Waiting(Session& session) : session_(session) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    for (const std::int64_t id : ids) session_.forget(id);
  }

  std::vector<std::int64_t> ids;

 private:
  Session& session_;
};

}  // namespace

asio::awaitable<Client> Client::connect(std::string path, Deadline deadline) {
  UniqueFd socket;
  try {
    socket = co_await connect_unix(path, deadline);
  } catch (const Error& error) {
    if (error.code() == Errc::cancelled) throw;
    throw error.within("connecting to " + printable(path));
  }
  co_return Client(co_await asio::this_coro::executor, std::move(socket));
}

Client::Client(asio::any_io_executor executor, UniqueFd connected)
    : transport_(std::move(executor), std::move(connected)), session_(random_id()) {}

asio::awaitable<void> Client::pump(Deadline deadline) {
  try {
    session_.accept(co_await transport_.receive_line(deadline)).value();
  } catch (const Error& error) {
    if (error.code() == Errc::timed_out && !transport_.heard()) throw never_greeted();
    if (error.code() == Errc::bad_peer && !session_.greeting()) throw error.within(greeting_wait);
    throw;
  }
}

asio::awaitable<void> Client::handshake(Deadline deadline) {
  // Not after the greeting: a guest agent has none, and reveals itself by its answer. And not
  // twice, when the first try came while another client was served: QEMU refuses the second.
  std::string bytes;
  if (!handshake_id_) handshake_id_ = session_.begin(Command("qmp_capabilities"), bytes);
  co_await transport_.send(bytes, -1, deadline);
  const Reply reply = co_await reply_to(*handshake_id_, "qmp_capabilities", deadline);
  reply.value();
}

asio::awaitable<void> Client::leave(Deadline deadline) {
  co_await transport_.finish(deadline);
}

asio::awaitable<Json> Client::execute(Command command, Deadline deadline) {
  std::vector<Command> commands;
  commands.push_back(std::move(command));
  std::vector<Reply> replies = co_await execute_all(std::move(commands), -1, deadline);
  co_return std::move(replies.front()).value();
}

asio::awaitable<std::vector<Reply>> Client::execute_all(std::vector<Command> commands, int fd,
                                                        Deadline deadline) {
  std::string bytes;
  Waiting waiting(session_);
  for (const Command& command : commands) waiting.ids.push_back(session_.begin(command, bytes));
  co_await transport_.send(bytes, fd, deadline);

  std::vector<Reply> replies;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    replies.push_back(co_await reply_to(waiting.ids[i], commands[i].name, deadline));
  }
  co_return replies;
}

asio::awaitable<Reply> Client::reply_to(std::int64_t id, std::string name, Deadline deadline) {
  try {
    for (;;) {
      if (std::optional<Reply> reply = session_.take_reply(id)) co_return std::move(*reply);
      co_await pump(deadline);
    }
  } catch (const Error& error) {
    if (error.code() == Errc::timed_out || error.code() == Errc::connection_lost) {
      throw error.within(name);
    }
    throw;
  }
}

asio::awaitable<Event> Client::next_event(Deadline deadline) {
  for (;;) {
    if (std::optional<Event> event = session_.take_event()) co_return std::move(*event);
    co_await pump(deadline);
  }
}

}  // namespace qmpshot::qmp
