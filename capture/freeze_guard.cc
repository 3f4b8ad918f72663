// SPDX-License-Identifier: MIT
#include "capture/freeze_guard.h"

#include "encode/signals_held.h"
#include "qmp/fd_passing.h"
#include "qmp/pause.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

namespace qmpshot::capture {
namespace {

// A QEMU that does not answer for so long is stopped itself or lost; until then nobody else could
// have used its monitor either.
constexpr time_t longest_watch_s = 3600;

// Everything but these two, so that no pipe of the caller's is held open and nothing is printed.
// Below, only async-signal-safe calls: other threads' locks may be held for ever in a forked child.
void keep_only(int monitor, int orders) {
  const int low = monitor < orders ? monitor : orders;
  const int high = monitor < orders ? orders : monitor;
  const auto close_range = [](int first, unsigned last) {
    if (static_cast<unsigned>(first) > last) return;
    if (::syscall(SYS_close_range, first, last, 0) == 0) return;
    for (int fd = first; fd < 65536 && static_cast<unsigned>(fd) <= last; ++fd) {
      ::close(fd);  // Linux before 5.9
    }
  };
  if (low > 0) close_range(0, static_cast<unsigned>(low - 1));
  close_range(low + 1, static_cast<unsigned>(high - 1));
  close_range(high + 1, ~0U);
}

// Until the end of the stream.
void drain(int socket) {
  timespec start{}, now{};
  ::clock_gettime(CLOCK_MONOTONIC, &start);
  now = start;
  while (now.tv_sec - start.tv_sec < longest_watch_s) {
    pollfd ready{socket, POLLIN, 0};
    char dropped[4096];
    const int some = ::poll(&ready, 1, 1000);
    if (some > 0) {
      const ssize_t size = ::recv(socket, dropped, sizeof dropped, MSG_DONTWAIT);
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return;
    }
    ::clock_gettime(CLOCK_MONOTONIC, &now);
  }
}

// What we say to the guard, one byte a message; the lock comes with `hold`.
enum Order : char { hold = 'h', let_go = 'l', dismissed = 'd', maker_is_gone = 0 };

// The next order; puts a lock that came with it, or none, in the place of the one before.
Order next_order(int orders, int& lock) {
  char order = maker_is_gone;
  iovec text{&order, sizeof order};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &text;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  do {
    size = ::recvmsg(orders, &message, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return maker_is_gone;
  if (lock >= 0) ::close(lock);
  lock = -1;
  const cmsghdr* part = CMSG_FIRSTHDR(&message);
  if (part != nullptr && part->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&lock, CMSG_DATA(part), sizeof lock);
  }
  return static_cast<Order>(order);
}

[[noreturn]] void watch(int monitor, int orders) {
  ::setsid();  // Ctrl-C at the terminal is for our maker
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_NAME, "qmpshot-guard");
  keep_only(monitor, orders);

  int lock = -1;
  Order order = let_go;
  while (order == hold || order == let_go) order = next_order(orders, lock);
  if (order == maker_is_gone) {
    ::shutdown(monitor, SHUT_WR);
    drain(monitor);
  }
  ::_exit(0);  // only now others may have the lock
}

// False where nobody reads it any more, or the system lacks what it takes.
bool send_order(int orders, Order order, int lock = -1) {
  const char byte = order;
  const Result<std::optional<std::size_t>> sent =
      qmp::send_with_fd(orders, std::string_view(&byte, 1), lock);
  return sent.ok() && sent->has_value();
}

constexpr int any_child = static_cast<int>(__WCLONE);  // also those that raise no SIGCHLD

// Waits for the child in a thread of its own, for a guard whose QEMU does not answer may outlive
// whoever could. The callers' signals are not for it.
void reap_later(pid_t child) {
  const encode::SignalsHeld held;
  try {
    std::thread([child] {
      while (::waitpid(child, nullptr, any_child) < 0 && errno == EINTR) {
      }
    }).detach();
  } catch (const std::system_error&) {  // no threads left: a zombie until we end
  }
}

}  // namespace

Result<FreezeGuard> FreezeGuard::start(int connected_socket) {
  const auto failed = [] {
    return Error::from_errno(Errc::cannot_write, "starting the guard of a stopped VM", errno);
  };
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return failed();
  const UniqueFd heard(ends[0]);
  UniqueFd said(ends[1]);

  // fork() without SIGCHLD: a caller that waits for its children does not meet one it does not
  // know. Signals wait meanwhile, so that none to our process group ends the guard before it
  // ignores them.
  const encode::SignalsHeld held;
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, 0));
  if (child == 0) watch(connected_socket, heard.get());
  if (child < 0) return failed();
  return FreezeGuard(std::move(said), child);
}

bool FreezeGuard::ended() {
  // -1: somebody else took its exit status.
  if (child_ > 0 && ::waitpid(child_, nullptr, any_child | WNOHANG) != 0) child_ = 0;
  return child_ == 0;
}

bool FreezeGuard::is_gone() {
  pollfd orders{orders_.get(), 0, 0};
  return ended() || (::poll(&orders, 1, 0) == 1 && (orders.revents & (POLLHUP | POLLERR)) != 0);
}

bool FreezeGuard::hold(int lock) {
  return !ended() && send_order(orders_.get(), Order::hold, lock);
}

void FreezeGuard::let_go() {
  (void)send_order(orders_.get(), Order::let_go);
}

asio::awaitable<void> FreezeGuard::dismiss() {
  (void)send_order(orders_.get(), Order::dismissed);
  // Once it has ended, nobody but us holds the connection any more. It has nothing left to do, but
  // on a busy machine it may have to wait for its turn.
  for (int turns = 0; turns < 1000 && !ended(); ++turns) {
    co_await qmp::pause_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
  }
}

FreezeGuard::~FreezeGuard() {
  orders_ = UniqueFd();
  if (!ended()) reap_later(child_);
}

}  // namespace qmpshot::capture
