// SPDX-License-Identifier: MIT
#include "qmp/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace qmpshot::qmp {
namespace {

using namespace std::string_view_literals;

Json parsed(std::string_view text) {
  return Json::parse(text).value();
}

std::string written(std::string_view value) {
  return JsonWriter().string(value).text();
}

TEST(Json, LooksThroughAPathWithOneTestAtItsEnd) {
  const Json json = parsed(R"({"return":{"status":"running","list":[1,[2]]}})");
  EXPECT_EQ(json["return"]["status"].string(), "running");
  EXPECT_EQ(json["return"]["list"][1][0].integer(), 2);
  EXPECT_FALSE(json["no"]["such"][3]["path"]);
  EXPECT_EQ(json["no"]["such"].string(), std::nullopt);
}

TEST(Json, AnAbsentValueHasNoTypeAndNothingInside) {
  const Json absent;
  EXPECT_FALSE(absent);
  EXPECT_FALSE(absent.is_object());
  EXPECT_EQ(absent.size(), 0U);
  EXPECT_EQ(absent.string(), std::nullopt);
  EXPECT_EQ(absent.integer(), std::nullopt);
  EXPECT_EQ(absent.boolean(), std::nullopt);
  EXPECT_FALSE(absent["x"]);
  EXPECT_FALSE(absent[0]);
}

TEST(Json, AValueOfAnotherTypeIsNotConverted) {
  const Json json = parsed(R"({"s":"1","i":1,"b":true,"n":null,"a":[1],"o":{}})");
  EXPECT_TRUE(json["n"]) << "null is there";
  for (const char* key : {"i", "b", "n", "a", "o"}) EXPECT_EQ(json[key].string(), std::nullopt);
  for (const char* key : {"s", "b", "n", "a", "o"}) EXPECT_EQ(json[key].integer(), std::nullopt);
  for (const char* key : {"s", "i", "n", "a", "o"}) EXPECT_EQ(json[key].boolean(), std::nullopt);
  for (const char* key : {"s", "i", "b", "n", "a"}) EXPECT_FALSE(json[key]["x"]);
  for (const char* key : {"s", "i", "b", "n", "o"}) EXPECT_FALSE(json[key][0]);
}

TEST(Json, AnIndexPastTheEndIsAbsent) {
  const Json json = parsed("[1,2]");
  EXPECT_EQ(json.size(), 2U);
  EXPECT_FALSE(json[2]);
  EXPECT_FALSE(json[std::numeric_limits<std::size_t>::max()]);
  EXPECT_FALSE(json[std::size_t{1} << 32]) << "not index 0";
}

TEST(Json, AKeyThatStandsTwiceGivesItsFirstValue) {
  EXPECT_EQ(parsed(R"({"a":1,"a":2})")["a"].integer(), 1);
}

TEST(Json, AnEmptyKeyIsAKey) {
  EXPECT_EQ(parsed(R"({"":7})")[""].integer(), 7);
  EXPECT_EQ(parsed(R"({"":7})")[std::string_view()].integer(), 7);
}

TEST(Json, KeysAreComparedWhole) {
  const Json json = parsed(R"({"a\u0000b":1,"ab":2})");
  EXPECT_FALSE(json["a"]);
  EXPECT_EQ(json["a\0b"sv].integer(), 1);
}

TEST(Json, IntegersAreExactUpToTheirEnds) {
  EXPECT_EQ(parsed("9223372036854775807").integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parsed("-9223372036854775808").integer(), std::numeric_limits<std::int64_t>::min());
}

TEST(Json, NumbersThatAreNo64BitIntegerAreNotOne) {
  for (const char* text : {"9223372036854775808", "18446744073709551616", "-9223372036854775809",
                           "1.0", "1e3", "0.5", "1e308", "123456789012345678901234567890"}) {
    EXPECT_EQ(parsed(text).integer(), std::nullopt) << text;
  }
}

TEST(Json, ANumberOfAMillionDigitsIsReadOrRefused) {
  const std::string digits(1'000'000, '9');
  const Result<Json> json = Json::parse(digits);
  if (json.ok()) {
    EXPECT_EQ(json->integer(), std::nullopt);
  } else {
    EXPECT_EQ(json.error().code(), Errc::bad_peer);
  }
  EXPECT_EQ(parsed("0." + digits).integer(), std::nullopt);
}

TEST(Json, DepthCostsNoStack) {
  constexpr std::size_t depth = 100'000;
  const std::string arrays = std::string(depth, '[') + std::string(depth, ']');
  EXPECT_EQ(parsed(arrays).size(), 1U);
  std::string objects;
  for (std::size_t i = 0; i < depth; ++i) objects += R"({"a":)";
  EXPECT_TRUE(parsed(objects + "1" + std::string(depth, '}')).is_object());
  EXPECT_FALSE(Json::parse(std::string(depth, '[')).ok());
}

TEST(Json, RefusesWhatIsNotOneWholeText) {
  for (const std::string_view bad :
       {""sv,     " "sv,     "{"sv,     "}"sv,      "{\"a\"}"sv, "{\"a\":}"sv,    "{'a':1}"sv,
        "[1,]"sv, "{} {}"sv, "{}x"sv,   "\"open"sv, "\"\\x\""sv, "\"\\ud800\""sv, "01"sv,
        "+1"sv,   "nul"sv,   "1e999"sv, "{}\0"sv,   "{}\0{}"sv,  "{\0}"sv,        "\"\0\""sv,
        "\xff"sv}) {
    const Result<Json> json = Json::parse(bad);
    ASSERT_FALSE(json.ok()) << testing::PrintToString(bad);
    EXPECT_EQ(json.error().code(), Errc::bad_peer);
  }
}

TEST(Json, SaysWhereTheTextIsWrong) {
  const std::string message = Json::parse(R"({"a":1,})").error().message();
  EXPECT_EQ(message.rfind("reading JSON: ", 0), 0U) << message;
  EXPECT_NE(message.find("byte 7"), std::string::npos) << message;
}

TEST(Json, AValueOutlivesTheDocumentItCameFrom) {
  Json inner;
  {
    const Json outer = parsed(R"({"a":{"b":"kept"}})");
    inner = outer["a"];
  }
  EXPECT_EQ(inner["b"].string(), "kept");
}

TEST(Json, DecodesEscapes) {
  EXPECT_EQ(parsed(R"("\u00e4\ud83d\ude00\"\\\/\n\u0000.")").string(),
            "\xc3\xa4\xf0\x9f\x98\x80\"\\/\n\0."sv);
}

TEST(Printable, LeavesNothingThatSteersATerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\r\n\t\x7f"), "a?[31mb????");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m \xc2\x80 \xc2\xa0"),
            "?31m ? \xc2\xa0")
      << "C1";
  EXPECT_EQ(printable("\x9b"
                      "31m \xff \xc3"),
            "?31m ? ?")
      << "no UTF-8";
  EXPECT_EQ(printable("r\xc3\xa4um/\xf0\x9f\x92\xbb"), "r\xc3\xa4um/\xf0\x9f\x92\xbb");
  EXPECT_EQ(printable(""), "");
}

TEST(JsonWriter, WritesWithoutWhiteSpace) {
  JsonWriter writer;
  writer.begin_object().key("s").string("a").key("i").integer(-1).key("d").number(0.5);
  writer.key("b").boolean(true).key("n").null().key("a").begin_array().integer(1).integer(2);
  writer.end_array().key("r").raw("{\"x\": 1}").end_object();
  EXPECT_EQ(writer.text(), R"({"s":"a","i":-1,"d":0.5,"b":true,"n":null,"a":[1,2],"r":{"x": 1}})");
}

TEST(JsonWriter, EscapesWhatWouldEndTheStringOrTheLine) {
  EXPECT_EQ(written("\"\\\n\r\t\b\f"sv), R"("\"\\\n\r\t\b\f")");
  EXPECT_EQ(written("\0\x1f"sv), "\"\\u0000\\u001F\"");
  EXPECT_EQ(written("\x7f/"), "\"\x7f/\"");
}

TEST(JsonWriter, ReplacesEachByteThatIsNotUtf8) {
  constexpr auto replacement = "\xef\xbf\xbd";
  const auto expect_replaced = [&](std::string_view bad) {
    std::string expected = "\"<";
    for (std::size_t i = 0; i < bad.size(); ++i) expected += replacement;
    EXPECT_EQ(written("<" + std::string(bad) + ">"), expected + ">\"")
        << testing::PrintToString(bad);
  };
  expect_replaced("\x80");      // a tail without a head
  expect_replaced("\xc0\xaf");  // '/' in two bytes
  expect_replaced("\xc1\xbf");
  expect_replaced("\xe0\x9f\xbf");      // overlong
  expect_replaced("\xed\xa0\x80");      // a surrogate
  expect_replaced("\xf0\x8f\xbf\xbf");  // overlong
  expect_replaced("\xf4\x90\x80\x80");  // past U+10FFFF
  expect_replaced("\xf5\x80\x80\x80");
  expect_replaced("\xfe\xff");
  EXPECT_EQ(written("\xe2\x82"), std::string("\"") + replacement + replacement + "\"")
      << "cut short";
}

TEST(JsonWriter, KeepsWhatIsUtf8) {
  for (const std::string_view good :
       {"\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv, "\xee\x80\x80"sv,
        "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    EXPECT_EQ(written(good), "\"" + std::string(good) + "\"");
  }
}

TEST(JsonWriter, KeysAreValidToo) {
  JsonWriter writer;
  writer.begin_object().key("\xff\"\n").integer(1).key({}).integer(2).end_object();
  EXPECT_EQ(writer.text(), "{\"\xef\xbf\xbd\\\"\\n\":1,\"\":2}");
}

TEST(JsonWriter, WhatJsonHasNoWordForIsNull) {
  EXPECT_EQ(JsonWriter().number(std::nan("")).text(), "null");
  EXPECT_EQ(JsonWriter().number(-std::numeric_limits<double>::infinity()).text(), "null");
}

TEST(JsonWriter, WritesTheEndsOfTheIntegers) {
  EXPECT_EQ(JsonWriter().integer(std::numeric_limits<std::int64_t>::min()).text(),
            "-9223372036854775808");
}

TEST(JsonWriter, AnyBytesComeBackAsTheyWentOrReplaced) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const Json back = parsed(written(all));
  EXPECT_EQ(back.string()->substr(0, 128), std::string_view(all).substr(0, 128));
  EXPECT_EQ(back.string()->size(), 128U + 128U * 3U);
}

}  // namespace
}  // namespace qmpshot::qmp
