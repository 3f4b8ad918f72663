// SPDX-License-Identifier: MIT
#include "encode/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace qmpshot::encode {
namespace {

// While it lives, what this thread starts takes no signals: they are for threads of the caller's.
class SignalsHeld {
 public:
  SignalsHeld() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

// As many as there are to be had.
std::vector<std::jthread> start(unsigned count, const std::function<void()>& work) {
  std::vector<std::jthread> threads;
  threads.reserve(count);
  const SignalsHeld held;
  try {
    while (threads.size() < count) threads.emplace_back(work);
  } catch (const std::system_error&) {  // a limit of the user's or the system's
  }
  return threads;
}

}  // namespace

unsigned usable_threads() noexcept {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;  // more CPUs than a set has
  return static_cast<unsigned>(CPU_COUNT(&set));
}

void run_on_threads(unsigned threads, const std::function<void()>& work) {
  if (threads <= 1) return work();
  std::mutex guard;
  std::exception_ptr failure;
  const auto guarded = [&] {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!failure) failure = std::current_exception();
    }
  };
  {
    const std::vector<std::jthread> others = start(threads - 1, guarded);
    guarded();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace qmpshot::encode
