// SPDX-License-Identifier: MIT
#include "capture/freeze_lock.h"

#include "capture/leftovers.h"
#include "qmp/commands.h"
#include "qmp/pause.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// A freeze takes some milliseconds, so that is how often it is worth looking.
constexpr std::chrono::milliseconds look_again{1};

constexpr int waiting_room = 64;  // for those who ask who has it, and never get in

struct Address {
  explicit Address(const std::string& name) {
    where.sun_family = AF_UNIX;
    const std::size_t length = std::min(name.size(), sizeof where.sun_path - 1);
    name.copy(where.sun_path + 1, length);  // the zero in front makes it abstract
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + length);
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&where); }

  sockaddr_un where{};
  socklen_t size = 0;
};

// The lock, or nothing where somebody has it.
std::optional<UniqueFd> try_to_take(const std::string& name) {
  const auto failed = [&name](int number) {
    return Error::from_errno(Errc::cannot_write, "taking the name @" + name, number);
  };
  UniqueFd lock(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!lock) throw failed(errno);
  const Address address(name);
  if (::bind(lock.get(), address.get(), address.size) != 0) {
    if (errno != EADDRINUSE) throw failed(errno);
    return std::nullopt;
  }
  (void)::listen(lock.get(), waiting_room);  // only so that others can ask who we are
  return lock;
}

// "process 123", where that can be said.
std::string holder_of(const std::string& name) {
  const UniqueFd question(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const Address address(name);
  if (!question || ::connect(question.get(), address.get(), address.size) != 0) return "a process";
  const std::optional<Peer> peer = peer_of(question.get());
  return peer && peer->pid > 0 ? "process " + std::to_string(peer->pid) : "a process";
}

Error never_ours(const std::string& name, qmp::Deadline deadline) {
  return Error(Errc::timed_out, "waiting for another freeze of this VM to end: " + holder_of(name) +
                                    " kept the name @" + name + " for " +
                                    std::to_string(deadline.timeout().count()) + " ms");
}

}  // namespace

asio::awaitable<std::string> freeze_lock_name(qmp::Client& client, qmp::Deadline deadline) {
  std::vector<qmp::Command> questions;
  questions.push_back(qmp::query_uuid());
  questions.push_back(qmp::query_cpus_fast());
  const std::vector<qmp::Reply> replies =
      co_await client.execute_all(std::move(questions), -1, deadline);
  std::string name = "qmpshot-freeze/";
  name += replies[0].ok() ? qmp::printable(qmp::parse_uuid(*replies[0])).substr(0, 36) : "";
  name += "/";
  if (replies[1].ok()) {
    const std::optional<std::int64_t> thread = qmp::parse_first_thread(*replies[1]);
    name += thread ? std::to_string(*thread) : "";
  }
  co_return name;
}

asio::awaitable<UniqueFd> take_freeze_lock(std::string name, qmp::Deadline deadline) {
  for (;;) {
    std::optional<UniqueFd> lock = try_to_take(name);
    if (lock) co_return std::move(*lock);
    if (deadline.passed()) throw never_ours(name, deadline);
    co_await qmp::pause_until(
        std::min(std::chrono::steady_clock::now() + look_again, deadline.at()));
  }
}

}  // namespace qmpshot::capture
