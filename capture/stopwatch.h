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
    return lap_at(step, std::chrono::steady_clock::now());
  }

  // The same, where it ended before now.
  std::chrono::nanoseconds lap_at(std::string_view step, TimePoint end) {
    const std::chrono::nanoseconds took = end - std::exchange(last_, end);
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
