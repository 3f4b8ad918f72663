// SPDX-License-Identifier: MIT
// Which of a kernel's versions runs: the best this CPU has, or the one that QMPSHOT_CPU names.
//
// A family of kernels is a struct of function pointers, one constant of it per target, in a file
// encode/kernels_<family>.cc that encode/kernels_targets.h compiles once per target. The scalar
// version is the specification; all others equal it bit for bit.
#pragma once

#include <qmpshot/error.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace qmpshot::encode {

// Highway's targets of the same names, and plain C++.
enum class CpuTarget : std::uint8_t { scalar, ssse3, sse4, avx2, avx3, neon };

// What QMPSHOT_CPU takes, such as "avx2".
std::string_view name(CpuTarget target) noexcept;

// The targets that this build holds and this CPU runs: scalar first, the best last.
std::span<const CpuTarget> cpu_targets() noexcept;

// The target in use. At first the one QMPSHOT_CPU names, or where it is unset, or names none of
// cpu_targets(), the best. Read once, on the first call.
CpuTarget cpu_target() noexcept;

// Whether QMPSHOT_CPU could be obeyed. `encode` asks this, so that a mistyped name is not ignored.
//   errors  bad_argument: it names no target of cpu_targets(); the message lists them
Result<void> check_cpu_target();

// Changes the target in use, for the whole process. For tests and benchmarks.
//   errors  bad_argument: not one of cpu_targets()
Result<void> use_cpu_target(CpuTarget target);

}  // namespace qmpshot::encode
