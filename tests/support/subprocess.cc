// SPDX-License-Identifier: MIT
#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace qmpshot::test {
namespace {

std::system_error failed(const std::string& what) {
  return {errno, std::generic_category(), what};
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw failed("pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::pair<UniqueFd, UniqueFd> make_terminal(std::pair<unsigned short, unsigned short> size) {
  winsize window{};
  window.ws_col = size.first;
  window.ws_row = size.second;
  int master = -1;
  int slave = -1;
  if (::openpty(&master, &slave, nullptr, nullptr, &window) != 0) throw failed("openpty");
  ::fcntl(master, F_SETFD, FD_CLOEXEC);
  ::fcntl(slave, F_SETFD, FD_CLOEXEC);
  return {UniqueFd(master), UniqueFd(slave)};
}

std::pair<UniqueFd, UniqueFd> make_output(const ProcessOptions& options) {
  if (options.terminal) return make_terminal(*options.terminal);
  if (options.output_path.empty()) return make_pipe();
  UniqueFd file(
      ::open(options.output_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) throw failed("opening " + options.output_path);
  return {UniqueFd(), std::move(file)};
}

// In the child: becomes the program, or ends with 127.
[[noreturn]] void become(const std::vector<std::string>& command, const ProcessOptions& options,
                         int out, int err) {
  const UniqueFd nothing(::open("/dev/null", O_RDONLY));
  ::dup2(nothing.get(), STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  for (const auto& [what, most] : options.limits) {
    const rlimit limit{most, most};
    ::setrlimit(static_cast<__rlimit_resource>(what), &limit);
  }
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) ::_exit(127);
  if (options.user && (::setgroups(0, nullptr) != 0 || ::setgid(*options.user) != 0 ||
                       ::setuid(*options.user) != 0)) {
    ::_exit(127);
  }
  ::signal(SIGPIPE, SIG_DFL);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

bool eventually(const std::function<bool()>& what) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!what()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Process::Process(std::vector<std::string> command, const ProcessOptions& options) {
  auto [out, their_out] = make_output(options);
  auto [err, their_err] = make_pipe();
  if (options.closed_output) out = UniqueFd();
  pid_ = ::fork();
  if (pid_ < 0) throw failed("fork");
  if (pid_ == 0) become(command, options, their_out.get(), their_err.get());
  out_ = std::move(out);
  err_ = std::move(err);
}

Process::~Process() {
  if (raw_status_) return;
  send(SIGKILL);
  reap(0);
}

bool Process::reap(int flags) {
  int status = 0;
  if (!raw_status_ && ::waitpid(pid_, &status, flags) == pid_) raw_status_ = status;
  return raw_status_.has_value();
}

bool Process::running() {
  return !reap(WNOHANG);
}

void Process::send(int signal) const {
  if (!raw_status_) ::kill(pid_, signal);
}

// False when both streams have ended.
bool Process::read_some() {
  std::array<pollfd, 2> waits{{{out_.get(), POLLIN, 0}, {err_.get(), POLLIN, 0}}};
  if (::poll(waits.data(), waits.size(), 100) <= 0) return true;
  const auto take = [](const pollfd& wait, UniqueFd& from, std::string& into) {
    if (wait.revents == 0) return;
    std::array<char, 65536> block;
    const ssize_t size = ::read(from.get(), block.data(), block.size());
    if (size > 0) {
      into.append(block.data(), static_cast<std::size_t>(size));
    } else {
      from = UniqueFd();  // the end; a terminal says EIO
    }
  };
  take(waits[0], out_, finished_.out);
  take(waits[1], err_, finished_.err);
  return out_ || err_;
}

Finished Process::wait() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto in_time = [&] { return std::chrono::steady_clock::now() < deadline; };
  while ((out_ || err_) && in_time() && read_some()) {
  }
  while (running() && in_time()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (running()) {
    send(SIGKILL);
    reap(0);
    throw std::runtime_error("a program did not end in time, it said: " + finished_.err);
  }
  if (WIFEXITED(*raw_status_)) finished_.status = WEXITSTATUS(*raw_status_);
  if (WIFSIGNALED(*raw_status_)) finished_.signal = WTERMSIG(*raw_status_);
  return std::move(finished_);
}

}  // namespace qmpshot::test
