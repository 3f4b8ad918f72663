// SPDX-License-Identifier: MIT
// How long tests wait.
#pragma once

#include "qmp/deadline.h"

#include <chrono>

namespace qmpshot::test {

// Long enough for a noisy machine: only a test that fails waits for it.
inline qmp::Deadline patient() {
  return qmp::Deadline::after(std::chrono::seconds(60));
}

// For waits that must end by themselves.
inline qmp::Deadline brief() {
  return qmp::Deadline::after(std::chrono::milliseconds(100));
}

}  // namespace qmpshot::test
