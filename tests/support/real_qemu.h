// SPDX-License-Identifier: MIT
// A real QEMU of the test's own, by TCG, without a window. It is killed with its owner.
#pragma once

#include "qmp/client.h"
#include "tests/support/guests.h"
#include "tests/support/temp_folder.h"

#include <qmpshot/unique_fd.h>

#include <asio/io_context.hpp>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace qmpshot::test {

struct QemuOptions {
  QemuOptions() = default;
  explicit QemuOptions(std::vector<std::string> args) : arguments(std::move(args)) {}

  std::vector<std::string> arguments;
  std::optional<Guest> guest;  // the constructor returns when it draws
  std::size_t monitors = 1;    // for the code under test; qmp() has its own
  bool as_nobody = false;      // as another user; only root can do that
};

class RealQemu {
 public:
  // Returns when all monitors listen.
  //   throws  std::runtime_error with QEMU's own words, also where it took longer than a minute
  explicit RealQemu(const QemuOptions& options);
  RealQemu(const RealQemu&) = delete;
  RealQemu& operator=(const RealQemu&) = delete;
  ~RealQemu();  // SIGKILL

  // QMPSHOT_QEMU, else qemu-system-x86_64 in PATH; empty where there is none.
  static std::string binary();

  [[nodiscard]] const std::string& socket(std::size_t monitor = 0) const {
    return sockets_[monitor];
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  // A folder QEMU can write to.
  [[nodiscard]] std::string file(const std::string& name) const { return folder_.file(name); }

  // Runs a command on a monitor that nobody else uses; `arguments` is one JSON object or empty.
  //   throws  Error
  qmp::Json qmp(const std::string& command, const std::string& arguments = "");
  [[nodiscard]] const qmp::Version& version() const { return side_->greeting()->version; }
  // The next event on that monitor.
  qmp::Event next_event();

  // The file QEMU writes for its screen, asked for by qmp().
  std::vector<std::byte> ppm(const std::string& device = "", std::int64_t head = 0);

  // Whether the process runs and qmp() answers.
  bool alive();
  // How many descriptors it has open. One more for a moment after each command, see send_held().
  [[nodiscard]] std::size_t open_descriptors() const;
  // How many of them are of a memfd whose name begins so.
  [[nodiscard]] std::size_t memory_descriptors(const std::string& name) const;
  void send_signal(int number) const;
  // Sends SIGSTOP and returns when all of it stands still. SIGCONT makes it go on.
  void freeze() const;
  // Returns when the process and all its descriptors are gone; fails after a minute.
  void wait_until_ended() const;
  // What it said on stderr.
  [[nodiscard]] std::string words() const;

 private:
  void launch(const std::vector<std::string>& command, bool as_nobody);
  std::vector<std::string> command_for(const QemuOptions& options);
  void wait_for_side_monitor(const UniqueFd& listening);
  void wait_for_guest() const;
  void wait_readable(int fd, const char* what) const;
  void kill();

  TempFolder folder_;
  std::vector<std::string> sockets_;
  pid_t pid_ = -1;
  UniqueFd process_;    // a pidfd
  UniqueFd guest_out_;  // what the guest says on the debug port
  asio::io_context io_;
  std::optional<qmp::Client> side_;
};

}  // namespace qmpshot::test

// At the front of a test or SetUp() that needs a real QEMU: none is a failure, unless
// QMPSHOT_ALLOW_NO_QEMU=1 makes it a skipped test.
#define QMPSHOT_REQUIRE_QEMU()                                                                 \
  do {                                                                                         \
    if (::qmpshot::test::RealQemu::binary().empty()) {                                         \
      const char* allowed = std::getenv("QMPSHOT_ALLOW_NO_QEMU");                              \
      if (allowed == nullptr || std::string_view(allowed) != "1") {                            \
        FAIL() << "no qemu-system-x86_64 in PATH and no QMPSHOT_QEMU; to leave the real-QEMU " \
                  "tests out: QMPSHOT_ALLOW_NO_QEMU=1";                                        \
      }                                                                                        \
      GTEST_SKIP() << "no QEMU here, and QMPSHOT_ALLOW_NO_QEMU=1 allows that";                 \
    }                                                                                          \
  } while (false)
