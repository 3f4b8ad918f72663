// SPDX-License-Identifier: MIT
// What the command line does with a VM: one picture, all of them, or what displays there are.
#pragma once

#include "tools/qmpshot/options.h"

namespace qmpshot::tools {

//   errors  as Camera::shoot and hand_over
Result<void> shoot_one(const Options& options);

// Every display that can be grabbed, each to a numbered file of its own, whose name is printed; or
// all as one JSON array. What had to be left out is told on stderr.
//   errors  of the first display that should have been there and is not
Result<void> shoot_all(const Options& options);

Result<void> list(const Options& options);

}  // namespace qmpshot::tools
