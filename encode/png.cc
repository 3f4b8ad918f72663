// SPDX-License-Identifier: MIT
#include "encode/png.h"

#include "encode/kernels_compare.h"
#include "encode/palette.h"
#include "encode/png_chunks.h"
#include "encode/png_rows.h"
#include "encode/png_small.h"
#include "encode/png_stream.h"
#include "encode/threads.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace qmpshot::encode {
namespace {

RowShape indexed_shape(std::size_t row_bytes, unsigned depth) noexcept {
  RowShape shape = depth == 1 ? bitmap_rows : indexed_rows;
  shape.row_bytes = row_bytes;
  return shape;
}

RowShape sample_shape(std::size_t width_px, std::size_t pixel_bytes, bool is_noisy) noexcept {
  RowShape shape = rgb_rows;
  shape.row_bytes = 1 + pixel_bytes * width_px;
  shape.pixel_bytes = pixel_bytes;
  shape.is_noisy = is_noisy;
  return shape;
}

// The colours of fewer pixels are found before another thread has begun.
constexpr std::size_t least_part_px = std::size_t{512} << 10U;

std::size_t packed_bytes(std::uint32_t width_px, unsigned depth) noexcept {
  return (std::size_t{width_px} * depth + 7) / 8;
}

// As most of a text console's rows do: they are blank, or the space between lines.
bool repeats_row_above(const CompareKernels& kernels, const ImageView& image,
                       std::uint32_t y) noexcept {
  const auto bytes = [&](std::uint32_t row) {
    return reinterpret_cast<const std::uint8_t*>(image.row(row).data());
  };
  return y > 0 && kernels.equal_bytes(bytes(y), bytes(y - 1), image.row_bytes());
}

// Rows as indices into a palette, which grows as colours come up: a row fails that has more of them
// than the depth holds.
class IndexedRows : public StreamRows {
 public:
  IndexedRows(const ImageView& image, unsigned depth, Palette& palette)
      : image_(&image),
        depth_(depth),
        bytes_(packed_bytes(image.width_px, depth)),
        palette_(&palette) {}

  bool write(std::uint32_t y, bool is_next, std::uint8_t* to) override {
    to[0] = filter_none;
    if (is_next && repeats_row_above(*compare_, *image_, y)) {
      std::memcpy(to + 1, to - bytes_, bytes_);
      return true;
    }
    return palette_->map_row(image_->row(y), depth_, to + 1);
  }

 private:
  const ImageView* image_;
  unsigned depth_;
  std::size_t bytes_;
  Palette* palette_;
  const CompareKernels* compare_ = &compare_kernels();
};

// The same where all colours are known, which no row may add to: other threads would not know.
class KnownRows : public StreamRows {
 public:
  KnownRows(const ImageView& image, unsigned depth, const Palette& palette)
      : palette_(palette), count_(palette.size()), rows_(image, depth, palette_) {}

  bool write(std::uint32_t y, bool is_next, std::uint8_t* to) override {
    return rows_.write(y, is_next, to) && palette_.size() == count_;
  }

 private:
  Palette palette_;
  std::size_t count_;
  IndexedRows rows_;
};

class FilteredRows : public StreamRows {
 public:
  FilteredRows(const ImageView& image, SampleRows::Kind kind, const FilterChoice& choice)
      : rows_(image, kind), choice_(&choice) {}

  bool write(std::uint32_t y, bool is_next, std::uint8_t* to) override {
    if (y > 0 && !is_next) rows_.take(y - 1);
    rows_.take(y);
    write_filtered(rows_, choice_->filter(rows_, y), to);
    return true;
  }

 private:
  SampleRows rows_;
  const FilterChoice* choice_;
};

// The pixel that most others are like, if one is (Boyer and Moore's vote): of 16 in each row that
// is looked at.
std::span<const std::byte> background(const ImageView& image) {
  constexpr std::uint32_t columns = 16;
  const std::size_t pixel_bytes = bytes_per_pixel(image.format);
  const auto key_of = [](std::span<const std::byte> pixel) {
    return std::to_integer<ColourKey>(pixel[0]) | std::to_integer<ColourKey>(pixel[1]) << 8U |
           std::to_integer<ColourKey>(pixel[2]) << 16U;
  };
  auto winner = image.row(0);
  std::size_t votes = 0;
  for (std::uint32_t y = 0; y < image.height_px; y += sample_rows) {
    const auto row = image.row(y);
    for (std::uint32_t i = 0; i < columns; ++i) {
      const auto next = row.subspan(pixel_bytes * (image.width_px / columns * i));
      if (votes == 0) winner = next;
      votes = key_of(next) == key_of(winner) ? votes + 1 : votes - 1;
    }
  }
  return winner.first(pixel_bytes);
}

// Adds the colours of some rows, which on most frames are all there are; false where they are more
// than a palette holds, as in a photo they soon are. The background comes first: where it is index
// 0, as a row's filter is, blank rows are one run.
bool sample_colours(const ImageView& image, Palette& palette) {
  if (!palette.add_colours(background(image))) return false;
  for (std::uint32_t y = std::min(sample_rows, image.height_px) / 2; y < image.height_px;
       y += sample_rows) {
    if (!palette.add_colours(image.row(y))) return false;
  }
  return true;
}

// Adds the colours of all rows, in their order, however many threads look for them; false where
// they are more than a palette holds.
bool find_colours(const ImageView& image, unsigned threads, Palette& palette) {
  const std::size_t image_px = std::size_t{image.width_px} * image.height_px;
  const std::size_t count = std::clamp<std::size_t>(threads, 1, 1 + image_px / least_part_px);
  std::vector<Palette> found(count, Palette(image.format));
  const CompareKernels& compare = compare_kernels();
  std::atomic<bool> good = true;
  const auto add_part = [&](std::size_t i) {
    const std::uint64_t height = image.height_px;
    const auto end = static_cast<std::uint32_t>(height * (i + 1) / count);
    for (auto y = static_cast<std::uint32_t>(height * i / count); good && y < end; ++y) {
      if (!repeats_row_above(compare, image, y) && !found[i].add_colours(image.row(y)))
        good = false;
    }
  };
  do_parts(count, threads, [&] { return Part(add_part); });
  return good && std::ranges::all_of(found, [&](const Palette& part) { return palette.add(part); });
}

// Appends the stream of a frame that is said in grey or in true colour.
void write_samples(const ImageView& image, PngColour colour, unsigned threads,
                   std::vector<std::byte>& out) {
  const auto kind = colour == PngColour::grey ? SampleRows::Kind::grey : SampleRows::Kind::rgb;
  const std::size_t pixel_bytes = kind == SampleRows::Kind::rgb ? 3 : 1;
  const FilterChoice choice(image, kind);
  const RowShape shape = sample_shape(image.width_px, pixel_bytes, choice.is_noisy());
  const auto rows = [&] { return std::make_unique<FilteredRows>(image, kind, choice); };
  write_stream({shape, image.height_px, rows}, threads, out);
}

// Appends the stream if a palette serves, which sets the header's depth. Otherwise says how the
// rows are to be written: a frame of more than 16 greys needs no palette. Colours that no sampled
// row has join the palette while the rows are written by one thread; if more write them, or the
// depth must grow, all is written again.
PngColour write_indexed(const ImageView& image, unsigned threads, PngHeader& header,
                        Palette& palette, std::vector<std::byte>& out) {
  if (!sample_colours(image, palette)) return PngColour::rgb;
  bool all_known = false;
  for (bool was_cut = false;;) {
    header.depth = depth_for(palette.size());
    if (!all_known && (header.depth == 8 || was_cut)) {
      if (!find_colours(image, threads, palette)) return PngColour::rgb;
      all_known = true;
      header.depth = depth_for(palette.size());
    }
    if (header.depth == 8 && palette.is_grey()) return PngColour::grey;
    const std::size_t row_bytes = 1 + packed_bytes(image.width_px, header.depth);
    was_cut = threads > 1 && strip_count(row_bytes, image.height_px) > 1;
    const auto rows = [&]() -> std::unique_ptr<StreamRows> {
      if (all_known || was_cut) return std::make_unique<KnownRows>(image, header.depth, palette);
      return std::make_unique<IndexedRows>(image, header.depth, palette);
    };
    const StreamPlan plan = {indexed_shape(row_bytes, header.depth), image.height_px, rows};
    if (write_stream(plan, threads, out)) return PngColour::indexed;
    if (all_known) return PngColour::rgb;  // the pixels changed meanwhile
  }
}

// Appends the IDAT chunk; says in `header` and `colours` what it takes to read it.
void write_fast(const ImageView& image, unsigned threads, PngHeader& header, PngPalette& colours,
                std::vector<std::byte>& out) {
  Palette palette(image.format);
  PngChunk idat("IDAT", out);
  header.colour = write_indexed(image, threads, header, palette, out);
  if (header.colour == PngColour::indexed) {
    colours = palette.colours();
  } else {
    header.depth = 8;
    write_samples(image, header.colour, threads, out);
  }
  idat.end();
}

// The smaller one of what was written fast and what trying finds.
void write_small(const ImageView& image, unsigned threads, PngHeader& header, PngPalette& colours,
                 std::vector<std::byte>& out, std::size_t head_end) {
  std::optional<SmallPng> small = encode_small_png(image, threads);
  const std::size_t fast_bytes = out.size() - head_end - 12 + palette_bytes(colours);
  if (!small || small->zlib.size() + palette_bytes(small->palette) >= fast_bytes) return;
  header = small->header;
  colours = std::move(small->palette);
  out.resize(head_end);
  PngChunk idat("IDAT", out);
  out.insert(out.end(), small->zlib.begin(), small->zlib.end());
  idat.end();
}

}  // namespace

Result<void> encode_png(const ImageView& image, const EncodeOptions& options,
                        std::vector<std::byte>& out) {
  if (Result<void> checked = check_png_texts(options); !checked) return checked;
  PngHeader header = {image.width_px, image.height_px, 8, PngColour::rgb};
  PngPalette colours;
  const unsigned threads = options.threads == 0 ? usable_threads() : options.threads;
  const auto start = static_cast<std::ptrdiff_t>(out.size());
  write_png_head(header, colours, options, out);
  const std::size_t head_end = out.size();
  write_fast(image, threads, header, colours, out);
  if (options.small) write_small(image, threads, header, colours, out, head_end);
  write_png_end(out);

  // What comes first is known last. Only a palette makes it longer, and moves the rest.
  std::vector<std::byte> head;
  write_png_head(header, colours, options, head);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(head_end), palette_bytes(colours),
             std::byte{0});
  std::ranges::copy(head, out.begin() + start);
  return {};
}

bool has_few_colours(const ImageView& image) {
  constexpr std::uint32_t rows = 8;
  constexpr std::size_t most = 16;
  Palette palette(image.format);
  for (std::uint32_t i = 0; i < rows; ++i) {
    const std::uint64_t y = std::uint64_t{image.height_px} * (2 * i + 1) / (2 * rows);
    if (!palette.add_colours(image.row(static_cast<std::uint32_t>(y)))) return false;
  }
  return palette.size() <= most;
}

}  // namespace qmpshot::encode
