// SPDX-License-Identifier: MIT
#include "qmp/fd_passing.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>

namespace qmpshot::qmp {
namespace {

// One message of sendmmsg(2): bytes, and with the first of them a descriptor where it is not
// negative. Stays where it was made.
class Parcel {
 public:
  Parcel(mmsghdr& header, std::string_view bytes, int fd)
      : data_{const_cast<char*>(bytes.data()), bytes.size()} {
    msghdr& message = header.msg_hdr;
    message.msg_iov = &data_;
    message.msg_iovlen = 1;
    if (fd < 0) return;
    message.msg_control = control_;
    message.msg_controllen = sizeof control_;
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;

 private:
  iovec data_;
  alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(int))] = {};
};

// Sends them in turn until one does not go, or goes only in part.
//   return  how many went; 0 where the socket takes none now (EAGAIN)
//   errors  connection_lost: the first did not go
Result<std::size_t> send_in_turn(int socket, std::span<mmsghdr> messages) {
  int sent = 0;
  do {
    sent = ::sendmmsg(socket, messages.data(), static_cast<unsigned>(messages.size()),
                      MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return Error::from_errno(Errc::connection_lost, "sending to the monitor", errno);
}

// Whether what the peer has not read takes more than half of the room for it.
bool is_half_full(int socket) {
  int unread = 0;
  if (::ioctl(socket, SIOCOUTQ, &unread) != 0 || unread == 0) return false;
  int room = 0;
  socklen_t size = sizeof room;
  return ::getsockopt(socket, SOL_SOCKET, SO_SNDBUF, &room, &size) == 0 && unread > room / 2;
}

}  // namespace

Result<std::optional<std::size_t>> send_with_fd(int socket, std::string_view bytes, int fd) {
  mmsghdr message{};
  const Parcel words(message, bytes, fd);
  const Result<std::size_t> sent = send_in_turn(socket, std::span(&message, 1));
  if (!sent) return sent.error();
  if (*sent == 0) return std::optional<std::size_t>();
  return std::optional<std::size_t>(message.msg_len);
}

Result<std::optional<std::size_t>> send_held(int socket, std::string_view bytes, int fd,
                                             int release) {
  if (is_half_full(socket)) return send_with_fd(socket, bytes, fd);
  std::array<mmsghdr, 3> messages{};
  const Parcel words(messages[0], bytes, fd);
  const Parcel hold(messages[1], " ", socket);
  const Parcel end(messages[2], " ", release);
  const Result<std::size_t> sent = send_in_turn(socket, messages);
  if (!sent) return sent.error();
  if (*sent == 0) return std::optional<std::size_t>();
  // Held and not released, the peer would never see us leave. What it got it still answers.
  if (*sent == 2) (void)::shutdown(socket, SHUT_WR);
  return std::optional<std::size_t>(messages[0].msg_len);
}

}  // namespace qmpshot::qmp
