// SPDX-License-Identifier: MIT
#include "capture/monitor_probe.h"

#include "capture/leftovers.h"
#include "qmp/client.h"
#include "qmp/commands.h"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

// Half of what a process may usually have open (RLIMIT_NOFILE, 1024), and room for the caller's.
constexpr std::size_t at_once = 256;

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
    qmp::Client client = co_await qmp::Client::connect(path, deadline);
    const std::optional<Peer> peer = peer_of(client.native_handle());
    if (peer) probe.listener = peer->pid;
    co_await ask(client, deadline);
  } catch (const Error& error) {
    if (error.code() == Errc::cancelled) throw;
    probe.state = state_of(error, path);
    probe.why = error.message();
  }
  co_return probe;
}

namespace {

// What the workers of one probe_monitors() share; each takes the next path that nobody took.
struct Round {
  Round(const asio::any_io_executor& executor, std::vector<std::string> all)
      : paths(std::move(all)), probes(paths.size()), all_done(executor) {
    all_done.expires_at(asio::steady_timer::time_point::max());
  }

  std::vector<std::string> paths;
  std::vector<Probe> probes;
  std::size_t next = 0;
  std::size_t working = 0;
  bool abandoned = false;
  asio::steady_timer all_done;  // cancelled by the last worker
};

asio::awaitable<void> work(std::shared_ptr<Round> round, std::chrono::milliseconds patience) {
  while (round->next < round->paths.size() && !round->abandoned) {
    const std::size_t mine = round->next++;
    const qmp::Deadline deadline = qmp::Deadline::after(patience);
    round->probes[mine] = co_await probe_monitor(round->paths[mine], deadline);
  }
  if (--round->working == 0) round->all_done.cancel();
}

}  // namespace

asio::awaitable<std::vector<Probe>> probe_monitors(std::vector<std::string> paths,
                                                   std::chrono::milliseconds patience) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto round = std::make_shared<Round>(executor, std::move(paths));
  round->working = std::min(round->paths.size(), at_once);
  for (std::size_t i = round->working; i > 0; --i) {
    asio::co_spawn(executor, work(round, patience), asio::detached);
  }
  if (round->working > 0) {
    asio::error_code ignored;
    co_await round->all_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    round->abandoned = true;  // those that are asking end by their own deadlines
    throw Error(Errc::cancelled, "cancelled");
  }
  co_return std::move(round->probes);
}

}  // namespace qmpshot::capture
