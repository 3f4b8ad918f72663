// SPDX-License-Identifier: MIT
#include "tools/qmpshot/preview.h"

#include "encode/scale.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <span>

namespace qmpshot::tools {
namespace {

// "38;2;R;G;B"
std::string colour_text(const char* layer, std::span<const std::byte> rgb) {
  std::string text = layer;
  for (const std::byte part : rgb) text += ";" + std::to_string(std::to_integer<int>(part));
  return text;
}

}  // namespace

TerminalSize terminal_size() noexcept {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 ||
      window.ws_row == 0) {
    return {};
  }
  return {window.ws_col, window.ws_row};
}

Result<std::string> draw_preview(const ImageView& image, TerminalSize size) {
  const double room_x = std::max(1U, size.columns);
  const double room_y = 2.0 * (std::max(4U, size.rows) - 3);
  const double shrink = std::min({1.0, room_x / image.width_px, room_y / image.height_px});
  const encode::Size cells{std::max(1U, static_cast<std::uint32_t>(image.width_px * shrink)),
                           std::max(1U, static_cast<std::uint32_t>(image.height_px * shrink))};
  Result<Image> small = encode::scale(image, cells, encode::Filter::area);
  if (!small) return small.error();

  const ImageView& view = small->view();
  std::string out;
  for (std::uint32_t y = 0; y < view.height_px; y += 2) {
    std::string last;
    for (std::uint32_t x = 0; x < view.width_px; ++x) {
      std::string colours = colour_text("38;2", view.row(y).subspan(std::size_t{3} * x, 3));
      if (y + 1 < view.height_px) {
        colours += ";" + colour_text("48;2", view.row(y + 1).subspan(std::size_t{3} * x, 3));
      }
      if (colours != last) out += "\x1b[" + colours + "m";
      out += "\u2580";  // upper half block: its own colour above, the background's below
      last = std::move(colours);
    }
    out += "\x1b[0m\n";
  }
  return out;
}

}  // namespace qmpshot::tools
