// SPDX-License-Identifier: MIT
// Masks of what equals the bytes one row, one pixel or one line of text before, and runs in them.
// Included once into each target's namespace, by kernels_deflate-inl.h, after
//
//   void equal_masks(const std::uint8_t* a, const std::uint8_t* b, std::size_t words,
//                    std::uint64_t* out);
//
// which sets bit i of word w where a[64 w + i] == b[64 w + i], and
//
//   template <bool has_third>
//   void equal_masks_of(const std::uint8_t* a, std::size_t words, Distances distances,
//                       MaskWords out);
//
// which does so for b = a less each of two or three distances.

inline std::uint64_t load64(const std::uint8_t* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// The masks of one distance over a band; bits outside it, or that look before the stream, are 0.
inline void masks_at(const Band& band, std::size_t distance, std::size_t words,
                     std::uint64_t* masks) {
  const std::size_t count = band.end - band.begin;
  const std::size_t skip = distance > band.history ? distance - band.history : 0;
  if (distance > deflate_window || skip >= count) {
    std::memset(masks, 0, (words + 1) * sizeof *masks);
    return;
  }
  const std::size_t first = skip / 64;
  std::memset(masks, 0, first * sizeof *masks);
  const std::uint8_t* from = band.data + band.begin + 64 * first;
  equal_masks(from, from - distance, words - first, masks + first);
  masks[first] &= ~std::uint64_t{0} << (skip % 64);
  if (count % 64 != 0) masks[words - 1] &= ~std::uint64_t{0} >> (64 - count % 64);
  masks[words] = 0;
}

// Masks of what may be repeated, each with one word more that is 0.
struct RunMasks {
  std::uint64_t* row;    // equal to the byte one row before
  std::uint64_t* pixel;  // one pixel before
  std::uint64_t* line;   // one line of text before; nullptr where that is out of the window
};

// All of them. Where none looks before the stream, in one go.
inline void find_equal(const Band& band, const RunMasks& masks, std::size_t words) {
  const std::size_t row_bytes = band.shape.row_bytes;
  const std::size_t line_bytes = line_rows * row_bytes;
  const std::size_t farthest = masks.line != nullptr ? line_bytes : row_bytes;
  if (farthest > deflate_window || farthest > band.history || band.shape.pixel_bytes > farthest) {
    masks_at(band, row_bytes, words, masks.row);
    masks_at(band, band.shape.pixel_bytes, words, masks.pixel);
    if (masks.line != nullptr) masks_at(band, line_bytes, words, masks.line);
    return;
  }
  const Distances distances = {row_bytes, band.shape.pixel_bytes, line_bytes};
  const MaskWords out = {masks.row, masks.pixel, masks.line};
  const std::uint8_t* const from = band.data + band.begin;
  const std::size_t count = band.end - band.begin;
  const std::uint64_t within =
      count % 64 != 0 ? ~std::uint64_t{0} >> (64 - count % 64) : ~std::uint64_t{0};
  if (masks.line != nullptr) {
    equal_masks_of<true>(from, words, distances, out);
    masks.line[words - 1] &= within;
    masks.line[words] = 0;
  } else {
    equal_masks_of<false>(from, words, distances, out);
  }
  masks.row[words - 1] &= within;
  masks.pixel[words - 1] &= within;
  masks.row[words] = masks.pixel[words] = 0;
}

// Takes the bytes of long runs of a pixel out of the other masks. Such a run has no extra bits,
// while at a row's distance each 258 bytes cost a dozen: half of what a flat desktop comes to.
inline void prefer_long_runs(const RunMasks& masks, std::size_t words) {
  constexpr std::size_t least = 8;  // words. Fewer, and more is lost where the others go on.
  for (std::size_t w = 0; w < words; ++w) {
    const std::size_t begin = w;
    while (masks.pixel[w] == ~std::uint64_t{0}) ++w;
    if (w - begin < least) continue;
    std::memset(masks.row + begin, 0, (w - begin) * sizeof *masks.row);
    if (masks.line == nullptr) continue;
    std::memset(masks.line + begin, 0, (w - begin) * sizeof *masks.line);
  }
}

// A word of a mask and the one behind it, of which only the first few bits matter.
struct Bits {
  std::uint64_t word;
  std::uint64_t next;
};

// Bits of `a` that are 1 also in `b`, so much further on.
template <unsigned by>
inline Bits and_further_on(Bits a, Bits b) {
  return {a.word & (b.word >> by | b.next << (64 - by)), a.next & b.next >> by};
}

// Where `length` bits in a row are 1. By halves: runs of four are two of two.
template <unsigned length>
inline std::uint64_t runs_of(Bits one) {
  static_assert(length == 4 || length == 5 || length == 6 || length == 8);
  const Bits two = and_further_on<1>(one, one);
  const Bits four = and_further_on<2>(two, two);
  if constexpr (length == 4) return four.word;
  return and_further_on<4>(four, length == 5 ? one : length == 6 ? two : four).word;
}

// Where a run starts or goes on that has at least so many bytes. Loops that compilers make vectors
// of.
template <unsigned of_pixel, unsigned of_row, unsigned of_line>
inline void find_runs(const RunMasks& masks, std::size_t words, std::uint64_t* __restrict starts) {
  const std::uint64_t* const __restrict pixel = masks.pixel;
  const std::uint64_t* const __restrict row = masks.row;
  const std::uint64_t* const __restrict line = masks.line;
  for (std::size_t w = 0; w < words; ++w) {
    starts[w] = runs_of<of_pixel>({pixel[w], pixel[w + 1]}) | runs_of<of_row>({row[w], row[w + 1]});
  }
  for (std::size_t w = 0; line != nullptr && w < words; ++w) {
    starts[w] |= runs_of<of_line>({line[w], line[w + 1]});
  }
  starts[words] = ~std::uint64_t{0};  // ends every search
}

// The bits from `at` on, 57 of them at least, whichever words they lie in: no jump depends on it.
inline std::uint64_t bits_from(const std::uint64_t* masks, std::size_t at) {
  return load64(reinterpret_cast<const std::uint8_t*>(masks) + at / 8) >> (at % 8);
}

inline std::size_t next_start(const std::uint64_t* starts, std::size_t at) {
  if (const std::uint64_t near = bits_from(starts, at); near != 0) {
    return at + static_cast<std::size_t>(std::countr_zero(near));
  }
  std::size_t word = at / 64;
  std::uint64_t bits = starts[word] & (~std::uint64_t{0} << (at % 64));
  while (bits == 0) bits = starts[++word];
  return 64 * word + static_cast<std::size_t>(std::countr_zero(bits));
}

// How many bits from `at` on are 1. The word after the last one is 0.
inline std::size_t run_length(const std::uint64_t* masks, std::size_t at) {
  const auto near = static_cast<std::size_t>(std::countr_zero(~bits_from(masks, at)));
  if (near < 57) return near;
  std::size_t word = at / 64;
  const std::uint64_t rest = ~masks[word] >> (at % 64);
  if (rest != 0) return static_cast<std::size_t>(std::countr_zero(rest));
  std::size_t length = 64 - at % 64;
  while (masks[++word] == ~std::uint64_t{0}) length += 64;
  return length + static_cast<std::size_t>(std::countr_zero(~masks[word]));
}
