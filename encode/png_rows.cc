// SPDX-License-Identifier: MIT
#include "encode/png_rows.h"

namespace qmpshot::encode {

SampleRows::SampleRows(const ImageView& image, Kind kind)
    : image_(&image),
      kind_(kind),
      row_bytes_(std::size_t{image.width_px} * (kind == Kind::rgb ? 3 : 1)) {
  if (kind == Kind::grey || image.format != PixelFormat::rgb24) {
    scratch_ = std::make_unique_for_overwrite<std::uint8_t[]>(2 * row_bytes_);
  }
}

void SampleRows::take(std::uint32_t y) {
  above_ = current_;
  const auto* row = reinterpret_cast<const std::uint8_t*>(image_->row(y).data());
  current_ = row;
  if (scratch_ == nullptr) return;
  std::uint8_t* const own = scratch_.get() + y % 2 * row_bytes_;
  current_ = own;
  if (kind_ == Kind::grey) {
    filter_->grey(row, image_->format, image_->width_px, own);
  } else {
    convert_->rgb_from_xrgb(row, own, image_->width_px);
  }
}

}  // namespace qmpshot::encode
