// SPDX-License-Identifier: MIT
// The part of kernels_deflate.cc that is the same text for every target. Included once into each
// target's namespace, so that all profit from its instructions (BMI2's shifts above all), after
// what kernels_deflate_runs-inl.h needs and
//
//   AdlerSums adler_sums(const std::uint8_t* bytes, std::size_t count);
//
// for a count that is a multiple of 64 and at most adler_bytes.

#include "encode/kernels_deflate_runs-inl.h"

inline std::uint32_t adler32(std::uint32_t adler, const std::uint8_t* bytes, std::size_t count) {
  constexpr std::uint32_t modulus = 65521;
  std::uint32_t a = adler & 0xFFFFU;
  std::uint32_t b = adler >> 16;
  while (count >= 64) {
    const std::size_t part = count < adler_bytes ? count / 64 * 64 : adler_bytes;
    const AdlerSums sums = adler_sums(bytes, part);
    b = (b + static_cast<std::uint32_t>(part) * a + sums.weighted) % modulus;
    a = (a + sums.plain) % modulus;
    bytes += part;
    count -= part;
  }
  for (; count > 0; --count) {
    a += *bytes++;
    b += a;
  }
  return (b % modulus) << 16 | a % modulus;
}

inline void put_literals(TokenSink& sink, const std::uint8_t* from, std::size_t count) {
  // Up to 16 too many, overwritten later. The first ones without a jump: whether there are any is
  // hard to foresee.
  std::memcpy(sink.literals, from, 16);
  for (std::size_t done = 16; done < count; done += 16) {
    std::memcpy(sink.literals + done, from + done, 16);
  }
  sink.literals += count;
  sink.pending += static_cast<std::uint32_t>(count);
}

inline void put_token(TokenSink& sink, std::size_t length, std::size_t distance) {
  *sink.tokens++ = {sink.pending, static_cast<std::uint16_t>(length),
                    static_cast<std::uint16_t>(distance)};
  sink.pending = 0;
}

// A match as long as it is, in parts that Deflate can say.
inline void put_match(TokenSink& sink, std::size_t length, std::size_t distance) {
  while (length > max_match) {
    const std::size_t part = length - max_match >= min_match ? max_match : length - min_match;
    put_token(sink, part, distance);
    length -= part;
  }
  put_token(sink, length, distance);
}

struct Match {
  std::size_t at;
  std::size_t length;  // 0: none
  std::size_t distance;
};

inline std::size_t common_length(const std::uint8_t* a, const std::uint8_t* b, std::size_t most) {
  for (std::size_t length = 0; length < most; length += 64) {
    std::uint64_t equal;
    equal_masks(a + length, b + length, 1, &equal);
    if (equal == ~std::uint64_t{0}) continue;
    length += static_cast<std::size_t>(std::countr_zero(~equal));
    return length < most ? length : most;
  }
  return most;
}

// The same before `a` and `b`, of which 64 bytes may be read.
inline std::size_t common_length_before(const std::uint8_t* a, const std::uint8_t* b,
                                        std::size_t most) {
  for (std::size_t length = 0; length < most; length += 8) {
    const std::uint64_t differ = load64(a - length - 8) ^ load64(b - length - 8);
    if (differ == 0) continue;
    length += static_cast<std::size_t>(std::countl_zero(differ)) / 8;
    return length < most ? length : most;
  }
  return most;
}

// How far back `table` saw `bytes` last; it sees them at `position` now.
inline std::uint32_t last_seen(std::uint32_t* table, std::uint64_t bytes, std::uint32_t position) {
  const std::uint64_t slot = (bytes * 0x9E3779B97F4A7C15U) >> (64 - hash_bits);  // golden ratio
  const std::uint32_t distance = position - table[slot];
  table[slot] = position;
  return distance;
}

// The match through `at`, as far as it goes in both directions, but not before `begin`.
HWY_INLINE Match match_at(const Band& band, std::size_t begin, std::size_t at,
                          std::size_t distance) {
  const std::uint8_t* here = band.data + band.begin + at;
  const std::size_t length = common_length(here, here - distance, band.end - band.begin - at);
  const std::size_t before = at + band.history - distance;
  const std::size_t back =
      common_length_before(here, here - distance, at - begin < before ? at - begin : before);
  return {at - back, length + back, distance};
}

inline std::uint16_t* above_slot(const Band& band, std::size_t position) {
  return band.above + position / 8 % above_count;
}

// What was seen before of the bytes at `at`. Text goes on in its next row at the distance it had in
// the one above, so where the tables know a repeat, that distance is tried too.
HWY_INLINE Match probe(const Band& band, std::size_t begin, std::size_t at) {
  const std::uint8_t* here = band.data + band.begin + at;
  const std::uint64_t bytes = load64(here);
  const auto position = static_cast<std::uint32_t>(band.position + band.begin + at);
  const auto first_differ = [&](std::size_t distance, std::size_t count) {
    return (load64(here - distance) ^ bytes) << (64 - 8 * count) != 0;
  };
  Match match = {at, 0, 0};
  const std::size_t far_bytes = band.shape.hash_bytes;
  const std::uint32_t far = last_seen(band.hash, bytes << (64 - 8 * far_bytes), position);
  if (far <= deflate_window && !first_differ(far, far_bytes)) {
    match = match_at(band, begin, at, far);
  }
  if (const std::size_t near_bytes = band.shape.near_bytes; near_bytes != 0) {
    const std::uint32_t near = last_seen(band.near, bytes << (64 - 8 * near_bytes), position);
    if (match.length == 0 && near <= near_window && !first_differ(near, near_bytes)) {
      match = match_at(band, begin, at, near);
    }
  }
  if (match.length == 0) return match;
  const std::size_t above = *above_slot(band, position - band.shape.row_bytes);
  if (above != 0 && above != match.distance && above <= at + band.history &&
      !first_differ(above, 8)) {
    const Match other = match_at(band, begin, at, above);
    if (other.length > match.length) match = other;
  }
  return match;
}

// For each 8 bytes of the match, and up to 31 more.
inline void remember_above(const Band& band, const Match& match) {
  const std::uint64_t four = match.distance * 0x0001000100010001U;
  const std::size_t position = band.position + band.begin + match.at;
  for (std::size_t at = position; at < position + match.length; at += 32) {
    std::memcpy(above_slot(band, at), &four, sizeof four);
  }
}

// A repeat that stands for fewer literals than RowShape::least_saved costs as much as they do,
// unless it goes on so far. Measured.
constexpr std::size_t long_repeat = 14;

// Whether a match in a gap that ends at `to` is worth its bits.
inline bool pays(const Band& band, const Match& match, std::size_t at, std::size_t to) {
  return match.length != 0 && (at + band.shape.least_saved <= to || match.length >= long_repeat);
}

// `match`, or what begins at the next byte if that is longer by so much that its literal is paid
// for.
HWY_INLINE Match or_next(const Band& band, std::size_t to, std::size_t at, const Match& match) {
  constexpr std::size_t long_enough = 32;
  const std::size_t next = at + 1;
  if (match.length >= long_enough || next + 1 >= to) return match;
  const Match later = probe(band, next, next);
  constexpr std::size_t literal_worth = 2;  // bytes of a match
  return later.length > match.length + literal_worth ? later : match;
}

// Looks in the gap [begin, to) between two runs for bytes seen before. `misses` counts the probes
// in vain over all gaps: the more, the fewer pixels are probed, which in a photo are hardly any. A
// match makes up for three in four. Probing every byte of a desktop with a photo takes six times as
// long and finds less, because the noise overwrites what is worth remembering. A dense band's last
// bytes are probed too, and each match's next one.
HWY_INLINE Match probe_gap(const Band& band, std::size_t begin, std::size_t to,
                           std::size_t& misses) {
  const std::size_t count = band.end - band.begin;
  if (to + 8 > count) to = count < 8 ? 0 : count - 8;
  const std::size_t last = band.is_dense ? 2 : band.shape.least_saved;
  for (std::size_t at = begin; at + last <= to;) {
    const Match match = probe(band, begin, at);
    if (pays(band, match, at, to)) {
      const Match best = band.is_dense ? or_next(band, to, at, match) : match;
      remember_above(band, best);
      misses /= 4;
      return best;
    }
    const std::size_t pass = misses >> band.shape.patience;
    at += band.shape.pixel_bytes * (1 + (pass < 64 ? pass : 64));
    ++misses;
  }
  return {to, 0, 0};
}

// The longest run at `at`. One of the line above counts only where the others are short: its
// distance is the dearest.
inline Match longest_run(const Band& band, const RunMasks& masks, std::size_t at) {
  const std::size_t row = run_length(masks.row, at);
  const std::size_t pixel = run_length(masks.pixel, at);
  Match match = {at, row, band.shape.row_bytes};
  if (pixel >= row) match = {at, pixel, band.shape.pixel_bytes};
  if (match.length >= max_match || masks.line == nullptr) return match;
  const std::size_t line = run_length(masks.line, at);
  if (line > match.length) match = {at, line, line_rows * band.shape.row_bytes};
  return match;
}

// The longest run at `at`, or where that is short, what the tables know if it is longer by more
// than its distance costs.
HWY_INLINE Match run_at(const Band& band, const RunMasks& masks, std::size_t at) {
  const Match run = longest_run(band, masks, at);
  if (run.length >= band.shape.short_run || at + 8 > band.end - band.begin) return run;
  const Match other = probe(band, at, at);
  if (other.length < run.length + 4) return run;
  remember_above(band, other);
  return other;
}

// What ends at `to` was passed over without a look. Of its last bytes two places are remembered
// too: what follows a repeat follows it again. Measured: a two hundredth of the consoles' bytes,
// and of dense text in several colours three times that.
HWY_INLINE void remember_end(const Band& band, std::size_t to) {
  for (const std::size_t back : {std::size_t{8}, std::size_t{4}}) {
    if (to < back || to - back + 8 > band.end - band.begin) continue;
    const std::uint64_t bytes = load64(band.data + band.begin + to - back);
    last_seen(band.hash, bytes << (64 - 8 * band.shape.hash_bytes),
              static_cast<std::uint32_t>(band.position + band.begin + to - back));
  }
}

// From run to gap to run. What does not change is in a copy of the band that nothing else can
// reach, and most of it is known when this is compiled: else each probe would load it again.
//   known  a shape but for how long its rows are; one without hash_bytes: the band has its own
template <RowShape known>
inline void walk(const Band& given, const RunMasks& masks, const std::uint64_t* starts,
                 TokenSink& to) {
  Band band = given;
  if constexpr (known.hash_bytes != 0) {
    band.shape = known;
    band.shape.row_bytes = given.shape.row_bytes;
    if constexpr (known.short_run == 0) band.is_dense = false;
  }
  TokenSink sink = to;
  const std::size_t count = band.end - band.begin;
  const std::uint8_t* bytes = band.data + band.begin;
  std::size_t misses = 0;
  for (std::size_t at = 0; at < count;) {
    std::size_t start = next_start(starts, at);
    if (start > count) start = count;
    const Match match = start > at ? probe_gap(band, at, start, misses) : run_at(band, masks, at);
    const std::size_t literals_end = match.length == 0 ? start : match.at;
    put_literals(sink, bytes + at, literals_end - at);
    at = literals_end + match.length;
    if (match.length == 0) continue;
    put_match(sink, match.length, match.distance);
    if (band.shape.short_run != 0) remember_end(band, at);
  }
  to = sink;
}

// Whether a walk for `known` rows is one for these.
inline bool is_like(const RowShape& shape, const RowShape& known) {
  return shape.pixel_bytes == known.pixel_bytes && shape.hash_bytes == known.hash_bytes &&
         shape.near_bytes == known.near_bytes && shape.patience == known.patience &&
         shape.least_saved == known.least_saved && shape.short_run == known.short_run;
}

inline void tokenize(const Band& band, TokenSink& sink) {
  const std::size_t count = band.end - band.begin;
  const std::size_t words = (count + 63) / 64;
  const std::size_t line_bytes = line_rows * band.shape.row_bytes;
  const RunMasks masks = {band.masks, band.masks + (words + 1),
                          line_bytes <= deflate_window ? band.masks + 2 * (words + 1) : nullptr};
  std::uint64_t* const starts = band.masks + 3 * (words + 1);
  find_equal(band, masks, words);
  prefer_long_runs(masks, words);
  // Of a pixel, of the row above, of the line above: shorter ones cost as much as their bytes, the
  // more so the farther away. Measured.
  if (band.shape.is_noisy) {
    find_runs<6, 8, 8>(masks, words, starts);
  } else {
    find_runs<4, 5, 8>(masks, words, starts);
  }
  if (is_like(band.shape, indexed_rows)) {
    walk<indexed_rows>(band, masks, starts, sink);
  } else if (is_like(band.shape, bitmap_rows)) {
    walk<bitmap_rows>(band, masks, starts, sink);
  } else if (is_like(band.shape, rgb_rows)) {
    walk<rgb_rows>(band, masks, starts, sink);
  } else {
    walk<RowShape{}>(band, masks, starts, sink);
  }
}

inline void store_bits(BitWriter& writer) {
  std::memcpy(writer.out, &writer.bits, sizeof writer.bits);
  writer.out += writer.count >> 3;
  writer.bits >>= writer.count & ~7U;
  writer.count &= 7U;
}

// Codes that are joined before they meet the writer: its bits wait for each other, these do not.
struct Joined {
  std::uint64_t bits;
  unsigned count;
};

inline Joined join_literals(const std::uint32_t (&entries)[4]) {
  const auto code = [&](int i) { return std::uint64_t{entries[i] & 0xFFFFU}; };
  const std::uint32_t first = entries[0] + entries[1];  // the lengths, in the upper 8 bits
  const std::uint32_t all = first + entries[2] + entries[3];
  const std::uint64_t low = code(0) | code(1) << (entries[0] >> 24);
  const std::uint64_t high = code(2) | code(3) << (entries[2] >> 24);
  return {low | high << (first >> 24), all >> 24};
}

inline Joined join_match(const EmitTables& tables, const Token& token) {
  const std::uint32_t length = tables.length[token.length];
  const DistanceSymbol symbol = distance_symbol(token.distance);
  const std::uint32_t distance = tables.distance[symbol.symbol];
  const std::uint32_t extra = (token.distance - 1U) & ((1U << symbol.extra_bits) - 1);
  const std::uint64_t far = (distance & 0xFFFFU) | std::uint64_t{extra} << (distance >> 24);
  return {(length & 0xFFFFFFU) | far << (length >> 24),
          (length >> 24) + (distance >> 24) + symbol.extra_bits};
}

inline void put_joined(BitWriter& writer, Joined codes) {
  writer.bits |= codes.bits << writer.count;
  writer.count += codes.count;
}

// All but the last none to three, which are not stored.
inline void emit_literals(BitWriter& writer, const EmitTables& tables, const std::uint8_t* literals,
                          std::uint32_t count) {
  const std::uint32_t* table = tables.literal.data();
  for (; count >= 4; count -= 4, literals += 4) {
    put_joined(writer, join_literals({table[literals[0]], table[literals[1]], table[literals[2]],
                                      table[literals[3]]}));
    store_bits(writer);
  }
  // Without a jump: how many they are is hard to foresee.
  put_joined(writer,
             join_literals({count > 0 ? table[literals[0]] : 0, count > 1 ? table[literals[1]] : 0,
                            count > 2 ? table[literals[2]] : 0, 0}));
}

inline void emit(const Token* tokens, std::size_t token_count, const std::uint8_t* literals,
                 std::uint32_t rest, const EmitTables& tables, BitWriter& to) {
  BitWriter writer = to;  // a copy that no store through a pointer can change
  for (std::size_t i = 0; i < token_count; ++i) {
    const Token token = tokens[i];
    const Joined match = join_match(tables, token);
    emit_literals(writer, tables, literals, token.literals);
    literals += token.literals;
    if (writer.count + match.count >= 64) store_bits(writer);  // seldom
    put_joined(writer, match);
    store_bits(writer);
  }
  emit_literals(writer, tables, literals, rest);
  store_bits(writer);
  to = writer;
}
