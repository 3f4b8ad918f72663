// SPDX-License-Identifier: MIT
#include "encode/huffman.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace qmpshot::encode {
namespace {

// The order in which a block's head gives the lengths of its code-length code.
constexpr std::array<std::uint8_t, 19> length_order = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                       11, 4,  12, 3, 13, 2, 14, 1, 15};
constexpr std::array<std::uint8_t, 3> repeat_bits = {2, 3, 7};  // of symbols 16, 17, 18

constexpr unsigned max_code_length = 15;

struct Leaves {
  std::array<std::uint32_t, 288> keys;  // frequency << 9 | symbol, ascending
  std::size_t count = 0;
};

Leaves sorted_leaves(std::span<const std::uint32_t> frequencies) noexcept {
  Leaves leaves;
  for (std::size_t symbol = 0; symbol < frequencies.size(); ++symbol) {
    if (frequencies[symbol] != 0) {
      leaves.keys[leaves.count++] = (frequencies[symbol] << 9) | static_cast<std::uint32_t>(symbol);
    }
  }
  std::sort(leaves.keys.begin(), leaves.keys.begin() + static_cast<std::ptrdiff_t>(leaves.count));
  return leaves;
}

// How many leaves lie at each depth of the Huffman tree, those below max_length counted there. Two
// queues: the sorted leaves, and the inner nodes, which come into being in ascending order.
void count_depths(const Leaves& leaves, unsigned max_length,
                  std::span<std::uint32_t, 16> counts) noexcept {
  std::array<std::uint32_t, 288> weight;
  std::array<std::uint16_t, 2 * 288> parent;  // of leaf i: [i]; of inner node i: [288 + i]
  const std::size_t inner_count = leaves.count - 1;
  std::size_t leaf = 0;
  std::size_t inner = 0;
  for (std::size_t made = 0; made < inner_count; ++made) {
    std::uint32_t sum = 0;
    for (int child = 0; child < 2; ++child) {
      const bool take_leaf =
          leaf < leaves.count && (inner == made || (leaves.keys[leaf] >> 9) <= weight[inner]);
      sum += take_leaf ? leaves.keys[leaf] >> 9 : weight[inner];
      parent[take_leaf ? leaf++ : 288 + inner++] = static_cast<std::uint16_t>(made);
    }
    weight[made] = sum;
  }
  std::array<std::uint16_t, 288> depth;  // of inner nodes; the last one made is the root
  depth[inner_count - 1] = 0;
  for (std::size_t i = inner_count - 1; i-- > 0;) {
    depth[i] = static_cast<std::uint16_t>(depth[parent[288 + i]] + 1);
  }
  for (std::size_t i = 0; i < leaves.count; ++i) {
    ++counts[std::min<unsigned>(depth[parent[i]] + 1U, max_length)];
  }
}

// Leaves that were too deep made the code overfull: others go one deeper until it fits, and what
// was gained too much is given back, so that it is complete.
void make_complete(std::span<std::uint32_t, 16> counts, unsigned max_length) noexcept {
  const std::uint32_t full = 1U << max_length;
  std::uint32_t used = 0;
  for (unsigned length = 1; length <= max_length; ++length) {
    used += counts[length] << (max_length - length);
  }
  while (used > full) {
    unsigned length = max_length - 1;
    while (counts[length] == 0) --length;
    --counts[length];
    ++counts[length + 1];
    used -= 1U << (max_length - length - 1);
  }
  while (used < full) {
    unsigned length = max_length;
    while (counts[length] == 0 || (1U << (max_length - length)) > full - used) --length;
    --counts[length];
    ++counts[length - 1];
    used += 1U << (max_length - length);
  }
}

// As huffman_codes, but also when compiled. Several counters: many neighbours have the same length,
// none above all, and would wait for each other's store. Nor does a jump depend on whether a symbol
// has a code: one of no bits is 0.
constexpr void assign_codes(std::span<const std::uint8_t> lengths,
                            std::span<std::uint16_t> codes) noexcept {
  constexpr std::size_t counters = 4;
  std::array<std::array<std::uint32_t, max_code_length + 1>, counters> counts{};
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    ++counts[symbol % counters][lengths[symbol]];
  }
  // By length; behind them, what symbols without a code count up, in turns.
  std::array<std::uint32_t, max_code_length + 1 + counters> next{};
  for (unsigned length = 1; length < max_code_length; ++length) {
    std::uint32_t count = 0;
    for (const auto& counter : counts) count += counter[length];
    next[length + 1] = (next[length] + count) << 1U;
  }
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const unsigned length = lengths[symbol];
    const std::size_t slot = length != 0 ? length : max_code_length + 1 + symbol % counters;
    codes[symbol] = static_cast<std::uint16_t>(next[slot]++ << (16U - length));
  }
  for (std::uint16_t& each : codes.first(lengths.size())) {  // apart, for the compiler's vectors
    unsigned code = each;
    code = (code & 0x5555U) << 1U | (code >> 1U & 0x5555U);
    code = (code & 0x3333U) << 2U | (code >> 2U & 0x3333U);
    code = (code & 0x0F0FU) << 4U | (code >> 4U & 0x0F0FU);
    each = static_cast<std::uint16_t>(code << 8U | code >> 8U);
  }
}

constexpr BlockCodes make_fixed_codes() noexcept {
  BlockCodes codes;
  auto& lengths = codes.literal_length;
  std::fill(lengths.begin(), lengths.begin() + 144, std::uint8_t{8});
  std::fill(lengths.begin() + 144, lengths.begin() + 256, std::uint8_t{9});
  std::fill(lengths.begin() + 256, lengths.begin() + 280, std::uint8_t{7});
  std::fill(lengths.begin() + 280, lengths.end(), std::uint8_t{8});
  codes.distance_length.fill(5);
  assign_codes(codes.literal_length, codes.literal_code);
  assign_codes(codes.distance_length, codes.distance_code);
  return codes;
}

}  // namespace

void BitWriter::flush() noexcept {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(out, &bits, sizeof bits);
  out += count >> 3;
  bits >>= count & ~7U;
  count &= 7U;
}

void BitWriter::align_to_byte() noexcept {
  count = (count + 7U) & ~7U;
  flush();
}

void huffman_lengths(std::span<const std::uint32_t> frequencies, unsigned max_length,
                     std::span<std::uint8_t> lengths) noexcept {
  const Leaves leaves = sorted_leaves(frequencies);
  std::array<std::uint32_t, 16> counts{};
  count_depths(leaves, max_length, counts);
  make_complete(counts, max_length);
  std::ranges::fill(lengths, std::uint8_t{0});
  std::size_t leaf = 0;  // the rarest first, which has the longest code
  for (unsigned length = max_length; length > 0; --length) {
    for (std::uint32_t i = 0; i < counts[length]; ++i) {
      lengths[leaves.keys[leaf++] & 511U] = static_cast<std::uint8_t>(length);
    }
  }
}

void huffman_codes(std::span<const std::uint8_t> lengths, std::span<std::uint16_t> codes) noexcept {
  assign_codes(lengths, codes);
}

const BlockCodes& fixed_codes() noexcept {
  static constexpr BlockCodes codes = make_fixed_codes();
  return codes;
}

DynamicHeader::DynamicHeader(const BlockCodes& codes) noexcept {
  literals_ = literal_symbols;
  while (literals_ > 257 && codes.literal_length[literals_ - 1] == 0) --literals_;
  distances_ = distance_symbols;
  while (distances_ > 1 && codes.distance_length[distances_ - 1] == 0) --distances_;
  std::array<std::uint8_t, literal_symbols + distance_symbols> all;
  std::copy_n(codes.literal_length.begin(), literals_, all.begin());
  std::copy_n(codes.distance_length.begin(), distances_,
              all.begin() + static_cast<std::ptrdiff_t>(literals_));
  run_lengths(std::span(all).first(literals_ + distances_));

  // There are 257 lengths at least, not all alike, so at least two symbols have a count.
  huffman_lengths(frequencies_, 7, lengths_);
  huffman_codes(lengths_, codes_);
  while (order_count_ > 4 && lengths_[length_order[order_count_ - 1]] == 0) --order_count_;
  size_bits_ = 5 + 5 + 4 + 3 * order_count_;
  for (std::size_t symbol = 0; symbol < 19; ++symbol) {
    const unsigned extra = symbol < 16 ? 0U : repeat_bits[symbol - 16];
    size_bits_ += std::size_t{frequencies_[symbol]} * (lengths_[symbol] + extra);
  }
}

void DynamicHeader::add(unsigned symbol, std::size_t extra) noexcept {
  items_[item_count_++] = {static_cast<std::uint8_t>(symbol), static_cast<std::uint8_t>(extra)};
  ++frequencies_[symbol];
}

// 16 repeats the length before it 3 to 6 times, 17 gives 3 to 10 zeros, 18 gives 11 to 138.
void DynamicHeader::run_lengths(std::span<const std::uint8_t> lengths) noexcept {
  for (std::size_t i = 0; i < lengths.size();) {
    const std::uint8_t length = lengths[i];
    std::size_t run = 1;
    while (i + run < lengths.size() && lengths[i + run] == length) ++run;
    i += run;
    if (length != 0) {
      add(length, 0);
      --run;
    }
    while (run >= 3) {
      const std::size_t most = length != 0 ? 6 : run < 11 ? 10 : 138;
      const std::size_t part = std::min(run, most);
      add(length != 0 ? 16 : most == 10 ? 17 : 18, part - (most == 138 ? 11 : 3));
      run -= part;
    }
    for (; run > 0; --run) add(length, 0);
  }
}

void DynamicHeader::write(BitWriter& writer) const noexcept {
  writer.put(literals_ - 257, 5);
  writer.put(distances_ - 1, 5);
  writer.put(order_count_ - 4, 4);
  writer.flush();
  // Between two flushes, 56 bits: eight lengths of 3, three items of 14.
  for (std::size_t i = 0; i < order_count_; ++i) {
    writer.put(lengths_[length_order[i]], 3);
    if (i % 8 == 7) writer.flush();
  }
  writer.flush();
  for (std::size_t i = 0; i < item_count_; ++i) {
    const Item& item = items_[i];
    writer.put(codes_[item.symbol], lengths_[item.symbol]);
    if (item.symbol >= 16) writer.put(item.extra, repeat_bits[item.symbol - 16U]);
    if (i % 3 == 2) writer.flush();
  }
  writer.flush();
}

}  // namespace qmpshot::encode
