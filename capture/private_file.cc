// SPDX-License-Identifier: MIT
#include "capture/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace qmpshot::capture {

Result<PrivateFile> PrivateFile::create(uid_t qemu_uid) {
  const char* parent = std::getenv("TMPDIR");
  std::string folder = std::string(parent != nullptr && *parent == '/' ? parent : "/tmp");
  folder += "/qmpshot-XXXXXX";
  const auto failed = [&](int errno_value) {
    return Error::from_errno(Errc::cannot_write, "making a temporary file in " + folder,
                             errno_value);
  };

  PrivateFile file;
  if (::mkdtemp(folder.data()) == nullptr) return failed(errno);
  file.folder_ = folder;
  file.path_ = folder + "/frame";
  file.fd_ = UniqueFd(::open(file.path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.fd_) return failed(errno);
  if (::geteuid() == 0 && qemu_uid != 0) {
    // The folder lets QEMU through but not look around; the file is its own.
    if (::chmod(folder.c_str(), 0711) != 0) return failed(errno);
    if (::fchown(file.fd_.get(), qemu_uid, static_cast<gid_t>(-1)) != 0) return failed(errno);
  }
  return file;
}

PrivateFile::~PrivateFile() {
  if (folder_.empty()) return;
  (void)::unlink(path_.c_str());  // QEMU may have done it
  if (!abandoned_) (void)::rmdir(folder_.c_str());
}

}  // namespace qmpshot::capture
