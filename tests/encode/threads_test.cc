// SPDX-License-Identifier: MIT
#include "encode/threads.h"

#include "tests/support/sanitizers.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <mutex>
#include <new>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace qmpshot::encode {
namespace {

std::function<Part()> each_does(const std::function<void(std::size_t)>& part) {
  return [part] { return Part(part); };
}

TEST(Threads, AllWorkAtOnceTheCallingOneAmongThem) {
  std::latch all_there(4);  // nobody goes on before all have come
  std::mutex guard;
  std::set<std::thread::id> seen;
  do_parts(4, 4, each_does([&](std::size_t) {
             all_there.arrive_and_wait();
             const std::lock_guard lock(guard);
             seen.insert(std::this_thread::get_id());
           }));
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_TRUE(seen.contains(std::this_thread::get_id()));
}

TEST(Threads, EachPartIsDoneOnce) {
  for (const unsigned threads : {0U, 1U, 3U, 100U}) {
    for (const std::size_t count : {0U, 1U, 2U, 57U}) {
      std::vector<std::atomic<int>> done(count);
      do_parts(count, threads, each_does([&](std::size_t i) { ++done[i]; }));
      for (const auto& times : done) EXPECT_EQ(times, 1);
    }
  }
}

TEST(Threads, OneDoesThemInOrderOnTheCallingOne) {
  const auto caller = std::this_thread::get_id();
  std::vector<std::size_t> order;
  do_parts(3, 1, each_does([&](std::size_t i) {
             EXPECT_EQ(std::this_thread::get_id(), caller);
             order.push_back(i);
           }));
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2}));
}

TEST(Threads, WhatAPartThrowsIsThrown) {
  for (const unsigned threads : {1U, 3U}) {
    EXPECT_THROW(do_parts(9, threads, each_does([](std::size_t i) {
                            if (i == 4) throw std::runtime_error("a part");
                          })),
                 std::runtime_error);
  }
}

// What others have no memory for is done when they have ended, and returned theirs.
TEST(Threads, PartsWithoutMemoryAreDoneAgainByTheCallingOne) {
  const auto caller = std::this_thread::get_id();
  std::latch all_there(3);
  std::vector<std::atomic<int>> done(3);
  std::vector<std::atomic<int>> begun(3);
  do_parts(3, 3, each_does([&](std::size_t i) {
             if (begun[i]++ == 0) all_there.arrive_and_wait();
             if (std::this_thread::get_id() != caller) throw std::bad_alloc();
             ++done[i];
           }));
  for (const auto& times : done) EXPECT_EQ(times, 1);
  const auto fails_always = [](std::size_t i) {
    if (i == 2) throw std::bad_alloc();
  };
  EXPECT_THROW(do_parts(3, 3, each_does(fails_always)), std::bad_alloc);
}

TEST(Threads, AThreadThatCannotStartItsWorkLeavesItToTheOthers) {
  const auto caller = std::this_thread::get_id();
  std::atomic<int> done = 0;
  do_parts(20, 3, [&]() -> Part {
    if (std::this_thread::get_id() != caller) throw std::bad_alloc();
    return [&](std::size_t) { ++done; };
  });
  EXPECT_EQ(done, 20);
}

// Where the system has no more threads, in a process of its own.
TEST(Threads, FewerWillDo) {
  QMPSHOT_REQUIRE_MEMORY_LIMITS();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit little = {std::size_t{64} << 20U, std::size_t{64} << 20U};  // few stacks of 8 MB
    if (::setrlimit(RLIMIT_AS, &little) != 0) ::_exit(2);
    std::atomic<int> done = 0;
    try {
      do_parts(100, 100, each_does([&](std::size_t) { ++done; }));
    } catch (...) {
      ::_exit(3);
    }
    ::_exit(done == 100 ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Threads, NewOnesTakeNoSignals) {
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  const auto caller = std::this_thread::get_id();
  std::latch all_there(3);
  std::atomic<int> blocked = 0;
  do_parts(3, 3, each_does([&](std::size_t) {
             all_there.arrive_and_wait();
             sigset_t now;
             ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
             if (std::this_thread::get_id() == caller) {
               EXPECT_EQ(::sigismember(&now, SIGTERM), ::sigismember(&before, SIGTERM));
             } else {
               blocked += ::sigismember(&now, SIGTERM);
             }
           }));
  EXPECT_EQ(blocked, 2);
}

TEST(Threads, AreNoMoreThanTheCpusThatWeMayUse) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(usable_threads(), static_cast<unsigned>(std::min(CPU_COUNT(&before), 8)));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_threads(), 1U);
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

}  // namespace
}  // namespace qmpshot::encode
