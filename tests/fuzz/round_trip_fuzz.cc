// SPDX-License-Identifier: MIT
// The long form of the gate: as many frames as asked for, each through every lossless encoder on
// every CPU target and back. A finding prints its seed and ends the run; the seed makes it again.
//
//   round_trip_fuzz [CASES] [FIRST_SEED]   the digest of all files is the same on every machine
#include "encode/kernels.h"
#include "tests/support/round_trip.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  using qmpshot::encode::cpu_targets;
  const std::uint64_t cases = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100000;
  const std::uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1000000;
  const auto start = std::chrono::steady_clock::now();
  qmpshot::test::RoundTrip round_trip;
  for (std::uint64_t i = 0; i < cases; ++i) {
    const std::string finding = round_trip.check(first + i);
    if (!finding.empty()) {
      std::printf("%s\n", finding.c_str());
      return 1;
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%llu frames from seed %llu, on", static_cast<unsigned long long>(cases),
              static_cast<unsigned long long>(first));
  for (const auto target : cpu_targets()) std::printf(" %s", std::string(name(target)).c_str());
  std::printf(": no finding, %.0f s\ndigest %08x\n", took.count(),
              static_cast<unsigned>(round_trip.digest()));
}
