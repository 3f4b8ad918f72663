// SPDX-License-Identifier: MIT
// Bytes and descriptors in one system call. No event loop.
#pragma once

#include <qmpshot/error.h>
#include <qmpshot/unique_fd.h>

#include <cstddef>
#include <optional>
#include <string_view>

namespace qmpshot::qmp {

// Sends the front of `bytes`, and with its first byte the descriptor `fd` where it is not negative.
// The descriptor stays the caller's; the peer gets its own. A short send has sent the descriptor:
// send the rest without it.
//   return  how many bytes went out; nullopt where the socket takes none now (EAGAIN)
//   errors  connection_lost
//   source  unix(7), SCM_RIGHTS
Result<std::optional<std::size_t>> send_with_fd(int socket, std::string_view bytes, int fd);

// The same, and where all of `bytes` went, two blanks behind them that keep the connection open
// until the peer has read what is before the first, even where this process is killed meanwhile.
// QEMU 5.2 to 11.1 may crash when its client goes while a command is run (its threads free the
// connection's descriptors twice), or keep the number of a closed descriptor in a set: D11 in
// tests/matrix/dangers_test.cc. It reads nothing of a monitor while it runs a command of it, so
// what it has read it has run.
//
// With the first blank goes `socket` itself, which as a descriptor in flight is not closed; with
// the second goes `release`, on whose arrival QEMU closes what came before. Where the socket is
// half full the blanks are left out: a peer that reads nothing needs the room for commands. Where
// only the first goes, this end is shut for sending, which ends the connection in the same way.
//
// What it does not cover: a process killed while the peer has one descriptor left to take, which
// is then the first, or while it reads nothing of it for good, as a serial console may.
//   release  any descriptor; the peer keeps a copy till the next comes, or the end
//   errors   connection_lost
//   source   QEMU's chardev/char-socket.c: tcp_chr_recv, tcp_get_msgfds, tcp_chr_free_connection;
//            monitor/qmp.c: handle_qmp_command suspends, monitor_qmp_dispatcher_co resumes
Result<std::optional<std::size_t>> send_held(int socket, std::string_view bytes, int fd,
                                             int release);

}  // namespace qmpshot::qmp
