// SPDX-License-Identifier: MIT
#include "capture/unix_sockets.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace qmpshot::capture {
namespace {

constexpr std::string_view connected_state = "03";  // SS_CONNECTED, linux/net.h

std::string_view take_field(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view field = line.substr(0, line.find(' '));
  line.remove_prefix(field.size());
  return field;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Num RefCount Protocol Flags Type St Inode Path
std::optional<UnixSocket> parse_line(std::string_view line) {
  for (int i = 0; i < 5; ++i) take_field(line);
  UnixSocket out;
  out.connected = take_field(line) == connected_state;
  const std::optional<std::uint64_t> inode = number(take_field(line));
  if (!inode || line.size() < 2) return std::nullopt;
  out.inode = *inode;
  out.path = line.substr(1);  // one blank, then all of the path, blanks too
  return out;
}

}  // namespace

std::vector<UnixSocket> parse_unix_sockets(std::string_view table) {
  std::vector<UnixSocket> out;
  while (!table.empty()) {
    const std::string_view line = table.substr(0, table.find('\n'));
    table.remove_prefix(std::min(line.size() + 1, table.size()));
    if (auto socket = parse_line(line)) out.push_back(std::move(*socket));
  }
  return out;
}

std::uint64_t socket_inode(std::string_view link) {
  constexpr std::string_view before = "socket:[";
  if (!link.starts_with(before) || !link.ends_with(']')) return 0;
  return number(link.substr(before.size(), link.size() - before.size() - 1)).value_or(0);
}

}  // namespace qmpshot::capture
