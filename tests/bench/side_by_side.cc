// SPDX-License-Identifier: MIT
#include "tests/bench/side_by_side.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>
#include <utility>

namespace qmpshot::bench {
namespace {

constexpr double failed = std::numeric_limits<double>::quiet_NaN();

bool by_fastest = false;

double summary(std::vector<double> values) {
  if (values.empty() || std::ranges::any_of(values, [](double v) { return std::isnan(v); })) {
    return failed;
  }
  std::ranges::sort(values);
  if (by_fastest) return values.front();
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Starts a program whose stdout is `output`, or nowhere where that is negative.
//   return  -1 where it cannot
pid_t start(const std::vector<std::string>& command, int output) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (output >= 0) {
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  }
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -1;
}

bool succeeded(pid_t pid) {
  int status = -1;
  return pid > 0 && ::waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

// Counts what a program that we start takes of them, from its execve(2) on. getrusage(2) would also
// count pages that were asked for ahead, which are mapped without a fault.
//   return  -1 where the kernel does not let us (perf_event_paranoid)
int open_fault_counter() {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_PAGE_FAULTS;
  attributes.disabled = 1;
  attributes.enable_on_exec = 1;
  attributes.inherit = 1;
  attributes.exclude_kernel = 1;
  return static_cast<int>(
      ::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

double number_from(int fd) {
  std::array<char, 64> text{};
  std::size_t size = 0;
  for (ssize_t got = 1; got > 0 && size + 1 < text.size();) {
    got = ::read(fd, text.data() + size, text.size() - 1 - size);
    if (got > 0) size += static_cast<std::size_t>(got);
  }
  return size == 0 ? failed : std::strtod(text.data(), nullptr);
}

}  // namespace

void summarize_by_fastest(bool fastest) {
  by_fastest = fastest;
}

std::vector<double> side_by_side(const std::vector<Way>& ways, int rounds) {
  std::vector<std::vector<double>> values(ways.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      values[i].push_back(ways[i].measure());
      std::this_thread::sleep_for(std::chrono::milliseconds(3));  // QEMU sees its client leave
    }
  }
  std::vector<double> out;
  for (auto& row : values) out.push_back(summary(std::move(row)));
  return out;
}

double run_ms(const std::vector<std::string>& command) {
  const auto begin = std::chrono::steady_clock::now();
  const bool done = succeeded(start(command, -1));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  return done ? took.count() : failed;
}

double page_faults(const std::vector<std::string>& command) {
  const int counter = open_fault_counter();
  if (counter < 0) return failed;
  std::uint64_t faults = 0;
  const bool done =
      succeeded(start(command, -1)) && ::read(counter, &faults, sizeof faults) == sizeof faults;
  ::close(counter);
  return done ? static_cast<double>(faults) : failed;
}

double printed(const std::vector<std::string>& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed;
  const pid_t pid = start(command, ends[1]);
  ::close(ends[1]);
  const double number = number_from(ends[0]);
  ::close(ends[0]);
  return succeeded(pid) ? number : failed;
}

Measuring::Measuring(const std::vector<std::string>& command) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  pid_ = start(command, ends[1]);
  ::close(ends[1]);
  output_ = ends[0];
}

Measuring::~Measuring() {
  if (pid_ > 0) (void)stop();
}

double Measuring::stop() {
  if (pid_ <= 0) return failed;
  ::kill(pid_, SIGTERM);
  const double number = number_from(output_);
  ::close(output_);
  return succeeded(std::exchange(pid_, -1)) ? number : failed;
}

std::string cell(double value) {
  if (std::isnan(value)) return "-";
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.*f",
                      value < 10    ? 2
                      : value < 100 ? 1
                                    : 0,
                      value);
  return text.data();
}

}  // namespace qmpshot::bench
