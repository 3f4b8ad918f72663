// SPDX-License-Identifier: MIT
// --freeze: whatever becomes of us, the VM runs on if it ran, and stands if it stood.
//
//   QMPSHOT_FREEZE_ROUNDS   how often we are killed; 60 unless it says otherwise
#include "tests/matrix/vm_case.h"
#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

namespace qmpshot::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using std::chrono::microseconds;

int rounds() {
  const char* given = std::getenv("QMPSHOT_FREEZE_ROUNDS");
  return given == nullptr ? 60 : std::max(1, std::atoi(given));
}

const char* signal_name(int number) {
  return number == SIGKILL ? "SIGKILL" : number == SIGTERM ? "SIGTERM" : "SIGINT";
}

// Children of `parent` with this name.
std::vector<pid_t> children_named(pid_t parent, const std::string& wanted) {
  std::vector<pid_t> out;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "stat");
    std::string stat;
    if (!std::getline(in, stat)) continue;
    const std::size_t open = stat.find('('), close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    const pid_t of = static_cast<pid_t>(std::atol(stat.c_str() + close + 4));  // ") S PPID"
    if (of == parent && stat.substr(open + 1, close - open - 1) == wanted) {
      out.push_back(static_cast<pid_t>(std::atol(stat.c_str())));
    }
  }
  return out;
}

class Freeze : public VmCase {
 protected:
  void start_flipper(std::size_t monitors = 1) {
    QemuOptions options;
    options.guest = Guest::flipper;
    options.monitors = monitors;
    start({}, options);
  }

  std::vector<std::string> command_at(std::size_t monitor) {
    return {QMPSHOT_PROGRAM, "--socket", qemu().socket(monitor), "--freeze", "-o", "/dev/null"};
  }

  std::vector<std::string> command(std::vector<std::string> more = {}) {
    std::vector<std::string> out = command_at(0);
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }

  // A moment of a run, sometimes one after its end.
  void wait_a_random_part_of(microseconds usual) {
    std::uniform_int_distribution<std::int64_t> any(0, usual.count() * 11 / 10);
    std::this_thread::sleep_for(microseconds(any(random_)));
  }

  // The monitor greets the next client when everything it was told before is done.
  void wait_until_done(std::size_t monitor = 0) {
    const auto next = Camera::open(qemu().socket(monitor), case_patience);
    ASSERT_TRUE(next.ok()) << next.error().message();
  }

  // Kills runs of the program at random moments by each signal; after each, `expected` must be the
  // state at once when the monitor is free, and stay.
  void expect_status_after_kills(const std::string& expected, int count) {
    const microseconds usual = usual_time(command());
    std::array<int, 3> ended{};  // before the signal, by it, by themselves after it
    for (int round = 0; round < count; ++round) {
      const int number = std::array{SIGKILL, SIGTERM, SIGINT}[static_cast<std::size_t>(round) % 3];
      Process process(command());
      wait_a_random_part_of(usual);
      const bool was_running = process.running();
      process.send(number);
      const Finished how = process.wait();
      ++ended[!was_running ? 0 : how.signal != 0 ? 1 : 2];
      wait_until_done();
      ASSERT_EQ(status(), expected) << "round " << round << ", " << signal_name(number);
    }
    report("freeze, " + expected + " VM: " + std::to_string(count) + " runs killed at random: " +
           std::to_string(ended[1]) + " ended by the signal, " + std::to_string(ended[0]) +
           " before it, " + std::to_string(ended[2]) + " after it; state right after each");
  }

  std::mt19937 random_{std::random_device{}()};
};

TEST_F(Freeze, ARunningVmRunsOn) {
  start_flipper();
  GrabRequest what = request();
  what.freeze = true;
  for (const Route route : {Route::fd, Route::ppm_file, Route::automatic}) {
    what.route = route;
    const Result<Frame> frame = shoot(what);
    ASSERT_TRUE(frame.ok()) << frame.error().message();
    EXPECT_EQ(status(), "running");
  }
  expect_unharmed();
}

TEST_F(Freeze, ARunningVmRunsOnWhereverWeAreKilled) {
  start_flipper();
  expect_status_after_kills("running", rounds());
  expect_unharmed();
}

TEST_F(Freeze, APausedVmStandsWhereverWeAreKilled) {
  start_flipper();
  qemu().qmp("stop");
  // The next event would be RESUME, were it ever continued.
  while (qemu().next_event().name != "STOP") {
  }
  expect_status_after_kills("paused", std::max(6, rounds() / 3));
  qemu().qmp("cont");
  EXPECT_EQ(qemu().next_event().name, "RESUME");
  qemu().qmp("stop");
  EXPECT_EQ(qemu().next_event().name, "STOP") << "somebody stopped or continued it in between";
}

// A process that does nothing but freeze and grab, so that most moments are in the middle of it.
class FreezingProcess {
 public:
  // Returns when it has taken its first picture.
  explicit FreezingProcess(const std::string& socket) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    const UniqueFd at_work(ends[0]);
    UniqueFd say(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      Result<Camera> camera = Camera::open(socket, case_patience);
      GrabRequest what;
      what.freeze = true;
      what.timeout = case_patience;
      Result<Frame> frame = camera.ok() ? camera->grab(what) : Result<Frame>(camera.error());
      for (; frame.ok(); frame = camera->grab(what)) (void)!::write(say.get(), "+", 1);
      std::fprintf(stderr, "the freezing process ended: %s\n", frame.error().what());
      ::_exit(1);
    }
    say = UniqueFd();
    char first = 0;
    if (::read(at_work.get(), &first, 1) != 1) throw std::runtime_error("it took no picture");
  }
  FreezingProcess(const FreezingProcess&) = delete;
  FreezingProcess& operator=(const FreezingProcess&) = delete;
  ~FreezingProcess() { kill(); }

  // Its guard, which holds the connection from its birth on, and has its name when it first gets
  // its turn. 0: none came.
  [[nodiscard]] pid_t guard() const {
    std::vector<pid_t> guards;
    const bool one = becomes([&] {
      guards = children_named(pid_, "qmpshot-guard");
      return guards.size() == 1;
    });
    return one ? guards[0] : 0;
  }

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

TEST_F(Freeze, ARunningVmRunsOnWhenALibrarysUserIsKilled) {
  start_flipper();
  for (int round = 0; round < rounds(); ++round) {
    FreezingProcess process(qemu().socket());
    wait_a_random_part_of(20ms);
    process.kill();
    wait_until_done();
    ASSERT_EQ(status(), "running") << "round " << round;
  }
  report("freeze, running VM: " + std::to_string(rounds()) +
         " processes killed amid freezing: state right after each");
  expect_unharmed();
}

TEST_F(Freeze, AGuardThatWasKilledIsReplaced) {
  start_flipper();
  const int count = std::max(10, rounds() / 5);
  for (int round = 0; round < count; ++round) {
    FreezingProcess process(qemu().socket());
    const pid_t first = process.guard();
    ASSERT_GT(first, 0);
    ASSERT_EQ(::kill(first, SIGKILL), 0);
    pid_t second = first;
    ASSERT_TRUE(becomes([&] { return (second = process.guard()) > 0 && second != first; }));
    wait_a_random_part_of(20ms);
    process.kill();
    wait_until_done();
    ASSERT_EQ(status(), "running") << "round " << round;
  }
  report("freeze, guard killed, later the process: " + std::to_string(count) +
         " rounds, state right after each");
  expect_unharmed();
}

// --- Two at once ---------------------------------------------------------------------------------

// The second one's question whether the VM runs falls before the first one's "stop", and its own
// "stop" after it, in some rounds: before there was a lock, 8 to 16 of 60 left the VM paused.
TEST_F(Freeze, TwoAtOnceOnTwoMonitorsLeaveItRunning) {
  start_flipper(2);
  const microseconds usual = usual_time(command());
  for (int round = 0; round < rounds(); ++round) {
    Process first(command_at(0));
    if (round % 2 != 0) wait_a_random_part_of(usual);
    Process second(command_at(1));
    for (Process* each : {&first, &second}) {
      const Finished how = each->wait();
      ASSERT_EQ(how.status, 0) << "round " << round << ": " << how.err;
    }
    ASSERT_EQ(status(), "running") << "round " << round;
  }
  report("freeze, two at once: " + std::to_string(rounds()) + " rounds, running after each");
  expect_unharmed();
}

TEST_F(Freeze, TwoAtOnceOfWhichOneIsKilledLeaveItRunning) {
  start_flipper(2);
  const microseconds usual = usual_time(command());
  for (int round = 0; round < rounds(); ++round) {
    Process killed(command_at(0));
    Process other(command_at(1));
    wait_a_random_part_of(usual);
    killed.send(SIGKILL);
    (void)killed.wait();
    const Finished how = other.wait();
    ASSERT_EQ(how.status, 0) << "round " << round << ": " << how.err;
    wait_until_done();
    ASSERT_EQ(status(), "running") << "round " << round;
  }
  report("freeze, two at once, one of them killed: " + std::to_string(rounds()) +
         " rounds, running after each");
  expect_unharmed();
}

// Then only the connection itself is left, which stays open until QEMU has run everything.
TEST_F(Freeze, KilledWithItsGuardItLeavesNothingPaused) {
  start_flipper();
  const int count = std::max(10, rounds() / 5);
  for (int round = 0; round < count; ++round) {
    FreezingProcess process(qemu().socket());
    const pid_t guard = process.guard();
    ASSERT_GT(guard, 0);
    wait_a_random_part_of(20ms);
    ASSERT_EQ(::kill(guard, SIGKILL), 0);
    process.kill();
    wait_until_done();
    ASSERT_EQ(status(), "running") << "round " << round;
  }
  report("freeze, process and guard killed together: " + std::to_string(count) +
         " rounds, running after each");
}

TEST_F(Freeze, ADeadlineLeavesNothingPaused) {
  start_flipper();
  const microseconds usual = usual_time(command());
  for (int round = 0; round < std::max(5, rounds() / 10); ++round) {
    Process process(command({"--timeout", "300ms"}));
    wait_a_random_part_of(usual);
    qemu().send_signal(SIGSTOP);
    const Finished how = process.wait();
    EXPECT_TRUE(how.status == 4 || how.status == 0) << how.status << ": " << how.err;
    qemu().send_signal(SIGCONT);
    wait_until_done();
    ASSERT_EQ(status(), "running") << "round " << round;
  }
  expect_unharmed();
}

TEST_F(Freeze, ARefusedDumpLeavesNothingPaused) {
  const StartedBy deaf("trap '' XFSZ; exec \"$QEMU\" \"$@\"");
  start_flipper();
  (void)qemu().ppm();
  let_no_file_grow();
  for (const char* route : {"auto", "fd", "ppm-file"}) {
    const Finished how = run(command({"--route", route}));
    EXPECT_EQ(how.status, 5) << route << ": " << how.err;
    wait_until_done();
    EXPECT_EQ(status(), "running") << route;
  }
  EXPECT_EQ(run(command({"--device", "nosuch"})).status, 5);
  expect_unharmed();
}

}  // namespace
}  // namespace qmpshot::test
