// SPDX-License-Identifier: MIT
// The state of one QMP conversation: who was asked what, and what came back. No I/O.
#pragma once

#include "qmp/message.h"

#include <qmpshot/error.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace qmpshot::qmp {

// What QEMU answered to one command: its value, or Errc::refused with QEMU's class and words;
// bad_peer where the peer does not know what every virtual machine knows.
using Reply = Result<Json>;

class Session {
 public:
  // Events beyond this many are dropped, the oldest first: a caller that never looks must not
  // collect them for ever.
  static constexpr std::size_t max_events = 256;

  // The data of a longer one is not kept: QEMU's own are a few hundred bytes.
  static constexpr std::size_t max_event_bytes = 16384;

  // QEMU 11.1 gives the reply to a client that was killed to the next one, before or after the
  // greeting, and a reply that is not ours must not look like one of ours. So the handshake has a
  // random id on a connection, and what comes before its reply is not ours. The ids of the others
  // are as short as they can be: QEMU reads a command byte by byte, some 4 us each.
  //   handshake_id  of qmp_capabilities, which is begun once; not 0
  explicit Session(std::int64_t handshake_id = 1) : handshake_id_(handshake_id) {}

  // Appends the command's line to `out` and returns the id under which its reply will be found.
  std::int64_t begin(const Command& command, std::string& out);

  // Takes one line from the peer. Replies to ids that nobody waits for are dropped: a reply may
  // come after the caller gave up. Answers of a monitor that writes each over several lines
  // (-qmp-pretty) are put together.
  //   errors  bad_peer: not QMP, which an answer before any greeting is not either; or the peer
  //           says that it could not parse what we sent
  Result<void> accept(std::string_view line);

  // Nothing where the peer did not greet yet.
  [[nodiscard]] const std::optional<Greeting>& greeting() const noexcept { return greeting_; }

  // The reply to a command, once.
  std::optional<Reply> take_reply(std::int64_t id);

  // The oldest event not taken yet.
  std::optional<Event> take_event();

  // From now on nobody waits for this id; its reply is still owed.
  void forget(std::int64_t id);

  // Whether a command has no reply yet. QEMU gives each one, in order.
  [[nodiscard]] bool is_owed_replies() const;

 private:
  struct Waiting {
    std::string command;
    std::optional<Reply> reply;
    bool forgotten = false;
  };

  Result<void> take(std::string_view text);
  [[nodiscard]] bool is_shaking() const;
  [[nodiscard]] bool is_for_another(const std::optional<std::int64_t>& id) const;
  void keep(std::int64_t id, Reply reply);
  Result<void> take_answer(Return done);
  Result<void> take_answer(Refusal refusal);

  std::optional<Greeting> greeting_;
  bool negotiated_ = false;
  std::map<std::int64_t, Waiting> waiting_;
  std::deque<Event> events_;
  std::int64_t handshake_id_;
  std::int64_t last_id_ = 1;
  std::string unfinished_;  // the lines of an answer whose last one did not come yet
};

}  // namespace qmpshot::qmp
