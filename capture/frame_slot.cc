// SPDX-License-Identifier: MIT
#include "capture/frame_slot.h"

#include "capture/owner.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

namespace qmpshot::capture {

Result<FrameSlot> FrameSlot::create() {
  UniqueFd memory(::memfd_create(memory_name().c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return Error::from_errno(Errc::cannot_write, "making memory for the frame", errno);
  // Only a reopened descriptor has its own access mode; dup() would share O_RDWR.
  const std::string path = "/proc/self/fd/" + std::to_string(memory.get());
  UniqueFd writer(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!writer) {
    return Error::from_errno(Errc::cannot_write, "opening the frame's memory through /proc", errno);
  }
  (void)::fchmod(memory.get(), 0);  // QEMU is not to open it anew, to read and map it
  return FrameSlot(std::move(memory), std::move(writer));
}

void FrameSlot::rewind() noexcept {
  release_pages();
  (void)::lseek(writer_.get(), 0, SEEK_SET);  // cannot fail on a memfd
}

Result<FrameSlot::Sealed> FrameSlot::seal() {
  // Not F_SEAL_WRITE: for it the kernel waits until no CPU has pages of this file in hand, as long
  // as compressing them takes, and where QEMU is killed it gives up with EBUSY.
  constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;
  if (::fcntl(memory_.get(), F_ADD_SEALS, seals) == 0) {
    Result<std::unique_ptr<PpmFile>> file = PpmFile::open(memory_.get());
    if (!file) return file.error();
    Result<Image> image = (*file)->map();
    if (!image) return image.error();
    return Sealed{std::move(*image), std::move(*file)};
  }
  PixelMemory memory;  // Linux before 5.1
  Result<Image> image = read(memory);
  if (!image) return image.error();
  auto rows = std::make_unique<encode::ImageRows>(image->view());
  return Sealed{std::move(*image), std::move(rows)};
}

void FrameSlot::release_pages() noexcept {
  if (memory_) (void)!::ftruncate(memory_.get(), 0);  // fails only on sealed memory
}

}  // namespace qmpshot::capture
