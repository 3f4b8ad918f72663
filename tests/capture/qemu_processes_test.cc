// SPDX-License-Identifier: MIT
#include "capture/qemu_processes.h"

#include "tests/support/proc_tree.h"
#include "tests/support/sanitizers.h"
#include "tests/support/sockets.h"

#include <qmpshot/error.h>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace qmpshot::capture {
namespace {

using test::bound_socket;
using test::ProcTree;

constexpr const char* qemu = "/usr/bin/qemu-system-x86_64";

class QemuProcessesTest : public testing::Test {
 protected:
  std::vector<QemuProcess> find() { return find_qemu_processes(proc_.path()); }
  // The only monitor of the only QEMU.
  KnownMonitor monitor() { return find().at(0).monitors.at(0); }
  void add(const std::string& qmp) { proc_.add(7, {qemu, "-qmp", qmp}, qemu); }

  ProcTree proc_;
  test::TempFolder folder_;
};

TEST_F(QemuProcessesTest, FindsAQemuByItsWordsItsProgramOrBehindTheDynamicLinker) {
  proc_.add(30, {"/lib64/ld-linux-x86-64.so.2", "--library-path", "/l", qemu, "-name", "linker"},
            "/usr/lib/ld-linux-x86-64.so.2");
  proc_.add(4, {"kvm", "-name", "words"});
  proc_.add(100, {"vm-of-mine", "-name", "program"}, "/usr/libexec/qemu-kvm");
  const auto found = find();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].pid, 4);
  EXPECT_EQ(found[0].name, "words");
  EXPECT_EQ(found[0].binary, "kvm");
  EXPECT_EQ(found[1].pid, 30);
  EXPECT_EQ(found[1].name, "linker");
  EXPECT_EQ(found[1].binary, qemu);
  EXPECT_EQ(found[2].name, "program");
  EXPECT_EQ(found[2].binary, "/usr/libexec/qemu-kvm");
}

TEST_F(QemuProcessesTest, AMentionOfQemuIsNoQemu) {
  proc_.add(1, {"/bin/sh", "-c", "qemu-system-x86_64 -name a -qmp unix:q,server"}, "/bin/dash");
  proc_.add(2, {"ssh", "host", "qemu-system-x86_64", "-name", "b"}, "/usr/bin/ssh");
  proc_.add(3, {"sudo", qemu, "-name", "c"}, "/usr/bin/sudo");
  proc_.add(4, {"/lib64/ld-linux-x86-64.so.2", "/bin/echo", qemu}, "/lib64/ld-linux-x86-64.so.2");
  proc_.add(5, {}, qemu);  // a zombie, a kernel thread
  proc_.add(6, {"vi", "qemu-system-x86_64"});
  EXPECT_TRUE(find().empty());
}

TEST_F(QemuProcessesTest, NoProcIsNoVm) {
  EXPECT_TRUE(find_qemu_processes("/nonexistent").empty());
}

TEST_F(QemuProcessesTest, AnAbsolutePathIsTaken) {
  add("unix:/run/q.sock,server=on");
  EXPECT_EQ(monitor().path, "/run/q.sock");
  EXPECT_EQ(monitor().has_client, std::nullopt) << "this tree has no table of sockets";
}

TEST_F(QemuProcessesTest, ARelativePathStartsAtItsFolder) {
  add("unix:q.sock,server=on");
  EXPECT_EQ(monitor().path, "");
  EXPECT_NE(monitor().unknown_why.find("q.sock in a folder"), std::string::npos);
  proc_.link(7, "cwd", folder_.path());
  EXPECT_EQ(monitor().path, folder_.file("q.sock"));
}

TEST_F(QemuProcessesTest, ADaemonLeftItsSocketWhereItWasStarted) {
  const UniqueFd socket = bound_socket(folder_.file("q.sock"), 1);
  add("unix:q.sock,server=on");
  proc_.link(7, "cwd", "/");
  proc_.write(7, "environ", std::string("HOME=/root\0PWD=", 15) + folder_.path() + '\0');
  EXPECT_EQ(monitor().path, folder_.file("q.sock"));
}

TEST_F(QemuProcessesTest, InAChrootItIsReachedThroughItsRoot) {
  std::filesystem::create_directories(folder_.file("run"));
  const UniqueFd socket = bound_socket(folder_.file("run/q.sock"), 1);
  add("unix:/run/q.sock,server=on");
  proc_.link(7, "root", folder_.path());
  EXPECT_EQ(monitor().path, proc_.path() + "/7/root/run/q.sock");
}

TEST_F(QemuProcessesTest, ASocketBoundBeforeQemusOwnChrootIsWhereItWas) {
  const UniqueFd socket = bound_socket(folder_.file("q.sock"), 1);
  add("unix:" + folder_.file("q.sock") + ",server=on");
  proc_.link(7, "root", "/var/empty");
  EXPECT_EQ(monitor().path, folder_.file("q.sock"));
}

TEST_F(QemuProcessesTest, TheKernelTellsWhoIsConnected) {
  add("unix:q.sock,server=on");
  proc_.link(7, "cwd", "/run/vm");
  const std::string row = ": 00000003 00000000 00000000 0001 03 ";
  proc_.write_sockets("Num ...\n1" + row + "55 q.sock\n2" + row + "56 other.sock\n");
  EXPECT_EQ(monitor().has_client, std::nullopt) << "its descriptors may not be looked at";
  proc_.link(7, "fd/3", "socket:[54]");
  EXPECT_EQ(monitor().has_client, false) << "the connection is another VM's of the same name";
  proc_.link(7, "fd/12", "socket:[55]");
  EXPECT_EQ(monitor().has_client, true);
}

TEST_F(QemuProcessesTest, APassedSocketsPathIsTheKernels) {
  proc_.add(7, {qemu, "-chardev", "socket,id=m,fd=22,server=on", "-mon", "m,mode=control"}, qemu);
  EXPECT_EQ(monitor().path, "");
  EXPECT_NE(monitor().unknown_why.find("descriptor 22, which is not open"), std::string::npos);
  proc_.link(7, "fd/22", "socket:[55]");
  EXPECT_NE(monitor().unknown_why.find("descriptor 22, which is not a unix socket with a path"),
            std::string::npos);
  EXPECT_FALSE(monitor().forbidden);
  proc_.write_sockets("Num ...\n1: 00000003 00000000 00010000 0001 01 55 /run/libvirt/m.sock\n");
  EXPECT_EQ(monitor().path, "/run/libvirt/m.sock");
  EXPECT_EQ(monitor().unknown_why, "");
  EXPECT_FALSE(monitor().bound_by_vm);
}

TEST_F(QemuProcessesTest, APassedAbstractSocketHasNoPath) {
  proc_.add(7, {qemu, "-chardev", "socket,id=m,fd=22,server=on", "-mon", "m,mode=control"}, qemu);
  proc_.link(7, "cwd", folder_.path());
  proc_.link(7, "fd/22", "socket:[55]");
  proc_.write_sockets("Num ...\n1: 00000003 00000000 00010000 0001 01 55 @vm\x1b[31m\n");
  EXPECT_EQ(monitor().path, "");
  EXPECT_NE(monitor().unknown_why.find("@vm?[31m, an abstract name and not a path: give QEMU"),
            std::string::npos)
      << monitor().unknown_why;
}

TEST_F(QemuProcessesTest, APassedSocketThatMayNotBeLookedAtSaysWhoMay) {
  proc_.add(7, {qemu, "-chardev", "socket,id=m,fd=0,server=on", "-mon", "m,mode=control"}, qemu);
  proc_.link(7, "fd", "/proc/1/fd");  // init's descriptors are root's alone
  ASSERT_EQ(::chmod(proc_.path().c_str(), 0755), 0);
  const bool is_root = ::geteuid() == 0;
  if (is_root && ::seteuid(65534) != 0) GTEST_SKIP() << "cannot become another user";
  const KnownMonitor known = monitor();
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_TRUE(known.forbidden);
  EXPECT_NE(known.unknown_why.find("may not look at: run as the VM's user, or as root"),
            std::string::npos)
      << known.unknown_why;
}

TEST_F(QemuProcessesTest, OneIsLookedAtAgainByItsPid) {
  add("unix:/q,server=on");
  proc_.add(8, {"/bin/sh"}, "/bin/dash");
  const auto found = find_qemu_process(7, proc_.path());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->pid, 7);
  EXPECT_EQ(found->monitors.at(0).path, "/q");
  EXPECT_FALSE(find_qemu_process(8, proc_.path()).has_value());
  EXPECT_FALSE(find_qemu_process(9, proc_.path()).has_value());
}

TEST_F(QemuProcessesTest, WithoutDescriptorsItDoesNotSayThatThereAreNone) {
  QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS();
  add("unix:/q,server=on");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{3, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  Errc code = Errc::bad_argument;
  try {
    find();
  } catch (const Error& error) {
    code = error.code();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(name(code), "cannot_write");
}

TEST_F(QemuProcessesTest, AStoppedProcessIsKnown) {
  add("unix:/q,server=on");
  EXPECT_FALSE(find().at(0).stopped);
  proc_.write(7, "stat", "7 (qemu) S (x) T 1 7 7 0");
  EXPECT_TRUE(find().at(0).stopped);
  proc_.write(7, "stat", "7 (qemu) T ) S 1 7 7 0");
  EXPECT_FALSE(find().at(0).stopped);
}

}  // namespace
}  // namespace qmpshot::capture
