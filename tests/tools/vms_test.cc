// SPDX-License-Identifier: MIT
// `qmpshot vms`, and `--vm` on the command line. Other people's VMs may run here too: each case
// looks at the rows of its own.
#include "qmp/client.h"
#include "qmp/json.h"
#include "tests/support/await.h"
#include "tests/support/host_vms.h"
#include "tests/support/sanitizers.h"
#include "tests/tools/qmpshot_case.h"

#include <optional>
#include <sstream>

namespace qmpshot::test {
namespace {

using namespace std::chrono_literals;

QemuOptions called(const std::string& name, std::size_t monitors = 1) {
  QemuOptions options({"-S", "-nodefaults", "-vga", "std"});
  if (!name.empty()) options.arguments.insert(options.arguments.end(), {"-name", name});
  options.monitors = monitors;
  return options;
}

std::string own_name() {
  return "vms-test-" + std::to_string(::getpid());
}

// The rows of `qmpshot vms` that have this pid, the blanks between their columns made one.
std::vector<std::string> rows_of(const RealQemu& vm, const Finished& run) {
  const std::string pid = std::to_string(vm.pid());
  std::vector<std::string> rows;
  std::istringstream lines(run.out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string row;
    bool own = false;
    for (std::string word; words >> word;) {
      own |= word == pid;
      row += (row.empty() ? "" : " ") + word;
    }
    if (own) rows.push_back(row);
  }
  return rows;
}

qmp::Json json_of(const RealQemu& vm, const Finished& run) {
  const qmp::Json all = qmp::Json::parse(run.out).value();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i]["pid"].integer() == vm.pid()) return all[i];
  }
  return {};
}

class VmsCommand : public testing::Test {
 protected:
  void SetUp() override { QMPSHOT_REQUIRE_QEMU(); }

  // Connects to that monitor, for as long as this test runs.
  void occupy(const std::string& socket) {
    const qmp::Deadline deadline = qmp::Deadline::after(patience);
    client_.emplace(run(io_, qmp::Client::connect(socket, deadline)).value());
    run(io_, client_->handshake(deadline)).value();
  }

  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

 private:
  HostVms alone_;
  asio::io_context io_;
  std::optional<qmp::Client> client_;
  TempFolder folder_;
};

TEST_F(VmsCommand, ListsFreeAndBusyMonitors) {
  const RealQemu vm(called(own_name(), 2));
  occupy(vm.socket(1));
  const Finished list = qmpshot({"vms"});
  expect_success(list);
  const std::string before = own_name() + " " + std::to_string(vm.pid()) + " ";
  EXPECT_EQ(rows_of(vm, list), (std::vector<std::string>{
                                   before + vm.socket(0) + " free",
                                   before + vm.socket(1) + " busy: another client is connected"}));
  EXPECT_TRUE(list.out.starts_with("NAME ")) << list.out;
}

TEST_F(VmsCommand, ListsThemAsJson) {
  QemuOptions options = called(own_name(), 2);
  options.arguments.insert(options.arguments.end(),
                           {"-uuid", "3e1a7d1c-38ae-4b9d-9e39-6c6b53b2f8de"});
  const RealQemu vm(options);
  occupy(vm.socket(1));
  const Finished list = qmpshot({"vms", "--json"});
  expect_success(list);
  const qmp::Json own = json_of(vm, list);
  EXPECT_EQ(own["name"].string(), own_name());
  EXPECT_EQ(own["uuid"].string(), "3e1a7d1c-38ae-4b9d-9e39-6c6b53b2f8de");
  EXPECT_NE(own["binary"].string().value_or("").find("qemu-system-"), std::string::npos);
  ASSERT_EQ(own["monitors"].size(), 2U);
  const qmp::Json free = own["monitors"][0];
  EXPECT_EQ(free["path"].string(), vm.socket(0));
  EXPECT_EQ(free["state"].string(), "free");
  EXPECT_TRUE(static_cast<bool>(free["why"]));
  EXPECT_FALSE(free["why"].string().has_value()) << "null";
  EXPECT_EQ(own["monitors"][1]["state"].string(), "busy");
  EXPECT_EQ(own["monitors"][1]["why"].string(), "another client is connected");
}

TEST_F(VmsCommand, AStoppedVmIsSilentInBothCommands) {
  const RealQemu vm(called(own_name()));
  freeze(vm);
  const Finished list = qmpshot({"vms"});
  const Finished shot = qmpshot({"--vm", own_name(), "-o", file("a.png"), "--timeout", "200ms"});
  vm.send_signal(SIGCONT);
  ASSERT_EQ(rows_of(vm, list).size(), 1U);
  EXPECT_TRUE(rows_of(vm, list)[0].ends_with(" silent: QEMU's process is stopped (SIGSTOP)"));
  EXPECT_EQ(list.status, 0);
  expect_failure(shot, 4, {own_name(), vm.socket() + ": QEMU's process is stopped (SIGSTOP)"});
  EXPECT_EQ(shot.err.find("another client"), std::string::npos) << shot.err;
}

TEST_F(VmsCommand, AVmWithoutAMonitorSaysSo) {
  // The test's own monitor, to which QEMU connects, is none that others could use.
  const RealQemu vm(called(own_name(), 0));
  EXPECT_EQ(rows_of(vm, qmpshot({"vms"})),
            std::vector<std::string>{own_name() + " " + std::to_string(vm.pid()) +
                                     " - none: it was started without a QMP socket"});
  EXPECT_EQ(json_of(vm, qmpshot({"vms", "-j"}))["monitors"].size(), 0U);
  expect_failure(qmpshot({"--vm", own_name(), "-o", file("a.png")}), 3,
                 {"it has no QMP socket: start it with -qmp unix:"});
}

TEST_F(VmsCommand, AHostileNameSteersNoTerminal) {
  const std::string hostile = own_name() + "\x1b[31mil\nx\xc2\x9b";
  const std::string shown = own_name() + "?[31mil?x?";
  const RealQemu vm(called(hostile));
  const Finished list = qmpshot({"vms"});
  ASSERT_EQ(rows_of(vm, list).size(), 1U);
  EXPECT_TRUE(rows_of(vm, list)[0].starts_with(shown + " ")) << rows_of(vm, list)[0];
  EXPECT_EQ(json_of(vm, qmpshot({"vms", "--json"}))["name"].string(), hostile);
  const Finished unknown = qmpshot({"--vm", "no-vm-is-called-so", "-o", file("a.png")});
  expect_failure(unknown, 3, {"none is called so", shown + " (pid "});
  for (const Finished& run : {list, unknown}) {
    EXPECT_EQ((run.out + run.err).find('\x1b'), std::string::npos);
    EXPECT_EQ((run.out + run.err).find('\x9b'), std::string::npos);
  }
  expect_success(qmpshot({"--vm", hostile, "-o", file("a.png")}));
}

TEST_F(VmsCommand, ByItsNameUuidOrPidAPictureIsTaken) {
  const std::string uuid = "4e1a7d1c-38ae-4b9d-9e39-6c6b53b2f8de";
  QemuOptions options = called(own_name(), 2);
  options.arguments.insert(options.arguments.end(), {"-uuid", uuid});
  RealQemu vm(options);
  occupy(vm.socket(0));
  const std::vector<std::byte> own = vm.ppm();
  for (const std::string& name : {own_name(), uuid, std::to_string(vm.pid())}) {
    expect_success(qmpshot({"--vm", name, "-o", file("a.png")}));
    EXPECT_TRUE(same_picture(read_file(file("a.png")), own)) << name;
    std::filesystem::remove(file("a.png"));
  }
  const Finished verbose = qmpshot({"--vm", own_name(), "-o", file("a.png"), "--verbose"});
  EXPECT_NE(verbose.err.find("socket " + vm.socket(1)), std::string::npos) << verbose.err;
  EXPECT_TRUE(vm.alive());
}

// Who may not see into QEMU is not told who is connected, nor what it was passed.
TEST_F(VmsCommand, AnotherUsersVmIsListedWithWhatMayBeKnown) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const RealQemu vm(called(own_name()));
  ProcessOptions as_nobody;
  as_nobody.user = nobody;
  const Finished list = qmpshot({"vms"}, as_nobody);
  EXPECT_EQ(list.status, 0) << list.err;
  ASSERT_EQ(rows_of(vm, list).size(), 1U) << list.out;
  EXPECT_NE(rows_of(vm, list)[0].find(" no_permission: "), std::string::npos) << list.out;
  EXPECT_TRUE(rows_of(vm, list)[0].ends_with("run as the VM's user, or as root")) << list.out;
}

TEST_F(VmsCommand, ALackOfDescriptorsIsNoDeadMonitor) {
  QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS();
  const RealQemu vm(called(own_name()));
  for (rlim_t most = 3; most < 10; ++most) {
    ProcessOptions options;
    options.limits = {{RLIMIT_NOFILE, most}};
    const Finished list = qmpshot({"vms"}, options);
    if (list.status != 0) {
      expect_failure(list, 3, {"looking for virtual machines: ", "Too many open files"});
    } else {
      ASSERT_EQ(rows_of(vm, list).size(), 1U) << list.out;
      EXPECT_TRUE(rows_of(vm, list)[0].ends_with(" free")) << list.out;
    }
  }
}

TEST_F(VmsCommand, BadOptionsAreOneLineAndStatus2) {
  for (const char* option : {"--unknown", "more", "--socket"}) {
    expect_failure(qmpshot({"vms", option}), 2, {"qmpshot vms --help"});
  }
  expect_failure(qmpshot({"--vm", "a", "--socket", "b"}), 2, {"--help"});
  const Finished help = qmpshot({"vms", "--help"});
  expect_success(help);
  EXPECT_NE(help.out.find("no_permission"), std::string::npos);
}

}  // namespace
}  // namespace qmpshot::test
