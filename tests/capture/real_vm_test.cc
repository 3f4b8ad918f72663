// SPDX-License-Identifier: MIT
// What only a real process can do: run as somebody else, stand still, be killed, tear a frame.
#include "tests/support/real_qemu.h"

#include <qmpshot/camera.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace qmpshot::capture {
namespace {

using namespace std::chrono_literals;
using test::Guest;
using test::QemuOptions;
using test::RealQemu;

GrabRequest request(std::chrono::milliseconds timeout = 60s, Route route = Route::automatic) {
  GrabRequest out;
  out.timeout = timeout;
  out.route = route;
  return out;
}

class RealVm : public testing::Test {
 protected:
  void SetUp() override { QMPSHOT_REQUIRE_QEMU(); }
};

TEST_F(RealVm, AnotherUsersQemuIsSeenByEachRoute) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can start a QEMU as another user";
  QemuOptions options;
  options.guest = Guest::colours;
  options.as_nobody = true;
  RealQemu qemu(options);
  for (const Route route : {Route::fd, Route::ppm_file, Route::png_file}) {
    if (route == Route::png_file && qemu.version() < qmp::Version{7, 1, 0}) continue;
    const Result<Frame> frame = Camera::shoot(qemu.socket(), request(60s, route));
    ASSERT_TRUE(frame.ok()) << name(route) << ": " << frame.error().message();
    EXPECT_TRUE(std::ranges::equal(frame->image.view().pixels, test::colours_rgb()));
  }
}

TEST_F(RealVm, AnotherUsersFileRouteFailsInQemusWordsWhereItMayNotWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can start a QEMU as another user";
  QemuOptions options({"-S"});
  options.as_nobody = true;
  RealQemu qemu(options);
  const test::TempFolder closed;  // 0700, root's: nobody cannot come through
  ::setenv("TMPDIR", closed.path().c_str(), 1);
  const Result<Frame> by_file = Camera::shoot(qemu.socket(), request(60s, Route::ppm_file));
  const Result<Frame> by_itself = Camera::shoot(qemu.socket(), request());
  ::unsetenv("TMPDIR");
  ASSERT_FALSE(by_file.ok());
  EXPECT_EQ(by_file.error().code(), Errc::refused);
  EXPECT_NE(by_file.error().message().find("Permission denied"), std::string::npos)
      << by_file.error().message();
  ASSERT_TRUE(by_itself.ok()) << by_itself.error().message();
  EXPECT_TRUE(std::filesystem::is_empty(closed.path()));
}

TEST_F(RealVm, AStoppedProcessTimesOutAndGoesOnUnharmed) {
  RealQemu qemu(QemuOptions({"-S"}));
  Camera camera = Camera::open(qemu.socket(), 60s).value();
  qemu.freeze();
  const Result<Frame> frame = camera.grab(request(200ms));
  qemu.send_signal(SIGCONT);
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code(), Errc::timed_out) << frame.error().message();
  EXPECT_TRUE(qemu.alive());
  EXPECT_TRUE(camera.grab(request()).ok()) << "the same camera goes on";
}

TEST_F(RealVm, AStoppedProcessDoesNotGreet) {
  RealQemu qemu(QemuOptions({"-S"}));
  qemu.freeze();
  const Result<Frame> frame = Camera::shoot(qemu.socket(), request(200ms));
  qemu.send_signal(SIGCONT);
  EXPECT_EQ(frame.error().code(), Errc::monitor_busy) << frame.error().message();
  EXPECT_TRUE(qemu.alive());
  EXPECT_TRUE(Camera::shoot(qemu.socket(), request()).ok());
}

TEST_F(RealVm, AKilledProcessIsALostConnection) {
  RealQemu qemu(QemuOptions({"-S"}));
  Camera camera = Camera::open(qemu.socket(), 60s).value();
  ASSERT_TRUE(camera.grab(request()).ok());
  qemu.freeze();  // so that it dies with the dump asked for and not done
  std::jthread killer([&qemu] { qemu.send_signal(SIGKILL); });
  const Result<Frame> frame = camera.grab(request());
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code(), Errc::connection_lost) << frame.error().message();
  qemu.wait_until_ended();
  EXPECT_EQ(Camera::shoot(qemu.socket(), request()).error().code(), Errc::cannot_connect);
}

TEST_F(RealVm, AThousandFramesAndOneShotsLeaveItAsItWas) {
  QemuOptions options;
  options.guest = Guest::flipper;
  RealQemu qemu(options);
  ASSERT_TRUE(Camera::shoot(qemu.socket(), request()).ok());
  (void)qemu.qmp("query-fdsets");
  const std::size_t before = qemu.open_descriptors();
  {
    Camera camera = Camera::open(qemu.socket(), 60s).value();
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(camera.grab(request()).ok()) << i;
  }
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(Camera::shoot(qemu.socket(), request()).ok()) << i;
  EXPECT_EQ(qemu.qmp("query-fdsets").size(), 0U);
  const auto deadline = qmp::Deadline::after(20s);
  std::size_t open = 0;
  do {
    (void)qemu.qmp("query-fdsets");
    open = qemu.open_descriptors();
  } while (open > before && !deadline.passed());
  EXPECT_LE(open, before);
}

}  // namespace
}  // namespace qmpshot::capture
