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

struct Strip {
  std::uint32_t first_row = 0;
  std::uint32_t end_row = 0;
  std::size_t start = 0;  // of its blocks in the following, in which other things may come first
  std::vector<std::byte> blocks;
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

// Compresses the strip's rows; the window before them is made again.
bool write_strip(const StreamPlan& plan, Tools& tools, Strip& strip) {
  StreamRows& rows = *tools.rows;
  ScreenDeflate& deflate = tools.deflate;
  const std::size_t row_bytes = plan.shape.row_bytes;
  const auto before = static_cast<std::uint32_t>((deflate_window + row_bytes - 1) / row_bytes);
  const std::uint32_t start = strip.first_row - std::min(strip.first_row, before);
  strip.blocks.resize(strip.start);
  deflate.restart(plan.shape, strip.end_row - strip.first_row, strip.blocks);
  for (std::uint32_t y = start; y < strip.end_row; ++y) {
    if (y == strip.first_row) deflate.begin();
    if (!rows.write(y, y != start, deflate.next_row())) return false;
    deflate.commit_row();
  }
  deflate.end(strip.end_row == plan.row_count);
  strip.adler = deflate.adler32();
  return true;
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
  strips[0].start = out.size();
  strips[0].blocks = std::move(out);
  std::atomic<bool> good = true;
  do_parts(strips.size(), threads, [&]() -> Part {
    const auto tools = std::make_shared<Tools>(plan.rows());
    return [&, tools](std::size_t i) {
      if (good && !write_strip(plan, *tools, strips[i])) good = false;
    };
  });
  out = std::move(strips[0].blocks);
  if (!good) {
    out.resize(start);
    return false;
  }
  uLong adler = strips[0].adler;
  for (const Strip& strip : std::span(strips).subspan(1)) {
    out.insert(out.end(), strip.blocks.begin(), strip.blocks.end());
    const std::size_t bytes = plan.shape.row_bytes * (strip.end_row - strip.first_row);
    adler = ::adler32_combine(adler, strip.adler, static_cast<z_off_t>(bytes));
  }
  append_u32(out, adler);
  return true;
}

}  // namespace qmpshot::encode
