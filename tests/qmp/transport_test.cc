// SPDX-License-Identifier: MIT
#include "qmp/transport.h"

#include "tests/support/await.h"
#include "tests/support/deadlines.h"
#include "tests/support/sockets.h"

#include <asio/post.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace qmpshot::qmp {
namespace {

using namespace std::chrono_literals;
using test::brief;
using test::has_left;
using test::patient;
using test::read_all;
using test::receive;
using test::Received;
using test::run;
using test::run_and_cancel;
using test::same_file;
using test::socket_pair;

// Without what send() puts behind a message.
std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}
// Whether blanks stand nowhere but behind messages.
bool are_behind_messages(const std::string& text) {
  for (std::size_t at = text.find(' '); at != std::string::npos; at = text.find(' ', at + 1)) {
    if (at == 0 || (text[at - 1] != '\n' && text[at - 1] != ' ')) return false;
  }
  return true;
}

class TransportTest : public testing::Test {
 protected:
  TransportTest() {
    auto [ours, theirs] = socket_pair();
    transport_.emplace(io_.get_executor(), std::move(ours));
    peer_ = std::move(theirs);
  }
  void peer_says(std::string_view bytes) const {
    ASSERT_EQ(::send(peer_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  Result<std::string_view> receive_line(Deadline deadline = patient()) {
    return run(io_, transport_->receive_line(deadline));
  }
  Result<void> send(std::string_view bytes, int fd, Deadline deadline = patient()) {
    return run(io_, transport_->send(bytes, fd, deadline));
  }

  asio::io_context io_;
  std::optional<Transport> transport_;
  UniqueFd peer_;
};

TEST_F(TransportTest, ReceivesLinesThatCameTogether) {
  peer_says("one\r\ntwo\n");
  EXPECT_EQ(receive_line().value(), "one");
  EXPECT_EQ(receive_line().value(), "two");
}

TEST_F(TransportTest, HeardAPeerThatSaidAnything) {
  EXPECT_FALSE(transport_->heard());
  peer_says("x");
  EXPECT_EQ(receive_line(brief()).error().code(), Errc::timed_out);
  EXPECT_TRUE(transport_->heard());
}

TEST_F(TransportTest, HeardAPeerWhoseWordsNobodyReceived) {
  ASSERT_EQ(::send(peer_.get(), "x", 1, 0), 1);
  EXPECT_EQ(receive_line(Deadline::after(0ms)).error().code(), Errc::timed_out);
  EXPECT_TRUE(transport_->heard());
}

TEST_F(TransportTest, KeepsHalfALineAcrossATimeout) {
  peer_says("first ");
  EXPECT_EQ(receive_line(brief()).error().code(), Errc::timed_out);
  peer_says("second\n");
  EXPECT_EQ(receive_line().value(), "first second");
}

TEST_F(TransportTest, ASilentPeerTimesOutInTheCallersWords) {
  const auto result = receive_line(Deadline::after(20ms));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), Errc::timed_out);
  EXPECT_EQ(result.error().message(),
            "no answer within 0.02 s: QEMU is stopped, or its main loop is busy");
}

TEST_F(TransportTest, ATimeoutThatPassedAlreadyIsStillATimeout) {
  EXPECT_EQ(receive_line(Deadline::after(0ms)).error().code(), Errc::timed_out);
  EXPECT_EQ(receive_line(Deadline::after(-5s)).error().code(), Errc::timed_out);
}

TEST_F(TransportTest, AnEndlessTimeoutIsLongNotPast) {
  EXPECT_FALSE(Deadline::after(std::chrono::milliseconds::max()).passed());
  EXPECT_TRUE(Deadline::after(std::chrono::milliseconds::min()).passed());
  std::jthread peer([this] { peer_says("late\n"); });
  EXPECT_EQ(receive_line(Deadline::after(std::chrono::milliseconds::max())).value(), "late");
  peer.join();
}

TEST_F(TransportTest, APeerThatNeverEndsItsLineCannotOutrunTheDeadline) {
  std::jthread peer([this] {
    while (::send(peer_.get(), "x", 1, MSG_NOSIGNAL) == 1) {
    }
  });
  EXPECT_EQ(receive_line(Deadline::after(200ms)).error().code(), Errc::timed_out);
  transport_.reset();
  peer.join();
}

TEST_F(TransportTest, APeerThatClosedIsLostAfterItsLastLine) {
  peer_says("last\nhalf");
  peer_ = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));  // closes the socket
  EXPECT_EQ(receive_line().value(), "last");
  EXPECT_EQ(receive_line().error().code(), Errc::connection_lost);
  EXPECT_EQ(receive_line().error().code(), Errc::connection_lost);
}

TEST_F(TransportTest, APeerThatClosedWithoutReadingIsLostToo) {
  send("unread", -1).value();
  peer_ = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(receive_line().error().code(), Errc::connection_lost);
  EXPECT_EQ(send("more", -1).error().code(), Errc::connection_lost);
}

TEST_F(TransportTest, APeerThatTalksWithoutLineEndsIsNoQemu) {
  std::jthread peer([this] {
    const std::string block(1 << 20, 'x');
    while (::send(peer_.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  EXPECT_EQ(receive_line().error().code(), Errc::bad_peer);
  transport_.reset();
  peer.join();
}

TEST_F(TransportTest, SendsALongMessageInPartsAndItsDescriptorOnce) {
  const UniqueFd file(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const std::string message(8 << 20, 'x');
  std::size_t got_bytes = 0;
  int got_descriptors = 0;
  std::jthread peer([&] {
    while (got_bytes < message.size()) {
      const Received got = receive(peer_.get(), 1 << 16);
      if (got.bytes.empty()) break;
      got_bytes += without_blanks(got.bytes).size();
      for (const UniqueFd& fd : got.descriptors) {
        got_descriptors += same_file(fd.get(), file.get()) ? 1 : 0;
      }
    }
  });
  send(message, file.get()).value();
  peer.join();
  EXPECT_EQ(got_bytes, message.size());
  EXPECT_EQ(got_descriptors, 1);
}

TEST_F(TransportTest, APeerThatReadsNothingTimesOutTheSender) {
  EXPECT_EQ(send(std::string(8 << 20, 'x'), -1, brief()).error().code(), Errc::timed_out);
}

// What QEMU reads is one stream: half a command in front of the next would spoil both.
TEST_F(TransportTest, AMessageCutByATimeoutIsEndedBeforeTheNextBegins) {
  const std::string first = std::string(8 << 20, 'a') + "\n";
  ASSERT_EQ(send(first, -1, brief()).error().code(), Errc::timed_out);
  std::string got;
  std::jthread peer([&] {
    while (!got.ends_with("next\n")) {
      const Received part = receive(peer_.get(), 1 << 16);
      if (part.bytes.empty()) break;
      got += part.bytes;
      while (got.ends_with(' ')) got.pop_back();  // may come behind "next"
    }
  });
  send("next\n", -1).value();
  peer.join();
  EXPECT_TRUE(are_behind_messages(got));
  EXPECT_TRUE(without_blanks(got) == first + "next\n");
}

TEST_F(TransportTest, AMessageCutByATimeoutIsEndedBeforeLeaving) {
  const std::string message = std::string(8 << 20, 'a') + "\n";
  ASSERT_EQ(send(message, -1, brief()).error().code(), Errc::timed_out);
  std::string got;
  std::jthread peer([&] {
    for (;;) {
      const Received part = receive(peer_.get(), 1 << 16);
      if (part.bytes.empty()) break;
      got += part.bytes;
    }
    peer_ = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  });
  run(io_, transport_->finish(patient())).value();
  peer.join();
  EXPECT_TRUE(are_behind_messages(got));
  EXPECT_TRUE(without_blanks(got) == message);
}

TEST_F(TransportTest, AMessageOfWhichNothingWentOutIsForgotten) {
  const std::string block(1 << 16, 'a');
  while (::send(transport_->native_handle(), block.data(), block.size(), MSG_DONTWAIT) > 0) {
  }
  ASSERT_EQ(send("late\n", -1, brief()).error().code(), Errc::timed_out);
  while (::recv(peer_.get(), std::string(1 << 16, 0).data(), 1 << 16, MSG_DONTWAIT) > 0) {
  }
  send("next\n", -1).value();
  EXPECT_EQ(without_blanks(receive(peer_.get(), 100).bytes), "next\n");
}

// As where this process is killed: the kernel closes what it has, and nobody hangs up.
TEST_F(TransportTest, ClosedItLivesUntilThePeerHasReadWhatWasSent) {
  send("a command\n", -1).value();
  transport_.reset();
  EXPECT_FALSE(has_left(peer_.get()));
  std::string got;
  std::vector<UniqueFd> kept;  // as QEMU keeps what came last
  while (got.find("\n  ") == std::string::npos) {
    EXPECT_FALSE(has_left(peer_.get())) << got;
    Received part = receive(peer_.get(), 1);
    ASSERT_FALSE(part.bytes.empty());
    got += part.bytes;
    if (!part.descriptors.empty()) kept = std::move(part.descriptors);
  }
  EXPECT_EQ(got, "a command\n  ");
  EXPECT_TRUE(has_left(peer_.get()));
}

TEST_F(TransportTest, WhoHangsUpHasLeftWhateverIsUnread) {
  send("a command\n", -1).value();
  transport_->hang_up();
  transport_.reset();
  EXPECT_TRUE(has_left(peer_.get()));
}

TEST_F(TransportTest, WhoHalfClosesHasLeftWhenAllIsReadThoughNothingReleasesIt) {
  send("a command\n", -1).value();
  EXPECT_TRUE(transport_->half_close());
  transport_.reset();
  EXPECT_FALSE(has_left(peer_.get()));
  const auto stream = read_all(peer_.get());
  EXPECT_TRUE(stream.ended);
  EXPECT_EQ(stream.descriptors.size(), 2U);
}

TEST_F(TransportTest, TheEndOfACutMessageHoldsToo) {
  const int small = 4096;
  ASSERT_EQ(::setsockopt(transport_->native_handle(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small),
            0);
  ASSERT_EQ(send(std::string(20000, 'a') + "\n", -1, brief()).error().code(), Errc::timed_out);
  std::string got;
  while (transport_->has_unsent()) {
    got = read_all(peer_.get()).bytes;
    ASSERT_FALSE(got.empty());
    (void)run(io_, transport_->flush(brief()));
  }
  transport_.reset();
  EXPECT_FALSE(has_left(peer_.get()));
  EXPECT_TRUE(read_all(peer_.get()).bytes.ends_with("a\n  "));
}

TEST_F(TransportTest, TheFrontOfAMessageHoldsNothing) {
  run(io_, transport_->send_front("the front", patient())).value();
  transport_.reset();
  EXPECT_TRUE(has_left(peer_.get()));
  EXPECT_EQ(receive(peer_.get(), 100).bytes, "the front");
}

// QEMU makes each descriptor blocking that it gets, and with it ours.
TEST_F(TransportTest, ASocketThatBecameBlockingStillKeepsTheDeadline) {
  const int socket = transport_->native_handle();
  ASSERT_EQ(::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) & ~O_NONBLOCK), 0);
  EXPECT_EQ(receive_line(brief()).error().code(), Errc::timed_out);
  EXPECT_EQ(send(std::string(8 << 20, 'x'), -1, brief()).error().code(), Errc::timed_out);
}

TEST_F(TransportTest, CancellationEndsEachWait) {
  EXPECT_EQ(run_and_cancel(io_, transport_->receive_line(patient()), 1).error().code(),
            Errc::cancelled);
  peer_says("still here\n");
  EXPECT_EQ(receive_line().value(), "still here");
  const std::string message(8 << 20, 'x');
  EXPECT_EQ(run_and_cancel(io_, transport_->send(message, -1, patient()), 1).error().code(),
            Errc::cancelled);
}

TEST_F(TransportTest, ALoopThatEndsFirstTakesTheWaitWithIt) {
  auto io = std::make_unique<asio::io_context>();
  auto [ours, theirs] = socket_pair();
  auto wait = [](asio::any_io_executor executor, UniqueFd socket) -> asio::awaitable<void> {
    Transport transport(executor, std::move(socket));
    co_await transport.receive_line(Deadline::after(60s));
  };
  {
    asio::co_spawn(*io, wait(io->get_executor(), std::move(ours)), [](std::exception_ptr) {});
    io->run_one();
  }
  io.reset();
  EXPECT_TRUE(receive(theirs.get(), 1).bytes.empty()) << "our end must be closed";
}

}  // namespace
}  // namespace qmpshot::qmp
