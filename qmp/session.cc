// SPDX-License-Identifier: MIT
#include "qmp/session.h"

#include "qmp/commands.h"
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
  Sent sent{command.name, std::nullopt, command.fdset_id, command.must_run, std::nullopt};
  ++last_number_;
  if (command.name == "qmp_capabilities") {
    sent.id = handshake_id_;
    beginning_ = last_number_;
  }
  out += command_line(command, sent.id);
  sent_.emplace(last_number_, std::move(sent));
  return last_number_;
}

void Session::begin_by_fdset(std::string& out) {
  out += command_line(qmp_capabilities());
  beginning_ = last_number_ + 1;
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

Session::Commands::iterator Session::next_in_order() {
  return std::ranges::find_if(sent_, [](const auto& one) { return !one.second.reply; });
}

// The command with whose reply the order begins, if that is still to come.
Session::Commands::iterator Session::beginning() {
  const auto first = sent_.find(beginning_.value_or(0));
  return first != sent_.end() && !first->second.reply ? first : sent_.end();
}

// QEMU answers `first` now, so it has run what came before.
void Session::begin_order(Commands::iterator first) {
  std::erase_if(sent_,
                [&](const auto& one) { return one.first < first->first && !one.second.reply; });
  beginning_.reset();
  negotiated_ = true;
}

// Who waits for this answer; end() where nobody we know does.
Session::Commands::iterator Session::asked_by(const Return& done) {
  if (!beginning_) return done.id ? sent_.end() : next_in_order();
  const auto first = beginning();
  if (first == sent_.end() || first->second.id != done.id) return sent_.end();
  if (done.id) return first;
  const auto fdset_id = done.value["fdset-id"].integer();
  return fdset_id && fdset_id == first->second.fdset_id ? first : sent_.end();
}

Session::Commands::iterator Session::asked_by(const Refusal& refusal) {
  if (!beginning_) return refusal.id ? sent_.end() : next_in_order();
  const auto first = beginning();
  return first != sent_.end() && first->second.id == refusal.id ? first : sent_.end();
}

void Session::keep(Commands::iterator asked, Reply reply) {
  asked->second.reply = std::move(reply);
  if (asked->second.forgotten) sent_.erase(asked);
}

Result<void> Session::take_answer(Return done) {
  const auto asked = asked_by(done);
  if (asked == sent_.end()) return {};
  if (!greeting_) return answered_without_greeting(nullptr);
  if (beginning_) begin_order(asked);
  keep(asked, Reply(std::move(done.value)));
  return {};
}

Result<void> Session::take_answer(Refusal refusal) {
  const bool knows_nothing = refusal.error_class == "CommandNotFound";
  const auto asked = asked_by(refusal);
  // Old guest agents echo no id.
  if (!greeting_ && !refusal.id && knows_nothing) return answered_without_greeting(&refusal);
  if (asked == sent_.end()) return {};
  if (!greeting_) return refusal.id ? answered_without_greeting(&refusal) : Result<void>();
  if (refusal.id && knows_nothing) {
    // Already done: QEMU 11.1 may run on our connection what a client that was killed had sent it.
    return take_answer(Return{refusal.id, Json()});
  }
  if (refusal.id) begin_order(asked);
  Error error = refused(asked->second.command, refusal, negotiated_);
  keep(asked, Reply(error.set_qemu_class(std::move(refusal.error_class))));
  return {};
}

std::optional<Reply> Session::take_reply(std::int64_t number) {
  const auto sent = sent_.find(number);
  if (sent == sent_.end() || !sent->second.reply) return std::nullopt;
  std::optional<Reply> reply = std::move(sent->second.reply);
  sent_.erase(sent);
  return reply;
}

void Session::take_back(std::int64_t number) {
  sent_.erase(number);
  if (beginning_ == number) beginning_.reset();
}

void Session::forget(std::int64_t number) {
  const auto sent = sent_.find(number);
  if (sent == sent_.end()) return;
  sent->second.forgotten = true;
  if (sent->second.reply) sent_.erase(sent);
}

bool Session::is_owed_replies() const {
  return std::ranges::any_of(sent_, [](const auto& one) { return !one.second.reply; });
}

bool Session::must_run_more() const {
  const auto awaits_set = [](const auto& one) { return one.second.fdset_id && !one.second.reply; };
  const bool has_sets = std::ranges::none_of(sent_, awaits_set);
  return std::ranges::any_of(sent_, [has_sets](const auto& one) {
    const Sent& sent = one.second;
    return sent.must_run && !sent.reply && (has_sets || sent.command != "remove-fd");
  });
}

std::optional<Event> Session::take_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace qmpshot::qmp
