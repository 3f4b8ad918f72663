// SPDX-License-Identifier: MIT
// Deflate made for screens. What repeats on a screen repeats one row or one pixel away, so matches
// are looked for there, 64 bytes at a time, and a hash table is asked only about the gaps between.
// One dynamic Huffman code per block. Rows come in as they are made, and stay in cache: nothing
// holds the whole picture. A stream may be made in parts, by several of these at once.
#pragma once

#include "encode/kernels_deflate.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace qmpshot::encode {

class ScreenDeflate {
 public:
  ScreenDeflate();
  ~ScreenDeflate();
  ScreenDeflate(const ScreenDeflate&) = delete;
  ScreenDeflate& operator=(const ScreenDeflate&) = delete;

  static constexpr std::size_t max_row_bytes = 65536;

  // Starts to append blocks (RFC 1951) to `out`, which stands until end(). Forgets the rows of
  // before. Keeps memory.
  //   row_count  how many `out` will get, of this restart() and of later ones; a guess will do
  void restart(const RowShape& shape, std::size_t row_count, std::vector<std::byte>& out);

  // The rows since restart() are not compressed: they came before, and are only what later ones may
  // repeat. All but the last of them have fewer than deflate_window bytes together.
  void begin();

  // Where the next row is to be written: row_bytes, and up to 64 more that do not count. The row
  // above, if there is one and row_bytes <= deflate_window, lies directly before it.
  std::uint8_t* next_row();
  void commit_row() noexcept;

  // Ends the blocks at a whole byte. No rows after it.
  //   last  whether the stream ends here; else other blocks follow
  void end(bool last);

  // Of the rows that were compressed (RFC 1950, 9).
  [[nodiscard]] std::uint32_t adler32() const noexcept { return adler_; }

 private:
  struct Workspace;
  struct GiveBack {
    void operator()(Workspace* workspace) const noexcept;
  };
  static Workspace* take_workspace();
  static constexpr std::size_t most_spares = 4;
  static std::array<std::atomic<Workspace*>, most_spares> spares;

  void compress();
  void slide() noexcept;
  void close_block(bool last);
  void write_stored(bool last);
  void grow(std::size_t bits);

  std::vector<std::byte>* out_ = nullptr;
  std::size_t written_ = 0;  // whole bytes of *out_ that stand
  BitWriter bits_;
  std::unique_ptr<Workspace, GiveBack> work_;
  const DeflateKernels* kernels_;
  RowShape shape_{};
  std::size_t expected_bytes_ = 0;  // of rows still to come, and of the open block
  std::size_t begin_ = 0;           // work_->bytes[begin_..end_) waits for compress()
  std::size_t end_ = 0;
  std::size_t history_ = 0;      // so many bytes before begin_ were compressed before
  std::size_t block_bytes_ = 0;  // so many of these belong to the open block
  std::uint32_t position_ = 0;   // of bytes[0], for the hash table
  std::uint32_t adler_ = 1;
  bool is_dense_ = false;  // the last band that was compressed
  std::size_t token_count_ = 0;
  std::size_t literal_count_ = 0;
  std::uint32_t pending_ = 0;
};

}  // namespace qmpshot::encode
