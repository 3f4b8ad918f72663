// SPDX-License-Identifier: MIT
// A small process that outlives ours for as long as it takes to have a stopped VM continued.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/unique_fd.h>

#include <asio/awaitable.hpp>
#include <sys/types.h>

#include <utility>

namespace qmpshot::capture {

// "stop", the dump and "cont" go to QEMU in one message, so QEMU has the "cont" from the moment it
// has the "stop". The guard holds the connection too, and the lock. Where we end without dismissing
// it, however we end, it tells QEMU that no more comes and waits until QEMU has run everything.
//
// Where it is killed as well, within the time of one dump, the lock is free too early. That QEMU
// still continues the VM is then due to what keeps any connection open, see qmp::send_held(); a
// relay between us and QEMU may not pass that on, and QEMU drops what it has not begun.
class FreezeGuard {
 public:
  // Forks; the child calls nothing but async-signal-safe functions and raises no SIGCHLD.
  //   errors  cannot_write: no process or descriptor left
  static Result<FreezeGuard> start(int connected_socket);

  FreezeGuard(FreezeGuard&& other) noexcept
      : child_(std::exchange(other.child_, 0)), orders_(std::move(other.orders_)) {}
  FreezeGuard& operator=(FreezeGuard&&) = delete;
  // Undismissed, it goes on until QEMU is done. It leaves no zombie either way.
  ~FreezeGuard();

  // From now on it keeps this lock open as well, until let_go() or its own end. False: it could not
  // be told, because it is_gone() or the system lacks descriptors or memory.
  [[nodiscard]] bool hold(int lock);
  void let_go();

  // Whether somebody killed it. While it is dying it hears nothing any more, and has not ended yet.
  bool is_gone();

  // Every reply is here: the guard ends, within a second.
  asio::awaitable<void> dismiss();

 private:
  bool ended();  // and its exit status was taken
  FreezeGuard(UniqueFd orders, pid_t child) : child_(child), orders_(std::move(orders)) {}

  pid_t child_ = 0;  // 0: it has ended
  UniqueFd orders_;  // its closing, by us or by the kernel, is the guard's call
};

}  // namespace qmpshot::capture
