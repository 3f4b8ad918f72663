// SPDX-License-Identifier: MIT
#include "encode/compare.h"

#include "encode/kernels_compare.h"
#include "encode/kernels_convert.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace qmpshot::encode {
namespace {

// What is not whole has nothing to compare, and only no picture at all is the same as no picture.
bool same_size(const ImageView& a, const ImageView& b) {
  if (a.width_px != b.width_px || a.height_px != b.height_px) return false;
  return (a.width_px == 0 && a.height_px == 0) || (is_whole(a) && is_whole(b));
}

// The rows of two pictures of one size, brought to one format.
class RowPairs {
 public:
  struct Pair {
    const std::uint8_t* a;
    const std::uint8_t* b;
  };

  RowPairs(const ImageView& a, const ImageView& b) : a_(&a), b_(&b) {
    if (a.format == b.format) return;
    if (a.format == PixelFormat::xrgb8888) std::swap(a_, b_);  // rgb24 first, as it is
    converted_.resize(a_->row_bytes());
  }

  [[nodiscard]] bool rgb() const { return a_->format == PixelFormat::rgb24; }
  [[nodiscard]] std::size_t pixel_bytes() const { return bytes_per_pixel(a_->format); }
  [[nodiscard]] std::size_t width_px() const { return a_->width_px; }

  Pair row(std::uint32_t y) {
    const auto* a = reinterpret_cast<const std::uint8_t*>(a_->row(y).data());
    const auto* b = reinterpret_cast<const std::uint8_t*>(b_->row(y).data());
    if (converted_.empty()) return {a, b};
    convert_kernels().rgb_from_xrgb(b, converted_.data(), a_->width_px);
    return {a, converted_.data()};
  }

  // Of the pixels from `x` on.
  [[nodiscard]] bool equal(const Pair& row, std::size_t x, std::size_t count_px) const {
    const std::size_t offset = x * pixel_bytes();
    if (rgb()) return std::memcmp(row.a + offset, row.b + offset, 3 * count_px) == 0;
    return compare_kernels().equal_xrgb(row.a + offset, row.b + offset, count_px);
  }

 private:
  const ImageView* a_;
  const ImageView* b_;
  std::vector<std::uint8_t> converted_;
};

std::uint64_t area(const Box& box) {
  return std::uint64_t{box.width_px} * box.height_px;
}

Box hull(const Box& a, const Box& b) {
  const std::uint32_t x = std::min(a.x_px, b.x_px);
  const std::uint32_t y = std::min(a.y_px, b.y_px);
  return {x, y, std::max(a.x_px + a.width_px, b.x_px + b.width_px) - x,
          std::max(a.y_px + a.height_px, b.y_px + b.height_px) - y};
}

// What lies in the hull of both and in neither; negative where they overlap.
std::int64_t wasted(const Box& a, const Box& b) {
  return static_cast<std::int64_t>(area(hull(a, b))) - static_cast<std::int64_t>(area(a) + area(b));
}

bool overlap(const Box& a, const Box& b) {
  return a.x_px < b.x_px + b.width_px && b.x_px < a.x_px + a.width_px &&
         a.y_px < b.y_px + b.height_px && b.y_px < a.y_px + a.height_px;
}

// Takes boxes in, never holds more than `most`.
class BoxList {
 public:
  explicit BoxList(std::size_t most) : most_(std::max<std::size_t>(most, 1)) {}

  // A run of a band of tiles; it prolongs the box above when that is as wide.
  void add_run(const Box& run) {
    for (Box& box : boxes_) {
      if (box.x_px == run.x_px && box.width_px == run.width_px &&
          box.y_px + box.height_px == run.y_px) {
        box.height_px += run.height_px;
        return;
      }
    }
    boxes_.push_back(run);
    if (boxes_.size() > most_) merge_nearest();
  }

  std::vector<Box> take() {
    while (merge_overlap()) {
    }
    std::ranges::sort(boxes_, {}, [](const Box& box) { return std::pair(box.y_px, box.x_px); });
    return std::move(boxes_);
  }

 private:
  void merge(std::size_t i, std::size_t j) {
    boxes_[i] = hull(boxes_[i], boxes_[j]);
    boxes_.erase(boxes_.begin() + static_cast<std::ptrdiff_t>(j));
  }

  void merge_nearest() {
    std::size_t first = 0, second = 1;
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      for (std::size_t j = i + 1; j < boxes_.size(); ++j) {
        const std::int64_t waste = wasted(boxes_[i], boxes_[j]);
        if (waste >= least) continue;
        least = waste;
        first = i;
        second = j;
      }
    }
    merge(first, second);
  }

  bool merge_overlap() {
    for (std::size_t i = 0; i < boxes_.size(); ++i) {
      for (std::size_t j = i + 1; j < boxes_.size(); ++j) {
        if (!overlap(boxes_[i], boxes_[j])) continue;
        merge(i, j);
        return true;
      }
    }
    return false;
  }

  std::size_t most_;
  std::vector<Box> boxes_;
};

// Marks the tiles of one band in which any of its rows differ.
void mark_tiles(RowPairs& rows, std::uint32_t y, std::uint32_t height_px,
                std::vector<bool>& changed) {
  for (std::uint32_t end = y + height_px; y < end; ++y) {
    const RowPairs::Pair row = rows.row(y);
    if (rows.equal(row, 0, rows.width_px())) continue;
    for (std::size_t tile = 0; tile < changed.size(); ++tile) {
      if (changed[tile]) continue;
      const std::size_t x = tile * change_tile_px;
      const std::size_t count = std::min<std::size_t>(change_tile_px, rows.width_px() - x);
      changed[tile] = !rows.equal(row, x, count);
    }
  }
}

void add_runs(const std::vector<bool>& changed, std::uint32_t y, std::uint32_t height_px,
              std::uint32_t width_px, BoxList& boxes) {
  for (auto from = changed.begin();;) {
    from = std::find(from, changed.end(), true);
    if (from == changed.end()) return;
    const auto to = std::find(from, changed.end(), false);
    const auto x = static_cast<std::uint32_t>(from - changed.begin()) * change_tile_px;
    const auto end = static_cast<std::uint32_t>(to - changed.begin()) * change_tile_px;
    boxes.add_run({x, y, std::min(end, width_px) - x, height_px});
    from = to;
  }
}

}  // namespace

bool equal(const ImageView& a, const ImageView& b) {
  if (!same_size(a, b)) return false;
  RowPairs rows(a, b);
  for (std::uint32_t y = 0; y < a.height_px; ++y) {
    if (!rows.equal(rows.row(y), 0, a.width_px)) return false;
  }
  return true;
}

std::vector<Box> changed_boxes(const ImageView& a, const ImageView& b, std::size_t most) {
  if (!same_size(a, b)) {
    return b.width_px == 0 ? std::vector<Box>{} : std::vector<Box>{{0, 0, b.width_px, b.height_px}};
  }
  RowPairs rows(a, b);
  BoxList boxes(most);
  std::vector<bool> changed((a.width_px + change_tile_px - 1) / change_tile_px);
  for (std::uint32_t y = 0; y < a.height_px; y += change_tile_px) {
    const std::uint32_t height = std::min(change_tile_px, a.height_px - y);
    changed.assign(changed.size(), false);
    mark_tiles(rows, y, height, changed);
    add_runs(changed, y, height, a.width_px, boxes);
  }
  return boxes.take();
}

double changed_share(const ImageView& a, const ImageView& b) {
  if (!same_size(a, b)) return 1;
  if (a.pixels.empty()) return 0;
  RowPairs rows(a, b);
  const CompareKernels& kernels = compare_kernels();
  const auto changed = rows.rgb() ? kernels.changed_rgb : kernels.changed_xrgb;
  std::uint64_t sum = 0;
  for (std::uint32_t y = 0; y < a.height_px; ++y) {
    const RowPairs::Pair row = rows.row(y);
    sum += changed(row.a, row.b, a.width_px);
  }
  return static_cast<double>(sum) / (static_cast<double>(a.width_px) * a.height_px);
}

double psnr_db(const ImageView& a, const ImageView& b) {
  if (!same_size(a, b)) return 0;
  RowPairs rows(a, b);
  const CompareKernels& kernels = compare_kernels();
  const auto squares = rows.rgb() ? kernels.squares_rgb : kernels.squares_xrgb;
  std::uint64_t sum = 0;
  for (std::uint32_t y = 0; y < a.height_px; ++y) {
    const RowPairs::Pair row = rows.row(y);
    sum += squares(row.a, row.b, a.width_px);
  }
  if (sum == 0) return std::numeric_limits<double>::infinity();
  const double samples = 3.0 * a.width_px * a.height_px;
  return 10 * std::log10(255.0 * 255.0 * samples / static_cast<double>(sum));
}

}  // namespace qmpshot::encode
