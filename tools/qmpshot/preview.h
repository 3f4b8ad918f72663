// SPDX-License-Identifier: MIT
// The picture in a terminal: two pixels a character, by half blocks in 24-bit colour.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstdint>
#include <string>

namespace qmpshot::tools {

struct TerminalSize {
  std::uint32_t columns = 80;
  std::uint32_t rows = 24;
};

// The size of the terminal on stdout; 80x24 where it does not say.
TerminalSize terminal_size() noexcept;

// The whole picture, shrunk to fit into `size` less the two rows that the prompt and a hint need.
// Lines end in a colour reset and a newline; nothing else of the terminal's state is touched.
//   image   rgb24
//   errors  bad_argument: an empty image
Result<std::string> draw_preview(const ImageView& image, TerminalSize size);

}  // namespace qmpshot::tools
