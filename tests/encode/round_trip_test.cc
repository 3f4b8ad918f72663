// SPDX-License-Identifier: MIT
// The short form of the gate; tests/fuzz/round_trip_fuzz.cc is the long one.
#include "tests/support/round_trip.h"

#include "encode/kernels.h"

#include <gtest/gtest.h>

namespace qmpshot::test {
namespace {

TEST(RoundTrip, EveryLosslessEncoderGivesThePixelsBackOnEveryTarget) {
  const encode::CpuTarget before = encode::cpu_target();
  RoundTrip round_trip;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) ASSERT_EQ(round_trip.check(seed), "");
  encode::use_cpu_target(before).value();
}

// Large ones, which the maker seldom makes: of grey, true colour and a palette, in several strips.
TEST(RoundTrip, SeveralThreadsGiveThePixelsBackOnEveryTarget) {
  const encode::CpuTarget before = encode::cpu_target();
  RoundTrip round_trip;
  FrameMaker maker;
  for (const std::uint64_t seed : {61795U, 83298U, 108221U, 166269U}) {
    const ImageView view = maker.make(seed);
    ASSERT_GT(view.width_px * view.height_px, 500000U);
    ASSERT_EQ(round_trip.check(seed), "");
  }
  encode::use_cpu_target(before).value();
}

}  // namespace
}  // namespace qmpshot::test
