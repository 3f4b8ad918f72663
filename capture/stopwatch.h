// SPDX-License-Identifier: MIT
// Lap times for a frame's steps.
#pragma once

#include <qmpshot/frame.h>

#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

namespace qmpshot::capture {

class Stopwatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  Stopwatch() = default;
  explicit Stopwatch(TimePoint began) : began_(began) {}

  [[nodiscard]] TimePoint began() const noexcept { return began_; }

  // Ends the step that began with the last lap.
  //   return  what it took
  std::chrono::nanoseconds lap(std::string_view step) {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::nanoseconds took = now - std::exchange(last_, now);
    steps_.emplace_back(step, took);
    return took;
  }

  [[nodiscard]] std::vector<Step> take_steps() { return std::exchange(steps_, {}); }

 private:
  TimePoint began_ = std::chrono::steady_clock::now();
  TimePoint last_ = began_;
  std::vector<Step> steps_;
};

}  // namespace qmpshot::capture
