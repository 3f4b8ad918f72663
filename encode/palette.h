// SPDX-License-Identifier: MIT
// The colours of a frame in the order in which they first appear, and rows of pixels as indices
// into them: found and mapped in one pass.
#pragma once

#include "encode/kernels_palette.h"

#include <qmpshot/image.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace qmpshot::encode {

// The least bits a pixel that tell so many colours apart.
constexpr unsigned depth_for(std::size_t colours) noexcept {
  return colours <= 2 ? 1 : colours <= 4 ? 2 : colours <= 16 ? 4 : 8;
}

class Palette {
 public:
  explicit Palette(PixelFormat format) noexcept : format_(format) {}
  Palette(const Palette& other);
  Palette& operator=(const Palette&) = delete;

  static constexpr std::size_t most = 256;
  static constexpr std::size_t slack = 64;  // bytes that map_row may overwrite behind a row

  [[nodiscard]] std::size_t size() const noexcept { return count_; }

  // Maps one row to 1, 2, 4 or 8 bits a pixel; new colours join the palette.
  //   row   pixels of the format; not empty
  //   out   the packed row, spare bits 0; up to `slack` bytes behind it are overwritten
  //   return  false where the row has more colours than the depth holds; the one too many
  //           has joined as well, unless that would be more than `most`
  bool map_row(std::span<const std::byte> row, unsigned depth, std::uint8_t* out);

  // Adds the colours of a row. false where they would be more than `most`.
  bool add_colours(std::span<const std::byte> row);

  // Adds the colours of another one of the same format, in its order. false where they would be
  // more than `most`.
  bool add(const Palette& other);

  // Makes a colour that it has the first one; those before it move back.
  //   pixel  3 bytes at least, of the format
  void put_first(std::span<const std::byte> pixel);

  // Whether red, green and blue are the same in every colour.
  [[nodiscard]] bool is_grey() const noexcept;

  // R, G, B of each colour.
  [[nodiscard]] std::vector<std::array<std::uint8_t, 3>> colours() const;

 private:
  // Room for a row's indices, where only the colours matter.
  std::uint8_t* scratch(std::size_t count_px);
  // From pixel x on, which is 0 where a pixel is smaller than a byte; returns the first pixel whose
  // colour is not there, or count_px.
  std::size_t map_from(std::size_t x, const std::uint8_t* row, std::size_t count_px, unsigned depth,
                       std::uint8_t* out);
  std::size_t map_indices(const std::uint8_t* row, std::size_t count_px, std::uint8_t* out);
  void add(ColourKey key);
  void fill_slots() noexcept;
  void fill_large();

  PixelFormat format_;
  std::size_t count_ = 0;
  std::array<ColourKey, most> keys_;
  SlotTable slots_;
  std::unique_ptr<LargeTable> large_;
  std::unique_ptr<std::uint8_t[]> scratch_;
  std::size_t scratch_size_ = 0;
  const PaletteKernels* kernels_ = &palette_kernels();
};

}  // namespace qmpshot::encode
