// SPDX-License-Identifier: MIT
// The descriptors a VM was given, in sets, as QEMU keeps them.
//   source  QEMU monitor/fds.c
#pragma once

#include "tests/fake/fake_options.h"

#include <qmpshot/unique_fd.h>

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace qmpshot::test {

// A command's value as JSON text, or QEMU's error.
using FakeReply = std::variant<std::string, FakeError>;

class FakeFdsets {
 public:
  FakeReply add(std::int64_t id, UniqueFd fd, const std::string& opaque);

  // Below 10.0 a paused VM answers and keeps the descriptors, for longer than the pause.
  FakeReply remove(std::int64_t id, bool freed);

  [[nodiscard]] std::string query() const;

  // A duplicate of the newest descriptor open for writing only. It shares the offset.
  //   return  the descriptor, or errno
  [[nodiscard]] std::variant<UniqueFd, int> open_write_only(std::int64_t id) const;

  [[nodiscard]] bool has(std::int64_t id) const { return sets_.count(id) != 0; }
  [[nodiscard]] std::size_t descriptors() const;
  void clear() { sets_.clear(); }

 private:
  struct Member {
    UniqueFd fd;
    std::string opaque;
  };
  std::map<std::int64_t, std::vector<Member>> sets_;
};

}  // namespace qmpshot::test
