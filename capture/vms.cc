// SPDX-License-Identifier: MIT
#include "capture/vms.h"

#include "capture/run_to_end.h"
#include "qmp/pause.h"

#include <qmpshot/async_vms.h>

#include <asio/io_context.hpp>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace qmpshot::capture {
namespace {

constexpr const char* stopped_words = "QEMU's process is stopped (SIGSTOP)";

bool has_client(const QemuProcess& process) {
  return std::ranges::any_of(
      process.monitors, [](const KnownMonitor& known) { return known.has_client.value_or(false); });
}

}  // namespace

bool must_be_asked(const KnownMonitor& known) {
  return !known.path.empty() && !known.has_client.value_or(false);
}

Monitor judge_unasked(const QemuProcess& process, const KnownMonitor& known) {
  Monitor out;
  out.path = known.path;
  if (known.has_client.value_or(false) && process.stopped) {
    out.state = MonitorState::silent;  // whoever it is may be gone: QEMU does not look
    out.why = stopped_words;
  } else if (known.has_client.value_or(false)) {
    out.state = MonitorState::busy;
    out.why = "another client is connected";
  } else {
    out.state = known.forbidden ? MonitorState::no_permission : MonitorState::dead;
    out.why = known.unknown_why;
  }
  return out;
}

Monitor judge(const QemuProcess& process, const KnownMonitor& known, Probe probe,
              bool check_listener) {
  Monitor out;
  out.path = known.path;
  out.state = probe.state;
  out.why = std::move(probe.why);
  if (check_listener && known.bound_by_vm && probe.listener > 0 && probe.listener != process.pid) {
    out.state = MonitorState::dead;
    out.why = "process " + std::to_string(probe.listener) + " listens there now, not this one";
  } else if (probe.state == MonitorState::busy && process.stopped) {
    out.state = MonitorState::silent;
    out.why = stopped_words;
  } else if (probe.state == MonitorState::busy && known.has_client == false) {
    out.state = MonitorState::silent;
    out.why = "no client is connected, and QEMU does not greet: its main loop is busy or hangs";
  }
  return out;
}

asio::awaitable<void> outwait_visitors(std::vector<QemuProcess>& processes) {
  using std::chrono::milliseconds;
  for (const milliseconds pause : {milliseconds(5), milliseconds(20), milliseconds(75)}) {
    const auto may_lose_it = [](const QemuProcess& process) {
      return has_client(process) && !process.stopped;
    };
    if (std::ranges::none_of(processes, may_lose_it)) co_return;
    co_await qmp::pause_until(std::chrono::steady_clock::now() + pause);
    std::vector<QemuProcess> still_there;
    for (QemuProcess& process : processes) {
      std::optional<QemuProcess> now =
          may_lose_it(process) ? find_qemu_process(process.pid) : std::move(process);
      if (now) still_there.push_back(std::move(*now));
    }
    processes = std::move(still_there);
  }
}

asio::awaitable<std::vector<Vm>> ask_monitors(std::vector<QemuProcess> processes,
                                              std::chrono::milliseconds patience,
                                              bool check_listener) {
  std::vector<std::string> paths;
  for (const QemuProcess& process : processes) {
    for (const KnownMonitor& known : process.monitors) {
      if (must_be_asked(known)) paths.push_back(known.path);
    }
  }
  std::vector<Probe> probes = co_await probe_monitors(std::move(paths), patience);

  std::vector<Vm> vms;
  auto probe = probes.begin();
  for (QemuProcess& process : processes) {
    Vm vm;
    for (const KnownMonitor& known : process.monitors) {
      vm.monitors.push_back(must_be_asked(known)
                                ? judge(process, known, std::move(*probe++), check_listener)
                                : judge_unasked(process, known));
    }
    vm.pid = process.pid;
    vm.name = std::move(process.name);
    vm.uuid = std::move(process.uuid);
    vm.binary = std::move(process.binary);
    vms.push_back(std::move(vm));
  }
  co_return vms;
}

}  // namespace qmpshot::capture

namespace qmpshot {

asio::awaitable<std::vector<Vm>> async_list_vms(std::chrono::milliseconds patience) {
  std::vector<capture::QemuProcess> processes = capture::find_qemu_processes();
  co_await capture::outwait_visitors(processes);
  co_return co_await capture::ask_monitors(std::move(processes), patience, true);
}

Result<std::vector<Vm>> list_vms(std::chrono::milliseconds patience) {
  try {
    asio::io_context loop{1};
    return capture::run_to_end(loop, async_list_vms(patience));
  } catch (...) {  // no descriptors left for the loop
    return Error::from_exception(std::current_exception());
  }
}

}  // namespace qmpshot
