// SPDX-License-Identifier: MIT
#include "qmp/session.h"

#include "qmp/framing.h"

#include <algorithm>
#include <utility>

namespace qmpshot::qmp {
namespace {

// A server of QMP knows at least its own handshake, and says so at once.
Error answered_without_greeting(const Refusal* refusal) {
  if (refusal != nullptr && refusal->error_class == "CommandNotFound") {
    return Error(Errc::bad_peer,
                 "it is a guest agent's socket (qemu-ga), not QMP's: give the socket of -qmp");
  }
  return Error(Errc::bad_peer, "the peer does not speak QMP, it answered without a greeting");
}

// Commands of ours that each QEMU with a machine has, on every host we know: who does not is
// something else that speaks QMP.
//   source  qemu-storage-daemon 7.2 answers CommandNotFound to all of them
bool every_machine_has(std::string_view command) {
  return command == "screendump" || command == "query-status" || command == "query-fdsets" ||
         command == "add-fd";
}

Error refused(const std::string& command, const Refusal& refusal, bool negotiated) {
  const std::string words = "(" + refusal.error_class + "): " + refusal.description;
  // Before negotiation QEMU itself says CommandNotFound to everything.
  if (negotiated && refusal.error_class == "CommandNotFound" && every_machine_has(command)) {
    return Error(Errc::bad_peer, command +
                                     ": it speaks QMP but shows no virtual machine, as "
                                     "qemu-storage-daemon does " +
                                     words);
  }
  return Error(Errc::refused, command + ": QEMU refused " + words);
}

}  // namespace

std::int64_t Session::begin(const Command& command, std::string& out) {
  const bool is_handshake = command.name == "qmp_capabilities";
  if (!is_handshake && ++last_id_ == handshake_id_) ++last_id_;
  const std::int64_t id = is_handshake ? handshake_id_ : last_id_;
  out += command_line(command, id);
  waiting_.emplace(id, Waiting{command.name, std::nullopt});
  return id;
}

Result<void> Session::accept(std::string_view line) {
  if (line.empty()) return {};
  if (unfinished_.empty() && line != "{") return take(line);
  // As QEMU writes it for -qmp-pretty, only the outermost brackets stand alone on their lines.
  unfinished_ += line;
  if (unfinished_.size() > max_line_bytes) {
    return Error(Errc::bad_peer, "the peer does not speak QMP, its answer has no end");
  }
  if (line != "}") return {};
  return take(std::exchange(unfinished_, {}));
}

Result<void> Session::take(std::string_view text) {
  Result<Message> message = parse_message(text);
  if (!message) return message.error();
  if (auto* greeting = std::get_if<Greeting>(&*message)) {
    greeting_ = std::move(*greeting);
  } else if (auto* event = std::get_if<Event>(&*message)) {
    if (events_.size() == max_events) events_.pop_front();
    if (text.size() > max_event_bytes) event->data = Json();
    events_.push_back(std::move(*event));
  } else if (auto* refusal = std::get_if<Refusal>(&*message)) {
    return take_answer(std::move(*refusal));
  } else if (auto* done = std::get_if<Return>(&*message)) {
    return take_answer(std::move(*done));
  }
  return {};
}

// Whether the handshake was begun, and its reply did not come.
bool Session::is_shaking() const {
  const auto waiting = waiting_.find(handshake_id_);
  return waiting != waiting_.end() && !waiting->second.reply;
}

// Replies to those before us come before the first one to us.
bool Session::is_for_another(const std::optional<std::int64_t>& id) const {
  if (!id) return false;
  return is_shaking() ? *id != handshake_id_ : !waiting_.contains(*id);
}

void Session::keep(std::int64_t id, Reply reply) {
  Waiting& waiting = waiting_.at(id);
  waiting.reply = std::move(reply);
  if (waiting.forgotten) waiting_.erase(id);
}

Result<void> Session::take_answer(Return done) {
  if (!done.id || is_for_another(done.id)) return {};
  if (!greeting_) return answered_without_greeting(nullptr);
  negotiated_ |= done.id == handshake_id_;
  keep(*done.id, Reply(std::move(done.value)));
  return {};
}

Result<void> Session::take_answer(Refusal refusal) {
  if (is_for_another(refusal.id)) return {};
  if (!greeting_) return answered_without_greeting(&refusal);
  if (!refusal.id) {
    // QEMU echoes no id only where it could not parse our line: nothing later can be matched.
    return Error(Errc::bad_peer, "the peer could not read our command: " + refusal.description);
  }
  if (refusal.id == handshake_id_ && refusal.error_class == "CommandNotFound") {
    // Already done: QEMU 11.1 may run on our connection what a client that was killed had sent it.
    return take_answer(Return{refusal.id, Json()});
  }
  Error error = refused(waiting_.at(*refusal.id).command, refusal, negotiated_);
  keep(*refusal.id, Reply(error.set_qemu_class(std::move(refusal.error_class))));
  return {};
}

std::optional<Reply> Session::take_reply(std::int64_t id) {
  const auto waiting = waiting_.find(id);
  if (waiting == waiting_.end() || !waiting->second.reply) return std::nullopt;
  std::optional<Reply> reply = std::move(waiting->second.reply);
  waiting_.erase(waiting);
  return reply;
}

void Session::forget(std::int64_t id) {
  const auto waiting = waiting_.find(id);
  if (waiting == waiting_.end()) return;
  waiting->second.forgotten = true;
  if (waiting->second.reply) waiting_.erase(waiting);
}

bool Session::is_owed_replies() const {
  return std::ranges::any_of(waiting_, [](const auto& one) { return !one.second.reply; });
}

std::optional<Event> Session::take_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace qmpshot::qmp
