// SPDX-License-Identifier: MIT
#include "capture/dump.h"

#include <utility>
#include <vector>

namespace qmpshot::capture {

asio::awaitable<void> run_dump(qmp::Client& client, Dump dump, qmp::Deadline deadline) {
  std::vector<qmp::Command> commands;
  if (dump.freeze) commands.push_back(qmp::stop());
  commands.push_back(qmp::screendump(dump.what));
  if (dump.freeze) commands.push_back(qmp::cont());
  const std::vector<qmp::Reply> replies =
      co_await client.execute_all(std::move(commands), -1, deadline);
  for (const qmp::Reply& reply : replies) (void)reply.value();
}

}  // namespace qmpshot::capture
