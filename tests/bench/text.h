// SPDX-License-Identifier: MIT
// Text that guests did show, and the glyphs they showed it with.
#pragma once

#include "tests/bench/canvas.h"
#include "tests/bench/frames.h"

#include <string>
#include <vector>

namespace qmpshot::bench {

using Lines = std::vector<std::string>;

// A file of tests/bench/text, which tests/bench/README.md tells the origin of.
//   return  printable ASCII only; other characters (tabs) are dropped
Lines read_text(const std::string& name);

// As a console has them: a line that is longer goes on in the next row.
Lines wrapped(const Lines& lines, std::size_t columns);

// As a dialog has them: between words.
Lines wrapped_at_words(const Lines& lines, std::size_t columns);

// The fonts of the collection, by the characters that its screens show. One that none shows is
// another's glyph, upside down.
Font vga_font(const std::vector<Frame>& collection);           // 9x16
Font frame_buffer_font(const std::vector<Frame>& collection);  // 8x16

}  // namespace qmpshot::bench
