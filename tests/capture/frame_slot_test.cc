// SPDX-License-Identifier: MIT
#include "capture/frame_slot.h"

#include "tests/support/bytes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace qmpshot::capture {
namespace {

// What QEMU does: a descriptor of its own with our offset, cut to nothing, written where it stands.
void dump(const FrameSlot& slot, std::string_view ppm) {
  const UniqueFd qemus(::dup(slot.writer()));
  ASSERT_EQ(::ftruncate(qemus.get(), 0), 0);
  ASSERT_EQ(::write(qemus.get(), ppm.data(), ppm.size()), static_cast<ssize_t>(ppm.size()));
}

constexpr std::string_view large = "P6\n2 2\n255\nabcdefghijkl";
constexpr std::string_view small = "P6\n1 1\n255\nxyz";

TEST(FrameSlot, WriterCannotReadAndIsClosedOnExec) {
  const FrameSlot slot = FrameSlot::create().value();
  EXPECT_EQ(::fcntl(slot.writer(), F_GETFL) & O_ACCMODE, O_WRONLY);
  EXPECT_NE(::fcntl(slot.writer(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(FrameSlot, SecondFrameIsNotPrecededByTheFirst) {
  FrameSlot slot = FrameSlot::create().value();
  PixelMemory memory;
  dump(slot, large);
  EXPECT_EQ(test::text(slot.read(memory).value().view().pixels), "abcdefghijkl");
  slot.rewind();
  dump(slot, large);
  EXPECT_EQ(test::text(slot.read(memory).value().view().pixels), "abcdefghijkl");
}

TEST(FrameSlot, SmallerSecondFrameHasItsOwnSize) {
  FrameSlot slot = FrameSlot::create().value();
  PixelMemory memory;
  dump(slot, large);
  slot.rewind();
  dump(slot, small);
  const Image image = slot.read(memory).value();
  EXPECT_EQ(image.view().width_px, 1u);
  EXPECT_EQ(test::text(image.view().pixels), "xyz");
}

TEST(FrameSlot, EarlierFrameStaysAsItWas) {
  FrameSlot slot = FrameSlot::create().value();
  PixelMemory memory;
  dump(slot, "P6\n1 1\n255\nabc");
  const Image first = slot.read(memory).value();
  slot.rewind();
  dump(slot, small);
  const Image second = slot.read(memory).value();
  EXPECT_EQ(test::text(first.view().pixels), "abc");
  EXPECT_EQ(test::text(second.view().pixels), "xyz");
}

// Two of one number in one VM: QEMU writes to the newer one's memory.
TEST(FrameSlot, ADumpThatWentElsewhereIsAnErrorAndNotTheFrameBefore) {
  FrameSlot slot = FrameSlot::create().value();
  PixelMemory memory;
  dump(slot, large);
  ASSERT_TRUE(slot.read(memory).ok());
  slot.rewind();
  EXPECT_EQ(slot.read(memory).error().code(), Errc::bad_image);
}

TEST(FrameSlot, NobodyElseMayOpenTheMemory) {
  const FrameSlot slot = FrameSlot::create().value();
  struct stat info {};
  ASSERT_EQ(::fstat(slot.writer(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0U);
}

TEST(FrameSlot, ForgottenRewindIsAnErrorAndNoPicture) {
  FrameSlot slot = FrameSlot::create().value();
  PixelMemory memory;
  dump(slot, large);
  dump(slot, large);
  EXPECT_EQ(slot.read(memory).error().code(), Errc::bad_image);
}

TEST(FrameSlot, SealedMemoryCanNeitherChangeNorShrinkNorGrow) {
  FrameSlot slot = FrameSlot::create().value();
  dump(slot, large);
  const Image image = slot.seal()->image;
  EXPECT_EQ(::pwrite(slot.writer(), "!", 1, 20), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(slot.writer(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(slot.writer(), 4096), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(test::text(image.view().pixels), "abcdefghijkl");
}

TEST(FrameSlot, ASealedFrameCanBeReadByRows) {
  for (const bool can_be_sealed : {true, false}) {
    FrameSlot slot = FrameSlot::create().value();
    dump(slot, large);
    if (!can_be_sealed) {
      ASSERT_EQ(::fcntl(slot.writer(), F_ADD_SEALS, F_SEAL_SEAL), 0);
    }
    const FrameSlot::Sealed sealed = slot.seal().value();
    const ImageView& view = sealed.image.view();
    ASSERT_EQ(sealed.rows->height_px, view.height_px);
    for (std::uint32_t y = 0; y < view.height_px; ++y) {
      EXPECT_EQ(test::text(sealed.rows->row(y)), test::text(view.row(y)));
    }
  }
}

TEST(FrameSlot, MemoryThatCannotBeSealedIsCopied) {
  FrameSlot slot = FrameSlot::create().value();
  dump(slot, large);
  ASSERT_EQ(::fcntl(slot.writer(), F_ADD_SEALS, F_SEAL_SEAL), 0);
  const Image image = slot.seal()->image;
  ASSERT_EQ(::ftruncate(slot.writer(), 0), 0);
  EXPECT_EQ(test::text(image.view().pixels), "abcdefghijkl");
}

TEST(FrameSlot, MappedFrameOutlivesItsSlot) {
  Image image;
  {
    FrameSlot slot = FrameSlot::create().value();
    dump(slot, large);
    image = slot.seal()->image;
  }
  EXPECT_EQ(test::text(image.view().pixels), "abcdefghijkl");
}

// A mapping of the peer's own would let it change pixels after they were checked.
TEST(FrameSlot, WriterCannotBeMapped) {
  FrameSlot slot = FrameSlot::create().value();
  dump(slot, large);
  EXPECT_EQ(::mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, slot.writer(), 0), MAP_FAILED);
}

TEST(FrameSlot, ReleasedPagesAreGoneForQemuToo) {
  FrameSlot slot = FrameSlot::create().value();
  dump(slot, large);
  const UniqueFd kept_by_qemu(::dup(slot.writer()));
  slot.release_pages();
  struct stat info {};
  ASSERT_EQ(::fstat(kept_by_qemu.get(), &info), 0);
  EXPECT_EQ(info.st_blocks, 0);
}

}  // namespace
}  // namespace qmpshot::capture
