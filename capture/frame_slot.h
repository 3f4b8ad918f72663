// SPDX-License-Identifier: MIT
// The memory QEMU writes a frame into: a memfd of ours, lent to it through a descriptor set.
#pragma once

#include "capture/arriving_ppm.h"
#include "capture/frame_file.h"
#include "encode/row_source.h"

#include <qmpshot/error.h>
#include <qmpshot/image.h>
#include <qmpshot/unique_fd.h>

#include <memory>

namespace qmpshot::capture {

class FrameSlot {
 public:
  // Memory whose name says it is ours: see owner.h.
  //   errors  cannot_write: no memory or descriptors left, or /proc is not mounted
  static Result<FrameSlot> create();

  // The write-only twin, for add-fd. QEMU takes no descriptor that can also be read.
  [[nodiscard]] int writer() const noexcept { return writer_.get(); }

  // The frame while QEMU writes it, as ArrivingPpm::open(), into a slot that was empty; while the
  // slot lasts.
  [[nodiscard]] std::unique_ptr<ArrivingPpm> arriving(int monitor,
                                                      ArrivingPpm::TimePoint until) const {
    return ArrivingPpm::open(memory_.get(), monitor, until);
  }

  // Before every dump: QEMU truncates the file, but writes where our shared offset stands. And a
  // dump that goes elsewhere must not leave the frame before.
  void rewind() noexcept;

  // The frame, copied: the slot can be used again.
  Result<Image> read(PixelMemory& memory) const { return read_ppm_file(memory_.get(), memory); }

  // The frame, for a slot that is used once: without a copy where the memory can be sealed. Nobody,
  // QEMU included, can write to it or cut it any more then, so it is mapped without fear of SIGBUS.
  // Only a process of root's could have opened it by /proc, mapped it, and change pixels yet.
  struct Sealed {
    Image image;
    std::unique_ptr<encode::RowSource>
        rows;  // the same, cheaper to read; while slot and image last
  };
  Result<Sealed> seal();

  // Gives the pages back, also those that QEMU still holds a descriptor of. Not after sealing.
  void release_pages() noexcept;

 private:
  FrameSlot(UniqueFd memory, UniqueFd writer)
      : memory_(std::move(memory)), writer_(std::move(writer)) {}

  UniqueFd memory_;
  UniqueFd writer_;
};

}  // namespace qmpshot::capture
