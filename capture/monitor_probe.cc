// SPDX-License-Identifier: MIT
#include "capture/monitor_probe.h"

#include "capture/leftovers.h"
#include "qmp/cancelled.h"
#include "qmp/client.h"
#include "qmp/commands.h"
#include "qmp/transport.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

bool is_forbidden(const std::string& path) {
  return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0 && errno == EACCES;
}

// The state that an error of the attempt means.
MonitorState state_of(const Error& error, const std::string& path) {
  switch (error.code()) {
    case Errc::monitor_busy: return MonitorState::busy;
    case Errc::timed_out:  // it said something, but no greeting
    case Errc::bad_peer:
    case Errc::refused: return MonitorState::bad_peer;
    case Errc::cannot_connect:
      return is_forbidden(path) ? MonitorState::no_permission : MonitorState::dead;
    default: return MonitorState::dead;
  }
}

// Throws where no machine answers. One that greeted but does not come to our question is free: what
// keeps its main loop will end, or the caller's own deadline will tell.
asio::awaitable<void> ask(qmp::Client& client, qmp::Deadline deadline) {
  std::vector<qmp::Command> questions;
  questions.push_back(qmp::qmp_capabilities());
  questions.push_back(qmp::query_status());
  std::optional<Error> failed;
  try {
    const auto replies = co_await client.execute_all(std::move(questions), -1, deadline);
    replies[0].value();
    replies[1].value();
    co_await client.leave(deadline);
  } catch (const Error& error) {
    failed = error;
  }
  const bool slow = failed && failed->code() == Errc::timed_out && client.greeting();
  if (failed && !slow) throw Error(*failed);
}

}  // namespace

asio::awaitable<Probe> probe_monitor(std::string path, qmp::Deadline deadline) {
  Probe probe(MonitorState::free, "");
  try {
    UniqueFd socket = co_await qmp::connect_unix(path, deadline);
    qmp::Client client(co_await asio::this_coro::executor, std::move(socket));
    const std::optional<Peer> peer = peer_of(client.native_handle());
    if (peer) probe.listener = peer->pid;
    co_await ask(client, deadline);
  } catch (const Error& error) {
    if (error.code() == Errc::cancelled || error.code() == Errc::cannot_write) throw;
    probe.state = state_of(error, path);
    probe.why = error.message();
  }
  co_return probe;
}

namespace {

using Ask = std::function<asio::awaitable<void>(std::size_t)>;

// What the workers of one ask_each() share, on their strand; each takes what nobody took.
struct Round {
  Round(const asio::any_io_executor& strand, std::size_t count, Ask question)
      : ask(std::move(question)), all_done(strand) {
    for (std::size_t i = 0; i < count; ++i) waiting.push_back(i);
    all_done.expires_at(asio::steady_timer::time_point::max());
  }

  [[nodiscard]] bool goes_on() const { return !waiting.empty() && !failure && !abandoned; }

  Ask ask;
  std::deque<std::size_t> waiting;
  std::size_t working = 0;
  bool abandoned = false;
  std::exception_ptr failure;
  asio::steady_timer all_done;  // cancelled by the last worker
};

asio::awaitable<void> work(std::shared_ptr<Round> round) {
  bool one_too_many = false;
  while (round->goes_on() && !one_too_many) {
    const std::size_t mine = round->waiting.front();
    round->waiting.pop_front();
    try {
      co_await round->ask(mine);
    } catch (const Error& error) {
      one_too_many = error.code() == Errc::cannot_write && round->working > 1;
      if (one_too_many) {
        round->waiting.push_front(mine);  // for those who have the descriptors
      } else {
        round->failure = std::current_exception();
      }
    } catch (...) {
      round->failure = std::current_exception();
    }
  }
  if (--round->working == 0) round->all_done.cancel();
}

// On the strand.
asio::awaitable<void> run_round(std::shared_ptr<Round> round) {
  const asio::any_io_executor strand = co_await asio::this_coro::executor;
  const std::size_t workers = std::min(round->waiting.size(), most_at_once);
  round->working = workers;
  for (std::size_t i = 0; i < workers; ++i) asio::co_spawn(strand, work(round), asio::detached);
  asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  while (round->working > 0 && !qmp::is_cancelled(state)) {
    asio::error_code ignored;
    co_await round->all_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    state = co_await asio::this_coro::cancellation_state;
  }
  if (round->working > 0) round->abandoned = true;  // those that are asking end by themselves
}

}  // namespace

asio::awaitable<void> ask_each(std::size_t count, Ask ask) {
  // The caller's executor may run on many threads.
  const asio::any_io_executor strand = asio::make_strand(co_await asio::this_coro::executor);
  const auto round = std::make_shared<Round>(strand, count, std::move(ask));
  co_await asio::co_spawn(strand, run_round(round), asio::use_awaitable);
  if (qmp::is_cancelled(co_await asio::this_coro::cancellation_state)) {
    co_await asio::this_coro::reset_cancellation_state();
    throw qmp::cancelled();
  }
  if (round->failure) std::rethrow_exception(round->failure);
}

asio::awaitable<std::vector<Probe>> probe_monitors(std::vector<std::string> paths,
                                                   std::chrono::milliseconds patience) {
  const std::size_t count = paths.size();
  const auto probes = std::make_shared<std::vector<Probe>>(count);
  Ask ask = [paths = std::move(paths), probes, patience](std::size_t i) -> asio::awaitable<void> {
    Probe probe = co_await probe_monitor(paths[i], qmp::Deadline::after(patience));
    (*probes)[i] = std::move(probe);
  };
  co_await ask_each(count, std::move(ask));
  co_return std::move(*probes);
}

}  // namespace qmpshot::capture
