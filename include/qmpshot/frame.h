// SPDX-License-Identifier: MIT
// One picture of a display, and what is known about it.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
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

// Whose picture it is.
enum class Content : std::uint8_t {
  picture,          // the guest's own
  blank,            // one colour all over: a blanked console, or nothing drawn yet
  not_initialized,  // QEMU's placeholder: "Guest has not initialized the display (yet)."
  not_active,       // QEMU's placeholder: "Display output is not active."
};

constexpr std::string_view name(Content content) noexcept {
  switch (content) {
    case Content::picture: return "picture";
    case Content::blank: return "blank";
    case Content::not_initialized: return "not-initialized";
    case Content::not_active: return "not-active";
  }
  return "unknown";
}

constexpr bool is_placeholder(Content content) noexcept {
  return content == Content::not_initialized || content == Content::not_active;
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

// What QEMU says of the VM.
struct VmFacts {
  VmFacts() = default;

  std::string name;    // empty where it has none
  std::string uuid;    // zeroes where it has none
  std::string status;  // QMP's run state, such as "running", "paused", "prelaunch"
};

struct Frame {
  Frame() = default;

  Image image;
  Content content = Content::picture;

  // The file as QEMU wrote it, where the route is png_file; the same picture as `image`.
  std::vector<std::byte> qemu_png;

  std::uint32_t display_index = 0;
  std::string device_id;  // empty: the first console, not named
  std::uint32_t head = 0;

  Route route = Route::fd;
  std::vector<RouteRefusal> refusals;

  std::string qemu_version;  // such as "7.2.22"

  std::optional<VmFacts> vm;  // where it was asked for

  // What was done differently for this QEMU or this state of the VM, one line each.
  std::vector<std::string> notes;

  // When QEMU had answered, and for how long it was at it (our round trip included).
  std::chrono::system_clock::time_point taken_at;
  std::chrono::nanoseconds qemu_time{0};

  std::vector<Step> steps;  // in order, from connecting to the pixels in our memory
};

}  // namespace qmpshot
