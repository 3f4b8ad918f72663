// SPDX-License-Identifier: MIT
#include "encode/threads.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

namespace qmpshot::encode {
namespace {

TEST(Threads, AllRunAtOnceTheCallingOneAmongThem) {
  std::latch all_there(4);  // nobody goes on before all have come
  std::mutex guard;
  std::set<std::thread::id> seen;
  run_on_threads(4, [&] {
    all_there.arrive_and_wait();
    const std::lock_guard lock(guard);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_TRUE(seen.contains(std::this_thread::get_id()));
}

TEST(Threads, OneIsTheCallingOne) {
  std::thread::id seen;
  run_on_threads(1, [&] { seen = std::this_thread::get_id(); });
  EXPECT_EQ(seen, std::this_thread::get_id());
}

TEST(Threads, WhatOneThrowsIsThrownWhenAllHaveEnded) {
  std::atomic<int> next = 0;
  std::atomic<int> ended = 0;
  const auto work = [&] {
    if (next++ == 1) throw std::runtime_error("no memory");
    ++ended;
  };
  EXPECT_THROW(run_on_threads(3, work), std::runtime_error);
  EXPECT_EQ(ended, 2);
}

TEST(Threads, NewOnesTakeNoSignals) {
  sigset_t before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  const auto caller = std::this_thread::get_id();
  std::atomic<int> blocked = 0;
  run_on_threads(3, [&] {
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    if (std::this_thread::get_id() == caller) {
      EXPECT_EQ(::sigismember(&now, SIGTERM), ::sigismember(&before, SIGTERM));
    } else {
      blocked += ::sigismember(&now, SIGTERM);
    }
  });
  EXPECT_EQ(blocked, 2);
}

TEST(Threads, AreNoMoreThanTheCpusThatWeMayUse) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(usable_threads(), static_cast<unsigned>(CPU_COUNT(&before)));
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
