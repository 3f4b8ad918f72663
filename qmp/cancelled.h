// SPDX-License-Identifier: MIT
// How a wait of ours ends where the caller cancels.
#pragma once

#include <qmpshot/error.h>

#include <asio/cancellation_state.hpp>

namespace qmpshot::qmp {

// Looked at after each wait. Where the caller cancelled, Asio would throw an error of its own at
// the next co_await, also when what we waited for came at the same time, and at every later one, so
// that nobody could clean up. Our error says it once: whoever throws it resets the state.
inline bool is_cancelled(const asio::cancellation_state& state) {
  return state.cancelled() != asio::cancellation_type::none;
}

inline Error cancelled() {
  return Error(Errc::cancelled, "cancelled");
}

}  // namespace qmpshot::qmp
