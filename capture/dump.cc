// SPDX-License-Identifier: MIT
#include "capture/dump.h"

#include <optional>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// Whether a STOP event came since we last looked: QEMU sends one only where the VM did run.
bool saw_stop(qmp::Client& client) {
  bool seen = false;
  while (std::optional<qmp::Event> event = client.take_event()) seen |= event->name == "STOP";
  return seen;
}

asio::awaitable<void> stop_again(qmp::Client& client, qmp::Deadline deadline) {
  qmp::Command command = qmp::stop();
  co_await client.execute(std::move(command), deadline);
}

}  // namespace

asio::awaitable<void> run_dump(qmp::Client& client, Dump dump, qmp::Deadline deadline) {
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::screendump(dump.what));
  if (!dump.freeze) {
    const std::vector<qmp::Reply> replies =
        co_await client.execute_all(std::move(commands), -1, deadline);
    (void)replies.front().value();
    co_return;
  }
  commands.insert(commands.begin(), qmp::stop());
  commands.push_back(qmp::cont());
  (void)saw_stop(client);
  const std::vector<qmp::Reply> replies =
      co_await client.execute_all(std::move(commands), -1, deadline);
  // Another client stopped it after we had seen it run, and we continued it: make that good.
  if (replies[0].ok() && !saw_stop(client)) co_await stop_again(client, deadline);
  if (!replies[2].ok()) {
    // Not "refused": another route would stop it once more.
    throw Error(Errc::connection_lost, "continuing the VM after the picture, it is left stopped: " +
                                           replies[2].error().message());
  }
  (void)replies[0].value();
  (void)replies[1].value();
}

}  // namespace qmpshot::capture
