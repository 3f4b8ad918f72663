// SPDX-License-Identifier: MIT
// Lines from a peer of any kind: a message or bad_peer, one printable line of error, and a session
// that keeps no more than it may.
#include "qmp/commands.h"
#include "qmp/message.h"
#include "qmp/session.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace qmpshot;

bool is_one_line(const std::string& text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// Each reader of replies takes any value; what it wrote is read back as it was.
void read_as_everything(const qmp::Json& value) {
  (void)qmp::parse_status(value);
  for (const qmp::QomEntry& entry : qmp::parse_qom_list(value)) {
    const std::string line = qmp::command_line(qmp::qom_get(entry.name, entry.type), 7);
    FUZZ_CHECK(line.ends_with("\n") && is_one_line(line.substr(0, line.size() - 1)) &&
               qmp::Json::parse(line).ok());
  }
  (void)qmp::parse_fdsets(value);
}

// Commands begun, forgotten and answered in any order: each reply is the one to its own command.
void order_is_kept(const std::uint8_t* data, std::size_t size) {
  qmp::Session session;
  std::string sent;
  (void)session.accept(R"({"QMP":{}})");
  std::deque<std::int64_t> asked;  // not answered yet
  std::map<std::int64_t, std::int64_t> answers;
  std::set<std::int64_t> forgotten;
  for (std::size_t i = 0; i < std::min<std::size_t>(size, 1000); ++i) {
    const std::uint8_t choice = data[i];
    if (choice % 4 == 0) {
      asked.push_back(session.begin(qmp::query_status(), sent));
    } else if (choice % 4 == 1) {
      const auto answer = static_cast<std::int64_t>(i);
      FUZZ_CHECK(session.accept("{\"return\":" + std::to_string(answer) + "}").ok());
      if (asked.empty()) continue;
      if (!forgotten.contains(asked.front())) answers[asked.front()] = answer;
      asked.pop_front();
    } else if (const std::int64_t number = 1 + choice / 4 % 16; choice % 4 == 2) {
      session.forget(number);
      answers.erase(number);
      if (std::ranges::count(asked, number) != 0) forgotten.insert(number);
    } else {
      const auto reply = session.take_reply(number);
      const auto answer = answers.find(number);
      FUZZ_CHECK(reply.has_value() == (answer != answers.end()));
      if (!reply) continue;
      FUZZ_CHECK(reply->ok() && reply->value().integer() == answer->second);
      answers.erase(answer);
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  qmp::Session session;
  std::string sent;
  const std::int64_t first = session.begin(qmp::qmp_capabilities(), sent);
  const std::int64_t second = session.begin(qmp::qom_list("/backend"), sent);
  bool inside = false;  // of an answer that stands on several lines
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto message = qmp::parse_message(line);
    const auto accepted = session.accept(line);
    const bool is_whole = !inside && line != "{";
    inside = !is_whole && line != "}";
    if (message.ok()) {
      if (const auto* done = std::get_if<qmp::Return>(&*message)) read_as_everything(done->value);
      continue;
    }
    FUZZ_CHECK(message.error().code() == Errc::bad_peer);
    FUZZ_CHECK(is_one_line(message.error().message()));
    FUZZ_CHECK(line.empty() || !is_whole || !accepted.ok());
  }
  order_is_kept(data, size);
  for (const std::int64_t id : {first, second}) {
    const auto reply = session.take_reply(id);
    if (reply && !reply->ok()) FUZZ_CHECK(is_one_line(reply->error().message()));
    FUZZ_CHECK(!session.take_reply(id));
  }
  std::size_t events = 0;
  while (session.take_event()) ++events;
  FUZZ_CHECK(events <= qmp::Session::max_events);
  return 0;
}
