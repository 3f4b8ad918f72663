// SPDX-License-Identifier: MIT
// What a one-shot's frame is encoded to, while it comes or when it is there: the frame, or nothing.
#include "capture/one_shot.h"

#include "capture/run_to_end.h"
#include "encode/threads.h"
#include "qmp/deadline.h"
#include "tests/capture/bad_manners.h"
#include "tests/support/pixel_encoder.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

namespace qmpshot::capture {
namespace {

using test::PixelEncoder;

class OneShotFile : public BadManners {};

Result<OneShot> shoot_and(const FakeQemu& qemu, PixelEncoder& encoder,
                          Route route = Route::automatic) {
  asio::io_context loop{1};
  encoder.calls.clear();
  return run_to_end(loop, shoot(qemu.socket_path(), request(60s, route), std::ref(encoder)));
}

TEST_F(OneShotFile, IsNoneOfALie) {
  for (const Lie lie : {Lie::short_body, Lie::trailing_bytes, Lie::huge_header, Lie::no_picture,
                        Lie::nothing, Lie::endless}) {
    FakeOptions lying = options();
    lying.lie = lie;
    FakeQemu qemu(lying);
    PixelEncoder encoder;
    EXPECT_EQ(shoot_and(qemu, encoder, Route::fd).error().code(), Errc::bad_image);
    EXPECT_EQ(qemu.descriptors(), 0U);
  }
}

// What comes is looked at while it comes, unless the machine has no CPU for us just then.
class Coming : public BadManners {
 protected:
  void SetUp() override {
    if (encode::usable_threads() < 2) GTEST_SKIP() << "this machine lets us have one CPU";
  }

  // Shoots until the rows were looked at so many times, the first time while they came.
  OneShot shoot_until_looked(const FakeQemu& qemu, std::size_t times) {
    for (const auto deadline = qmp::Deadline::after(20s); !deadline.passed();) {
      OneShot shot = shoot_and(qemu, encoder_).value();
      if (encoder_.calls.size() == times && encoder_.calls.front().is_coming) return shot;
    }
    ADD_FAILURE() << "they never were";
    encoder_.calls.resize(times);
    return {};
  }

  PixelEncoder encoder_;
};

TEST_F(Coming, AFileIsMadeOfAPictureThatTakesAWhile) {
  FakeOptions dawdling = options();
  dawdling.dawdles = 5ms;
  FakeQemu qemu(dawdling);
  const OneShot shot = shoot_until_looked(qemu, 1);
  EXPECT_TRUE(shows(shot.frame, dawdling));
  EXPECT_TRUE(shot.file == dawdling.consoles[0].frames[0].rgb);
  EXPECT_GE(shot.frame.qemu_time, 5ms);
}

TEST_F(Coming, NoRowIsMissingOfAPictureThatTakesLonger) {
  FakeOptions dawdling = options();
  dawdling.dawdles = 200ms;
  FakeQemu qemu(dawdling);
  const OneShot shot = shoot_until_looked(qemu, 2);
  EXPECT_LT(encoder_.calls[0].pixels.size(), encoder_.calls[1].pixels.size());
  EXPECT_FALSE(encoder_.calls[1].is_coming);
  EXPECT_TRUE(shows(shot.frame, dawdling));
  EXPECT_TRUE(shot.file == dawdling.consoles[0].frames[0].rgb);
}

TEST_F(Coming, RowsThatAreNotPaddedAreLookedAtAgain) {
  FakeOptions packing = options();
  packing.consoles = {FakeConsole::graphic("/machine/peripheral/gpu0", test::fake_picture(63, 48))};
  packing.lie = Lie::packed;
  FakeQemu qemu(packing);
  const OneShot shot = shoot_until_looked(qemu, 2);
  EXPECT_TRUE(shows(shot.frame, packing));
  EXPECT_TRUE(shot.file == packing.consoles[0].frames[0].rgb);
}

TEST_F(Coming, NoFileIsMadeOfAPictureThatFailsBehindItsLastRow) {
  FakeOptions failing = options();
  failing.dawdles = 5ms;
  failing.fails_behind_it = true;
  FakeQemu qemu(failing);
  const OneShot shot = shoot_until_looked(qemu, 1);
  EXPECT_FALSE(shot.file);
  EXPECT_NE(shot.frame.route, Route::fd);
  EXPECT_TRUE(shows(shot.frame, failing));
  EXPECT_EQ(qemu.descriptors(), 0U);
}

TEST_F(Coming, NoFileMeansNoSecondTry) {
  FakeOptions dawdling = options();
  dawdling.dawdles = 5ms;
  FakeQemu qemu(dawdling);
  int calls = 0;
  bool came = false;
  const auto decline = [&](encode::RowSource& rows) {
    ++calls;
    came = rows.is_coming() && !rows.row(0).empty();
    return std::optional<std::vector<std::byte>>();
  };
  for (const auto deadline = qmp::Deadline::after(20s); !came && !deadline.passed();) {
    calls = 0;
    asio::io_context loop{1};
    EXPECT_FALSE(run_to_end(loop, shoot(qemu.socket_path(), request(), decline)).value().file);
  }
  EXPECT_TRUE(came);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace qmpshot::capture
