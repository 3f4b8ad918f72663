// SPDX-License-Identifier: MIT
#include "capture/dump.h"

#include "capture/cleanup.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// What QEMU answered to the one message that stops, dumps and continues, in its order.
struct Frozen {
  static std::vector<qmp::Command> commands(const qmp::Screendump& what) {
    std::vector<qmp::Command> out;
    out.push_back(qmp::query_status());
    out.push_back(qmp::stop());
    out.push_back(qmp::query_status());
    out.push_back(qmp::screendump(what));
    out.push_back(qmp::query_status());  // only to know what came before our "cont"
    out.push_back(qmp::cont());
    return out;
  }

  explicit Frozen(std::vector<qmp::Answer> in)
      : before(std::move(in[0])),
        stop(std::move(in[1])),
        stopped(std::move(in[2])),
        dump(std::move(in[3])),
        dumped(std::move(in[4])),
        cont(std::move(in[5])) {}

  qmp::Answer before, stop, stopped, dump, dumped, cont;
};

bool saw_resume(const qmp::Answer& answer) {
  return std::ranges::find(answer.events, "RESUME", &qmp::Event::name) != answer.events.end();
}

// Whether the VM stands for a reason that our "stop" is not. A suspended one is none of our
// business: "cont" leaves it asleep.
bool stands(const qmp::Answer& answer, std::string_view by_us) {
  if (!answer.reply.ok()) return false;
  const qmp::VmStatus status = qmp::parse_status(*answer.reply);
  return !status.running && status.status != "suspended" && status.status != by_us;
}

// Whether the VM stood before our "stop" came: by another client, or by an error of its own.
bool stood(const Frozen& seen) {
  for (const qmp::Answer* answer : {&seen.stop, &seen.stopped, &seen.dump, &seen.dumped}) {
    if (saw_resume(*answer)) return false;  // by who stopped it: we have not continued it yet
  }
  return stands(seen.before, "") || stands(seen.stopped, "paused");
}

//   errors  connection_lost: it runs, because QEMU did not do it or did not answer in time
asio::awaitable<void> stop_again(qmp::Client& client) {
  bool stopped = false;
  const auto stop = [&client, &stopped](qmp::Deadline grace) -> asio::awaitable<void> {
    qmp::Command command = qmp::stop();
    command.must_run = true;
    co_await client.execute(std::move(command), grace);
    stopped = true;
  };
  co_await within_grace(stop);
  if (!stopped) {
    throw Error(Errc::connection_lost,
                "pausing the VM again, which another client had paused: it may run now, pause it");
  }
}

}  // namespace

asio::awaitable<void> run_dump(qmp::Client& client, Dump dump, qmp::Deadline deadline) {
  if (dump.freezer == nullptr) {
    qmp::Command command = qmp::screendump(dump.what);
    co_await client.execute(std::move(command), deadline);
    co_return;
  }
  std::vector<qmp::Command> commands = Frozen::commands(dump.what);
  dump.freezer->sending();
  const Frozen seen(co_await client.execute_watching(std::move(commands), deadline));
  dump.freezer->answered();
  const bool left_alone = stood(seen);
  if (left_alone && saw_resume(seen.cont)) co_await stop_again(client);
  if (!seen.cont.reply.ok() && !left_alone) {
    // Not "refused": another route would stop it once more.
    throw Error(Errc::connection_lost, "continuing the VM after the picture, it is left stopped: " +
                                           seen.cont.reply.error().message());
  }
  (void)seen.stop.reply.value();
  (void)seen.dump.reply.value();
}

}  // namespace qmpshot::capture
