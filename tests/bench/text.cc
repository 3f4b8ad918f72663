// SPDX-License-Identifier: MIT
#include "tests/bench/text.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace qmpshot::bench {
namespace {

using Glyph = std::vector<bool>;
using Glyphs = std::map<char, Glyph>;

constexpr bool is_printable(char c) {
  return c >= ' ' && c <= '~';
}

// What the screens show, in the order in which cut_font finds it; a space for a cursor and for the
// pieces of a frame.
constexpr std::string_view vga_characters =
    "[1.7639]withargumens:85/02voHOME=TRlx4d-NbpcyB(D+)'f#SCkz_, ?YALIP<>FGXK!VU   |*    `";
constexpr std::string_view frame_buffer_characters =
    "[1.802]evm:scurityapo46blHMACx35kDngd7FK()Wh-9RfTSz_,w/+XPIVGB@EqN'# ";

// A character that no screen shows, and the one that stands for it upside down.
constexpr std::string_view stand_ins = "\"p$S%K&R;,JLQPZN\\V^Yjr{h}y~w";

Glyphs name_glyphs(const std::vector<Frame>& collection,
                   std::initializer_list<std::string_view> screens, std::uint32_t width_px,
                   std::string_view characters) {
  Glyphs glyphs;
  std::vector<Glyph> seen;
  for (const std::string_view screen : screens) {
    for (const Glyph& glyph :
         cut_font(frame_named(collection, screen).image.view(), width_px, 16)) {
      if (std::ranges::find(seen, glyph) != seen.end()) continue;
      if (seen.size() < characters.size() && characters[seen.size()] != ' ') {
        glyphs[characters[seen.size()]] = glyph;
      }
      seen.push_back(glyph);
    }
  }
  if (seen.size() != characters.size()) throw std::runtime_error("the collection's font changed");
  return glyphs;
}

Glyphs vga_glyphs(const std::vector<Frame>& collection) {
  return name_glyphs(collection,
                     {"linux-text-dmesg-720x400", "linux-panic-text-720x400",
                      "seabios-text-720x400", "grub-menu-720x400"},
                     9, vga_characters);
}

Glyphs frame_buffer_glyphs(const std::vector<Frame>& collection) {
  return name_glyphs(collection, {"linux-fbcon-bochs-1280x800"}, 8, frame_buffer_characters);
}

// The same glyph with a blank column more or less at its right.
Glyph with_width(const Glyph& glyph, std::uint32_t from_px, std::uint32_t to_px) {
  Glyph other(std::size_t{to_px} * (glyph.size() / from_px));
  for (std::size_t i = 0; i < other.size(); ++i) {
    const std::size_t x = i % to_px;
    other[i] = x < from_px && glyph[i / to_px * from_px + x];
  }
  return other;
}

// Both fonts are the same one but for the ninth column: what one lacks, the other may have.
Font complete(Glyphs glyphs, std::uint32_t width_px, const Glyphs& others,
              std::uint32_t others_width_px) {
  for (const auto& [c, glyph] : others) {
    glyphs.emplace(c, with_width(glyph, others_width_px, width_px));
  }
  for (std::size_t i = 0; i < stand_ins.size(); i += 2) {
    const Glyph& other = glyphs.at(stand_ins[i + 1]);
    Glyph turned;
    for (std::size_t row = other.size(); row > 0; row -= width_px) {
      const auto end = other.begin() + static_cast<std::ptrdiff_t>(row);
      turned.insert(turned.end(), end - width_px, end);
    }
    glyphs.emplace(stand_ins[i], turned);
  }
  Font font{width_px, 16, {}};
  for (char c = '!'; c <= '~'; ++c) font.glyphs.push_back(glyphs.at(c));
  return font;
}

}  // namespace

Lines read_text(const std::string& name) {
  std::ifstream file(QMPSHOT_BENCH_TEXT "/" + name);
  if (!file) throw std::runtime_error("no text " + name);
  Lines lines;
  for (std::string line; std::getline(file, line); lines.push_back(line)) {
    std::erase_if(line, [](char c) { return !is_printable(c); });
  }
  return lines;
}

Lines wrapped(const Lines& lines, std::size_t columns) {
  Lines rows;
  for (const std::string& line : lines) {
    for (std::size_t at = 0; at == 0 || at < line.size(); at += columns) {
      rows.push_back(line.substr(at, columns));
    }
  }
  return rows;
}

Lines wrapped_at_words(const Lines& lines, std::size_t columns) {
  Lines rows;
  for (const std::string& line : lines) {
    rows.emplace_back();
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      if (rows.back().size() + 1 + word.size() > columns) rows.emplace_back();
      rows.back().append(rows.back().empty() ? "" : " ").append(word);
    }
  }
  return rows;
}

Font vga_font(const std::vector<Frame>& collection) {
  return complete(vga_glyphs(collection), 9, frame_buffer_glyphs(collection), 8);
}

Font frame_buffer_font(const std::vector<Frame>& collection) {
  return complete(frame_buffer_glyphs(collection), 8, vga_glyphs(collection), 9);
}

}  // namespace qmpshot::bench
