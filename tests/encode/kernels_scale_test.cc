// SPDX-License-Identifier: MIT
#include "encode/kernels_scale.h"

#include "tests/support/guarded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace qmpshot::encode {
namespace {

std::int16_t bent(int v) {
  return static_cast<std::int16_t>((v * v + v) / 2);
}

// Deterministic samples from `lowest` to `highest`.
void fill_samples(std::span<std::uint8_t> out, std::uint32_t seed, int lowest, int highest) {
  test::fill(out, seed);
  for (std::size_t i = 0; i + 1 < out.size(); i += 2) {
    const auto value =
        static_cast<std::int16_t>(lowest + (out[i] << 8 | out[i + 1]) % (highest - lowest + 1));
    std::memcpy(&out[i], &value, 2);
  }
}

TEST(ScaleKernels, WeighRowsEqualsTheScalarOne) {
  const test::GuardedMemory in(258 + 64);
  const test::GuardedMemory out(2 * 258 + 64);
  std::vector<std::int16_t> expected(258);
  const std::int16_t weights[] = {9000, -2000, 12384, -3000};
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    const auto bytes = test::place(in, offset, length);
    test::fill(bytes, static_cast<std::uint32_t>(length * 65 + offset));
    const std::size_t even = offset - offset % 2;  // samples are 16-bit words of their own
    const auto samples = test::place(out, even, 2 * length);
    // The same row four times would hide an order: start three of them elsewhere.
    std::vector<std::uint8_t> other(bytes.begin(), bytes.end());
    std::reverse(other.begin(), other.end());
    const std::uint8_t* rows[] = {bytes.data(), other.data(), other.data(), bytes.data()};
    auto* to = reinterpret_cast<std::int16_t*>(samples.data());
    for (const std::size_t count : {2U, 4U}) {
      scale_kernels(CpuTarget::scalar).weigh_rows(rows, weights, count, expected.data(), length);
      scale_kernels(target).weigh_rows(rows, weights, count, to, length);
      ASSERT_EQ(std::memcmp(to, expected.data(), samples.size()), 0)
          << name(target) << ", " << length << " samples, offset " << offset;
    }
  });
}

TEST(ScaleKernels, WeighPixelsEqualsTheScalarOneAndStaysInItsPadding) {
  const std::int16_t weights[] = {9000, -2000, 12384, -3000};
  for (const CpuTarget target : cpu_targets()) {
    for (const std::size_t channels : {3U, 4U}) {
      for (std::uint32_t pixels = 1; pixels <= 257; ++pixels) {
        const std::size_t samples = pixels * channels + scale_row_padding;
        const test::GuardedMemory in(2 * samples);
        const test::GuardedMemory out(2 * samples);
        const auto row = in.end(2 * samples);
        fill_samples(row, pixels, -32768, 32767);
        std::vector<ScaleTaps> taps(pixels);
        for (std::uint32_t p = 0; p < pixels; ++p) {
          const std::uint32_t count = 2 + 2 * (p % 2);
          taps[p] = {std::min(p, pixels + 1 - std::min(count, pixels + 1)), count, weights};
        }
        std::vector<std::int16_t> expected(samples);
        const auto* from = reinterpret_cast<const std::int16_t*>(row.data());
        auto* to = reinterpret_cast<std::int16_t*>(out.end(2 * samples).data());
        scale_kernels(CpuTarget::scalar)
            .weigh_pixels(from, taps.data(), pixels, channels, expected.data());
        scale_kernels(target).weigh_pixels(from, taps.data(), pixels, channels, to);
        ASSERT_TRUE(std::equal(to, to + pixels * channels, expected.begin()))
            << name(target) << ", " << pixels << " pixels of " << channels;
      }
    }
  }
}

TEST(ScaleKernels, UnbendEqualsTheScalarOne) {
  const test::GuardedMemory in(2 * 258 + 64);
  const test::GuardedMemory out(258 + 64);
  std::vector<std::uint8_t> expected(258);
  test::for_each_kernel_case([&](CpuTarget target, std::size_t length, std::size_t offset) {
    const std::size_t even = offset - offset % 2;
    const auto samples = test::place(in, even, 2 * length);
    fill_samples(samples, static_cast<std::uint32_t>(length * 65 + offset), -40, 33000);
    const auto bytes = test::place(out, offset, length);
    const auto* from = reinterpret_cast<const std::int16_t*>(samples.data());
    scale_kernels(CpuTarget::scalar).unbend(from, expected.data(), length);
    scale_kernels(target).unbend(from, bytes.data(), length);
    ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), expected.begin()))
        << name(target) << ", " << length << " samples, offset " << offset;
  });
}

TEST(ScaleKernels, UnbendUndoesTheBendAndRoundsToNearest) {
  std::vector<std::int16_t> all(65536);
  for (int t = -32768; t <= 32767; ++t)
    all[static_cast<std::size_t>(t + 32768)] = static_cast<std::int16_t>(t);
  std::vector<std::uint8_t> out(all.size());
  for (const CpuTarget target : cpu_targets()) {
    scale_kernels(target).unbend(all.data(), out.data(), all.size());
    int v = 0;
    for (int t = -32768; t <= 32767; ++t) {
      while (v < 255 && bent(v + 1) - t <= t - bent(v)) ++v;
      ASSERT_EQ(out[static_cast<std::size_t>(t + 32768)], v) << name(target) << ", " << t;
    }
  }
}

}  // namespace
}  // namespace qmpshot::encode
