// SPDX-License-Identifier: MIT
#include "tests/bench/consoles.h"

#include "tests/bench/text.h"
#include "tests/support/frame_maker.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace qmpshot::bench {
namespace {

// A canvas in cells of a font.
struct Screen {
  Screen(const Font& with, std::uint32_t width, std::uint32_t height, std::uint32_t paper = vga[0])
      : font(with),
        canvas(width, height, paper),
        columns(width / with.width_px),
        rows(height / with.height_px) {}

  void print(std::string_view text, std::uint32_t column, std::uint32_t row, std::uint32_t ink) {
    for (const char c : text) {
      if (column >= columns) return;
      canvas.glyph(font, c, column++ * font.width_px, row * font.height_px, ink);
    }
  }

  void fill(std::uint32_t column, std::uint32_t row, std::uint32_t w, std::uint32_t h,
            std::uint32_t paper) {
    canvas.fill(column * font.width_px, row * font.height_px, w * font.width_px, h * font.height_px,
                paper);
  }

  const Font& font;
  Canvas canvas;
  std::uint32_t columns;
  std::uint32_t rows;
};

// A file of `ls -l`: what it is called and in which colour (dircolors' defaults).
struct Listed {
  explicit Listed(const std::string& line) : row(line) {
    const std::size_t arrow = row.find(" -> ");
    name_at = row.rfind(' ', arrow == std::string::npos ? std::string::npos : arrow - 1) + 1;
    name = row.substr(name_at, arrow == std::string::npos ? arrow : arrow - name_at);
    if (row[0] == 'd') ink = vga[9];
    if (row[0] == 'l') ink = vga[11];
    if (row[0] == '-' && row[3] == 'x') ink = vga[10];
    if (row[3] == 's' || row[6] == 's') ink = vga[12];
  }

  std::string row;
  std::string name;
  std::size_t name_at = 0;
  std::uint32_t ink = vga[7];
};

}  // namespace

// The end of the log, as a panic or a hang leaves it.
Image boot_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height);
  const Lines lines = wrapped(read_text("boot.txt"), screen.columns);
  const std::size_t shown = std::min<std::size_t>(screen.rows, lines.size());
  for (std::uint32_t row = 0; row < shown; ++row) {
    screen.print(lines[lines.size() - shown + row], 0, row, vga[7]);
  }
  return screen.canvas.image();
}

// The log's begin in the colours of util-linux' dmesg: time green, who says it brown.
Image dmesg_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height);
  const Lines lines = wrapped(read_text("boot.txt"), screen.columns);
  for (std::uint32_t row = 0; row < std::min<std::size_t>(screen.rows, lines.size()); ++row) {
    const std::string& line = lines[row];
    const std::size_t time = line.starts_with('[') ? line.find(']') + 1 : 0;
    const std::size_t colon = line.find(": ", time);
    const std::size_t who = time == 0 || colon == std::string::npos ? time : colon + 1;
    screen.print(line.substr(0, time), 0, row, vga[2]);
    screen.print(line.substr(time, who - time), static_cast<std::uint32_t>(time), row, vga[6]);
    screen.print(line.substr(who), static_cast<std::uint32_t>(who), row, vga[7]);
  }
  return screen.canvas.image();
}

Image columns_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height);
  constexpr std::uint32_t wide = 20;
  std::uint32_t column = 0;
  std::uint32_t row = 0;
  for (const std::string& line : read_text("listing.txt")) {
    const Listed file(line);
    if (file.name.size() + 1 >= wide) continue;
    screen.print(file.name, column, row, file.ink);
    if (++row < screen.rows) continue;
    row = 0;
    column += wide;
  }
  return screen.canvas.image();
}

Image listing_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height);
  const Lines lines = read_text("listing.txt");
  for (std::uint32_t row = 0; row < std::min<std::size_t>(screen.rows, lines.size()); ++row) {
    const Listed file(lines[row]);
    screen.print(file.row, 0, row, vga[7]);
    const auto column = static_cast<std::uint32_t>(file.name_at);
    screen.fill(column, row, static_cast<std::uint32_t>(file.name.size()), 1, vga[0]);
    screen.print(file.name, column, row, file.ink);
  }
  return screen.canvas.image();
}

// Blue, a grey window with a shadow, a red button.
Image dialog_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height, vga[1]);
  const std::uint32_t w = screen.columns * 3 / 4, h = screen.rows * 4 / 5;
  const std::uint32_t x = screen.columns / 8, y = screen.rows / 8;
  screen.fill(x + 2, y + 1, w, h, vga[0]);
  screen.fill(x, y, w, h, vga[7]);
  screen.print("Partition disks", x + w / 2 - 8, y, vga[4]);
  const Lines lines = wrapped_at_words(read_text("dialog.txt"), w - 4);
  for (std::uint32_t row = 0; row < std::min<std::size_t>(h - 4, lines.size()); ++row) {
    screen.print(lines[row], x + 2, y + 1 + row, vga[0]);
  }
  screen.fill(x + w / 4, y + h - 2, 7, 1, vga[4]);
  screen.print(" <Yes> ", x + w / 4, y + h - 2, vga[14]);
  screen.print("<No>", x + w * 3 / 4, y + h - 2, vga[0]);
  screen.print("<Tab> moves; <Space> selects; <Enter> activates buttons", 0, screen.rows - 1,
               vga[7]);
  return screen.canvas.image();
}

// busybox' `top` in the manner of htop: its head black on green, columns in colours.
Image process_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height);
  const Lines lines = read_text("processes.txt");
  constexpr std::uint32_t head = 3;  // the row of the columns' names
  for (std::uint32_t row = 0; row < std::min<std::size_t>(screen.rows, lines.size()); ++row) {
    const std::string& line = lines[row];
    if (row < head) {
      const auto value = static_cast<std::uint32_t>(line.find(':') + 1);
      screen.print(line.substr(0, value), 0, row, vga[3]);
      screen.print(line.substr(value), value, row, vga[row == 1 ? 10 : 15]);
      continue;
    }
    if (row == head) screen.fill(0, row, screen.columns, 1, vga[2]);
    if (row == head + 1) screen.fill(0, row, screen.columns, 1, vga[3]);  // the chosen one
    const bool plain = row <= head + 1;
    std::uint32_t at = 0;
    const auto part = [&](std::uint32_t to, std::uint32_t ink) {
      if (at >= line.size()) return;
      screen.print(line.substr(at, to - at), at, row, plain ? vga[0] : ink);
      at = to;
    };
    part(11, vga[7]);                              // process and parent
    part(20, vga[8]);                              // user
    part(26, vga[row % 5 == 0 ? 10 : 7]);          // state
    part(42, vga[6]);                              // memory and CPU
    part(200, vga[line.ends_with(']') ? 2 : 15]);  // name
  }
  return screen.canvas.image();
}

Image login_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height);
  screen.print("Debian GNU/Linux 12 debian tty1", 0, 0, vga[7]);
  screen.print("debian login: _", 0, 2, vga[7]);
  return screen.canvas.image();
}

Image dense_screen(const Font& font, std::uint32_t width, std::uint32_t height) {
  Screen screen(font, width, height);
  std::string text;
  for (const std::string& line : read_text("listing.txt")) text += line + ' ';
  test::SplitMix random(8);
  std::size_t at = 0;
  std::uint32_t ink = vga[7];
  for (std::uint32_t row = 0; row < screen.rows; ++row) {
    if (random.one_in(3)) screen.fill(0, row, screen.columns, 1, vga[random.below(7)]);
    for (std::uint32_t column = 0; column < screen.columns; ++column, ++at) {
      const std::size_t i = at % text.size();
      if (text[i] == ' ') ink = vga[7 + random.below(9)];
      screen.print(text.substr(i, 1), column, row, ink);
    }
  }
  return screen.canvas.image();
}

}  // namespace qmpshot::bench
