// SPDX-License-Identifier: MIT
#include "capture/arriving_ppm.h"

#include "encode/ppm.h"

#include <algorithm>
#include <thread>

namespace qmpshot::capture {
namespace {

// QEMU writes a row in some microseconds. Where none comes for so long it was not let, or refuses.
constexpr auto patience = std::chrono::milliseconds(5);

// With what the kernel adds, as long as QEMU takes for some twenty rows of a console. Without a
// pause QEMU would write more slowly: it and we would reach for the same pages.
constexpr auto pause = std::chrono::microseconds(20);

// Until the file has `least` bytes.
//   return  how many it has; fewer where they do not come
std::size_t await_size(int fd, std::size_t least, ArrivingPpm::TimePoint until) {
  std::size_t last = 0;
  auto grown_at = std::chrono::steady_clock::now();
  for (;;) {
    const Result<std::size_t> known = file_size(fd);
    const std::size_t size = known ? *known : 0;
    if (size >= least) return size;
    const auto now = std::chrono::steady_clock::now();
    if (size != last) grown_at = now;
    last = size;
    if (now >= std::min(until, grown_at + patience)) return size;
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

// QEMU writes the header by itself, and before that nothing: what there is of it is all of it. That
// rows are padded shows in the file's size only, and it is QEMU who wrote it.
std::unique_ptr<ArrivingPpm> ArrivingPpm::open(int fd, TimePoint until) {
  if (await_size(fd, 1, until) == 0) return nullptr;
  const Result<encode::PpmHeader> header = read_ppm_header(fd);
  if (!header) return nullptr;
  return std::unique_ptr<ArrivingPpm>(
      new ArrivingPpm(fd, *header, header->padded_row_bytes(), until));
}

ArrivingPpm::ArrivingPpm(int fd, const encode::PpmHeader& header, std::size_t stride_bytes,
                         TimePoint until)
    : PpmFile(fd, header, stride_bytes), until_(until) {}

void ArrivingPpm::await(std::size_t size_bytes) {
  if (is_missing_ || there_bytes_ >= size_bytes) return;
  there_bytes_ = await_size(fd(), size_bytes, until_);
  came_at_ = std::chrono::steady_clock::now();
  is_missing_ = there_bytes_ < size_bytes;
}

std::optional<ArrivingPpm::TimePoint> ArrivingPpm::came_at() const noexcept {
  if (is_missing_ || there_bytes_ == 0) return std::nullopt;
  return came_at_;
}

bool ArrivingPpm::has_become(const ImageView& whole) const noexcept {
  return width_px == whole.width_px && height_px == whole.height_px &&
         stride_bytes() == whole.stride_bytes;
}

}  // namespace qmpshot::capture
