// SPDX-License-Identifier: MIT
#include "qmp/client.h"

#include "tests/qmp/client_case.h"
#include "tests/support/sockets.h"

#include <sys/socket.h>

#include <string>
#include <vector>

namespace qmpshot::qmp {
namespace {

using namespace std::chrono_literals;
using test::FakeOptions;
using test::run;
using test::some_file;

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

// Until it takes nothing more.
void fill(int socket) {
  const std::string block(4096, ' ');
  while (::send(socket, block.data(), block.size(), MSG_DONTWAIT) > 0) {
  }
}

// What the peer can read now, but for blanks.
std::string words(const UniqueFd& socket) {
  std::string out = test::read_all(socket.get()).bytes;
  std::erase(out, ' ');
  return out;
}

// What was announced is still to be ended.
TEST_F(ClientTest, AHandshakeOfWhichNothingWentIsSentAgainAsAnnounced) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  run(io_, client_->announce(patient())).value();
  fill(client_->native_handle());
  EXPECT_EQ(handshake(brief()).error().code(), Errc::timed_out);
  std::string got = words(theirs);
  EXPECT_EQ(handshake(brief()).error().code(), Errc::monitor_busy);
  got += words(theirs);
  EXPECT_EQ(got.find(R"({"execute":"qmp_capabilities","id":)"), 0U) << got;
  EXPECT_EQ(got.rfind("execute"), 2U) << got;
}

TEST_F(ClientTest, WhatCouldNotBeAnnouncedIsSentWhole) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  fill(client_->native_handle());
  EXPECT_EQ(run(io_, client_->announce(brief())).error().code(), Errc::timed_out);
  EXPECT_EQ(words(theirs), "");
  EXPECT_EQ(handshake(brief()).error().code(), Errc::monitor_busy);
  EXPECT_EQ(words(theirs).find(R"({"execute":"qmp_capabilities","id":)"), 0U);
}

TEST_F(ClientTest, WhatWasAnnouncedIsEndedOnceThoughTheMessageIsCut) {
  auto [ours, theirs] = test::socket_pair();
  client_.emplace(io_.get_executor(), std::move(ours));
  const int small = 4096;
  ASSERT_EQ(::setsockopt(client_->native_handle(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  run(io_, client_->announce(patient())).value();
  const Command large(std::string(50'000, 'x'));
  EXPECT_EQ(execute_all(list({qmp_capabilities(), large}), -1, brief()).error().code(),
            Errc::timed_out);
  std::string got = words(theirs);
  const std::string rest = command_line(large) + command_line(Command("query-uuid"));
  EXPECT_LT(got.size(), rest.size()) << "it is cut";
  for (int tries = 0; tries < 100 && !got.ends_with(rest); ++tries) {
    (void)execute(got.size() < rest.size() ? "query-uuid" : "late", Deadline::after(1ms));
    got += words(theirs);
  }
  EXPECT_EQ(got.find(R"({"execute":"qmp_capabilities","id":)"), 0U);
  EXPECT_TRUE(got.ends_with(rest)) << got.substr(0, 60) << got.substr(got.size() - 60);
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

TEST_F(ClientTest, ManyCommandsOnOneConnection) {
  start_and_shake_hands();
  for (int i = 0; i < 1000; ++i) expect_works();
  EXPECT_EQ(execute_all(std::vector<Command>(500, query_status())).value().size(), 500U);
}

}  // namespace
}  // namespace qmpshot::qmp
