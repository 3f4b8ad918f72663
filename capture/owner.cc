// SPDX-License-Identifier: MIT
#include "capture/owner.h"

#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>

namespace qmpshot::capture {
namespace {

constexpr std::string_view tag_front = "qmpshot ";
constexpr std::string_view name_front = "qmpshot-frame ";
constexpr std::string_view unknown = " ?";

// What follows the PID: nothing in the machine's own PID namespace.
//   return  `unknown` where there is no /proc to say
//   source  PROC_PID_INIT_INO in Linux's include/linux/proc_ns.h
std::string name_space() {
  std::array<char, 64> name;
  const ssize_t size = ::readlink("/proc/self/ns/pid", name.data(), name.size());
  if (size <= 0) return std::string(unknown);
  const std::string_view text(name.data(), static_cast<std::size_t>(size));
  return text == "pid:[4026531836]" ? "" : " " + std::string(text);
}

std::string owner() {
  return std::to_string(::getpid()) + name_space();
}

std::optional<std::string> behind(std::string_view front, std::string_view text) {
  if (!text.starts_with(front)) return std::nullopt;
  return std::string(text.substr(front.size()));
}

}  // namespace

std::string set_tag() {
  return std::string(tag_front) + owner();
}

std::string memory_name() {
  return std::string(name_front) + owner();
}

std::optional<std::string> owner_in_tag(std::string_view tag) {
  return behind(tag_front, tag);
}

std::optional<std::string> owner_in_name(std::string_view name) {
  return behind(name_front, name);
}

bool is_gone(std::string_view owner) {
  const std::string ours = name_space();
  if (ours == unknown || !owner.ends_with(ours)) return false;
  owner.remove_suffix(ours.size());
  pid_t pid = 0;
  const char* const end_of_text = owner.data() + owner.size();
  const auto [end, error] = std::from_chars(owner.data(), end_of_text, pid);
  return error == std::errc() && end == end_of_text && pid > 0 && ::kill(pid, 0) != 0 &&
         errno == ESRCH;
}

}  // namespace qmpshot::capture
