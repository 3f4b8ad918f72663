// SPDX-License-Identifier: MIT
#include "encode/palette.h"

#include <algorithm>
#include <bitset>
#include <cstring>

namespace qmpshot::encode {
namespace {

constexpr std::size_t most_in_registers = 16;

// Far more than are ever needed. Were there none, a colour without a slot would join again and
// again until there are too many: the picture is then encoded without a palette, and still right.
constexpr int most_attempts = 1 << 14;

std::size_t large_slot(ColourKey key, std::uint32_t multiplier) noexcept {
  return (key * multiplier) >> (32U - large_table_bits);
}

ColourKey key_at(const std::uint8_t* pixel) noexcept {
  return pixel[0] | static_cast<ColourKey>(pixel[1]) << 8U |
         static_cast<ColourKey>(pixel[2]) << 16U;
}

// Multipliers to try, odd, in an order that is the same everywhere (Knuth's linear congruence, as
// in glibc's rand_r).
class Multipliers {
 public:
  std::uint32_t next() noexcept {
    state_ = state_ * 1103515245U + 12345U;
    return (state_ ^ (state_ >> 15U)) | 1U;
  }

 private:
  std::uint32_t state_ = 1;
};

// Whether the hash puts every key into a slot of its own.
template <unsigned bits>
bool is_perfect(std::span<const ColourKey> keys, std::uint32_t multiplier) noexcept {
  std::bitset<std::size_t{1} << bits> taken;
  for (const ColourKey key : keys) {
    const std::uint32_t slot = (key * multiplier) >> (32U - bits);
    if (taken[slot]) return false;
    taken[slot] = true;
  }
  return true;
}

// An empty slot gets a key whose own slot is another, so no pixel ever equals it.
void fill(std::span<std::uint32_t> slots, std::span<const ColourKey> keys, std::uint32_t multiplier,
          unsigned bits) noexcept {
  std::ranges::fill(slots, keys[0]);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    slots[(keys[i] * multiplier) >> (32U - bits)] = keys[i] | static_cast<std::uint32_t>(i) << 24U;
  }
}

}  // namespace

Palette::Palette(const Palette& other) : format_(other.format_), count_(other.count_) {
  if (count_ == 0) return;  // nothing else is set
  std::copy_n(other.keys_.begin(), count_, keys_.begin());
  slots_ = other.slots_;
  if (other.large_ != nullptr) large_ = std::make_unique<LargeTable>(*other.large_);
}

bool Palette::is_grey() const noexcept {
  return std::all_of(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(count_),
                     [](ColourKey key) { return key == (key & 255U) * 0x010101U; });
}

std::vector<std::array<std::uint8_t, 3>> Palette::colours() const {
  std::vector<std::array<std::uint8_t, 3>> all;
  for (const ColourKey key : std::span(keys_).first(count_)) {
    const auto first = static_cast<std::uint8_t>(key);
    const auto second = static_cast<std::uint8_t>(key >> 8U);
    const auto third = static_cast<std::uint8_t>(key >> 16U);
    const bool is_rgb = format_ == PixelFormat::rgb24;
    all.push_back({is_rgb ? first : third, second, is_rgb ? third : first});
  }
  return all;
}

bool Palette::map_row(std::span<const std::byte> row, unsigned depth, std::uint8_t* out) {
  const std::size_t limit = std::size_t{1} << depth;
  const std::size_t pixel_bytes = bytes_per_pixel(format_);
  const auto* in = reinterpret_cast<const std::uint8_t*>(row.data());
  const std::size_t count_px = row.size() / pixel_bytes;
  for (std::size_t x = 0; x < count_px;) {
    if (count_ > 0) x = map_from(x, in, count_px, depth, out);
    if (x == count_px) break;
    const bool fits = count_ < limit;
    if (count_ < most) add(key_at(in + pixel_bytes * x));
    if (!fits) return false;
    if (depth < 8) x = 0;  // bits cannot be taken up in the middle of a byte
  }
  return true;
}

bool Palette::add_colours(std::span<const std::byte> row) {
  const std::size_t pixel_bytes = bytes_per_pixel(format_);
  const auto* in = reinterpret_cast<const std::uint8_t*>(row.data());
  const std::size_t count_px = row.size() / pixel_bytes;
  std::uint8_t* index = scratch(count_px);
  for (std::size_t x = 0; x < count_px;) {
    if (count_ > 0) x += map_indices(in + pixel_bytes * x, count_px - x, index + x);
    if (x == count_px) break;
    if (count_ == most) return false;
    add(key_at(in + pixel_bytes * x));
  }
  return true;
}

bool Palette::add(const Palette& other) {
  for (const ColourKey key : std::span(other.keys_).first(other.count_)) {
    const auto known = std::span(keys_).first(count_);
    if (std::ranges::find(known, key) != known.end()) continue;
    if (count_ == most) return false;
    add(key);
  }
  return true;
}

void Palette::put_first(std::span<const std::byte> pixel) {
  const auto known = std::span(keys_).first(count_);
  const auto found =
      std::ranges::find(known, key_at(reinterpret_cast<const std::uint8_t*>(pixel.data())));
  if (found == known.end()) return;
  std::rotate(known.begin(), found, found + 1);
  // The hash stays: which keys share a slot does not depend on their order.
  if (count_ <= most_in_registers) {
    fill(std::span(slots_.slots).first(std::size_t{1} << slots_.bits), known, slots_.multiplier,
         slots_.bits);
  } else {
    fill(large_->slots, known, large_->multiplier, large_table_bits);
  }
}

std::uint8_t* Palette::scratch(std::size_t count_px) {
  if (scratch_size_ < count_px + slack) {
    scratch_size_ = count_px + slack;
    scratch_ = std::make_unique_for_overwrite<std::uint8_t[]>(scratch_size_);
  }
  return scratch_.get();
}

std::size_t Palette::map_from(std::size_t x, const std::uint8_t* row, std::size_t count_px,
                              unsigned depth, std::uint8_t* out) {
  if (depth == 1)
    return kernels_->map_two(row, format_, count_px, keys_[0], keys_[count_ - 1], out);
  if (depth < 8) return kernels_->map_packed(row, format_, count_px, slots_, depth, out);
  return x + map_indices(row + bytes_per_pixel(format_) * x, count_px - x, out + x);
}

std::size_t Palette::map_indices(const std::uint8_t* row, std::size_t count_px, std::uint8_t* out) {
  return count_ <= most_in_registers ? kernels_->map_slots(row, format_, count_px, slots_, out)
                                     : kernels_->map_large(row, format_, count_px, *large_, out);
}

void Palette::add(ColourKey key) {
  keys_[count_++] = key;
  if (count_ <= most_in_registers) {
    fill_slots();
  } else {
    fill_large();
  }
}

// Sixteen slots are faster than 32, but only few keys find a hash into them soon; 16 keys find one
// into 32 slots after some 70 multipliers.
void Palette::fill_slots() noexcept {
  const std::span<const ColourKey> keys = std::span(keys_).first(count_);
  Multipliers multipliers;
  for (int attempt = 0; attempt < 64; ++attempt) {
    slots_.multiplier = multipliers.next();
    if (is_perfect<4>(keys, slots_.multiplier)) {
      slots_.bits = 4;
      fill(std::span(slots_.slots).first(16), keys, slots_.multiplier, 4);
      return;
    }
  }
  slots_.bits = 5;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    slots_.multiplier = multipliers.next();
    if (is_perfect<5>(keys, slots_.multiplier)) break;
  }
  fill(slots_.slots, keys, slots_.multiplier, 5);
}

void Palette::fill_large() {
  const std::span<const ColourKey> keys = std::span(keys_).first(count_);
  if (large_ == nullptr) {
    large_.reset(new LargeTable);
  } else {
    const std::size_t slot = large_slot(keys_[count_ - 1], large_->multiplier);
    if (large_->slots[slot] == keys_[0] && slot != large_slot(keys_[0], large_->multiplier)) {
      // A free slot: the hash need not change.
      large_->slots[slot] = keys_[count_ - 1] | static_cast<std::uint32_t>(count_ - 1) << 24U;
      return;
    }
  }
  Multipliers multipliers;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    large_->multiplier = multipliers.next();
    if (is_perfect<large_table_bits>(keys, large_->multiplier)) break;
  }
  fill(large_->slots, keys, large_->multiplier, large_table_bits);
}

}  // namespace qmpshot::encode
