// SPDX-License-Identifier: MIT
// What the cases of scripts/qemu-matrix share: one real QEMU each, and the proof that it is as it
// was. QMPSHOT_QEMU names another version.
#pragma once

#include "tests/support/real_qemu.h"
#include "tests/support/temp_folder.h"

#include <qmpshot/camera.h>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace qmpshot::test {

// No wait of these cases is longer; only a failing one takes so long.
inline constexpr std::chrono::seconds case_patience{60};

// Asks again and again until it is so, at most for `case_patience`.
bool becomes(const std::function<bool()>& what);

// How long an undisturbed run of it takes now, process and all.
std::chrono::microseconds usual_time(const std::vector<std::string>& command);

// One line that scripts/qemu-matrix puts below its table: what this QEMU was seen to do.
void report(const std::string& line);

// A plain QMP client, without our manners.
class RawMonitor {
 public:
  explicit RawMonitor(const std::string& socket, std::chrono::milliseconds timeout = case_patience);

  // `fd` goes with the command where it is not negative.
  //   errors  refused, timed_out, connection_lost
  Result<qmp::Json> execute(const std::string& command, const std::string& arguments = "",
                            int fd = -1, std::chrono::milliseconds timeout = case_patience);

  // The same for several commands that are sent as one message; nothing is awaited.
  void send_and_forget(const std::vector<std::pair<std::string, std::string>>& commands);

 private:
  asio::io_context io_;
  qmp::Client client_;
};

// While it lives, QEMU is started by a shell script in whose last line $QEMU is the real one.
class StartedBy {
 public:
  explicit StartedBy(const std::string& last_line);
  StartedBy(const StartedBy&) = delete;
  StartedBy& operator=(const StartedBy&) = delete;
  ~StartedBy();

 private:
  TempFolder folder_;
  std::string before_;
};

// While it lives, an environment variable has another value.
class Environment {
 public:
  Environment(std::string name, const std::string& value);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

 private:
  std::string name_;
  std::optional<std::string> before_;
};

// One display as a case expects it.
struct Expected {
  DisplayKind kind = DisplayKind::graphic;
  std::string id;
  std::string type;
  std::uint32_t head = 0;
  bool askable = true;
};

class VmCase : public testing::Test {
 protected:
  void SetUp() override;

  // Starts the VM of this case and remembers how it is. A QEMU that was built without what is asked
  // for skips the case, in QEMU's words: then IsSkipped().
  void start(std::vector<std::string> arguments, QemuOptions options = {});
  // The same with a boot sector that says "R" on the debug port; returns when it has.
  void start_with_sector(const std::string& sector, std::vector<std::string> arguments = {});
  void remember();
  // From now on QEMU writes no file of the size of a picture. It must have been started deaf to
  // SIGXFSZ, and have the surface it shows: since 8.1 that is a file as well, and QEMU aborts where
  // it cannot make it.
  void let_no_file_grow();

  // The one that start() started.
  //   throws  std::logic_error where there is none: see IsSkipped(), HasFatalFailure()
  [[nodiscard]] RealQemu& qemu() const {
    if (!qemu_) throw std::logic_error("no QEMU was started");
    return *qemu_;
  }
  [[nodiscard]] bool older_than(std::int64_t major, std::int64_t minor) const {
    return qemu().version() < qmp::Version{major, minor, 0};
  }
  std::string status();
  std::size_t lent_descriptors();
  bool keeps_descriptors();
  // The first console's picture by qemu(), not by our code.
  Content content();
  void wait_for_picture();

  static GrabRequest request(const std::string& device = "", std::uint32_t head = 0,
                             Route route = Route::automatic);
  Result<Frame> shoot(const GrabRequest& what) { return Camera::shoot(qemu().socket(), what); }
  std::vector<Display> displays();

  void expect_displays(const std::vector<Expected>& expected);
  // Grabs it, one-shot and by a camera, until QEMU's own pictures just before and just after are
  // the same (a cursor may blink, a firmware may write): then ours must be that picture.
  void expect_qemus_own(const GrabRequest& what);
  // That for each display that can be asked for, by each route that this QEMU has.
  void expect_all_grabbed();
  // VM, run state, descriptors, sets and monitors are as they were; but for the one descriptor that
  // a QEMU before 10.0 may keep while its VM does not run (D3).
  void expect_unharmed();

 private:
  std::unique_ptr<RealQemu> qemu_;
  TempFolder folder_;
  std::size_t lent_ = 0;
  std::size_t open_ = 0;
  std::string status_;
};

}  // namespace qmpshot::test
