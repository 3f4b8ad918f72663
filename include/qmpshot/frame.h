// SPDX-License-Identifier: MIT
// One picture of a display, and what is known about it.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot {

// A way to get a frame out of QEMU.
enum class Route : std::uint8_t {
  automatic,  // the first of the others, in this order, that works
  fd,         // PPM into a memfd passed to QEMU; works whatever QEMU's user and file system view
  png_file,   // PNG by QEMU (>= 7.1) into a private temporary file; the guest waits meanwhile
  ppm_file,   // PPM into a private temporary file
};

constexpr std::string_view name(Route route) noexcept {
  switch (route) {
    case Route::automatic: return "auto";
    case Route::fd: return "fd";
    case Route::png_file: return "png-file";
    case Route::ppm_file: return "ppm-file";
  }
  return "unknown";
}

// Why a better route was not taken.
struct RouteRefusal {
  RouteRefusal(Route refused, Error error) : route(refused), why(std::move(error)) {}

  Route route;
  Error why;
};

// What one step of the way took.
struct Step {
  Step(std::string_view step_name, std::chrono::nanoseconds duration)
      : name(step_name), took(duration) {}

  std::string_view name;  // "connect", "dump", ...: a literal
  std::chrono::nanoseconds took;
};

struct Frame {
  Frame() = default;

  Image image;

  // The file as QEMU wrote it, where the route is png_file; the same picture as `image`.
  std::vector<std::byte> qemu_png;

  std::uint32_t display_index = 0;
  std::string device_id;  // empty: the first console, not named
  std::uint32_t head = 0;

  Route route = Route::fd;
  std::vector<RouteRefusal> refusals;

  std::string qemu_version;  // such as "7.2.22"

  // When QEMU had answered, and for how long it was at it (our round trip included).
  std::chrono::system_clock::time_point taken_at;
  std::chrono::nanoseconds qemu_time{0};

  std::vector<Step> steps;  // in order, from connecting to the pixels in our memory
};

}  // namespace qmpshot
