// SPDX-License-Identifier: MIT
#include "tools/qmpshot/output.h"

#include <qmpshot/unique_fd.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace qmpshot::tools {
namespace {

Error cannot_save(const std::string& path, int errno_value) {
  const Error error = Error::from_errno(Errc::cannot_write, "saving " + path, errno_value);
  const auto with_advice = [&](const char* advice) {
    return Error(error.code(), error.message() + ": " + advice);
  };
  switch (errno_value) {
    case ENOENT: return with_advice("its folder is not there");
    case EISDIR: return with_advice("name a file in it");
    case EACCES: return with_advice("its folder must be writable: a new file takes its place");
    default: return error;
  }
}

//   return  0, or errno
int write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) {
      // Somebody made our stdout non-blocking. Whoever reads it decides how long this takes.
      pollfd ready{fd, POLLOUT, 0};
      (void)::poll(&ready, 1, 1000);
      continue;
    }
    if (size < 0) return errno;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return 0;
}

// A signal must not come between the temporary file and its new name.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// The file a rename would replace, or make: through symbolic links, so that they stay. A link whose
// target is missing is one too, so realpath(3) does not do.
std::string behind_links(std::string path) {
  constexpr int most_links = 40;  // as the kernel follows
  std::array<char, PATH_MAX> target;
  for (int links = 0; links < most_links; ++links) {
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size <= 0) break;
    const std::string_view link(target.data(), static_cast<std::size_t>(size));
    if (link.front() == '/') path.clear();
    path.resize(path.rfind('/') + 1);  // its folder; npos + 1 is 0
    path += link;
  }
  return path;
}

// Whose the new file is and what it may be to others: as the one it replaces, where we may say so,
// else as umask says.
//   return  0, or errno
int dress(int fd, const struct stat* replaced) {
  if (replaced != nullptr) {
    (void)!::fchown(fd, replaced->st_uid, replaced->st_gid);
    return ::fchmod(fd, replaced->st_mode & 0777) == 0 ? 0 : errno;
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return ::fchmod(fd, 0666 & ~mask) == 0 ? 0 : errno;
}

Result<void> replace_file(std::span<const std::byte> bytes, const std::string& path,
                          const struct stat* replaced) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  std::string temporary = folder + ".qmpshot-XXXXXX";

  const SignalsBlocked blocked;
  const UniqueFd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) return cannot_save(path, errno);
  int failed = write_all(file.get(), bytes);
  if (failed == 0) failed = dress(file.get(), replaced);
  if (failed == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) failed = errno;
  if (failed == 0) return {};
  (void)::unlink(temporary.c_str());
  return cannot_save(path, failed);
}

}  // namespace

Result<void> save(std::span<const std::byte> bytes, const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    // Anything else is a refusal, such as the kernel's to follow another user's link in /tmp.
    if (errno != ENOENT) return cannot_save(path, errno);
    return replace_file(bytes, behind_links(path), nullptr);
  }
  if (S_ISREG(info.st_mode)) return replace_file(bytes, behind_links(path), &info);
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return cannot_save(path, errno);
  const int failed = write_all(file.get(), bytes);
  if (failed != 0) return cannot_save(path, failed);
  return {};
}

Result<void> write_stdout(std::span<const std::byte> bytes) {
  const int failed = write_all(STDOUT_FILENO, bytes);
  if (failed != 0) return Error::from_errno(Errc::cannot_write, "writing to stdout", failed);
  return {};
}

}  // namespace qmpshot::tools
