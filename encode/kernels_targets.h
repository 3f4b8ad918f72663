// SPDX-License-Identifier: MIT
// Compiles the including encode/kernels_<family>.cc once per target. Such a file reads:
//
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "encode/kernels_<family>.cc"
//   #include "encode/kernels_targets.h"  // before what uses HWY_NAMESPACE
//   #include <hwy/highway.h>             // must stand in the file itself
//
//   #if QMPSHOT_VECTOR_TARGET
//   HWY_BEFORE_NAMESPACE();
//   namespace qmpshot::encode::HWY_NAMESPACE {
//   ... vector versions; constexpr Family family = {...};
//   }
//   HWY_AFTER_NAMESPACE();
//   #endif
//
//   #if HWY_ONCE
//   ... the scalar specification; constexpr Family scalar_family = {...};
//   const Family& family_kernels(CpuTarget target) noexcept {
//     QMPSHOT_PICK(target, family, scalar_family)
//   }
//   #endif
//
// Not in the vector part: lambdas and the standard library's templates, which would not be built
// for the target.
#pragma once

// SVE adds nothing to kernels of 16 bytes on today's servers and cannot be tested here.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

// Highway's own fallback is compiled last and left empty: our scalar code is the specification.
#define QMPSHOT_VECTOR_TARGET (HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128)

#include <hwy/foreach_target.h>

#if defined(__x86_64__)
#define QMPSHOT_PICK(target, table, scalar_table) \
  switch (target) {                               \
    case CpuTarget::ssse3: return N_SSSE3::table; \
    case CpuTarget::sse4: return N_SSE4::table;   \
    case CpuTarget::avx2: return N_AVX2::table;   \
    case CpuTarget::avx3: return N_AVX3::table;   \
    default: return scalar_table;                 \
  }
#elif defined(__aarch64__)
#define QMPSHOT_PICK(target, table, scalar_table) \
  return (target) == CpuTarget::neon ? N_NEON::table : scalar_table;
#else
#define QMPSHOT_PICK(target, table, scalar_table) \
  static_cast<void>(target);                      \
  return scalar_table;
#endif
