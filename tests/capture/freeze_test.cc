// SPDX-License-Identifier: MIT
// A frozen picture among others who stop and continue the VM.
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

TEST(FreezeDump, AVmThatStoppedForItsOwnReasonIsNotContinued) {
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

}  // namespace
}  // namespace qmpshot::capture
