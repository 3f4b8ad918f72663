// SPDX-License-Identifier: MIT
// Sizes and boxes: read from text, cut out of an image, made to fit.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstdint>
#include <string_view>

namespace qmpshot::encode {

struct Size {
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

// Part of an image; x runs right and y down from the upper left corner.
struct Box {
  std::uint32_t x_px = 0;
  std::uint32_t y_px = 0;
  std::uint32_t width_px = 0;
  std::uint32_t height_px = 0;
  friend bool operator==(const Box&, const Box&) = default;
};

// Whether the view keeps ImageView's promises: neither side is 0, rows do not overlap, and its
// pixels hold them all.
bool is_whole(const ImageView& image) noexcept;

// "WxH", decimal, neither side 0.
//   errors  bad_argument
Result<Size> parse_size(std::string_view text);

// "WxH+X+Y", decimal, neither side 0. X11's negative offsets are not taken: a script that means
// the lower right corner should know the screen's size.
//   errors  bad_argument
Result<Box> parse_box(std::string_view text);

// The part of `image` in `box`. What reaches over the right or lower edge is cut off.
//   return  borrows what `image` borrows; nothing is copied
//   errors  bad_argument: no pixel of the image lies in the box, or the image is not whole
Result<ImageView> crop(const ImageView& image, const Box& box);

// The largest size of the same shape with no side above max_side, rounded to whole pixels and at
// least 1x1; never larger than `image`.
Size fit_within(Size image, std::uint32_t max_side) noexcept;

}  // namespace qmpshot::encode
