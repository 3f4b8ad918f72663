// SPDX-License-Identifier: MIT
#include "tests/fake/fake_fdsets.h"

#include "qmp/json.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace qmpshot::test {

FakeReply FakeFdsets::add(std::int64_t id, UniqueFd fd, const std::string& opaque) {
  if (!fd) return FakeError{"GenericError", "No file descriptor supplied via SCM_RIGHTS"};
  qmp::JsonWriter value;
  value.begin_object().key("fd").integer(fd.get()).key("fdset-id").integer(id).end_object();
  sets_[id].push_back({std::move(fd), opaque});
  return value.text();
}

FakeReply FakeFdsets::remove(std::int64_t id, bool freed) {
  if (!has(id)) {
    return FakeError{"GenericError",
                     "File descriptor named 'fdset-id:" + std::to_string(id) + "' not found"};
  }
  if (freed) sets_.erase(id);
  return "{}";
}

std::string FakeFdsets::query() const {
  qmp::JsonWriter out;
  out.begin_array();
  for (const auto& [id, members] : sets_) {
    out.begin_object().key("fdset-id").integer(id).key("fds").begin_array();
    for (const Member& member : members) {
      out.begin_object().key("fd").integer(member.fd.get());
      if (!member.opaque.empty()) out.key("opaque").string(member.opaque);
      out.end_object();
    }
    out.end_array().end_object();
  }
  return out.end_array().text();
}

std::variant<UniqueFd, int> FakeFdsets::open_write_only(std::int64_t id) const {
  const auto set = sets_.find(id);
  if (set == sets_.end()) return ENOENT;
  for (auto member = set->second.rbegin(); member != set->second.rend(); ++member) {
    const int flags = ::fcntl(member->fd.get(), F_GETFL);
    if ((flags & O_ACCMODE) != O_WRONLY) continue;
    UniqueFd copy(::fcntl(member->fd.get(), F_DUPFD_CLOEXEC, 0));
    // QEMU's flags replace the client's on the shared description, then O_TRUNC is done by hand.
    if (!copy || ::fcntl(copy.get(), F_SETFL, 0) != 0 || ::ftruncate(copy.get(), 0) != 0) {
      return errno;
    }
    return copy;
  }
  return EACCES;
}

std::size_t FakeFdsets::descriptors() const {
  std::size_t count = 0;
  for (const auto& [id, members] : sets_) count += members.size();
  return count;
}

}  // namespace qmpshot::test
