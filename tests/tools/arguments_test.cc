// SPDX-License-Identifier: MIT
#include "tools/qmpshot/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace qmpshot::tools {
namespace {

constexpr Argument known[] = {
    {"First", 's', "socket", "PATH", "Of many", true},
    {"First", 'o', "output", "FILE", "Once"},
    {"Second", 'j', "json", nullptr, "Nothing more"},
    {"Second", '\0', "max-size", "N", "No letter"},
};

using Taken = std::vector<std::pair<std::size_t, std::string>>;

// What was handed over before the end, or before the error.
Result<void> read(std::vector<std::string> words, Taken& taken, std::string_view stray = "") {
  words.insert(words.begin(), "program");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const auto take = [&](std::size_t index, const std::string& value) {
    if (value == "unwelcome") throw Error(Errc::bad_argument, "not today");
    taken.emplace_back(index, value);
  };
  return read_arguments(known, static_cast<int>(words.size()), argv.data(), stray, take);
}

std::string why(std::vector<std::string> words, std::string_view stray = "") {
  Taken taken;
  const Result<void> result = read(std::move(words), taken, stray);
  EXPECT_FALSE(result.ok());
  if (result.ok()) return "";
  EXPECT_EQ(result.error().code(), Errc::bad_argument);
  return result.error().message();
}

TEST(Arguments, ComeInTheirOrderHoweverTheyAreWritten) {
  Taken taken;
  read({"-s", "a", "--json", "--socket=b", "-jo", "-", "-sc", "--max-size", "-1"}, taken).value();
  EXPECT_EQ(taken, (Taken{{0, "a"}, {2, ""}, {0, "b"}, {2, ""}, {1, "-"}, {0, "c"}, {3, "-1"}}));
}

TEST(Arguments, MayBeNone) {
  Taken taken;
  EXPECT_TRUE(read({}, taken).ok());
  EXPECT_TRUE(taken.empty());
}

TEST(Arguments, CanBeReadAgain) {
  for (int i = 0; i < 2; ++i) {
    Taken taken;
    EXPECT_FALSE(read({"-s", "a", "stray", "-j"}, taken).ok());
    EXPECT_EQ(taken, (Taken{{0, "a"}}));
  }
}

TEST(Arguments, AValueMayBeEmpty) {
  Taken taken;
  read({"--output="}, taken).value();
  EXPECT_EQ(taken, (Taken{{1, ""}}));
}

TEST(Arguments, WhatIsWrongIsNamed) {
  EXPECT_EQ(why({"--bad"}), "there is no option --bad");
  EXPECT_EQ(why({"--bad=3"}), "there is no option --bad");
  EXPECT_EQ(why({"-x"}), "there is no option -x");
  EXPECT_EQ(why({"-jx"}), "there is no option -x");
  EXPECT_EQ(why({"-\xc3\xa9"}), "there is no option -\xc3\xa9");
  EXPECT_EQ(why({"--b\x1b[31m"}), "there is no option --b?[31m");
  EXPECT_EQ(why({"-s", "a", "--output"}), "--output: its FILE is missing");
  EXPECT_EQ(why({"-o"}), "--output: its FILE is missing");
  EXPECT_EQ(why({"--json=yes"}), "--json: it takes no value");
  EXPECT_EQ(why({"-o", "a", "--output", "b"}), "--output: it is given twice");
  EXPECT_EQ(why({"--max-size", "unwelcome"}), "--max-size: not today");
}

TEST(Arguments, NamesAreNotAbbreviated) {
  for (const char* word : {"--out", "--out=a", "--js", "--js=yes", "--m", "--s"}) {
    EXPECT_EQ(why({word, "a"}),
              "there is no option " + std::string(word).substr(0, std::string(word).find('=')));
  }
}

TEST(Arguments, AWordThatBelongsToNoneComesWithTheAdvice) {
  EXPECT_EQ(why({"-j", "a.sock"}), "a.sock belongs to no option");
  EXPECT_EQ(why({"-j", "a.sock"}, "say --socket"),
            "a.sock belongs to no option: say --socket a.sock");
  EXPECT_EQ(why({"--", "-j"}), "-j belongs to no option");
  EXPECT_EQ(why({"-"}), "- belongs to no option");
}

TEST(Arguments, TheHelpHasALineForEachByGroups) {
  EXPECT_EQ(arguments_help(known),
            "First:\n"
            "  -s, --socket PATH       Of many\n"
            "  -o, --output FILE       Once\n"
            "\n"
            "Second:\n"
            "  -j, --json              Nothing more\n"
            "  --max-size N            No letter\n");
}

}  // namespace
}  // namespace qmpshot::tools
