// SPDX-License-Identifier: MIT
#include "encode/png_chunks.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>

namespace qmpshot::encode {
namespace {

void put_u32(std::span<std::byte, 4> to, std::size_t value) noexcept {
  for (std::size_t i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

// libdeflate's CRC-32 is the faster one, but looks at the CPU first, 40 us in a VM: a process that
// makes one small picture does without.
constexpr std::size_t small_bytes = 32768;

bool is_worth_a_look(std::size_t more_bytes) noexcept {
  static std::atomic<std::size_t> bytes = 0;
  return bytes.fetch_add(more_bytes, std::memory_order_relaxed) + more_bytes > small_bytes;
}

// CRC-32 (PNG, 5.5) by eight tables (Kounavis, Berry: "Novel Table Lookup-Based Algorithms for
// High-Performance CRC Generation").
using CrcTables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
  CrcTables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1U ^ 0xEDB88320U : crc >> 1U;
    tables[0][i] = crc;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) {
      tables[t][i] = tables[t - 1][i] >> 8U ^ tables[0][tables[t - 1][i] & 255U];
    }
  }
  return tables;
}

std::uint32_t small_crc32(std::span<const std::byte> bytes) noexcept {
  static constexpr CrcTables tables = make_crc_tables();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const auto byte = std::to_integer<std::uint32_t>(bytes[i]);
      next ^= tables[7 - i][(i < 4 ? byte ^ crc >> 8U * i : byte) & 255U];
    }
    crc = next;
  }
  for (const std::byte byte : bytes) {
    crc = crc >> 8U ^ tables[0][(std::to_integer<std::uint32_t>(byte) ^ crc) & 255U];
  }
  return ~crc;
}

void append(std::vector<std::byte>& out, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

constexpr std::uint32_t not_utf8 = 0xFFFFFFFFU;

// Takes one character (RFC 3629) off the front of a text that is not empty. not_utf8 where there is
// none: a stray or missing byte, one longer than it need be, a surrogate, or above U+10FFFF.
std::uint32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());  // char is signed on some machines
  text.remove_prefix(1);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || text.size() < more) return not_utf8;
  std::uint32_t code = first & (0x3FU >> more);
  for (std::size_t i = 0; i < more; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) return not_utf8;
    code = code << 6U | (byte & 0x3FU);
  }
  text.remove_prefix(more);
  constexpr std::array<std::uint32_t, 4> least = {0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < least[more] || code > 0x10FFFF || surrogate ? not_utf8 : code;
}

// Unicode's categories of them are C0, U+007F and C1.
bool is_control(std::uint32_t code) {
  return code < ' ' || (code >= 0x7F && code < 0xA0);
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// No control characters: PNG discourages all but newlines, and names and titles have none.
Result<void> check_text(std::string_view keyword, std::string_view text) {
  while (!text.empty()) {
    const std::uint32_t code = take_character(text);
    if (code != not_utf8 && !is_control(code)) continue;
    return Error(Errc::bad_argument,
                 "writing a PNG: its text \"" + std::string(keyword) + "\" " +
                     (code == not_utf8 ? "is not UTF-8" : "contains a control character"));
  }
  return {};
}

// tEXt where ASCII suffices, else iTXt, which is UTF-8 (PNG 11.3.3.2 to 11.3.3.4).
void write_text(std::string_view keyword, std::string_view text, std::vector<std::byte>& out) {
  if (text.empty()) return;
  const bool ascii = is_printable_ascii(text);
  PngChunk chunk(ascii ? "tEXt" : "iTXt", out);
  append(out, keyword);
  // iTXt: keyword, 0, not compressed, method 0, no language, 0, no translated keyword, 0, text.
  append(out, ascii ? std::string_view("\0", 1) : std::string_view("\0\0\0\0\0", 5));
  append(out, text);
  chunk.end();
}

// RFC 3339, which PNG's third edition suggests for this keyword (11.3.3.1).
std::string creation_time(std::chrono::sys_seconds when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(when - day);
  std::array<char, 64> text;
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

void append_u32(std::vector<std::byte>& out, std::size_t value) {
  std::array<std::byte, 4> bytes;
  put_u32(bytes, value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Result<void> check_png_texts(const EncodeOptions& options) {
  if (Result<void> checked = check_text("Title", options.title); !checked) return checked;
  return check_text("Source", options.source);
}

PngChunk::PngChunk(std::string_view type, std::vector<std::byte>& out)
    : out_(&out), start_(out.size()) {
  append_u32(out, 0);
  append(out, type);
}

void PngChunk::end() {
  std::byte* const at = out_->data() + start_;
  const std::size_t size = out_->size() - start_ - 8;
  put_u32(std::span<std::byte, 4>(at, 4), size);
  const std::span<const std::byte> covered(at + 4, size + 4);
  append_u32(*out_, is_worth_a_look(covered.size())
                        ? libdeflate_crc32(0, covered.data(), covered.size())
                        : small_crc32(covered));
}

void write_png_head(const PngHeader& header, const PngPalette& palette,
                    const EncodeOptions& options, std::vector<std::byte>& out) {
  append(out, "\x89PNG\r\n\x1A\n");
  PngChunk ihdr("IHDR", out);
  append_u32(out, header.width_px);
  append_u32(out, header.height_px);
  out.push_back(static_cast<std::byte>(header.depth));
  out.push_back(static_cast<std::byte>(header.colour));
  out.insert(out.end(), 3, std::byte{0});  // deflate, the five filters, not interlaced
  ihdr.end();
  write_text("Title", options.title, out);
  write_text("Source", options.source, out);
  if (options.taken_at) write_text("Creation Time", creation_time(*options.taken_at), out);
  if (!palette.empty()) {
    PngChunk plte("PLTE", out);
    for (const auto& colour : palette) {
      for (const std::uint8_t sample : colour) out.push_back(std::byte{sample});
    }
    plte.end();
  }
}

void write_png_end(std::vector<std::byte>& out) {
  PngChunk("IEND", out).end();
}

}  // namespace qmpshot::encode
