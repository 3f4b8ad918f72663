// SPDX-License-Identifier: MIT
#include "tools/qmpshot/choose_socket.h"

#include "capture/monitor_probe.h"
#include "capture/qemu_processes.h"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace qmpshot::tools {
namespace {

using Clock = std::chrono::steady_clock;
using capture::KnownMonitor;
using capture::Probe;
using capture::QemuProcess;

// One of the sockets that may be used.
struct Candidate {
  Candidate(std::string socket, pid_t process) : path(std::move(socket)), owner(process) {}

  std::string path;
  pid_t owner;                 // who must listen there; 0: anybody
  std::optional<Probe> probe;  // once it is known
};

void settle(Candidate& candidate, Probe probe) {
  if (candidate.owner > 0 && probe.listener > 0 && probe.listener != candidate.owner) {
    probe.state = MonitorState::dead;
    probe.why = "process " + std::to_string(probe.listener) + " listens there now";
  }
  candidate.probe = std::move(probe);
}

// The first that is free. In order: only where no answer is awaited from those before it.
const Candidate* first_free(const std::vector<Candidate>& candidates, bool in_order) {
  for (const Candidate& candidate : candidates) {
    if (!candidate.probe && in_order) return nullptr;
    if (candidate.probe && candidate.probe->state == MonitorState::free) return &candidate;
  }
  return nullptr;
}

Errc code_of(MonitorState state) {
  switch (state) {
    case MonitorState::busy:
    case MonitorState::silent: return Errc::monitor_busy;
    case MonitorState::bad_peer: return Errc::bad_peer;
    default: return Errc::cannot_connect;
  }
}

Error none_answers(const std::vector<Candidate>& candidates) {
  Errc code = code_of(candidates.front().probe->state);
  std::string reasons;
  for (const Candidate& candidate : candidates) {
    const Probe& probe = *candidate.probe;
    const bool names_path = probe.why.find(candidate.path) != std::string::npos;
    reasons +=
        (reasons.empty() ? "" : "; ") + (names_path ? "" : candidate.path + ": ") + probe.why;
    // Worth another try later, whatever is wrong with the others.
    if (code_of(probe.state) == Errc::monitor_busy) code = Errc::monitor_busy;
  }
  return Error(code, reasons);
}

Result<std::string> first_that_answers(std::vector<Candidate> candidates,
                                       std::chrono::milliseconds timeout) {
  const qmp::Deadline deadline = qmp::Deadline::after(timeout);
  const Clock::time_point in_order_until = Clock::now() + std::min(timeout, default_patience);
  asio::io_context loop{1};
  for (Candidate& candidate : candidates) {
    auto on_probe = [&candidate](const std::exception_ptr& thrown, Probe probe) {
      if (thrown) probe = Probe(MonitorState::dead, "out of memory");
      settle(candidate, std::move(probe));
    };
    asio::co_spawn(loop, capture::probe_monitor(candidate.path, deadline), on_probe);
  }
  for (;;) {
    const bool in_order = Clock::now() < in_order_until;
    if (const Candidate* found = first_free(candidates, in_order)) return found->path;
    const std::size_t ran = in_order ? loop.run_one_until(in_order_until) : loop.run_one();
    if (ran == 0 && loop.stopped()) return none_answers(candidates);
  }
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return paths;
}

// What is written, patterns replaced by what they find. A path that exists is itself, whatever
// characters it has.
Result<std::vector<std::string>> expand(const std::vector<std::string>& sockets) {
  std::vector<std::string> paths;
  for (const std::string& socket : sockets) {
    struct stat info {};
    std::vector<std::string> found{socket};
    const bool is_pattern =
        socket.find_first_of("*?[") != std::string::npos && ::lstat(socket.c_str(), &info) != 0;
    if (is_pattern) found = matches(socket);
    for (std::string& path : found) {
      if (std::ranges::find(paths, path) == paths.end()) paths.push_back(std::move(path));
    }
  }
  if (!paths.empty()) return paths;
  return Error(Errc::cannot_connect, "looking for a socket: nothing matches " + sockets.front());
}

// "web (pid 12)"
std::string title(const QemuProcess& process) {
  return (process.name.empty() ? "one without a name" : process.name) + " (pid " +
         std::to_string(process.pid) + ")";
}

std::string titles(const std::vector<QemuProcess>& processes) {
  std::string out;
  for (const QemuProcess& process : processes) out += (out.empty() ? "" : ", ") + title(process);
  return out;
}

bool is_called(const QemuProcess& process, const std::string& vm) {
  const auto same_letter = [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  };
  return process.name == vm || std::to_string(process.pid) == vm ||
         std::ranges::equal(process.uuid, vm, same_letter);
}

Result<QemuProcess> find_vm(const std::string& vm) {
  const std::string attempt = "looking for VM " + vm;
  const std::vector<QemuProcess> running = capture::find_qemu_processes();
  std::vector<QemuProcess> called;
  for (const QemuProcess& process : running) {
    if (is_called(process, vm)) called.push_back(process);
  }
  if (called.size() == 1) return std::move(called.front());
  if (!called.empty()) {
    return Error(Errc::bad_argument, attempt + ": several are called so, " + titles(called) +
                                         ": say which by its pid or uuid");
  }
  return Error(Errc::cannot_connect,
               attempt + (running.empty() ? ": no QEMU runs here that this user may see"
                                          : ": none is called so, but " + titles(running)));
}

Result<std::string> choose_monitor(QemuProcess process, std::chrono::milliseconds timeout) {
  const std::string attempt = "reaching VM " + title(process) +
                              (process.stopped ? ", whose process is stopped (SIGSTOP)" : "");
  if (process.monitors.empty()) {
    return Error(Errc::cannot_connect, attempt +
                                           ": it has no QMP socket: start it with "
                                           "-qmp unix:PATH,server=on,wait=off");
  }
  // Those that have a client come last: they may lose it in time.
  // (Not std::ranges: Clang 14 cannot read libstdc++'s subrange.)
  std::stable_partition(
      process.monitors.begin(), process.monitors.end(),
      [](const KnownMonitor& known) { return !known.has_client.value_or(false); });
  std::vector<Candidate> candidates;
  for (KnownMonitor& known : process.monitors) {
    if (known.path.empty()) continue;
    candidates.emplace_back(std::move(known.path), known.bound_by_vm ? process.pid : 0);
  }
  if (candidates.empty()) {
    return Error(Errc::cannot_connect, attempt + ": " + process.monitors.front().unknown_why);
  }
  Result<std::string> chosen = first_that_answers(std::move(candidates), timeout);
  if (!chosen) return chosen.error().within(attempt);
  return chosen;
}

}  // namespace

Result<std::string> choose_socket(const std::vector<std::string>& sockets, const std::string& vm,
                                  std::chrono::milliseconds timeout) {
  if (!vm.empty()) {
    Result<QemuProcess> process = find_vm(vm);
    if (!process) return process.error();
    return choose_monitor(std::move(*process), timeout);
  }
  Result<std::vector<std::string>> paths = expand(sockets);
  if (!paths) return paths.error();
  if (paths->size() == 1) return std::move(paths->front());
  std::vector<Candidate> candidates;
  for (std::string& path : *paths) candidates.emplace_back(std::move(path), 0);
  const std::string attempt = "trying " + std::to_string(candidates.size()) + " sockets";
  Result<std::string> chosen = first_that_answers(std::move(candidates), timeout);
  if (!chosen) return chosen.error().within(attempt);
  return chosen;
}

}  // namespace qmpshot::tools
