// SPDX-License-Identifier: MIT
#include "capture/leftovers.h"

#include "capture/frame_slot.h"
#include "capture/quirks.h"
#include "qmp/commands.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

constexpr std::string_view tag_front = "qmpshot ";

// What follows the PID in our tags: nothing in the machine's own PID namespace, and " ?" where
// there is no /proc to say.
//   source  PROC_PID_INIT_INO in Linux's include/linux/proc_ns.h
std::string tag_end() {
  std::array<char, 64> name;
  const ssize_t size = ::readlink("/proc/self/ns/pid", name.data(), name.size());
  if (size <= 0) return " ?";
  const std::string_view name_space(name.data(), static_cast<std::size_t>(size));
  return name_space == "pid:[4026531836]" ? "" : " " + std::string(name_space);
}

// Only a process of our own PID namespace can be known to be gone.
bool owner_is_gone(std::string_view tag) {
  const std::string end_of_ours = tag_end();
  if (end_of_ours == " ?" || !tag.starts_with(tag_front) || !tag.ends_with(end_of_ours)) {
    return false;
  }
  tag.remove_prefix(tag_front.size());
  tag.remove_suffix(end_of_ours.size());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), pid);
  return error == std::errc() && end == tag.data() + tag.size() && pid > 0 && ::kill(pid, 0) != 0 &&
         errno == ESRCH;
}

}  // namespace

std::optional<Peer> peer_of(int connected_socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(connected_socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return Peer{credentials.pid, credentials.uid};
}

std::optional<bool> holds_frame_memory(int connected_socket) {
  const std::optional<Peer> peer = peer_of(connected_socket);
  if (!peer || peer->pid <= 0) return std::nullopt;
  const std::string folder = "/proc/" + std::to_string(peer->pid) + "/fd";
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.c_str()), ::closedir);
  if (!entries) return std::nullopt;
  // proc(5): a memfd's link reads "/memfd:NAME (deleted)".
  const std::string ours = std::string("/memfd:") + FrameSlot::memory_name + " ";
  while (const dirent* entry = ::readdir(entries.get())) {
    std::array<char, 64> target;
    const ssize_t size =
        ::readlinkat(::dirfd(entries.get()), entry->d_name, target.data(), target.size());
    if (size > 0 &&
        std::string_view(target.data(), static_cast<std::size_t>(size)).starts_with(ours)) {
      return true;
    }
  }
  return false;
}

std::string owner_tag() {
  return std::string(tag_front) + std::to_string(::getpid()) + tag_end();
}

asio::awaitable<void> reclaim_leftovers(qmp::Client& client, qmp::Deadline deadline) {
  std::vector<qmp::Command> question;
  question.push_back(qmp::query_fdsets());
  const std::vector<qmp::Reply> sets =
      co_await client.execute_all(std::move(question), -1, deadline);
  if (!sets.front().ok()) co_return;  // housekeeping is no reason to give no picture
  std::vector<qmp::Command> removals;
  for (const qmp::FdsetEntry& entry : qmp::parse_fdsets(*sets.front())) {
    if (owner_is_gone(entry.opaque)) removals.push_back(qmp::remove_fd(entry.id));
  }
  co_await client.execute_all(std::move(removals), -1, deadline);
}

asio::awaitable<bool> would_keep_descriptor(qmp::Client& client, qmp::Deadline deadline) {
  if (!client.greeting() || !has_quirk(client.greeting()->version, Quirk::keeps_descriptors)) {
    co_return false;
  }
  const qmp::Json status = co_await client.execute(qmp::query_status(), deadline);
  co_return !qmp::parse_status(status).running;
}

}  // namespace qmpshot::capture
