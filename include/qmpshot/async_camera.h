// SPDX-License-Identifier: MIT
// Camera for callers that own an io_context. Needs Asio's headers; the rest of the library does
// not.
#pragma once

#include <qmpshot/camera.h>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace qmpshot {

// Used by one coroutine at a time, on the strand it was opened on. Every call throws the Error that
// Camera returns. Asio's per-operation cancellation (terminal) ends a call with Errc::cancelled,
// after at most a second in which what QEMU holds of ours is taken back.
class AsyncCamera {
 public:
  static asio::awaitable<AsyncCamera> open(std::string socket_path,
                                           std::chrono::milliseconds timeout);
  static asio::awaitable<AsyncCamera> adopt(UniqueFd connected, std::chrono::milliseconds timeout);

  AsyncCamera(AsyncCamera&&) noexcept;
  AsyncCamera& operator=(AsyncCamera&&) noexcept;

  // Without close(): drops the connection at once, and a QEMU >= 8 keeps the memory it was lent.
  ~AsyncCamera();

  asio::awaitable<Frame> grab(GrabRequest request);
  asio::awaitable<std::vector<Display>> displays(std::chrono::milliseconds timeout);

  // Takes back from QEMU what was lent to it, within a second, and disconnects. Never throws for
  // what QEMU does.
  asio::awaitable<void> close();

  static asio::awaitable<Frame> shoot(std::string socket_path, GrabRequest request);

 private:
  struct State;
  explicit AsyncCamera(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace qmpshot
