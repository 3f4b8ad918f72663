// SPDX-License-Identifier: MIT
// Text screens as guests show them, drawn from real text.
#pragma once

#include "tests/bench/canvas.h"

#include <array>
#include <cstdint>

namespace qmpshot::bench {

// The text colours of VGA adapters (IBM's "CGA" palette).
inline constexpr std::array<std::uint32_t, 16> vga = {
    0x000000, 0x0000AA, 0x00AA00, 0x00AAAA, 0xAA0000, 0xAA00AA, 0xAA5500, 0xAAAAAA,
    0x555555, 0x5555FF, 0x55FF55, 0x55FFFF, 0xFF5555, 0xFF55FF, 0xFFFF55, 0xFFFFFF};

// Each as large as it is asked for, the same pixels every time.
Image boot_screen(const Font& font, std::uint32_t width, std::uint32_t height);     // plain
Image dmesg_screen(const Font& font, std::uint32_t width, std::uint32_t height);    // in colours
Image columns_screen(const Font& font, std::uint32_t width, std::uint32_t height);  // ls --color
Image listing_screen(const Font& font, std::uint32_t width, std::uint32_t height);  // ls -l --color
Image dialog_screen(const Font& font, std::uint32_t width, std::uint32_t height);   // an installer
Image process_screen(const Font& font, std::uint32_t width, std::uint32_t height);  // as by htop
Image login_screen(const Font& font, std::uint32_t width, std::uint32_t height);

// Harder than what a guest shows: each word of a listing in another colour, every third line on
// another ground.
Image dense_screen(const Font& font, std::uint32_t width, std::uint32_t height);

}  // namespace qmpshot::bench
