// SPDX-License-Identifier: MIT
// A temporary file that QEMU may write into and nobody else can see.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/unique_fd.h>

#include <sys/types.h>

#include <string>
#include <utility>

namespace qmpshot::capture {

// A 0600 file in a folder of its own under $TMPDIR, both removed by the destructor. QEMU unlinks
// its target when it cannot write to it, so a path given to QEMU is always one of these.
class PrivateFile {
 public:
  // `qemu_uid` is the user QEMU listens as: where we are root and it is not, the file is given to
  // it.
  //   errors  cannot_write
  static Result<PrivateFile> create(uid_t qemu_uid);

  PrivateFile(PrivateFile&& other) noexcept
      : folder_(std::exchange(other.folder_, {})),
        path_(std::move(other.path_)),
        fd_(std::move(other.fd_)),
        abandoned_(other.abandoned_) {}
  PrivateFile& operator=(PrivateFile&&) = delete;
  ~PrivateFile();

  // QEMU may still open the path: the file goes, the folder stays ours and keeps its name.
  void abandon() noexcept { abandoned_ = true; }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  PrivateFile() = default;

  std::string folder_;
  std::string path_;
  UniqueFd fd_;
  bool abandoned_ = false;
};

}  // namespace qmpshot::capture
