// SPDX-License-Identifier: MIT
#include "capture/frame_file.h"

#include "encode/png_read.h"
#include "encode/ppm.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <utility>

namespace qmpshot::capture {
namespace {

// A PNG is never much larger than its pixels; nothing legitimate comes near this.
constexpr std::size_t max_png_bytes = std::size_t{256} << 20;

Result<std::size_t> file_size(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    return Error::from_errno(Errc::cannot_write, "reading the frame", errno);
  }
  return static_cast<std::size_t>(info.st_size);
}

// Fills `to` from the file's start.
//   return  how much of it there was
Result<std::size_t> read_front(int fd, std::span<std::byte> to) {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t size = ::pread(fd, to.data() + done, to.size() - done, static_cast<off_t>(done));
    if (size == 0) break;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error::from_errno(Errc::cannot_write, "reading the frame", errno);
    done += static_cast<std::size_t>(size);
  }
  return done;
}

// The size of a file whose header and length agree.
Result<std::size_t> checked_ppm_size(int fd) {
  std::array<std::byte, encode::max_ppm_header_bytes> front;
  Result<std::size_t> front_size = read_front(fd, front);
  if (!front_size) return front_size.error();
  if (*front_size == 0) {
    return Error(Errc::bad_image, "reading the frame: QEMU says it is done, but wrote nothing");
  }
  Result<encode::PpmHeader> header = encode::parse_ppm_header(std::span(front).first(*front_size));
  if (!header) return header.error();
  Result<std::size_t> size = file_size(fd);
  if (!size) return size.error();
  if (!header->stride_bytes(*size)) {
    return Error(Errc::bad_image, "reading the frame: its header promises " +
                                      std::to_string(header->file_bytes()) + " bytes, QEMU wrote " +
                                      std::to_string(*size));
  }
  return *size;
}

Error no_memory(std::size_t size) {
  return Error(Errc::cannot_write,
               "reading the frame: no memory for " + std::to_string(size) + " bytes");
}

}  // namespace

std::shared_ptr<std::byte[]> PixelMemory::take(std::size_t size) {
  if (last_.use_count() != 1 || last_size_ < size) {
    last_ = std::make_shared_for_overwrite<std::byte[]>(size);
    last_size_ = size;
  }
  return last_;
}

Result<Image> read_ppm_file(int fd, PixelMemory& memory) {
  Result<std::size_t> size = checked_ppm_size(fd);
  if (!size) return size.error();
  std::shared_ptr<std::byte[]> bytes;
  try {
    bytes = memory.take(*size);
  } catch (const std::bad_alloc&) {
    return no_memory(*size);
  }
  const std::span<std::byte> file(bytes.get(), *size);
  Result<std::size_t> filled = read_front(fd, file);
  if (!filled) return filled.error();
  Result<ImageView> view = encode::parse_ppm(file.first(*filled));
  if (!view) return view.error();
  return Image(std::move(bytes), *view);
}

Result<Image> map_ppm_file(int fd) {
  Result<std::size_t> size = checked_ppm_size(fd);
  if (!size) return size.error();
  void* start = ::mmap(nullptr, *size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (start == MAP_FAILED) return no_memory(*size);
  std::shared_ptr<const void> mapping(
      start, [length = *size](const void* at) { ::munmap(const_cast<void*>(at), length); });
  Result<ImageView> view = encode::parse_ppm({static_cast<const std::byte*>(start), *size});
  if (!view) return view.error();
  return Image(std::move(mapping), *view);
}

Result<PngFrame> read_png_file(int fd) {
  Result<std::size_t> size = file_size(fd);
  if (!size) return size.error();
  if (*size == 0 || *size > max_png_bytes) {
    return Error(Errc::bad_image,
                 "reading the frame: QEMU wrote a PNG of " + std::to_string(*size) + " bytes");
  }
  PngFrame frame;
  frame.bytes.resize(*size);
  Result<std::size_t> filled = read_front(fd, frame.bytes);
  if (!filled) return filled.error();
  Result<Image> image = encode::read_png(std::span(frame.bytes).first(*filled));
  if (!image) return image.error();
  frame.image = std::move(*image);
  return frame;
}

}  // namespace qmpshot::capture
