// SPDX-License-Identifier: MIT
// Bytes to lines. No I/O.
#pragma once

#include <qmpshot/error.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace qmpshot::qmp {

// The longest line we keep. The longest QEMU sends is query-qmp-schema's, 248 KB on 11.1; a peer
// that sends more than this without a newline is no QEMU.
inline constexpr std::size_t max_line_bytes = std::size_t{16} << 20;

// Collects what arrives and hands out whole lines. Every byte is looked at once, however small the
// pieces in which a long line comes.
class LineBuffer {
 public:
  explicit LineBuffer(std::size_t limit_bytes = max_line_bytes) : limit_bytes_(limit_bytes) {}

  // Room for at least `size` bytes, valid until the next call of anything; fill it, then commit()
  // how many of them were written.
  std::span<char> prepare(std::size_t size);
  void commit(std::size_t size);

  // The next line without its LF or CRLF, borrowed until the next call of anything; nullopt where
  // more bytes are needed.
  //   errors  bad_peer: a line longer than the limit
  Result<std::optional<std::string_view>> next_line();

  // Whether anything was not handed out.
  [[nodiscard]] bool holds_any() const noexcept { return begin_ != filled_; }

  // Forgets everything that was not handed out.
  void clear() noexcept { filled_ = begin_ = scanned_ = 0; }

 private:
  std::size_t limit_bytes_;
  std::string buffer_;
  std::size_t filled_ = 0;   // bytes of buffer_ that hold data
  std::size_t begin_ = 0;    // where the next line starts
  std::size_t scanned_ = 0;  // no newline in [begin_, scanned_)
};

}  // namespace qmpshot::qmp
