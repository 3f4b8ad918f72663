// SPDX-License-Identifier: MIT
// Time, and memory that is in no cache.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <span>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace qmpshot::bench {

// What passes between two of these is one's own work and that of programs one started and waited
// for, not the waiting for a core: on a busy machine it is what remains comparable.
inline double cpu_milliseconds() {
  timespec own{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
  rusage children{};
  getrusage(RUSAGE_CHILDREN, &children);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return static_cast<double>(own.tv_sec) * 1e3 + static_cast<double>(own.tv_nsec) / 1e6 +
         ms(children.ru_utime) + ms(children.ru_stime);
}

template <class Work>
double milliseconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

inline double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

// Puts `bytes` out of every cache. Where the CPU has no instruction for it, by reading and writing
// 64 MiB of something else.
inline void evict(std::span<const std::byte> bytes) {
#if defined(__x86_64__)
  for (std::size_t i = 0; i < bytes.size(); i += 64) _mm_clflush(bytes.data() + i);
  _mm_mfence();
#else
  static std::vector<unsigned char> other(std::size_t{64} << 20);
  for (std::size_t i = 0; i < other.size(); i += 64) ++other[i];
  static_cast<void>(bytes);
#endif
}

}  // namespace qmpshot::bench
