// SPDX-License-Identifier: MIT
#include "encode/geometry.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace qmpshot::encode {
namespace {

// Walks over "WxH+X+Y".
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  // Digits only: from_chars takes no sign for an unsigned number, and no white space.
  std::optional<std::uint32_t> number() {
    std::uint32_t value = 0;
    const auto [next, error] = std::from_chars(at_, end_, value);
    if (error != std::errc{}) return std::nullopt;
    at_ = next;
    return value;
  }

  bool character(char wanted) {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }

  std::optional<Size> size() {
    const auto width = number();
    if (!width || *width == 0 || !character('x')) return std::nullopt;
    const auto height = number();
    if (!height || *height == 0) return std::nullopt;
    return Size{*width, *height};
  }

  [[nodiscard]] bool at_end() const { return at_ == end_; }

 private:
  const char* at_;
  const char* end_;
};

Error not_understood(std::string_view what, std::string_view text, std::string_view form) {
  return Error(Errc::bad_argument, "reading the " + std::string(what) + " \"" + std::string(text) +
                                       "\": it is not " + std::string(form));
}

std::string to_string(const Size& size) {
  return std::to_string(size.width_px) + "x" + std::to_string(size.height_px);
}

}  // namespace

bool is_whole(const ImageView& image) noexcept {
  if (image.width_px == 0 || image.height_px == 0) return false;
  const std::size_t row_bytes = image.row_bytes();
  const std::size_t size = image.pixels.size();
  if (image.stride_bytes < row_bytes || size < row_bytes) return false;
  // Divided, not multiplied: any stride may be claimed.
  return image.height_px == 1 || (size - row_bytes) / (image.height_px - 1) >= image.stride_bytes;
}

Result<Size> parse_size(std::string_view text) {
  Scanner scanner(text);
  const std::optional<Size> size = scanner.size();
  if (!size || !scanner.at_end()) return not_understood("size", text, "WxH, such as 640x480");
  return *size;
}

Result<Box> parse_box(std::string_view text) {
  Scanner scanner(text);
  const auto offset = [&] { return scanner.character('+') ? scanner.number() : std::nullopt; };
  const std::optional<Size> size = scanner.size();
  const auto x = size ? offset() : std::nullopt;
  const auto y = x ? offset() : std::nullopt;
  if (!y || !scanner.at_end()) {
    return not_understood("box", text, "WxH+X+Y, such as 320x200+0+100");
  }
  return Box{*x, *y, size->width_px, size->height_px};
}

Result<ImageView> crop(const ImageView& image, const Box& box) {
  if (!is_whole(image)) {
    return Error(Errc::bad_argument, "cropping an image of " +
                                         to_string({image.width_px, image.height_px}) +
                                         ": its pixels are not all there");
  }
  if (box.x_px >= image.width_px || box.y_px >= image.height_px || box.width_px == 0 ||
      box.height_px == 0) {
    return Error(Errc::bad_argument, "cropping to " + to_string({box.width_px, box.height_px}) +
                                         "+" + std::to_string(box.x_px) + "+" +
                                         std::to_string(box.y_px) + ": the image ends at " +
                                         to_string({image.width_px, image.height_px}));
  }
  ImageView part = image;
  part.width_px = std::min(box.width_px, image.width_px - box.x_px);
  part.height_px = std::min(box.height_px, image.height_px - box.y_px);
  const std::size_t first =
      box.y_px * image.stride_bytes + box.x_px * bytes_per_pixel(image.format);
  part.pixels =
      image.pixels.subspan(first, (part.height_px - 1) * part.stride_bytes + part.row_bytes());
  return part;
}

Size fit_within(Size image, std::uint32_t max_side) noexcept {
  const std::uint32_t longest = std::max(image.width_px, image.height_px);
  if (longest <= max_side) return image;
  const auto shrunk = [&](std::uint32_t side) {
    const std::uint64_t rounded = (std::uint64_t{side} * max_side + longest / 2) / longest;
    return std::max(1U, static_cast<std::uint32_t>(rounded));
  };
  return {shrunk(image.width_px), shrunk(image.height_px)};
}

}  // namespace qmpshot::encode
