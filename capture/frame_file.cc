// SPDX-License-Identifier: MIT
#include "capture/frame_file.h"

#include "encode/pages.h"
#include "encode/png_read.h"
#include "encode/ppm.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

// A PNG is never much larger than its pixels; nothing legitimate comes near this.
constexpr std::size_t max_png_bytes = std::size_t{256} << 20;

// Fills `to` from the file, from byte `at` on.
//   return  how much of it there was
Result<std::size_t> read_at(int fd, std::span<std::byte> to, std::size_t at) {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t size =
        ::pread(fd, to.data() + done, to.size() - done, static_cast<off_t>(at + done));
    if (size == 0) break;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error::from_errno(Errc::cannot_write, "reading the frame", errno);
    done += static_cast<std::size_t>(size);
  }
  return done;
}

// A file whose header and length agree.
struct CheckedPpm {
  encode::PpmHeader header;
  std::size_t size_bytes = 0;
  std::size_t stride_bytes = 0;
};

Result<CheckedPpm> check_ppm(int fd) {
  Result<encode::PpmHeader> header = read_ppm_header(fd);
  if (!header) return header.error();
  Result<std::size_t> size = file_size(fd);
  if (!size) return size.error();
  const std::optional<std::size_t> stride = header->stride_bytes(*size);
  if (!stride) {
    return Error(Errc::bad_image, "reading the frame: its header promises " +
                                      std::to_string(header->file_bytes()) + " bytes, QEMU wrote " +
                                      std::to_string(*size));
  }
  return CheckedPpm{*header, *size, *stride};
}

Error no_memory(std::size_t size) {
  return Error(Errc::cannot_write,
               "reading the frame: no memory for " + std::to_string(size) + " bytes");
}

}  // namespace

Result<std::size_t> file_size(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    return Error::from_errno(Errc::cannot_write, "reading the frame", errno);
  }
  return static_cast<std::size_t>(info.st_size);
}

Result<encode::PpmHeader> read_ppm_header(int fd) {
  std::array<std::byte, encode::max_ppm_header_bytes> front;
  Result<std::size_t> size = read_at(fd, front, 0);
  if (!size) return size.error();
  if (*size == 0) {
    return Error(Errc::bad_image, "reading the frame: QEMU wrote nothing");
  }
  return encode::parse_ppm_header(std::span(front).first(*size));
}

std::shared_ptr<std::byte[]> PixelMemory::take(std::size_t size) {
  if (last_.use_count() != 1 || last_size_ < size) {
    last_ = std::make_shared_for_overwrite<std::byte[]>(size);
    encode::map_to_write({last_.get(), size});
    last_size_ = size;
  }
  return last_;
}

Result<Image> read_ppm_file(int fd, PixelMemory& memory) {
  Result<CheckedPpm> ppm = check_ppm(fd);
  if (!ppm) return ppm.error();
  std::shared_ptr<std::byte[]> bytes;
  try {
    bytes = memory.take(ppm->size_bytes);
  } catch (const std::bad_alloc&) {
    return no_memory(ppm->size_bytes);
  }
  const std::span<std::byte> file(bytes.get(), ppm->size_bytes);
  Result<std::size_t> filled = read_at(fd, file, 0);
  if (!filled) return filled.error();
  Result<ImageView> view = encode::parse_ppm(file.first(*filled));
  if (!view) return view.error();
  return Image(std::move(bytes), *view);
}

Result<std::unique_ptr<PpmFile>> PpmFile::open(int fd) {
  Result<CheckedPpm> ppm = check_ppm(fd);
  if (!ppm) return ppm.error();
  return std::unique_ptr<PpmFile>(new PpmFile(fd, ppm->header, ppm->stride_bytes));
}

PpmRows::PpmRows(int fd, const encode::PpmHeader& header, std::size_t stride_bytes)
    : RowSource(header.width_px, header.height_px, PixelFormat::rgb24),
      fd_(fd),
      pixels_at_(header.header_bytes),
      stride_bytes_(stride_bytes),
      most_rows_(static_cast<std::uint32_t>(std::max<std::size_t>(1, part_bytes / stride_bytes))) {
  for (Part& part : parts_) {
    part.bytes = std::make_unique_for_overwrite<std::byte[]>(most_rows_ * stride_bytes);
  }
}

Result<Image> PpmFile::map() const {
  const std::size_t size = pixels_at() + stride_bytes() * height_px;
  void* start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd(), 0);
  if (start == MAP_FAILED) return no_memory(size);
  std::shared_ptr<const void> mapping(
      start, [size](const void* at) { ::munmap(const_cast<void*>(at), size); });
  const std::span file(static_cast<const std::byte*>(start), size);
  return Image(std::move(mapping),
               {file.subspan(pixels_at()), width_px, height_px, stride_bytes(), format});
}

std::span<const std::byte> PpmFile::row(std::uint32_t y) {
  (void)load(y);
  return loaded(y);
}

std::span<const std::byte> PpmRows::loaded(std::uint32_t y) const {
  const Part& part = parts_[newest_];
  return {part.bytes.get() + (y - part.first) * stride_bytes_, std::size_t{3} * width_px};
}

// Into the older part: rows of the newer one were just handed out. One row, unless it follows those
// of the part before: then others will, too. What the file does not have is black.
bool PpmRows::load(std::uint32_t y) {
  const Part& newer = parts_[newest_];
  if (newer.holds(y)) return true;
  const bool goes_on = newer.count != 0 && y == newer.first + newer.count;
  newest_ = 1 - newest_;
  Part& part = parts_[newest_];
  part.first = y;
  part.count = goes_on ? std::min(most_rows_, height_px - y) : 1;
  const std::span to(part.bytes.get(), part.count * stride_bytes_);
  const std::size_t from = pixels_at_ + y * stride_bytes_;
  const bool comes = await(from + to.size());
  const Result<std::size_t> filled = read_at(fd_, to, from);
  const std::size_t missing_from = filled ? *filled : 0;
  std::ranges::fill(to.subspan(missing_from), std::byte{0});
  return comes && missing_from == to.size();
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
  Result<std::size_t> filled = read_at(fd, frame.bytes, 0);
  if (!filled) return filled.error();
  Result<Image> image = encode::read_png(std::span(frame.bytes).first(*filled));
  if (!image) return image.error();
  frame.image = std::move(*image);
  return frame;
}

}  // namespace qmpshot::capture
