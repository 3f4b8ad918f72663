// SPDX-License-Identifier: MIT
// Nothing stays behind: not in QEMU, not on disk, however the program ends.
#include "capture/frame_slot.h"
#include "qmp/client.h"
#include "qmp/commands.h"
#include "tests/support/await.h"
#include "tests/tools/qmpshot_case.h"

#include <qmpshot/camera.h>

#include <asio/io_context.hpp>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>
#include <thread>

namespace qmpshot::test {
namespace {

class Leftover : public QmpshotCase {
 protected:
  // The program, connected to the VM and waiting for it, which is stopped.
  std::unique_ptr<Process> waiting_program(std::vector<std::string> arguments) {
    freeze(vm());
    arguments.insert(arguments.begin(), {QMPSHOT_PROGRAM, "-s", vm().socket(), "-o", file("a.png"),
                                         "--timeout", "20s"});
    ProcessOptions options;
    options.environment = {{"TMPDIR", folder().path()}};
    auto program = std::make_unique<Process>(std::move(arguments), options);
    // It sleeps in epoll when it has sent all it can.
    const std::string path = "/proc/" + std::to_string(program->pid()) + "/syscall";
    EXPECT_TRUE(eventually([&] {
      std::string number;
      std::ifstream(path) >> number;
      return number == std::to_string(SYS_epoll_wait);
    }));
    return program;
  }

  static void expect_nothing_left(RealQemu& vm, std::size_t descriptors) {
    EXPECT_TRUE(eventually([&] { return fdsets(vm) == 0; }));
    EXPECT_TRUE(eventually([&] { return frame_descriptors(vm) == 0; }));
    EXPECT_TRUE(eventually([&] { return vm.open_descriptors() <= descriptors; }))
        << vm.open_descriptors() << " descriptors, not " << descriptors;
  }
};

class LeftoverBySignal : public Leftover, public testing::WithParamInterface<int> {};

TEST_P(LeftoverBySignal, EndsByItAndTakesEverythingBack) {
  const std::size_t before = vm().open_descriptors();
  const std::unique_ptr<Process> program = waiting_program({});
  program->send(GetParam());
  vm().send_signal(SIGCONT);
  const Finished run = program->wait();
  EXPECT_EQ(run.signal, GetParam()) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_FALSE(std::filesystem::exists(file("a.png")));
  expect_nothing_left(vm(), before);
}

TEST_P(LeftoverBySignal, EndsByItThoughQemuStaysSilentAndTheNextOneCleansUp) {
  const std::size_t before = vm().open_descriptors();
  const std::unique_ptr<Process> program = waiting_program({});
  program->send(GetParam());
  const Finished run = program->wait();
  vm().send_signal(SIGCONT);
  EXPECT_EQ(run.signal, GetParam()) << run.err;
  expect_success(shoot({"-o", file("b.png")}));
  expect_nothing_left(vm(), before);
}

TEST_P(LeftoverBySignal, LeavesNoTemporaryFile) {
  const std::unique_ptr<Process> program = waiting_program({"--route", "ppm-file"});
  program->send(GetParam());
  vm().send_signal(SIGCONT);
  EXPECT_EQ(program->wait().signal, GetParam());
  EXPECT_TRUE(std::filesystem::is_empty(folder().path()));
}

TEST_P(LeftoverBySignal, EndsByItWhileTheMonitorIsBusy) {
  const Camera other = Camera::open(vm().socket()).value();
  Process program({QMPSHOT_PROGRAM, "-s", vm().socket(), "-o", file("a.png"), "-t", "20s"});
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  program.send(GetParam());
  EXPECT_EQ(program.wait().signal, GetParam());
}

TEST_P(LeftoverBySignal, EndsByItWhileNobodyReadsItsOutput) {
  Process program({QMPSHOT_PROGRAM, "-s", vm().socket(), "--format", "ppm"});
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // its pipe is full by now
  program.send(GetParam());
  EXPECT_TRUE(eventually([&] { return !program.running(); }));
  EXPECT_EQ(program.wait().signal, GetParam());
}
INSTANTIATE_TEST_SUITE_P(Leftover, LeftoverBySignal, testing::Values(SIGINT, SIGTERM));

TEST_F(Leftover, ThousandGrabsOnOneConnectionLeaveNothing) {
  const std::size_t before = vm().open_descriptors();
  {
    Camera camera = Camera::open(vm().socket()).value();
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(camera.grab().ok()) << i;
  }
  expect_nothing_left(vm(), before);
}

TEST_F(Leftover, ThousandOneShotsLeaveNothing) {
  const std::size_t before = vm().open_descriptors();
  for (int i = 0; i < 1000; ++i) {
    const Result<Frame> frame = Camera::shoot(vm().socket());
    ASSERT_TRUE(frame.ok()) << i << ": " << frame.error().message();
  }
  expect_nothing_left(vm(), before);
}

TEST_F(Leftover, HundredRunsOfTheProgramLeaveNothing) {
  const std::size_t before = vm().open_descriptors();
  for (int i = 0; i < 100; ++i) expect_success(shoot({"-o", file("a.png")}));
  expect_nothing_left(vm(), before);
}

TEST_F(Leftover, FailedDumpsLeaveNothing) {
  const std::size_t before = vm().open_descriptors();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(shoot({"--device", "none"}).status, 5);
  expect_nothing_left(vm(), before);
}

TEST_F(Leftover, PausedVmKeepsAtMostOneDescriptor) {
  RealQemu paused(text_vm());
  paused.qmp("stop");
  const std::vector<std::byte> expected = paused.ppm();
  for (int i = 0; i < 50; ++i) {
    const Finished run = qmpshot({"-s", paused.socket()});
    expect_success(run);
    ASSERT_TRUE(same_picture(bytes(run.out), expected)) << i;
  }
  EXPECT_LE(frame_descriptors(paused), 1u);
  EXPECT_EQ(fdsets(paused), frame_descriptors(paused));
  paused.qmp("cont");
  expect_success(qmpshot({"-s", paused.socket(), "-o", "/dev/null"}));
  expect_success(qmpshot({"-s", paused.socket(), "-o", "/dev/null"}));
  EXPECT_LE(frame_descriptors(paused), 1u);
}

// Does the work in a process of its own, which is killed then.
void do_and_die(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

// As a one-shot does: the set has no tag, only its memory's name.
asio::awaitable<void> lend_untagged_and_die(std::string socket) {
  const qmp::Deadline deadline = qmp::Deadline::after(std::chrono::seconds(60));
  qmp::Client client = co_await qmp::Client::connect(socket, deadline);
  co_await client.handshake(deadline);
  const capture::FrameSlot slot = capture::FrameSlot::create().value();
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::add_fd(4711));
  co_await client.execute_all(std::move(commands), slot.writer(), deadline);
  ::raise(SIGKILL);  // before the connection is closed in good order
}

TEST_F(Leftover, WhatAKilledClientLentIsTakenBackByTheNext) {
  const std::size_t before = vm().open_descriptors();
  do_and_die([] {
    Camera camera = Camera::open(vm().socket()).value();
    (void)camera.grab().value();
    ::raise(SIGKILL);  // before the camera takes it back
  });
  if (vm().version().major >= 10) {
    EXPECT_EQ(fdsets(vm()), 1u) << "this QEMU cleans up itself: drop reclaim_leftovers";
  }
  expect_success(shoot({"-o", file("a.png")}));
  expect_nothing_left(vm(), before);
}

TEST_F(Leftover, WhatAKilledOneShotLentIsTakenBackByTheNext) {
  const std::size_t before = vm().open_descriptors();
  do_and_die([] {
    asio::io_context io;
    (void)run(io, lend_untagged_and_die(vm().socket()));
  });
  EXPECT_EQ(frame_descriptors(vm()), 1U);
  expect_success(shoot({"-o", file("a.png")}));
  expect_nothing_left(vm(), before);
}

TEST_F(Leftover, WhatALivingClientLentIsLeftAlone) {
  Camera camera = Camera::open(vm().socket(1)).value();
  (void)camera.grab().value();
  expect_success(shoot({"-o", file("a.png")}));
  EXPECT_TRUE(camera.grab().ok());
}

}  // namespace
}  // namespace qmpshot::test
