// SPDX-License-Identifier: MIT
// Who may stop the VM of one connection for a picture, and who sees that it is continued.
#pragma once

#include "capture/freeze_guard.h"
#include "qmp/client.h"

#include <qmpshot/unique_fd.h>

#include <asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace qmpshot::capture {

class Freezer {
 public:
  // Whether the VM is to be stopped for the picture; if not, a note says why. If so, nobody else of
  // us stops it before done(), or before QEMU has run all we sent should we end without it; and a
  // guard watches over it.
  //   errors  timed_out: others froze it all the time; as qmp::Client::execute
  asio::awaitable<bool> prepare(qmp::Client& client, std::vector<std::string>& notes,
                                qmp::Deadline deadline);

  // QEMU has answered all that was sent, so others may stop the VM. Not called where its answers
  // did not come in time: then the next frame is, or the end of the connection.
  void done();

  // QEMU has run everything, or is gone: there is nothing left to watch over.
  asio::awaitable<void> dismiss();

 private:
  void set_guard(int connected_socket);

  std::string lock_name_;
  UniqueFd lock_;
  std::optional<FreezeGuard> guard_;  // from the first frozen frame on
};

}  // namespace qmpshot::capture
