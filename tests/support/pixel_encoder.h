// SPDX-License-Identifier: MIT
// Who encodes a one-shot's frame, and remembers what of it there was.
#pragma once

#include "encode/row_source.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace qmpshot::test {

// The "file" is the frame's pixels.
struct PixelEncoder {
  struct Call {
    bool is_coming = false;
    std::vector<std::byte> pixels;  // until the first row that did not come
  };

  std::optional<std::vector<std::byte>> operator()(encode::RowSource& rows) {
    Call& call = calls.emplace_back();
    call.is_coming = rows.is_coming();
    for (std::uint32_t y = 0; y < rows.height_px; ++y) {
      const auto row = rows.row(y);
      if (row.empty()) return std::nullopt;
      call.pixels.insert(call.pixels.end(), row.begin(), row.end());
    }
    return call.pixels;
  }

  std::vector<Call> calls;
};

}  // namespace qmpshot::test
