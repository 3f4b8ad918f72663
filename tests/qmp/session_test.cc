// SPDX-License-Identifier: MIT
#include "qmp/session.h"

#include <gtest/gtest.h>

#include <string>

namespace qmpshot::qmp {
namespace {

constexpr auto greeting =
    R"({"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7},"package":""},"capabilities":[]}})";

std::string done(std::int64_t id, std::string_view value = "{}") {
  return "{\"return\":" + std::string(value) + ",\"id\":" + std::to_string(id) + "}";
}

std::string refused(std::int64_t id, std::string_view words) {
  return "{\"id\":" + std::to_string(id) + ",\"error\":{\"class\":\"GenericError\",\"desc\":\"" +
         std::string(words) + "\"}}";
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
  Session session;
  const auto id = session.begin(Command("qmp_capabilities"), sent_);
  const Error error = session.accept(done(id)).error();
  EXPECT_EQ(error.code(), Errc::bad_peer);
  EXPECT_NE(error.message().find("answered without a greeting"), std::string::npos);
}

// Seen on 11.1, where the one that was killed had asked the same: whose ids after the handshake's
// are ours as well.
TEST_F(SessionTest, AReplyToTheOneBeforeUsIsNotOurs) {
  Session session(1000);
  const auto id = session.begin(Command("qmp_capabilities"), sent_);
  const auto dump = session.begin(Command("screendump"), sent_);
  EXPECT_EQ(id, 1000);
  EXPECT_TRUE(session.accept(done(dump)).ok());
  EXPECT_TRUE(session.accept(refused(dump, "no")).ok());
  EXPECT_TRUE(session.accept(greeting).ok());
  EXPECT_TRUE(session.accept(done(dump)).ok());
  EXPECT_TRUE(session.accept(refused(dump, "no")).ok());
  EXPECT_TRUE(session.accept(done(1)).ok());
  EXPECT_FALSE(session.take_reply(id));
  EXPECT_FALSE(session.take_reply(dump));
  EXPECT_TRUE(session.accept(done(id)).ok());
  EXPECT_TRUE(session.take_reply(id)->ok());
  EXPECT_FALSE(session.take_reply(dump));
  EXPECT_TRUE(session.accept(done(dump)).ok());
  EXPECT_TRUE(session.take_reply(dump)->ok());
}

TEST_F(SessionTest, AnAnswerWithoutAnIdIsNotOursEither) {
  Session session(1000);
  const auto id = session.begin(Command("qmp_capabilities"), sent_);
  EXPECT_TRUE(session.accept(R"({"return": {}})").ok());
  EXPECT_TRUE(session.accept(greeting).ok());
  EXPECT_TRUE(session.accept(R"({"return": {}})").ok());
  EXPECT_FALSE(session.take_reply(id));
}

// A connection may serve for years.
TEST_F(SessionTest, NoCommandHasTheHandshakesId) {
  Session session(3);
  session.accept(greeting).value();
  session.begin(Command("qmp_capabilities"), sent_);
  session.accept(done(3)).value();
  std::int64_t id = 0;
  for (int i = 0; i < 3; ++i) {
    id = session.begin(Command("screendump"), sent_);
    EXPECT_NE(id, 3);
  }
}

TEST_F(SessionTest, TheHandshakesRefusalIsAReplyToo) {
  const auto id = begin("qmp_capabilities");
  const auto next = begin("query-status");
  accept(refused(id, "no"));
  accept(refused(next, "no"));
  EXPECT_EQ(session_.take_reply(id)->error().code(), Errc::refused);
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
    const auto ready = session.begin(Command("qmp_capabilities"), sent_);
    const auto id = session.begin(Command(command), sent_);
    session.accept(done(ready)).value();
    session
        .accept("{\"id\":" + std::to_string(id) +
                R"(,"error":{"class":"CommandNotFound","desc":"The command has not been found"}})")
        .value();
    const Error error = session.take_reply(id)->error();
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
  const auto id = begin("qmp_capabilities");
  accept("{\"id\":" + std::to_string(id) +
         R"(,"error":{"class":"CommandNotFound",)"
         R"("desc":"Capabilities negotiation is already complete, command ignored"}})");
  EXPECT_TRUE(session_.take_reply(id)->ok());
  const auto dump = begin("screendump");
  accept("{\"id\":" + std::to_string(dump) +
         R"(,"error":{"class":"CommandNotFound","desc":"no such thing"}})");
  EXPECT_EQ(session_.take_reply(dump)->error().code(), Errc::bad_peer);
}

TEST_F(SessionTest, BeforeNegotiationAMachineKnowsNothingEither) {
  const auto id = begin("query-status");
  accept("{\"id\":" + std::to_string(id) +
         R"(,"error":{"class":"CommandNotFound","desc":"Expecting capabilities negotiation"}})");
  EXPECT_EQ(session_.take_reply(id)->error().code(), Errc::refused);
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

TEST_F(SessionTest, EachCommandHasAnIdOfItsOwn) {
  const auto first = begin("query-status");
  const auto second = begin("query-status");
  EXPECT_NE(first, second);
  EXPECT_EQ(sent_, command_line(Command("query-status"), first) +
                       command_line(Command("query-status"), second));
}

TEST_F(SessionTest, MatchesRepliesByIdInAnyOrder) {
  const auto first = begin("a");
  const auto second = begin("b");
  accept(done(second, "2"));
  EXPECT_FALSE(session_.take_reply(first));
  accept(done(first, "1"));
  EXPECT_EQ(session_.take_reply(first)->value().integer(), 1);
  EXPECT_EQ(session_.take_reply(second)->value().integer(), 2);
}

TEST_F(SessionTest, AReplyIsTakenOnce) {
  const auto id = begin("a");
  accept(done(id));
  EXPECT_TRUE(session_.take_reply(id));
  EXPECT_FALSE(session_.take_reply(id));
  accept(done(id));
  EXPECT_FALSE(session_.take_reply(id)) << "a second answer is nobody's";
}

TEST_F(SessionTest, ARefusalKeepsQemusClassAndWords) {
  const auto id = begin("screendump");
  accept(refused(id, "There is no console to take a screendump from"));
  const Error error = session_.take_reply(id)->error();
  EXPECT_EQ(error.code(), Errc::refused);
  EXPECT_EQ(error.qemu_class(), "GenericError");
  EXPECT_EQ(
      error.message(),
      "screendump: QEMU refused (GenericError): There is no console to take a screendump from");
}

TEST_F(SessionTest, ARefusalIsOneLineWhateverQemuSays) {
  const auto id = begin("screendump");
  accept(refused(id, R"(\u001b[2Jfirst\r\nsecond\u0000\u007f)"));
  const Error error = session_.take_reply(id)->error();
  for (const char c : error.message()) {
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << static_cast<int>(c);
  }
}

TEST_F(SessionTest, DropsRepliesToUnknownIds) {
  const auto id = begin("a");
  accept(done(id + 1));
  accept(done(-1));
  accept(refused(id + 2, "x"));
  accept(R"({"return":{},"id":"libvirt-3"})");
  accept(R"({"error":{"class":"GenericError","desc":"not yours"},"id":"libvirt-3"})");
  accept(R"({"return":{}})");
  EXPECT_FALSE(session_.take_reply(id));
  EXPECT_FALSE(session_.take_reply(id + 1));
  accept(done(id));
  EXPECT_TRUE(session_.take_reply(id));
}

TEST_F(SessionTest, AnErrorWithoutIdMeansThePeerCouldNotReadUs) {
  begin("a");
  const auto result = session_.accept(
      R"({"error":{"class":"GenericError","desc":"JSON parse error, invalid keyword 'x'"}})");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::bad_peer);
  EXPECT_NE(result.error().message().find("JSON parse error, invalid keyword 'x'"),
            std::string::npos);
}

TEST_F(SessionTest, ALateReplyAfterForgetIsDropped) {
  const auto id = begin("screendump");
  session_.forget(id);
  accept(done(id));
  EXPECT_FALSE(session_.take_reply(id));
  const auto next = begin("screendump");
  EXPECT_NE(next, id) << "an id is never used again";
  accept(done(next));
  EXPECT_TRUE(session_.take_reply(next));
}

TEST_F(SessionTest, ForgettingAReplyThatCameDropsIt) {
  const auto id = begin("a");
  accept(done(id));
  session_.forget(id);
  session_.forget(id);
  EXPECT_FALSE(session_.take_reply(id));
}

TEST_F(SessionTest, AForgottenReplyIsStillOwed) {
  EXPECT_FALSE(session_.is_owed_replies());
  const auto forgotten = begin("screendump");
  const auto last = begin("remove-fd");
  session_.forget(forgotten);
  EXPECT_TRUE(session_.is_owed_replies());
  accept(done(forgotten));
  EXPECT_TRUE(session_.is_owed_replies());
  accept(done(last));
  EXPECT_FALSE(session_.is_owed_replies()) << "one that waits to be taken is not owed";
}

TEST_F(SessionTest, KeepsEventsInOrderBetweenReplies) {
  const auto id = begin("stop");
  accept(R"({"event":"STOP"})");
  accept(done(id));
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
