// SPDX-License-Identifier: MIT
#include "capture/monitor_probe.h"

#include "qmp/client.h"
#include "qmp/pause.h"
#include "tests/support/await.h"
#include "tests/support/many_monitors.h"
#include "tests/support/real_qemu.h"
#include "tests/support/sanitizers.h"
#include "tests/support/tool.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <thread>

namespace qmpshot::capture {
namespace {

using namespace std::chrono_literals;
using test::Answers;
using test::ManyMonitors;
using test::run;

class MonitorProbeTest : public testing::Test {
 protected:
  Probe probe(const std::string& path, std::chrono::milliseconds timeout = 20s) {
    return run(io_, probe_monitor(path, qmp::Deadline::after(timeout))).value();
  }
  void expect(const Probe& probe, MonitorState state, std::string_view why) {
    EXPECT_EQ(name(probe.state), name(state));
    EXPECT_NE(probe.why.find(why), std::string::npos) << probe.why;
  }

  asio::io_context io_;
  ManyMonitors monitors_;
};

TEST_F(MonitorProbeTest, EachKindOfPeerHasItsOwnWords) {
  const std::string machine = monitors_.add(Answers::as_machine);
  const std::string daemon = monitors_.add(Answers::as_storage_daemon);
  const std::string people = monitors_.add(Answers::as_people_monitor);
  const std::string agent = monitors_.add(Answers::as_guest_agent);
  const std::string never = monitors_.add(Answers::never);
  const std::string closing = monitors_.add(Answers::by_closing);
  monitors_.start();
  expect(probe(machine), MonitorState::free, "");
  EXPECT_EQ(probe(machine).listener, ::getpid());
  expect(probe(daemon), MonitorState::bad_peer, "no virtual machine, as qemu-storage-daemon");
  expect(probe(people), MonitorState::bad_peer, "(HMP)");
  expect(probe(agent), MonitorState::bad_peer, "guest agent");
  expect(probe(never, 50ms), MonitorState::busy, "busy with another client");
  expect(probe(closing), MonitorState::dead, "");
}

TEST_F(MonitorProbeTest, WhereNobodyListensItSaysWhy) {
  test::TempFolder folder;
  const Probe dead = probe(monitors_.add_dead());
  expect(dead, MonitorState::dead, "nobody listens there any more");
  EXPECT_EQ(dead.why.find("connecting to"), std::string::npos) << "the path stands beside it";
  expect(probe(folder.file("none")), MonitorState::dead, "No such file");
  std::ofstream(folder.file("file")) << "x";
  expect(probe(folder.file("file")), MonitorState::dead, "not a socket");
  const UniqueFd datagram = test::bound_socket(folder.file("datagram"), 0, SOCK_DGRAM);
  expect(probe(folder.file("datagram")), MonitorState::dead, "not a stream");
}

TEST_F(MonitorProbeTest, WithoutPermissionItSaysSo) {
  if (::geteuid() == 0) {  // root may everything
    if (::seteuid(65534) != 0) GTEST_SKIP() << "cannot become another user";
  }
  const std::string forbidden = "/proc/1/root/run/qmp.sock";  // the folder is init's alone
  expect(probe(forbidden), MonitorState::no_permission, "run as the VM's user, or as root");
  if (::getuid() == 0) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

TEST_F(MonitorProbeTest, AProbedMonitorIsFreeAgain) {
  const std::string path = monitors_.add(Answers::as_machine);
  monitors_.start();
  for (int i = 0; i < 50; ++i) ASSERT_EQ(probe(path).state, MonitorState::free);
}

TEST_F(MonitorProbeTest, AQueueOfOthersIsBusy) {
  const std::string path = monitors_.add(Answers::never);
  std::vector<UniqueFd> others;
  for (int i = 0; i < 2; ++i) {
    others.push_back(run(io_, qmp::connect_unix(path, qmp::Deadline::after(20s))).value());
  }
  expect(probe(path, 50ms), MonitorState::busy, "others wait for this monitor");
}

TEST_F(MonitorProbeTest, ManyAreAskedAtOnceAndToldInOrder) {
  std::vector<std::string> paths;
  for (int i = 0; i < 300; ++i) {
    paths.push_back(monitors_.add(i % 10 == 3 ? Answers::never : Answers::as_machine));
  }
  monitors_.start();
  const auto probes = run(io_, probe_monitors(paths, 2s)).value();
  ASSERT_EQ(probes.size(), paths.size());
  for (std::size_t i = 0; i < probes.size(); ++i) {
    EXPECT_EQ(name(probes[i].state), i % 10 == 3 ? "busy" : "free") << i << probes[i].why;
  }
  EXPECT_TRUE(run(io_, probe_monitors({}, 1s)).value().empty());
}

TEST_F(MonitorProbeTest, CancelledItThrowsOurOwnError) {
  const std::string path = monitors_.add(Answers::never);
  const auto one = test::run_and_cancel(io_, probe_monitor(path, qmp::Deadline::after(60s)), 1);
  EXPECT_EQ(one.error().code(), Errc::cancelled);
  const auto all = test::run_and_cancel(io_, probe_monitors({path}, 500ms), 2);
  EXPECT_EQ(all.error().code(), Errc::cancelled);
}

// While it lives, no more than `more` descriptors can be opened, besides those of the loop.
class FewDescriptors {
 public:
  FewDescriptors(asio::io_context& io, rlim_t more) {
    run(io, qmp::pause_until(std::chrono::steady_clock::now())).value();  // now it has them
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const rlimit few{static_cast<rlim_t>(next.get()) + more, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(MonitorProbeTest, ALackOfDescriptorsIsNoDeadMonitor) {
  QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS();
  const std::string path = monitors_.add(Answers::never);
  const FewDescriptors none(io_, 0);
  const auto one = run(io_, probe_monitor(path, qmp::Deadline::after(1s)));
  ASSERT_FALSE(one.ok());
  EXPECT_EQ(name(one.error().code()), "cannot_write");
  const auto all = run(io_, probe_monitors({path, path, path}, 1s));
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(name(all.error().code()), "cannot_write");
  EXPECT_NE(all.error().message().find("Too many open files"), std::string::npos);
}

TEST_F(MonitorProbeTest, WithFewDescriptorsFewerAreAskedAtOnce) {
  QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS();
  std::vector<std::string> paths;
  for (int i = 0; i < 20; ++i) {
    paths.push_back(i % 5 == 3 ? monitors_.add(Answers::never) : monitors_.add_dead());
  }
  const FewDescriptors few(io_, 2);
  const auto probes = run(io_, probe_monitors(paths, 100ms)).value();
  for (std::size_t i = 0; i < probes.size(); ++i) {
    EXPECT_EQ(name(probes[i].state), i % 5 == 3 ? "busy" : "dead") << i << probes[i].why;
  }
}

TEST_F(MonitorProbeTest, ManyThreadsMayRunTheLoop) {
  std::vector<std::string> paths;
  for (int i = 0; i < 100; ++i) paths.push_back(monitors_.add(Answers::as_machine));
  monitors_.start();
  for (int round = 0; round < 5; ++round) {
    test::Started<std::vector<Probe>> started(io_, probe_monitors(paths, 20s));
    io_.restart();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([this] { io_.run(); });
    for (std::thread& thread : threads) thread.join();
    const std::vector<Probe> probes = started.result().value();
    for (const Probe& probe : probes) EXPECT_EQ(name(probe.state), "free") << probe.why;
  }
}

asio::awaitable<bool> probe_and_wait_on(std::string path) {
  std::vector<std::string> paths;
  paths.push_back(path);
  bool cancelled = false;
  try {
    co_await probe_monitors(std::move(paths), 100ms);
  } catch (const Error& error) {
    cancelled = error.code() == Errc::cancelled;
  }
  co_await qmp::pause_until(std::chrono::steady_clock::now() + 1ms);
  co_return cancelled;
}

TEST_F(MonitorProbeTest, WhoCatchesCancelledMayWaitAgain) {
  const std::string path = monitors_.add(Answers::never);
  for (int steps = 1; steps < 5; ++steps) {
    EXPECT_TRUE(test::run_and_cancel(io_, probe_and_wait_on(path), steps).value()) << steps;
  }
}

// The programs themselves, for whom ManyMonitors stands elsewhere.
class RealPeersTest : public MonitorProbeTest {
 protected:
  // Waits until somebody listens.
  Probe probe_when_there(const std::string& path) {
    Probe last;
    for (int i = 0; i < 500; ++i) {
      last = probe(path);
      if (last.state != MonitorState::dead) break;
      ::usleep(20'000);
    }
    return last;
  }

  test::TempFolder folder_;
};

// A program that is killed with the test.
class Program {
 public:
  explicit Program(std::vector<std::string> words) {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

TEST_F(RealPeersTest, QemusOwnMonitors) {
  QMPSHOT_REQUIRE_QEMU();
  const std::string people = folder_.file("people");
  const std::string pretty = folder_.file("pretty");
  test::RealQemu qemu(test::QemuOptions({"-S", "-monitor", "unix:" + people + ",server=on,wait=off",
                                         "-qmp-pretty", "unix:" + pretty + ",server=on,wait=off"}));
  expect(probe(people), MonitorState::bad_peer, "(HMP)");
  expect(probe(pretty), MonitorState::free, "");
  for (int i = 0; i < 20; ++i) expect(probe(qemu.socket()), MonitorState::free, "");
  EXPECT_TRUE(qemu.alive());
}

TEST_F(RealPeersTest, AStorageDaemon) {
  if (!test::has_tool("qemu-storage-daemon")) GTEST_SKIP() << "no qemu-storage-daemon here";
  const Program daemon({"qemu-storage-daemon", "--chardev",
                        "socket,id=m,server=on,wait=off,path=" + folder_.file("m"), "--monitor",
                        "chardev=m"});
  expect(probe_when_there(folder_.file("m")), MonitorState::bad_peer, "no virtual machine");
}

TEST_F(RealPeersTest, AGuestAgent) {
  // Not everybody has its folder in PATH.
  const std::string program = test::has_tool("qemu-ga") ? "qemu-ga" : "/usr/sbin/qemu-ga";
  if (!test::has_tool(program)) GTEST_SKIP() << "no qemu-ga here (package qemu-guest-agent)";
  const Program agent(
      {program, "-m", "unix-listen", "-p", folder_.file("m"), "-t", folder_.path()});
  expect(probe_when_there(folder_.file("m")), MonitorState::bad_peer, "guest agent");
}

}  // namespace
}  // namespace qmpshot::capture
