// SPDX-License-Identifier: MIT
// A file that QEMU wrote one frame into, taken into our memory with suspicion: the peer may have
// written too much, too little, or lie about the size.
#pragma once

#include "encode/ppm.h"
#include "encode/row_source.h"

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace qmpshot::capture {

// Memory for frames, used again when no earlier frame holds it any more: fresh memory costs a page
// fault every 4 KiB, which is more than copying the pixels into it.
class PixelMemory {
 public:
  // At least `size` bytes, uninitialised.
  std::shared_ptr<std::byte[]> take(std::size_t size);

 private:
  std::shared_ptr<std::byte[]> last_;
  std::size_t last_size_ = 0;
};

//   return  bytes
//   errors  cannot_write
Result<std::size_t> file_size(int fd);

// Reads the front of a PPM from offset 0 on.
//   errors  bad_image; cannot_write: reading failed
Result<encode::PpmHeader> read_ppm_header(int fd);

// Reads a PPM from offset 0 on, whatever the descriptor's own offset. No memory is taken before the
// header and the file's size agree.
//   return  rgb24, shares `memory`
//   errors  bad_image; cannot_write: reading failed or there is no memory
Result<Image> read_ppm_file(int fd, PixelMemory& memory);

// The rows of a PPM in a file, read a few at a time: in VMs where a page fault is dear half of what
// it costs to map them, for who reads them once. Elsewhere that was not measured.
class PpmRows : public encode::RowSource {
 protected:
  // Borrows the descriptor; its own offset does not matter.
  PpmRows(int fd, const encode::PpmHeader& header, std::size_t stride_bytes);

  // Sees to it that row y is in memory; false where the file does not have it.
  bool load(std::uint32_t y);
  // The row that was loaded last.
  [[nodiscard]] std::span<const std::byte> loaded(std::uint32_t y) const;

  // Waits until the file has so many bytes; false where it will not have them. A whole file has.
  virtual bool await(std::size_t /*size_bytes*/) { return true; }

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] std::size_t pixels_at() const noexcept { return pixels_at_; }
  [[nodiscard]] std::size_t stride_bytes() const noexcept { return stride_bytes_; }

 private:
  static constexpr std::size_t part_bytes = 16384;  // stays in the first cache
  struct Part {
    std::unique_ptr<std::byte[]> bytes;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    [[nodiscard]] bool holds(std::uint32_t y) const noexcept {
      return y >= first && y - first < count;
    }
  };

  int fd_;
  std::size_t pixels_at_;
  std::size_t stride_bytes_;
  std::uint32_t most_rows_;  // of a part
  std::array<Part, 2> parts_;
  std::size_t newest_ = 0;
};

// Those of a PPM that can no longer shrink.
class PpmFile final : public PpmRows {
 public:
  // Borrows the descriptor; its own offset does not matter.
  //   errors  bad_image; cannot_write: reading failed
  static Result<std::unique_ptr<PpmFile>> open(int fd);

  // The whole of it in memory, without a copy. A file that could shrink would raise SIGBUS.
  //   return  rgb24, keeps the mapping, not the descriptor
  //   errors  cannot_write: no memory
  [[nodiscard]] Result<Image> map() const;

  // What cannot be read is black: of memory that cannot shrink there is no such thing.
  std::span<const std::byte> row(std::uint32_t y) override;

 private:
  using PpmRows::PpmRows;
};

// A whole PNG, decoded as a check: `image` and `bytes` are the same picture.
struct PngFrame {
  std::vector<std::byte> bytes;
  Image image;
};
Result<PngFrame> read_png_file(int fd);

}  // namespace qmpshot::capture
