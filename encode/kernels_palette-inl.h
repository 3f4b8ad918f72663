// SPDX-License-Identifier: MIT
// Pixels as keys, and keys looked up in a table's slots: what kernels_palette.cc does with each
// vector. Included once into each vector target's namespace.

// Loads as many pixels as there are 32-bit lanes, as keys. Reads a whole vector: for RGB a third
// more than the pixels are, either behind them or, with `ends_here`, before them. With `mirrored`
// the pixels of each eight lanes are in reverse order.
template <bool is_rgb, bool ends_here, bool mirrored = false>
inline WordsOf load_keys(const std::uint8_t* in) {
  const Words d;
  if constexpr (!is_rgb) {
    const auto pixels = hn::LoadU(d, reinterpret_cast<const std::uint32_t*>(in));
    const auto keys = hn::And(pixels, hn::Set(d, key_mask));
    if constexpr (mirrored) return hn::Reverse8(d, keys);
    return keys;
  } else {
    constexpr std::size_t lanes = HWY_MAX_BYTES / 4;
    constexpr std::uint32_t first = ends_here ? lanes / 4 : 0;
    const hn::Repartition<std::uint8_t, Words> bytes;
    auto words = hn::BitCast(d, hn::LoadU(bytes, in - 4 * first));
    // Block i of 16 bytes gets the 12 bytes, 3 words, of its four pixels.
    alignas(64) std::int32_t order[lanes];
    for (std::size_t i = 0; i < lanes; ++i) {
      const std::size_t block = mirrored ? i / 4 ^ 1U : i / 4;
      const auto word = static_cast<std::int32_t>(block * 3 + i % 4 + first);
      order[i] = word < static_cast<std::int32_t>(lanes) ? word : 0;
    }
    words = hn::TableLookupLanes(words, hn::SetTableIndices(d, order));
    alignas(16) static constexpr std::uint8_t spread[16] = {0, 1, 2, 0x80, 3, 4,  5,  0x80,
                                                            6, 7, 8, 0x80, 9, 10, 11, 0x80};
    alignas(16) static constexpr std::uint8_t mirror[16] = {9, 10, 11, 0x80, 6, 7, 8, 0x80,
                                                            3, 4,  5,  0x80, 0, 1, 2, 0x80};
    return hn::BitCast(d,
                       hn::TableLookupBytesOr0(hn::BitCast(bytes, words),
                                               hn::LoadDup128(bytes, mirrored ? mirror : spread)));
  }
}

inline bool all_zero(WordsOf words) {
  return hn::AllTrue(Words(), hn::Eq(words, hn::Zero(Words())));
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
    if constexpr (parts == 1) return hn::TableLookupLanes(part[0], hn::IndicesFromVec(d, hash));
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
  explicit MemorySlots(const SlotTable& table) : slots(table.slots.data()) {}
  explicit MemorySlots(const LargeTable& table) : slots(table.slots.data()) {}
  inline WordsOf find(WordsOf hash) const {
    return hn::GatherIndex(Words(), slots, hn::BitCast(hn::RebindToSigned<Words>(), hash));
  }
};

// The slots of a few colours.
#if HWY_MAX_BYTES >= 32
template <unsigned bits>
using FewSlots = RegisterSlots<bits>;
#else
template <unsigned bits>
using FewSlots = MemorySlots;
#endif

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

// The top bytes of four vectors, one vector's after the other's.
inline BytesOf top_bytes(WordsOf a, WordsOf b, WordsOf c, WordsOf d) {
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
  return hn::BitCast(
      Bytes(), hn::TableLookupLanes(hn::BitCast(words, turned), hn::SetTableIndices(words, order)));
#else
  return turned;
#endif
}

// Four vectors of pixels looked up: their indices, a byte each. `known` becomes false where a
// colour is not there.
template <bool is_rgb, bool ends_here, unsigned bits, class Slots>
inline BytesOf find_four(const std::uint8_t* in, const Slots& slots, WordsOf factor, bool& known) {
  constexpr std::size_t vector_bytes = (is_rgb ? 3 : 4) * HWY_MAX_BYTES / 4;
  const WordsOf key0 = load_keys<is_rgb, false>(in);
  const WordsOf key1 = load_keys<is_rgb, false>(in + vector_bytes);
  const WordsOf key2 = load_keys<is_rgb, false>(in + vector_bytes * 2);
  const WordsOf key3 = load_keys<is_rgb, ends_here>(in + vector_bytes * 3);
  const WordsOf slot0 = find_slots<bits>(key0, slots, factor);
  const WordsOf slot1 = find_slots<bits>(key1, slots, factor);
  const WordsOf slot2 = find_slots<bits>(key2, slots, factor);
  const WordsOf slot3 = find_slots<bits>(key3, slots, factor);
  const WordsOf low = hn::Or(hn::Xor(slot0, key0), hn::Xor(slot1, key1));
  const WordsOf high = hn::Or(hn::Xor(slot2, key2), hn::Xor(slot3, key3));
  known = all_zero(hn::And(hn::Or(low, high), hn::Set(Words(), key_mask)));
  return top_bytes(slot0, slot1, slot2, slot3);
}
