// SPDX-License-Identifier: MIT
// A client and the fake that it talks to.
#pragma once

#include "qmp/client.h"
#include "qmp/commands.h"
#include "tests/fake/fake_qemu.h"
#include "tests/support/await.h"
#include "tests/support/deadlines.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace qmpshot::qmp {

using test::brief;
using test::patient;

inline std::vector<Command> list(std::initializer_list<Command> commands) {
  return commands;
}

class ClientTest : public testing::Test {
 protected:
  Client& start(test::FakeOptions options) {
    fake_.emplace(std::move(options));
    client_.emplace(io_.get_executor(), fake_->connect());
    return *client_;
  }
  Client& start_and_shake_hands(test::FakeOptions options = test::FakeOptions()) {
    start(std::move(options));
    handshake().value();
    return *client_;
  }
  Result<void> handshake(Deadline deadline = patient()) {
    return test::run(io_, client_->handshake(deadline));
  }
  Result<Json> execute(const char* name, Deadline deadline = patient()) {
    return test::run(io_, client_->execute(Command(name), deadline));
  }
  Result<std::vector<Reply>> execute_all(std::vector<Command> commands, int fd = -1,
                                         Deadline deadline = patient()) {
    return test::run(io_, client_->execute_all(std::move(commands), fd, deadline));
  }
  // Leaves the client's io_context usable, whatever happened to the client.
  void expect_works() { EXPECT_TRUE(parse_status(execute("query-status").value()).running); }

  asio::io_context io_;
  std::optional<test::FakeQemu> fake_;
  std::optional<Client> client_;
};

}  // namespace qmpshot::qmp
