// SPDX-License-Identifier: MIT
// Guests of one sector that draw. Their source stands in guests/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace qmpshot::test {

enum class Guest {
  flipper,  // 320x200, QEMU shows 640x400: all black, all white, all black, ... for ever
  colours,  // 1024x768, more than a palette's worth of colours, drawn once
  text,     // 720x400, text mode: every character, many colours, drawn once
  log,      // 720x400, text mode: 25 lines of a kernel's log, grey on black, drawn once
  odd,      // 1366x768, the same, for -device bochs-display: QEMU pads the rows of its PPM
  wide,     // 1920x1080, flat lines and busy lines, drawn once; for -device VGA or -vga std
};

// What to put at the front of a disk or floppy. They say "R" on -debugcon when the picture begins
// (flipper) or stands (the others).
std::string boot_sector(Guest guest);

// What `colours` and `odd` draw: rgb24, rows top to bottom, packed.
inline constexpr std::uint32_t colours_width_px = 1024;
inline constexpr std::uint32_t colours_height_px = 768;
inline constexpr std::uint32_t odd_width_px = 1366;
inline constexpr std::uint32_t odd_height_px = 768;
std::vector<std::byte> colours_rgb(std::uint32_t width_px = colours_width_px,
                                   std::uint32_t height_px = colours_height_px);

}  // namespace qmpshot::test
