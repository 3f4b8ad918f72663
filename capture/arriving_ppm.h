// SPDX-License-Identifier: MIT
// A frame that QEMU is writing, read while it comes: what has come can be encoded meanwhile.
#pragma once

#include "capture/frame_file.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace qmpshot::capture {

// Rows of a PPM, each waited for. Nothing tells when a memfd grows: its size is looked at again and
// again, until QEMU says something on the monitor, which it does when it is done.
//   source  QEMU ui/ui-qmp-cmds.c:ppm_save, 5.2 to 11.1: the file is truncated once, before its
//           first byte; then each byte is written once, in order, the header by itself
class ArrivingPpm final : public PpmRows {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Waits for the header. Borrows both descriptors.
  //   file     was empty when QEMU was asked for the frame
  //   monitor  nothing is to be read from it now
  //   until    no row is given later
  //   return   nullptr where no header comes
  static std::unique_ptr<ArrivingPpm> open(int file, int monitor, TimePoint until);

  // As RowSource::row(). Where one did not come, there are none any more.
  std::span<const std::byte> row(std::uint32_t y) override;
  [[nodiscard]] bool is_coming() const noexcept override { return true; }

  // Whether all came that were asked for.
  [[nodiscard]] bool came() const noexcept { return came_; }

 private:
  ArrivingPpm(int file, int monitor, const encode::PpmHeader& header, TimePoint until);
  bool await(std::size_t size_bytes) override;

  int monitor_;
  TimePoint until_;
  std::size_t there_bytes_ = 0;
  bool came_ = true;
};

}  // namespace qmpshot::capture
