// SPDX-License-Identifier: MIT
// A QEMU that refuses, lies, is silent or dies: always one error, and nothing left behind.
#include "tests/capture/bad_manners.h"

#include "capture/owner.h"
#include "capture/quirks.h"
#include "qmp/client.h"
#include "qmp/commands.h"
#include "tests/support/await.h"

#include <qmpshot/async_camera.h>
#include <qmpshot/camera.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace qmpshot::capture {
namespace {

TEST_F(BadManners, ALieAboutThePictureIsABadImageByEachRoute) {
  for (const Lie lie : {Lie::short_body, Lie::trailing_bytes, Lie::huge_header, Lie::no_picture,
                        Lie::nothing, Lie::endless}) {
    FakeOptions lying = options();
    lying.lie = lie;
    for (const Route route : {Route::fd, Route::ppm_file}) {
      FakeQemu qemu(lying);
      const Result<Frame> shot = Camera::shoot(qemu.socket_path(), request(60s, route));
      ASSERT_FALSE(shot.ok()) << static_cast<int>(lie);
      EXPECT_EQ(shot.error().code(), Errc::bad_image) << shot.error().message();
      {
        Camera camera = Camera::open(qemu.socket_path(), 60s).value();
        EXPECT_EQ(camera.grab(request(60s, route)).error().code(), Errc::bad_image);
      }
      EXPECT_EQ(qemu.descriptors(), 0U);
    }
  }
}

// As 11.1 says them, to a client that was killed.
TEST_F(BadManners, RepliesToTheClientBeforeAreNotOurs) {
  FakeOptions haunted = options();
  for (const std::vector<std::string>& stale : std::vector<std::vector<std::string>>{
           {R"({"return": {}})"},
           {R"({"return": {}})", R"({"return": {"fd": 9, "fdset-id": 9999}})", R"({"return": {}})"},
           {R"({"error": {"class": "GenericError", "desc": "no such display"}})"},
           {R"({"return": {}})", R"({"error": {"class": "CommandNotFound", "desc": "x"}})"}}) {
    haunted.stale = stale;
    FakeQemu qemu(haunted);
    for (const Route route : {Route::automatic, Route::fd}) {
      const Frame shot = Camera::shoot(qemu.socket_path(), request(60s, route)).value();
      EXPECT_TRUE(shows(shot, haunted));
      EXPECT_EQ(shot.route, Route::fd);
      EXPECT_TRUE(shot.refusals.empty());
      EXPECT_EQ(qemu.descriptors(), 0U);
    }
  }
}

TEST_F(BadManners, AQemuThatTakesNoDescriptorIsAskedForAFile) {
  FakeOptions refusing = options();
  refusing.refuses["add-fd"] = {"GenericError", "No file descriptor supplied via SCM_RIGHTS"};
  for (const qmp::Version& version : {qmp::Version{5, 2, 0}, qmp::Version{11, 1, 3}}) {
    refusing.version = version;
    FakeQemu qemu(refusing);
    const Frame shot = Camera::shoot(qemu.socket_path(), request()).value();
    EXPECT_TRUE(shows(shot, refusing));
    EXPECT_EQ(shot.route, version.major == 5 ? Route::ppm_file : Route::png_file);
    ASSERT_FALSE(shot.refusals.empty());
    EXPECT_EQ(shot.refusals[0].route, Route::fd);
    EXPECT_EQ(shot.refusals[0].why.qemu_class(), "GenericError");

    Camera camera = Camera::open(qemu.socket_path(), 60s).value();
    (void)camera.grab(request()).value();
    const auto asked = qemu.commands();
    EXPECT_TRUE(shows(camera.grab(request()).value(), refusing));
    const auto commands = qemu.commands();
    EXPECT_EQ(std::ranges::count(commands, "add-fd"), std::ranges::count(asked, "add-fd"))
        << "a refusal is remembered";
  }
}

TEST_F(BadManners, APngWithSwappedColoursIsNotBelieved) {
  FakeOptions swapping = options();
  swapping.version = {7, 2, 0};
  swapping.swaps_png_colours = true;
  FakeQemu qemu(swapping);
  const Frame frame = Camera::shoot(qemu.socket_path(), request(60s, Route::png_file)).value();
  EXPECT_TRUE(shows(frame, swapping));
  EXPECT_TRUE(frame.qemu_png.empty());
  ASSERT_EQ(frame.notes.size(), 1U);
  EXPECT_NE(frame.notes[0].find("QEMU 7.2.0: "), std::string::npos);
  EXPECT_TRUE(frame.notes[0].ends_with("compared with a PPM, and was not used"));
}

TEST_F(BadManners, AnAppliedQuirkIsNamed) {
  FakeOptions doubtful = options();
  doubtful.version = {7, 2, 0};
  {
    FakeQemu qemu(doubtful);
    const Frame frame = Camera::shoot(qemu.socket_path(), request(60s, Route::png_file)).value();
    EXPECT_FALSE(frame.qemu_png.empty());
    EXPECT_EQ(frame.notes,
              std::vector<std::string>{quirk_note(doubtful.version, Quirk::png_swaps_colours)});
  }
  doubtful.version = {5, 2, 0};
  FakeQemu qemu(doubtful);
  const Error error = Camera::shoot(qemu.socket_path(), request(60s, Route::png_file)).error();
  EXPECT_EQ(error.code(), Errc::unsupported);
  EXPECT_NE(error.message().find(quirk_note(doubtful.version, Quirk::no_png)), std::string::npos);
}

TEST_F(BadManners, FramesOfGrowingAndShrinkingSizesAreEachWhole) {
  FakeOptions changing = options();
  changing.consoles[0].frames = {test::fake_picture(64, 48), test::fake_picture(200, 100, 1),
                                 test::fake_picture(8, 8, 2), test::fake_picture(64, 48, 3)};
  for (const Route route : {Route::fd, Route::ppm_file}) {
    FakeQemu qemu(changing);
    Camera camera = Camera::open(qemu.socket_path(), 60s).value();
    std::vector<Frame> frames;
    for (std::size_t i = 0; i < 4; ++i) frames.push_back(camera.grab(request(60s, route)).value());
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_TRUE(shows(frames[i], changing, i)) << "frame " << i << " after the others were taken";
    }
  }
}

TEST_F(BadManners, ChattyOrSlowSpeechChangesNothing) {
  std::vector<FakeOptions> manners(4, options());
  manners[0].chats = true;
  manners[1].piece_bytes = 1;
  manners[2].long_line_bytes = 200'000;
  manners[3].crlf = false;
  for (const FakeOptions& manner : manners) {
    FakeQemu qemu(manner);
    EXPECT_TRUE(shows(Camera::shoot(qemu.socket_path(), request()).value(), manner));
    GrabRequest named = request();
    named.display = DisplayChoice("gpu0");
    EXPECT_TRUE(shows(Camera::shoot(qemu.socket_path(), named).value(), manner));
    EXPECT_EQ(qemu.descriptors(), 0U);
  }
}

// It would be faster, and ends QEMU: see qmp_capabilities().
TEST_F(BadManners, NobodyIsAskedToReadAhead) {
  FakeQemu qemu(options());
  for (const bool freeze : {false, true}) {
    GrabRequest how = request();
    how.freeze = freeze;
    EXPECT_TRUE(Camera::shoot(qemu.socket_path(), how).ok());
  }
  for (const std::string& line : qemu.lines()) {
    EXPECT_EQ(line.find("enable"), std::string::npos) << line;
  }
}

TEST_F(BadManners, DyingAtAnyCommandIsALostConnection) {
  for (const char* command : {"qmp_capabilities", "add-fd", "screendump"}) {
    FakeOptions dying = options();
    dying.die_at = command;
    FakeQemu qemu(dying);
    const Result<Frame> shot = Camera::shoot(qemu.socket_path(), request());
    ASSERT_FALSE(shot.ok()) << command;
    EXPECT_EQ(shot.error().code(), Errc::connection_lost) << shot.error().message();
  }
}

TEST_F(BadManners, ClosingInTheMiddleOfAnyAnswerIsALostConnection) {
  for (const char* moment : {test::at_greeting, "qmp_capabilities", "add-fd", "screendump"}) {
    FakeOptions cutting = options();
    cutting.cut_at = moment;
    FakeQemu qemu(cutting);
    const Result<Frame> shot = Camera::shoot(qemu.socket_path(), request());
    ASSERT_FALSE(shot.ok()) << moment;
    EXPECT_EQ(shot.error().code(), Errc::connection_lost) << shot.error().message();
  }
}

TEST_F(BadManners, ABusyQemuTimesOut) {
  for (const char* command : {"qmp_capabilities", "add-fd", "screendump"}) {
    FakeOptions silent = options();
    silent.silent_at = command;
    FakeQemu qemu(silent);
    const Result<Frame> shot = Camera::shoot(qemu.socket_path(), request(100ms));
    ASSERT_FALSE(shot.ok()) << command;
    EXPECT_EQ(shot.error().code(), Errc::timed_out) << shot.error().message();
  }
}

TEST_F(BadManners, WhatAOneShotsQemuDoesAfterTheFrameTakesNothingAway) {
  FakeOptions dying = options();
  dying.die_at = "remove-fd";
  FakeQemu dead(dying);
  EXPECT_TRUE(shows(Camera::shoot(dead.socket_path(), request()).value(), dying));

  FakeOptions silent = options();
  silent.silent_at = "remove-fd";
  FakeQemu busy(silent);
  EXPECT_TRUE(shows(Camera::shoot(busy.socket_path(), request(100ms)).value(), silent));
}

TEST_F(BadManners, APauseWithinTheGraceLeavesNothing) {
  FakeOptions silent = options();
  silent.silent_at = "screendump";
  FakeQemu qemu(silent);
  std::jthread waker([&] {
    (void)qemu.wait_for("screendump");
    std::this_thread::sleep_for(300ms);  // longer than the request, shorter than the grace
    qemu.release();
  });
  const Result<Frame> shot = Camera::shoot(qemu.socket_path(), request(100ms));
  EXPECT_EQ(shot.error().code(), Errc::timed_out);
  EXPECT_TRUE(qemu.wait_until_clients_left(1));
  EXPECT_EQ(qemu.descriptors(), 0U);
}

asio::awaitable<Frame> open_and_grab(std::string path) {
  AsyncCamera camera = co_await AsyncCamera::open(std::move(path), 60s);
  std::exception_ptr failure;
  Frame frame;
  try {
    frame = co_await camera.grab(request());
  } catch (...) {
    failure = std::current_exception();
  }
  co_await camera.close();
  if (failure) std::rethrow_exception(failure);
  co_return frame;
}

// As Ctrl-C does it: the dump is under way, QEMU goes on a little later.
TEST_F(BadManners, CancellingADumpLeavesNothing) {
  for (const bool one_shot : {true, false}) {
    FakeOptions silent = options();
    silent.silent_at = "screendump";
    FakeQemu qemu(silent);
    asio::io_context io;
    test::Started<Frame> started(io, one_shot ? AsyncCamera::shoot(qemu.socket_path(), request())
                                              : open_and_grab(qemu.socket_path()));
    while (!qemu.wait_for("screendump", 1, 0s)) io.run_for(1ms);
    started.cancel();
    qemu.release();
    io.run();
    EXPECT_EQ(started.result().error().code(), Errc::cancelled);
    EXPECT_TRUE(qemu.wait_until_clients_left(1));
    EXPECT_EQ(qemu.descriptors(), 0U) << (one_shot ? "one shot" : "camera");
  }
}

TEST_F(BadManners, CancellingAtAnyStepLeavesNothing) {
  for (const Route route : {Route::fd, Route::ppm_file}) {
    bool was_done = false;
    for (int steps = 1; steps < 300 && !was_done; ++steps) {
      FakeOptions slow = options();
      slow.piece_bytes = 40;
      FakeQemu qemu(slow);
      asio::io_context io;
      const auto result = test::run_and_cancel(
          io, AsyncCamera::shoot(qemu.socket_path(), request(60s, route)), steps);
      was_done = result.ok();
      if (!was_done) {
        EXPECT_EQ(result.error().code(), Errc::cancelled) << result.error().message();
      }
      EXPECT_TRUE(qemu.wait_until_clients_left(1));
      EXPECT_EQ(qemu.descriptors(), 0U) << name(route) << " after " << steps << " steps";
    }
    EXPECT_TRUE(was_done);
  }
}

TEST_F(BadManners, WhatAKilledOneLeftIsTakenBackByTheNext) {
  FakeQemu qemu(options());
  // The tag of a process that is gone, in our PID namespace.
  const pid_t gone = ::fork();
  if (gone == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(gone, nullptr, 0), gone);
  const std::string us = std::to_string(::getpid());
  std::string tag = capture::set_tag();
  tag.replace(tag.find(us), us.size(), std::to_string(gone));
  {
    asio::io_context io;
    qmp::Client client(io.get_executor(), qemu.connect());
    const UniqueFd file(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    std::vector<qmp::Command> commands;
    commands.push_back(qmp::qmp_capabilities());
    commands.push_back(qmp::add_fd(7, tag));
    (void)test::run(io,
                    client.execute_all(std::move(commands), file.get(), qmp::Deadline::after(60s)))
        .value();
  }
  ASSERT_TRUE(qemu.wait_until_clients_left(1));
  ASSERT_EQ(qemu.descriptors(), 1U);
  { const Camera camera = Camera::open(qemu.socket_path(), 60s).value(); }
  EXPECT_EQ(qemu.descriptors(), 0U);
}

}  // namespace
}  // namespace qmpshot::capture
