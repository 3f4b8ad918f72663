// SPDX-License-Identifier: MIT
// A PPM that is accepted lies wholly inside its bytes and is written back as the same pixels.
#include "encode/ppm.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <vector>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace qmpshot;
  const std::span in(reinterpret_cast<const std::byte*>(data), size);
  const Result<encode::PpmHeader> header =
      encode::parse_ppm_header(in.first(std::min(size, encode::max_ppm_header_bytes)));
  const Result<ImageView> view = encode::parse_ppm(in);
  if (!view) {
    FUZZ_CHECK(view.error().code() == Errc::bad_image);
    return 0;
  }
  FUZZ_CHECK(!header || header->width_px == view->width_px);
  FUZZ_CHECK(view->stride_bytes - view->row_bytes() < 4);
  FUZZ_CHECK(view->pixels.data() + view->stride_bytes * view->height_px == in.data() + size);
  std::vector<std::byte> out;
  encode::encode_ppm(*view, out).value();
  const ImageView again = encode::parse_ppm(out).value();
  for (std::uint32_t y = 0; y < view->height_px; ++y) {
    FUZZ_CHECK(std::ranges::equal(again.row(y), view->row(y)));
  }
  return 0;
}
