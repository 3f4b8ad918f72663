// SPDX-License-Identifier: MIT
#include "encode/kernels_palette.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encode/kernels_palette.cc"
#include "encode/kernels_targets.h"

#include <hwy/highway.h>

// The scalar specification stands first, outside the targets, because their tails use it.
#ifndef QMPSHOT_KERNELS_PALETTE_SCALAR
#define QMPSHOT_KERNELS_PALETTE_SCALAR
namespace qmpshot::encode {
namespace {

inline ColourKey key_at(const std::uint8_t* in, std::size_t pixel_bytes, std::size_t x) {
  const std::uint8_t* at = in + pixel_bytes * x;
  return at[0] | static_cast<ColourKey>(at[1]) << 8U | static_cast<ColourKey>(at[2]) << 16U;
}

// From pixel `x` on, a multiple of 8.
std::size_t map_two_from(std::size_t x, const std::uint8_t* in, std::size_t pixel_bytes,
                         std::size_t count_px, ColourKey key0, ColourKey key1, std::uint8_t* out) {
  for (; x < count_px; ++x) {
    const ColourKey key = key_at(in, pixel_bytes, x);
    if (key != key0 && key != key1) return x;
    const unsigned bit = 7U - x % 8;
    if (bit == 7) out[x / 8] = 0;
    if (key != key0) out[x / 8] = static_cast<std::uint8_t>(out[x / 8] | 1U << bit);
  }
  return count_px;
}

std::size_t map_table_from(std::size_t x, const std::uint8_t* in, std::size_t pixel_bytes,
                           std::size_t count_px, const std::uint32_t* slots,
                           std::uint32_t multiplier, unsigned bits, std::uint8_t* out) {
  for (; x < count_px; ++x) {
    const ColourKey key = key_at(in, pixel_bytes, x);
    const std::uint32_t slot = slots[(key * multiplier) >> (32U - bits)];
    if ((slot & key_mask) != key) return x;
    out[x] = static_cast<std::uint8_t>(slot >> 24U);
  }
  return count_px;
}

// From pixel `x` on, a multiple of 8.
std::size_t map_packed_from(std::size_t x, const std::uint8_t* in, std::size_t pixel_bytes,
                            std::size_t count_px, const SlotTable& table, unsigned depth,
                            std::uint8_t* out) {
  for (; x < count_px; ++x) {
    const ColourKey key = key_at(in, pixel_bytes, x);
    const std::uint32_t slot = table.slots[(key * table.multiplier) >> (32U - table.bits)];
    if ((slot & key_mask) != key) return x;
    std::uint8_t& byte = out[x * depth / 8];
    const auto bit = static_cast<unsigned>(x * depth % 8);
    if (bit == 0) byte = 0;
    byte = static_cast<std::uint8_t>(byte | (slot >> 24U) << (8 - depth - bit));
  }
  return count_px;
}

std::size_t map_two(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                    ColourKey key0, ColourKey key1, std::uint8_t* out) {
  return map_two_from(0, in, bytes_per_pixel(format), count_px, key0, key1, out);
}

std::size_t map_slots(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                      const SlotTable& table, std::uint8_t* out) {
  return map_table_from(0, in, bytes_per_pixel(format), count_px, table.slots.data(),
                        table.multiplier, table.bits, out);
}

std::size_t map_large(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                      const LargeTable& table, std::uint8_t* out) {
  return map_table_from(0, in, bytes_per_pixel(format), count_px, table.slots.data(),
                        table.multiplier, large_table_bits, out);
}

std::size_t map_packed(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                       const SlotTable& table, unsigned depth, std::uint8_t* out) {
  return map_packed_from(0, in, bytes_per_pixel(format), count_px, table, depth, out);
}

}  // namespace
}  // namespace qmpshot::encode
#endif

#if QMPSHOT_VECTOR_TARGET
HWY_BEFORE_NAMESPACE();
namespace qmpshot::encode::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::ScalableTag<std::uint8_t>;
using Words = hn::ScalableTag<std::uint32_t>;
using BytesOf = hn::Vec<Bytes>;
using WordsOf = hn::Vec<Words>;

#include "encode/kernels_palette-inl.h"

// A row by blocks: vectors of bytes, or as many pixels. The last one overlaps the one before: a row
// is seldom a multiple of 64 wide. How many pixels could be mapped so, a multiple of 8.
template <class Block>
inline std::size_t map_blocks(const std::uint8_t* in, std::size_t count_px, const Block& block,
                              unsigned depth, std::uint8_t* out) {
  const std::size_t step = hn::Lanes(Bytes());
  std::size_t x = 0;
  bool all = true;
  for (; all && x + step <= count_px; x += step) {
    all = block.map(in + Block::pixel_bytes * x, out + x * depth / 8);
  }
  if (!all) return x - step;
  if (x == count_px || count_px < step) return x;
  const std::size_t last = (count_px - step) / 8 * 8;
  return block.map(in + Block::pixel_bytes * last, out + last * depth / 8) ? last + step : x;
}

#if HWY_MAX_BYTES >= 32
// Two colours: a bit is set where a pixel's key is not the first one. A mask has its first lane
// lowest, a PNG its first pixel highest: so the keys are loaded in reverse.
template <bool is_rgb>
struct TwoColours {
  static constexpr std::size_t pixel_bytes = is_rgb ? 3 : 4;
  WordsOf first;
  WordsOf change;  // from the first colour to the second

  TwoColours(ColourKey key0, ColourKey key1)
      : first(hn::Set(Words(), key0)), change(hn::Set(Words(), key0 ^ key1)) {}

  // false where one of the pixels has neither colour.
  inline bool map(const std::uint8_t* in, std::uint8_t* out) const {
    constexpr std::size_t lanes = HWY_MAX_BYTES / 4;
    const WordsOf keys0 = load_keys<is_rgb, false, true>(in);
    const WordsOf keys1 = load_keys<is_rgb, false, true>(in + pixel_bytes * lanes);
    const WordsOf keys2 = load_keys<is_rgb, false, true>(in + pixel_bytes * lanes * 2);
    const WordsOf keys3 = load_keys<is_rgb, is_rgb, true>(in + pixel_bytes * lanes * 3);
    const WordsOf low = hn::Or(put(keys0, out), put(keys1, out + lanes / 8));
    const WordsOf high = hn::Or(put(keys2, out + lanes / 4), put(keys3, out + lanes / 8 * 3));
    return all_zero(hn::Or(low, high));
  }

 private:
  // 0 in the lanes that have one of the colours.
  inline WordsOf put(WordsOf keys, std::uint8_t* out) const {
    const Words d;
    const WordsOf differs = hn::Xor(keys, first);
    const auto is_other = hn::Ne(differs, hn::Zero(d));
    hn::StoreMaskBits(d, is_other, out);
    return hn::Xor(differs, hn::IfThenElseZero(is_other, change));
  }
};
#else
// Bits of each byte in reverse: a mask has its first lane lowest, a PNG its first pixel highest.
inline std::uint64_t mirror_bytes(std::uint64_t bits) {
  bits = (bits & 0x5555555555555555U) << 1 | (bits >> 1 & 0x5555555555555555U);
  bits = (bits & 0x3333333333333333U) << 2 | (bits >> 2 & 0x3333333333333333U);
  return (bits & 0x0F0F0F0F0F0F0F0FU) << 4 | (bits >> 4 & 0x0F0F0F0F0F0F0F0FU);
}

inline BytesOf key_byte(ColourKey key, unsigned byte) {
  return hn::Set(Bytes(), static_cast<std::uint8_t>(key >> 8 * byte));
}

// Two colours, each byte of a pixel in a vector of its own.
template <bool is_rgb>
struct TwoColours {
  static constexpr std::size_t pixel_bytes = is_rgb ? 3 : 4;
  BytesOf first[3];
  BytesOf second[3];

  TwoColours(ColourKey key0, ColourKey key1)
      : first{key_byte(key0, 0), key_byte(key0, 1), key_byte(key0, 2)},
        second{key_byte(key1, 0), key_byte(key1, 1), key_byte(key1, 2)} {}

  // false where one of the pixels has neither colour.
  inline bool map(const std::uint8_t* in, std::uint8_t* out) const {
    const Bytes d;
    BytesOf a, b, c;
    if constexpr (is_rgb) {
      hn::LoadInterleaved3(d, in, a, b, c);
    } else {
      BytesOf x;
      hn::LoadInterleaved4(d, in, a, b, c, x);
    }
    const auto is_first =
        hn::And(hn::Eq(a, first[0]), hn::And(hn::Eq(b, first[1]), hn::Eq(c, first[2])));
    const auto is_second =
        hn::And(hn::Eq(a, second[0]), hn::And(hn::Eq(b, second[1]), hn::Eq(c, second[2])));
    std::uint64_t bits = 0;
    hn::StoreMaskBits(d, hn::Not(is_first), reinterpret_cast<std::uint8_t*>(&bits));
    bits = mirror_bytes(bits);
    std::memcpy(out, &bits, hn::Lanes(d) / 8);
    return hn::AllTrue(d, hn::Or(is_first, is_second));
  }
};
#endif

std::size_t map_two(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                    ColourKey key0, ColourKey key1, std::uint8_t* out) {
  const std::size_t done = format == PixelFormat::rgb24
                               ? map_blocks(in, count_px, TwoColours<true>(key0, key1), 1, out)
                               : map_blocks(in, count_px, TwoColours<false>(key0, key1), 1, out);
  return map_two_from(done, in, bytes_per_pixel(format), count_px, key0, key1, out);
}

// How many pixels, from the first one on, the vectors could map; the scalar code does the others.
template <bool is_rgb, unsigned bits, class Slots>
inline std::size_t map_vectors(const std::uint8_t* in, std::size_t count_px, const Slots& slots,
                               std::uint32_t multiplier, std::uint8_t* out) {
  const Words d;
  const std::size_t step = hn::Lanes(d);
  const std::size_t pixel_bytes = is_rgb ? 3 : 4;
  const WordsOf factor = hn::Set(d, multiplier);
  if (count_px < 2 * step) return 0;
  std::size_t x = 0;
  for (; pixel_bytes * (x + 3 * step) + 4 * step <= pixel_bytes * count_px; x += 4 * step) {
    bool known = false;
    hn::StoreU(find_four<is_rgb, false, bits>(in + pixel_bytes * x, slots, factor, known), Bytes(),
               out + x);
    if (!known) return x;
  }
  while (x < count_px) {  // a vector's pixels, five times at most
    const bool ends_here = pixel_bytes * x + 4 * step > pixel_bytes * count_px;
    if (ends_here) x = x + step <= count_px ? x : count_px - step;
    const std::uint8_t* const at = in + pixel_bytes * x;
    const WordsOf keys = ends_here ? load_keys<is_rgb, true>(at) : load_keys<is_rgb, false>(at);
    const WordsOf found = find_slots<bits>(keys, slots, factor);
    if (!all_zero(differences(found, keys))) return x;
    hn::StoreU(hn::U8FromU32(hn::ShiftRight<24>(found)), hn::Rebind<std::uint8_t, Words>(),
               out + x);
    x += step;
  }
  return count_px;
}

template <unsigned bits, class Slots>
inline std::size_t map_format(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                              const Slots& slots, std::uint32_t multiplier, std::uint8_t* out) {
  return format == PixelFormat::rgb24
             ? map_vectors<true, bits>(in, count_px, slots, multiplier, out)
             : map_vectors<false, bits>(in, count_px, slots, multiplier, out);
}

std::size_t map_slots(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                      const SlotTable& table, std::uint8_t* out) {
  const std::size_t done =
      table.bits == 4
          ? map_format<4>(in, format, count_px, FewSlots<4>(table), table.multiplier, out)
          : map_format<5>(in, format, count_px, FewSlots<5>(table), table.multiplier, out);
  return map_table_from(done, in, bytes_per_pixel(format), count_px, table.slots.data(),
                        table.multiplier, table.bits, out);
}

std::size_t map_large(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                      const LargeTable& table, std::uint8_t* out) {
  const std::size_t done =
      map_format<large_table_bits>(in, format, count_px, MemorySlots(table), table.multiplier, out);
  return map_table_from(done, in, bytes_per_pixel(format), count_px, table.slots.data(),
                        table.multiplier, large_table_bits, out);
}

// Indices, a byte each, to four or two bits each, in the lower half or quarter.
inline void store_packed(BytesOf index, unsigned depth, std::uint8_t* out) {
  const Words d32;
  const hn::ScalableTag<std::uint16_t> d16;
  const auto pair = hn::BitCast(d16, index);
  const auto four = hn::BitCast(d32, index);
  if (depth == 4) {
    const auto byte = hn::Or(hn::ShiftLeft<4>(pair), hn::ShiftRight<8>(pair));
    const hn::Rebind<std::uint8_t, decltype(d16)> half;
    hn::StoreU(hn::TruncateTo(half, byte), half, out);
    return;
  }
  const auto two = hn::Or(hn::ShiftLeft<6>(four), hn::ShiftRight<4>(four));
  const auto byte = hn::Or(two, hn::Or(hn::ShiftRight<14>(four), hn::ShiftRight<24>(four)));
  const hn::Rebind<std::uint8_t, Words> quarter;
  hn::StoreU(hn::U8FromU32(hn::And(byte, hn::Set(d32, 255))), quarter, out);
}

template <bool is_rgb, unsigned bits, class Slots>
struct FewColours {
  static constexpr std::size_t pixel_bytes = is_rgb ? 3 : 4;
  Slots slots;
  WordsOf factor;
  unsigned depth;

  FewColours(const SlotTable& table, unsigned depth_of_out)
      : slots(table), factor(hn::Set(Words(), table.multiplier)), depth(depth_of_out) {}

  // false where the colour of one of the pixels is not there.
  inline bool map(const std::uint8_t* in, std::uint8_t* out) const {
    bool known = false;
    store_packed(find_four<is_rgb, is_rgb, bits>(in, slots, factor, known), depth, out);
    return known;
  }
};

template <unsigned bits>
inline std::size_t map_few(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                           const SlotTable& table, unsigned depth, std::uint8_t* out) {
  using Slots = FewSlots<bits>;
  return format == PixelFormat::rgb24
             ? map_blocks(in, count_px, FewColours<true, bits, Slots>(table, depth), depth, out)
             : map_blocks(in, count_px, FewColours<false, bits, Slots>(table, depth), depth, out);
}

std::size_t map_packed(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                       const SlotTable& table, unsigned depth, std::uint8_t* out) {
  const std::size_t done = table.bits == 4 ? map_few<4>(in, format, count_px, table, depth, out)
                                           : map_few<5>(in, format, count_px, table, depth, out);
  return map_packed_from(done, in, bytes_per_pixel(format), count_px, table, depth, out);
}

}  // namespace

constexpr PaletteKernels palette = {map_two, map_packed, map_slots, map_large};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace {
constexpr PaletteKernels scalar_palette = {map_two, map_packed, map_slots, map_large};
}

const PaletteKernels& palette_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, palette, scalar_palette)
}

}  // namespace qmpshot::encode
#endif
