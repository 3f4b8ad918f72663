// SPDX-License-Identifier: MIT
// A box that is accepted says what was written, and its crop stays inside the image.
#include "encode/geometry.h"
#include "tests/fuzz/fuzz.h"

#include <array>
#include <string>
#include <string_view>

namespace {

void check_crop(const qmpshot::encode::Box& box) {
  using namespace qmpshot;
  static constexpr std::array<std::byte, 40 * 30 * 3> pixels{};
  const ImageView image{pixels, 40, 30, 120, PixelFormat::rgb24};
  const Result<ImageView> part = encode::crop(image, box);
  FUZZ_CHECK(part.ok() == (box.x_px < 40 && box.y_px < 30));
  if (!part) return;
  FUZZ_CHECK(part->width_px > 0 && part->width_px <= box.width_px);
  FUZZ_CHECK(box.x_px + part->width_px <= 40);
  const auto last = part->row(part->height_px - 1);
  FUZZ_CHECK(last.data() + last.size() <= pixels.data() + pixels.size());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qmpshot;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Result<encode::Size> parsed = encode::parse_size(text); parsed.ok()) {
    FUZZ_CHECK(parsed->width_px > 0 && parsed->height_px > 0);
    const encode::Size fit = encode::fit_within(*parsed, 100);
    FUZZ_CHECK(fit.width_px > 0 && fit.width_px <= 100 && fit.width_px <= parsed->width_px);
    FUZZ_CHECK(fit.height_px > 0 && fit.height_px <= 100 && fit.height_px <= parsed->height_px);
  }
  if (const Result<encode::Box> box = encode::parse_box(text); box.ok()) check_crop(*box);
  return 0;
}
