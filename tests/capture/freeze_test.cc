// SPDX-License-Identifier: MIT
// A frozen picture among others who stop and continue the VM, or who take the lock, or the guard.
#include "capture/freeze_lock.h"
#include "tests/fake/fake_qemu.h"
#include "tests/support/await.h"

#include <qmpshot/camera.h>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace qmpshot::capture {
namespace {

using namespace std::chrono_literals;
using test::FakeOptions;
using test::FakeQemu;
using test::FakeTurn;

FakeOptions options(std::vector<FakeTurn> turns = {}) {
  FakeOptions out;
  out.turns = std::move(turns);
  out.answers["query-name"] = R"({"name": "fake"})";
  out.answers["query-migrate"] = "{}";
  return out;
}

GrabRequest frozen(std::chrono::milliseconds timeout = 60s) {
  GrabRequest out;
  out.timeout = timeout;
  out.freeze = true;
  out.route = Route::fd;
  out.vm_facts = true;  // its status is the one after the picture
  return out;
}

// The VM's status after a frozen picture, or the error.
std::string status_after(const FakeOptions& how) {
  FakeQemu qemu(how);
  const Result<Frame> frame = Camera::shoot(qemu.socket_path(), frozen());
  return frame.ok() ? frame->vm->status : frame.error().message();
}

// The first query-status is our decision; the second and third stand around our "stop", the fourth
// before our "cont".
TEST(FreezeDump, AVmThatRunsAndIsLeftAloneRunsOn) {
  EXPECT_EQ(status_after(options()), "running");
}

TEST(FreezeDump, APauseByAnotherClientBeforeOurStopIsKept) {
  EXPECT_EQ(status_after(options({{"query-status", 2, "paused"}})), "paused");
}

TEST(FreezeDump, APauseThatItsClientEndedIsNotMadeGood) {
  EXPECT_EQ(status_after(options({{"query-status", 2, "paused"}, {"stop", 1, "running"}})),
            "running");
  EXPECT_EQ(status_after(options({{"query-status", 2, "paused"}, {"screendump", 1, "running"}})),
            "running");
  EXPECT_EQ(status_after(options({{"query-status", 2, "paused"}, {"query-status", 4, "running"}})),
            "running");
}

TEST(FreezeDump, AVmThatStoppedForItsOwnReasonEndsPaused) {
  EXPECT_EQ(status_after(options({{"query-status", 2, "io-error"}})), "paused");
  EXPECT_EQ(status_after(options({{"stop", 1, "guest-panicked"}})), "paused");
}

TEST(FreezeDump, AVmThatCannotBeContinuedIsLeftAsItWas) {
  FakeOptions how = options({{"query-status", 2, "shutdown"}});
  how.refuses["cont"] = {"GenericError", "Resetting the Virtual Machine is required"};
  EXPECT_EQ(status_after(how), "shutdown");
}

TEST(FreezeDump, WhenOursCannotBeContinuedTheErrorSaysSo) {
  FakeOptions how = options();
  how.refuses["cont"] = {"GenericError", "no"};
  EXPECT_NE(status_after(how).find("left stopped"), std::string::npos);
}

// As dump.h says: these cannot be told from what we do ourselves.
TEST(FreezeDump, APauseThatCannotBeToldFromOursIsUndone) {
  EXPECT_EQ(status_after(options({{"stop", 1, "paused"}})), "running");
  EXPECT_EQ(status_after(options({{"screendump", 1, "paused"}})), "running");
}

TEST(FreezeDump, NoPauseIsSentToAVmThatRuns) {
  FakeQemu qemu(options());
  ASSERT_TRUE(Camera::shoot(qemu.socket_path(), frozen()).ok());
  EXPECT_EQ(std::ranges::count(qemu.commands(), "stop"), 1);
}

// --- The lock ------------------------------------------------------------------------------------

UniqueFd lock(std::int64_t thread, std::chrono::milliseconds timeout = 60s) {
  asio::io_context io;
  return test::run(io, take_freeze_lock("qmpshot-freeze/00000000-0000-0000-0000-000000000000/" +
                                            std::to_string(thread),
                                        qmp::Deadline::after(timeout)))
      .value();
}

// A VM that no other test has.
FakeOptions numbered(std::int64_t more) {
  FakeOptions out = options();
  out.first_thread = (std::int64_t{::getpid()} << 32) + (std::int64_t{1} << 31) + more;
  return out;
}

TEST(FreezeLock, APictureWaitsForItAndGivesItBack) {
  const FakeOptions how = numbered(1);
  FakeQemu qemu(how);
  UniqueFd theirs = lock(how.first_thread);
  std::thread later([&] {
    EXPECT_TRUE(qemu.wait_for("query-cpus-fast"));
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(std::ranges::count(qemu.commands(), "stop"), 0);
    theirs = UniqueFd();
  });
  Camera camera = Camera::open(qemu.socket_path(), 60s).value();
  const Result<Frame> frame = camera.grab(frozen());
  later.join();
  ASSERT_TRUE(frame.ok()) << frame.error().message();
  // The guard is there still, but has it no longer.
  EXPECT_TRUE(lock(how.first_thread, 20s));
}

TEST(FreezeLock, WhoKeepsItIsNamedInOneLine) {
  const FakeOptions how = numbered(2);
  FakeQemu qemu(how);
  const UniqueFd theirs = lock(how.first_thread);
  const Result<Frame> frame = Camera::shoot(qemu.socket_path(), frozen(100ms));
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code(), Errc::timed_out);
  const std::string& words = frame.error().message();
  EXPECT_NE(words.find("another freeze of this VM"), std::string::npos) << words;
  EXPECT_NE(words.find("process " + std::to_string(::getpid())), std::string::npos) << words;
  EXPECT_NE(words.find("@qmpshot-freeze/"), std::string::npos) << words;
  EXPECT_EQ(words.find('\n'), std::string::npos);
  EXPECT_EQ(std::ranges::count(qemu.commands(), "stop"), 0);
}

TEST(FreezeLock, IsKeptByTheGuardWhileQemuHasNotContinued) {
  FakeOptions how = numbered(3);
  how.silent_at = "screendump";
  FakeQemu qemu(how);
  EXPECT_FALSE(Camera::shoot(qemu.socket_path(), frozen(100ms)).ok());
  asio::io_context io;
  const auto taken =
      test::run(io, take_freeze_lock("qmpshot-freeze/00000000-0000-0000-0000-000000000000/" +
                                         std::to_string(how.first_thread),
                                     qmp::Deadline::after(100ms)));
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), Errc::timed_out);
  qemu.release();
  EXPECT_TRUE(lock(how.first_thread, 20s));
}

TEST(FreezeLock, AVmThatStandsIsNotWaitedForLater) {
  FakeOptions how = numbered(4);
  how.status = "paused";
  FakeQemu qemu(how);
  Camera camera = Camera::open(qemu.socket_path(), 60s).value();
  ASSERT_TRUE(camera.grab(frozen()).ok());
  EXPECT_TRUE(lock(how.first_thread, 20s));
}

TEST(FreezeLock, AVmThatDoesNotTellItsThreadsHasOneToo) {
  FakeOptions how = options();
  how.refuses["query-cpus-fast"] = {"GenericError", "no"};
  how.refuses["query-uuid"] = {"GenericError", "no"};
  FakeQemu qemu(how);
  GrabRequest what = frozen();
  what.vm_facts = false;
  const Result<Frame> frame = Camera::shoot(qemu.socket_path(), what);
  EXPECT_TRUE(frame.ok()) << frame.error().message();

  asio::io_context io;
  const UniqueFd theirs =
      test::run(io, take_freeze_lock("qmpshot-freeze//", qmp::Deadline::after(60s))).value();
  what.timeout = 200ms;
  EXPECT_EQ(Camera::shoot(qemu.socket_path(), what).error().code(), Errc::timed_out);
}

// --- The guard -----------------------------------------------------------------------------------

// Our children that are guards, zombies among them.
std::vector<pid_t> guards() {
  std::vector<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "stat");
    std::string stat;
    if (!std::getline(in, stat)) continue;
    const std::size_t close = stat.rfind(')');
    if (close == std::string::npos || stat.find("(qmpshot-guard)") == std::string::npos) continue;
    const long parent = std::atol(stat.c_str() + close + 4);  // ") S PPID"
    if (parent == ::getpid()) out.push_back(static_cast<pid_t>(std::atol(stat.c_str())));
  }
  return out;
}

bool becomes_a_zombie(pid_t child) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < until) {
    std::ifstream in("/proc/" + std::to_string(child) + "/stat");
    std::string stat;
    if (!std::getline(in, stat)) return false;
    if (stat.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

bool number_of_guards_becomes(std::size_t count) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (guards().size() != count && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(1ms);
  }
  return guards().size() == count;
}

TEST(FreezeGuard, IsGoneWithTheCamera) {
  FakeQemu qemu(options());
  {
    Camera camera = Camera::open(qemu.socket_path(), 60s).value();
    ASSERT_TRUE(camera.grab(frozen()).ok());
    EXPECT_TRUE(number_of_guards_becomes(1));
    ASSERT_TRUE(camera.grab(frozen()).ok());
    EXPECT_EQ(guards().size(), 1U) << "one for the whole session";
  }
  EXPECT_EQ(guards().size(), 0U);
}

TEST(FreezeGuard, ThatWasKilledIsReplacedBeforeTheNextPicture) {
  FakeQemu qemu(options());
  Camera camera = Camera::open(qemu.socket_path(), 60s).value();
  ASSERT_TRUE(camera.grab(frozen()).ok());
  ASSERT_TRUE(number_of_guards_becomes(1));
  const pid_t first = guards()[0];
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  ASSERT_TRUE(becomes_a_zombie(first)) << "until the next picture nobody looks";
  ASSERT_TRUE(camera.grab(frozen()).ok());
  ASSERT_TRUE(number_of_guards_becomes(1));
  EXPECT_NE(guards()[0], first);
}

TEST(FreezeGuard, LeavesNoZombieWhenQemuIsLost) {
  auto qemu = std::make_unique<FakeQemu>(options());
  {
    Camera camera = Camera::open(qemu->socket_path(), 60s).value();
    ASSERT_TRUE(camera.grab(frozen()).ok());
    ASSERT_TRUE(number_of_guards_becomes(1));
    qemu.reset();
  }
  EXPECT_TRUE(number_of_guards_becomes(0));
}

TEST(FreezeGuard, LeavesNoZombieWhenQemuDiesInTheMiddle) {
  FakeOptions how = options();
  how.die_at = "screendump";
  FakeQemu qemu(how);
  EXPECT_FALSE(Camera::shoot(qemu.socket_path(), frozen()).ok());
  EXPECT_TRUE(number_of_guards_becomes(0));
}

TEST(FreezeGuard, OutlivesACameraWhoseQemuDoesNotAnswerAndLeavesNoZombie) {
  FakeOptions how = options();
  how.silent_at = "screendump";
  FakeQemu qemu(how);
  EXPECT_FALSE(Camera::shoot(qemu.socket_path(), frozen(100ms)).ok());
  EXPECT_EQ(guards().size(), 1U);
  qemu.release();
  EXPECT_TRUE(number_of_guards_becomes(0));
  EXPECT_EQ(std::ranges::count(qemu.commands(), "cont"), 1) << "QEMU had all of it";
}

}  // namespace
}  // namespace qmpshot::capture
