// SPDX-License-Identifier: MIT
#include "qmp/client.h"

#include "qmp/commands.h"

#include <asio/this_coro.hpp>
#include <sys/random.h>

#include <cassert>
#include <cstdint>
#include <utility>

namespace qmpshot::qmp {
namespace {

constexpr const char* greeting_wait = "waiting for QEMU's greeting";

Error never_greeted() {
  return Error(Errc::monitor_busy,
               "none came: the monitor is busy with another client (it serves one at a time: give "
               "QEMU a second -qmp socket), QEMU is stopped, or this is no monitor's socket")
      .within(greeting_wait);
}

// The front of the handshake; behind it may come an id.
std::string announcement() {
  std::string front = command_line(qmp_capabilities());
  front.resize(front.rfind('}'));
  return front;
}

// Unlikely to be that of the client before.
std::int64_t random_id() {
  std::uint32_t bits = 0;
  (void)!::getrandom(&bits, sizeof bits, 0);  // cannot fail for so few bytes
  return 100'000 + bits % 900'000;
}

}  // namespace

SentCommands::~SentCommands() {
  for (const Waiting& one : waiting_) session_->forget(one.number);
}

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

Client::~Client() {
  if (session_.is_owed_replies() && !session_.must_run_more()) {
    transport_.hang_up();
  } else {
    transport_.half_close();
  }
}

asio::awaitable<void> Client::pump(Deadline deadline) {
  try {
    session_.accept(co_await transport_.receive_line(deadline)).value();
  } catch (const Error& error) {
    if (error.code() == Errc::timed_out && !transport_.heard()) throw never_greeted();
    if (error.code() == Errc::bad_peer && !session_.greeting()) throw error.within(greeting_wait);
    throw;
  }
}

asio::awaitable<void> Client::send(std::string bytes, std::vector<std::int64_t> numbers, int fd,
                                   Deadline deadline) {
  const std::size_t ahead = std::exchange(announced_, 0);
  assert(bytes.starts_with(announcement().substr(0, ahead)));
  try {
    co_await transport_.send(std::string_view(bytes).substr(ahead), fd, deadline);
  } catch (...) {
    if (!transport_.has_unsent()) announced_ = ahead;
    for (const std::int64_t number : numbers) {
      if (transport_.has_unsent()) break;
      session_.take_back(number);
      if (handshake_ == number) handshake_.reset();
    }
    throw;
  }
}

asio::awaitable<void> Client::announce(Deadline deadline) {
  const std::string front = announcement();
  announced_ = front.size();
  try {
    co_await transport_.send_front(front, deadline);
  } catch (...) {
    if (!transport_.has_unsent()) announced_ = 0;
    throw;
  }
}

asio::awaitable<SentCommands> Client::begin_by_fdset(std::vector<Command> commands, int fd,
                                                     Deadline deadline) {
  co_await transport_.flush(deadline);
  std::string bytes;
  session_.begin_by_fdset(bytes);
  co_return co_await send_behind(std::move(bytes), std::move(commands), fd, deadline);
}

asio::awaitable<void> Client::handshake(Deadline deadline) {
  // Not after the greeting: a guest agent has none, and reveals itself by its answer. And not
  // twice, when the first try came while another client was served: one answer is enough.
  if (!handshake_) {
    co_await transport_.flush(deadline);
    std::string bytes;
    handshake_ = session_.begin(qmp_capabilities(), bytes);
    std::vector<std::int64_t> numbers(1, *handshake_);
    co_await send(std::move(bytes), std::move(numbers), -1, deadline);
  }
  const Reply reply = co_await reply_to(*handshake_, "qmp_capabilities", deadline);
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

asio::awaitable<SentCommands> Client::send_all(std::vector<Command> commands, int fd,
                                               Deadline deadline) {
  co_await transport_.flush(deadline);
  co_return co_await send_behind(std::string(), std::move(commands), fd, deadline);
}

asio::awaitable<SentCommands> Client::send_behind(std::string bytes, std::vector<Command> commands,
                                                  int fd, Deadline deadline) {
  std::vector<std::int64_t> numbers;
  SentCommands sent(session_);
  for (Command& command : commands) {
    const std::int64_t number = session_.begin(command, bytes);
    sent.waiting_.push_back({number, std::move(command.name)});
    numbers.push_back(number);
  }
  co_await send(std::move(bytes), std::move(numbers), fd, deadline);
  co_return sent;
}

asio::awaitable<Reply> Client::next_reply(SentCommands& sent, Deadline deadline) {
  const SentCommands::Waiting& first = sent.waiting_.front();
  Reply reply = co_await reply_to(first.number, first.name, deadline);
  sent.waiting_.pop_front();
  co_return reply;
}

asio::awaitable<std::vector<Reply>> Client::execute_all(std::vector<Command> commands, int fd,
                                                        Deadline deadline) {
  const std::size_t count = commands.size();
  SentCommands sent = co_await send_all(std::move(commands), fd, deadline);
  std::vector<Reply> replies;
  while (replies.size() < count) replies.push_back(co_await next_reply(sent, deadline));
  co_return replies;
}

asio::awaitable<std::vector<Answer>> Client::execute_watching(std::vector<Command> commands,
                                                              Deadline deadline) {
  const std::size_t count = commands.size();
  SentCommands sent = co_await send_all(std::move(commands), -1, deadline);
  std::vector<Answer> answers;
  while (answers.size() < count) {
    Reply reply = co_await next_reply(sent, deadline);
    std::vector<Event> events;
    while (std::optional<Event> event = take_event()) events.push_back(std::move(*event));
    answers.emplace_back(std::move(reply), std::move(events));
  }
  co_return answers;
}

asio::awaitable<Reply> Client::reply_to(std::int64_t number, std::string name, Deadline deadline) {
  try {
    for (;;) {
      if (std::optional<Reply> reply = session_.take_reply(number)) co_return std::move(*reply);
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
