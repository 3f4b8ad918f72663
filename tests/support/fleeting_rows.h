// SPDX-License-Identifier: MIT
// Rows that nobody may keep for longer than a RowSource promises.
#pragma once

#include "encode/row_source.h"

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace qmpshot::test {

// Those of a picture in memory, each in one of two places.
class FleetingRows final : public encode::RowSource {
 public:
  explicit FleetingRows(const ImageView& image)
      : RowSource(image.width_px, image.height_px, image.format), image_(image) {}

  std::span<const std::byte> row(std::uint32_t y) override {
    std::vector<std::byte>& place = places_[++calls_ % 2];
    place.assign(image_.row(y).begin(), image_.row(y).end());
    return place;
  }

  // How many rows were asked for.
  [[nodiscard]] std::size_t calls() const { return calls_; }

 private:
  ImageView image_;
  std::array<std::vector<std::byte>, 2> places_;
  std::size_t calls_ = 0;
};

}  // namespace qmpshot::test
