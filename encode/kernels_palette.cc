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

void pack(const std::uint8_t* index, std::size_t count_px, unsigned depth, std::uint8_t* out) {
  const std::size_t per_byte = 8 / depth;
  for (std::size_t x = 0; x < count_px; x += per_byte) {
    unsigned byte = 0;
    for (std::size_t i = 0; i < per_byte; ++i) byte = byte << depth | index[x + i];
    *out++ = static_cast<std::uint8_t>(byte);
  }
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

// Bits of each byte in reverse: a mask has its first lane lowest, a PNG its first pixel highest.
inline std::uint64_t mirror_bytes(std::uint64_t bits) {
  bits = (bits & 0x5555555555555555U) << 1 | (bits >> 1 & 0x5555555555555555U);
  bits = (bits & 0x3333333333333333U) << 2 | (bits >> 2 & 0x3333333333333333U);
  return (bits & 0x0F0F0F0F0F0F0F0FU) << 4 | (bits >> 4 & 0x0F0F0F0F0F0F0F0FU);
}

struct TwoKeys {
  BytesOf first[3];
  BytesOf second[3];
};

inline BytesOf key_byte(ColourKey key, unsigned byte) {
  return hn::Set(Bytes(), static_cast<std::uint8_t>(key >> 8 * byte));
}

// One vector of pixels; false where one of them has neither colour.
template <bool is_rgb>
inline bool map_two_block(const std::uint8_t* in, const TwoKeys& keys, std::uint8_t* out) {
  const Bytes d;
  BytesOf a, b, c;
  if constexpr (is_rgb) {
    hn::LoadInterleaved3(d, in, a, b, c);
  } else {
    BytesOf x;
    hn::LoadInterleaved4(d, in, a, b, c, x);
  }
  const auto first = hn::And(hn::Eq(a, keys.first[0]),
                             hn::And(hn::Eq(b, keys.first[1]), hn::Eq(c, keys.first[2])));
  const auto second = hn::And(hn::Eq(a, keys.second[0]),
                              hn::And(hn::Eq(b, keys.second[1]), hn::Eq(c, keys.second[2])));
  std::uint64_t bits = 0;
  hn::StoreMaskBits(d, hn::Not(first), reinterpret_cast<std::uint8_t*>(&bits));
  bits = mirror_bytes(bits);
  std::memcpy(out, &bits, hn::Lanes(d) / 8);
  return hn::AllTrue(d, hn::Or(first, second));
}

template <bool is_rgb>
std::size_t map_two_rows(const std::uint8_t* in, std::size_t count_px, ColourKey key0,
                         ColourKey key1, std::uint8_t* out) {
  const std::size_t step = hn::Lanes(Bytes());
  const std::size_t pixel_bytes = is_rgb ? 3 : 4;
  const TwoKeys keys = {{key_byte(key0, 0), key_byte(key0, 1), key_byte(key0, 2)},
                        {key_byte(key1, 0), key_byte(key1, 1), key_byte(key1, 2)}};
  std::size_t x = 0;
  bool all = true;
  for (; all && x + step <= count_px; x += step) {
    all = map_two_block<is_rgb>(in + pixel_bytes * x, keys, out + x / 8);
  }
  if (!all) {
    x -= step;
  } else if (x < count_px && count_px >= step) {
    // The rest by a vector that overlaps the one before: a row is seldom a multiple of 64 wide.
    const std::size_t last = (count_px - step) / 8 * 8;
    if (map_two_block<is_rgb>(in + pixel_bytes * last, keys, out + last / 8)) x = last + step;
  }
  return map_two_from(x, in, pixel_bytes, count_px, key0, key1, out);
}

std::size_t map_two(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                    ColourKey key0, ColourKey key1, std::uint8_t* out) {
  return format == PixelFormat::rgb24 ? map_two_rows<true>(in, count_px, key0, key1, out)
                                      : map_two_rows<false>(in, count_px, key0, key1, out);
}

// Loads as many pixels as there are 32-bit lanes, as keys. Reads a whole vector: for RGB a third
// more than the pixels are, either behind them or, with `ends_here`, before them.
template <bool is_rgb, bool ends_here>
inline WordsOf load_keys(const std::uint8_t* in) {
  const Words d;
  if constexpr (!is_rgb) {
    return hn::And(hn::LoadU(d, reinterpret_cast<const std::uint32_t*>(in)), hn::Set(d, key_mask));
  } else {
    constexpr std::size_t lanes = HWY_MAX_BYTES / 4;
    constexpr std::uint32_t first = ends_here ? lanes / 4 : 0;
    const hn::Repartition<std::uint8_t, Words> bytes;
    auto words = hn::BitCast(d, hn::LoadU(bytes, in - 4 * first));
    // Block i of 16 bytes gets the 12 bytes, 3 words, of its four pixels.
    alignas(64) std::int32_t order[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
      const auto word = static_cast<std::int32_t>(i / 4 * 3 + i % 4 + first);
      order[i] = word < static_cast<std::int32_t>(lanes) ? word : 0;
    }
    words = hn::TableLookupLanes(words, hn::SetTableIndices(d, order));
    alignas(16) static constexpr std::uint8_t spread[16] = {0, 1, 2, 0x80, 3, 4,  5,  0x80,
                                                            6, 7, 8, 0x80, 9, 10, 11, 0x80};
    return hn::BitCast(
        d, hn::TableLookupBytesOr0(hn::BitCast(bytes, words), hn::LoadDup128(bytes, spread)));
  }
}

// The slots in registers where a register has 8 lanes or more.
template <unsigned bits>
struct RegisterSlots {
  static constexpr std::size_t lanes = HWY_MAX_BYTES / 4;
  static constexpr std::size_t parts = (std::size_t{1} << bits) / lanes;
  WordsOf part[parts];

  explicit RegisterSlots(const SlotTable& table) {
    for (std::size_t i = 0; i < parts; ++i) {
      part[i] = hn::Load(Words(), table.slots.data() + lanes * i);
    }
  }
  inline WordsOf find(WordsOf hash) const {
    const Words d;
    const auto lane = hn::IndicesFromVec(d, hn::And(hash, hn::Set(d, lanes - 1)));
    WordsOf found = hn::TableLookupLanes(part[0], lane);
    for (std::size_t i = 1; i < parts; ++i) {
      const hn::RebindToSigned<Words> s;
      const auto here = hn::Gt(hn::BitCast(s, hash), hn::Set(s, int(lanes * i - 1)));
      found = hn::IfThenElse(hn::RebindMask(d, here), hn::TableLookupLanes(part[i], lane), found);
    }
    return found;
  }
};

// The slots in memory.
struct MemorySlots {
  const std::uint32_t* slots;
  inline WordsOf find(WordsOf hash) const {
    return hn::GatherIndex(Words(), slots, hn::BitCast(hn::RebindToSigned<Words>(), hash));
  }
};

// One vector of pixels looked up: slots, which have the index in the top byte and, where the colour
// is there, the pixel's key below.
template <unsigned bits, class Slots>
inline WordsOf find_slots(WordsOf keys, const Slots& slots, WordsOf multiplier) {
  return slots.find(hn::ShiftRight<32 - bits>(hn::Mul(keys, multiplier)));
}

// 0 in the lanes whose colour is there.
inline WordsOf differences(WordsOf found, WordsOf keys) {
  return hn::Xor(hn::And(found, hn::Set(Words(), key_mask)), keys);
}

inline bool all_zero(WordsOf words) {
  return hn::AllTrue(Words(), hn::Eq(words, hn::Zero(Words())));
}

// The top bytes of four vectors, one vector's after the other's.
inline void store_top_bytes(WordsOf a, WordsOf b, WordsOf c, WordsOf d, std::uint8_t* out) {
  const Words words;
  const WordsOf low =
      hn::Or(hn::ShiftRight<24>(a), hn::And(hn::ShiftRight<16>(b), hn::Set(words, 0xFF00U)));
  const WordsOf high = hn::Or(hn::And(hn::ShiftRight<8>(c), hn::Set(words, 0xFF0000U)),
                              hn::And(d, hn::Set(words, 0xFF000000U)));
  // Lane i has byte i of each vector: within blocks of four lanes they are put in order first.
  alignas(16) static constexpr std::uint8_t turn[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                        2, 6, 10, 14, 3, 7, 11, 15};
  const auto turned =
      hn::TableLookupBytes(hn::BitCast(Bytes(), hn::Or(low, high)), hn::LoadDup128(Bytes(), turn));
#if HWY_MAX_BYTES >= 32
  constexpr std::size_t blocks = HWY_MAX_BYTES / 16;
  alignas(64) std::int32_t order[4 * blocks];
  for (std::size_t i = 0; i < 4 * blocks; ++i) {
    order[i] = static_cast<std::int32_t>(i % blocks * 4 + i / blocks);
  }
  hn::StoreU(hn::TableLookupLanes(hn::BitCast(words, turned), hn::SetTableIndices(words, order)),
             words, reinterpret_cast<std::uint32_t*>(out));
#else
  hn::StoreU(turned, Bytes(), out);
#endif
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
    const std::uint8_t* const at = in + pixel_bytes * x;
    const WordsOf key0 = load_keys<is_rgb, false>(at);
    const WordsOf key1 = load_keys<is_rgb, false>(at + pixel_bytes * step);
    const WordsOf key2 = load_keys<is_rgb, false>(at + pixel_bytes * step * 2);
    const WordsOf key3 = load_keys<is_rgb, false>(at + pixel_bytes * step * 3);
    const WordsOf slot0 = find_slots<bits>(key0, slots, factor);
    const WordsOf slot1 = find_slots<bits>(key1, slots, factor);
    const WordsOf slot2 = find_slots<bits>(key2, slots, factor);
    const WordsOf slot3 = find_slots<bits>(key3, slots, factor);
    store_top_bytes(slot0, slot1, slot2, slot3, out + x);
    const WordsOf low = hn::Or(differences(slot0, key0), differences(slot1, key1));
    const WordsOf high = hn::Or(differences(slot2, key2), differences(slot3, key3));
    if (!all_zero(hn::Or(low, high))) return x;
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
  std::size_t done = 0;
#if HWY_MAX_BYTES >= 32
  done = table.bits == 4
             ? map_format<4>(in, format, count_px, RegisterSlots<4>(table), table.multiplier, out)
             : map_format<5>(in, format, count_px, RegisterSlots<5>(table), table.multiplier, out);
#else
  const MemorySlots slots = {table.slots.data()};
  done = table.bits == 4 ? map_format<4>(in, format, count_px, slots, table.multiplier, out)
                         : map_format<5>(in, format, count_px, slots, table.multiplier, out);
#endif
  return map_table_from(done, in, bytes_per_pixel(format), count_px, table.slots.data(),
                        table.multiplier, table.bits, out);
}

std::size_t map_large(const std::uint8_t* in, PixelFormat format, std::size_t count_px,
                      const LargeTable& table, std::uint8_t* out) {
  const std::size_t done = map_format<large_table_bits>(
      in, format, count_px, MemorySlots{table.slots.data()}, table.multiplier, out);
  return map_table_from(done, in, bytes_per_pixel(format), count_px, table.slots.data(),
                        table.multiplier, large_table_bits, out);
}

void pack(const std::uint8_t* index, std::size_t count_px, unsigned depth, std::uint8_t* out) {
  const hn::ScalableTag<std::uint16_t> d16;
  const Words d32;
  const std::size_t step = hn::Lanes(Bytes());
  if (depth == 4) {
    const hn::Rebind<std::uint8_t, decltype(d16)> half;
    for (std::size_t x = 0; x < count_px; x += step) {
      const auto pair = hn::LoadU(d16, reinterpret_cast<const std::uint16_t*>(index + x));
      const auto byte =
          hn::And(hn::Or(hn::ShiftLeft<4>(pair), hn::ShiftRight<8>(pair)), hn::Set(d16, 255));
      hn::StoreU(hn::DemoteTo(half, hn::BitCast(hn::RebindToSigned<decltype(d16)>(), byte)), half,
                 out + x / 2);
    }
    return;
  }
  const hn::Rebind<std::uint8_t, Words> quarter;
  for (std::size_t x = 0; x < count_px; x += step) {
    const auto four = hn::LoadU(d32, reinterpret_cast<const std::uint32_t*>(index + x));
    const auto two = hn::Or(hn::ShiftLeft<6>(four), hn::ShiftRight<4>(four));
    const auto byte = hn::Or(two, hn::Or(hn::ShiftRight<14>(four), hn::ShiftRight<24>(four)));
    hn::StoreU(hn::U8FromU32(hn::And(byte, hn::Set(d32, 255))), quarter, out + x / 4);
  }
}

}  // namespace

constexpr PaletteKernels palette = {map_two, map_slots, map_large, pack};

}  // namespace qmpshot::encode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif

#if HWY_ONCE
namespace qmpshot::encode {
namespace {
constexpr PaletteKernels scalar_palette = {map_two, map_slots, map_large, pack};
}

const PaletteKernels& palette_kernels(CpuTarget target) noexcept {
  QMPSHOT_PICK(target, palette, scalar_palette)
}

}  // namespace qmpshot::encode
#endif
