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

  // QMP answers each command once, in their order, so that is what says whose a reply is; an id
  // would be read by QEMU byte by byte, some 4 us each. Only where the order begins has to be
  // known: QEMU 11.1 gives the reply to a client that was killed to the next one, before or after
  // the greeting. So the handshake has a random id, or what follows it another mark, and what comes
  // before its reply is not ours.
  //   handshake_id  of qmp_capabilities; not 0
  explicit Session(std::int64_t handshake_id = 1) : handshake_id_(handshake_id) {}

  // Appends the command's line to `out` and returns the number under which its reply will be found.
  // No two have the same. qmp_capabilities makes a new beginning: commands before it that were not
  // answered yet never will be.
  std::int64_t begin(const Command& command, std::string& out);

  // Appends a handshake without an id, whose reply nobody gets. The next command is add_fd(): the
  // order begins with the reply that has its set's number. Where a refusal comes first, which may
  // be another's, that is add_fd()'s reply and nothing after it is anybody's, until a handshake has
  // made a new beginning.
  void begin_by_fdset(std::string& out);

  // Takes one line from the peer. Replies that nobody waits for are dropped: one may come after the
  // caller gave up. Answers of a monitor that writes each over several lines (-qmp-pretty) are put
  // together.
  //   errors  bad_peer: not QMP, which an answer before any greeting is not either
  Result<void> accept(std::string_view line);

  // Nothing where the peer did not greet yet.
  [[nodiscard]] const std::optional<Greeting>& greeting() const noexcept { return greeting_; }

  // The reply to a command, once.
  std::optional<Reply> take_reply(std::int64_t number);

  // Whether a command was not answered yet, be it that nobody waits for it.
  [[nodiscard]] bool is_owed_replies() const;
  // Whether one of those must be run. A remove-fd need not, behind an add-fd not answered either:
  // a peer that hangs before both may drop both.
  [[nodiscard]] bool must_run_more() const;

  // The oldest event not taken yet.
  std::optional<Event> take_event();

  // The command was not sent after all: there will be no reply.
  void take_back(std::int64_t number);

  // From now on nobody waits for this reply; it is still owed.
  void forget(std::int64_t number);

 private:
  struct Sent {
    std::string command;
    std::optional<std::int64_t> id;        // the handshake's; the others have none
    std::optional<std::int64_t> fdset_id;  // add-fd's
    bool must_run = false;
    std::optional<Reply> reply;
    bool forgotten = false;
  };
  using Commands = std::map<std::int64_t, Sent>;  // by their numbers, which is their order

  Result<void> take(std::string_view text);
  Commands::iterator next_in_order();
  Commands::iterator beginning();
  void begin_order(Commands::iterator first);
  Commands::iterator asked_by(const Return& done);
  Commands::iterator asked_by(const Refusal& refusal);
  void keep(Commands::iterator asked, Reply reply);
  Result<void> take_answer(Return done);
  Result<void> take_answer(Refusal refusal);

  std::optional<Greeting> greeting_;
  bool negotiated_ = false;
  Commands sent_;  // and whose reply was not taken
  std::deque<Event> events_;
  std::int64_t handshake_id_;
  std::int64_t last_number_ = 0;
  // The command with whose reply the order begins; none where it has begun, or nothing says that it
  // has not.
  std::optional<std::int64_t> beginning_;
  std::string unfinished_;  // the lines of an answer whose last one did not come yet
};

}  // namespace qmpshot::qmp
