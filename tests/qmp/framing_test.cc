// SPDX-License-Identifier: MIT
#include "qmp/framing.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

// Linked with --wrap: how many bytes the framing looks at and moves is counted, not timed.
namespace {
thread_local std::size_t bytes_searched = 0;
thread_local std::size_t bytes_moved = 0;
}  // namespace

extern "C" {
void* __real_memchr(const void* data, int byte, std::size_t size);
void* __wrap_memchr(const void* data, int byte, std::size_t size) {
  bytes_searched += size;
  return __real_memchr(data, byte, size);
}
void* __real_memmove(void* to, const void* from, std::size_t size);
void* __wrap_memmove(void* to, const void* from, std::size_t size) {
  bytes_moved += size;
  return __real_memmove(to, from, size);
}
}

namespace qmpshot::qmp {
namespace {

void feed(LineBuffer& lines, std::string_view data) {
  const std::span<char> room = lines.prepare(data.size());
  ASSERT_GE(room.size(), data.size());
  std::memcpy(room.data(), data.data(), data.size());
  lines.commit(data.size());
}

// Every line that is complete now.
std::vector<std::string> drain(LineBuffer& lines) {
  std::vector<std::string> out;
  while (const auto line = lines.next_line().value()) out.emplace_back(*line);
  return out;
}

// What comes out when `data` goes in, `piece` bytes at a time.
std::vector<std::string> in_pieces(std::string_view data, std::size_t piece) {
  LineBuffer lines;
  std::vector<std::string> out;
  for (; !data.empty(); data.remove_prefix(std::min(piece, data.size()))) {
    feed(lines, data.substr(0, piece));
    for (std::string& line : drain(lines)) out.push_back(std::move(line));
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(Framing, EndsALineAtLfAndAtCrlf) {
  LineBuffer lines;
  feed(lines, "one\ntwo\r\nthree\n");
  EXPECT_EQ(drain(lines), (Lines{"one", "two", "three"}));
}

TEST(Framing, KeepsACarriageReturnInsideALine) {
  LineBuffer lines;
  feed(lines, "a\rb\r\r\n");
  EXPECT_EQ(drain(lines), (Lines{"a\rb\r"}));
}

TEST(Framing, HandsOutEmptyLines) {
  LineBuffer lines;
  feed(lines, "\n\r\n\n");
  EXPECT_EQ(drain(lines), (Lines{"", "", ""}));
}

TEST(Framing, KeepsEmbeddedNul) {
  LineBuffer lines;
  feed(lines, std::string_view("a\0b\n\0\n", 6));
  EXPECT_EQ(drain(lines), (Lines{std::string("a\0b", 3), std::string("\0", 1)}));
}

TEST(Framing, SaysNothingBeforeTheLineEnds) {
  LineBuffer lines;
  EXPECT_EQ(lines.next_line().value(), std::nullopt);
  feed(lines, "half\r");
  EXPECT_EQ(lines.next_line().value(), std::nullopt);
  EXPECT_EQ(lines.next_line().value(), std::nullopt);
  feed(lines, "\n");
  EXPECT_EQ(lines.next_line().value(), "half");
  EXPECT_EQ(lines.next_line().value(), std::nullopt);
}

TEST(Framing, GivesTheSameLinesForPiecesOfEverySize) {
  std::string data;
  Lines expected;
  for (std::size_t i = 0; i < 60; ++i) {
    expected.emplace_back(i * 7 % 97, static_cast<char>('a' + i % 26));
    data += expected.back() + (i % 3 == 0 ? "\n" : "\r\n");
  }
  for (std::size_t piece = 1; piece <= data.size(); ++piece) {
    ASSERT_EQ(in_pieces(data, piece), expected) << piece << " bytes at a time";
  }
}

TEST(Framing, LooksAtEachByteOfALongLineOnceHoweverSmallThePieces) {
  constexpr std::size_t size = 250'000;
  const std::string line(size, 'x');
  bytes_searched = bytes_moved = 0;
  const Lines out = in_pieces(line + "\r\n", 1);
  const std::size_t searched = bytes_searched;
  const std::size_t moved = bytes_moved;
  ASSERT_EQ(out, Lines{line});
  EXPECT_GE(searched, size) << "the count saw nothing: the framing searches by other means now";
  EXPECT_LE(searched, size + 2);
  EXPECT_LE(moved, size);
}

TEST(Framing, MovesBytesNoMoreThanTwiceInAStreamOfManyLines) {
  std::string data;
  for (int i = 0; i < 20'000; ++i)
    data += std::string(static_cast<std::size_t>(i) % 50, 'x') + "\n";
  for (const std::size_t piece : {1U, 7U, 4096U}) {
    bytes_searched = bytes_moved = 0;
    ASSERT_EQ(in_pieces(data, piece).size(), 20'000U);
    EXPECT_LE(bytes_moved, 2 * data.size()) << piece << " bytes at a time";
    // A search goes to the end of what is there; each byte behind the found line is seen again.
    EXPECT_LE(bytes_searched, data.size() * (piece / 4 + 2)) << piece << " bytes at a time";
  }
}

TEST(Framing, BufferStaysSmallWhenLinesAreTakenAsTheyCome) {
  LineBuffer lines;
  for (int i = 0; i < 10'000; ++i) {
    feed(lines, "tail\n");
    feed(lines, "head");  // there is always an unfinished line
    ASSERT_EQ(drain(lines).size(), 1U);
    feed(lines, "\n");
    ASSERT_EQ(drain(lines), Lines{"head"});
  }
  EXPECT_LT(lines.prepare(1).size(), 4096U);
}

TEST(Framing, RefusesALineLongerThanTheCap) {
  LineBuffer lines(8);
  feed(lines, "12345678");
  EXPECT_EQ(lines.next_line().value(), std::nullopt);
  feed(lines, "9");
  const auto refused = lines.next_line();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), Errc::bad_peer);
  EXPECT_EQ(lines.next_line().ok(), false) << "a second look must not find a line";
}

TEST(Framing, TakesALineOfExactlyTheCap) {
  LineBuffer lines(8);
  feed(lines, "12345678\n");
  EXPECT_EQ(lines.next_line().value(), "12345678");
}

TEST(Framing, RefusesALineLongerThanTheCapEvenWhenItCameWhole) {
  LineBuffer lines(8);
  feed(lines, "123456789\n");
  EXPECT_EQ(lines.next_line().error().code(), Errc::bad_peer);
}

TEST(Framing, CapsLinesNotTheStream) {
  LineBuffer lines(8);
  for (int i = 0; i < 100; ++i) {
    feed(lines, "1234567\n1234\n");
    EXPECT_EQ(drain(lines).size(), 2U);
  }
}

TEST(Framing, TakesWhatALongSchemaReplyNeeds) {
  LineBuffer lines;
  const std::string line(std::size_t{1} << 20, 'x');
  feed(lines, line + "\n");
  EXPECT_EQ(lines.next_line().value(), line);
}

}  // namespace
}  // namespace qmpshot::qmp
