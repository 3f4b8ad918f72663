// SPDX-License-Identifier: MIT
// From a frame to the bytes of its file: cut, scaled, encoded.
#pragma once

#include "encode/encoder.h"
#include "encode/geometry.h"
#include "encode/scale.h"

#include <qmpshot/frame.h>

#include <cstddef>
#include <optional>
#include <vector>

namespace qmpshot::tools {

// What is made of the picture, in this order.
struct Shape {
  std::optional<encode::Box> crop;
  std::optional<encode::Size> scale;
  std::uint32_t max_side_px = 0;  // 0: no limit
  encode::Filter filter = encode::Filter::automatic;

  [[nodiscard]] bool as_it_is() const noexcept { return !crop && !scale && max_side_px == 0; }
};

struct PictureFile {
  std::vector<std::byte> bytes;
  encode::Size size;
};

// The frame's picture in the shape asked for. Where nothing is scaled it shares the frame's pixels.
//   errors  bad_argument: the crop lies outside of the frame
Result<Image> shaped(const Image& frame, const Shape& shape);

// The frame's file; QEMU's own bytes where they are what was asked for.
//   errors  bad_argument: the crop lies outside of the frame, or the format cannot hold it
Result<PictureFile> make_file(const Frame& frame, const Shape& shape,
                              const encode::Encoder& encoder, const encode::EncodeOptions& options);

}  // namespace qmpshot::tools
