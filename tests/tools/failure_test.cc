// SPDX-License-Identifier: MIT
// What goes wrong: one line, its exit status, and a VM and files as they were.
#include "tests/fake/fake_qemu.h"
#include "tests/support/sanitizers.h"
#include "tests/support/sockets.h"
#include "tests/tools/qmpshot_case.h"

#include <qmpshot/camera.h>

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace qmpshot::test {
namespace {

using namespace std::chrono_literals;

// A QEMU that is stopped for as long as this lives.
class Stopped {
 public:
  explicit Stopped(const RealQemu& vm) : vm_(vm) { freeze(vm_); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;
  ~Stopped() { vm_.send_signal(SIGCONT); }

 private:
  const RealQemu& vm_;
};

// A file system of its own.
class Mounted {
 public:
  Mounted(std::string folder, const std::string& how) : folder_(std::move(folder)) {
    std::filesystem::create_directory(folder_);
    done_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, how.c_str()) == 0;
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;
  ~Mounted() {
    if (done_) ::umount(folder_.c_str());
  }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool make_read_only() const {
    return ::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  std::string folder_;
  bool done_ = false;
};

class Failure : public QmpshotCase {
 protected:
  // The program on another peer than the VM, with a file that must stay as it is.
  Finished shoot_at(const std::string& socket, const std::string& timeout = "20s") const {
    write_file(file("kept.png"), "old");
    Finished run = qmpshot({"-s", socket, "-o", file("kept.png"), "--timeout", timeout});
    EXPECT_EQ(text(read_file(file("kept.png"))), "old");
    return run;
  }
};

// A console's, which is encoded while it comes; no two rows are the same.
FakePicture console_picture() {
  FakePicture out{720, 400, {}};
  for (std::uint32_t i = 0; i < out.width_px * out.height_px; ++i) {
    const bool is_ink = (i * 2654435761U >> 28U) == 0;
    out.rgb.insert(out.rgb.end(), 3, is_ink ? std::byte{168} : std::byte{0});
  }
  return out;
}

TEST_F(Failure, NoRowIsMissingWhereQemuDawdlesOrFailsBehindTheLast) {
  for (const std::chrono::milliseconds dawdles : {0ms, 5ms, 200ms}) {
    for (const bool fails : {false, true}) {
      FakeOptions options;
      options.consoles = {FakeConsole::graphic("/machine/peripheral/gpu0", console_picture())};
      options.dawdles = dawdles;
      options.fails_behind_it = fails;
      const FakeQemu qemu(options);
      const std::string path = file("console.png");
      const Finished run =
          qmpshot({"-s", qemu.socket_path(), "-o", path, "--timeout", "20s", "--stats"});
      ASSERT_EQ(run.status, 0) << run.err;
      EXPECT_EQ(run.err.find("not by route fd") != std::string::npos, fails) << run.err;
      const Image saved = encode::read_png(read_file(path)).value();
      EXPECT_TRUE(std::ranges::equal(saved.view().pixels, options.consoles[0].frames[0].rgb))
          << dawdles.count() << " ms, " << fails;
    }
  }
}

TEST_F(Failure, NoSuchSocket) {
  expect_failure(shoot_at(file("none.sock")), 3, {file("none.sock"), "No such file", "-qmp"});
}

TEST_F(Failure, NotASocket) {
  write_file(file("plain"), "text");
  expect_failure(shoot_at(file("plain")), 3, {file("plain"), "not a socket"});
}

TEST_F(Failure, NobodyListensAnyMore) {
  { const UniqueFd gone = bound_socket(file("gone.sock"), 1); }
  expect_failure(shoot_at(file("gone.sock")), 3, {file("gone.sock"), "nobody listens"});
}

TEST_F(Failure, DatagramSocket) {
  const UniqueFd datagram = bound_socket(file("datagram.sock"), 1, SOCK_DGRAM);
  expect_failure(shoot_at(file("datagram.sock")), 3, {file("datagram.sock"), "not a stream"});
}

TEST_F(Failure, MonitorBusyWithAnotherClient) {
  const Camera other = Camera::open(vm().socket()).value();
  expect_failure(shoot_at(vm().socket(), "300ms"), 4, {"another client is connected", "-qmp"});
}

TEST_F(Failure, MonitorBusyAndOthersWaitForIt) {
  const Camera other = Camera::open(vm().socket()).value();
  std::vector<UniqueFd> waiting;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  vm().socket().copy(address.sun_path, sizeof address.sun_path - 1);
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    (void)!::connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&address),
                     sizeof address);
  }
  expect_failure(shoot_at(vm().socket(), "300ms"), 4, {"another client is connected", "-qmp"});
}

TEST_F(Failure, QemuStoppedBeforeItGreets) {
  const Stopped stopped(vm());
  const Finished run = shoot_at(vm().socket(), "300ms");
  expect_failure(run, 4, {"QEMU's process is stopped (SIGSTOP)"});
  EXPECT_EQ(run.err.find("client"), std::string::npos) << run.err;
}

TEST_F(Failure, QemuKilledWhileWeWait) {
  RealQemu doomed(text_vm());
  freeze(doomed);
  Process program({QMPSHOT_PROGRAM, "-s", doomed.socket(), "-o", file("a.png")});
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  doomed.send_signal(SIGKILL);
  expect_failure(program.wait(), 3, {"connection"});
  EXPECT_FALSE(std::filesystem::exists(file("a.png")));
}

TEST_F(Failure, QemuKilledDuringADump) {
  FakeOptions options;
  options.die_at = "screendump";
  FakeQemu fake(options);
  expect_failure(shoot_at(fake.socket_path()), 3, {"screendump"});
}

TEST_F(Failure, SomebodyKeepsTheNameThatFreezeTakes) {
  FakeOptions options;
  options.first_thread = (std::int64_t{::getpid()} << 32) + (std::int64_t{1} << 31);
  FakeQemu fake(options);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name =
      "qmpshot-freeze/00000000-0000-0000-0000-000000000000/" + std::to_string(options.first_thread);
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const UniqueFd squatter(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(squatter.get(), reinterpret_cast<const sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
            0);
  expect_failure(
      qmpshot({"-s", fake.socket_path(), "-o", file("a.png"), "--freeze", "--timeout", "300ms"}), 4,
      {"another freeze of this VM", "@" + name, "300 ms"});
}

TEST_F(Failure, QemuSilentDuringADump) {
  FakeOptions options;
  options.silent_at = "screendump";
  FakeQemu fake(options);
  expect_failure(shoot_at(fake.socket_path(), "300ms"), 4,
                 {"screendump", "no answer within 0.3 s"});
}

TEST_F(Failure, PeerIsAWebServer) {
  FakeOptions options;
  options.greeting_line = "HTTP/1.1 400 Bad Request";
  FakeQemu fake(options);
  expect_failure(shoot_at(fake.socket_path()), 7, {"HTTP/1.1 400 Bad Request"});
}

TEST_F(Failure, PeerSaysGarbage) {
  FakeOptions options;
  options.greeting_line = std::string("\x1b[31m\x00\xff{{{", 11);
  FakeQemu fake(options);
  const Finished run = shoot_at(fake.socket_path());
  expect_failure(run, 7, {"does not speak QMP"});
  EXPECT_EQ(run.err.find('\x1b'), std::string::npos);
}

TEST_F(Failure, DumpThatIsNoPicture) {
  for (const Lie lie :
       {Lie::short_body, Lie::trailing_bytes, Lie::huge_header, Lie::no_picture, Lie::nothing}) {
    FakeOptions options;
    options.lie = lie;
    FakeQemu fake(options);
    expect_failure(shoot_at(fake.socket_path()), 7, {});
  }
}

TEST_F(Failure, UnknownDevice) {
  expect_failure(shoot({"--device", "none"}), 5, {"none"});
}

TEST_F(Failure, OutputFolderMissing) {
  expect_failure(shoot({"-o", file("none/a.png")}), 3, {file("none/a.png"), "No such file"});
}

TEST_F(Failure, OutputIsAFolder) {
  expect_failure(shoot({"-o", folder().path()}), 3, {folder().path(), "directory"});
}

TEST_F(Failure, OutputFolderFull) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  const Mounted small(file("small"), "size=16k");
  if (!small.done()) GTEST_SKIP() << "this container may not mount";
  write_file(file("small/a.ppm"), "old");
  expect_failure(shoot({"-o", file("small/a.ppm")}), 3, {"a.ppm", "No space left"});
  expect_failure(shoot({"-o", file("small/new.ppm")}), 3, {"new.ppm", "No space left"});
  EXPECT_EQ(text(read_file(file("small/a.ppm"))), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(file("small")), {}), 1);
}

TEST_F(Failure, OutputFolderReadOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  const Mounted fixed(file("fixed"), "size=64k");
  write_file(file("fixed/a.png"), "old");
  if (!fixed.done() || !fixed.make_read_only()) GTEST_SKIP() << "this container may not mount";
  expect_failure(shoot({"-o", file("fixed/a.png")}), 3, {"a.png", "Read-only"});
  EXPECT_EQ(text(read_file(file("fixed/a.png"))), "old");
}

TEST_F(Failure, DeviceFull) {
  expect_failure(shoot({"-o", "/dev/full"}), 3, {"/dev/full", "No space left"});
}

TEST_F(Failure, StdoutFull) {
  ProcessOptions options;
  options.output_path = "/dev/full";
  expect_failure(shoot({}, options), 3, {"stdout", "No space left"});
}

TEST_F(Failure, StdoutFullOfHelp) {
  ProcessOptions options;
  options.output_path = "/dev/full";
  for (const std::vector<std::string>& what :
       {std::vector<std::string>{"--help"}, {"--version"}, {"vms", "--help"}}) {
    expect_failure(qmpshot(what, options), 3, {"stdout", "No space left"});
  }
}

TEST_F(Failure, StdoutClosedByItsReader) {
  ProcessOptions options;
  options.closed_output = true;
  expect_failure(shoot({"--format", "ppm"}, options), 3, {"stdout", "Broken pipe"});
}

TEST_F(Failure, FileSizeLimitLeavesNoHalfFile) {
  write_file(file("a.ppm"), "old");
  ProcessOptions options;
  options.limits = {{RLIMIT_FSIZE, 4096}};
  expect_failure(shoot({"-o", file("a.ppm")}, options), 3, {"a.ppm", "too large"});
  expect_failure(shoot({"-o", file("new.ppm")}, options), 3, {"new.ppm", "too large"});
  EXPECT_EQ(text(read_file(file("a.ppm"))), "old");
  EXPECT_FALSE(std::filesystem::exists(file("new.ppm")));
}

TEST_F(Failure, NoDescriptorsLeft) {
  QMPSHOT_REQUIRE_DESCRIPTOR_LIMITS();
  for (rlim_t most = 4; most < 10; ++most) {
    ProcessOptions options;
    options.limits = {{RLIMIT_NOFILE, most}};
    const Finished run = shoot({"-o", file("a.png")}, options);
    if (run.status == 0) continue;
    expect_failure(run, 3, {"Too many open files"});
  }
}

TEST_F(Failure, TemporaryFolderMissing) {
  ProcessOptions options;
  options.environment = {{"TMPDIR", file("none")}};
  const Finished run =
      qmpshot({"-s", vm().socket(), "--route", "ppm-file", "-o", file("a.png")}, options);
  expect_failure(run, 3, {file("none"), "No such file"});
}

class BadUsage : public Failure, public testing::WithParamInterface<std::vector<std::string>> {};

TEST_P(BadUsage, IsOneLineAndStatus2) {
  expect_failure(qmpshot(GetParam()), 2, {"--help"});
}
INSTANTIATE_TEST_SUITE_P(
    Failure, BadUsage,
    testing::Values(std::vector<std::string>{},  // no --socket
                    std::vector<std::string>{"-s", "x", "--unknown"},
                    std::vector<std::string>{"-s", "x", "more"},
                    std::vector<std::string>{"-s", "x", "--format", "gif"},
                    std::vector<std::string>{"-s", "x", "--route", "tcp"},
                    std::vector<std::string>{"-s", "x", "--timeout", "0"},
                    std::vector<std::string>{"-s", "x", "--timeout", "-1s"},
                    std::vector<std::string>{"-s", "x", "--timeout", "nan"},
                    std::vector<std::string>{"-s", "x", "--timeout", "1e300"},
                    std::vector<std::string>{"-s", "x", "--timeout", "5 parsecs"},
                    std::vector<std::string>{"-s", "x", "--timeout", "2d"},
                    std::vector<std::string>{"-s", "x", "--head", "1"},
                    std::vector<std::string>{"-s", "x", "--device", "d", "--head", "-1"},
                    std::vector<std::string>{"-s", "x", "--device", "d", "--head", "one"},
                    std::vector<std::string>{"-s", "x", "--all"},
                    std::vector<std::string>{"-s", "x", "--all", "--device", "d", "-o", "y"},
                    std::vector<std::string>{"-s", "x", "--list", "--all"},
                    std::vector<std::string>{"-s", "x", "--text", "-o", "a.jpeg"},
                    std::vector<std::string>{"-s", "x", "--device", "d", "--list"},
                    std::vector<std::string>{"-s", "x", "--vm", "y"},
                    std::vector<std::string>{"-s", "x", "--scale", "8x8", "--max-size", "8"},
                    std::vector<std::string>{"-s", "x", "--max-size", "0"},
                    std::vector<std::string>{"-s", "x", "-q", "0"},
                    std::vector<std::string>{"-s", "x", "-q", "101"},
                    std::vector<std::string>{"-s", "x", "-q", "8x"},
                    std::vector<std::string>{"-s", "x", "-o", ""},
                    std::vector<std::string>{"-s", "x", "-o", "a", "-o", "b"},
                    std::vector<std::string>{"-s", "x", "--crop", ""},
                    std::vector<std::string>{"-s", "x", "--wait-content", ""},
                    std::vector<std::string>{"-s", "x", "--bad", "--help"},
                    std::vector<std::string>{"-s", "x", "--json", "--base64"}));

TEST_F(Failure, NamesTheArgumentThatItDoesNotKnow) {
  expect_failure(qmpshot({"vm.sock"}), 2, {"vm.sock belongs to no option", "--socket vm.sock"});
  expect_failure(qmpshot({"--max-sze", "320", "-s", "x"}), 2, {"there is no option --max-sze"});
}

TEST_F(Failure, AFolderIsNoFile) {
  expect_failure(qmpshot({"-s", vm().socket(), "-o", folder().path()}), 3,
                 {folder().path(), "name a file in it"});
}

// Cases in which somebody is not root.
class OtherUser : public Failure {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
    ProcessOptions as_nobody;
    as_nobody.user = nobody;
    if (qmpshot({"--version"}, as_nobody).status != 0) {
      GTEST_SKIP() << QMPSHOT_PROGRAM << " cannot be run by other users";
    }
    Failure::SetUp();
  }
  // QEMU as nobody, whose monitors anybody may use.
  static std::unique_ptr<RealQemu> vm_of_nobody() {
    QemuOptions options = text_vm();
    options.as_nobody = true;
    auto vm = std::make_unique<RealQemu>(options);
    ::chmod(vm->file("").c_str(), 0711);
    ::chmod(vm->socket().c_str(), 0777);
    return vm;
  }
};

constexpr uid_t somebody = 54321;

TEST_F(OtherUser, SocketOfAnotherUser) {
  ProcessOptions options;
  options.user = nobody;
  expect_failure(shoot({}, options), 3, {vm().socket(), "Permission denied", "root"});
}

TEST_F(OtherUser, RootSeesTheVmOfNobodyByEveryRoute) {
  const std::unique_ptr<RealQemu> other = vm_of_nobody();
  for (const std::string route : {"auto", "fd", "ppm-file"}) {
    const Finished run = qmpshot({"-s", other->socket(), "--route", route});
    expect_success(run);
    EXPECT_TRUE(same_picture(bytes(run.out), other->ppm())) << route;
  }
  EXPECT_EQ(frame_descriptors(*other), 0u);
}

TEST_F(OtherUser, FdRouteWorksWhereQemuCannotWriteOurFiles) {
  const std::unique_ptr<RealQemu> other = vm_of_nobody();
  ProcessOptions options;
  options.user = somebody;
  for (const std::string route : {"auto", "fd"}) {
    const Finished run = qmpshot({"-s", other->socket(), "--route", route}, options);
    expect_success(run);
    EXPECT_TRUE(same_picture(bytes(run.out), other->ppm())) << route;
  }
  EXPECT_EQ(fdsets(*other), 0u);
  EXPECT_EQ(frame_descriptors(*other), 0u);
}

TEST_F(OtherUser, FileRouteSaysWhatQemuMayNotDo) {
  const std::unique_ptr<RealQemu> other = vm_of_nobody();
  const TempFolder temporary;
  ASSERT_EQ(::chown(temporary.path().c_str(), somebody, somebody), 0);
  ProcessOptions options;
  options.user = somebody;
  options.environment = {{"TMPDIR", temporary.path()}};
  const Finished run = qmpshot({"-s", other->socket(), "--route", "ppm-file"}, options);
  expect_failure(run, 5, {"GenericError", "Permission denied", temporary.path()});
  EXPECT_TRUE(std::filesystem::is_empty(temporary.path()));
  EXPECT_TRUE(other->alive());
}

TEST_F(OtherUser, OutputFolderNotWritable) {
  const std::unique_ptr<RealQemu> other = vm_of_nobody();
  ::chmod(folder().path().c_str(), 0755);
  write_file(file("a.png"), "old");
  ProcessOptions options;
  options.user = somebody;
  expect_failure(qmpshot({"-s", other->socket(), "-o", file("a.png")}, options), 3,
                 {file("a.png"), "Permission denied", "folder must be writable"});
  EXPECT_EQ(text(read_file(file("a.png"))), "old");
}

}  // namespace
}  // namespace qmpshot::test
