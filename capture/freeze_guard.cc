// SPDX-License-Identifier: MIT
#include "capture/freeze_guard.h"

#include "qmp/pause.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

namespace qmpshot::capture {
namespace {

// A QEMU that does not answer for so long is stopped itself or lost; until then nobody else could
// have used its monitor either.
constexpr time_t longest_watch_s = 3600;

// Everything but these two, so that no pipe of the caller's is held open and nothing is printed.
// Below, only async-signal-safe calls: other threads' locks may be held for ever in a forked child.
void keep_only(int socket, int pipe) {
  const int low = socket < pipe ? socket : pipe;
  const int high = socket < pipe ? pipe : socket;
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
      const ssize_t size = ::read(socket, dropped, sizeof dropped);
      if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return;
    }
    ::clock_gettime(CLOCK_MONOTONIC, &now);
  }
}

[[noreturn]] void watch(int socket, int pipe) {
  ::setsid();  // Ctrl-C at the terminal is for our maker
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_NAME, "qmpshot-guard");
  keep_only(socket, pipe);

  char dismissed = 0;
  ssize_t size = 0;
  do {
    size = ::read(pipe, &dismissed, 1);
  } while (size < 0 && errno == EINTR);
  if (size == 0) {
    ::shutdown(socket, SHUT_WR);
    drain(socket);
  }
  ::_exit(0);
}

}  // namespace

Result<FreezeGuard> FreezeGuard::start(int connected_socket) {
  const auto failed = [] {
    return Error::from_errno(Errc::cannot_write, "starting the guard of a stopped VM", errno);
  };
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed();
  const UniqueFd watched(ends[0]);
  UniqueFd held(ends[1]);

  // fork() without SIGCHLD: a caller that waits for its children does not meet one it does not
  // know. Signals wait meanwhile, so that none to our process group ends the guard before it
  // ignores them.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto child = static_cast<pid_t>(::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, 0));
  if (child == 0) watch(connected_socket, watched.get());
  const int clone_errno = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = clone_errno;
  if (child < 0) return failed();
  return FreezeGuard(std::move(held), child);
}

asio::awaitable<void> FreezeGuard::dismiss() {
  if (!pipe_) co_return;
  const char done = 1;
  (void)!::write(pipe_.get(), &done, 1);
  pipe_ = UniqueFd();
  // Once it has ended, nobody but us holds the connection any more. It has nothing left to do, but
  // on a busy machine it may have to wait for its turn.
  for (int turns = 0; turns < 1000; ++turns) {
    if (::waitpid(child_, nullptr, static_cast<int>(__WCLONE) | WNOHANG) != 0) co_return;
    co_await qmp::pause_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(1));
  }
}

}  // namespace qmpshot::capture
