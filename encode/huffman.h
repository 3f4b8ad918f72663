// SPDX-License-Identifier: MIT
// Deflate's Huffman codes: lengths from frequencies, codes from lengths, and both written out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace qmpshot::encode {

// Bits go out least significant first (RFC 1951, 3.1.1). The owner of `out` has room for what is
// put, and 8 bytes more: whole words are stored.
struct BitWriter {
  std::uint8_t* out = nullptr;
  std::uint64_t bits = 0;
  unsigned count = 0;  // below 8 after flush()

  void put(std::uint64_t value, unsigned length) noexcept {
    bits |= value << count;
    count += length;
  }
  void flush() noexcept;          // stores the whole bytes; then 56 bits fit
  void align_to_byte() noexcept;  // fills with zeros, and flushes
};

inline constexpr std::size_t literal_symbols = 286;
inline constexpr std::size_t distance_symbols = 30;
inline constexpr unsigned end_of_block = 256;

// The codes of one block. A code stands as it goes out: bit-reversed.
struct BlockCodes {
  std::array<std::uint8_t, 288> literal_length{};
  std::array<std::uint8_t, 32> distance_length{};
  std::array<std::uint16_t, 288> literal_code{};
  std::array<std::uint16_t, 32> distance_code{};
};

// Lengths of an optimal prefix code, but for those that had to be cut to `max_length`. The code is
// complete, and the same on every machine: ties go by symbol.
//   frequencies  the symbols' counts, their sum below 2^23; at least two are not 0
//   lengths      as many; 0 where the frequency is 0
void huffman_lengths(std::span<const std::uint32_t> frequencies, unsigned max_length,
                     std::span<std::uint8_t> lengths) noexcept;

// Canonical codes of the given lengths (RFC 1951, 3.2.2), bit-reversed.
void huffman_codes(std::span<const std::uint8_t> lengths, std::span<std::uint16_t> codes) noexcept;

// The code of blocks of type 1 (RFC 1951, 3.2.6).
const BlockCodes& fixed_codes() noexcept;

// The head of a block of type 2: its codes' lengths, run-length coded (RFC 1951, 3.2.7).
class DynamicHeader {
 public:
  explicit DynamicHeader(const BlockCodes& codes) noexcept;
  [[nodiscard]] std::size_t size_bits() const noexcept { return size_bits_; }
  void write(BitWriter& writer) const noexcept;

 private:
  struct Item {
    std::uint8_t symbol;
    std::uint8_t extra;
  };
  void run_lengths(std::span<const std::uint8_t> lengths) noexcept;
  void add(unsigned symbol, std::size_t extra) noexcept;

  std::array<Item, literal_symbols + distance_symbols> items_;
  std::size_t item_count_ = 0;
  std::array<std::uint32_t, 19> frequencies_{};
  std::array<std::uint8_t, 19> lengths_{};
  std::array<std::uint16_t, 19> codes_{};
  std::size_t literals_ = 0;
  std::size_t distances_ = 0;
  std::size_t order_count_ = 19;
  std::size_t size_bits_ = 0;
};

}  // namespace qmpshot::encode
