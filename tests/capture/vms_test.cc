// SPDX-License-Identifier: MIT
#include "capture/vms.h"

#include "tests/support/await.h"
#include "tests/support/host_vms.h"
#include "tests/support/many_monitors.h"
#include "tests/support/proc_tree.h"
#include "tests/support/real_qemu.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

namespace qmpshot {
namespace {

using namespace std::chrono_literals;
using test::Answers;

TEST(Vms, TwoHundredWithBusyAndDeadOnesAreListedAtOnce) {
  test::ManyMonitors monitors;
  test::ProcTree proc;
  std::vector<MonitorState> expected;
  for (int pid = 1; pid <= 200; ++pid) {
    const bool dead = pid % 10 == 0;
    const bool busy = pid % 10 == 5;
    const std::string path =
        dead ? monitors.add_dead() : monitors.add(busy ? Answers::never : Answers::as_machine);
    expected.push_back(dead ? MonitorState::dead : busy ? MonitorState::busy : MonitorState::free);
    proc.add(pid, {"/usr/bin/qemu-system-x86_64", "-name", "vm" + std::to_string(pid), "-qmp",
                   "unix:" + path + ",server=on,wait=off"});
    proc.add(1000 + pid, {"/bin/sh", "-c", "exec qemu-system-x86_64"}, "/bin/dash");
  }
  monitors.start();
  asio::io_context io;
  const auto begin = std::chrono::steady_clock::now();
  const auto vms = test::run(io, capture::ask_monitors(capture::find_qemu_processes(proc.path()),
                                                       default_patience, false))
                       .value();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  std::printf("200 VMs, 20 busy and 20 dead among them: %.0f ms\n", took.count());
  testing::Test::RecordProperty("milliseconds", static_cast<int>(took.count()));
  ASSERT_EQ(vms.size(), 200U);
  std::size_t as_expected = 0;
  for (std::size_t i = 0; i < vms.size(); ++i) {
    EXPECT_EQ(vms[i].name, "vm" + std::to_string(i + 1));
    ASSERT_EQ(vms[i].monitors.size(), 1U);
    as_expected += vms[i].monitors[0].state == expected[i] ? 1 : 0;
  }
  EXPECT_GE(as_expected, 190U) << "a free one may be late on a loaded machine, and then busy";
}

class RealVms : public testing::Test {
 protected:
  void SetUp() override { QMPSHOT_REQUIRE_QEMU(); }

  static test::QemuOptions named(const std::string& name, std::size_t monitors) {
    test::QemuOptions options;
    options.arguments = {"-S", "-name", name + ",debug-threads=on", "-uuid",
                         "6c1ad7d1-38ae-4b9d-9e39-6c6b53b2f8de"};
    options.monitors = monitors;
    return options;
  }

  // This machine as the library sees it; other people's, which run here too, are not asked.
  static Vm look(const test::RealQemu& qemu, std::chrono::milliseconds patience = 20s) {
    std::vector<capture::QemuProcess> processes = capture::find_qemu_processes();
    std::erase_if(processes, [&](const auto& process) { return process.pid != qemu.pid(); });
    asio::io_context io;
    test::run(io, capture::outwait_visitors(processes)).value();
    auto vms = test::run(io, capture::ask_monitors(std::move(processes), patience, true));
    return vms.value().at(0);
  }

  static std::string state_of(const test::RealQemu& qemu, const std::string& path) {
    const Vm vm = look(qemu);
    const auto monitor = std::ranges::find(vm.monitors, path, &Monitor::path);
    return monitor == vm.monitors.end() ? "not listed" : std::string(name(monitor->state));
  }

  // When QEMU has noticed that its clients left, which takes it a while on a loaded machine.
  static std::string state_at_rest(const test::RealQemu& qemu) {
    for (int i = 0; i < 100 && state_of(qemu, qemu.socket()) != "free"; ++i) ::usleep(20'000);
    return state_of(qemu, qemu.socket());
  }

 private:
  test::HostVms alone_;
};

TEST_F(RealVms, AreFoundWithNameUuidAndMonitors) {
  test::RealQemu qemu(named("real,,vm", 2));
  const std::vector<Vm> vms = list_vms().value();
  const auto vm = std::ranges::find(vms, qemu.pid(), &Vm::pid);
  ASSERT_NE(vm, vms.end());
  EXPECT_EQ(vm->name, "real,vm");
  EXPECT_EQ(vm->uuid, "6c1ad7d1-38ae-4b9d-9e39-6c6b53b2f8de");
  EXPECT_NE(vm->binary.find("qemu-system-"), std::string::npos);
  EXPECT_EQ(state_of(qemu, qemu.socket(0)), "free");
  EXPECT_EQ(state_of(qemu, qemu.socket(1)), "free");
  EXPECT_TRUE(qemu.alive());
}

TEST_F(RealVms, AConnectedMonitorIsBusyWithoutBeingTouched) {
  test::RealQemu qemu(named("busy", 1));
  asio::io_context io;
  {
    auto client = test::run(io, qmp::Client::connect(qemu.socket(), qmp::Deadline::after(20s)));
    test::run(io, client.value().handshake(qmp::Deadline::after(20s))).value();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(state_of(qemu, qemu.socket()), "busy");
    // Nobody of ours waits in its queue, which holds two.
    auto next = test::run(io, qmp::Client::connect(qemu.socket(), qmp::Deadline::after(1ms)));
    EXPECT_TRUE(next.ok());
  }
  EXPECT_EQ(state_at_rest(qemu), "free");
}

TEST_F(RealVms, AStoppedProcessIsSilent) {
  test::RealQemu qemu(named("stopped", 1));
  qemu.send_signal(SIGSTOP);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(qemu.pid()), &info, WSTOPPED | WNOWAIT), 0);
  const Vm vm = look(qemu, 200ms);
  qemu.send_signal(SIGCONT);
  EXPECT_EQ(name(vm.monitors.at(0).state), "silent");
  EXPECT_EQ(vm.monitors.at(0).why, "QEMU's process is stopped (SIGSTOP)");
  EXPECT_EQ(state_at_rest(qemu), "free");
}

TEST_F(RealVms, AStoppedProcessWithAClientIsSilentToo) {
  test::RealQemu qemu(named("stopped with a client", 1));
  asio::io_context io;
  auto client = test::run(io, qmp::Client::connect(qemu.socket(), qmp::Deadline::after(20s)));
  test::run(io, client.value().handshake(qmp::Deadline::after(20s))).value();
  qemu.send_signal(SIGSTOP);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(qemu.pid()), &info, WSTOPPED | WNOWAIT), 0);
  const Vm vm = look(qemu);
  qemu.send_signal(SIGCONT);
  EXPECT_EQ(name(vm.monitors.at(0).state), "silent");
  EXPECT_EQ(state_of(qemu, qemu.socket()), "busy");
}

TEST_F(RealVms, AClientThatLeavesAtOnceKeepsNoMonitorBusy) {
  test::RealQemu qemu(named("visited", 1));
  asio::io_context io;
  auto client = test::run(io, qmp::Client::connect(qemu.socket(), qmp::Deadline::after(20s)));
  test::run(io, client.value().handshake(qmp::Deadline::after(20s))).value();
  std::vector<capture::QemuProcess> processes = capture::find_qemu_processes();
  std::erase_if(processes, [&](const auto& process) { return process.pid != qemu.pid(); });
  ASSERT_EQ(processes.at(0).monitors.at(0).has_client, true);
  test::Started<void> waiting(io, capture::outwait_visitors(processes));
  io.restart();
  io.run_for(1ms);
  EXPECT_FALSE(waiting.ended());
  { const qmp::Client gone = std::move(client).value(); }
  io.run();
  waiting.result().value();
  for (int i = 0; i < 100 && processes.at(0).monitors.at(0).has_client == true; ++i) {
    test::run(io, capture::outwait_visitors(processes)).value();
  }
  EXPECT_EQ(processes.at(0).monitors.at(0).has_client, false);
}

TEST_F(RealVms, ARemovedSocketIsDeadAndSoIsAnothersInItsPlace) {
  test::RealQemu qemu(named("removed", 2));
  ASSERT_EQ(::unlink(qemu.socket(0).c_str()), 0);
  EXPECT_EQ(state_of(qemu, qemu.socket(0)), "dead");
  test::RealQemu other(named("other", 1));
  ASSERT_EQ(::symlink(other.socket().c_str(), qemu.socket(0).c_str()), 0);
  const Monitor taken = look(qemu).monitors.at(0);
  EXPECT_EQ(name(taken.state), "dead");
  EXPECT_NE(taken.why.find("process " + std::to_string(other.pid()) + " listens there now"),
            std::string::npos);
  EXPECT_EQ(state_of(qemu, qemu.socket(1)), "free");
}

}  // namespace
}  // namespace qmpshot
