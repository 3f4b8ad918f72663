// SPDX-License-Identifier: MIT
#include "qmp/client.h"

#include "qmp/commands.h"
#include "tests/fake/fake_qemu.h"
#include "tests/support/await.h"
#include "tests/support/sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

namespace qmpshot::qmp {
namespace {

using namespace std::chrono_literals;
using test::FakeOptions;
using test::FakeQemu;
using test::run;
using test::run_and_cancel;

Deadline patient() {
  return Deadline::after(60s);
}
Deadline brief() {
  return Deadline::after(100ms);
}

std::vector<Command> list(std::initializer_list<Command> commands) {
  return commands;
}

UniqueFd some_file() {
  return UniqueFd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
}

class ClientTest : public testing::Test {
 protected:
  Client& start(FakeOptions options) {
    fake_.emplace(std::move(options));
    client_.emplace(io_.get_executor(), fake_->connect());
    return *client_;
  }
  Client& start_and_shake_hands(FakeOptions options = FakeOptions()) {
    start(std::move(options));
    handshake().value();
    return *client_;
  }
  Result<void> handshake(Deadline deadline = patient()) {
    return run(io_, client_->handshake(deadline));
  }
  Result<Json> execute(const char* name, Deadline deadline = patient()) {
    return run(io_, client_->execute(Command(name), deadline));
  }
  Result<std::vector<Reply>> execute_all(std::vector<Command> commands, int fd = -1,
                                         Deadline deadline = patient()) {
    return run(io_, client_->execute_all(std::move(commands), fd, deadline));
  }
  // Leaves the client's io_context usable, whatever happened to the client.
  void expect_works() { EXPECT_TRUE(parse_status(execute("query-status").value()).running); }

  asio::io_context io_;
  std::optional<FakeQemu> fake_;
  std::optional<Client> client_;
};

TEST_F(ClientTest, ShakesHandsAndKnowsTheVersion) {
  start_and_shake_hands();
  EXPECT_EQ(client_->greeting()->version, (Version{7, 2, 22}));
  expect_works();
  EXPECT_EQ(fake_->commands(), (std::vector<std::string>{"qmp_capabilities", "query-status"}));
}

TEST_F(ClientTest, UnderstandsEveryManner) {
  std::vector<FakeOptions> manners(5);
  manners[1].crlf = false;
  manners[2].piece_bytes = 1;
  manners[3].chats = true;
  manners[4].long_line_bytes = 200'000;
  manners[4].piece_bytes = 777;
  for (FakeOptions& options : manners) {
    client_.reset();
    start_and_shake_hands(options);
    expect_works();
    expect_works();
  }
}

TEST_F(ClientTest, AnnouncedItShakesHandsOnce) {
  start({});
  run(io_, client_->announce(patient())).value();
  handshake().value();
  expect_works();
  EXPECT_EQ(fake_->commands(), (std::vector<std::string>{"qmp_capabilities", "query-status"}));
}

TEST_F(ClientTest, AnnouncedItBeginsByASet) {
  start({});
  run(io_, client_->announce(patient())).value();
  const UniqueFd file = some_file();
  {
    auto sent =
        run(io_, client_->begin_by_fdset(list({add_fd(12345)}), file.get(), patient())).value();
    EXPECT_TRUE(run(io_, client_->next_reply(sent, patient())).value().ok());
  }
  expect_works();
  EXPECT_EQ(fake_->commands(),
            (std::vector<std::string>{"qmp_capabilities", "add-fd", "query-status"}));
}

// What was announced is still to be ended.
TEST_F(ClientTest, AHandshakeOfWhichNothingWentIsSentAgainAsAnnounced) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  run(io_, client_->announce(patient())).value();
  const std::string block(4096, ' ');
  while (::send(client_->native_handle(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
  }
  EXPECT_EQ(handshake(brief()).error().code(), Errc::timed_out);
  std::string got;
  const auto read_all = [&got, peer = theirs.get()] {
    for (;;) {
      const test::Received part = test::receive(peer, 1 << 16, MSG_DONTWAIT);
      if (part.bytes.empty()) return;
      got += part.bytes;
    }
  };
  read_all();
  EXPECT_EQ(handshake(brief()).error().code(), Errc::monitor_busy);
  read_all();
  std::erase(got, ' ');
  EXPECT_EQ(got.find(R"({"execute":"qmp_capabilities","id":)"), 0U) << got;
  EXPECT_EQ(got.rfind("execute"), 2U) << got;
}

TEST_F(ClientTest, SaysWhatItConnectedToWithoutSteeringATerminal) {
  const Error error = run(io_, Client::connect("/no\x1b[31m/such", patient())).error();
  EXPECT_EQ(error.code(), Errc::cannot_connect);
  EXPECT_EQ(error.message().find("connecting to /no?[31m/such: No such file"), 0U);
}

TEST_F(ClientTest, ConnectsToAListeningQemu) {
  fake_.emplace();
  auto connected = run(io_, Client::connect(fake_->socket_path(), patient()));
  client_.emplace(std::move(connected).value());
  handshake().value();
  expect_works();
}

TEST_F(ClientTest, ARefusalIsAnErrorInQemusWords) {
  start_and_shake_hands();
  const Result<Json> result = execute("nosuch");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::refused);
  EXPECT_EQ(result.error().qemu_class(), "CommandNotFound");
  EXPECT_EQ(result.error().message(),
            "nosuch: QEMU refused (CommandNotFound): The command nosuch has not been found");
  expect_works();
}

TEST_F(ClientTest, AHandshakeCanBeRefused) {
  FakeOptions options;
  options.refuses["qmp_capabilities"] = {"GenericError", "not today"};
  start(options);
  EXPECT_EQ(handshake().error().code(), Errc::refused);
}

TEST_F(ClientTest, ACommandBeforeTheHandshakeIsRefusedByQemu) {
  start({});
  const Result<Json> result = execute("query-status");
  EXPECT_EQ(result.error().qemu_class(), "CommandNotFound");
  EXPECT_NE(result.error().message().find("Expecting capabilities negotiation"), std::string::npos);
}

TEST_F(ClientTest, AWholeSessionGoesOutBeforeTheGreeting) {
  FakeOptions options;
  options.silent_at = test::at_greeting;
  start(options);
  const UniqueFd file = some_file();
  test::Started<std::vector<Reply>> started(
      io_, client_->execute_all(list({qmp_capabilities(), add_fd(7, "us"), Command("query-fdsets"),
                                      remove_fd(7), Command("nosuch"), query_status()}),
                                file.get(), patient()));
  io_.run_one();  // all is sent now, and nothing was heard
  ASSERT_FALSE(started.ended());
  fake_->release();
  io_.run();
  const auto replies = started.result().value();
  ASSERT_EQ(replies.size(), 6U);
  EXPECT_TRUE(replies[0].ok());
  EXPECT_EQ(replies[1].value()["fdset-id"].integer(), 7);
  EXPECT_EQ(replies[2].value()[0]["fds"][0]["opaque"].string(), "us");
  EXPECT_TRUE(replies[3].ok());
  EXPECT_EQ(replies[4].error().qemu_class(), "CommandNotFound") << "each has its own outcome";
  EXPECT_TRUE(replies[5].ok());
  EXPECT_EQ(fake_->descriptors(), 0U);
  EXPECT_TRUE(client_->greeting().has_value());
}

TEST_F(ClientTest, NothingToSayIsNoWait) {
  start_and_shake_hands();
  EXPECT_TRUE(execute_all({}).value().empty());
}

TEST_F(ClientTest, EventsBetweenRepliesAreKept) {
  start_and_shake_hands();
  EXPECT_TRUE(execute("stop").ok());
  EXPECT_TRUE(execute("cont").ok());
  EXPECT_EQ(run(io_, client_->next_event(patient())).value().name, "STOP");
  EXPECT_EQ(run(io_, client_->next_event(patient())).value().name, "RESUME");
  EXPECT_EQ(run(io_, client_->next_event(brief())).error().code(), Errc::timed_out);
  expect_works();
}

TEST_F(ClientTest, EventsComeWithTheReplyTheyCameBefore) {
  start_and_shake_hands();
  EXPECT_TRUE(execute("stop").ok());
  const auto answers =
      run(io_,
          client_->execute_watching(
              list({query_status(), cont(), Command("nosuch"), stop(), query_status()}), patient()))
          .value();
  ASSERT_EQ(answers.size(), 5U);
  ASSERT_EQ(answers[0].events.size(), 1U) << "nobody took it before";
  EXPECT_EQ(answers[0].events[0].name, "STOP");
  ASSERT_EQ(answers[1].events.size(), 1U);
  EXPECT_EQ(answers[1].events[0].name, "RESUME");
  EXPECT_EQ(answers[2].reply.error().qemu_class(), "CommandNotFound");
  EXPECT_TRUE(answers[2].events.empty());
  EXPECT_EQ(answers[3].events.size(), 1U);
  EXPECT_TRUE(answers[4].events.empty());
  EXPECT_FALSE(client_->take_event());
}

TEST_F(ClientTest, AMonitorThatNeverGreetsIsBusy) {
  FakeOptions options;
  options.silent_at = test::at_greeting;
  start(options);
  const auto alone = handshake(brief());
  EXPECT_EQ(alone.error().code(), Errc::monitor_busy);
  EXPECT_NE(alone.error().message().find("give QEMU a second -qmp"), std::string::npos);
  const auto together = execute_all(list({qmp_capabilities(), query_status()}), -1, brief());
  EXPECT_EQ(together.error().code(), Errc::monitor_busy);
}

TEST_F(ClientTest, TheSecondClientHearsNothingUntilTheFirstLeaves) {
  start_and_shake_hands();
  Client second(io_.get_executor(), fake_->connect());
  EXPECT_EQ(run(io_, second.handshake(brief())).error().code(), Errc::monitor_busy);
  client_.reset();
  EXPECT_TRUE(run(io_, second.handshake(patient())).ok());
}

TEST_F(ClientTest, APeerThatIsNoQemuIsTheWrongPeer) {
  for (const char* line : {"RFB 003.008", "SSH-2.0-OpenSSH_9.2p1", "{}", "(qemu) ",
                           "HTTP/1.1 400 Bad Request", "{\"error\":{}}", "[]"}) {
    FakeOptions options;
    options.greeting_line = line;
    client_.reset();
    start(options);
    EXPECT_EQ(handshake().error().code(), Errc::bad_peer) << line;
  }
}

TEST_F(ClientTest, QemusMonitorForPeopleIsCalledByItsName) {
  FakeOptions options;
  options.greeting_line = "QEMU 7.2.22 monitor - type 'help' for more information";
  start(options);
  const Error error = handshake().error();
  EXPECT_EQ(error.code(), Errc::bad_peer);
  EXPECT_NE(error.message().find("(HMP)"), std::string::npos);
}

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
        (void)execute("query-uuid", Deadline::after(1ms));
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
  ::shutdown(theirs.get(), SHUT_RDWR);  // it never reads, so it does not see us leave
  peer.join();
}

TEST_F(ClientTest, ManyCommandsOnOneConnection) {
  start_and_shake_hands();
  for (int i = 0; i < 1000; ++i) expect_works();
  EXPECT_EQ(execute_all(std::vector<Command>(500, query_status())).value().size(), 500U);
}

// Such as a guest agent's port that nobody has opened: it would stay taken.
TEST_F(ClientTest, WhoNeverSaidAnythingSeesUsLeaveThoughItReadsNothing) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  EXPECT_EQ(handshake(brief()).error().code(), Errc::monitor_busy);
  EXPECT_FALSE(test::has_left(theirs.get()));
  client_.reset();
  EXPECT_TRUE(test::has_left(theirs.get()));
}

TEST_F(ClientTest, WhoMayRunACommandSeesUsLeaveWhenItHasReadIt) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  const std::string event = "{\"event\":\"RTC_CHANGE\"}\r\n";
  ASSERT_GT(::send(theirs.get(), event.data(), event.size(), 0), 0);
  EXPECT_EQ(execute("query-status", brief()).error().code(), Errc::timed_out);
  client_.reset();
  EXPECT_FALSE(test::has_left(theirs.get()));
  std::vector<UniqueFd> kept;
  for (int i = 0; i < 1000 && !test::has_left(theirs.get()); ++i) {
    test::Received part = test::receive(theirs.get(), 1, MSG_DONTWAIT);
    if (!part.descriptors.empty()) kept = std::move(part.descriptors);
  }
  EXPECT_TRUE(test::has_left(theirs.get()));
}

TEST_F(ClientTest, LeavingFreesTheMonitor) {
  start_and_shake_hands();
  client_.reset();
  EXPECT_TRUE(fake_->wait_until_clients_left(1));
}

}  // namespace
}  // namespace qmpshot::qmp
