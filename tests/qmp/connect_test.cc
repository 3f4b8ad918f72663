// SPDX-License-Identifier: MIT
#include "qmp/transport.h"
#include "tests/support/await.h"
#include "tests/support/deadlines.h"
#include "tests/support/sanitizers.h"
#include "tests/support/sockets.h"
#include "tests/support/temp_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace qmpshot::qmp {
namespace {

using namespace std::chrono_literals;
using test::bound_socket;
using test::patient;
using test::run;
using test::run_and_cancel;

class ConnectTest : public testing::Test {
 protected:
  Result<UniqueFd> connect(const std::string& path, Deadline deadline = patient()) {
    return run(io_, connect_unix(path, deadline));
  }
  void expect_refused(const std::string& path, std::string_view why) {
    const auto result = connect(path);
    ASSERT_FALSE(result.ok()) << path;
    EXPECT_EQ(result.error().code(), Errc::cannot_connect);
    EXPECT_EQ(result.error().message(), why);
  }
  // Takes every place in the backlog of `path`.
  std::vector<UniqueFd> fill_backlog(const std::string& path) {
    std::vector<UniqueFd> waiting;
    for (;;) {
      auto next = connect(path, Deadline::after(0ms));
      if (!next) return waiting;
      waiting.push_back(std::move(*next));
    }
  }

  asio::io_context io_;
  test::TempFolder folder_;
};

TEST_F(ConnectTest, ReachesAListeningSocketWithoutBlocking) {
  const UniqueFd listening = bound_socket(folder_.file("qmp"), 1);
  const UniqueFd socket = connect(folder_.file("qmp")).value();
  EXPECT_NE(::fcntl(socket.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(socket.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ConnectTest, ReachesAPathLongerThanASocketAddressHolds) {
  const std::string real = folder_.file("qmp");
  const UniqueFd listening = bound_socket(real, 8);
  for (const std::size_t size : {107U, 108U, 109U, 300U}) {
    std::string name = folder_.path();
    while (size - name.size() > 250) {
      name += "/" + std::string(200, 'd');
      std::filesystem::create_directory(name);
    }
    const std::string path = name + "/" + std::string(size - name.size() - 1, 'q');
    ASSERT_EQ(path.size(), size);
    std::filesystem::create_hard_link(real, path);
    EXPECT_TRUE(connect(path).ok()) << size;
  }
}

TEST_F(ConnectTest, SaysWhyAPathLeadsNowhere) {
  expect_refused(folder_.file("none"),
                 "No such file or directory: is the VM running, with "
                 "-qmp unix:PATH,server=on,wait=off?");
  expect_refused("",
                 "No such file or directory: is the VM running, with "
                 "-qmp unix:PATH,server=on,wait=off?");
  expect_refused(folder_.file(std::string(300, 'x')), "File name too long");
  expect_refused(folder_.path() + "/" + std::string(120, 'x') + "/qmp",
                 "No such file or directory: is the VM running, with "
                 "-qmp unix:PATH,server=on,wait=off?");
  std::ofstream(folder_.file("file")) << "text";
  expect_refused(folder_.file("file"), "it is not a socket");
  expect_refused(folder_.path(), "it is not a socket");
  { const UniqueFd gone = bound_socket(folder_.file("old"), 1); }
  expect_refused(folder_.file("old"),
                 "Connection refused: nobody listens there any more, the VM that made it is gone");
  const UniqueFd datagrams = bound_socket(folder_.file("datagram"), 0, SOCK_DGRAM);
  expect_refused(folder_.file("datagram"),
                 "Protocol wrong type for socket: it is a unix socket, but not a stream");
}

TEST_F(ConnectTest, WithoutADescriptorLeftTheFaultIsOurs) {
  QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS();
  const UniqueFd listening = bound_socket(folder_.file("qmp"), 1);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  for (const std::string& path : {folder_.file("qmp"), folder_.file(std::string(200, 'q'))}) {
    const rlimit none{3, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto result = connect(path);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(name(result.error().code()), "cannot_write");
    EXPECT_NE(result.error().message().find("Too many open files"), std::string::npos);
  }
}

TEST_F(ConnectTest, AFullBacklogIsABusyMonitor) {
  const UniqueFd listening = bound_socket(folder_.file("qmp"), 0);
  const auto waiting = fill_backlog(folder_.file("qmp"));
  const auto result = connect(folder_.file("qmp"), Deadline::after(50ms));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::monitor_busy);
  EXPECT_NE(result.error().message().find("a second -qmp socket"), std::string::npos);
}

TEST_F(ConnectTest, GetsThePlaceThatBecomesFreeInTime) {
  const UniqueFd listening = bound_socket(folder_.file("qmp"), 0);
  const auto waiting = fill_backlog(folder_.file("qmp"));
  test::Started<UniqueFd> started(io_, connect_unix(folder_.file("qmp"), patient()));
  io_.restart();
  io_.run_one();
  ASSERT_FALSE(started.ended());
  const UniqueFd served(::accept(listening.get(), nullptr, nullptr));
  io_.run();
  EXPECT_TRUE(started.result().ok());
}

TEST_F(ConnectTest, IsCancelledWhileTheBacklogIsFull) {
  const UniqueFd listening = bound_socket(folder_.file("qmp"), 0);
  const auto waiting = fill_backlog(folder_.file("qmp"));
  for (int steps = 1; steps < 4; ++steps) {
    const auto result = run_and_cancel(io_, connect_unix(folder_.file("qmp"), patient()), steps);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), Errc::cancelled);
  }
}

}  // namespace
}  // namespace qmpshot::qmp
