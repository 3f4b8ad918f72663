// SPDX-License-Identifier: MIT
// Socket pairs for tests, and what came through them.
#pragma once

#include <qmpshot/unique_fd.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace qmpshot::test {

// Two connected stream sockets.
inline std::pair<UniqueFd, UniqueFd> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// A unix socket bound to `path`, listening where it is a stream.
inline UniqueFd bound_socket(const std::string& path, int backlog, int type = SOCK_STREAM) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd out(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!out || ::bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      (type == SOCK_STREAM && ::listen(out.get(), backlog) != 0)) {
    throw std::system_error(errno, std::generic_category(), "binding " + path);
  }
  return out;
}

struct Received {
  std::string bytes;                  // empty: see error
  int error = 0;                      // errno; 0 with empty bytes: the peer closed
  std::vector<UniqueFd> descriptors;  // in the order they came
};

// One recvmsg(2) of up to `size` bytes; `flags` such as MSG_DONTWAIT.
inline Received receive(int socket, std::size_t size, int flags = 0) {
  Received out;
  out.bytes.resize(size);
  iovec data{out.bytes.data(), size};
  alignas(cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got = 0;
  do {
    got = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  out.bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  if (got < 0) {
    out.error = errno;
    return out;
  }
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      out.descriptors.emplace_back(fd);
    }
  }
  return out;
}

// All that is there to be read now, a byte at a time as QEMU does.
struct Stream {
  std::string bytes;
  bool ended = false;                 // or more may come
  std::vector<UniqueFd> descriptors;  // all of them
};
inline Stream read_all(int socket) {
  Stream out;
  for (;;) {
    Received got = receive(socket, 1, MSG_DONTWAIT);
    out.ended = got.bytes.empty() && got.error == 0;
    if (got.bytes.empty()) return out;
    out.bytes += got.bytes;
    for (UniqueFd& fd : got.descriptors) out.descriptors.push_back(std::move(fd));
  }
}

// Any descriptor.
inline UniqueFd some_file() {
  return UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
}

// Whether no descriptor of the other end is left, or it was shut down.
inline bool has_left(int socket) {
  pollfd ready{socket, 0, 0};
  return ::poll(&ready, 1, 0) == 1 && (ready.revents & POLLHUP) != 0;
}

// Whether both descriptors are open on the same file.
inline bool same_file(int a, int b) {
  struct stat first {};
  struct stat second {};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

}  // namespace qmpshot::test
