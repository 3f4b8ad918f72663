// SPDX-License-Identifier: MIT
// What a fake VM does when it is told something: commands in, lines out. No sockets.
//   source  runs against 5.2, 7.2, 10.0 and 11.1, whose words and classes these are
#pragma once

#include "qmp/json.h"
#include "tests/fake/fake_fdsets.h"
#include "tests/fake/fake_options.h"
#include "tests/fake/fake_screen.h"

#include <qmpshot/unique_fd.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace qmpshot::test {

class FakeVm {
 public:
  explicit FakeVm(const FakeOptions& options);

  // A client came: negotiation starts anew.
  [[nodiscard]] std::string greeting();
  // The last client left.
  void client_left();

  struct Outcome {
    std::vector<std::string> lines;  // events, then the reply, without line ends
    bool died = false;
  };

  // The name of the command on a line, empty where it is none.
  [[nodiscard]] static std::string command_name(std::string_view line);

  // `passed` is the descriptor that came last and was not taken yet.
  Outcome execute(std::string_view line, UniqueFd& passed);

  [[nodiscard]] std::size_t descriptors() const { return fdsets_.descriptors(); }

 private:
  std::optional<FakeReply> run(const std::string& name, const qmp::Json& arguments,
                               UniqueFd& passed, std::vector<std::string>& events);
  void take_turns(const std::string& name, std::vector<std::string>& events);
  void enter(const std::string& status, std::vector<std::string>& events);
  FakeReply set_running(bool running, std::vector<std::string>& events);
  [[nodiscard]] std::string processors() const;
  [[nodiscard]] std::string status() const;

  const FakeOptions& options_;
  FakeFdsets fdsets_;
  FakeScreen screen_;
  std::string status_;
  std::map<std::string, std::size_t> times_;  // how often each command came
  std::int64_t first_thread_ = 0;
  bool negotiated_ = false;
};

}  // namespace qmpshot::test
