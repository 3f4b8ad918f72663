// SPDX-License-Identifier: MIT
// Frames out of a number: the same number makes the same frame. They are what encoders find hard:
// few colours and one more in the last pixel, repeated and nearly repeated rows, glyphs, noise.
#pragma once

#include "tests/support/guarded.h"

#include <qmpshot/image.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace qmpshot::test {

// A small fast generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  // 0 to limit - 1
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>((next() >> 32) * limit >> 32);
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

// Makes frames one after the other; a frame's view is good until the next is made.
class FrameMaker {
 public:
  FrameMaker();

  // Widths 1 to 1500, mostly small. The last pixel ends at a page that nobody may touch.
  ImageView make(std::uint64_t seed);

  // The frame of the last make() as packed RGB, row after row, which is what decoders give.
  [[nodiscard]] const std::vector<std::byte>& rgb() const { return rgb_; }

 private:
  void choose_size(SplitMix& random);
  void choose_colours(SplitMix& random);
  void draw(SplitMix& random);
  void draw_glyphs(SplitMix& random);
  void disturb(SplitMix& random);
  ImageView lay_out(SplitMix& random);

  std::uint32_t width_ = 0;
  std::uint32_t height_ = 0;
  std::vector<std::uint32_t> colours_;  // 0xRRGGBB
  std::vector<std::uint16_t> pixels_;   // indices into colours_
  std::vector<std::byte> rgb_;
  GuardedMemory memory_;
};

}  // namespace qmpshot::test
