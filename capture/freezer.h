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
  //   errors  timed_out: others froze it all the time; cannot_write: no descriptor or process left
  //           for the lock or the guard; as qmp::Client::execute
  asio::awaitable<bool> prepare(qmp::Client& client, std::vector<std::string>& notes,
                                qmp::Deadline deadline);

  // "stop" is about to be sent; the answer to the "cont" behind it is here.
  void sending() noexcept { is_under_way_ = true; }
  void answered() noexcept { is_under_way_ = false; }

  // The frame is taken, or failed. Others may stop the VM, but where an answer is still to come:
  // then after the next frame, or at the end of the connection.
  void done();

  // QEMU has run everything, or is gone: there is nothing left to watch over.
  asio::awaitable<void> dismiss();

 private:
  void set_guard(int connected_socket);

  std::string lock_name_;
  UniqueFd lock_;
  bool is_under_way_ = false;
  std::optional<FreezeGuard> guard_;  // from the first frozen frame on
};

}  // namespace qmpshot::capture
