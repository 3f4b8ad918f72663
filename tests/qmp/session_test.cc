// SPDX-License-Identifier: MIT
#include "qmp/session.h"

#include "qmp/commands.h"

#include <gtest/gtest.h>

#include <string>

namespace qmpshot::qmp {
namespace {

constexpr auto greeting =
    R"({"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7},"package":""},"capabilities":[]}})";

using Id = std::optional<std::int64_t>;

// As QEMU says it: with the id the command had.
std::string with_id(const std::string& said, Id id) {
  return "{" + said + (id ? ",\"id\":" + std::to_string(*id) : "") + "}";
}

std::string done(Id id = std::nullopt, std::string_view value = "{}") {
  return with_id("\"return\":" + std::string(value), id);
}

std::string refused(Id id, std::string_view words, std::string_view error_class = "GenericError") {
  return with_id("\"error\":{\"class\":\"" + std::string(error_class) + "\",\"desc\":\"" +
                     std::string(words) + "\"}",
                 id);
}

class SessionTest : public testing::Test {
 protected:
  SessionTest() { accept(greeting); }

  std::int64_t begin(const char* name) { return session_.begin(Command(name), sent_); }
  void accept(std::string_view line) { session_.accept(line).value(); }

  Session session_;
  std::string sent_;
};

TEST_F(SessionTest, KnowsThePeerOnceItGreeted) {
  EXPECT_FALSE(Session().greeting().has_value());
  EXPECT_EQ(session_.greeting()->version, (Version{7, 2, 22}));
}

TEST_F(SessionTest, WhoAnswersWithoutAGreetingIsNoQmp) {
  Session session(1000);
  session.begin(Command("qmp_capabilities"), sent_);
  const Error error = session.accept(done(1000)).error();
  EXPECT_EQ(error.code(), Errc::bad_peer);
  EXPECT_NE(error.message().find("answered without a greeting"), std::string::npos);
}

// Seen on 11.1. Who was killed may have been one of us, or of those that use no ids.
TEST_F(SessionTest, AReplyToTheOneBeforeUsIsNotOurs) {
  Session session(1000);
  const auto handshake = session.begin(Command("qmp_capabilities"), sent_);
  const auto dump = session.begin(Command("screendump"), sent_);
  const auto accept_others = [&] {
    for (const Id id : {Id(), Id(1), Id(999)}) {
      EXPECT_TRUE(session.accept(done(id)).ok());
      EXPECT_TRUE(session.accept(refused(std::nullopt, "no")).ok());
    }
  };
  accept_others();
  EXPECT_TRUE(session.accept(greeting).ok());
  accept_others();
  EXPECT_FALSE(session.take_reply(handshake));
  EXPECT_FALSE(session.take_reply(dump));
  EXPECT_TRUE(session.accept(done(1000)).ok());
  EXPECT_TRUE(session.take_reply(handshake)->ok());
  EXPECT_FALSE(session.take_reply(dump));
  EXPECT_TRUE(session.accept(done()).ok());
  EXPECT_TRUE(session.take_reply(dump)->ok());
}

// The handshake without an id.
class SessionByFdset : public testing::Test {
 protected:
  SessionByFdset() {
    session_.begin_by_fdset(sent_);
    added_ = session_.begin(add_fd(4711), sent_);
    dumped_ = session_.begin(Command("screendump"), sent_);
  }
  void accept(std::string_view line) { session_.accept(line).value(); }
  static std::string added(std::int64_t set) {
    return done(std::nullopt, R"({"fd":12,"fdset-id":)" + std::to_string(set) + "}");
  }

  Session session_{1000};
  std::string sent_;
  std::int64_t added_ = 0, dumped_ = 0;
};

TEST_F(SessionByFdset, HasNoIdAtAll) {
  EXPECT_EQ(sent_, command_line(Command("qmp_capabilities")) + command_line(add_fd(4711)) +
                       command_line(Command("screendump")));
}

TEST_F(SessionByFdset, OursBeginWithOurSet) {
  for (const bool greeted : {false, true}) {
    if (greeted) accept(greeting);
    for (const std::string& others :
         {done(), done(1000), added(4712), added(471), done(std::nullopt, "4711"),
          R"({"return":{"fdset-id":4711},"id":7})" + std::string()}) {
      accept(others);
    }
    EXPECT_FALSE(session_.take_reply(added_));
  }
  accept(done());  // the handshake's
  accept(added(4711));
  EXPECT_TRUE(session_.take_reply(added_)->ok());
  EXPECT_FALSE(session_.take_reply(dumped_));
  accept(done());
  EXPECT_TRUE(session_.take_reply(dumped_)->ok());
}

TEST_F(SessionByFdset, ARefusalOfAnothersIsNotOursBeforeTheGreeting) {
  accept(refused(std::nullopt, "no such display"));
  accept(greeting);
  EXPECT_FALSE(session_.take_reply(added_));
  accept(added(4711));
  EXPECT_TRUE(session_.take_reply(added_)->ok());
}

TEST_F(SessionByFdset, AfterARefusalNothingIsOursUntilANewBeginning) {
  accept(greeting);
  accept(refused(std::nullopt, "Capabilities negotiation is already complete", "CommandNotFound"));
  EXPECT_EQ(session_.take_reply(added_)->error().code(), Errc::refused);
  accept(added(4711));
  accept(done());
  EXPECT_FALSE(session_.take_reply(dumped_));
  const auto handshake = session_.begin(qmp_capabilities(), sent_);
  accept(done());
  accept(refused(std::nullopt, "no"));
  EXPECT_FALSE(session_.take_reply(handshake));
  accept(refused(1000, "Capabilities negotiation is already complete", "CommandNotFound"));
  EXPECT_TRUE(session_.take_reply(handshake)->ok());
  const auto next = session_.begin(Command("query-status"), sent_);
  accept(done());
  EXPECT_TRUE(session_.take_reply(next)->ok());
  EXPECT_FALSE(session_.take_reply(dumped_)) << "its reply was dropped, or another's taken for it";
}

TEST_F(SessionByFdset, AGuestAgentIsCalledByItsName) {
  const std::string words =
      refused(std::nullopt, "The command has not been found", "CommandNotFound");
  EXPECT_NE(session_.accept(words).error().message().find("guest agent"), std::string::npos);
}

TEST_F(SessionByFdset, WhoAnswersWithoutAGreetingIsNoQmp) {
  EXPECT_EQ(session_.accept(added(4711)).error().code(), Errc::bad_peer);
}

TEST_F(SessionByFdset, WhatWasNeverSentIsNoBeginning) {
  accept(greeting);
  session_.take_back(dumped_);
  session_.take_back(added_);
  const auto next = session_.begin(Command("query-status"), sent_);
  accept(done());
  EXPECT_TRUE(session_.take_reply(next)->ok());
  const auto handshake = session_.begin(qmp_capabilities(), sent_);
  session_.take_back(handshake);
  const auto another = session_.begin(Command("query-status"), sent_);
  accept(refused(std::nullopt, "Expecting capabilities negotiation", "CommandNotFound"));
  EXPECT_FALSE(session_.take_reply(another)->ok());
}

TEST_F(SessionByFdset, OnlyAddFdIsABeginning) {
  Session session(1000);
  session.begin_by_fdset(sent_);
  const auto asked = session.begin(Command("query-status"), sent_);
  session.accept(greeting).value();
  session.accept(done()).value();  // the handshake's
  EXPECT_FALSE(session.take_reply(asked));
}

TEST_F(SessionTest, OnlyTheHandshakeHasAnId) {
  Session session(1000);
  session.begin(Command("qmp_capabilities"), sent_);
  session.begin(Command("query-status"), sent_);
  EXPECT_EQ(sent_, command_line(Command("qmp_capabilities"), 1000) +
                       command_line(Command("query-status")));
}

TEST_F(SessionTest, EachCommandHasANumberOfItsOwn) {
  const auto first = begin("query-status");
  const auto second = begin("query-status");
  EXPECT_NE(first, second);
}

TEST_F(SessionTest, TheHandshakesRefusalIsAReplyToo) {
  const auto handshake = begin("qmp_capabilities");
  const auto next = begin("query-status");
  accept(refused(1, "no"));
  accept(refused(std::nullopt, "no"));
  EXPECT_EQ(session_.take_reply(handshake)->error().code(), Errc::refused);
  EXPECT_EQ(session_.take_reply(next)->error().code(), Errc::refused);
}

TEST_F(SessionTest, AGuestAgentIsCalledByItsName) {
  for (const char* id : {R"("id": 1, )", ""}) {  // older ones echo no id
    Session session;
    session.begin(Command("qmp_capabilities"), sent_);
    const Error error = session
                            .accept("{" + std::string(id) +
                                    R"("error": {"class": "CommandNotFound", "desc": "The command )"
                                    R"(qmp_capabilities has not been found"}})")
                            .error();
    EXPECT_EQ(error.code(), Errc::bad_peer);
    EXPECT_NE(error.message().find("guest agent"), std::string::npos);
  }
}

TEST_F(SessionTest, QmpWithoutAMachineIsTheWrongPeer) {
  for (const char* command : {"screendump", "query-status", "query-fdsets", "add-fd"}) {
    Session session;
    session.accept(greeting).value();
    session.begin(Command("qmp_capabilities"), sent_);
    const auto asked = session.begin(Command(command), sent_);
    session.accept(done(1)).value();
    session.accept(refused(std::nullopt, "The command has not been found", "CommandNotFound"))
        .value();
    const Error error = session.take_reply(asked)->error();
    EXPECT_EQ(error.code(), Errc::bad_peer);
    EXPECT_EQ(error.qemu_class(), "CommandNotFound");
    EXPECT_EQ(error.message(),
              std::string(command) +
                  ": it speaks QMP but shows no virtual machine, as qemu-storage-daemon does "
                  "(CommandNotFound): The command has not been found");
  }
}

// What 11.1 says to the client after one that was killed.
TEST_F(SessionTest, AHandshakeThatAnotherOneDidIsDone) {
  const auto handshake = begin("qmp_capabilities");
  accept(refused(1, "Capabilities negotiation is already complete, command ignored",
                 "CommandNotFound"));
  EXPECT_TRUE(session_.take_reply(handshake)->ok());
  const auto dump = begin("screendump");
  accept(refused(std::nullopt, "no such thing", "CommandNotFound"));
  EXPECT_EQ(session_.take_reply(dump)->error().code(), Errc::bad_peer);
}

TEST_F(SessionTest, BeforeNegotiationAMachineKnowsNothingEither) {
  const auto asked = begin("query-status");
  accept(refused(std::nullopt, "Expecting capabilities negotiation", "CommandNotFound"));
  EXPECT_EQ(session_.take_reply(asked)->error().code(), Errc::refused);
}

// What 7.2 says behind -qmp-pretty.
TEST_F(SessionTest, AnAnswerMayStandOnSeveralLines) {
  Session session;
  for (const char* line :
       {"{", "    \"QMP\": {", "        \"version\": {", "            \"qemu\": {",
        "                \"micro\": 22,", "                \"minor\": 2,",
        "                \"major\": 7", "            },", "            \"package\": \"\"",
        "        },", "        \"capabilities\": [", "        ]", "    }", "}"}) {
    session.accept(line).value();
  }
  EXPECT_EQ(session.greeting()->version, (Version{7, 2, 22}));
  const auto id = session.begin(Command("qmp_capabilities"), sent_);
  for (const char* line : {"{", "    \"return\": {", "    },", "    \"id\": 1", "}"}) {
    session.accept(line).value();
  }
  EXPECT_TRUE(session.take_reply(id)->ok());
}

TEST_F(SessionTest, AnAnswerOnSeveralLinesIsNotEndless) {
  Session session;
  session.accept("{").value();
  const std::string line(std::size_t{1} << 20, ' ');
  Result<void> taken;
  for (int i = 0; i < 20 && taken.ok(); ++i) taken = session.accept(line);
  EXPECT_EQ(taken.error().code(), Errc::bad_peer);
}

TEST_F(SessionTest, RepliesAreInTheOrderOfTheCommands) {
  const auto first = begin("a");
  const auto second = begin("b");
  accept(done(std::nullopt, "1"));
  EXPECT_FALSE(session_.take_reply(second));
  accept(refused(std::nullopt, "no"));
  EXPECT_FALSE(session_.take_reply(second)->ok());
  EXPECT_EQ(session_.take_reply(first)->value().integer(), 1);
}

TEST_F(SessionTest, AReplyIsTakenOnce) {
  const auto asked = begin("a");
  accept(done());
  EXPECT_TRUE(session_.take_reply(asked));
  EXPECT_FALSE(session_.take_reply(asked));
  accept(done());
  EXPECT_FALSE(session_.take_reply(asked)) << "a second answer is nobody's";
}

TEST_F(SessionTest, ARefusalKeepsQemusClassAndWords) {
  const auto id = begin("screendump");
  accept(refused(std::nullopt, "There is no console to take a screendump from"));
  const Error error = session_.take_reply(id)->error();
  EXPECT_EQ(error.code(), Errc::refused);
  EXPECT_EQ(error.qemu_class(), "GenericError");
  EXPECT_EQ(
      error.message(),
      "screendump: QEMU refused (GenericError): There is no console to take a screendump from");
}

TEST_F(SessionTest, ARefusalIsOneLineWhateverQemuSays) {
  const auto id = begin("screendump");
  accept(refused(std::nullopt, R"(\u001b[2Jfirst\r\nsecond\u0000\u007f)"));
  const Error error = session_.take_reply(id)->error();
  for (const char c : error.message()) {
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << static_cast<int>(c);
  }
}

TEST_F(SessionTest, DropsRepliesWithIdsThatWeDidNotGive) {
  const auto asked = begin("a");
  accept(done(1));
  accept(done(-1));
  accept(refused(2, "x"));
  accept(R"({"return":{},"id":"libvirt-3"})");
  accept(R"({"error":{"class":"GenericError","desc":"not yours"},"id":"libvirt-3"})");
  EXPECT_FALSE(session_.take_reply(asked));
  accept(done());
  EXPECT_TRUE(session_.take_reply(asked));
}

TEST_F(SessionTest, WhatThePeerCouldNotReadIsRefusedInItsWords) {
  const auto asked = begin("a");
  accept(refused(std::nullopt, "JSON parse error, invalid keyword 'x'"));
  const Error error = session_.take_reply(asked)->error();
  EXPECT_EQ(error.code(), Errc::refused);
  EXPECT_NE(error.message().find("JSON parse error, invalid keyword 'x'"), std::string::npos);
}

TEST_F(SessionTest, ALateReplyAfterForgetIsDropped) {
  const auto given_up = begin("screendump");
  session_.forget(given_up);
  const auto next = begin("screendump");
  accept(done());
  EXPECT_FALSE(session_.take_reply(given_up));
  EXPECT_FALSE(session_.take_reply(next)) << "it is the reply to the one before";
  accept(done());
  EXPECT_TRUE(session_.take_reply(next));
}

TEST_F(SessionTest, ForgettingAReplyThatCameDropsIt) {
  const auto id = begin("a");
  accept(done());
  session_.forget(id);
  session_.forget(id);
  EXPECT_FALSE(session_.take_reply(id));
}

TEST_F(SessionTest, IsOwedRepliesUntilTheyCameWhoeverWaits) {
  EXPECT_FALSE(session_.is_owed_replies());
  const auto id = begin("a");
  EXPECT_TRUE(session_.is_owed_replies());
  session_.forget(id);
  EXPECT_TRUE(session_.is_owed_replies());
  accept(done());
  EXPECT_FALSE(session_.is_owed_replies());
  begin("b");
  accept(done());
  EXPECT_FALSE(session_.is_owed_replies()) << "it came, though nobody took it";
}

TEST_F(SessionTest, WhatUndoesMustRunUntilItIsAnswered) {
  session_.begin(stop(), sent_);
  EXPECT_FALSE(session_.must_run_more());
  session_.begin(cont(), sent_);
  EXPECT_TRUE(session_.must_run_more());
  accept(done());
  EXPECT_TRUE(session_.must_run_more());
  accept(done());
  EXPECT_FALSE(session_.must_run_more());
}

TEST_F(SessionTest, ASetMustBeTakenBackOnceItIsThere) {
  session_.begin(add_fd(7), sent_);
  session_.begin(remove_fd(7), sent_);
  EXPECT_FALSE(session_.must_run_more());
  accept(done(std::nullopt, R"({"fdset-id":7,"fd":3})"));
  EXPECT_TRUE(session_.must_run_more());
  accept(done());
  EXPECT_FALSE(session_.must_run_more());
}

TEST_F(SessionTest, KeepsEventsInOrderBetweenReplies) {
  const auto id = begin("stop");
  accept(R"({"event":"STOP"})");
  accept(done());
  accept(R"({"event":"RESUME","data":{"x":1}})");
  EXPECT_TRUE(session_.take_reply(id));
  EXPECT_EQ(session_.take_event()->name, "STOP");
  EXPECT_EQ(session_.take_event()->data["x"].integer(), 1);
  EXPECT_FALSE(session_.take_event());
}

TEST_F(SessionTest, DropsTheOldestEventsOfACallerThatNeverLooks) {
  for (std::size_t i = 0; i < 3 * Session::max_events; ++i) {
    accept("{\"event\":\"E" + std::to_string(i) + "\"}");
  }
  for (std::size_t i = 2 * Session::max_events; i < 3 * Session::max_events; ++i) {
    ASSERT_EQ(session_.take_event()->name, "E" + std::to_string(i));
  }
  EXPECT_FALSE(session_.take_event());
}

TEST_F(SessionTest, IgnoresEmptyLines) {
  EXPECT_TRUE(session_.accept("").ok());
}

TEST_F(SessionTest, RefusesWhatIsNotQmp) {
  EXPECT_EQ(session_.accept("HTTP/1.1 400 Bad Request").error().code(), Errc::bad_peer);
}

}  // namespace
}  // namespace qmpshot::qmp
