// SPDX-License-Identifier: MIT
#include "capture/arriving_ppm.h"

#include "encode/ppm.h"

#include <poll.h>

#include <ctime>

namespace qmpshot::capture {
namespace {

// A fifth of what QEMU takes for a console of 720x400; its last word ends a pause. Measured: of 20,
// 60, 120, 200, 300, 500 and 1000 us this is as good as the best, and 60 us take 1 to 3 % longer.
constexpr timespec between_looks{0, 300'000};

// Pauses.
//   return  whether that ended early: the monitor spoke or hung up, or a signal came
bool pause_or_hear(int monitor) {
  pollfd heard{monitor, POLLIN, 0};
  return ::ppoll(&heard, 1, &between_looks, nullptr) != 0;
}

// Until the file has `least` bytes, and no longer than until something is heard.
//   return  how many it has
std::size_t await_size(int file, int monitor, std::size_t least, ArrivingPpm::TimePoint until) {
  for (bool is_last = false;;) {
    const Result<std::size_t> size = file_size(file);
    if (!size) return 0;
    if (*size >= least || is_last) return *size;
    // Once more: the last bytes may have come before QEMU spoke.
    is_last = pause_or_hear(monitor) || std::chrono::steady_clock::now() >= until;
  }
}

}  // namespace

// QEMU pads rows. Those of a file that has them packed would be fewer bytes than are waited for.
std::unique_ptr<ArrivingPpm> ArrivingPpm::open(int file, int monitor, TimePoint until) {
  if (await_size(file, monitor, 1, until) == 0) return nullptr;
  const Result<encode::PpmHeader> header = read_ppm_header(file);
  if (!header) return nullptr;
  return std::unique_ptr<ArrivingPpm>(new ArrivingPpm(file, monitor, *header, until));
}

ArrivingPpm::ArrivingPpm(int file, int monitor, const encode::PpmHeader& header, TimePoint until)
    : PpmRows(file, header, header.padded_row_bytes()), monitor_(monitor), until_(until) {}

std::span<const std::byte> ArrivingPpm::row(std::uint32_t y) {
  came_ = came_ && load(y);
  return came_ ? loaded(y) : std::span<const std::byte>();
}

// Not past `until` where all is there, either: others may wait for the monitor by then.
bool ArrivingPpm::await(std::size_t size_bytes) {
  if (std::chrono::steady_clock::now() >= until_) return false;
  if (there_bytes_ < size_bytes) {
    there_bytes_ = await_size(fd(), monitor_, size_bytes, until_);
  }
  return there_bytes_ >= size_bytes;
}

}  // namespace qmpshot::capture
