// SPDX-License-Identifier: MIT
#include "qmp/fd_passing.h"

#include "tests/support/sockets.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace qmpshot::qmp {
namespace {

using test::read_all;
using test::receive;
using test::Received;
using test::same_file;
using test::socket_pair;
using test::some_file;
using test::Stream;

TEST(FdPassing, AWordAndADescriptorArriveTogether) {
  const auto [ours, theirs] = socket_pair();
  const UniqueFd file = some_file();
  EXPECT_EQ(send_with_fd(ours.get(), "word", file.get()).value(), 4U);
  const Received got = receive(theirs.get(), 100);
  EXPECT_EQ(got.bytes, "word");
  ASSERT_EQ(got.descriptors.size(), 1U);
  EXPECT_TRUE(same_file(got.descriptors[0].get(), file.get()));
}

TEST(FdPassing, TheDescriptorStaysOurs) {
  const auto [ours, theirs] = socket_pair();
  const UniqueFd file = some_file();
  (void)send_with_fd(ours.get(), "word", file.get()).value();
  EXPECT_EQ(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
}

TEST(FdPassing, AWordAloneCarriesNothing) {
  const auto [ours, theirs] = socket_pair();
  EXPECT_EQ(send_with_fd(ours.get(), "word", -1).value(), 4U);
  const Received got = receive(theirs.get(), 100);
  EXPECT_EQ(got.bytes, "word");
  EXPECT_TRUE(got.descriptors.empty());
}

TEST(FdPassing, AFullSocketTakesNothingAndKeepsNothing) {
  const auto [ours, theirs] = socket_pair();
  const std::string block(1 << 16, 'x');
  while (send_with_fd(ours.get(), block, -1).value()) {
  }
  const UniqueFd file = some_file();
  EXPECT_EQ(send_with_fd(ours.get(), "word", file.get()).value(), std::nullopt);
  while (::recv(theirs.get(), std::string(1 << 16, 0).data(), 1 << 16, MSG_DONTWAIT) > 0) {
  }
  EXPECT_EQ(send_with_fd(ours.get(), "word", file.get()).value(), 4U);
  const Received got = receive(theirs.get(), 100);
  EXPECT_EQ(got.bytes, "word");
  EXPECT_EQ(got.descriptors.size(), 1U);
}

TEST(FdPassing, AShortSendHasSentTheDescriptorOnce) {
  const auto [ours, theirs] = socket_pair();
  const UniqueFd file = some_file();
  const std::string block(8 << 20, 'x');
  const std::size_t sent = send_with_fd(ours.get(), block, file.get()).value().value();
  ASSERT_LT(sent, block.size());
  std::size_t got_bytes = 0;
  std::size_t got_descriptors = 0;
  while (got_bytes < sent) {
    const Received got = receive(theirs.get(), 1 << 16);
    ASSERT_FALSE(got.bytes.empty());
    got_bytes += got.bytes.size();
    got_descriptors += got.descriptors.size();
  }
  EXPECT_EQ(got_bytes, sent);
  EXPECT_EQ(got_descriptors, 1U);
}

TEST(FdPassing, APeerThatLeftIsAnErrorAndNoSignal) {
  auto [ours, theirs] = socket_pair();
  { const UniqueFd gone = std::move(theirs); }
  const auto result = send_with_fd(ours.get(), "word", -1);  // SIGPIPE would end the test program
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::connection_lost);
  EXPECT_EQ(result.error().message(), "sending to the monitor: Broken pipe");
}

TEST(FdPassing, AHeldWordIsFollowedByTwoBlanksWithDescriptors) {
  const auto [ours, theirs] = socket_pair();
  const UniqueFd file = some_file();
  const UniqueFd release = some_file();
  EXPECT_EQ(send_held(ours.get(), "word", file.get(), release.get()).value(), 4U);
  for (const auto& [bytes, fd] :
       {std::pair("word", file.get()), std::pair(" ", ours.get()), std::pair(" ", release.get())}) {
    const Received got = receive(theirs.get(), 100);
    EXPECT_EQ(got.bytes, bytes);
    ASSERT_EQ(got.descriptors.size(), 1U);
    EXPECT_TRUE(same_file(got.descriptors[0].get(), fd));
  }
}

// What a peer that reads nothing has room for is commands.
TEST(FdPassing, WhereTheSocketIsHalfFullAWordIsNotHeld) {
  const UniqueFd release = some_file();
  const auto [ours, theirs] = socket_pair();
  const std::string block(1000, 'x');
  std::size_t held = 0;
  std::size_t sent = 0;
  while (send_held(ours.get(), block, -1, release.get()).value() == block.size()) ++sent;
  const Stream all = read_all(theirs.get());
  held = all.descriptors.size() / 2;
  EXPECT_EQ(std::ranges::count(all.bytes, ' '), 2 * static_cast<std::ptrdiff_t>(held));
  EXPECT_GT(held, sent / 10);
  EXPECT_LT(held, sent * 2 / 3);
  EXPECT_TRUE(all.bytes.ends_with('x'));
  EXPECT_FALSE(all.ended);
}

// However full the socket is: what holds the connection is never all that is there, and what was
// said to have gone went.
TEST(FdPassing, WhoReadsAllOfItSeesUsLeave) {
  const UniqueFd release = some_file();
  std::set<std::string> outcomes;
  for (std::size_t unread = 0; unread < 8; ++unread) {
    for (std::size_t size = 1; size < 8192; size += 255) {
      auto [ours, theirs] = socket_pair();
      const int small = 4096;
      ASSERT_EQ(::setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
      for (std::size_t i = 0; i < unread; ++i) (void)send_with_fd(ours.get(), "x", -1).value();
      const auto sent = send_held(ours.get(), std::string(size, 'w'), -1, release.get()).value();
      Stream before = read_all(theirs.get());
      EXPECT_EQ(std::ranges::count(before.bytes, 'w'), sent.value_or(0));
      const auto blanks = std::ranges::count(before.bytes, ' ');
      EXPECT_EQ(before.ended, blanks == 1) << unread << " " << size;
      outcomes.insert(std::to_string(blanks) + " blanks");
      before.descriptors.clear();  // as QEMU does when the second blank's comes
      ours = UniqueFd();
      EXPECT_TRUE(read_all(theirs.get()).ended) << unread << " " << size;
    }
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"0 blanks", "1 blanks", "2 blanks"}));
}

}  // namespace
}  // namespace qmpshot::qmp
