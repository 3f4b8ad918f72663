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

}  // namespace qmpshot::qmp
