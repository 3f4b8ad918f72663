// SPDX-License-Identifier: MIT
#include "encode/kernels.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <string>

// glibc looked at CPUID, and at what the system saves, when the process started. libgcc would look
// again, in a constructor of every program: in a VM each look takes 8 us, because the hypervisor
// answers it.
// Clang does not understand glibc's header in C++ (_Bool).
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(__clang__) && \
    (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
#include <sys/platform/x86.h>
#define QMPSHOT_CPU_HAS(glibc_name, gcc_name) (CPU_FEATURE_ACTIVE(glibc_name) != 0)
#else
#define QMPSHOT_CPU_HAS(glibc_name, gcc_name) (__builtin_cpu_supports(gcc_name) != 0)
#endif

namespace qmpshot::encode {
namespace {

struct Targets {
  std::array<CpuTarget, 6> list = {CpuTarget::scalar};
  std::size_t count = 1;
  void add(bool runs, CpuTarget target) noexcept {
    if (runs) list[count++] = target;
  }
};

Targets detect() noexcept {
  Targets found;
#if defined(__x86_64__)
  // What Highway's set_macros-inl.h compiles each target with, less what
  // cmake/QmpshotDependencies.cmake disables.
  const bool ssse3 = QMPSHOT_CPU_HAS(SSSE3, "ssse3");
  const bool sse4 = ssse3 && QMPSHOT_CPU_HAS(SSE4_1, "sse4.1") && QMPSHOT_CPU_HAS(SSE4_2, "sse4.2");
  const bool avx2 = sse4 && QMPSHOT_CPU_HAS(AVX2, "avx2") && QMPSHOT_CPU_HAS(BMI1, "bmi") &&
                    QMPSHOT_CPU_HAS(BMI2, "bmi2") && QMPSHOT_CPU_HAS(FMA, "fma");
  const bool avx3 = avx2 && QMPSHOT_CPU_HAS(AVX512F, "avx512f") &&
                    QMPSHOT_CPU_HAS(AVX512VL, "avx512vl") &&
                    QMPSHOT_CPU_HAS(AVX512DQ, "avx512dq") && QMPSHOT_CPU_HAS(AVX512BW, "avx512bw");
  found.add(ssse3, CpuTarget::ssse3);
  found.add(sse4, CpuTarget::sse4);
  found.add(avx2, CpuTarget::avx2);
  found.add(avx3, CpuTarget::avx3);
#elif defined(__aarch64__)
  found.add(true, CpuTarget::neon);  // Advanced SIMD is part of every AArch64 Linux ABI
#endif
  return found;
}

const Targets& targets() noexcept {
  static const Targets found = detect();
  return found;
}

// nullptr where QMPSHOT_CPU is unset or empty: nothing was asked for.
const char* wanted() noexcept {
  const char* value = std::getenv("QMPSHOT_CPU");
  return value != nullptr && *value != '\0' ? value : nullptr;
}

const CpuTarget* find(std::string_view target_name) noexcept {
  for (const CpuTarget& target : cpu_targets()) {
    if (name(target) == target_name) return &target;
  }
  return nullptr;
}

constexpr int not_chosen = -1;
std::atomic<int> chosen = not_chosen;

}  // namespace

std::string_view name(CpuTarget target) noexcept {
  switch (target) {
    case CpuTarget::scalar: return "scalar";
    case CpuTarget::ssse3: return "ssse3";
    case CpuTarget::sse4: return "sse4";
    case CpuTarget::avx2: return "avx2";
    case CpuTarget::avx3: return "avx3";
    case CpuTarget::neon: return "neon";
  }
  return "unknown";
}

std::span<const CpuTarget> cpu_targets() noexcept {
  return std::span(targets().list).first(targets().count);
}

CpuTarget cpu_target() noexcept {
  int target = chosen.load(std::memory_order_relaxed);
  if (target == not_chosen) {
    const char* asked = wanted();
    const CpuTarget* forced = asked != nullptr ? find(asked) : nullptr;
    target = static_cast<int>(forced != nullptr ? *forced : cpu_targets().back());
    chosen.store(target, std::memory_order_relaxed);
  }
  return static_cast<CpuTarget>(target);
}

Result<void> check_cpu_target() {
  const char* asked = wanted();
  if (asked == nullptr || find(asked) != nullptr) return {};
  std::string names;
  for (const CpuTarget target : cpu_targets()) {
    names.append(names.empty() ? "" : ", ").append(name(target));
  }
  return Error(Errc::bad_argument, "using the CPU target QMPSHOT_CPU=" + std::string(asked) +
                                       ": not one of those this CPU runs: " + names);
}

Result<void> use_cpu_target(CpuTarget target) {
  if (std::ranges::find(cpu_targets(), target) == cpu_targets().end()) {
    return Error(Errc::bad_argument, "using the CPU target " + std::string(name(target)) +
                                         ": this CPU does not run it");
  }
  chosen.store(static_cast<int>(target), std::memory_order_relaxed);
  return {};
}

}  // namespace qmpshot::encode
