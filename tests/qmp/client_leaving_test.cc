// SPDX-License-Identifier: MIT
// What a client does where replies are late or nobody waits for them, and how it leaves.
#include "tests/qmp/client_case.h"
#include "tests/support/sockets.h"

#include <sys/socket.h>

#include <string>
#include <thread>
#include <vector>

namespace qmpshot::qmp {
namespace {

using namespace std::chrono_literals;
using test::FakeOptions;
using test::run;
using test::run_and_cancel;
using test::some_file;

TEST_F(ClientTest, APeerThatLeavesAtAnyMomentIsLost) {
  for (const char* moment : {test::at_greeting, "qmp_capabilities", "query-status"}) {
    for (const bool in_the_middle : {false, true}) {
      FakeOptions options;
      (in_the_middle ? options.cut_at : options.close_at) = moment;
      client_.reset();
      start(options);
      Result<void> shaken = handshake();
      const Error error = shaken.ok() ? execute("query-status").error() : shaken.error();
      EXPECT_EQ(error.code(), Errc::connection_lost) << moment << in_the_middle;
      EXPECT_EQ(execute("query-status").error().code(), Errc::connection_lost);
    }
  }
}

TEST_F(ClientTest, APeerThatDiesInAPipelineTakesTheRestWithIt) {
  FakeOptions options;
  options.die_at = "add-fd";
  start(options);
  const UniqueFd file = some_file();
  const auto result =
      execute_all(list({qmp_capabilities(), add_fd(7, "us"), query_status()}), file.get());
  EXPECT_EQ(result.error().code(), Errc::connection_lost);
  EXPECT_EQ(result.error().message(), "add-fd: QEMU closed the connection");
  EXPECT_TRUE(fake_->died());
}

TEST_F(ClientTest, ASilentQemuTimesOutAndSaysAtWhat) {
  FakeOptions options;
  options.silent_at = "screendump";
  start_and_shake_hands(options);
  const auto result = execute("screendump", brief());
  EXPECT_EQ(result.error().code(), Errc::timed_out);
  EXPECT_EQ(result.error().message(),
            "screendump: no answer within 0.1 s: QEMU is stopped, or its main loop is busy");
}

TEST_F(ClientTest, AReplyThatComesTooLateIsDroppedAndTheNextCommandWorks) {
  FakeOptions options;
  options.silent_at = "query-fdsets";
  start_and_shake_hands(options);
  EXPECT_EQ(
      execute_all(list({Command("query-fdsets"), query_status(), Command("nosuch")}), -1, brief())
          .error()
          .code(),
      Errc::timed_out);
  fake_->release();
  expect_works();
  EXPECT_TRUE(fake_->wait_for("query-status", 2));
}

TEST_F(ClientTest, ACancelledCommandsReplyIsDroppedAndTheNextCommandWorks) {
  FakeOptions options;
  options.silent_at = "query-fdsets";
  start_and_shake_hands(options);
  EXPECT_EQ(
      run_and_cancel(io_, client_->execute(Command("query-fdsets"), patient()), 1).error().code(),
      Errc::cancelled);
  fake_->release();
  expect_works();
}

// Asio alone would let no wait of this coroutine begin any more.
TEST_F(ClientTest, ACancelledCoroutineCanStillCleanUp) {
  FakeOptions options;
  options.silent_at = "query-fdsets";
  start_and_shake_hands(options);
  const auto work = [this]() -> asio::awaitable<Json> {
    bool was_cancelled = false;
    try {
      co_await client_->execute(Command("query-fdsets"), patient());
    } catch (const Error& error) {
      was_cancelled = error.code() == Errc::cancelled;
    }
    fake_->release();
    co_return co_await client_->execute(Command(was_cancelled ? "query-status" : "no"), patient());
  };
  EXPECT_TRUE(parse_status(run_and_cancel(io_, work(), 1).value()).running);
}

// Replies are told apart by their order, so a command that never went out must not be waited for.
TEST_F(ClientTest, WorksAgainAfterAPeerThatReadNothingForLong) {
  FakeOptions options;
  options.silent_at = "query-fdsets";
  for (const bool cancels : {false, true}) {
    start_and_shake_hands(options);
    const int least = 4096;
    ASSERT_EQ(::setsockopt(client_->native_handle(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least),
              0);
    EXPECT_EQ(execute("query-fdsets", brief()).error().code(), Errc::timed_out);
    for (int i = 0; i < 300; ++i) {
      if (cancels) {
        (void)run_and_cancel(io_, client_->execute(Command("query-uuid"), patient()), 1);
      } else {
        EXPECT_EQ(execute("query-uuid", Deadline::after(1ms)).error().code(), Errc::timed_out);
      }
    }
    EXPECT_LT(fake_->commands().size(), 10U) << "it reads nothing";
    fake_->release();
    expect_works();
    EXPECT_LT(fake_->commands().size(), 250U) << "not all of them went out";
    expect_works();
    client_.reset();
  }
}

TEST_F(ClientTest, LeavingRunsWhatWasSent) {
  FakeOptions options;
  options.silent_at = "query-fdsets";
  options.version = {10, 0, 13};
  start_and_shake_hands(options);
  const UniqueFd file = some_file();
  EXPECT_EQ(execute_all(list({add_fd(7, "us"), query_fdsets(), remove_fd(7)}), file.get(), brief())
                .error()
                .code(),
            Errc::timed_out);
  EXPECT_EQ(fake_->descriptors(), 1U);
  fake_->release();
  run(io_, client_->leave(patient())).value();
  EXPECT_TRUE(fake_->wait_until_clients_left(1));
  EXPECT_EQ(fake_->descriptors(), 0U);
}

TEST_F(ClientTest, LeavingASilentQemuTakesNoLongerThanItsDeadline) {
  FakeOptions options;
  options.silent_at = "query-fdsets";
  start_and_shake_hands(options);
  EXPECT_EQ(execute("query-fdsets", brief()).error().code(), Errc::timed_out);
  EXPECT_EQ(run(io_, client_->leave(brief())).error().code(), Errc::timed_out);
}

// Between any two steps of the loop: what comes out is always our own error, or the result.
TEST_F(ClientTest, CancellationAtAnyMomentIsOurOwnError) {
  bool was_done = false;
  for (int steps = 1; steps < 200 && !was_done; ++steps) {
    FakeOptions options;
    options.piece_bytes = 50;
    client_.reset();
    start(options);
    const auto result = run_and_cancel(
        io_, client_->execute_all(list({qmp_capabilities(), query_status()}), -1, patient()),
        steps);
    was_done = result.ok();
    if (!was_done) {
      EXPECT_EQ(result.error().code(), Errc::cancelled) << result.error().message();
    }
  }
  EXPECT_TRUE(was_done);
}

TEST_F(ClientTest, CancellationThatRacesTheReplyIsOurOwnError) {
  for (int i = 0; i < 50; ++i) {
    auto [ours, theirs] = test::socket_pair();
    client_.emplace(io_.get_executor(), std::move(ours));
    io_.restart();
    io_.poll();  // what the last client left behind
    io_.restart();
    test::Started<void> started(io_, client_->handshake(patient()));
    io_.run_one();
    ASSERT_EQ(::send(theirs.get(), "{\"QMP\":{}}\n", 11, MSG_NOSIGNAL), 11);
    if (i % 2 == 0) io_.poll_one();  // the loop knows that the greeting is there, the client not
    started.cancel();
    io_.run();
    const auto result = started.result();
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), Errc::cancelled);
  }
}

TEST_F(ClientTest, AChattyPeerCannotOutrunTheDeadline) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  std::jthread peer([socket = theirs.get()] {
    const std::string event = "{\"event\":\"RTC_CHANGE\"}\r\n";
    while (::send(socket, event.data(), event.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  EXPECT_EQ(execute("query-status", Deadline::after(300ms)).error().code(), Errc::timed_out);
  client_.reset();
  peer.join();
}

// Such as a guest agent's port that nobody has opened, or a serial console: it would stay taken.
TEST_F(ClientTest, WhoReadsNothingAndOwesAReplySeesUsLeave) {
  for (const std::string words : {"", "login: ", "SeaBIOS\r\n", "{\"QMP\":{}}\r\n"}) {
    auto [ours, theirs] = test::socket_pair();
    ASSERT_EQ(::send(theirs.get(), words.data(), words.size(), 0),
              static_cast<ssize_t>(words.size()));
    client_.emplace(io_.get_executor(), std::move(ours));
    EXPECT_FALSE(handshake(brief()).ok());
    EXPECT_FALSE(test::has_left(theirs.get()));
    client_.reset();
    EXPECT_TRUE(test::has_left(theirs.get())) << words;
  }
}

// Else a VM could stay paused, a key pressed, a set lent.
TEST_F(ClientTest, WhoMustRunACommandSeesUsLeaveWhenItHasReadIt) {
  const std::string added = "{\"QMP\":{}}\r\n{\"return\":{\"fdset-id\":7,\"fd\":3}}\r\n";
  const std::pair<std::vector<Command>, std::string> cases[] = {
      {list({stop(), cont()}), ""},
      {list({key_event("shift", true), key_event("shift", false)}), ""},
      {list({add_fd(7), query_status(), remove_fd(7)}), added}};
  for (const auto& [commands, answers] : cases) {
    auto [ours, theirs] = test::socket_pair();
    ASSERT_EQ(::send(theirs.get(), answers.data(), answers.size(), 0),
              static_cast<ssize_t>(answers.size()));
    client_.emplace(io_.get_executor(), std::move(ours));
    EXPECT_EQ(execute_all(commands, -1, brief()).ok(), false);
    client_.reset();
    EXPECT_FALSE(test::has_left(theirs.get())) << commands.back().name;
    const test::Stream got = test::read_all(theirs.get());
    EXPECT_NE(got.bytes.find(command_line(commands.back())), std::string::npos);
    EXPECT_TRUE(got.ended) << "though it keeps all descriptors";
  }
}

// Nothing was lent yet.
TEST_F(ClientTest, WhoMayHangBeforeItTakesADescriptorSeesUsLeave) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  EXPECT_FALSE(execute_all(list({add_fd(7), query_status(), remove_fd(7)}), -1, brief()).ok());
  client_.reset();
  EXPECT_TRUE(test::has_left(theirs.get()));
}

TEST_F(ClientTest, LeavingFreesTheMonitor) {
  start_and_shake_hands();
  client_.reset();
  EXPECT_TRUE(fake_->wait_until_clients_left(1));
}

}  // namespace
}  // namespace qmpshot::qmp
