// SPDX-License-Identifier: MIT
// A PNG that is accepted gives rows of the size it says; whatever comes, memory stays bounded.
#include "encode/png_read.h"
#include "tests/fuzz/fuzz.h"

#include <string>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qmpshot;
  const std::span in(reinterpret_cast<const std::byte*>(data), size);
  const Result<Image> image = encode::read_png(in);
  if (!image) {
    FUZZ_CHECK(image.error().code() == Errc::bad_image);
    return 0;
  }
  const ImageView& view = image->view();
  FUZZ_CHECK(view.width_px > 0 && view.width_px <= max_side_px);
  FUZZ_CHECK(view.height_px > 0 && view.height_px <= max_side_px);
  FUZZ_CHECK(view.pixels.size() == view.stride_bytes * view.height_px);
  std::size_t sum = 0;  // every byte is ours to read
  for (const std::byte value : view.pixels) sum += std::to_integer<std::size_t>(value);
  FUZZ_CHECK(sum <= 255 * view.pixels.size());
  return 0;
}
