// SPDX-License-Identifier: MIT
#include "tools/qmpshot/choose_socket.h"

#include "tests/support/await.h"
#include "tests/support/host_vms.h"
#include "tests/support/many_monitors.h"
#include "tests/support/real_qemu.h"
#include "tests/support/sanitizers.h"

#include <asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cctype>
#include <csignal>
#include <fstream>
#include <optional>
#include <thread>

namespace qmpshot::tools {
namespace {

using namespace std::chrono_literals;
using test::Answers;

class ChooseSocketTest : public testing::Test {
 protected:
  static Result<std::string> choose(const std::vector<std::string>& sockets,
                                    std::chrono::milliseconds timeout = 20s) {
    return choose_socket(sockets, "", timeout);
  }
  static void expect(const Result<std::string>& result, Errc code,
                     const std::vector<std::string>& words) {
    ASSERT_FALSE(result.ok()) << *result;
    EXPECT_EQ(name(result.error().code()), name(code));
    const std::string& message = result.error().message();
    for (const std::string& word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << word << " in " << message;
    }
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }

  test::ManyMonitors monitors_;
  test::TempFolder folder_;
};

TEST_F(ChooseSocketTest, OnePathIsItselfWhateverIsThere) {
  EXPECT_EQ(choose({"/no/such"}).value(), "/no/such");
  EXPECT_EQ(choose({"/no/such", "/no/such"}).value(), "/no/such");
  std::ofstream(folder_.file("vm[1]")) << "x";
  EXPECT_EQ(choose({folder_.file("vm[1]")}).value(), folder_.file("vm[1]")) << "no pattern";
  EXPECT_EQ(choose({folder_.file("v*")}).value(), folder_.file("vm[1]")) << "one match";
}

TEST_F(ChooseSocketTest, TheFirstFreeOneIsUsed) {
  const std::string dead = monitors_.add_dead();
  const std::string people = monitors_.add(Answers::as_people_monitor);
  const std::string first = monitors_.add(Answers::as_machine);
  const std::string second = monitors_.add(Answers::as_machine);
  monitors_.start();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(choose({dead, people, first, second}).value(), first);
    EXPECT_EQ(choose({second, dead, first}).value(), second);
  }
}

TEST_F(ChooseSocketTest, ABusyOneIsNotAwaitedWhereAnotherIsFree) {
  const std::string busy = monitors_.add(Answers::never);
  const std::string free = monitors_.add(Answers::as_machine);
  monitors_.start();
  EXPECT_EQ(choose({busy, free}, 60s).value(), free);
}

TEST_F(ChooseSocketTest, APatternMeansWhatItFinds) {
  const std::string dead = monitors_.add_dead();
  const std::string free = monitors_.add(Answers::as_machine);
  monitors_.start();
  const std::string folder = dead.substr(0, dead.rfind('/'));
  EXPECT_EQ(choose({folder + "/[dm]*"}).value(), free);
  expect(choose({folder + "/x*"}), Errc::cannot_connect, {"nothing matches " + folder + "/x*"});
}

TEST_F(ChooseSocketTest, WhereAllFailEachReasonIsNamed) {
  const std::string dead = monitors_.add_dead();
  const std::string people = monitors_.add(Answers::as_people_monitor);
  const std::string agent = monitors_.add(Answers::as_guest_agent);
  const std::string busy = monitors_.add(Answers::never);
  monitors_.start();
  expect(choose({dead, people}), Errc::cannot_connect,
         {"trying 2 sockets: ", dead + ": Connection refused", people + ": ", "(HMP)"});
  expect(choose({people, agent}), Errc::bad_peer, {agent + ": ", "guest agent"});
  expect(choose({dead, busy}, 200ms), Errc::monitor_busy, {dead + ": ", busy + ": ", "busy"});
}

TEST_F(ChooseSocketTest, AmongMoreThanCanBeAskedAtOnceTheLastIsFound) {
  std::vector<std::string> sockets;
  for (int i = 0; i < 300; ++i) sockets.push_back(monitors_.add(Answers::never));
  sockets.push_back(monitors_.add(Answers::as_machine));
  monitors_.start();
  EXPECT_EQ(choose(sockets, 60s).value(), sockets.back());
}

TEST_F(ChooseSocketTest, ALackOfDescriptorsIsSaid) {
  QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS();
  const std::string one = monitors_.add(Answers::as_machine);
  const std::string two = monitors_.add(Answers::as_machine);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const UniqueFd next(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  // As many as the loop itself has.
  const rlimit few{static_cast<rlim_t>(next.get()) + 4, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const Result<std::string> result = choose({one, two});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  expect(result, Errc::cannot_write, {"Too many open files"});
}

TEST_F(ChooseSocketTest, WhatOthersNamedDoesNotSteerTheTerminal) {
  const std::string hostile = folder_.file("a\x1b[31m");
  for (const std::string& pattern : {hostile + "*", folder_.file("[x]\x1b[31m")}) {
    expect(choose({pattern}), Errc::cannot_connect, {"?[31m"});
  }
  std::ofstream(hostile + "1") << "x";
  std::ofstream(hostile + "2") << "x";
  const Result<std::string> two = choose({hostile + "*"});
  expect(two, Errc::cannot_connect, {"/a?[31m1: it is not a socket; "});
  EXPECT_EQ(two.error().message().find('\x1b'), std::string::npos);
}

TEST_F(ChooseSocketTest, AnUnknownVmIsNamedWithThoseThatAreThere) {
  expect(choose_socket({}, "no-vm-is-called-so", 1s), Errc::cannot_connect,
         {"looking for VM no-vm-is-called-so: "});
}

class ChooseVmTest : public testing::Test {
 protected:
  void SetUp() override { QMPSHOT_REQUIRE_QEMU(); }

  static test::QemuOptions called(const std::string& name, const std::string& uuid,
                                  std::size_t monitors = 1) {
    test::QemuOptions options;
    options.arguments = {"-S", "-name", name, "-uuid", uuid};
    options.monitors = monitors;
    return options;
  }
  static std::string unique_name() { return "choose-" + std::to_string(::getpid()); }
  // Distinct in this test's run.
  static std::string uuid(char digit) {
    const std::string pid = std::to_string(::getpid());
    return "abcdef00-0000-4000-8000-" + std::string(11 - pid.size(), '0') + pid + digit;
  }

 private:
  test::HostVms alone_;
};

TEST_F(ChooseVmTest, IsFoundByNamePidAndUuid) {
  const test::RealQemu qemu(called(unique_name(), uuid('1')));
  std::string shouted = uuid('1');
  for (char& c : shouted) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (const std::string& vm : {unique_name(), std::to_string(qemu.pid()), uuid('1'), shouted}) {
    EXPECT_EQ(choose_socket({}, vm, 20s).value(), qemu.socket()) << vm;
  }
}

TEST_F(ChooseVmTest, ItsFirstFreeMonitorIsUsed) {
  const test::RealQemu qemu(called(unique_name(), uuid('2'), 2));
  asio::io_context io{1};
  EXPECT_EQ(choose_socket({}, unique_name(), 20s).value(), qemu.socket(0));
  auto client = test::run(io, qmp::Client::connect(qemu.socket(0), qmp::Deadline::after(20s)));
  test::run(io, client.value().handshake(qmp::Deadline::after(20s))).value();
  EXPECT_EQ(choose_socket({}, unique_name(), 20s).value(), qemu.socket(1));
}

// How many sockets the kernel knows by this name: who listens, who is connected, who waits.
std::ptrdiff_t sockets_called(const std::string& path) {
  std::ifstream table("/proc/net/unix");
  std::ptrdiff_t count = 0;
  for (std::string line; std::getline(table, line);) count += line.ends_with(" " + path) ? 1 : 0;
  return count;
}

TEST_F(ChooseVmTest, NobodyOfOursWaitsInABusyMonitorsQueue) {
  const test::RealQemu qemu(called(unique_name(), uuid('6'), 2));
  asio::io_context io{1};
  auto client = test::run(io, qmp::Client::connect(qemu.socket(0), qmp::Deadline::after(20s)));
  test::run(io, client.value().handshake(qmp::Deadline::after(20s))).value();
  ASSERT_EQ(sockets_called(qemu.socket(0)), 2);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(choose_socket({}, unique_name(), 20s).value(), qemu.socket(1));
  }
  auto other = test::run(io, qmp::Client::connect(qemu.socket(1), qmp::Deadline::after(20s)));
  test::run(io, other.value().handshake(qmp::Deadline::after(20s))).value();
  const Error error = choose_socket({}, unique_name(), 200ms).error();
  EXPECT_EQ(name(error.code()), "monitor_busy");
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_NE(error.message().find(qemu.socket(i) + ": another client is connected: give QEMU"),
              std::string::npos)
        << error.message();
    EXPECT_EQ(sockets_called(qemu.socket(i)), 2);
  }
}

TEST_F(ChooseVmTest, ABusyMonitorIsTakenWhenItsClientLeft) {
  const test::RealQemu qemu(called(unique_name(), uuid('7')));
  asio::io_context io{1};
  auto client = test::run(io, qmp::Client::connect(qemu.socket(), qmp::Deadline::after(20s)));
  test::run(io, client.value().handshake(qmp::Deadline::after(20s))).value();
  std::optional<qmp::Client> held(std::move(client).value());
  std::thread leaver([&] {
    std::this_thread::sleep_for(200ms);
    held.reset();
  });
  const Result<std::string> chosen = choose_socket({}, unique_name(), 20s);
  leaver.join();
  EXPECT_EQ(chosen.value(), qemu.socket());
}

TEST_F(ChooseVmTest, AStoppedOneIsNotCalledBusy) {
  const test::RealQemu qemu(called(unique_name(), uuid('8')));
  qemu.freeze();
  const Error error = choose_socket({}, unique_name(), 100ms).error();
  qemu.send_signal(SIGCONT);
  EXPECT_EQ(name(error.code()), "monitor_busy");
  EXPECT_EQ(error.message(), "reaching VM " + unique_name() + " (pid " +
                                 std::to_string(qemu.pid()) + "): " + qemu.socket() +
                                 ": QEMU's process is stopped (SIGSTOP)");
}

TEST_F(ChooseVmTest, ANameComesBeforeAPid) {
  const test::RealQemu first(called(unique_name(), uuid('9')));
  const std::string pid = std::to_string(first.pid());
  EXPECT_EQ(choose_socket({}, pid, 20s).value(), first.socket());
  const test::RealQemu named(called(pid, uuid('a')));
  EXPECT_EQ(choose_socket({}, pid, 20s).value(), named.socket());
  EXPECT_EQ(choose_socket({}, std::to_string(named.pid()), 20s).value(), named.socket());
}

TEST_F(ChooseVmTest, MonitorsThatCannotBeReachedSayWhyToo) {
  const test::TempFolder folder;
  const UniqueFd abstract(::socket(AF_UNIX, SOCK_STREAM, 0));  // not close-on-exec: QEMU's
  const sa_family_t unbound = AF_UNIX;  // the kernel gives it an abstract name
  ASSERT_EQ(::bind(abstract.get(), reinterpret_cast<const sockaddr*>(&unbound), sizeof unbound), 0);
  ASSERT_EQ(::listen(abstract.get(), 1), 0);
  test::QemuOptions options = called(unique_name(), uuid('b'));
  options.arguments.insert(
      options.arguments.end(),
      {"-chardev", "socket,id=m,fd=" + std::to_string(abstract.get()) + ",server=on,wait=off",
       "-mon", "m,mode=control"});
  const test::RealQemu qemu(options);
  EXPECT_EQ(choose_socket({}, unique_name(), 20s).value(), qemu.socket());
  ASSERT_EQ(::unlink(qemu.socket().c_str()), 0);
  const Error error = choose_socket({}, unique_name(), 20s).error();
  EXPECT_EQ(name(error.code()), "cannot_connect");
  for (const char* word : {": No such file", "an abstract name and not a path: give QEMU a -qmp"}) {
    EXPECT_NE(error.message().find(word), std::string::npos) << word << ": " << error.message();
  }
}

TEST_F(ChooseVmTest, TwoOfOneNameMustBeToldApart) {
  const test::RealQemu first(called(unique_name(), uuid('3')));
  const test::RealQemu second(called(unique_name(), uuid('4')));
  const Result<std::string> result = choose_socket({}, unique_name(), 20s);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::bad_argument);
  for (const pid_t pid : {first.pid(), second.pid()}) {
    EXPECT_NE(result.error().message().find("(pid " + std::to_string(pid) + ")"),
              std::string::npos);
  }
  EXPECT_EQ(choose_socket({}, uuid('4'), 20s).value(), second.socket());
}

TEST_F(ChooseVmTest, WithoutAFreeMonitorItSaysWhy) {
  const test::RealQemu none(called(unique_name(), uuid('5'), 0));
  const Error error = choose_socket({}, unique_name(), 20s).error();
  EXPECT_EQ(error.code(), Errc::cannot_connect);
  EXPECT_NE(error.message().find("it has no QMP socket"), std::string::npos);
}

}  // namespace
}  // namespace qmpshot::tools
