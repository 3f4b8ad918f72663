// SPDX-License-Identifier: MIT
#include "encode/png_stream.h"

#include "encode/deflate.h"
#include "encode/png_chunks.h"
#include "encode/threads.h"

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>

namespace qmpshot::encode {
namespace {

// A strip has at least so many bytes: each costs the code of its block, and what the tables have to
// learn anew. Measured.
constexpr std::size_t least_strip_bytes = std::size_t{384} << 10U;

// For what comes behind the strips, the stream's checksum and the file's end, and before them, a
// palette.
constexpr std::size_t tail_bytes = 1024;

struct Strip {
  std::uint32_t first_row = 0;
  std::uint32_t end_row = 0;
  std::vector<std::byte> blocks;  // where they cannot be written into the file at once
  std::uint32_t adler = 1;
};

std::vector<Strip> cut(const StreamPlan& plan) {
  const std::size_t count = strip_count(plan.shape.row_bytes, plan.row_count);
  std::vector<Strip> strips(count);
  for (std::size_t i = 0; i < count; ++i) {
    strips[i].first_row = static_cast<std::uint32_t>(plan.row_count * i / count);
    strips[i].end_row = static_cast<std::uint32_t>(plan.row_count * (i + 1) / count);
  }
  return strips;
}

// What a thread works with.
struct Tools {
  explicit Tools(std::unique_ptr<StreamRows> stream_rows) : rows(std::move(stream_rows)) {}
  std::unique_ptr<StreamRows> rows;
  ScreenDeflate deflate;
};

// Appends the strip's rows, compressed; the window before them is made again.
//   rows_to_come  how many `out` is to hold in the end, from this strip's first on
bool write_strip(const StreamPlan& plan, Tools& tools, Strip& strip, std::uint32_t rows_to_come,
                 std::vector<std::byte>& out) {
  StreamRows& rows = *tools.rows;
  ScreenDeflate& deflate = tools.deflate;
  const std::size_t row_bytes = plan.shape.row_bytes;
  const auto before = static_cast<std::uint32_t>((deflate_window + row_bytes - 1) / row_bytes);
  const std::uint32_t start = strip.first_row - std::min(strip.first_row, before);
  deflate.restart(plan.shape, rows_to_come, out);
  for (std::uint32_t y = start; y < strip.end_row; ++y) {
    if (y == strip.first_row) deflate.begin();
    if (!rows.write(y, y != start, deflate.next_row())) return false;
    deflate.commit_row();
  }
  deflate.end(strip.end_row == plan.row_count);
  strip.adler = deflate.adler32();
  return true;
}

// One after the other.
bool write_in_order(const StreamPlan& plan, std::vector<Strip>& strips,
                    std::vector<std::byte>& out) {
  Tools tools(plan.rows());
  return std::ranges::all_of(strips, [&](Strip& strip) {
    return write_strip(plan, tools, strip, plan.row_count - strip.first_row, out);
  });
}

// All at once, the first one where it belongs.
bool write_at_once(const StreamPlan& plan, unsigned threads, std::vector<Strip>& strips,
                   std::vector<std::byte>& out) {
  const std::size_t start = out.size();
  std::atomic<bool> good = true;
  do_parts(strips.size(), threads, [&]() -> Part {
    const auto tools = std::make_shared<Tools>(plan.rows());
    return [&, tools](std::size_t i) {
      Strip& strip = strips[i];
      std::vector<std::byte>& to = i == 0 ? out : strip.blocks;
      to.resize(i == 0 ? start : 0);  // it may be done again
      const std::uint32_t rows = strip.end_row - strip.first_row;
      if (good && !write_strip(plan, *tools, strip, rows, to)) good = false;
    };
  });
  std::size_t size = out.size();
  for (const Strip& strip : strips) size += strip.blocks.size();
  out.reserve(size + tail_bytes);
  for (const Strip& strip : strips) {
    out.insert(out.end(), strip.blocks.begin(), strip.blocks.end());
  }
  return good;
}

}  // namespace

std::size_t strip_count(std::size_t row_bytes, std::uint32_t row_count) noexcept {
  return std::max<std::size_t>(1, row_bytes * row_count / least_strip_bytes);
}

bool write_stream(const StreamPlan& plan, unsigned threads, std::vector<std::byte>& out) {
  std::vector<Strip> strips = cut(plan);
  const std::size_t start = out.size();
  // 32 KB window, no dictionary, the level called "fastest": RFC 1950, 2.2.
  out.push_back(std::byte{0x78});
  out.push_back(std::byte{0x01});
  const bool good =
      threads <= 1 ? write_in_order(plan, strips, out) : write_at_once(plan, threads, strips, out);
  if (!good) {
    out.resize(start);
    return false;
  }
  uLong adler = strips[0].adler;
  for (const Strip& strip : std::span(strips).subspan(1)) {
    const std::size_t bytes = plan.shape.row_bytes * (strip.end_row - strip.first_row);
    adler = ::adler32_combine(adler, strip.adler, static_cast<z_off_t>(bytes));
  }
  append_u32(out, adler);
  return true;
}

}  // namespace qmpshot::encode
