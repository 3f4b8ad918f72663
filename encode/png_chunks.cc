// SPDX-License-Identifier: MIT
#include "encode/png_chunks.h"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <string>

namespace qmpshot::encode {
namespace {

void put_u32(std::span<std::byte, 4> to, std::size_t value) noexcept {
  for (std::size_t i = 0; i < 4; ++i) to[i] = static_cast<std::byte>(value >> (24 - 8 * i));
}

void append_u32(std::vector<std::byte>& out, std::size_t value) {
  std::array<std::byte, 4> bytes;
  put_u32(bytes, value);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append(std::vector<std::byte>& out, std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// tEXt where ASCII suffices, else iTXt, which is UTF-8 (PNG 11.3.3.2 to 11.3.3.4). No control
// characters: PNG discourages all but newlines, and names and titles have none.
Result<void> write_text(std::string_view keyword, std::string_view text,
                        std::vector<std::byte>& out) {
  if (text.empty()) return {};
  if (std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 0x7F; })) {
    return Error(Errc::bad_argument, "writing a PNG: its text \"" + std::string(keyword) +
                                         "\" contains a control character");
  }
  const bool ascii = is_printable_ascii(text);
  PngChunk chunk(ascii ? "tEXt" : "iTXt", out);
  append(out, keyword);
  // iTXt: keyword, 0, not compressed, method 0, no language, 0, no translated keyword, 0, text.
  append(out, ascii ? std::string_view("\0", 1) : std::string_view("\0\0\0\0\0", 5));
  append(out, text);
  chunk.end();
  return {};
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

Result<void> write_texts(const EncodeOptions& options, std::vector<std::byte>& out) {
  if (Result<void> done = write_text("Title", options.title, out); !done) return done;
  if (Result<void> done = write_text("Source", options.source, out); !done) return done;
  if (!options.taken_at) return {};
  return write_text("Creation Time", creation_time(*options.taken_at), out);
}

}  // namespace

PngChunk::PngChunk(std::string_view type, std::vector<std::byte>& out)
    : out_(&out), start_(out.size()) {
  append_u32(out, 0);
  append(out, type);
}

void PngChunk::end() {
  std::byte* const at = out_->data() + start_;
  const std::size_t size = out_->size() - start_ - 8;
  put_u32(std::span<std::byte, 4>(at, 4), size);
  append_u32(*out_, libdeflate_crc32(0, at + 4, size + 4));
}

Result<void> write_png_head(const PngHeader& header, const PngPalette& palette,
                            const EncodeOptions& options, std::vector<std::byte>& out) {
  append(out, "\x89PNG\r\n\x1A\n");
  PngChunk ihdr("IHDR", out);
  append_u32(out, header.width_px);
  append_u32(out, header.height_px);
  out.push_back(static_cast<std::byte>(header.depth));
  out.push_back(static_cast<std::byte>(header.colour));
  out.insert(out.end(), 3, std::byte{0});  // deflate, the five filters, not interlaced
  ihdr.end();
  if (Result<void> done = write_texts(options, out); !done) return done;
  if (!palette.empty()) {
    PngChunk plte("PLTE", out);
    for (const auto& colour : palette) {
      for (const std::uint8_t sample : colour) out.push_back(std::byte{sample});
    }
    plte.end();
  }
  return {};
}

void write_png_end(std::vector<std::byte>& out) {
  PngChunk("IEND", out).end();
}

}  // namespace qmpshot::encode
