// SPDX-License-Identifier: MIT
// The kernel's list of unix sockets, /proc/net/unix: it tells who is connected without touching
// anybody. No I/O.
//   source  Linux net/unix/af_unix.c:unix_seq_show; proc_net(5)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::capture {

struct UnixSocket {
  std::uint64_t inode = 0;  // 0: a connection that its server did not accept yet
  bool connected = false;
  std::string path;  // as the server bound it; an accepted connection has its listener's
};

// The sockets that have a path; a line that cannot be read is passed over.
std::vector<UnixSocket> parse_unix_sockets(std::string_view table);

// What a link in /proc/PID/fd says of a socket, "socket:[INODE]"; 0 where it is none.
std::uint64_t socket_inode(std::string_view link);

}  // namespace qmpshot::capture
