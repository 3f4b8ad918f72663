// SPDX-License-Identifier: MIT
#include "capture/leftovers.h"

#include "capture/frame_slot.h"
#include "capture/owner.h"
#include "qmp/commands.h"
#include "tests/fake/fake_qemu.h"
#include "tests/support/await.h"
#include "tests/support/sockets.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <regex>
#include <string>
#include <vector>

namespace qmpshot::capture {
namespace {

const qmp::Deadline soon() {
  return qmp::Deadline::after(std::chrono::seconds(20));
}

// The PID of a process that is no more.
pid_t gone() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return child;
}

// Our own tag, with something else where our PID stands.
std::string with_pid_text(const std::string& text) {
  const std::string ours = std::to_string(::getpid());
  std::string tag = set_tag();
  return tag.replace(tag.find(ours), ours.size(), text);
}

std::string with_pid(pid_t pid) {
  return with_pid_text(std::to_string(pid));
}

asio::awaitable<void> lend_and_reclaim(qmp::Client& client, std::string tag, UniqueFd memory) {
  co_await client.handshake(soon());
  std::vector<qmp::Command> commands;
  commands.push_back(qmp::add_fd(7, tag));
  co_await client.execute_all(std::move(commands), memory.get(), soon());
  memory = UniqueFd();
  co_await reclaim_leftovers(client, soon());
}

// How many descriptors a QEMU holds that was lent a memfd of this name under `tag`, and was then
// cleaned up.
std::size_t left_of(const std::string& tag, const std::string& memory_name = "x") {
  test::FakeQemu fake;
  UniqueFd memory(::memfd_create(memory_name.c_str(), MFD_CLOEXEC));
  asio::io_context io;
  qmp::Client client(io.get_executor(), fake.connect());  // the last one's leaving frees the sets
  test::run(io, lend_and_reclaim(client, tag, std::move(memory))).value();
  return fake.descriptors();
}

TEST(Owner, IsProcessAndNamespace) {
  EXPECT_TRUE(std::regex_match(set_tag(), std::regex(R"(qmpshot \d+( pid:\[\d+\])?)")))
      << set_tag();
  EXPECT_EQ(owner_in_tag(set_tag()), owner_in_name(memory_name()));
  EXPECT_EQ(owner_in_tag("other 1"), std::nullopt);
  EXPECT_EQ(owner_in_name(set_tag()), std::nullopt);
}

TEST(ReclaimLeftovers, TakesWhatADeadProcessOfOursLent) {
  EXPECT_EQ(left_of(with_pid(gone())), 0u);
}

TEST(ReclaimLeftovers, LeavesWhatALivingProcessLent) {
  EXPECT_EQ(left_of(set_tag()), 1u);
  EXPECT_EQ(left_of(with_pid(1)), 1u);
}

TEST(ReclaimLeftovers, LeavesWhatOthersLent) {
  const std::string dead = std::to_string(gone());
  for (const std::string& tag :
       {std::string(), std::string("libvirt"),
        "qmpshot " + dead + " pid:[1]",  // of another PID namespace
        "qmpshot " + dead + " ?", "other" + with_pid(gone()), with_pid_text("x"), with_pid_text(""),
        with_pid_text("-" + dead), with_pid_text("99999999999999999999")}) {
    EXPECT_EQ(left_of(tag), 1u) << tag;
  }
}

TEST(ReclaimLeftovers, KnowsASetWithoutATagByItsMemory) {
  std::string dead = memory_name();
  const std::string us = std::to_string(::getpid());
  dead.replace(dead.find(us), us.size(), std::to_string(gone()));
  EXPECT_EQ(left_of("", dead), 0U);
  EXPECT_EQ(left_of("", memory_name()), 1U);
  EXPECT_EQ(left_of("", "other" + dead), 1U);
  EXPECT_EQ(left_of("", dead + " pid:[1]"), 1U);
  EXPECT_EQ(left_of("", dead + std::string(120, ' ')), 1U);
  EXPECT_EQ(left_of("libvirt", dead), 1U);
}

TEST(HoldsFrameMemory, LooksAtTheProcessAtTheOtherEnd) {
  const auto [mine, other] = test::socket_pair();  // the peer is this very process
  EXPECT_EQ(holds_frame_memory(mine.get()), false);
  const FrameSlot slot = FrameSlot::create().value();
  EXPECT_EQ(holds_frame_memory(mine.get()), true);
}

// As QEMU has of a VM with many disks: they come in several pieces.
TEST(HoldsFrameMemory, LooksAtManyDescriptors) {
  const auto [mine, other] = test::socket_pair();
  std::vector<UniqueFd> many;
  while (many.size() < 600) many.emplace_back(::dup(mine.get()));
  ASSERT_TRUE(many.back());
  EXPECT_EQ(holds_frame_memory(mine.get()), false);
  const FrameSlot slot = FrameSlot::create().value();
  EXPECT_EQ(holds_frame_memory(mine.get()), true);
}

TEST(HoldsFrameMemory, DoesNotKnowWhereThereIsNoSocket) {
  EXPECT_EQ(holds_frame_memory(-1), std::nullopt);
}

TEST(PeerOf, IsTheUserAndProcessThatListened) {
  const auto [mine, other] = test::socket_pair();
  const std::optional<Peer> peer = peer_of(mine.get());
  ASSERT_TRUE(peer.has_value());
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::geteuid());
}

}  // namespace
}  // namespace qmpshot::capture
