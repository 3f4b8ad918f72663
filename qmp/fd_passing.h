// SPDX-License-Identifier: MIT
// Bytes and a descriptor in one sendmsg(2). No event loop.
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
// until the peer has read what is before the first, even where this process is killed meanwhile:
// QEMU may crash when its client goes while a command is run (its threads free the connection's
// descriptors twice), or keep the number of a closed descriptor in a set.
//
// With the first blank goes `socket` itself, which as a descriptor in flight is not closed; with
// the second goes `other`, on whose arrival QEMU closes what came before, and which it can only get
// where it has a descriptor left. QEMU reads nothing of a monitor while it runs a command of it, so
// what it has read up to there it has run. Where the blanks cannot be sent they are left out.
//   other    any descriptor, of which the peer keeps a copy till the next comes, or the end;
//            negative: no blanks
//   errors   connection_lost, also where only the first blank went: then we have hung up
//   source   QEMU's chardev/char-socket.c: tcp_chr_recv, tcp_get_msgfds, tcp_chr_free_connection;
//            monitor/qmp.c: handle_qmp_command suspends, monitor_qmp_dispatcher_co resumes
Result<std::optional<std::size_t>> send_held(int socket, std::string_view bytes, int fd, int other);

}  // namespace qmpshot::qmp
