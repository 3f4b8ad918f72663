// SPDX-License-Identifier: MIT
// Who lists the VMs of a host asks those of other tests, too.
#pragma once

#include <qmpshot/unique_fd.h>

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

namespace qmpshot::test {

// While it lives, no other test of this host, in whichever program, lists its VMs.
class HostVms {
 public:
  HostVms() {
    using std::chrono::steady_clock;
    const std::string path = std::filesystem::temp_directory_path() / "qmpshot-tests-list-vms.lock";
    file_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644));
    // In a sticky folder nobody may "make" a file that is another's (fs.protected_regular).
    if (!file_) file_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file_) throw std::system_error(errno, std::generic_category(), "opening " + path);
    const auto deadline = steady_clock::now() + std::chrono::minutes(2);
    while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      if (steady_clock::now() > deadline) throw std::runtime_error("another test holds " + path);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

 private:
  UniqueFd file_;
};

}  // namespace qmpshot::test
