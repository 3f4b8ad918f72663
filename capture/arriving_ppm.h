// SPDX-License-Identifier: MIT
// A frame that QEMU is writing, read while it comes: QEMU takes a millisecond or more for what we
// need half of that to encode.
#pragma once

#include "capture/frame_file.h"

#include <qmpshot/image.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

namespace qmpshot::capture {

// Its rows, each waited for. Nothing tells when a memfd grows, so its size is looked at again and
// again, with pauses in which the CPU is QEMU's. Waits for so long only as it grows, and no longer
// than `until`; what has not come then is black.
class ArrivingPpm final : public PpmFile {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Waits for the header. Borrows the descriptor, to a file that was empty.
  //   return  nullptr where none came
  static std::unique_ptr<ArrivingPpm> open(int fd, TimePoint until);

  // When the last byte was there that a row was read from; nullopt where one had not come.
  [[nodiscard]] std::optional<TimePoint> came_at() const noexcept;

  // Whether rows of this are rows of what it has become.
  [[nodiscard]] bool has_become(const ImageView& whole) const noexcept;

 private:
  ArrivingPpm(int fd, const encode::PpmHeader& header, std::size_t stride_bytes, TimePoint until);
  void await(std::size_t size_bytes) override;

  TimePoint until_;
  std::size_t there_bytes_ = 0;
  TimePoint came_at_{};
  bool is_missing_ = false;
};

}  // namespace qmpshot::capture
