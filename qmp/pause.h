// SPDX-License-Identifier: MIT
// Waiting for nothing but time.
#pragma once

#include <asio/awaitable.hpp>

#include <chrono>

namespace qmpshot::qmp {

// Until `when`. Like every wait of ours, it ends with Errc::cancelled where the caller cancels,
// once: whoever catches it may wait again, to clean up.
asio::awaitable<void> pause_until(std::chrono::steady_clock::time_point when);

}  // namespace qmpshot::qmp
