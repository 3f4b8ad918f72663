// SPDX-License-Identifier: MIT
#include "encode/qoi.h"

#include <array>
#include <cstdint>

namespace qmpshot::encode {
namespace {

constexpr std::size_t header_bytes = 14;
constexpr std::array<std::uint8_t, 8> end_marker = {0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::uint32_t longest_run = 62;  // 63 and 64 would read as QOI_OP_RGB and QOI_OP_RGBA

struct Pixel {
  std::uint8_t r = 0, g = 0, b = 0;
  friend bool operator==(const Pixel&, const Pixel&) = default;
};

template <PixelFormat format>
Pixel pixel_at(const std::byte* at) {
  const auto value = [at](int i) { return std::to_integer<std::uint8_t>(at[i]); };
  if constexpr (format == PixelFormat::rgb24) return {value(0), value(1), value(2)};
  return {value(2), value(1), value(0)};
}

// Writes chunks; the caller made room for four bytes a pixel, the longest chunk.
class Chunks {
 public:
  explicit Chunks(std::byte* to) : to_(to) {}

  void add(Pixel pixel) {
    if (pixel == last_) {
      if (++run_ == longest_run) end_run();
      return;
    }
    end_run();
    // The alpha of every pixel is 255; 11 is its factor in the specification's hash.
    const std::size_t slot = (pixel.r * 3U + pixel.g * 5U + pixel.b * 7U + 255U * 11U) % 64;
    if (seen_[slot] == pixel && used_[slot]) {
      put(slot);  // QOI_OP_INDEX
    } else {
      seen_[slot] = pixel;
      used_[slot] = true;
      add_difference(pixel);
    }
    last_ = pixel;
  }

  void end_run() {
    if (run_ > 0) put(0xC0 | (run_ - 1));  // QOI_OP_RUN
    run_ = 0;
  }

  [[nodiscard]] std::byte* position() const { return to_; }

 private:
  // Differences wrap around: -1 and 255 are the same.
  void add_difference(Pixel pixel) {
    const auto dr = static_cast<std::int8_t>(pixel.r - last_.r);
    const auto dg = static_cast<std::int8_t>(pixel.g - last_.g);
    const auto db = static_cast<std::int8_t>(pixel.b - last_.b);
    const int dr_dg = static_cast<std::int8_t>(dr - dg);
    const int db_dg = static_cast<std::int8_t>(db - dg);
    const auto within = [](int value, int half) { return value >= -half && value < half; };
    if (within(dr, 2) && within(dg, 2) && within(db, 2)) {
      put(0x40U | static_cast<unsigned>((dr + 2) << 4 | (dg + 2) << 2 | (db + 2)));  // QOI_OP_DIFF
    } else if (within(dg, 32) && within(dr_dg, 8) && within(db_dg, 8)) {
      put(0x80U | static_cast<unsigned>(dg + 32));  // QOI_OP_LUMA
      put(static_cast<unsigned>((dr_dg + 8) << 4 | (db_dg + 8)));
    } else {
      put(0xFE);  // QOI_OP_RGB
      put(pixel.r);
      put(pixel.g);
      put(pixel.b);
    }
  }

  void put(std::size_t value) { *to_++ = static_cast<std::byte>(value); }

  std::byte* to_;
  Pixel last_;
  std::uint32_t run_ = 0;
  std::array<Pixel, 64> seen_{};
  // The specification's array starts as transparent black, which none of our pixels is.
  std::array<bool, 64> used_{};
};

template <PixelFormat format>
std::byte* add_pixels(const ImageView& image, std::byte* to) {
  Chunks chunks(to);
  for (std::uint32_t y = 0; y < image.height_px; ++y) {
    const std::byte* pixel = image.row(y).data();
    for (std::uint32_t x = 0; x < image.width_px; ++x, pixel += bytes_per_pixel(format)) {
      chunks.add(pixel_at<format>(pixel));
    }
  }
  chunks.end_run();
  return chunks.position();
}

std::byte* add_big_endian(std::uint32_t value, std::byte* to) {
  for (int shift = 24; shift >= 0; shift -= 8)
    *to++ = static_cast<std::byte>(value >> shift & 0xFF);
  return to;
}

}  // namespace

Result<void> encode_qoi(const ImageView& image, std::vector<std::byte>& out) {
  if (image.pixels.empty()) return Error(Errc::bad_argument, "writing a QOI: the image is empty");
  const std::size_t start = out.size();
  out.resize(start + header_bytes + std::size_t{4} * image.width_px * image.height_px +
             end_marker.size());
  std::byte* to = out.data() + start;
  for (const char c : {'q', 'o', 'i', 'f'}) *to++ = static_cast<std::byte>(c);
  to = add_big_endian(image.width_px, to);
  to = add_big_endian(image.height_px, to);
  *to++ = std::byte{3};  // channels
  *to++ = std::byte{0};  // sRGB
  to = image.format == PixelFormat::rgb24 ? add_pixels<PixelFormat::rgb24>(image, to)
                                          : add_pixels<PixelFormat::xrgb8888>(image, to);
  for (const std::uint8_t byte : end_marker) *to++ = std::byte{byte};
  out.resize(static_cast<std::size_t>(to - out.data()));
  return {};
}

}  // namespace qmpshot::encode
