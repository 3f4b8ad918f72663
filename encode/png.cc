// SPDX-License-Identifier: MIT
#include "encode/png.h"

#include "encode/kernels.h"
#include "encode/kernels_compare.h"
#include "encode/palette.h"
#include "encode/png_chunks.h"
#include "encode/png_rows.h"
#include "encode/png_small.h"
#include "encode/png_stream.h"
#include "encode/threads.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
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

// Whether two rows are the same, as most of a text console's are as the one above: they are blank,
// or the space between lines.
bool equal_rows(const CompareKernels& kernels, std::span<const std::byte> a,
                std::span<const std::byte> b) noexcept {
  const auto bytes = [](std::span<const std::byte> row) {
    return reinterpret_cast<const std::uint8_t*>(row.data());
  };
  return kernels.equal_bytes(bytes(a), bytes(b), a.size());
}

// Rows as indices into a palette, which grows as colours come up: a row fails that has more of them
// than the depth holds, or does not come.
class IndexedRows : public StreamRows {
 public:
  IndexedRows(RowSource& source, unsigned depth, Palette& palette)
      : source_(&source),
        depth_(depth),
        bytes_(packed_bytes(source.width_px, depth)),
        palette_(&palette) {}

  bool write(std::uint32_t y, bool is_next, std::uint8_t* to) override {
    to[0] = filter_none;
    const auto row = source_->row(y);
    if (row.empty()) return false;
    const auto above = std::exchange(above_, row);
    if (is_next && equal_rows(*compare_, row, above)) {
      std::memcpy(to + 1, to - bytes_, bytes_);
      return true;
    }
    return palette_->map_row(row, depth_, to + 1);
  }

 private:
  RowSource* source_;
  unsigned depth_;
  std::size_t bytes_;
  Palette* palette_;
  std::span<const std::byte> above_;
  const CompareKernels* compare_ = &compare_kernels();
};

// The same where all colours are known, which no row may add to: other threads would not know.
class KnownRows : public StreamRows {
 public:
  KnownRows(const ImageView& image, unsigned depth, const Palette& palette)
      : source_(image),
        palette_(palette),
        count_(palette.size()),
        rows_(source_, depth, palette_) {}

  bool write(std::uint32_t y, bool is_next, std::uint8_t* to) override {
    return rows_.write(y, is_next, to) && palette_.size() == count_;
  }

 private:
  ImageRows source_;
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
class Background {
 public:
  explicit Background(const RowSource& source) noexcept
      : pixel_bytes_(bytes_per_pixel(source.format)), step_px_(source.width_px / columns) {}

  void look_at(std::span<const std::byte> row) noexcept {
    for (std::uint32_t i = 0; i < columns; ++i) {
      const auto pixel = row.subspan(pixel_bytes_ * step_px_ * i, pixel_bytes_);
      const Colour next = {pixel[0], pixel[1], pixel[2]};
      if (votes_ == 0) winner_ = next;
      votes_ = next == winner_ ? votes_ + 1 : votes_ - 1;
    }
  }

  [[nodiscard]] std::span<const std::byte> pixel() const noexcept { return winner_; }

 private:
  static constexpr std::uint32_t columns = 16;
  using Colour = std::array<std::byte, 4>;  // the last byte of either format is not looked at

  std::size_t pixel_bytes_;
  std::uint32_t step_px_;
  Colour winner_{};
  std::size_t votes_ = 0;
};

// Which rows are sampled: every sample_rows-th.
struct Samples {
  explicit Samples(std::uint32_t height_px) noexcept
      : first(std::min(sample_rows, height_px) / 2),
        lower(first + std::max((height_px / 2 + sample_rows - 1 - first) / sample_rows, 1U) *
                          sample_rows) {}
  std::uint32_t first;
  std::uint32_t lower;  // the first one of the lower half, if there is one
};

// Adds the colours of some rows of the upper half, which on most consoles are all there are; false
// where they are more than a palette holds, as in a photo they soon are, or where a row does not
// come. The background becomes index 0, as a row's filter is: then blank rows are one run. The
// lower half need not be there yet.
bool sample_colours(RowSource& source, Palette& palette) {
  const Samples samples(source.height_px);
  Background background(source);
  for (std::uint32_t y = samples.first; y < samples.lower; y += sample_rows) {
    const auto row = source.row(y);
    if (row.empty() || !palette.add_colours(row)) return false;
    background.look_at(row);
  }
  palette.put_first(background.pixel());
  return true;
}

// The depth for the colours of `upper`, which sample_colours() found, and of some rows of the lower
// half; nullopt where they are more than a palette holds. Saves trying: the bytes do not depend on
// it.
std::optional<unsigned> sampled_depth(RowSource& source, const Palette& upper) {
  Palette palette(upper);
  for (std::uint32_t y = Samples(source.height_px).lower; y < source.height_px; y += sample_rows) {
    if (!palette.add_colours(source.row(y))) return std::nullopt;
  }
  return depth_for(palette.size());
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
      const bool repeats = y > 0 && equal_rows(compare, image.row(y), image.row(y - 1));
      if (!repeats && !found[i].add_colours(image.row(y))) good = false;
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

// Appends the stream where sixteen colours suffice, which sets the header's depth. Colours that no
// sampled row has join the palette while the rows are written; where the depth must grow for them,
// all is written again.
//   depth    enough for `palette`, and no more than is needed
//   palette  the sampled colours; where it fails, all that were found
//   return   false where sixteen do not suffice, or a row does not come
bool write_few_colours(RowSource& source, unsigned depth, PngHeader& header, Palette& palette,
                       std::vector<std::byte>& out) {
  while (depth < 8) {
    header.depth = depth;
    const std::size_t row_bytes = 1 + packed_bytes(source.width_px, header.depth);
    const auto rows = [&] { return std::make_unique<IndexedRows>(source, header.depth, palette); };
    const StreamPlan plan = {indexed_shape(row_bytes, header.depth), source.height_px, rows};
    if (write_stream(plan, 1, out)) return true;
    const unsigned needed = depth_for(palette.size());
    if (needed <= depth) return false;
    depth = needed;
  }
  return false;
}

// Whether the stream would be cut into strips.
bool would_be_cut(const ImageView& image, unsigned depth) {
  return strip_count(1 + packed_bytes(image.width_px, depth), image.height_px) > 1;
}

// Appends the stream if a palette serves, which sets the header's depth. Otherwise says how the
// rows are to be written: a frame of more than 16 greys needs no palette. Threads share a palette
// that holds all colours before they begin.
PngColour write_indexed(const ImageView& image, unsigned threads, PngHeader& header,
                        Palette& palette, std::vector<std::byte>& out) {
  ImageRows source(image);
  if (!sample_colours(source, palette)) return PngColour::rgb;
  const std::optional<unsigned> depth = sampled_depth(source, palette);
  if (!depth) return PngColour::rgb;
  const bool alone = threads <= 1 || !would_be_cut(image, *depth);
  if (alone && write_few_colours(source, *depth, header, palette, out)) return PngColour::indexed;
  if (!find_colours(image, threads, palette)) return PngColour::rgb;
  header.depth = depth_for(palette.size());
  if (header.depth == 8 && palette.is_grey()) return PngColour::grey;
  const std::size_t row_bytes = 1 + packed_bytes(image.width_px, header.depth);
  const auto rows = [&] { return std::make_unique<KnownRows>(image, header.depth, palette); };
  const StreamPlan plan = {indexed_shape(row_bytes, header.depth), image.height_px, rows};
  if (write_stream(plan, threads, out)) return PngColour::indexed;
  return PngColour::rgb;  // the pixels changed meanwhile
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

// What a PNG takes after its head.
struct PngBody {
  PngHeader header;
  PngPalette colours;
};

// Appends a file, whose body `write` appends: it says whether it could, and in `body` what it takes
// to read it. What it could not write is gone again.
template <class Write>
bool write_file(PngBody body, const EncodeOptions& options, std::vector<std::byte>& out,
                Write write) {
  const auto start = static_cast<std::ptrdiff_t>(out.size());
  write_png_head(body.header, body.colours, options, out);
  const std::size_t head_end = out.size();
  if (!write(body, head_end)) {
    out.resize(static_cast<std::size_t>(start));
    return false;
  }
  write_png_end(out);

  // What comes first is known last. Only a palette makes it longer, and moves the rest.
  std::vector<std::byte> head;
  write_png_head(body.header, body.colours, options, head);
  out.insert(out.begin() + static_cast<std::ptrdiff_t>(head_end), palette_bytes(body.colours),
             std::byte{0});
  std::ranges::copy(head, out.begin() + start);
  return true;
}

PngBody new_body(std::uint32_t width_px, std::uint32_t height_px) {
  return {{width_px, height_px, 8, PngColour::rgb}, {}};
}

}  // namespace

Result<void> encode_png(const ImageView& image, const EncodeOptions& options,
                        std::vector<std::byte>& out) {
  if (Result<void> checked = check_png_texts(options); !checked) return checked;
  const unsigned threads = options.threads == 0 ? usable_threads() : options.threads;
  const auto write = [&](PngBody& body, std::size_t head_end) {
    write_fast(image, threads, body.header, body.colours, out);
    if (options.small) write_small(image, threads, body.header, body.colours, out, head_end);
    return true;
  };
  write_file(new_body(image.width_px, image.height_px), options, out, write);
  return {};
}

Result<bool> encode_console_png(RowSource& source, const EncodeOptions& options,
                                std::vector<std::byte>& out) try {
  if (Result<void> target = check_cpu_target(); !target) return target.error();
  if (Result<void> checked = check_png_texts(options); !checked) return checked.error();
  const auto write = [&](PngBody& body, std::size_t) {
    Palette palette(source.format);
    PngChunk idat("IDAT", out);
    body.header.colour = PngColour::indexed;
    if (!sample_colours(source, palette)) return false;
    const std::optional<unsigned> depth =
        source.is_coming() ? depth_for(palette.size()) : sampled_depth(source, palette);
    if (!depth || !write_few_colours(source, *depth, body.header, palette, out)) return false;
    body.colours = palette.colours();
    idat.end();
    return true;
  };
  return write_file(new_body(source.width_px, source.height_px), options, out, write);
} catch (const std::bad_alloc&) {
  return Error(Errc::cannot_write, "encoding as png: out of memory");
}

}  // namespace qmpshot::encode
