// SPDX-License-Identifier: MIT
// The stream of a PNG file: its rows, compressed by encode/deflate. Large ones are cut into strips
// of rows that several threads compress at once. Where they are cut follows from the frame alone,
// so the bytes are the same on one CPU and on many. Private to encode.
#pragma once

#include "encode/kernels_deflate.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace qmpshot::encode {

// Makes the rows of a stream. Row y follows row y - 1, but for the first one that is asked for.
class StreamRows {
 public:
  StreamRows() = default;
  virtual ~StreamRows() = default;
  StreamRows(const StreamRows&) = delete;
  StreamRows& operator=(const StreamRows&) = delete;

  // Writes row y, filter byte first, as ScreenDeflate::next_row() wants it.
  //   is_next  whether the row above was written directly before it
  //   return   false where the frame cannot be said so
  virtual bool write(std::uint32_t y, bool is_next, std::uint8_t* to) = 0;
};

struct StreamPlan {
  RowShape shape;
  std::uint32_t row_count;
  std::function<std::unique_ptr<StreamRows>()> rows;  // called once on each thread
};

// Into how many strips a stream is cut, each of them for one thread.
std::size_t strip_count(std::size_t row_bytes, std::uint32_t row_count) noexcept;

// Appends one zlib stream (RFC 1950). Rows are made in order where `threads` is 1.
//   threads  at most so many, where there are as many strips
//   return   false where StreamRows::write was: then `out` holds no stream
bool write_stream(const StreamPlan& plan, unsigned threads, std::vector<std::byte>& out);

}  // namespace qmpshot::encode
