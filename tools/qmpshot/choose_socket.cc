// SPDX-License-Identifier: MIT
#include "tools/qmpshot/choose_socket.h"

#include "capture/monitor_probe.h"
#include "capture/qemu_processes.h"
#include "capture/vms.h"
#include "qmp/json.h"
#include "qmp/pause.h"

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace qmpshot::tools {
namespace {

using Clock = std::chrono::steady_clock;
using capture::KnownMonitor;
using capture::Probe;
using capture::QemuProcess;
using qmp::printable;

// What is known of the sockets that may be used, in the order in which they are preferred.
using Candidates = std::vector<std::optional<Monitor>>;

// How often a monitor that has a client is looked up.
constexpr std::chrono::milliseconds look_every{50};

// Finds out how one of them is.
using Ask = std::function<asio::awaitable<Monitor>(std::size_t, qmp::Deadline)>;

// The first that is free. In order: only where no answer is awaited from those before it.
const Monitor* first_free(const Candidates& candidates, bool in_order) {
  for (const std::optional<Monitor>& candidate : candidates) {
    if (!candidate && in_order) return nullptr;
    if (candidate && candidate->state == MonitorState::free) return &*candidate;
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

Error none_answers(const Candidates& candidates) {
  Errc code = code_of(candidates.front()->state);
  std::string reasons;
  for (const std::optional<Monitor>& candidate : candidates) {
    if (!reasons.empty()) reasons += "; ";
    if (!candidate->path.empty()) reasons += printable(candidate->path) + ": ";
    reasons += candidate->why;
    // Worth another try later, whatever is wrong with the others.
    if (code_of(candidate->state) == Errc::monitor_busy) code = Errc::monitor_busy;
  }
  return Error(code, reasons);
}

Result<std::string> first_that_answers(Candidates candidates, const Ask& ask,
                                       std::chrono::milliseconds timeout) {
  const Clock::time_point in_order_until = Clock::now() + std::min(timeout, default_patience);
  const qmp::Deadline deadline = qmp::Deadline::after(timeout);
  // Where there are more than can be asked at once, nobody's turn must wait for a busy one's end.
  const bool many = candidates.size() > capture::most_at_once;
  auto settle = [&](std::size_t i) -> asio::awaitable<void> {
    if (candidates[i]) co_return;  // known already
    const qmp::Deadline own = qmp::Deadline::after(std::min(timeout, default_patience));
    Monitor found = co_await ask(i, many ? own : deadline);
    candidates[i] = std::move(found);
  };
  bool all_told = false;
  std::exception_ptr failure;
  auto on_end = [&](std::exception_ptr thrown) {
    all_told = true;
    failure = std::move(thrown);
  };
  asio::io_context loop{1};
  asio::co_spawn(loop, capture::ask_each(candidates.size(), settle), on_end);
  for (;;) {
    const bool in_order = !all_told && Clock::now() < in_order_until;
    if (const Monitor* found = first_free(candidates, in_order)) return found->path;
    if (failure) std::rethrow_exception(failure);
    if (all_told) return none_answers(candidates);
    (void)(in_order ? loop.run_one_until(in_order_until) : loop.run_one());
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
  std::string patterns;
  for (const std::string& socket : sockets) {
    patterns += (patterns.empty() ? "" : ", ") + printable(socket);
  }
  return Error(Errc::cannot_connect, "looking for a socket: nothing matches " + patterns);
}

// "web (pid 12)"
std::string title(const QemuProcess& process) {
  return (process.name.empty() ? "one without a name" : printable(process.name)) + " (pid " +
         std::to_string(process.pid) + ")";
}

std::string titles(const std::vector<QemuProcess>& processes) {
  std::string out;
  for (const QemuProcess& process : processes) out += (out.empty() ? "" : ", ") + title(process);
  return out;
}

bool has_name(const QemuProcess& process, const std::string& vm) {
  return process.name == vm;
}

bool has_uuid(const QemuProcess& process, const std::string& vm) {
  const auto same_letter = [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  };
  return std::ranges::equal(process.uuid, vm, same_letter);
}

bool has_pid(const QemuProcess& process, const std::string& vm) {
  return std::to_string(process.pid) == vm;
}

Result<QemuProcess> find_vm(const std::string& vm) {
  const std::string attempt = "looking for VM " + printable(vm);
  const std::vector<QemuProcess> running = capture::find_qemu_processes();
  std::vector<QemuProcess> called;
  for (const auto is_called : {has_name, has_uuid, has_pid}) {  // a name may look like a pid
    for (const QemuProcess& process : running) {
      if (is_called(process, vm)) called.push_back(process);
    }
    if (!called.empty()) break;
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

// The same monitor, as it is now.
void look_again(QemuProcess& process, std::size_t number) {
  const KnownMonitor before = process.monitors[number];
  std::optional<QemuProcess> now = capture::find_qemu_process(process.pid);
  if (now && number < now->monitors.size() && now->monitors[number].path == before.path) {
    process = std::move(*now);
  } else {
    process.monitors[number].has_client.reset();  // it ended: connecting tells
  }
}

// One that nobody can ask: it has a client, or its path is not known.
Monitor not_asked(const QemuProcess& process, const KnownMonitor& known) {
  Monitor out = capture::judge_unasked(process, known);
  if (out.state == MonitorState::busy) out.why += ": give QEMU a second -qmp socket";
  return out;
}

// Stays away from a monitor while it has a client: QEMU keeps us in its queue, which holds two,
// after we have left.
asio::awaitable<Monitor> ask_without_client(QemuProcess process, std::size_t number,
                                            qmp::Deadline deadline) {
  while (!capture::must_be_asked(process.monitors[number]) && !deadline.passed()) {
    co_await qmp::pause_until(std::min(deadline.at(), Clock::now() + look_every));
    look_again(process, number);
  }
  if (!capture::must_be_asked(process.monitors[number])) {
    co_return not_asked(process, process.monitors[number]);
  }
  Probe probe = co_await capture::probe_monitor(process.monitors[number].path, deadline);
  // Somebody may have been quicker, or have stopped it meanwhile.
  if (probe.state == MonitorState::busy) look_again(process, number);
  co_return capture::judge(process, process.monitors[number], std::move(probe), true);
}

Result<std::string> choose_monitor(const QemuProcess& process, std::chrono::milliseconds timeout) {
  const std::string attempt = "reaching VM " + title(process);
  if (process.monitors.empty()) {
    return Error(Errc::cannot_connect, attempt +
                                           ": it has no QMP socket: start it with "
                                           "-qmp unix:PATH,server=on,wait=off");
  }
  // Those that have a client come last: they may lose it in time. Those that cannot be reached only
  // say why.
  std::vector<std::size_t> order;
  for (const bool with_client : {false, true}) {
    for (std::size_t i = 0; i < process.monitors.size(); ++i) {
      if (process.monitors[i].has_client.value_or(false) == with_client) order.push_back(i);
    }
  }
  Candidates candidates;
  for (const std::size_t i : order) {
    const KnownMonitor& known = process.monitors[i];
    candidates.emplace_back();
    if (known.path.empty()) candidates.back() = capture::judge_unasked(process, known);
  }
  const Ask ask = [&](std::size_t i, qmp::Deadline deadline) {
    return ask_without_client(process, order[i], deadline);
  };
  Result<std::string> chosen = first_that_answers(std::move(candidates), ask, timeout);
  if (!chosen) return chosen.error().within(attempt);
  return chosen;
}

// What is known of the monitor behind that path, which did not greet. Nothing where none of the
// processes here is known to listen there.
std::optional<Monitor> find_ungreeting(const std::string& socket) {
  struct stat sought {};
  if (::stat(socket.c_str(), &sought) != 0) return std::nullopt;
  for (const QemuProcess& process : capture::find_qemu_processes()) {
    for (const KnownMonitor& known : process.monitors) {
      struct stat info {};
      const bool same = !known.path.empty() && ::stat(known.path.c_str(), &info) == 0 &&
                        info.st_dev == sought.st_dev && info.st_ino == sought.st_ino;
      if (!same) continue;
      if (!capture::must_be_asked(known)) return not_asked(process, known);
      return capture::judge(process, known, Probe(MonitorState::busy, ""), false);
    }
  }
  return std::nullopt;
}

asio::awaitable<Monitor> ask_whoever_listens(std::string path, qmp::Deadline deadline) {
  Probe probe = co_await capture::probe_monitor(path, deadline);
  Monitor out;
  out.path = std::move(path);
  out.state = probe.state;
  out.why = std::move(probe.why);
  co_return out;
}

Result<std::string> choose_path(const std::vector<std::string>& paths,
                                std::chrono::milliseconds timeout) {
  const Ask ask = [&](std::size_t i, qmp::Deadline deadline) {
    return ask_whoever_listens(paths[i], deadline);
  };
  Result<std::string> chosen = first_that_answers(Candidates(paths.size()), ask, timeout);
  if (chosen) return chosen;
  return chosen.error().within("trying " + std::to_string(paths.size()) + " sockets");
}

}  // namespace

Result<std::string> choose_socket(const std::vector<std::string>& sockets, const std::string& vm,
                                  std::chrono::milliseconds timeout) {
  try {
    if (!vm.empty()) {
      const Result<QemuProcess> process = find_vm(vm);
      if (!process) return process.error();
      return choose_monitor(*process, timeout);
    }
    const Result<std::vector<std::string>> paths = expand(sockets);
    if (!paths) return paths.error();
    if (paths->size() == 1) return paths->front();
    return choose_path(*paths, timeout);
  } catch (...) {  // no descriptors left for the loop, or no memory
    return Error::from_exception(std::current_exception()).within("looking for a monitor");
  }
}

Error why_no_greeting(const std::string& socket, const Error& error) {
  try {
    const std::optional<Monitor> found = find_ungreeting(socket);
    if (found && !found->why.empty()) {
      return Error(error.code(), found->why).within("waiting for QEMU's greeting");
    }
  } catch (const Error&) {  // no descriptor left to look with
  }
  return error;
}

}  // namespace qmpshot::tools
