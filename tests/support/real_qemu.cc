// SPDX-License-Identifier: MIT
#include "tests/support/real_qemu.h"

#include "qmp/commands.h"
#include "tests/support/await.h"
#include "tests/support/bytes.h"
#include "tests/support/sockets.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace qmpshot::test {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds patience = std::chrono::minutes(1);
constexpr uid_t nobody = 65534;  // Debian's nobody and nogroup

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

qmp::Deadline patient() {
  return qmp::Deadline::after(patience);
}

// In the child: becomes QEMU or ends. Only async-signal-safe calls.
[[noreturn]] void become(char* const* argv, int out, int err, bool as_nobody) {
  ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (as_nobody &&
      (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // also where the test is killed
  ::execv(argv[0], argv);
  ::_exit(127);
}

}  // namespace

std::string RealQemu::binary() {
  if (const char* given = std::getenv("QMPSHOT_QEMU"); given != nullptr && *given != '\0') {
    return given;
  }
  const char* path = std::getenv("PATH");
  std::string rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const std::string file = rest.substr(0, colon) + "/qemu-system-x86_64";
    if (::access(file.c_str(), X_OK) == 0) return file;
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return "";
}

RealQemu::RealQemu(const QemuOptions& options) {
  const std::vector<std::string> command = command_for(options);
  const UniqueFd listening = bound_socket(file("side"), 1);
  if (options.as_nobody && (::chown(folder_.path().c_str(), nobody, nobody) != 0 ||
                            ::chown(file("side").c_str(), nobody, nobody) != 0)) {
    fail("giving " + folder_.path() + " to nobody");
  }
  launch(command, options.as_nobody);
  try {
    wait_for_side_monitor(listening);
    if (options.guest) wait_for_guest();
  } catch (...) {
    kill();
    throw;
  }
}

RealQemu::~RealQemu() {
  kill();
}

void RealQemu::kill() {
  side_.reset();
  if (pid_ < 0) return;
  (void)::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

std::vector<std::string> RealQemu::command_for(const QemuOptions& options) {
  std::vector<std::string> command = {binary(), "-accel", "tcg", "-display", "none",
                                      "-nic",   "none",   "-m",  "64M"};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  if (options.guest) {
    std::ofstream(file("guest"), std::ios::binary) << boot_sector(*options.guest);
    command.insert(command.end(), {"-debugcon", "stdio", "-boot", "a", "-drive",
                                   "if=floppy,format=raw,readonly=on,file=" + file("guest")});
  }
  for (std::size_t i = 0; i < options.monitors; ++i) {
    sockets_.push_back(file("qmp" + std::to_string(i)));
    command.insert(command.end(), {"-qmp", "unix:" + sockets_.back() + ",server=on,wait=off"});
  }
  // QEMU opens its monitors in order and connects to this one: when it comes, all others listen.
  command.insert(command.end(), {"-qmp", "unix:" + file("side")});
  return command;
}

void RealQemu::launch(const std::vector<std::string>& command, bool as_nobody) {
  const UniqueFd err(
      ::open(file("words").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND, 0644));
  int ends[2];
  if (!err || ::pipe2(ends, O_CLOEXEC) != 0) fail("launching QEMU");
  guest_out_ = UniqueFd(ends[0]);
  const UniqueFd out(ends[1]);
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) become(argv.data(), out.get(), err.get(), as_nobody);
  process_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!process_) fail("pidfd_open");
}

void RealQemu::wait_readable(int fd, const char* what) const {
  pollfd waiting[] = {{fd, POLLIN, 0}, {process_.get(), POLLIN, 0}};
  int ready = 0;
  do {
    ready = ::poll(waiting, 2, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if ((waiting[0].revents & POLLIN) != 0) return;
  throw std::runtime_error(std::string("waiting for ") + what + ": " +
                           (ready == 0 ? "nothing came in time" : "QEMU ended") + ": " + words());
}

void RealQemu::wait_for_side_monitor(const UniqueFd& listening) {
  wait_readable(listening.get(), "QEMU's monitor");
  UniqueFd socket(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) fail("accept");
  side_.emplace(io_.get_executor(), std::move(socket));
  const Result<void> greeted = run(io_, side_->handshake(patient()));
  // Where its devices or drives are wrong, it leaves only now.
  if (!greeted) throw std::runtime_error(greeted.error().message() + ": " + words());
}

void RealQemu::wait_for_guest() const {
  wait_readable(guest_out_.get(), "the guest's word");
  char word = 0;
  if (::read(guest_out_.get(), &word, 1) != 1 || word != 'R') {
    throw std::runtime_error("the guest could not set its video mode");
  }
}

qmp::Json RealQemu::qmp(const std::string& command, const std::string& arguments) {
  return run(io_, side_->execute(qmp::Command(command, arguments), patient())).value();
}

qmp::Event RealQemu::next_event() {
  return run(io_, side_->next_event(patient())).value();
}

std::vector<std::byte> RealQemu::ppm(const std::string& device, std::int64_t head) {
  qmp::Screendump what;
  what.filename = file("reference.ppm");
  what.device = device;
  what.head = head;
  run(io_, side_->execute(qmp::screendump(what), patient())).value();
  return read_file(what.filename);
}

bool RealQemu::alive() {
  pollfd ended{process_.get(), POLLIN, 0};
  if (::poll(&ended, 1, 0) != 0) return false;
  return run(io_, side_->execute(qmp::query_status(), patient())).ok();
}

std::size_t RealQemu::open_descriptors() const {
  const fs::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::size_t RealQemu::memory_descriptors(const std::string& name) const {
  std::size_t count = 0;
  std::error_code ignored;  // it may be closed meanwhile
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid_) + "/fd")) {
    const std::string target = fs::read_symlink(entry, ignored).string();
    count += target.starts_with("/memfd:" + name) ? 1 : 0;
  }
  return count;
}

void RealQemu::send_signal(int number) const {
  if (::kill(pid_, number) != 0) fail("kill");
}

void RealQemu::freeze() const {
  send_signal(SIGSTOP);
  int status = 0;
  if (::waitpid(pid_, &status, WUNTRACED) != pid_ || !WIFSTOPPED(status)) fail("stopping QEMU");
}

void RealQemu::wait_until_ended() const {
  pollfd ended{process_.get(), POLLIN, 0};
  if (::poll(&ended, 1, static_cast<int>(patience.count())) != 1) {
    throw std::runtime_error("QEMU does not end");
  }
}

std::string RealQemu::words() const {
  return text(read_file(file("words")));
}

}  // namespace qmpshot::test
