// SPDX-License-Identifier: MIT
// The gate: frames through every lossless encoder on every CPU target, one of them on one
// thread and the others on several, and back by a decoder that is not ours where there is one.
#pragma once

#include "tests/support/frame_maker.h"

#include <cstdint>
#include <string>

namespace qmpshot::test {

class RoundTrip {
 public:
  // Makes the frame of `seed`, encodes and decodes it.
  //   return  empty, or what is wrong: one line that names encoder, target and frame
  std::string check(std::uint64_t seed);

  // CRC-32 of all files so far: the same on every machine.
  [[nodiscard]] std::uint32_t digest() const { return digest_; }

 private:
  FrameMaker maker_;
  std::uint32_t digest_ = 0;
};

}  // namespace qmpshot::test
