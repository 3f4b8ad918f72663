// SPDX-License-Identifier: MIT
// A file that QEMU wrote one frame into, taken into our memory with suspicion: the peer may have
// written too much, too little, or lie about the size.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/image.h>

#include <cstddef>
#include <memory>
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

// Reads a PPM from offset 0 on, whatever the descriptor's own offset. No memory is taken before the
// header and the file's size agree.
//   return  rgb24, shares `memory`
//   errors  bad_image; cannot_write: reading failed or there is no memory
Result<Image> read_ppm_file(int fd, PixelMemory& memory);

// The same without a copy. Only for a file that can no longer shrink: a page that is gone raises
// SIGBUS.
//   return  rgb24, keeps the mapping, not the descriptor
Result<Image> map_ppm_file(int fd);

// A whole PNG, decoded as a check: `image` and `bytes` are the same picture.
struct PngFrame {
  std::vector<std::byte> bytes;
  Image image;
};
Result<PngFrame> read_png_file(int fd);

}  // namespace qmpshot::capture
