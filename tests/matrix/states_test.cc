// SPDX-License-Identifier: MIT
// A VM in every state, and a QEMU in every confinement: the right frame or the right words, and the
// VM is as it was.
#include "encode/compare.h"
#include "encode/ppm.h"
#include "tests/matrix/sectors.h"
#include "tests/matrix/vm_case.h"
#include "tests/support/bytes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace qmpshot::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class States : public VmCase {
 protected:
  // Asks for everything that could change a VM, and looks whether it did.
  void expect_unmoved(const std::string& expected_status) {
    EXPECT_EQ(status(), expected_status);
    for (const bool freeze : {false, true}) {
      for (const bool wake : {false, true}) {
        GrabRequest what = request();
        what.freeze = freeze;
        what.wake = wake;
        what.vm_facts = true;
        const Result<Frame> frame = shoot(what);
        ASSERT_TRUE(frame.ok()) << frame.error().message();
        EXPECT_EQ(frame->vm->status, expected_status) << "freeze " << freeze << ", wake " << wake;
        EXPECT_EQ(status(), expected_status) << "freeze " << freeze << ", wake " << wake;
      }
    }
    expect_unharmed();
  }

  void wait_for_status(const std::string& wanted) {
    ASSERT_TRUE(becomes([&] { return status() == wanted; })) << "it is " << status();
    remember();
  }

  void expect_content(Content wanted) {
    const Result<Frame> frame = shoot(request());
    ASSERT_TRUE(frame.ok()) << frame.error().message();
    EXPECT_EQ(frame->content, wanted) << name(frame->content);
  }
};

// --- States of a VM ------------------------------------------------------------------------------

TEST_F(States, PowerOn) {
  start({});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(shoot(request()).ok());
  expect_unharmed();
}

TEST_F(States, Running) {
  QemuOptions options;
  options.guest = Guest::colours;
  start({}, options);
  expect_content(Content::picture);
  expect_all_grabbed();
  expect_unmoved("running");
}

TEST_F(States, NotStarted) {
  start({"-S"});
  expect_content(Content::not_initialized);
  expect_all_grabbed();
  expect_unmoved("prelaunch");
}

TEST_F(States, WaitingToBeMigratedTo) {
  start({"-incoming", "defer"});
  expect_content(Content::not_initialized);
  expect_all_grabbed();
  expect_unmoved("inmigrate");
}

TEST_F(States, NotEvenConfigured) {
  start({"-preconfig"});
  const std::string before = status();
  for (const Route route : {Route::automatic, Route::fd, Route::ppm_file}) {
    const Result<Frame> frame = shoot(request("", 0, route));
    ASSERT_FALSE(frame.ok());
    EXPECT_EQ(frame.error().code(), Errc::refused);
    EXPECT_NE(frame.error().message().find("permitted"), std::string::npos)
        << frame.error().message();
  }
  GrabRequest frozen = request();
  frozen.freeze = true;
  EXPECT_FALSE(shoot(frozen).ok());
  EXPECT_EQ(status(), before);
  expect_unharmed();
}

TEST_F(States, Paused) {
  QemuOptions options;
  options.guest = Guest::flipper;
  start({}, options);
  qemu().qmp("stop");
  remember();
  expect_content(content());
  expect_all_grabbed();
  expect_unmoved("paused");
}

TEST_F(States, GuestPanicked) {
  start_with_sector(sector_that_panics(), {"-device", "pvpanic", "-no-shutdown"});
  if (IsSkipped() || HasFatalFailure()) return;
  wait_for_status("guest-panicked");
  expect_content(Content::picture);  // the last one
  expect_all_grabbed();
  expect_unmoved("guest-panicked");
}

TEST_F(States, PoweredOffButKept) {
  start_with_sector(sector_that_powers_off(), {"-no-shutdown"});
  if (IsSkipped() || HasFatalFailure()) return;
  wait_for_status("shutdown");
  expect_content(Content::picture);
  expect_all_grabbed();
  expect_unmoved("shutdown");
}

// A key, be it Shift, would wake the whole VM, not its screen.
TEST_F(States, Suspended) {
  start_with_sector(sector_that_suspends());
  if (IsSkipped() || HasFatalFailure()) return;
  wait_for_status("suspended");
  expect_all_grabbed();
  expect_unmoved("suspended");
}

// One after the other as fast as they go: what goes wrong in QEMU once in some hundred times, such
// as a descriptor that two of its threads are at, shows.
TEST_F(States, AfterAThousandOneShots) {
  start({});
  for (int i = 0; i < 1000; ++i) {
    const Result<Frame> frame = shoot(request());
    ASSERT_TRUE(frame.ok()) << "shot " << i << ": " << frame.error().message();
  }
  expect_unharmed();
}

TEST_F(States, BeingKilled) {
  const TempFolder temporary;
  const Environment here("TMPDIR", temporary.path());
  for (const Route route : {Route::automatic, Route::fd, Route::ppm_file, Route::png_file}) {
    start({});
    std::thread killer([this] {
      std::this_thread::sleep_for(100ms);
      qemu().send_signal(SIGKILL);
    });
    Result<Frame> frame = shoot(request("", 0, route));
    while (frame.ok()) frame = shoot(request("", 0, route));
    killer.join();
    const Errc code = frame.error().code();
    const bool never = route == Route::png_file && code == Errc::unsupported;
    EXPECT_TRUE(never || code == Errc::connection_lost || code == Errc::cannot_connect)
        << name(route) << ": " << frame.error().message();
    EXPECT_TRUE(fs::is_empty(temporary.path())) << name(route) << " left something";
  }
}

// A frozen process is killed in the middle of a dump as well.
TEST_F(States, BeingKilledWhileItHangs) {
  start({});
  for (const bool freeze : {false, true}) {
    GrabRequest what = request();
    what.freeze = freeze;
    std::thread killer([this] {
      qemu().send_signal(SIGSTOP);
      std::this_thread::sleep_for(300ms);
      qemu().send_signal(SIGKILL);
    });
    Result<Frame> frame = shoot(what);
    while (frame.ok()) frame = shoot(what);
    killer.join();
    EXPECT_TRUE(frame.error().code() == Errc::connection_lost ||
                frame.error().code() == Errc::cannot_connect)
        << frame.error().message();
    start({});
  }
}

// --- Migration -----------------------------------------------------------------------------------

class Migrating : public States {
 protected:
  void SetUp() override {
    States::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    QemuOptions options;
    options.guest = Guest::flipper;
    start({"-m", "16M"}, options);
    const std::string address = folder_.file("migration");
    other_ = std::make_unique<RealQemu>(
        QemuOptions({"-m", "32M", "-m", "16M", "-drive",
                     "if=floppy,format=raw,readonly=on,file=" + qemu().file("guest"), "-debugcon",
                     "stdio", "-boot", "a", "-incoming", "unix:" + address}));
    // Slow enough not to be done before we are.
    qemu().qmp("migrate-set-parameters", R"({"max-bandwidth":65536})");
    qemu().qmp("migrate", R"({"uri":"unix:)" + address + "\"}");
    ASSERT_TRUE(becomes([this] { return migration() == "active"; })) << migration();
    remember();
  }

  std::string migration() {
    return std::string(qemu().qmp("query-migrate")["status"].string().value_or("none"));
  }

  static std::string status_of(RealQemu& vm) {
    return std::string(vm.qmp("query-status")["status"].string().value_or("?"));
  }

  void finish() {
    qemu().qmp("migrate-set-parameters", R"({"max-bandwidth":1000000000,"downtime-limit":2000})");
    ASSERT_TRUE(becomes([this] { return migration() == "completed"; })) << migration();
  }

  RealQemu& other() { return *other_; }

 private:
  TempFolder folder_;
  std::unique_ptr<RealQemu> other_;
};

TEST_F(Migrating, BothSidesShowWhatTheyHave) {
  EXPECT_TRUE(shoot(request()).ok());
  const Result<Frame> there = Camera::shoot(other().socket(), request());
  ASSERT_TRUE(there.ok()) << there.error().message();
  EXPECT_EQ(there->content, Content::not_initialized);
  EXPECT_EQ(status_of(other()), "inmigrate");
  EXPECT_EQ(migration(), "active");
  EXPECT_EQ(status(), "running");

  finish();
  EXPECT_EQ(status(), "postmigrate");
  EXPECT_TRUE(becomes([this] { return status_of(other()) == "running"; }));
  for (RealQemu* side : {&qemu(), &other()}) {
    const Result<Frame> after = Camera::shoot(side->socket(), request());
    ASSERT_TRUE(after.ok()) << after.error().message();
    EXPECT_EQ(after->image.view().width_px, 640U);
    EXPECT_EQ(after->image.view().height_px, 400U);
  }
  EXPECT_EQ(status(), "postmigrate");
  EXPECT_EQ(status_of(other()), "running");
}

// Stopped for a frame just as the migration ends, a VM would arrive paused; continued just after,
// it would run on both sides.
TEST_F(Migrating, IsNoTimeToStopAndContinue) {
  GrabRequest frozen = request();
  frozen.freeze = true;
  const Result<Frame> frame = shoot(frozen);
  ASSERT_TRUE(frame.ok()) << frame.error().message();
  ASSERT_FALSE(frame->notes.empty());
  EXPECT_NE(frame->notes.front().find("migrat"), std::string::npos) << frame->notes.front();
  EXPECT_EQ(migration(), "active");

  finish();
  const Result<Frame> after = shoot(frozen);
  ASSERT_TRUE(after.ok()) << after.error().message();
  EXPECT_EQ(status(), "postmigrate");
  EXPECT_TRUE(becomes([this] { return status_of(other()) == "running"; }));
}

// Frozen pictures all the way through the end of a migration: it runs on one side only, and runs.
TEST_F(Migrating, EndsWellUnderFrozenPictures) {
  qemu().qmp("migrate-set-parameters", R"({"max-bandwidth":8000000,"downtime-limit":2000})");
  GrabRequest frozen = request();
  frozen.freeze = true;
  while (migration() == "active") EXPECT_TRUE(shoot(frozen).ok());
  ASSERT_TRUE(becomes([this] { return migration() == "completed"; })) << migration();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(shoot(frozen).ok());
  EXPECT_EQ(status(), "postmigrate");
  EXPECT_TRUE(becomes([this] { return status_of(other()) == "running"; })) << status_of(other());
}

// --- Confinements of a QEMU ----------------------------------------------------------------------

class Confined : public States {
 protected:
  void expect_by_fd() {
    const Result<Frame> frame = shoot(request());
    ASSERT_TRUE(frame.ok()) << frame.error().message();
    EXPECT_EQ(frame->route, Route::fd);
  }
};

TEST_F(Confined, InASandbox) {
  start({"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"});
  if (IsSkipped()) return;
  wait_for_picture();
  expect_all_grabbed();
  expect_unmoved("running");
}

TEST_F(Confined, AsAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can start a QEMU as another user";
  QemuOptions options;
  options.as_nobody = true;
  start({}, options);
  wait_for_picture();
  expect_all_grabbed();
  expect_unmoved("running");
}

TEST_F(Confined, InAnEmptyChroot) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can chroot";
  const TempFolder root;
  start({"-chroot", root.path()});
  if (IsSkipped()) GTEST_SKIP() << "this QEMU has no -chroot: see InAnEmptyChrootByRunWith";
  expect_by_fd();
  const Result<Frame> by_file = shoot(request("", 0, Route::ppm_file));
  ASSERT_FALSE(by_file.ok());
  EXPECT_NE(by_file.error().message().find("No such file or directory"), std::string::npos)
      << by_file.error().message();
  expect_unmoved("running");
  EXPECT_TRUE(fs::is_empty(root.path()));
}

// -chroot's successor, since 8.1.
TEST_F(Confined, InAnEmptyChrootByRunWith) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can chroot";
  const TempFolder root;
  start({"-run-with", "chroot=" + root.path()});
  if (IsSkipped()) return;
  expect_by_fd();
  EXPECT_FALSE(shoot(request("", 0, Route::ppm_file)).ok());
  expect_unmoved("running");
  EXPECT_TRUE(fs::is_empty(root.path()));
}

TEST_F(Confined, WithAReadOnlyRoot) {
  if (std::system("unshare -m true 2>/dev/null") != 0) {
    GTEST_SKIP() << "this user may not make a mount namespace";
  }
  // Its sockets stand in /tmp, so that stays as it is.
  const StartedBy confined(
      R"(exec unshare -m sh -ec 'mount --bind /tmp /tmp; mount -o remount,bind,ro /; exec "$0" "$@"' "$QEMU" "$@")");
  start({});
  wait_for_picture();
  char folder[] = "/var/tmp/qmpshot-test-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  {
    const Environment outside("TMPDIR", folder);
    expect_by_fd();
    const Result<Frame> by_file = shoot(request("", 0, Route::ppm_file));
    ASSERT_FALSE(by_file.ok());
    EXPECT_NE(by_file.error().message().find("Read-only file system"), std::string::npos)
        << by_file.error().message();
    expect_unmoved("running");
    EXPECT_TRUE(fs::is_empty(folder));
  }
  EXPECT_EQ(::rmdir(folder), 0);
}

}  // namespace
}  // namespace qmpshot::test
