// SPDX-License-Identifier: MIT
// What a picture of a VM is, whoever plays the VM. Where fake and real disagree, the fake is wrong.
#include "capture/one_shot.h"
#include "capture/run_to_end.h"
#include "encode/ppm.h"
#include "encode/threads.h"
#include "tests/contract/machine.h"
#include "tests/support/one_cpu.h"
#include "tests/support/pixel_encoder.h"

#include <qmpshot/camera.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

namespace qmpshot::test {
namespace {

using namespace std::chrono_literals;

GrabRequest request_for(const std::string& device = "", std::uint32_t head = 0,
                        Route route = Route::automatic) {
  GrabRequest out;
  out.display = DisplayChoice(device, head);
  out.route = route;
  out.timeout = 60s;  // a noisy machine; only a failing test waits for it
  return out;
}

GrabRequest by_route(Route route) {
  return request_for("", 0, route);
}

std::vector<std::byte> pixels_of(const ImageView& view) {
  std::vector<std::byte> out;
  for (std::uint32_t y = 0; y < view.height_px; ++y) {
    const auto row = view.row(y);
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

class Contract : public testing::TestWithParam<Player> {
 protected:
  void SetUp() override {
    if (GetParam() == Player::real) QMPSHOT_REQUIRE_QEMU();
  }

  void start(Hardware hardware) {
    machine_ = make_machine(GetParam(), hardware);
    lent_before_ = machine_->lent_descriptors();
    open_before_ = machine_->open_descriptors();
  }

  Result<Frame> shoot(const GrabRequest& request = request_for()) {
    return Camera::shoot(machine_->socket(), request);
  }
  Result<capture::OneShot> shoot_and(const capture::RowEncoder& encode,
                                     const GrabRequest& request) {
    asio::io_context loop{1};
    return capture::run_to_end(loop, capture::shoot(machine_->socket(), request, encode));
  }
  Camera open() { return Camera::open(machine_->socket(), 60s).value(); }

  // The frame has the very pixels of QEMU's own dump of that display.
  void expect_qemus_own(const Frame& frame, const std::string& device = "", std::int64_t head = 0) {
    const std::vector<std::byte> file = machine_->ppm(device, head);
    const ImageView expected = encode::parse_ppm(file).value();
    const ImageView& view = frame.image.view();
    ASSERT_EQ(view.width_px, expected.width_px);
    ASSERT_EQ(view.height_px, expected.height_px);
    for (std::uint32_t y = 0; y < view.height_px; ++y) {
      ASSERT_TRUE(std::ranges::equal(view.row(y), expected.row(y))) << "row " << y;
    }
  }

  // QEMU closes what a client leaves behind in its own time, and the first client of all makes it
  // close one of its own besides (10.0, 11.1).
  void expect_nothing_left() {
    const auto deadline = qmp::Deadline::after(20s);
    std::size_t lent = 0;
    std::size_t open = 0;
    do {
      std::this_thread::yield();
      lent = machine_->lent_descriptors();
      open = machine_->open_descriptors();
    } while ((lent > lent_before_ || open > open_before_) && !deadline.passed());
    EXPECT_EQ(lent, lent_before_);
    EXPECT_LE(open, open_before_);
    EXPECT_TRUE(machine_->alive());
  }

  void expect_error(const Result<Frame>& result, Errc code) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), code) << result.error().message();
    EXPECT_TRUE(machine_->alive());
  }

  std::unique_ptr<Machine> machine_;
  std::size_t lent_before_ = 0;
  std::size_t open_before_ = 0;
};

TEST_P(Contract, AOneShotIsQemusOwnPicture) {
  start(Hardware::drawing);
  const Frame frame = shoot().value();
  EXPECT_EQ(frame.image.view().width_px, colours_width_px);
  EXPECT_EQ(frame.image.view().height_px, colours_height_px);
  EXPECT_EQ(frame.route, Route::fd);
  EXPECT_TRUE(frame.refusals.empty());
  EXPECT_EQ(frame.qemu_version, machine_->version().text());
  expect_qemus_own(frame);
  expect_nothing_left();
}

TEST_P(Contract, AFileIsMadeOfTheWholePicture) {
  start(Hardware::drawing);
  PixelEncoder seen;
  const capture::OneShot shot = shoot_and(std::ref(seen), request_for()).value();
  expect_qemus_own(shot.frame);
  EXPECT_TRUE(shot.file == pixels_of(shot.frame.image.view()));
  ASSERT_FALSE(seen.calls.empty());
  ASSERT_LE(seen.calls.size(), 2U);
  if (seen.calls.size() == 2) {
    EXPECT_TRUE(seen.calls.front().is_coming);
    EXPECT_FALSE(seen.calls.back().is_coming);
  }
  const auto step = [&](std::string_view called) {
    return std::ranges::find(shot.frame.steps, called, &Step::name) - shot.frame.steps.begin();
  };
  const auto encode = step("encode");
  EXPECT_EQ(encode == std::ssize(shot.frame.steps), seen.calls.back().is_coming);
  EXPECT_EQ(step("take back"), seen.calls.back().is_coming ? step("judge") + 1 : encode + 1);
  expect_nothing_left();
  // On the other routes there is no such time.
  seen.calls.clear();
  const capture::OneShot other = shoot_and(std::ref(seen), by_route(Route::ppm_file)).value();
  EXPECT_EQ(other.frame.route, Route::ppm_file);
  EXPECT_FALSE(other.file);
  EXPECT_TRUE(seen.calls.empty());
}

// Once in that time at least: the machine may have no CPU for us now.
TEST_P(Contract, AFileIsMadeWhileThePictureComes) {
  if (encode::usable_threads() < 2) GTEST_SKIP() << "this machine lets us have one CPU";
  start(Hardware::drawing);
  for (const auto deadline = qmp::Deadline::after(20s); !deadline.passed();) {
    PixelEncoder seen;
    const capture::OneShot shot = shoot_and(std::ref(seen), request_for()).value();
    if (seen.calls.size() != 1 || !seen.calls.front().is_coming) continue;
    EXPECT_TRUE(shot.file == pixels_of(shot.frame.image.view()));
    return;
  }
  FAIL() << "all pictures came without";
}

TEST_P(Contract, OnOneCpuAFileIsMadeWhenThePictureIsThere) {
  start(Hardware::drawing);
  const OneCpu one_cpu;
  PixelEncoder seen;
  const capture::OneShot shot = shoot_and(std::ref(seen), request_for()).value();
  ASSERT_EQ(seen.calls.size(), 1U);
  EXPECT_FALSE(seen.calls.front().is_coming);
  EXPECT_TRUE(shot.file == pixels_of(shot.frame.image.view()));
}

TEST_P(Contract, AFileThatFailsLeavesNothing) {
  start(Hardware::drawing);
  // Also what would mean another thing, had QEMU or the way to it failed.
  for (const Errc code : {Errc::cannot_write, Errc::timed_out, Errc::monitor_busy}) {
    const capture::RowEncoder fail =
        [&](encode::RowSource&) -> std::optional<std::vector<std::byte>> {
      throw Error(code, "not now");
    };
    const Result<capture::OneShot> shot = shoot_and(fail, request_for());
    ASSERT_FALSE(shot.ok());
    EXPECT_EQ(shot.error().code(), code) << shot.error().message();
    expect_nothing_left();
  }
}

// QEMU pads the rows of its PPM to four bytes.
TEST_P(Contract, AWidthThatIsNoMultipleOfFourIsNoMatter) {
  start(Hardware::odd_width);
  const std::vector<std::byte> drawn = colours_rgb(odd_width_px, odd_height_px);
  for (const Route route : {Route::automatic, Route::fd, Route::png_file, Route::ppm_file}) {
    if (route == Route::png_file && machine_->version() < qmp::Version{7, 1, 0}) continue;
    const Result<Frame> frame = shoot(by_route(route));
    ASSERT_TRUE(frame.ok()) << name(route) << ": " << frame.error().message();
    const ImageView& view = frame->image.view();
    ASSERT_EQ(view.width_px, odd_width_px);
    ASSERT_EQ(view.height_px, odd_height_px);
    for (std::uint32_t y = 0; y < view.height_px; ++y) {
      const auto row = std::span(drawn).subspan(y * view.row_bytes(), view.row_bytes());
      ASSERT_TRUE(std::ranges::equal(view.row(y), row)) << name(route) << ", row " << y;
    }
  }
  expect_nothing_left();
}

TEST_P(Contract, EachRouteGivesTheSamePicture) {
  start(Hardware::drawing);
  for (const Route route : {Route::fd, Route::png_file, Route::ppm_file}) {
    const Result<Frame> frame = shoot(by_route(route));
    if (route == Route::png_file && machine_->version() < qmp::Version{7, 1, 0}) {
      expect_error(frame, Errc::unsupported);
      continue;
    }
    ASSERT_TRUE(frame.ok()) << name(route) << ": " << frame.error().message();
    EXPECT_EQ(frame->route, route);
    EXPECT_EQ(frame->qemu_png.empty(), route != Route::png_file);
    expect_qemus_own(*frame);
  }
  expect_nothing_left();
}

TEST_P(Contract, SecondFrameIsNotPrecededByTheFirst) {
  start(Hardware::drawing);
  {
    Camera camera = open();
    const Frame first = camera.grab(by_route(Route::fd)).value();
    const Frame second = camera.grab(by_route(Route::fd)).value();
    expect_qemus_own(first);
    expect_qemus_own(second);
  }
  expect_nothing_left();
}

TEST_P(Contract, OneCameraTakesEachRouteInTurn) {
  start(Hardware::drawing);
  {
    Camera camera = open();
    for (const Route route : {Route::ppm_file, Route::fd, Route::ppm_file, Route::automatic}) {
      expect_qemus_own(camera.grab(by_route(route)).value());
    }
  }
  expect_nothing_left();
}

TEST_P(Contract, AHundredFramesOnOneConnectionLeaveNothing) {
  start(Hardware::drawing);
  {
    Camera camera = open();
    for (int i = 0; i < 99; ++i) ASSERT_TRUE(camera.grab(request_for()).ok());
    expect_qemus_own(camera.grab(request_for()).value());
  }
  expect_nothing_left();
}

TEST_P(Contract, FiftyOneShotsLeaveNothing) {
  start(Hardware::drawing);
  for (int i = 0; i < 50; ++i) {
    const Result<Frame> frame = shoot();
    ASSERT_TRUE(frame.ok()) << "shot " << i << ": " << frame.error().message();
  }
  expect_nothing_left();
}

TEST_P(Contract, ATextScreenIsAPictureOfItsText) {
  start(Hardware::text_screen);
  const Frame frame = shoot().value();
  EXPECT_EQ(frame.image.view().width_px, 720U);
  EXPECT_EQ(frame.image.view().height_px, 400U);
  expect_qemus_own(frame);
  expect_qemus_own(open().grab(request_for()).value());
  EXPECT_TRUE(machine_->alive());
}

TEST_P(Contract, AVmThatWasNotStartedHasAPicture) {
  start(Hardware::not_started);
  const Frame frame = shoot().value();
  EXPECT_EQ(frame.image.view().width_px, 640U);
  EXPECT_EQ(frame.image.view().height_px, 480U);
  expect_qemus_own(frame);
}

// Before 10.0 a paused QEMU keeps what it was lent: one descriptor is no harm, a growing number is.
TEST_P(Contract, APausedVmDoesNotCollectOurDescriptors) {
  start(Hardware::not_started);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(shoot().ok());
  EXPECT_LE(machine_->lent_descriptors(), lent_before_ + 1);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(open().grab(request_for()).ok());
  EXPECT_LE(machine_->lent_descriptors(), lent_before_ + 1);
}

TEST_P(Contract, ACameraLeavesNothingInAPausedVm) {
  start(Hardware::not_started);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(open().grab(request_for()).ok());
  expect_nothing_left();
}

TEST_P(Contract, AVmWithoutDisplaySaysSoInQemusWords) {
  start(Hardware::no_display);
  for (const Route route : {Route::automatic, Route::fd, Route::ppm_file}) {
    const Result<Frame> frame = shoot(by_route(route));
    expect_error(frame, Errc::refused);
    EXPECT_NE(frame.error().message().find("There is no console to take a screendump from"),
              std::string::npos)
        << frame.error().message();
  }
  EXPECT_TRUE(open().displays().value().empty());
  expect_nothing_left();
}

TEST_P(Contract, ATextConsoleAloneIsTheFirstConsole) {
  start(Hardware::text_only);
  const Frame frame = shoot().value();
  EXPECT_EQ(frame.image.view().width_px, 640U);
  EXPECT_EQ(frame.image.view().height_px, 384U);
  expect_qemus_own(frame);
  const auto displays = open().displays().value();
  ASSERT_EQ(displays.size(), 1U);
  EXPECT_EQ(displays[0].kind, DisplayKind::text);
  EXPECT_TRUE(displays[0].can_be_grabbed());
  expect_nothing_left();
}

TEST_P(Contract, OfTwoDisplaysEachHasItsOwnPicture) {
  start(Hardware::two_displays);
  const auto displays = open().displays().value();
  ASSERT_EQ(displays.size(), 2U);
  for (std::uint32_t i = 0; i < 2; ++i) {
    const std::string id = "gpu" + std::to_string(i);
    EXPECT_EQ(displays[i].index, i);
    EXPECT_EQ(displays[i].kind, DisplayKind::graphic);
    EXPECT_EQ(displays[i].device_id, id);
    EXPECT_EQ(displays[i].device_path, "/machine/peripheral/" + id);
    EXPECT_FALSE(displays[i].device_type.empty());
    EXPECT_TRUE(displays[i].can_be_grabbed()) << displays[i].why_not;
    const Frame frame = shoot(request_for(id)).value();
    EXPECT_EQ(frame.display_index, i);
    EXPECT_EQ(frame.device_id, id);
    expect_qemus_own(frame, id, 0);
  }
}

TEST_P(Contract, OfTwoHeadsEachIsADisplay) {
  start(Hardware::two_heads);
  Camera camera = open();
  const auto displays = camera.displays().value();
  ASSERT_EQ(displays.size(), 2U);
  for (std::uint32_t head = 0; head < 2; ++head) {
    EXPECT_EQ(displays[head].device_id, "gpu0");
    EXPECT_EQ(displays[head].head, head);
    const Result<Frame> frame = camera.grab(request_for("gpu0", head));
    if (head == 1 && machine_->version() < qmp::Version{6, 0, 0}) {
      expect_error(frame, Errc::refused);  // "no surface" on 5.2
      continue;
    }
    ASSERT_TRUE(frame.ok()) << frame.error().message();
    expect_qemus_own(*frame, "gpu0", head);
  }
  expect_error(camera.grab(request_for("gpu0", 2)), Errc::refused);
}

TEST_P(Contract, AnUnknownDeviceIsRefusedAndHarmless) {
  for (const Hardware hardware : {Hardware::two_displays, Hardware::default_texts}) {
    start(hardware);
    expect_error(shoot(request_for("nosuch")), Errc::refused);
    expect_error(open().grab(request_for("nosuch")), Errc::refused);
    EXPECT_TRUE(shoot().ok());
  }
}

// Asked by QEMU's own command, each of these ends a VM since 8.0.
TEST_P(Contract, WhatWouldWalkOntoATextConsoleIsRefusedByUs) {
  start(Hardware::default_texts);
  expect_error(shoot(request_for("gpu0", 99)), Errc::refused);
  expect_error(shoot(request_for("gpu0", 1)), Errc::refused);
  expect_error(shoot(request_for("rng0")), Errc::refused);
  expect_error(open().grab(request_for("rng0", 3, Route::ppm_file)), Errc::refused);
  EXPECT_TRUE(shoot().ok());
}

TEST_P(Contract, ADisplayInFrontOfTheTextConsolesCanBeNamed) {
  start(Hardware::default_texts);
  const auto displays = open().displays().value();
  ASSERT_GE(displays.size(), 2U);
  EXPECT_EQ(displays[0].device_id, "gpu0");
  for (std::size_t i = 1; i < displays.size(); ++i) {
    EXPECT_EQ(displays[i].kind, DisplayKind::text);
    EXPECT_FALSE(displays[i].can_be_grabbed());
  }
  expect_qemus_own(shoot(request_for("gpu0")).value());
}

// Since 8.0 the way to it is deadly; before 11 QOM does not even list it.
TEST_P(Contract, ADisplayBehindTheTextConsolesIsNotWorthTheVm) {
  start(Hardware::hot_plugged);
  const Result<Frame> frame = shoot(request_for("hot0"));
  EXPECT_TRUE(machine_->alive());
  if (frame.ok()) {
    EXPECT_LT(machine_->version(), (qmp::Version{8, 0, 0}));
    expect_qemus_own(*frame, "hot0", 0);
  } else {
    const Errc code = frame.error().code();
    EXPECT_TRUE(code == Errc::refused || code == Errc::unsupported) << frame.error().message();
  }
  const auto displays = open().displays().value();
  for (const Display& display : displays) {
    if (display.device_id == "hot0" && machine_->version() >= qmp::Version{8, 0, 0}) {
      EXPECT_FALSE(display.can_be_grabbed());
    }
  }
}

TEST_P(Contract, AMonitorInUseIsCalledBusy) {
  start(Hardware::not_started);
  GrabRequest request = request_for();
  request.timeout = 200ms;
  {
    const Camera camera = open();
    expect_error(shoot(request), Errc::monitor_busy);
    EXPECT_EQ(Camera::open(machine_->socket(), 200ms).error().code(), Errc::monitor_busy);
  }
  EXPECT_TRUE(shoot().ok());
}

INSTANTIATE_TEST_SUITE_P(With, Contract,
                         testing::Values(Player::fake_5_2, Player::fake_7_2, Player::fake_10_0,
                                         Player::fake_11_1, Player::real),
                         [](const auto& with) { return name(with.param); });

}  // namespace
}  // namespace qmpshot::test
