// SPDX-License-Identifier: MIT
// The two inner loops of encode/deflate: bytes to tokens, tokens to bits. Private to encode.
#pragma once

#include "encode/huffman.h"
#include "encode/kernels.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace qmpshot::encode {

inline constexpr std::size_t deflate_window = 32768;
inline constexpr unsigned min_match = 3;
inline constexpr unsigned max_match = 258;
inline constexpr unsigned hash_bits = 12;

// How far away a repeat of RowShape::near_bytes is worth its distance.
inline constexpr std::size_t near_window = 1024;

// Where the distances of matches are kept for the row below: one for each 8 bytes of the last
// 64 KB.
inline constexpr std::size_t above_count = 8192;
inline constexpr std::size_t above_slots = above_count + 3;  // they are written four at a time

// A text console's lines are so many rows high: what stands in columns repeats that far away.
inline constexpr std::size_t line_rows = 16;

// So many literals, then a match.
struct Token {
  std::uint32_t literals;
  std::uint16_t length;
  std::uint16_t distance;
};

// What the rows of a stream have in common.
struct RowShape {
  std::size_t row_bytes;    // 1 to ScreenDeflate::max_row_bytes
  std::size_t pixel_bytes;  // 1 to 4; 1 for pixels smaller than a byte
  bool is_noisy;            // a photo: short runs come about by chance, and only longer ones pay
  std::size_t hash_bytes;   // 4 to 8: shorter repeats are not worth a look
  std::size_t near_bytes;   // 4 to 8: the same within near_window; 0 where there are none
  unsigned patience;        // after 2^patience probes in vain, only every other pixel is probed
  std::size_t least_saved;  // so many literals a repeat is to stand for at least; 1 to 3
  std::size_t short_run;    // where a run is shorter, repeats are looked for too; 0: nowhere
};

// The rows that a PNG has, but for how long they are and whether they are noisy; greys are as RGB,
// with pixels of one byte. Others are taken too, only not as fast.
//
// How long a repeat is at least that is neither above nor to the left, and how long a near one is:
// of bitmaps, whose bytes are eight pixels, shorter ones pay; in true colour near ones do not.
// Measured on all frames: one more or less is larger or slower. How much patience there is: what
// looks like noise mostly is noise in true colour and seldom on a console.
inline constexpr RowShape indexed_rows = {.row_bytes = 0,
                                          .pixel_bytes = 1,
                                          .is_noisy = false,
                                          .hash_bytes = 8,
                                          .near_bytes = 5,
                                          .patience = 4,
                                          .least_saved = 3,
                                          .short_run = 8};
inline constexpr RowShape bitmap_rows = {.row_bytes = 0,
                                         .pixel_bytes = 1,
                                         .is_noisy = false,
                                         .hash_bytes = 6,
                                         .near_bytes = 0,
                                         .patience = 4,
                                         .least_saved = 3,
                                         .short_run = 8};
inline constexpr RowShape rgb_rows = {.row_bytes = 0,
                                      .pixel_bytes = 3,
                                      .is_noisy = false,
                                      .hash_bytes = 8,
                                      .near_bytes = 0,
                                      .patience = 2,
                                      .least_saved = 1,
                                      .short_run = 0};

// What to look through. 64 bytes before `data` and behind data[end] may be read, whatever is there.
struct Band {
  const std::uint8_t* data;  // history, then the band
  std::size_t begin;         // the band is data[begin..end)
  std::size_t end;
  std::size_t history;     // so many bytes before data[begin] belong to the stream
  std::uint32_t position;  // the stream's position of data[0], as `hash` has it
  RowShape shape;          // no row is like the one above if they are longer than deflate_window
  std::uint32_t* hash;     // 1 << hash_bits positions, of earlier bytes or deflate_window away
  std::uint32_t* near;     // as `hash`, for near_bytes
  std::uint16_t* above;    // above_slots, by position / 8 modulo above_count; 0 at first
  std::uint64_t* masks;    // scratch: 4 * (words + 1), words = ceil((end - begin) / 64)
  bool is_dense;           // whether the band before was made of short matches
};

// Where tokens go. There is room for all literals of the band and 64 more, and for one token for
// each min_match of its bytes.
struct TokenSink {
  std::uint8_t* literals;
  Token* tokens;
  std::uint32_t pending;  // literals since the last token
};

// A code and its extra bits in the low 24 bits, how many bits that is in the upper 8.
struct EmitTables {
  std::array<std::uint32_t, 256> literal;
  std::array<std::uint32_t, max_match + 1> length;
  std::array<std::uint32_t, distance_symbols> distance;  // without extra bits
};

struct DeflateKernels {
  // RFC 1950, 9: `adler` is that of the bytes before, 1 at first.
  std::uint32_t (*adler32)(std::uint32_t adler, const std::uint8_t* bytes, std::size_t count);

  void (*tokenize)(const Band& band, TokenSink& sink);

  // Literals are those of the tokens, then `rest` more. The longest literal or length code is 14
  // bits, so that four literals fit between two flushes.
  void (*emit)(const Token* tokens, std::size_t token_count, const std::uint8_t* literals,
               std::uint32_t rest, const EmitTables& tables, BitWriter& writer);
};

const DeflateKernels& deflate_kernels(CpuTarget target = cpu_target()) noexcept;

// The symbol of a distance and how many extra bits follow it (RFC 1951, 3.2.5).
struct DistanceSymbol {
  unsigned symbol;
  unsigned extra_bits;
};
constexpr DistanceSymbol distance_symbol(unsigned distance) noexcept {
  if (distance <= 4) return {distance - 1, 0};
  const unsigned extra = 30U - static_cast<unsigned>(__builtin_clz(distance - 1));
  return {2 * extra + ((distance - 1) >> extra), extra};
}

}  // namespace qmpshot::encode
