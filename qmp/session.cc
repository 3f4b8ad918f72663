// SPDX-License-Identifier: MIT
#include "qmp/session.h"

#include <utility>

namespace qmpshot::qmp {

std::int64_t Session::begin(const Command& command, std::string& out) {
  const std::int64_t id = ++last_id_;
  out += command_line(command, id);
  waiting_.emplace(id, Waiting{command.name, std::nullopt});
  return id;
}

Result<void> Session::accept(std::string_view line) {
  if (line.empty()) return {};
  Result<Message> message = parse_message(line);
  if (!message) return message.error();
  if (auto* greeting = std::get_if<Greeting>(&*message)) {
    greeting_ = std::move(*greeting);
  } else if (auto* event = std::get_if<Event>(&*message)) {
    if (events_.size() == max_events) events_.pop_front();
    events_.push_back(std::move(*event));
  } else if (auto* refusal = std::get_if<Refusal>(&*message)) {
    return settle(refusal->id, std::move(*refusal));
  } else if (auto* done = std::get_if<Return>(&*message); done->id) {
    const auto waiting = waiting_.find(*done->id);
    if (waiting != waiting_.end()) waiting->second.reply = Reply(std::move(done->value));
  }
  return {};
}

Result<void> Session::settle(std::optional<std::int64_t> id, Refusal refusal) {
  if (!id) {
    // QEMU echoes no id only where it could not parse our line: nothing later can be matched.
    return Error(Errc::bad_peer, "the peer could not read our command: " + refusal.description);
  }
  const auto waiting = waiting_.find(*id);
  if (waiting == waiting_.end()) return {};
  Error error(Errc::refused, waiting->second.command + ": QEMU refused (" + refusal.error_class +
                                 "): " + refusal.description);
  waiting->second.reply = Reply(error.set_qemu_class(std::move(refusal.error_class)));
  return {};
}

std::optional<Reply> Session::take_reply(std::int64_t id) {
  const auto waiting = waiting_.find(id);
  if (waiting == waiting_.end() || !waiting->second.reply) return std::nullopt;
  std::optional<Reply> reply = std::move(waiting->second.reply);
  waiting_.erase(waiting);
  return reply;
}

std::optional<Event> Session::take_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace qmpshot::qmp
