// SPDX-License-Identifier: MIT
#include "tools/qmpshot/choose_socket.h"

#include "tests/support/await.h"
#include "tests/support/many_monitors.h"
#include "tests/support/real_qemu.h"

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <cctype>
#include <fstream>

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
