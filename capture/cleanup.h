// SPDX-License-Identifier: MIT
// What must be done on every way out, cancelled or not, but not for ever.
#pragma once

#include "qmp/deadline.h"

#include <qmpshot/error.h>

#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <chrono>

namespace qmpshot::capture {

// A QEMU that answers does so within milliseconds; one that does not is not worth more waiting.
inline constexpr std::chrono::milliseconds cleanup_grace{1000};

// Runs `work(deadline)` with a deadline of its own, deaf to cancellation. It does what it can: its
// errors are dropped, the caller has one already or is leaving.
template <class Work>
asio::awaitable<void> within_grace(Work work) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  try {
    co_await work(qmp::Deadline::after(cleanup_grace));
  } catch (const Error&) {  // NOLINT(bugprone-empty-catch)
  }
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
}

}  // namespace qmpshot::capture
