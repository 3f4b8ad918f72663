// SPDX-License-Identifier: MIT
#include "qmp/message.h"

#include <gtest/gtest.h>

#include <limits>

namespace qmpshot::qmp {
namespace {

using namespace std::literals;

template <class Kind>
Kind parsed(std::string_view line) {
  return std::get<Kind>(parse_message(line).value());
}

TEST(Message, ReadsTheGreetingOfEachVersion) {
  const auto debian11 =
      parsed<Greeting>(R"({"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 5}, )"
                       R"("package": "Debian 1:5.2+dfsg-11+deb11u3"}, "capabilities": ["oob"]}})");
  EXPECT_EQ(debian11.version, (Version{5, 2, 0}));
  EXPECT_EQ(debian11.package, "Debian 1:5.2+dfsg-11+deb11u3");
  const auto upstream = parsed<Greeting>(
      R"({"QMP":{"version":{"qemu":{"micro":13,"minor":0,"major":10},"package":""},)"
      R"("capabilities":[]}})");
  EXPECT_EQ(upstream.version.text(), "10.0.13");
  EXPECT_EQ(upstream.package, "");
}

TEST(Message, VersionsAreOrderedNumberByNumber) {
  EXPECT_LT((Version{7, 2, 22}), (Version{7, 10, 0}));
  EXPECT_LT((Version{7, 10, 9}), (Version{10, 0, 0}));
}

TEST(Message, AGreetingWithoutItsPartsIsStillAGreeting) {
  EXPECT_EQ(parsed<Greeting>(R"({"QMP":{}})").version, Version{});
  EXPECT_EQ(parsed<Greeting>(R"({"QMP":{"version":7,"capabilities":{}}})").version, Version{});
}

TEST(Message, ReadsASuccessWithItsIdAndValue) {
  const auto done = parsed<Return>(R"({"return": {"fd": 11, "fdset-id": 7}, "id": 2})");
  EXPECT_EQ(done.id, 2);
  EXPECT_EQ(done.value["fd"].integer(), 11);
  EXPECT_TRUE(parsed<Return>(R"({"return":null,"id":1})").value) << "null is an answer";
  EXPECT_EQ(parsed<Return>(R"({"return":{}})").id, std::nullopt);
}

TEST(Message, ReadsAFailureInQemusWords) {
  const auto refusal = parsed<Refusal>(
      R"({"id": 1, "error": {"class": "DeviceNotFound", "desc": "Device 'gpu9' not found"}})");
  EXPECT_EQ(refusal.id, 1);
  EXPECT_EQ(refusal.error_class, "DeviceNotFound");
  EXPECT_EQ(refusal.description, "Device 'gpu9' not found");
}

TEST(Message, AFailureWithoutAnIdHasNone) {
  EXPECT_EQ(parsed<Refusal>(R"({"error":{"class":"GenericError","desc":"JSON parse error"}})").id,
            std::nullopt);
}

TEST(Message, AnIdThatIsNotOurKindIsAnIdOfNobody) {
  // Such a reply was somebody else's; it must not be taken for one that has no id at all.
  for (const char* id : {"\"libvirt-7\"", "1.5", "null", "{}", "18446744073709551616"}) {
    const std::string tail = std::string("\"id\":") + id + "}";
    const auto refused = parsed<Refusal>(R"({"error":{"class":"C","desc":"d"},)" + tail);
    ASSERT_TRUE(refused.id.has_value()) << id;
    EXPECT_LT(*refused.id, 1) << id << ": ours count from 1";
    EXPECT_LT(parsed<Return>(R"({"return":{},)" + tail).id.value(), 1) << id;
  }
}

TEST(Message, ReadsAnEventWithAndWithoutData) {
  const auto stop = parsed<Event>(
      R"({"timestamp": {"seconds": 1795168952, "microseconds": 187100}, "event": "STOP"})");
  EXPECT_EQ(stop.name, "STOP");
  EXPECT_FALSE(stop.data);
  const auto shutdown = parsed<Event>(R"({"event":"SHUTDOWN","data":{"guest":false}})");
  EXPECT_EQ(shutdown.data["guest"].boolean(), false);
}

TEST(Message, RefusesWhatIsNotQmpAndQuotesIt) {
  const auto refused = parse_message("RFB 003.008");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Errc::bad_peer);
  EXPECT_EQ(refused.error().message(), "the peer does not speak QMP, it said 'RFB 003.008'");
}

TEST(Message, RefusesEachMalformedForm) {
  for (const std::string_view bad :
       {""sv, "[]"sv, "1"sv, "\"QMP\""sv, "null"sv, "{}"sv, "{\"id\":1}"sv, "{\"qmp\":{}}"sv,
        "{\"QMP\":null}"sv, "{\"QMP\":\"7.2\"}"sv, "{\"error\":null,\"id\":1}"sv,
        "{\"error\":\"no\",\"id\":1}"sv,
        R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request"}})"sv,
        "{\"event\":null}"sv, "{\"event\":{}}"sv, "{\"return\":{}"sv, "{\"return\":{}}}"sv,
        "{\"return\":{}}\0"sv, "{\"return\":{}}{\"return\":{}}"sv}) {
    const auto refused = parse_message(bad);
    ASSERT_FALSE(refused.ok()) << testing::PrintToString(bad);
    EXPECT_EQ(refused.error().code(), Errc::bad_peer);
  }
}

TEST(Message, QuotesOneShortPrintableLine) {
  const std::string noise = "\x1b[31m\n\0\xff"s + std::string(200, 'x');
  const std::string message = parse_message(noise).error().message();
  EXPECT_LT(message.size(), 120U);
  for (const char c : message) EXPECT_TRUE(c >= 0x20 && c <= 0x7e) << static_cast<int>(c);
  EXPECT_EQ(message.substr(message.size() - 4), "...'");
}

TEST(Message, ACommandIsOneLine) {
  EXPECT_EQ(command_line(Command("qmp_capabilities"), 1),
            "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
  EXPECT_EQ(command_line(Command("add-fd", R"({"fdset-id":7})"), 2),
            "{\"execute\":\"add-fd\",\"id\":2,\"arguments\":{\"fdset-id\":7}}\n");
}

TEST(Message, ACommandsNameCannotBreakItsLine) {
  const std::string line = command_line(Command("a\"\r\n\xff"), 1);
  EXPECT_EQ(line.find_first_of("\r\n"), line.size() - 1);
  EXPECT_EQ(Json::parse(line).value()["execute"].string(), "a\"\r\n\xef\xbf\xbd");
}

}  // namespace
}  // namespace qmpshot::qmp
