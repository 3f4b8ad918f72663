// SPDX-License-Identifier: MIT
// QMP's messages: what a line means. No I/O.
//   source  QEMU docs/interop/qmp-spec.rst
#pragma once

#include "qmp/json.h"

#include <qmpshot/error.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace qmpshot::qmp {

struct Version {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::int64_t micro = 0;
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 means the 0 within <=>
  auto operator<=>(const Version&) const = default;
  [[nodiscard]] std::string text() const;  // "7.2.22"
};

// The peer's first words, unasked.
struct Greeting {
  Version version;
  std::string package;  // a distribution's own version, may be empty
};

// A command's success.
struct Return {
  std::optional<std::int64_t> id;  // 0 where the peer's is no integer, and so none of ours
  Json value;
};

// A command's failure, in QEMU's words, control characters replaced. Without an id the peer could
// not even parse the line.
struct Refusal {
  std::optional<std::int64_t> id;
  std::string error_class;
  std::string description;
};

struct Event {
  std::string name;
  Json data;
};

using Message = std::variant<Greeting, Return, Refusal, Event>;

// What one line from the peer means.
//   errors  bad_peer: no JSON object, or none of QMP's four kinds: QEMU's monitor for people by its
//           name, anything else by its first bytes
Result<Message> parse_message(std::string_view line);

// A command, its arguments one JSON object or empty for none.
struct Command {
  Command(std::string command_name, std::string json)
      : name(std::move(command_name)), arguments(std::move(json)) {}
  explicit Command(std::string command_name) : name(std::move(command_name)) {}

  std::string name;
  std::string arguments;
  // add-fd's: QEMU says it again in its reply, which tells that reply from every other.
  std::optional<std::int64_t> fdset_id;
  // Undoes what another command did: also to be run where who sent it gives up.
  bool must_run = false;
};

// The line to send, its "\n" included.
std::string command_line(const Command& command, std::optional<std::int64_t> id = std::nullopt);

}  // namespace qmpshot::qmp
