// SPDX-License-Identifier: MIT
#include "encode/threads.h"

#include "encode/signals_held.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace qmpshot::encode {
namespace {

constexpr int most_threads = 8;

// As many as there are to be had.
std::vector<std::jthread> start_threads(std::size_t count, const std::function<void()>& work) {
  std::vector<std::jthread> threads;
  const SignalsHeld held;
  try {
    threads.reserve(count);
    while (threads.size() < count) threads.emplace_back(work);
  } catch (const std::system_error&) {  // a limit of the user's or the system's
  } catch (const std::bad_alloc&) {
  }
  return threads;
}

// The parts of one do_parts().
class Parts {
 public:
  Parts(std::size_t count, const std::function<Part()>& start) : done_(count), start_(&start) {}

  // Those that nobody has begun, on this thread.
  void take() {
    const Part part = (*start_)();
    for (std::size_t i = next_++; i < done_.size(); i = next_++) {
      if (done_[i] != 0) continue;
      part(i);
      done_[i] = 1;
    }
  }

  // The same where others do some at the same time.
  void share() noexcept {
    try {
      take();
    } catch (const std::bad_alloc&) {  // finish() may have the memory that others now use
    } catch (...) {
      next_ = done_.size();
      const std::lock_guard lock(guard_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void finish() {
    if (failure_) std::rethrow_exception(failure_);
    next_ = 0;
    if (!std::ranges::all_of(done_, [](char done) { return done != 0; })) take();
  }

 private:
  std::atomic<std::size_t> next_ = 0;
  std::vector<char> done_;  // not bool: each is written by a thread of its own
  const std::function<Part()>* start_;
  std::mutex guard_;
  std::exception_ptr failure_;
};

}  // namespace

unsigned usable_threads() noexcept {
  cpu_set_t set;
  const bool is_known = ::sched_getaffinity(0, sizeof set, &set) == 0;
  if (!is_known) return most_threads;  // more CPUs than a set can say
  return static_cast<unsigned>(std::min(CPU_COUNT(&set), most_threads));
}

void do_parts(std::size_t count, unsigned threads, const std::function<Part()>& start) {
  Parts parts(count, start);
  if (std::min<std::size_t>(threads, count) <= 1) return parts.take();
  {
    const auto others =
        start_threads(std::min<std::size_t>(threads, count) - 1, [&parts] { parts.share(); });
    parts.share();
  }
  parts.finish();
}

}  // namespace qmpshot::encode
