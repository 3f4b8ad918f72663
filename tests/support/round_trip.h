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

 private:
  FrameMaker maker_;
};

}  // namespace qmpshot::test
