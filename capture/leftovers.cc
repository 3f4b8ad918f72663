// SPDX-License-Identifier: MIT
#include "capture/leftovers.h"

#include "capture/owner.h"
#include "capture/quirks.h"
#include "qmp/commands.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qmpshot::capture {
namespace {

// /proc/PID/fd of the process that listens at the other end; none where we may not look.
UniqueFd descriptors_of_peer(int connected_socket) {
  const std::optional<Peer> peer = peer_of(connected_socket);
  if (!peer || peer->pid <= 0) return {};
  const std::string folder = "/proc/" + std::to_string(peer->pid) + "/fd";
  return UniqueFd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Whether it can be written to and not read, as what we lend: asked first, because the kernel takes
// half the time for it that it takes to tell a name.
//   source  Linux fs/proc/fd.c:tid_fd_update_inode
bool is_write_only(int descriptors, const char* number) {
  struct stat link {};
  return ::fstatat(descriptors, number, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
         (link.st_mode & (S_IRUSR | S_IWUSR)) == S_IWUSR;
}

// Whose frame the memory of a descriptor is for; nullopt where it is no frame's.
std::optional<std::string> owner_of_memory(int descriptors, const char* number) {
  std::array<char, 128> target;  // as long as our names are; a longer one is not ours
  const ssize_t size = ::readlinkat(descriptors, number, target.data(), target.size());
  if (size <= 0) return std::nullopt;
  // proc(5): a memfd's link reads "/memfd:NAME (deleted)".
  constexpr std::string_view front = "/memfd:";
  std::string_view name(target.data(), static_cast<std::size_t>(size));
  if (!name.starts_with(front)) return std::nullopt;
  name.remove_prefix(front.size());
  return owner_in_name(name.substr(0, name.rfind(" (deleted)")));
}

// Whether who lent this is gone.
bool is_abandoned(const qmp::FdsetEntry& entry, const UniqueFd& descriptors) {
  std::optional<std::string> owner = owner_in_tag(entry.opaque);
  if (entry.opaque.empty() && descriptors) {
    owner = owner_of_memory(descriptors.get(), std::to_string(entry.fd).c_str());
  }
  return owner && is_gone(*owner);
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
  const UniqueFd descriptors = descriptors_of_peer(connected_socket);
  if (!descriptors) return std::nullopt;
  const int folder = descriptors.get();
  // Not opendir(3), whose buffer is eight pages that are yet to be mapped.
  alignas(dirent64) std::array<char, 4096> entries;
  for (;;) {
    const ssize_t size = ::getdents64(folder, entries.data(), entries.size());
    if (size < 0) return std::nullopt;
    if (size == 0) return false;
    for (ssize_t at = 0; at < size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries.data() + at);
      at += entry->d_reclen;
      if (entry->d_name[0] == '.') continue;
      if (is_write_only(folder, entry->d_name) && owner_of_memory(folder, entry->d_name)) {
        return true;
      }
    }
  }
}

asio::awaitable<void> reclaim_leftovers(qmp::Client& client, qmp::Deadline deadline) {
  std::vector<qmp::Command> question;
  question.push_back(qmp::query_fdsets());
  const std::vector<qmp::Reply> sets =
      co_await client.execute_all(std::move(question), -1, deadline);
  if (!sets.front().ok()) co_return;  // housekeeping is no reason to give no picture
  const UniqueFd descriptors = descriptors_of_peer(client.native_handle());
  std::vector<qmp::Command> removals;
  for (const qmp::FdsetEntry& entry : qmp::parse_fdsets(*sets.front())) {
    if (is_abandoned(entry, descriptors)) removals.push_back(qmp::remove_fd(entry.id));
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
