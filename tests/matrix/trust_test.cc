// SPDX-License-Identifier: MIT
// Whether a frame is the guest's own picture, and what is done to get one.
#include "tests/matrix/sectors.h"
#include "tests/matrix/vm_case.h"
#include "tests/support/subprocess.h"

#include <future>
#include <thread>

namespace qmpshot::test {
namespace {

using namespace std::chrono_literals;

class Trust : public VmCase {
 protected:
  Finished qmpshot(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {QMPSHOT_PROGRAM, "--socket", qemu().socket(), "--timeout", "60s"});
    return run(std::move(arguments));
  }

  void start_dark() {
    start_with_sector(sector_that_draws_on_shift());
    if (IsSkipped() || HasFatalFailure()) return;
    EXPECT_TRUE(becomes([this] { return content() == Content::blank; }));
  }

  void press_shift() {
    for (const char* down : {"true", "false"}) {
      qemu().qmp("input-send-event", std::string(R"({"events":[{"type":"key","data":{"down":)") +
                                         down + R"(,"key":{"type":"qcode","data":"shift"}}}]})");
    }
  }
};

TEST_F(Trust, QemusPlaceholderIsNoContent) {
  start({"-S"});
  EXPECT_EQ(shoot(request()).value().content, Content::not_initialized);
  GrabRequest required = request();
  required.require_content = true;
  EXPECT_EQ(shoot(required).error().code(), Errc::no_picture);
  const Finished run = qmpshot({"--require-content", "-o", "/dev/null"});
  EXPECT_EQ(run.status, 8) << run.err;
  EXPECT_TRUE(run.err.starts_with("qmpshot: ")) << run.err;
  const Finished json = qmpshot({"--json"});
  EXPECT_EQ(json.status, 0) << json.err;
  EXPECT_NE(json.out.find(R"("placeholder":true)"), std::string::npos);
  EXPECT_NE(json.out.find(R"("content":"not-initialized")"), std::string::npos);
  expect_unharmed();
}

TEST_F(Trust, ABlankScreenIsNoContent) {
  start_dark();
  if (IsSkipped()) return;
  EXPECT_EQ(shoot(request()).value().content, Content::blank);
  GrabRequest required = request();
  required.require_content = true;
  EXPECT_EQ(shoot(required).error().code(), Errc::no_picture);
  EXPECT_EQ(qmpshot({"--require-content", "-o", "/dev/null"}).status, 8);
  EXPECT_EQ(qmpshot({"--wait-content", "200ms", "-o", "/dev/null"}).status, 8);
  expect_unharmed();
}

TEST_F(Trust, AGuestThatDrawsLaterIsWaitedFor) {
  start_dark();
  if (IsSkipped()) return;
  GrabRequest waiting = request();
  waiting.wait_content = case_patience;
  const std::string socket = qemu().socket();
  auto frame = std::async(std::launch::async, [&] { return Camera::shoot(socket, waiting); });
  std::this_thread::sleep_for(500ms);  // so that it looks in vain first
  press_shift();
  const Result<Frame> seen = frame.get();
  ASSERT_TRUE(seen.ok()) << seen.error().message();
  EXPECT_EQ(seen->content, Content::picture);
  expect_unharmed();
}

TEST_F(Trust, AFirmwareThatWritesIsWaitedFor) {
  start({});
  const Finished run = qmpshot({"--wait-content", "60s", "--json"});
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find(R"("content":"picture")"), std::string::npos);
  expect_unharmed();
}

// The guest draws when Shift arrives, and not before.
TEST_F(Trust, ADarkScreenIsWoken) {
  start_dark();
  if (IsSkipped()) return;
  GrabRequest waking = request();
  waking.wake = true;
  waking.wait_content = case_patience;  // a busy machine may need more than wake's two seconds
  const Result<Frame> frame = shoot(waking);
  ASSERT_TRUE(frame.ok()) << frame.error().message();
  EXPECT_EQ(frame->content, Content::picture);
  expect_unharmed();
}

TEST_F(Trust, APausedVmIsNotWoken) {
  start_dark();
  if (IsSkipped()) return;
  qemu().qmp("stop");
  remember();
  GrabRequest waking = request();
  waking.wake = true;
  const Result<Frame> frame = shoot(waking);
  ASSERT_TRUE(frame.ok()) << frame.error().message();
  ASSERT_FALSE(frame->notes.empty());
  EXPECT_EQ(frame->content, Content::blank);
  expect_unharmed();
  // No key was kept for later.
  qemu().qmp("cont");
  EXPECT_EQ(shoot(request()).value().content, Content::blank);
}

}  // namespace
}  // namespace qmpshot::test
