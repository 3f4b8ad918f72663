// SPDX-License-Identifier: MIT
// Until when a wait may last. Every awaitable takes one.
#pragma once

#include <algorithm>
#include <chrono>

namespace qmpshot::qmp {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline after(std::chrono::milliseconds timeout) { return Deadline(timeout); }

  [[nodiscard]] Clock::time_point at() const noexcept { return at_; }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }
  [[nodiscard]] bool passed() const noexcept { return Clock::now() >= at_; }

 private:
  // More is for ever, and must not overflow the clock.
  static constexpr std::chrono::hours longest{24 * 365};

  explicit Deadline(std::chrono::milliseconds timeout)
      : at_(Clock::now() + std::clamp<std::chrono::milliseconds>(timeout, -longest, longest)),
        timeout_(timeout) {}

  Clock::time_point at_;
  std::chrono::milliseconds timeout_;  // what the caller asked for, for the error's words
};

}  // namespace qmpshot::qmp
