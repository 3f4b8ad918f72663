// SPDX-License-Identifier: MIT
// What every fuzzer says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

// A claim about what the parser returned; on in every build, unlike assert.
#define FUZZ_CHECK(claim)                                              \
  do {                                                                 \
    if (!(claim)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #claim); \
      std::abort();                                                    \
    }                                                                  \
  } while (false)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
