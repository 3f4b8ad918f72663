// SPDX-License-Identifier: MIT
// A small real server with QEMU's manners, on socket pairs and, if wished, on a unix socket. It
// serves one client at a time, in a thread of its own, and remembers what it was asked.
#pragma once

#include "qmp/framing.h"
#include "tests/fake/fake_options.h"
#include "tests/fake/fake_vm.h"

#include <qmpshot/unique_fd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qmpshot::test {

class FakeQemu {
 public:
  explicit FakeQemu(FakeOptions options = FakeOptions());
  FakeQemu(const FakeQemu&) = delete;
  FakeQemu& operator=(const FakeQemu&) = delete;
  ~FakeQemu();  // hangs up

  // A connected client's end. As with QEMU, who comes second hears nothing before the first left.
  UniqueFd connect();

  // The path of a unix socket on which it listens with QEMU's backlog, in a private folder.
  [[nodiscard]] const std::string& socket_path() const { return path_; }

  // Ends the silence of silent_at, for good.
  void release();

  // The names of the commands it took so far, of all clients, in order.
  [[nodiscard]] std::vector<std::string> commands() const;
  // The lines themselves.
  [[nodiscard]] std::vector<std::string> lines() const;
  // How many descriptors its sets hold.
  [[nodiscard]] std::size_t descriptors() const;
  [[nodiscard]] std::size_t clients_left() const;
  // Whether a command killed it.
  [[nodiscard]] bool died() const;

  // Waits until it took `command` at least `count` times, or is silent there; until `count` clients
  // left. False after `timeout`.
  bool wait_for(const std::string& command, std::size_t count = 1,
                std::chrono::seconds timeout = std::chrono::seconds(20));
  bool wait_until_clients_left(std::size_t count,
                               std::chrono::seconds timeout = std::chrono::seconds(20));

 private:
  struct Client;
  enum class Wait { readable, writable, hung_up };

  void listen();
  void serve();
  UniqueFd admit();
  void converse(Client& client);
  bool answer(Client& client, const std::string& line);
  bool take_input(Client& client);
  bool say(const Client& client, std::string_view line);
  bool write_all(const Client& client, std::string_view bytes);
  bool stay_silent(const Client& client, const std::string& moment);
  bool wait(int fd, Wait what);
  void remember(const std::string& name, const std::string& line);
  void count_descriptors();
  void wake();
  bool await(std::chrono::seconds timeout, const std::function<bool()>& what);

  const FakeOptions options_;
  FakeVm vm_;
  std::string folder_;
  std::string path_;
  UniqueFd listening_;
  UniqueFd wake_;  // an eventfd: something below changed

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UniqueFd> backlog_;
  std::vector<std::string> commands_;
  std::vector<std::string> lines_;
  std::size_t descriptors_ = 0;
  std::size_t clients_left_ = 0;
  bool died_ = false;
  bool released_ = false;
  bool stopping_ = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace qmpshot::test
