// SPDX-License-Identifier: MIT
// Another program, run under a deadline: what it said, and how it ended.
#pragma once

#include <qmpshot/unique_fd.h>

#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qmpshot::test {

// No wait in a test is longer; one that is has failed.
inline constexpr std::chrono::seconds patience{30};

// Asks again and again until it is so, at most for `patience`.
bool eventually(const std::function<bool()>& what);

struct ProcessOptions {
  std::vector<std::pair<std::string, std::string>> environment;  // on top of ours
  std::optional<uid_t> user;                                     // we must be root
  std::string folder;          // the working directory; empty: ours
  std::string output_path;     // where stdout goes; empty: it is captured
  bool closed_output = false;  // stdout is a pipe that nobody reads
  std::optional<std::pair<unsigned short, unsigned short>> terminal;  // columns, rows of stdout
  std::vector<std::pair<int, rlim_t>> limits;                         // RLIMIT_NOFILE and its like
};

struct Finished {
  int status = -1;  // -1: it did not exit
  int signal = 0;   // what killed it
  std::string out;
  std::string err;
};

// Killed by its destructor.
class Process {
 public:
  explicit Process(std::vector<std::string> command, const ProcessOptions& options = {});
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running();
  void send(int signal) const;

  // Reads all it says until it ends. Kills it, and throws, when that takes longer than `patience`.
  Finished wait();

 private:
  bool reap(int flags);
  bool read_some();

  pid_t pid_ = -1;
  std::optional<int> raw_status_;
  UniqueFd out_;
  UniqueFd err_;
  Finished finished_;
};

inline Finished run(std::vector<std::string> command, const ProcessOptions& options = {}) {
  return Process(std::move(command), options).wait();
}

}  // namespace qmpshot::test
