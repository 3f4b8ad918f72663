// SPDX-License-Identifier: MIT
#include "encode/deflate.h"

#include "encode/pages.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace qmpshot::encode {
namespace {

constexpr std::size_t slack = 64;  // what kernels may read or write around a row

// So much is looked through at once: its masks and itself fit the first cache.
constexpr std::size_t band_bytes = 32768;
static_assert(band_bytes >= deflate_window);  // what comes before begin() is not compressed

constexpr std::size_t most_bytes = band_bytes + ScreenDeflate::max_row_bytes;  // of a band

// The window, and the band that comes behind it. Room for more of them would spare moving the
// window, which is not to be measured, and touch more memory, which is.
constexpr std::size_t buffer_bytes = deflate_window + most_bytes;
constexpr std::size_t max_words = most_bytes / 64 + 2;
// A block is closed when it has so many of either: its code should fit the part of the picture it
// is for, and its head (some 80 bytes) should not count.
constexpr std::size_t full_tokens = 16384;
constexpr std::size_t full_literals = 49152;
constexpr std::size_t max_literals = full_literals + most_bytes;
constexpr std::size_t max_tokens = full_tokens + most_bytes / min_match + 1;

// So much is reserved for what is to come before there is any.
constexpr std::size_t most_guessed_bytes = std::size_t{1} << 20U;

// A band is dense that has more than one match for so many bytes: the fullest screens of text. True
// colour, whose short runs are not looked at either, gains nothing from more care. Measured.
constexpr std::size_t dense_bytes = 32;

// Length symbols (RFC 1951, 3.2.5): their first length and extra bits follow from these.
constexpr std::array<std::uint16_t, 29> length_base = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                                       15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                                       67, 83, 99, 115, 131, 163, 195, 227, 258};
constexpr std::array<std::uint8_t, 29> length_extra = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                                       2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

constexpr std::array<std::uint8_t, max_match + 1> make_length_symbols() {
  std::array<std::uint8_t, max_match + 1> symbols{};
  for (std::size_t symbol = 0; symbol < length_base.size(); ++symbol) {
    for (std::size_t length = length_base[symbol]; length <= max_match; ++length) {
      symbols[length] = static_cast<std::uint8_t>(symbol);
    }
  }
  return symbols;
}
constexpr std::array<std::uint8_t, max_match + 1> length_symbols = make_length_symbols();

struct Frequencies {
  std::array<std::uint32_t, literal_symbols> literal{};
  std::array<std::uint32_t, distance_symbols> distance{};
  std::size_t extra_bits = 0;
};

// Several counters per literal: equal neighbours would wait for each other's store.
void count_literals(std::span<const std::uint8_t> literals, Frequencies& frequencies) noexcept {
  constexpr std::size_t counters = 4;
  static_assert(max_literals / counters + counters < 65536);
  std::array<std::array<std::uint16_t, 256>, counters> counts{};
  std::size_t i = 0;
  for (; i + counters <= literals.size(); i += counters) {
    for (std::size_t k = 0; k < counters; ++k) ++counts[k][literals[i + k]];
  }
  for (; i < literals.size(); ++i) ++counts[0][literals[i]];
  for (const auto& count : counts) {
    for (std::size_t symbol = 0; symbol < 256; ++symbol)
      frequencies.literal[symbol] += count[symbol];
  }
}

// Several counters here too: the row above comes again and again.
void count_tokens(std::span<const Token> tokens, Frequencies& frequencies) noexcept {
  struct Counter {
    std::array<std::uint32_t, length_base.size()> length{};
    std::array<std::uint32_t, distance_symbols> distance{};
  };
  std::array<Counter, 2> counters;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    Counter& counter = counters[i % counters.size()];
    ++counter.length[length_symbols[tokens[i].length]];
    ++counter.distance[distance_symbol(tokens[i].distance).symbol];
  }
  for (const Counter& counter : counters) {
    for (std::size_t i = 0; i < length_base.size(); ++i) {
      frequencies.literal[end_of_block + 1 + i] += counter.length[i];
      frequencies.extra_bits += std::size_t{counter.length[i]} * length_extra[i];
    }
    for (unsigned i = 0; i < distance_symbols; ++i) {
      frequencies.distance[i] += counter.distance[i];
      frequencies.extra_bits += std::size_t{counter.distance[i]} * (i < 4 ? 0 : i / 2 - 1);
    }
  }
}

std::size_t body_bits(const Frequencies& frequencies, const BlockCodes& codes) noexcept {
  std::size_t bits = frequencies.extra_bits;
  for (std::size_t i = 0; i < literal_symbols; ++i) {
    bits += std::size_t{frequencies.literal[i]} * codes.literal_length[i];
  }
  for (std::size_t i = 0; i < distance_symbols; ++i) {
    bits += std::size_t{frequencies.distance[i]} * codes.distance_length[i];
  }
  return bits;
}

// Both codes get two symbols at least, used or not: a code of one symbol is not complete, and not
// every decoder takes it.
BlockCodes best_codes(const Frequencies& frequencies) noexcept {
  auto literal = frequencies.literal;
  auto distance = frequencies.distance;
  for (auto* counts : {&literal[0], &distance[0]}) {
    const std::size_t size = counts == &literal[0] ? literal.size() : distance.size();
    const auto used = static_cast<std::size_t>(
        std::count_if(counts, counts + size, [](std::uint32_t n) { return n != 0; }));
    for (std::size_t i = 0, missing = used < 2 ? 2 - used : 0; missing > 0; ++i) {
      if (counts[i] != 0) continue;
      counts[i] = 1;
      --missing;
    }
  }
  BlockCodes codes;
  huffman_lengths(literal, 14, std::span(codes.literal_length).first<literal_symbols>());
  huffman_lengths(distance, 15, std::span(codes.distance_length).first<distance_symbols>());
  huffman_codes(codes.literal_length, codes.literal_code);
  huffman_codes(codes.distance_length, codes.distance_code);
  return codes;
}

EmitTables emit_tables(const BlockCodes& codes) noexcept {
  EmitTables tables;
  for (std::size_t i = 0; i < 256; ++i) {
    tables.literal[i] = codes.literal_code[i] | static_cast<std::uint32_t>(codes.literal_length[i])
                                                    << 24U;
  }
  for (std::size_t length = min_match; length <= max_match; ++length) {
    const std::size_t symbol = length_symbols[length];
    const std::uint32_t code_bits = codes.literal_length[end_of_block + 1 + symbol];
    const auto extra = static_cast<std::uint32_t>(length - length_base[symbol]);
    tables.length[length] = codes.literal_code[end_of_block + 1 + symbol] | extra << code_bits |
                            (code_bits + length_extra[symbol]) << 24U;
  }
  for (std::size_t i = 0; i < distance_symbols; ++i) {
    tables.distance[i] =
        codes.distance_code[i] | static_cast<std::uint32_t>(codes.distance_length[i]) << 24U;
  }
  return tables;
}

}  // namespace

// Not cleared when made: only what is used costs memory. What most streams use comes first.
struct ScreenDeflate::Workspace {
  std::uint8_t* bytes() noexcept { return memory + slack; }

  void map_for(std::size_t row_bytes) noexcept;

  std::size_t mapped_bytes = 0;  // of `memory`, and what is before it
  std::uint32_t hash[1U << hash_bits];
  std::uint16_t above[above_slots];
  std::uint64_t masks[4 * max_words];
  std::uint8_t memory[slack + buffer_bytes + slack];
  std::uint32_t near[1U << hash_bits];
  std::uint8_t literals[max_literals + slack];
  Token tokens[max_tokens];
};

// Maps the pages that a stream of rows so long will touch, or if it is short may leave for the next
// one: what encoders are warmed up with is followed by consoles.
void ScreenDeflate::Workspace::map_for(std::size_t row_bytes) noexcept {
  constexpr std::size_t least_row_bytes = 1 + 1024 / 2;  // of a console's sixteen colours
  const std::size_t bytes = deflate_window + band_bytes + std::max(row_bytes, least_row_bytes);
  if (bytes <= mapped_bytes) return;
  const std::span<std::byte> all = std::as_writable_bytes(std::span(this, 1));
  map_to_write(all.first(offsetof(Workspace, memory) + slack + bytes + slack));
  if (mapped_bytes == 0) {
    constexpr std::size_t console_literals = 24576;
    constexpr std::size_t console_tokens = 4096;
    map_to_write(std::as_writable_bytes(std::span(near)));
    map_to_write(std::as_writable_bytes(std::span(literals).first(console_literals)));
    map_to_write(std::as_writable_bytes(std::span(tokens).first(console_tokens)));
  }
  mapped_bytes = bytes;
}

// A few workspaces wait for the next picture, until the process ends: to have their memory mapped
// again costs more than a console's compression. Whoever takes one owns it.
std::array<std::atomic<ScreenDeflate::Workspace*>, ScreenDeflate::most_spares>
    ScreenDeflate::spares{};

ScreenDeflate::Workspace* ScreenDeflate::take_workspace() {
  for (auto& spare : spares) {
    if (Workspace* const waiting = spare.exchange(nullptr)) return waiting;
  }
  return new Workspace;
}

void ScreenDeflate::GiveBack::operator()(Workspace* workspace) const noexcept {
  for (auto& spare : spares) {
    Workspace* none = nullptr;
    if (spare.compare_exchange_strong(none, workspace)) return;
  }
  delete workspace;
}

ScreenDeflate::ScreenDeflate() : work_(take_workspace()), kernels_(&deflate_kernels()) {}

ScreenDeflate::~ScreenDeflate() = default;

// What is written depends on nothing that was there before: the tables forget it.
void ScreenDeflate::restart(const RowShape& shape, std::size_t row_count,
                            std::vector<std::byte>& out) {
  out_ = &out;
  written_ = out.size();
  bits_ = {};
  shape_ = shape;
  expected_bytes_ = row_count * shape.row_bytes;
  begin_ = end_ = history_ = block_bytes_ = 0;
  token_count_ = literal_count_ = 0;
  pending_ = 0;
  adler_ = 1;
  is_dense_ = false;
  position_ = 2 * deflate_window;
  work_->map_for(shape.row_bytes);
  std::memset(work_->memory, 0, slack);
  std::memset(work_->hash, 0, sizeof work_->hash);
  if (shape.near_bytes != 0) std::memset(work_->near, 0, sizeof work_->near);
  std::memset(work_->above, 0, sizeof work_->above);
}

void ScreenDeflate::begin() {
  slide();
}

std::uint8_t* ScreenDeflate::next_row() {
  if (end_ - begin_ >= band_bytes) {
    compress();
    // What hardly shrinks is closed while its bytes are here, because it may have to be stored.
    if (literal_count_ > block_bytes_ / 4 * 3) close_block(false);
    slide();
  }
  return work_->bytes() + end_;
}

void ScreenDeflate::commit_row() noexcept {
  end_ += shape_.row_bytes;
}

// Keeps a window of history, at the buffer's start.
void ScreenDeflate::slide() noexcept {
  const std::size_t keep = std::min(end_, deflate_window);
  const std::size_t gone = end_ - keep;
  std::memmove(work_->bytes(), work_->bytes() + gone, keep);
  position_ += static_cast<std::uint32_t>(gone);
  begin_ = end_ = history_ = keep;
}

void ScreenDeflate::compress() {
  const std::size_t count = end_ - begin_;
  if (count == 0) return;
  std::memset(work_->bytes() + end_, 0, slack);
  adler_ = kernels_->adler32(adler_, work_->bytes() + begin_, count);
  const Band band = {work_->bytes(), begin_,      end_,         history_,     position_, shape_,
                     work_->hash,    work_->near, work_->above, work_->masks, is_dense_};
  TokenSink sink = {work_->literals + literal_count_, work_->tokens + token_count_, pending_};
  kernels_->tokenize(band, sink);
  literal_count_ = static_cast<std::size_t>(sink.literals - work_->literals);
  const auto token_count = static_cast<std::size_t>(sink.tokens - work_->tokens);
  is_dense_ = shape_.short_run != 0 && token_count - token_count_ > count / dense_bytes;
  token_count_ = token_count;
  pending_ = sink.pending;
  block_bytes_ += count;
  begin_ = end_;
  history_ = end_;
  if (token_count_ >= full_tokens || literal_count_ >= full_literals) {
    close_block(false);
  }
}

// Room for so many bits behind what is written.
void ScreenDeflate::grow(std::size_t bits) {
  const std::size_t needed = written_ + bits / 8 + 2 * sizeof(std::uint64_t);
  if (needed > out_->capacity()) {
    // What is still to come will be like this block, and some more: what a vector moves when it
    // grows costs. But only so far ahead, because the first block may be the only noisy one.
    const std::size_t packed = std::min(bits / 8, block_bytes_);
    const std::size_t rest =
        packed == 0 ? 0 : expected_bytes_ / block_bytes_ * packed / 4 * 5 + packed;
    const std::size_t most = std::max(2 * out_->capacity(), most_guessed_bytes);
    out_->reserve(std::max(needed + std::min(rest, most), out_->capacity() / 2 * 3));
  }
  out_->resize(std::max(out_->size(), needed));
  bits_.out = reinterpret_cast<std::uint8_t*>(out_->data() + written_);
}

void ScreenDeflate::close_block(bool last) {
  Frequencies frequencies;
  count_literals({work_->literals, literal_count_}, frequencies);
  count_tokens({work_->tokens, token_count_}, frequencies);
  frequencies.literal[end_of_block] = 1;
  BlockCodes codes = best_codes(frequencies);
  const DynamicHeader header(codes);
  const std::size_t dynamic_bits = header.size_bits() + body_bits(frequencies, codes);
  const std::size_t stored_bits = 8 * (block_bytes_ + 5 * (block_bytes_ / 65535 + 1)) + 7;
  const std::size_t fixed_bits = body_bits(frequencies, fixed_codes());
  const bool in_buffer = block_bytes_ <= begin_;
  if (in_buffer && stored_bits < std::min(dynamic_bits, fixed_bits)) {
    write_stored(last);
  } else {
    const bool dynamic = dynamic_bits < fixed_bits;
    if (!dynamic) codes = fixed_codes();
    grow(3 + std::min(dynamic_bits, fixed_bits));
    bits_.put((last ? 1U : 0U) | (dynamic ? 2U : 1U) << 1U, 3);
    if (dynamic) header.write(bits_);
    kernels_->emit(work_->tokens, token_count_, work_->literals, pending_, emit_tables(codes),
                   bits_);
    bits_.put(codes.literal_code[end_of_block], codes.literal_length[end_of_block]);
    bits_.flush();
  }
  written_ = static_cast<std::size_t>(reinterpret_cast<std::byte*>(bits_.out) - out_->data());
  expected_bytes_ -= std::min(expected_bytes_, block_bytes_);
  token_count_ = literal_count_ = block_bytes_ = 0;
  pending_ = 0;
}

// Blocks of type 0 (RFC 1951, 3.2.4), of bytes that are still before begin_.
void ScreenDeflate::write_stored(bool last) {
  grow(8 * (block_bytes_ + 5 * (block_bytes_ / 65535 + 1)) + 7);
  const std::uint8_t* from = work_->bytes() + begin_ - block_bytes_;
  for (std::size_t rest = block_bytes_; rest > 0;) {
    const std::size_t part = std::min<std::size_t>(rest, 65535);
    bits_.put(last && part == rest ? 1U : 0U, 3);
    bits_.align_to_byte();
    bits_.put(part | (~part & 0xFFFFU) << 16U, 32);
    bits_.flush();
    std::memcpy(bits_.out, from, part);
    bits_.out += part;
    from += part;
    rest -= part;
  }
}

// Blocks that others follow end with an empty one of type 0, whose head fills the byte.
void ScreenDeflate::end(bool last) {
  compress();
  close_block(last);
  grow(64);
  if (last) {
    bits_.align_to_byte();
  } else {
    bits_.put(0, 3);
    bits_.align_to_byte();
    bits_.put(0xFFFF0000U, 32);
  }
  bits_.flush();
  out_->resize(static_cast<std::size_t>(reinterpret_cast<std::byte*>(bits_.out) - out_->data()));
  out_ = nullptr;
}

}  // namespace qmpshot::encode
